"""The outputs with a login form, which becomes a line once the user has signed in.

The widget is there only while it is needed. Then the line takes its place as plain text and HTML,
so that the saved file shows it anywhere and contains nothing of a widget. The page puts buttons
beside the line, which send their messages to this module.
"""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

from wx_notebook.credentials import keyring_store
from wx_notebook.display import show_bundle, show_widget
from wx_notebook.login.controller import LoginController
from wx_notebook.login.inputs import FormValues, detect_credentials, region_choices
from wx_notebook.login.main_thread import run_in_main_thread
from wx_notebook.login.static_line import line_bundle
from wx_notebook.session.process import execution_of

if TYPE_CHECKING:
    from wx_notebook.login.widget import LoginForm

#: The name under which the page opens a comm to this module.
TARGET = "wx_notebook.login"
#: Outputs that are kept up to date; the oldest is closed after that.
_MAX_OUTPUTS = 20


class LoginOutput:
    """One output with a form, or with the line that takes its place.

    Parameters
    ----------
    shell
        IPython's.
    controller
        Acts for the form.
    values
        The values of the fields at first.
    """

    def __init__(
        self,
        shell: Any,  # noqa: ANN401  # IPython's InteractiveShell
        controller: LoginController,
        values: FormValues | None = None,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.cell_id = execution_of(shell).cell_id
        self._shell = shell
        self._controller = controller
        self._values = values
        self._is_shown = False
        # a button beside the line works, and a form will take the line's place
        self._is_reopening = False
        self.form: LoginForm | None = None
        # forms that became the line; a page that was opened from the file does not know that
        self._old_forms: list[LoginForm] = []

    def open(self, *, switch: bool = False) -> None:
        """Show the form; with `switch` its lists of projects, models and profiles."""
        _register(self)
        self.form = self._new_form()
        if switch:
            # until the lists are there, the form must not become the line
            self.form.start()
        show_widget(self._shell, self.form, display_id=self.id, update=self._is_shown)
        self._is_shown = True
        if switch:
            self.form.show_lists()

    def run_action(self, action: str) -> None:
        """Do what a button beside the line asks for: "sign_out" or "change"."""
        if action == "sign_out":
            self._is_reopening = True
            try:
                self._controller.sign_out()
            finally:
                self._is_reopening = False
            self.open()
        elif action == "change":
            self.open(switch=True)

    def refresh(self) -> None:
        """Show the current session."""
        if self.form is not None:
            self.form.refresh()
        elif not self._is_reopening:
            self._show_line()
        self._old_forms = [form for form in self._old_forms if form.comm is not None]
        for form in self._old_forms:
            form.refresh()

    def close(self) -> None:
        """Close the form, because its output is gone, and cancel a sign-in that waits there."""
        self._controller.cancel_choice()
        forms, self.form, self._old_forms = [self.form, *self._old_forms], None, []
        for form in forms:
            if form is not None:
                form.close()

    def _new_form(self) -> LoginForm:
        # ipywidgets is imported when the first form is shown
        from wx_notebook.login.widget import LoginForm

        return LoginForm(
            self._controller,
            detect_credentials(),
            self._values,
            region_choices(),
            no_keyring=keyring_store.missing_keyring(),
            line_id=self.id,
            on_rest=self._show_line_for,
            on_change=self._on_change,
        )

    def _show_line_for(self, form: LoginForm) -> None:
        """Put the line in the place of the widget, which the page then closes."""
        # for the next form in this output; the values contain no secret
        self._values = form.seen.values
        if self.form is form:
            self.form = None
        if form not in self._old_forms:
            self._old_forms.append(form)
        self._show_line()

    def _on_change(self) -> None:
        refresh_all(but=self)
        if self.form is None and not self._controller.status_line():
            # the user signed out in a form that is the line elsewhere
            self.open()

    def _show_line(self) -> None:
        line, notes = self._controller.session_lines()
        bundle = line_bundle(line, notes, self.id)
        show_bundle(self._shell, bundle, display_id=self.id, update=self._is_shown)


_outputs: dict[str, LoginOutput] = {}


def refresh_all(but: LoginOutput | None = None) -> None:
    """Let every output show the current session, except for `but`."""
    for output in list(_outputs.values()):
        if output is not but:
            with contextlib.suppress(Exception):
                output.refresh()


def _register(output: LoginOutput) -> None:
    """Keep an output up to date; it replaces an earlier one of the same cell."""
    _register_target()
    for other in list(_outputs.values()):
        if other is not output and other.cell_id and other.cell_id == output.cell_id:
            other.close()
            del _outputs[other.id]
    _outputs[output.id] = output
    for old_id in list(_outputs)[:-_MAX_OUTPUTS]:
        _outputs.pop(old_id).close()


def _register_target() -> None:
    """Receive the messages of buttons beside lines."""
    import comm

    with contextlib.suppress(Exception):
        comm.get_comm_manager().register_target(TARGET, _on_line_message)


def _on_line_message(line_comm: Any, message: dict[str, Any]) -> None:  # noqa: ANN401  # a Comm
    content = message.get("content", {}).get("data", {})
    output = _outputs.get(str(content.get("line", "")))

    def run() -> None:
        with contextlib.suppress(Exception):
            line_comm.send({"action": "ack"})
            if output is not None:
                output.run_action(str(content.get("action", "")))
        line_comm.send({"action": "done"})
        line_comm.close()

    run_in_main_thread(run, on_wait=lambda: line_comm.send({"action": "queued"}))
