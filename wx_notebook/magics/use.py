"""`%watsonx use`: another profile, project, space, region or model, and defaults of options."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from wx_notebook import settings
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.profiles import from_profile, saved_profiles
from wx_notebook.display import Progress, canvas_for, show_lines
from wx_notebook.errors import BadOption, WatsonxError
from wx_notebook.hints import can_ask
from wx_notebook.login.controller import LoginController
from wx_notebook.login.output import LoginOutput
from wx_notebook.login.scopes import ScopeChoice, remember_scope
from wx_notebook.login.sign_in import Step, list_scopes
from wx_notebook.login.text import scope_rows
from wx_notebook.magics.option_line import CONFIGURABLE, check_line, value_of
from wx_notebook.magics.settings import value_text
from wx_notebook.magics.traits import update_traits
from wx_notebook.session import Session, connect, current_session
from wx_notebook.session import session as connected_session
from wx_notebook.session.current import (
    choose_default,
    is_logged_out,
    make_session,
    pending_sessions,
    verify_and_activate,
)
from wx_notebook.session.switch import switch

#: The word that takes a default back.
_DEFAULT = "default"
#: These belong to the session: the service is asked before they change.
_OF_SESSION = ("project", "space", "region", "model")


def use(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """Change profile, project, space, region or model, or the defaults of options.

    Without arguments, show what there is to choose from: in a notebook the lists of the form,
    elsewhere as text.

    Raises
    ------
    BadOption
        An option does not take the value.
    WatsonxError
        Something that was named does not exist, or does not fit together; then nothing changes.
    """
    defaults = _defaults(args)
    changes = {name: getattr(args, name) for name in _OF_SESSION if getattr(args, name)}
    if args.profile or changes:
        _switch(shell, args.profile, changes, defaults)
    elif defaults:
        show_lines(shell, _choose_defaults(shell, defaults))
    else:
        _show_lists(shell)


def prefer_session_model(shell: Any) -> None:  # noqa: ANN401
    """Let the session's model replace the one of %config, and a deployment."""
    _choose_defaults(shell, {"model": None, "deployment": None})


def _switch(
    shell: Any,  # noqa: ANN401
    profile: str,
    changes: Mapping[str, str],
    defaults: Mapping[str, Any],
) -> None:
    """Make another session the current one, then set the defaults; say what both are."""
    with Progress(canvas_for(shell), "signing in") as progress:
        if profile:
            session = make_session(_profile_params(profile, has_more=bool(changes or defaults)))
        else:
            session = _session_to_change(changes)
        session = verify_and_activate(switch(session, **changes) if changes else session)
        if "model" in changes:
            prefer_session_model(shell)
        lines = _choose_defaults(shell, defaults) if defaults else []
        progress.show_lines([session.status_line(), *session.pop_notices(), *lines])
    remember_scope(session)


def _show_lists(shell: Any) -> None:  # noqa: ANN401
    """Open the form's lists in a notebook with a user; print the lists elsewhere."""
    session = _session_to_change({})
    if hasattr(shell, "kernel") and can_ask(shell):
        controller = LoginController(on_model=lambda: prefer_session_model(shell))
        LoginOutput(shell, controller).open(switch=True)
    else:
        _print_lists(shell, session)


def _session_to_change(changes: Mapping[str, str]) -> Session:
    """Return the session that waits in a form for its project, else the current one, or a new one.

    `use` ends a log out, as `login` does.
    """
    if "project" in changes or "space" in changes:
        for pending in reversed(pending_sessions()):
            return pending
    return connect() if is_logged_out() else current_session() or connected_session()


def _print_lists(shell: Any, session: Session) -> None:  # noqa: ANN401
    """Print projects, spaces and profiles to choose from."""
    error: WatsonxError | None = None
    with Progress(canvas_for(shell), "asking for projects and spaces") as progress:
        lines = [session.status_line()]
        for event in list_scopes(session):
            if isinstance(event, ScopeChoice):
                lines += ["projects and spaces:", *scope_rows(event)]
            elif isinstance(event, Step):
                error = event.error
        if error is None:
            names = [profile.name for profile, _ in saved_profiles()]
            lines.append(f"profiles: {', '.join(names)}" if names else "no profiles yet")
            lines.append("models: %watsonx models lists them")
            lines.append(
                "Next: %watsonx use PROFILE, or --project, --space, --model, --region and a name"
            )
            progress.show_lines(lines)
    if error is not None:
        raise error


def _defaults(args: argparse.Namespace) -> dict[str, Any]:
    """Return the defaults that were typed, by the options' names; None takes one back."""
    defaults: dict[str, Any] = {}
    for name, option in CONFIGURABLE.items():
        typed = getattr(args, name)
        if typed is not None and name not in _OF_SESSION:
            texts = typed if option.metadata["repeatable"] else [typed]
            defaults[name] = None if texts == [_DEFAULT] else value_of(option, texts)
    values = {name: value for name, value in defaults.items() if value is not None}
    if (args.model or _DEFAULT) != _DEFAULT:
        values["model"] = args.model
    check_line(values)
    return defaults


def _choose_defaults(shell: Any, defaults: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    """Set these defaults and return what is in force now, a line each."""
    for name, value in defaults.items():
        choose_default(name, value, settings.USE)
    update_traits(shell)
    session = current_session()
    options = settings.effective_options(
        session.state.session_model if session is not None else None
    )
    redact = session.state.redact if session is not None else str
    lines = []
    for name, value in defaults.items():
        option = options.get(name)
        if value is not None:
            lines.append(f"{name}: {value_text(value, redact)} from now on")
        elif option is None or option.current is None:
            lines.append(f"{name}: the built-in default again")
        else:
            first = option.current
            lines.append(f"{name}: {value_text(first.value, redact)}, from the {first.source}")
    return lines


def _profile_params(name: str, *, has_more: bool) -> ConnectionParams:
    """Return what a profile says of a connection."""
    unknown: BadOption
    try:
        return from_profile(name)
    except BadOption as error:
        unknown = error
    if has_more:
        # the second word of "--project My project" is taken for a profile
        unknown = BadOption(
            unknown.message, hint=f"Put a name with blanks in quotes. {unknown.hint}"
        )
    raise unknown
