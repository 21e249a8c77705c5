"""The current session of this process, and what keeps prompts from being sent.

This module is imported with the package, so it imports nothing heavy at its top.
"""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from wx_notebook import settings
from wx_notebook.credentials.connection_params import (
    SANDBOX_VARIABLE,
    SERVER_SOURCE,
    ConnectionParams,
)
from wx_notebook.credentials.holders import CREDENTIAL_HOLDERS
from wx_notebook.credentials.secret import OpaqueMapping
from wx_notebook.errors import NotConnected, WatsonxError, strip_frames
from wx_notebook.hints import login_hint
from wx_notebook.options import excluded_by
from wx_notebook.session.events import SessionChanged, emit
from wx_notebook.session.process import environment, mark_of_environment

if TYPE_CHECKING:
    from wx_notebook.session.connection import Session

#: The word for the model that a session has if the user chooses none.
DEFAULT = "default"
STOPPED = "Stopped before there was a connection."


class _CurrentSession:
    """Holds the session of this process, and what keeps a prompt from being sent."""

    session: Session | None = None
    is_logged_out = False
    #: why the Jupyter server's sign-in, which this process used, has ended; until another sign-in
    ended: NotConnected | None = None
    #: how often the user has logged out, for what began before the last time
    log_outs = 0

    def __init__(self) -> None:
        #: their keys are accepted in a form, where the user has yet to choose a project
        self.pending: tuple[Session, ...] = ()
        #: forms that the user has begun to fill in
        self.forms: tuple[object, ...] = ()
        #: the model that `use --model` chose, "" for none
        self.model = ""
        #: the mark of the environment in which a session was found that nobody named
        self.found_in: int | None = None


_CURRENT = _CurrentSession()


def sign_in(params: ConnectionParams, environ: Mapping[str, str] | None = None) -> Session:
    """Connect as `connect` does, and verify by unpaid calls before the new session is in force.

    When it cannot be verified, the old session stays.

    Parameters
    ----------
    params
        What a person gave, for instance in the form.
    environ
        The environment to take the rest from, instead of the process's own.

    Raises
    ------
    WatsonxError
        What is missing or does not fit together.
    """
    return verify_and_activate(make_session(params, environ))


def make_session(params: ConnectionParams, environ: Mapping[str, str] | None = None) -> Session:
    """Return a session that is not in force yet; sends nothing.

    What is not given is looked for in the environment and in the other sources of `connect`.
    """

    def make() -> Session:
        from wx_notebook.session.connection import find_session

        return find_session(params, environment() if environ is None else OpaqueMapping(environ))

    return strip_frames(make, STOPPED)


def verify_and_activate(session: Session) -> Session:
    """Verify a session and make it the current one; if it cannot be verified, nothing changes."""
    try:
        session.verify()
        # the line that says "connected" names the model, too
        session.state.default_model()
        activate(session)
    finally:
        if current_session() is not session:
            session.close()
    return session


def activate(session: Session) -> Session:
    """Make a session the current one, and return it; this ends a log out, and a choice.

    Raises
    ------
    NotConnected
        The session was closed: the user has logged out while it was being verified.
    """
    if session.state.is_closed:
        raise _logged_out()
    params = session.state.params
    if params.model_is_chosen:
        _CURRENT.model = params.model
    elif _CURRENT.model and not (params.profile and params.model):
        # as every default of `use`, it outlives a sign-in; the model of a profile comes before it
        chosen = params.with_chosen_model(_CURRENT.model)
        session.state = session.state.with_params(
            model=chosen.model, model_is_chosen=True, own_model=chosen.own_model
        )
    _CURRENT.session, _CURRENT.pending, _CURRENT.is_logged_out = session, (), False
    _CURRENT.ended = _CURRENT.found_in = None
    _CURRENT.forms = ()
    emit(SessionChanged())
    return session


def session() -> Session:
    """Return the current session; where there is none, connect with what is found.

    Raises
    ------
    NotConnected
        Nothing was found, the user has logged out, or has to choose a project in a form.
    """
    if _CURRENT.pending:
        raise NotConnected(
            "A form has accepted a key, but no project is chosen there yet. Nothing was sent.",
            hint="Next: choose a project in the form above first, or cancel it there.",
        )
    ended = ended_sign_in()
    if _CURRENT.session is not None and not _is_outdated(_CURRENT.session):
        return _CURRENT.session
    if _CURRENT.forms:
        raise NotConnected(
            "A login form is filled in but not sent, so nobody knows who pays. Nothing was sent.",
            hint="Next: press Connect in the form above, or empty its fields.",
        )
    log_outs, found_in = _CURRENT.log_outs, mark_of_environment()
    if _CURRENT.is_logged_out:
        raise _logged_out()
    connected = make_session(ConnectionParams("arguments")) if ended is None else _rejoin(ended)
    if _CURRENT.log_outs != log_outs:
        connected.close()
        raise _logged_out()
    # the user did not name it: the first answer says where it comes from
    connected.state.notices.must_announce = True
    activate(connected)
    _CURRENT.found_in = found_in
    return connected


def _is_outdated(session: Session) -> bool:
    """Return whether to look for a session again: what was found did not work and was changed.

    Nobody named it, no answer has come by it or its key was refused, and the environment is another
    one: the user has set what the error asked for.
    """
    state = session.state
    is_unproven = state.notices.must_announce or state.token_source.was_refused
    return is_unproven and _CURRENT.found_in not in (None, mark_of_environment())


