"""Signing in by text: the same steps as the form, with plain questions and printed lines.

Secrets are typed hidden, and saved nowhere.
"""

from __future__ import annotations

import getpass
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import NamedTuple, TypeVar

from wx_notebook.credentials import keyring_store
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.hosts import endpoints
from wx_notebook.credentials.parsing.pasted import extract_key
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, WatsonxError, did_you_mean, mask_keys
from wx_notebook.login.inputs import (
    FormValues,
    detect_credentials,
    params_from_detected,
    params_from_form,
    with_scope,
)
from wx_notebook.login.scopes import ScopeChoice, region_title, without_scope
from wx_notebook.login.sign_in import SignedIn, SignInEvent, continue_with, sign_in_steps
from wx_notebook.login.strings import string
from wx_notebook.login.view import StepLine, step_line
from wx_notebook.render import clean_line
from wx_notebook.service import ProjectLocation
from wx_notebook.session.connection import Session
from wx_notebook.session.current import current_session, make_session

_Result = TypeVar("_Result")
#: Rows of a list that are printed; a project beyond them is chosen by its name.
MAX_ROWS = 40
#: How often a question is asked if the answer is wrong.
_TRIES = 3
#: The answer that leads from the key to the other kinds of account.
_OTHER_KIND = "?"
#: Seconds after which a step that is still busy is printed.
_PATIENCE_S = 1.0


class TextCredential(NamedTuple):
    """A credential, and the environment that completes it: None for that of this process."""

    params: ConnectionParams
    environ: Mapping[str, str] | None = None


def ask_credential(region: str = "") -> TextCredential:
    """Ask for a key and its region, or, after the answer "?", for another kind of account.

    Raises
    ------
    WatsonxError
        The last answer was wrong, too.
    """
    if region:
        # check the region before the user types a key
        endpoints(region=region)
    print_line(f"For AWS, a self-managed cluster or an access token, answer {_OTHER_KIND}")
    params = ask_again(_ask_key)
    if params is not None:
        return TextCredential(replace(params, region=region or ask_again(_ask_region)))
    return ask_again(lambda: _ask_other_kind(region))


def sign_in_by_text(credential: TextCredential, project: str = "", space: str = "") -> Session:
    """Sign in, print each step, and let the user choose a project by its number.

    Raises
    ------
    WatsonxError
        A step failed.
    """
    params, scope_name = with_scope(credential.params, project, space)
    session = make_session(params, credential.environ)
    if scope_name:
        session = without_scope(session)
    try:
        signed_in, choice = _print_events(sign_in_steps(session, scope_name=scope_name))
        if choice is not None:
            location = ask_again(lambda: _ask_scope(choice))
            signed_in, _ = _print_events(continue_with(session, location))
    finally:
        if current_session() is not session:
            session.close()
    if signed_in is None:
        raise BadOption("The sign-in did not finish.", hint="Next: %watsonx login --text")
    return signed_in


def ask_profile() -> str:
    """Ask whether to remember the credential; return the profile's name, "" for no.

    Nothing is asked where there is no keyring.
    """
    if keyring_store.missing_keyring():
        return ""
    answer = input(f"{string('remember')}? [y/N]: ").strip().lower()
    return "default" if answer in ("y", "yes") else ""


def ask_again(question: Callable[[], _Result]) -> _Result:
    """Return the answer to a question; if it is wrong, print why and ask again."""
    for _ in range(_TRIES - 1):
        try:
            return question()
        except WatsonxError as error:
            print_line(f"{error.message} {error.hint}")
    return question()


def scope_rows(choice: ScopeChoice) -> list[str]:
    """Return the numbered lines of a list to choose from."""
    lines = []
    shown = choice.locations[:MAX_ROWS]
    width = max((len(location.project.name) for location in shown), default=0)
    for number, location in enumerate(shown, start=1):
        facts = [string(f"choose.{location.project.kind}"), region_title(location.endpoints)]
        if location.project.id in choice.last_used:
            facts.append(string("choose.last_used"))
        lines.append(f"{number:4}  {location.project.name:{width}}  {' · '.join(facts)}")
    if len(choice.locations) > len(shown):
        lines.append(f"      and {len(choice.locations) - len(shown)} more: give a name")
    if choice.unreachable:
        names = ", ".join(target.place for target in choice.unreachable)
        lines.append(string("choose.unreachable", regions=names))
    return lines


def print_line(text: str) -> None:
    """Print a line without what could steer a terminal."""
    print(clean_line(text))  # noqa: T201  # a dialog by text


# --- questions ---------------------------------------------------------------------------------


