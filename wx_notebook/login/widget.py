"""The kernel's half of the login form.

The key is in no trait, because a trait is echoed to every client, saved with the widget's state,
and printed by a kernel with `--debug`. It comes as the binary buffer of one custom message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import anywidget
import traitlets

from wx_notebook.login.controller import LoginController
from wx_notebook.login.form_actions import FormActions
from wx_notebook.login.inputs import DetectedCredential, FormValues
from wx_notebook.login.main_thread import run_in_main_thread
from wx_notebook.login.messages import FormMessage, read_secret
from wx_notebook.login.page import module, styles
from wx_notebook.login.static_line import fallback_html, fallback_plain
from wx_notebook.login.strings import string
from wx_notebook.login.view import FormView, as_json
from wx_notebook.session.current import note_form

#: Seconds in which a click can be taken back by the next one, if both have waited behind a cell.
_CANCEL_S = 0.1
#: Messages about a view; they ask for nothing, so they neither wait nor end a request.
_ABOUT_VIEWS = ("ping", "line_shown", "closed", "begun")


class LoginForm(anywidget.AnyWidget):
    """A form that asks for a key and finds out the rest; the status line takes its place.

    Parameters
    ----------
    controller
        Acts for the form.
    detected
        Credentials of this machine that can be used with one click.
    values
        The values of the fields at first.
    regions
        The regions to choose from, as pairs of id and place.
    no_keyring
        Why nothing can be remembered on this machine, "" if it can.
    line_id
        The id by which the page finds the line that takes the place of this form.
    on_rest
        Called with the form when the user is signed in and nothing is open in it: it puts the line
        into the place of the widget. None leaves the widget there.
    on_change
        Called when the user has signed in or out through this form.
    """

    # one file made of several: such a module cannot import another one without a network
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    view: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    detected: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    regions: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    no_keyring = traitlets.Unicode().tag(sync=True)
    line_id = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        controller: LoginController,
        detected: Iterable[DetectedCredential] = (),
        values: FormValues | None = None,
        regions: Iterable[tuple[str, str]] = (),
        *,
        no_keyring: str = "",
        line_id: str = "",
        on_rest: Callable[[LoginForm], None] | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._controller = controller
        self._on_rest = on_rest
        self._on_change = on_change
        self._actions = FormActions(
            controller, FormView(values=values or FormValues()), self._show, on_change
        )
        # the views of the form, and whether each of them shows the line by now
        self._views: dict[str, bool] = {}
        # those in which something was typed and not sent
        self._begun: set[str] = set()
        self._is_line = False  # in each page that got the message
        self._waiting: list[FormMessage] = []  # behind a cell
        if controller.status_line():
            self._actions.view = self._actions.idle(is_done=True)
        super().__init__(
            _esm=module(),
            _css=styles(),
            view=as_json(self.seen),
            detected=[list(credential) for credential in detected],
            regions=[list(pair) for pair in regions],
            no_keyring=no_keyring,
            line_id=line_id,
        )
        self.on_msg(self._on_message)

    def _repr_mimebundle_(self, **options: dict[Any, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        # for the pre-save hook `server.unfinished_forms`, which has no table of texts
        texts = {"gone": string("gone")}
        return (
            data | {"text/plain": fallback_plain(), "text/html": fallback_html()},
            metadata | {"wx_notebook": {"form": texts}},
        )

    @property
    def seen(self) -> FormView:
        """What the form shows now."""
        return self._actions.view

    def close(self) -> None:
        """Close the form and its layout: a file keeps the state of each model that is open."""
        self.layout.close()
        super().close()

    def refresh(self) -> None:
        """Show the current session, which another form or a cell may have changed."""
        if self._actions.refresh() and self._is_at_rest():
            run_in_main_thread(self._become_line, on_wait=lambda: None)

    def start(self) -> None:
        """Show that a request runs, before `show_lists`."""
        self._actions.start()

    def show_lists(self) -> None:
        """Show the lists of what the current session can switch to."""
        self._handle(FormMessage({"action": "change"}))

    # --- messages ------------------------------------------------------------------------------

    def _on_message(self, _: object, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        """Handle one message of the page. No exception leaves, so no frame is ever shown."""
        message = FormMessage(content, read_secret(buffers))
        if message.action in _ABOUT_VIEWS:
            self._handle(message)
        elif message.action == "cancel":
            # arrives beside a running cell only where messages have a thread of their own
            for waiting in self._waiting:
                waiting.is_cancelled |= waiting.view_id == message.view_id
        else:
            self._waiting.append(message)
            run_in_main_thread(
                lambda: self._handle(message),
                on_wait=lambda: self.send({"action": "queued", "of": message.action}),
                delay_s=_CANCEL_S,
            )

    def _handle(self, message: FormMessage) -> None:
        action = message.action
        if message in self._waiting:
            self._waiting.remove(message)
        is_done = self._actions.run(
            message,
            self._handle_about_view,
            # tells the page that a kernel listens
            on_begin=lambda: self.send({"action": "ack", "of": action}),
        )
        if action not in _ABOUT_VIEWS:
            self._actions.show(self._actions.idle(is_done=is_done))
        self.send({"action": "done", "of": action})
        if is_done:
            self._become_line(at_once=True)
            self._on_change()

    def _handle_about_view(self, message: FormMessage) -> None:
        if message.action == "ping":
            self._views.setdefault(message.view_id, False)
            self._controller.set_visible(True)
            # a page that can't put buttons beside the line keeps the widget
            self._on_rest = None if message.flag("keeps") else self._on_rest
            self.refresh()
        elif message.action == "begun":
            self._note_begun(message.view_id, is_begun=message.flag("is_begun"))
        elif message.action in ("line_shown", "closed"):
            self._note_view(message.view_id, is_closed=message.action == "closed")

    # --- the view ------------------------------------------------------------------------------

    def _show(self, view: FormView) -> None:
        self.view = as_json(view)

    def _is_at_rest(self) -> bool:
        """Return whether a view is open that the line could replace."""
        seen = self.seen
        has_error = seen.error.message or any(line.state == "bad" for line in seen.steps.values())
        is_connected = seen.phase == "connected"
        return bool(self._views) and is_connected and not (self._actions.shows_fields or has_error)

    def _become_line(self, *, at_once: bool = False) -> None:
        """Let the line take the place of the widget, unless the user began something meanwhile."""
        if self._on_rest is not None and (at_once or (self._is_at_rest() and not self._is_line)):
            self._is_line = True
            self._on_rest(self)

    def _note_begun(self, view_id: str, *, is_begun: bool) -> None:
        self._begun = {*self._begun, view_id} if is_begun else self._begun - {view_id}
        note_form(self._controller, is_begun=bool(self._begun))

    def _note_view(self, view_id: str, *, is_closed: bool) -> None:
        """Close the widget once all its views show the line: then the file has nothing of it.

        A form that is not the line yet waits for its page, which the user may only have reloaded.
        """
        if is_closed:
            self._views.pop(view_id, None)
            self._note_begun(view_id, is_begun=False)
            self._controller.set_visible(bool(self._views))
        elif view_id in self._views:
            self._views[view_id] = True
        if self._is_line and all(self._views.values()):
            self.close()
