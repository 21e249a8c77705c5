"""Where forms stand in the notebook: each in one output, which is a line once somebody signed in.

The widget is there only while it is needed. Afterwards its place is taken by the line as plain text
and HTML, so that the saved file shows it anywhere and holds nothing of a widget. The page puts
buttons beside the line, which come back to here by a message of their own.
"""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wx_notebook.form import Typed
    from wx_notebook.form.widget import LoginForm
    from wx_notebook.magics.desk import FormDesk

#: The name under which the page finds us.
TARGET = "wx_notebook.form"
#: Forms that are looked after; nobody keeps more of them in use.
_MOST = 20


class Stage:
    """One output with a form, or with the line that it has become.

    Parameters
    ----------
    shell
        IPython's.
    desk
        What stands behind the form.
    typed
        What the fields hold at first.
    """

    def __init__(
        self,
        shell: Any,  # noqa: ANN401  # IPython's InteractiveShell
        desk: FormDesk,
        typed: Typed | None = None,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.cell = _cell(shell)
        self._shell = shell
        self._desk = desk
        self._typed = typed
        self._is_there = False
        self.form: LoginForm | None = None
        #: forms that have become the line, but not in every page: one opened from the file does
        #: not hear of it
        self._left: list[LoginForm] = []

    def open(self, *, change: bool = False) -> None:
        """Show the form; with `change` the lists of what to go on with."""
        from wx_notebook.display import show_widget

        _enter(self)
        self.form = self._new_form()
        if change:
            # a view that comes before the lists finds no line to make room for
            self.form.begin()
        show_widget(self._shell, self.form, display_id=self.id, update=self._is_there)
        self._is_there = True
        if change:
            self.form.change()

    def act(self, what: str) -> None:
        """Do what a button beside the line asks for."""
        if what == "sign_out":
            self._desk.sign_out()
            refresh(but=self)
            self.open()
        elif what == "change":
            self.open(change=True)

    def refresh(self) -> None:
        """Show what the session is now."""
        if self.form is None:
            self._show_line()
        else:
            self.form.refresh()
        self._left = [form for form in self._left if form.comm is not None]
        for form in self._left:
            form.refresh()

    def close(self) -> None:
        """End the form: its output has gone, and whoever was about to sign in there with it."""
        self._desk.give_up()
        forms, self.form, self._left = [self.form, *self._left], None, []
        for form in forms:
            if form is not None:
                form.close()

    def _new_form(self) -> LoginForm:
        from wx_notebook.credentials import REGIONS, keyrings
        from wx_notebook.form.widget import LoginForm
        from wx_notebook.magics.desk import offers

        # not those that only IBM itself works with
        regions = [(r.region_id, r.place) for r in REGIONS if r.region_id != "govcloud-prep"]
        return LoginForm(
            self._desk,
            offers(),
            self._typed,
            regions,
            no_keyring=keyrings.available(),
            line_id=self.id,
            settle=self._settle,
            changed=self._tell_the_others,
        )

    def _settle(self, form: LoginForm) -> None:
        """Put the line into the place of the widget, which the page then gives up."""
        # for the next form in this place: what was typed, which is no secret
        self._typed = form.seen.typed
        if self.form is form:
            self.form = None
        if form not in self._left:
            self._left.append(form)
        self._show_line()

    def _tell_the_others(self) -> None:
        refresh(but=self)
        if self.form is None and not self._desk.line():
            # signed out by a form that is the line by now, or is it in another page
            self.open()

    def _show_line(self) -> None:
        from wx_notebook.display import show_bundle
        from wx_notebook.form.saved import line_bundle

        line = self._desk.line()
        notes = self._desk.notes() if line else []
        bundle = line_bundle(line, notes, self.id)
        show_bundle(self._shell, bundle, display_id=self.id, update=self._is_there)


_stages: dict[str, Stage] = {}


def refresh(but: Stage | None = None) -> None:
    """Let every form and line show what the session is now."""
    for stage in list(_stages.values()):
        if stage is not but:
            with contextlib.suppress(Exception):
                stage.refresh()


def _enter(stage: Stage) -> None:
    """Look after a form; the one that stood in the same cell before is gone."""
    _listen()
    for other in list(_stages.values()):
        if other is not stage and other.cell and other.cell == stage.cell:
            other.close()
            del _stages[other.id]
    _stages[stage.id] = stage
    for old in list(_stages)[:-_MOST]:
        _stages.pop(old).close()


def _listen() -> None:
    """Hear the buttons beside lines."""
    import comm

    with contextlib.suppress(Exception):
        comm.get_comm_manager().register_target(TARGET, _heard)


def _heard(line: Any, message: dict[str, Any]) -> None:  # noqa: ANN401  # a Comm
    from wx_notebook.form.mainthread import in_main_thread

    said = message.get("content", {}).get("data", {})
    stage = _stages.get(str(said.get("line", "")))

    def serve() -> None:
        with contextlib.suppress(Exception):
            line.send({"act": "ack"})
            if stage is not None:
                stage.act(str(said.get("act", "")))
        line.send({"act": "done"})
        line.close()

    in_main_thread(serve, waiting=lambda: line.send({"act": "queued"}))


def _cell(shell: Any) -> str:  # noqa: ANN401
    """Return the id of the cell that runs, "" where the front end does not tell."""
    with contextlib.suppress(Exception):
        metadata = shell.kernel.get_parent("shell").get("metadata", {})
        return str(metadata.get("cellId", ""))
    return ""