def _ask_key() -> ConnectionParams | None:
    """Return a key of IBM Cloud, None if the user has another kind of account."""
    answer = Secret(getpass.getpass("IBM Cloud API key (hidden): ").strip())
    if answer == Secret(_OTHER_KIND):
        return None
    params = params_from_form(answer, FormValues(), source="typed")
    if params.api_key is None:
        return params
    key, note = extract_key(params.api_key)
    return replace(params, api_key=key, notes=(*params.notes, note) if note else params.notes)


def _ask_region() -> str:
    text = input("Region or URL (leave empty to search all regions): ").strip()
    if text:
        endpoints(region=text)
    return text


def _ask_other_kind(region: str) -> TextCredential:
    """Ask for the kind of account, or for a credential of this machine, and then for the rest."""
    kinds = ("aws", "cluster", "token")
    detected = detect_credentials()
    rows = [*(string(f"kind.{kind}") for kind in kinds), *(one.label for one in detected)]
    index = _ask_number(string("kind"), rows)
    if index >= len(kinds):
        credential_id = detected[index - len(kinds)].id
        return TextCredential(*params_from_detected(credential_id, FormValues(region=region)))
    return TextCredential(_ask_kind(kinds[index], region))


def _ask_kind(kind: str, region: str) -> ConnectionParams:
    """Ask for what a kind of account needs."""
    values = FormValues(kind=kind, region=region)
    if kind == "cluster":
        values = values._replace(
            region=region or input(f"{string('region.cluster')}: ").strip(),
            username=input(f"{string('username')}: ").strip(),
        )
        secret_kinds = ("password", "api_key")
        rows = [string(f"secret_kind.{secret_kind}") for secret_kind in secret_kinds]
        index = _ask_number(string("secret_kind"), rows)
        values = values._replace(secret_kind=secret_kinds[index])
    secret = Secret(getpass.getpass(f"{string(f'secret.{kind}')} (hidden): ").strip())
    params = params_from_form(secret, values, source="typed")
    if kind == "cluster" or region:
        return params
    return replace(params, region=ask_again(_ask_region) or params.region)


def _ask_number(title: str, rows: list[str]) -> int:
    """Ask for the number of a row; return its index."""
    for number, row in enumerate(rows, start=1):
        print_line(f"{number:4}  {row}")
    answer = input(f"{title}, by its number [1]: ").strip() or "1"
    if not (answer.isdecimal() and 1 <= int(answer) <= len(rows)):
        raise BadOption("The list has no such number.", hint=f"Give a number, 1 to {len(rows)}.")
    return int(answer) - 1


def _ask_scope(choice: ScopeChoice) -> ProjectLocation:
    """Ask for a project or space by number or name."""
    for row in scope_rows(choice):
        print_line(row)
    answer = input("Project or space, by number or name [1]: ").strip() or "1"
    if answer.isdecimal() and 1 <= int(answer) <= len(choice.locations):
        return choice.locations[int(answer) - 1]
    wanted = answer.casefold()
    matches = [
        location
        for location in choice.locations
        if wanted in (location.project.name.casefold(), location.project.id)
    ]
    if len(matches) != 1:
        names = [location.project.name for location in choice.locations]
        raise BadOption(
            f"'{mask_keys(answer)}' matches no project in the list, or more than one."
            f"{did_you_mean(answer, names)}",
            hint="Give its number.",
        )
    return matches[0]


# --- printed steps -----------------------------------------------------------------------------


def _print_events(
    events: Iterator[SignInEvent],
) -> tuple[Session | None, ScopeChoice | None]:
    """Print each step as it ends; return the session that signed in, or the choice to make."""
    signed_in: Session | None = None
    choice: ScopeChoice | None = None
    error: WatsonxError | None = None
    busy = ""
    while True:
        with _print_if_slow(busy) if busy else nullcontext():
            event = next(events, None)
        if event is None:
            break
        if error is not None:
            # the sign-in goes on; the last error is raised instead of printed
            print_line(f"  {error.message}")
        error, busy = None, ""
        if isinstance(event, SignedIn):
            signed_in = event.session
        elif isinstance(event, ScopeChoice):
            choice = event
        elif event.state == "busy":
            busy = step_line(event).text
        else:
            _print_step(step_line(event))
            error = event.error
    if error is not None:
        if signed_in is None and choice is None:
            raise error
        print_line(f"  {error.message}")
    return signed_in, choice


def _print_step(line: StepLine) -> None:
    print_line(f"{'✕' if line.message else '✓'} {line.text}")
    if line.link:
        print_line(f"  {line.link.text}: {line.link.href}")


@contextmanager
def _print_if_slow(text: str) -> Iterator[None]:
    """Print what a step waits for, if it takes long."""
    timer = threading.Timer(_PATIENCE_S, print_line, [f"… {text}"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
