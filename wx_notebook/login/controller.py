"""The controller behind the form: it acts on the session of this process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.profiles import from_profile, saved_profiles
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, NotConnected, WatsonxError
from wx_notebook.guard.notices import NOTICES, collect_warnings
from wx_notebook.login.inputs import (
    FormValues,
    environment_without,
    params_again,
    params_from_detected,
    params_from_form,
    with_scope,
)
from wx_notebook.login.scopes import ScopeChoice, without_scope
from wx_notebook.login.sign_in import (
    SignedIn,
    SignInEvent,
    Step,
    continue_with,
    list_scopes,
    sign_in_steps,
)
from wx_notebook.login.sign_out import remember_profile, sign_out
from wx_notebook.login.strings import runtime_note, string
from wx_notebook.login.view import SwitchChoices
from wx_notebook.service import ProjectLocation
from wx_notebook.session import current_session, end_sessions
from wx_notebook.session import session as connected_session
from wx_notebook.session.connection import Session
from wx_notebook.session.current import (
    hold_prompts,
    make_session,
    pending_sessions,
    release_prompts,
)
from wx_notebook.settings.connection_fields import BILLING, HOST


class LoginController:
    """Acts on the session of this process for one form.

    A method that takes time is a generator of events; it raises `WatsonxError` or `Interrupted`.

    Parameters
    ----------
    profile
        The profile to keep the next sign-in in, although no box is ticked.
    space
        A space, by id or name, that prompts are billed to if no project is typed.
    prefilled_scope
        The project that the form took from the environment.
    on_model
        Called after the user has chosen a model.
    """

    def __init__(
        self,
        profile: str = "",
        space: str = "",
        *,
        prefilled_scope: str = "",
        on_model: Callable[[], None] = lambda: None,
    ) -> None:
        self._profile = profile
        self._space = space
        self._prefilled_scope = prefilled_scope
        self._on_model = on_model
        # its key is accepted; it waits for a project, or for another value of a field
        self._pending: Session | None = None
        # the profile to keep it in after that, and the fields that it was tried with
        self._pending_profile = ""
        self._pending_values = FormValues()
        # the session whose lists are open, and what stands in them
        self._listed: Session | None = None
        self._locations: dict[str, ProjectLocation] = {}
        #: the one that a request tries now; closing it ends the request
        self.tried: Session | None = None
        # shown below the status line until the next sign-in; of the guard, which no cell can show
        self._notes: list[str] = []
        self._warnings: list[str] = []

    # --- signing in ----------------------------------------------------------------------------

    def sign_in(self, secret: Secret, values: FormValues) -> Iterator[SignInEvent]:
        """Sign in with a secret that was typed, pasted, or read from a file.

        Without one, go on with the key that was accepted before something else was wrong.
        """
        pending = self._pending
        if not secret and pending is not None:
            params = params_again(pending.state.params, self._pending_values, values)
        else:
            params = params_from_form(secret, values)
        # the region and the project are what the user sees in the fields, even nothing
        environ = environment_without(HOST, BILLING)
        yield from self._collecting(self._start(params, values, environ))

    def use_detected(self, credential_id: str, values: FormValues) -> Iterator[SignInEvent]:
        """Sign in with a credential of this machine; the values of the form win over its own."""
        params, environ = params_from_detected(credential_id, values)
        is_prefilled = values.scope_text == self._prefilled_scope
        if credential_id == "sandbox" or (credential_id != "environment" and is_prefilled):
            # this project belongs to another credential, and perhaps to another account
            values = values._replace(scope_text="")
        elif credential_id == "environment" and not (values.scope_text or is_prefilled):
            # the user emptied the field
            environ = environment_without(BILLING)
        yield from self._collecting(self._start(params, values, environ))

    def _start(
        self, params: ConnectionParams, values: FormValues, environ: Mapping[str, str] | None = None
    ) -> Iterator[SignInEvent]:
        params, scope_name = with_scope(params, values.scope_text, self._space)
        session = make_session(params, environ)
        if scope_name:
            session = without_scope(session)
        steps = sign_in_steps(session, scope_name=scope_name)
        yield from self._track(session, steps, values.remember or self._profile, values)

    # --- switching -----------------------------------------------------------------------------

    def list_scopes(self) -> Iterator[SignInEvent]:
        """Offer the projects and spaces that the current session can switch to."""
        session = connected_session()
        yield from self._track(session, list_scopes(session))

    def choose(self, scope_id: str, model: str, profile: str) -> Iterator[SignInEvent]:
        """Switch to what the user chose; "" keeps what is in use.

        Raises
        ------
        NotConnected
            The user has signed out meanwhile.
        """
        if profile:
            params = from_profile(profile)
            if model:
                params = params.with_chosen_model(model)
            session = make_session(params)
            yield from self._track(session, sign_in_steps(session))
            return
        current = self._pending or current_session()
        if current is None or current.state.is_closed:
            raise NotConnected(string("stale"), hint=string("stale.hint"))
        if scope_id and scope_id not in self._locations:
            raise BadOption(string("stale"), hint=string("choose.nothing"))
        location = self._locations.get(scope_id)
        to_remember = self._pending_profile if current is self._pending else ""
        for event in self._track(current, continue_with(current, location, model), to_remember):
            if model and isinstance(event, SignedIn):
                self._on_model()
            yield event

    def switch_choices(self) -> SwitchChoices:
        """Return the models and profiles to choose from, and what is in use."""
        session = current_session() if self._pending is None else None
        if session is None:
            return SwitchChoices()
        models: list[str] = []
        profiles: list[str] = []
        with contextlib.suppress(WatsonxError):
            models = [model.model_id for model in session.models() if model.can_chat]
        with contextlib.suppress(WatsonxError):
            profiles = [profile.name for profile, _ in saved_profiles()]
        return SwitchChoices(
            tuple(models),
            session.state.default_model(dry=True),
            tuple(profiles),
            session.state.params.profile,
            session.scope.project_id or session.scope.space_id,
        )

    def cancel_choice(self) -> None:
        """Forget the key and the token of a sign-in that waits for a choice."""
        self._set_pending(None)
        self._listed, self._locations = None, {}

    @property
    def keeps_key(self) -> bool:
        """Whether an accepted key is kept for the next attempt."""
        return self._pending is not None

    def is_outdated(self) -> bool:
        """Return whether the open lists are of a session that is not in use any more.

        Then the user signed in elsewhere, or out: the choice that waited is cancelled.
        """
        waiting = self._pending or self._listed
        if waiting is None or waiting in (current_session(), *pending_sessions()):
            return False
        self.cancel_choice()
        return True

    def set_visible(self, is_visible: bool) -> None:
        """Note whether a page shows the form: only a choice that can be seen holds prompts back."""
        if self._pending is not None:
            (hold_prompts if is_visible else release_prompts)(self._pending)

    def _track(
        self,
        session: Session,
        events: Iterator[SignInEvent],
        profile: str = "",
        values: FormValues | None = None,
    ) -> Iterator[SignInEvent]:
        """Pass events on, and keep what another attempt needs; `profile` is for this one alone."""
        is_accepted = is_done = is_over = False
        self.tried = session
        try:
            for event in events:
                if isinstance(event, Step) and (event.name, event.state) == ("key", "ok"):
                    is_accepted = True
                if isinstance(event, ScopeChoice):
                    is_accepted = True
                    if session is not current_session():
                        self._set_pending(session, profile=profile, values=values)
                    self._listed = session
                    self._locations = {one.project.id: one for one in event.locations}
                if isinstance(event, SignedIn):
                    is_done = True
                    NOTICES.clear_latest()
                    self._notes = self._new_notes(event.session, profile)
                yield event
            is_over = True
        finally:
            self.tried = None
            is_waiting = is_accepted and is_over and not session.state.is_closed
            if is_done:
                self._set_pending(None, keep=current_session())
                self._listed, self._locations = None, {}
            elif is_waiting and session is not current_session():
                self._set_pending(session, profile=profile, values=values)
            elif session not in (current_session(), self._pending):
                session.close()

    def _new_notes(self, session: Session, profile: str) -> list[str]:
        """Keep the credential in a profile, if one is given; return the notes of a new session."""
        remembered = remember_profile(session, profile)
        if profile:
            self._profile = ""
        return [*session.pop_notices(), *remembered, *runtime_note(session), *self._warnings]

    def _collecting(self, events: Iterator[SignInEvent]) -> Iterator[SignInEvent]:
        """Pass events on, and keep the guard's warnings that come with them."""
        self._warnings = []
        while True:
            with collect_warnings() as lines:
                event = next(events, None)
            self._warnings += lines
            if event is None:
                return
            yield event

    def _set_pending(
        self,
        session: Session | None,
        keep: Session | None = None,
        profile: str = "",
        values: FormValues | None = None,
    ) -> None:
        """Let a session wait for a choice; close the one that waited, unless it is to be kept."""
        before, self._pending = self._pending, session
        self._pending_profile = profile
        self._pending_values = values or FormValues()
        if before is not None and before is not session:
            release_prompts(before)
            if before is not keep:
                before.close()
        if session is not None:
            hold_prompts(session)

    # --- the current session -------------------------------------------------------------------

    def sign_out(self, *, forget: bool = False) -> None:
        """Forget the key and the token; with `forget` also the profile that was in use."""
        self.cancel_choice()
        self._notes = []
        if forget:
            sign_out()
        else:
            end_sessions()

    def status_line(self) -> str:
        """Return the status line of the current session, "" if there is none."""
        session = current_session()
        return session.status_line() if session is not None else ""

    def session_lines(self) -> tuple[str, tuple[str, ...]]:
        """Return the status line and the lines below it, also of the guard; "" after a log out."""
        line = self.status_line()
        return line, (*self._notes, *NOTICES.latest_report()) if line else ()
