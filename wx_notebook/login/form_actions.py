"""What the buttons of one form do, wherever it stands: in a cell, or in a panel of JupyterLab.

It acts through a `LoginController` and hands each new view to a function that shows it. It knows no
widget, no IPython and no HTTP handler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import WatsonxError
from wx_notebook.login import view as reducers
from wx_notebook.login.controller import LoginController
from wx_notebook.login.messages import FormMessage, check_message, hide_secret
from wx_notebook.login.scopes import ScopeChoice
from wx_notebook.login.sign_in import SignedIn, SignInEvent, Step
from wx_notebook.login.strings import string
from wx_notebook.login.view import NO_ERROR, FormError, FormView


class FormActions:
    """Runs what a page asks for, one request at a time.

    Parameters
    ----------
    controller
        Acts for the form.
    view
        What the form shows at first.
    on_view
        Called with each new view.
    on_change
        Called when the user has signed out through this form.
    """

    def __init__(
        self,
        controller: LoginController,
        view: FormView,
        on_view: Callable[[FormView], None],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._controller = controller
        self._on_view = on_view
        self._on_change = on_change
        self.view = view
        #: the fields are shown beside the current session
        self.shows_fields = False

    def show(self, view: FormView) -> None:
        """Show a view."""
        self.view = view
        self._on_view(view)

    def idle(self, *, is_done: bool = False) -> FormView:
        """Return the view of a form in which no request runs."""
        line, notes = self._controller.session_lines()
        keeps_key = self._controller.keeps_key
        return reducers.on_idle(self.view, line, notes, is_done=is_done, keeps_key=keeps_key)

    def start(self) -> None:
        """Show that a request runs."""
        self.show(reducers.on_start(self.view))

    def refresh(self) -> bool:
        """Show the current session, which another form or a cell may have changed.

        Return whether that could be shown: not while a request runs or a list is open.
        """
        if self.view.phase != "working" and self._controller.is_outdated():
            self.view = reducers.on_sign_out(self.view)
        if self.view.phase not in ("form", "connected"):
            return False
        self.show(self.idle())
        return True

    def run(
        self,
        message: FormMessage,
        on_other: Callable[[FormMessage], None] = lambda _: None,
        on_begin: Callable[[], None] = lambda: None,
    ) -> bool:
        """Do what a message asks for, and show it; return whether the user is signed in by it.

        No exception leaves, so no frame is ever shown.

        Parameters
        ----------
        on_other
            Handles a message that none of these buttons sends.
        on_begin
            Called before anything that may take time.
        """
        form_error: FormError | None = None
        error: WatsonxError | None = None
        is_done = False
        try:
            on_begin()
            if message.is_cancelled:
                form_error = FormError(string("cancelled"), string("interrupted.click"))
            else:
                form_error, is_done = self._act(message, on_other)
        except KeyboardInterrupt:
            hint = "interrupted.key" if message.secret else "interrupted.click"
            form_error = FormError(string("interrupted"), string(hint))
        except WatsonxError as raised:
            error = hide_secret(raised, message.secret)
        except Exception as raised:  # noqa: BLE001 (it may quote the key: only its name is shown)
            name = type(raised).__name__
            form_error = FormError(string("broken", name=name), string("broken.hint"))
        # outside of the `except`, so that an error in these lines has no context to show
        if message.is_cancelled and form_error is None and not is_done:
            # while it ran: what failed by that is no error
            error, self.view = None, replace(self.view, steps={})
            form_error = FormError(string("interrupted"), string("interrupted.click"))
        if error is not None:
            self.view = reducers.on_error(self.view, error)
        if form_error is not None:
            self.view = reducers.on_invalid(self.view, form_error)
        return is_done

    def _act(
        self, message: FormMessage, on_other: Callable[[FormMessage], None]
    ) -> tuple[FormError | None, bool]:
        """Return what is wrong, and whether the user is signed in."""
        action = message.action
        if action in ("connect", "use"):
            return self._sign_in(message)
        if action == "choose":
            self.start()
            chosen = (message.text(name) for name in ("scope_id", "model", "profile"))
            return None, self._show_events(self._controller.choose(*chosen))
        if action == "change":
            self.start()
            return None, self._show_events(self._controller.list_scopes())
        if action == "back":
            self._controller.cancel_choice()
            self.view = replace(self.view, scopes=(), steps={}, error=NO_ERROR)
            self.shows_fields = message.flag("stay")
            # before the lists there was the line
            return None, bool(self._controller.status_line()) and not self.shows_fields
        if action == "sign_out":
            self._sign_out(forget=message.flag("forget"))
        else:
            on_other(message)
        return None, False

    def _sign_in(self, message: FormMessage) -> tuple[FormError | None, bool]:
        values = message.values()
        form_error = check_message(message, values, keeps_key=self._controller.keeps_key)
        if form_error is not None:
            # the values may contain a key, so the view keeps its own
            self.view = reducers.on_idle(reducers.on_start(self.view), "")
            return form_error, False
        self.show(reducers.on_start(replace(self.view, scopes=()), values))
        if message.action == "use":
            events = self._controller.use_detected(message.text("credential"), values)
            return None, self._show_events(events)
        secret = message.secret or Secret("")
        return None, self._show_events(self._controller.sign_in(secret, values), secret)

    def _sign_out(self, *, forget: bool) -> None:
        try:
            self._controller.sign_out(forget=forget)
        finally:
            # the session can be gone although its profile could not be forgotten
            self.view = reducers.on_sign_out(self.view)
            self.shows_fields = False
            self._on_change()

    def _show_events(self, events: Iterator[SignInEvent], secret: Secret | None = None) -> bool:
        """Show events as they happen; return whether the user is signed in at the end."""
        is_done = False
        for event in events:
            if isinstance(event, Step):
                error = hide_secret(event.error, secret) if event.error is not None else None
                self.show(reducers.on_step(self.view, replace(event, error=error)))
            elif isinstance(event, ScopeChoice):
                choices = self._controller.switch_choices()
                self.show(reducers.on_choices(self.view, event, choices))
            elif isinstance(event, SignedIn):
                is_done = True
                self.shows_fields = False
                # the box was ticked for this sign-in, and not for the next one
                values = self.view.values._replace(remember="")
                self.view = replace(self.view, values=values)
        return is_done