def ended_sign_in() -> NotConnected | None:
    """Return why the Jupyter server's sign-in, which this process used, is over; else None.

    Its session is closed then. Prompts go on with the server's next sign-in, and with nothing else:
    another credential of this machine may belong to another account.
    """
    session = _CURRENT.session
    authenticator = session.state.authenticator if session is not None else None
    if session is None or authenticator is None:
        return _CURRENT.ended
    try:
        authenticator.check()
    except NotConnected as error:
        ended = copy.copy(error)
    else:
        return None

    def refuse() -> NoReturn:
        raise copy.copy(ended)

    session.pipeline.close(refuse)
    _CURRENT.session, _CURRENT.ended = None, ended
    emit(SessionChanged())
    return ended


def _rejoin(ended: NotConnected) -> Session:
    """Return a session of the server's next sign-in; without one, raise why the last has ended."""
    joined: Session | None = None
    with contextlib.suppress(WatsonxError):
        joined = make_session(ConnectionParams("arguments"))
    if joined is not None and joined.source == SERVER_SOURCE:
        return joined
    if joined is not None:
        joined.close()
    raise copy.copy(ended)


def current_session() -> Session | None:
    """Return the current session, None where there is none. Connects nothing."""
    return _CURRENT.session


def pending_sessions() -> tuple[Session, ...]:
    """Return the sessions that wait in a form for the choice of a project, the newest last."""
    return _CURRENT.pending


def hold_prompts(session: Session) -> None:
    """Send no prompt before the user has chosen a project for this session, or signed in anew."""
    release_prompts(session)
    _CURRENT.pending = (*_CURRENT.pending, session)


def release_prompts(session: Session) -> None:
    """Wait for the choice of this session no more."""
    _CURRENT.pending = tuple(one for one in _CURRENT.pending if one is not session)


def note_form(form: object, *, is_begun: bool) -> None:
    """Send no prompt while the user fills in a form and nobody is signed in."""
    others = tuple(one for one in _CURRENT.forms if one is not form)
    _CURRENT.forms = (*others, form) if is_begun else others


def refuse_after_log_out() -> None:
    """Refuse what would ask the service by itself after a log out.

    Raises
    ------
    NotConnected
        The user has logged out, and has not signed in since.
    """
    if _CURRENT.is_logged_out:
        raise _logged_out()


def is_logged_out() -> bool:
    """Return whether the user has logged out, and has not signed in since."""
    return _CURRENT.is_logged_out


def end_sessions() -> None:
    """Close every session of this process, and send nothing until the user signs in again.

    Whatever is under way ends: an answer that arrives is cut, a prompt that waits for its token or
    for its next attempt is not sent. `login`, `use` and `connect` end the log out.
    """
    _CURRENT.log_outs += 1
    _CURRENT.session, _CURRENT.pending, _CURRENT.is_logged_out = None, (), True
    _CURRENT.ended = None
    CREDENTIAL_HOLDERS.close_all(_refuse_as_logged_out)
    emit(SessionChanged())


def disconnect() -> None:
    """Close and forget the current session; the next prompt connects as in a new kernel."""
    if _CURRENT.session is not None:
        _CURRENT.session.close()
    _CURRENT.session, _CURRENT.pending, _CURRENT.is_logged_out = None, (), False
    _CURRENT.ended = None
    _CURRENT.forms, _CURRENT.model = (), ""
    emit(SessionChanged())


def _logged_out() -> NotConnected:
    """Return the error of a prompt after a log out."""
    after, otherwise = ", or call wx.connect()", "call wx.connect()"
    if Path(environment().get(SANDBOX_VARIABLE) or os.devnull).is_file():
        # of `wx-notebook demo`, while it runs
        after, otherwise = " and click “Use the sandbox”", "call wx.connect() to use the sandbox"
    return NotConnected(
        "You have logged out in this kernel. Nothing was sent.",
        hint=login_hint(after=after, otherwise=otherwise),
    )


def _refuse_as_logged_out() -> NoReturn:
    """Raise the error of a session that a log out has closed."""
    if _CURRENT.is_logged_out:
        raise _logged_out()
    raise NotConnected(
        "not connected: a log out has closed this session.",
        hint="Next: use wx.session(), the session of your last sign-in.",
    )


def params_with_model(params: ConnectionParams, model: str) -> ConnectionParams:
    """Return the parameters with a model or an alias; "default" is the model of the profile."""
    if not model:
        return params
    if model != DEFAULT:
        return params.with_chosen_model(settings.model_alias(model))
    _CURRENT.model = ""
    own = params.own_model if params.model_is_chosen else params.model
    if params.profile:
        with contextlib.suppress(WatsonxError):
            own = settings.profile(params.profile).model
    return replace(params, model=own, model_is_chosen=False, own_model="")


def choose_default(name: str, value: object, by: str) -> None:
    """Make a value the default of an option; it replaces a model that `use` chose, if it must."""
    settings.set_runtime_default(name, value, by)
    session = current_session()
    if value is None or not (name == "model" or excluded_by("model", [name])):
        return
    _CURRENT.model = ""
    if session is not None and session.state.params.model_is_chosen:
        params = params_with_model(session.state.params, DEFAULT)
        session.state = session.state.with_params(
            model=params.model, model_is_chosen=params.model_is_chosen
        )
        emit(SessionChanged())
