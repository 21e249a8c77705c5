"""`%watsonx login`: sign in with the form, with questions, or with a credential that is found."""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import dataclass, replace
from typing import Any

from wx_notebook.credentials import keyring_store
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.environment import from_environment
from wx_notebook.credentials.hosts import endpoints_of
from wx_notebook.credentials.parsing.files import from_file
from wx_notebook.credentials.parsing.pasted import is_uuid
from wx_notebook.display import Progress, canvas_for, show_lines
from wx_notebook.errors import Interrupted, NotConnected, WatsonxError
from wx_notebook.hints import can_ask
from wx_notebook.login.controller import LoginController
from wx_notebook.login.inputs import FormValues
from wx_notebook.login.output import LoginOutput
from wx_notebook.login.sign_out import next_source, remember_profile
from wx_notebook.login.text import ask_credential, ask_profile, sign_in_by_text
from wx_notebook.magics.use import prefer_session_model
from wx_notebook.session import Session
from wx_notebook.session.process import environment
from wx_notebook.session.switch import sign_in_to
from wx_notebook.settings import validate_profile_name
from wx_notebook.transport import is_loopback, is_offline

_DEFAULT_PROFILE = "default"


@dataclass(frozen=True, slots=True)
class _Target:
    """The profile to keep the credential in ("" for none), and what the line says of the scope."""

    profile: str
    region: str
    project: str
    space: str


def log_in(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """Show the form, or ask by questions with `--text`; without a user, use what is found.

    `--remember [NAME]` saves the credential as a profile. `--env FILE` and `--file FILE` read a
    file: a `.env` or an `apikey.json`, whichever it is. `--region`, `--project` and `--space` add
    what the credential does not say.

    Raises
    ------
    NotConnected
        There is no user to ask, and no credential was found.
    WatsonxError
        The credential, or an answer, is wrong or does not fit together with the rest.
    """
    target = _target(args)
    if is_offline():
        # a recording needs no credential: nobody is asked for one
        _connect(shell, ConnectionParams("arguments"), replace(target, profile=""))
    elif args.env or args.file:
        _connect(shell, from_file(args.env or args.file), target)
    elif not can_ask(shell):
        _connect_without_user(shell, target)
    elif args.text:
        _ask_by_text(shell, target)
    elif hasattr(shell, "kernel"):
        _show_form(shell, target)
    elif next_source():
        _connect_without_user(shell, target)
    else:
        _ask_by_text(shell, target)


def _target(args: argparse.Namespace) -> _Target:
    profile = ""
    if args.remember is not None:
        profile = args.remember or _DEFAULT_PROFILE
        # check the name before the user types a key
        validate_profile_name(profile)
    return _Target(profile, args.region or "", args.project or "", args.space or "")


def _connect(shell: Any, params: ConnectionParams, target: _Target) -> None:  # noqa: ANN401
    """Sign in with a credential, and show the status line."""
    with Progress(canvas_for(shell), "signing in") as progress:
        session = sign_in_to(
            params, region=target.region, project=target.project, space=target.space
        )
        progress.show_lines(_lines(session, target.profile))


def _connect_without_user(shell: Any, target: _Target) -> None:  # noqa: ANN401
    """Sign in with the credential that is found."""
    missing: WatsonxError | None = None
    try:
        _connect(shell, ConnectionParams("arguments"), target)
    except NotConnected as error:
        missing = error
    if missing is not None:
        first, *more = missing.message.split("\n")
        message = "\n".join([f"{first} Nobody can fill in a form here.", *more])
        raise NotConnected(message, hint=missing.hint)


def _show_form(shell: Any, target: _Target) -> None:  # noqa: ANN401
    """Show the form, with the fields that the line and the environment fill in."""
    params = from_environment(environment())
    prefilled = "" if target.project or target.space else _scope_of(params)
    values = FormValues(
        region=target.region or _region_of(params),
        scope_text=target.project or prefilled,
        remember=target.profile,
    )
    # with a keyring, the box of the form decides; without one, signing in says why nothing is kept
    profile = target.profile if keyring_store.missing_keyring() else ""
    controller = LoginController(
        profile,
        target.space,
        prefilled_scope=prefilled,
        on_model=lambda: prefer_session_model(shell),
    )
    LoginOutput(shell, controller, values).open()


def _scope_of(params: ConnectionParams) -> str:
    """Return the project or space of the environment, for a field that is saved with the notebook.

    Only an ID may fill it in: anything else could be a key in the wrong place.
    """
    if params.project_id:
        return params.project_id if is_uuid(params.project_id) else ""
    return f"spaces/{params.space_id}" if is_uuid(params.space_id) else ""


def _region_of(params: ConnectionParams) -> str:
    """Return the region of the environment, for a field that is saved with the notebook.

    The URL itself could contain a password, or a key in the wrong place.
    """
    if not (params.url or params.region):
        return ""
    try:
        endpoints = endpoints_of(replace(params, mixed_sources=True))
    except WatsonxError:
        return ""
    host = endpoints.url.partition("://")[2].split(":")[0]
    return endpoints.url if is_loopback(host) else endpoints.place


def _ask_by_text(shell: Any, target: _Target) -> None:  # noqa: ANN401
    """Ask with `getpass` and `input`; neither saves the answers anywhere."""
    session: Session | None = None
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        credential = ask_credential(target.region)
        session = sign_in_by_text(credential, target.project, target.space)
    if session is None:
        raise Interrupted("Nothing was changed.", hint="Next: %watsonx login --text")
    profile = target.profile
    # the key of a profile is kept already
    if not (profile or session.state.params.profile):
        with contextlib.suppress(KeyboardInterrupt, EOFError):
            profile = ask_profile()
    show_lines(shell, _lines(session, profile))


def _lines(session: Session, profile: str) -> list[str]:
    """Return what to show after a sign-in; keep the credential in a profile, if one is given."""
    lines = [session.status_line(), *session.pop_notices()]
    return [*lines, *remember_profile(session, profile)]
