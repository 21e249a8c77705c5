"""Profiles that a sign-in makes and a sign-out forgets, for the form and for the commands."""

from __future__ import annotations

from wx_notebook import hints
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.profiles import forget_profile, remember_credentials
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.errors import WatsonxError
from wx_notebook.session import current_session, end_sessions
from wx_notebook.session.connection import Session
from wx_notebook.session.current import is_logged_out
from wx_notebook.session.events import SessionChanged, emit
from wx_notebook.session.process import environment


def remember_profile(session: Session, name: str) -> list[str]:
    """Keep the credential of a session as a profile; return the line that says so, or why not.

    The user stays signed in either way. Without a name nothing is kept.
    """
    if not name:
        return []
    try:
        line = remember_credentials(name, session.state.params)
    except WatsonxError as error:
        return [error.message.replace("\n", " ")]
    session.state = session.state.with_params(profile=name)
    emit(SessionChanged())
    return [line]


def sign_out(profile: str = "") -> list[str]:
    """Forget credential and token, and a profile; return lines that say so.

    Parameters
    ----------
    profile
        The profile to forget; "" for the one that is in use. While another one is in use, the
        session stays.

    Raises
    ------
    BadOption
        There is no such profile, or it cannot be removed from where it is kept.
    """
    session = current_session()
    used = session.state.params.profile if session is not None else ""
    if session is not None and profile and profile != used:
        lines = [f"still connected, with the {session.source}"]
    else:
        lines = ["logged out: key and token are forgotten"]
        end_sessions()
    if profile or used:
        lines.append(forget_profile(profile or used))
    if is_logged_out():
        lines.append(signed_out_line())
    return lines


def signed_out_line() -> str:
    """Return how long a log out holds, and what signing in again would find."""
    source = next_source()
    found = f", which finds the {source}" if source else ""
    ways = "%watsonx login, or wx.connect()" if hints.can_ask() else "wx.connect()"
    return f"nothing is sent until you sign in again: {ways}{found}"


def next_source() -> str:
    """Return the source that the next prompt would connect with, "" if there is none.

    The keyring is not read: of a default profile only the name is known.
    """
    try:
        return find_credentials(
            ConnectionParams("arguments"), environment(), only_names=True
        ).source
    except WatsonxError:
        return ""
