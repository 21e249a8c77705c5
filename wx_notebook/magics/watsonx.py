"""The two magics: they hand their lines to the dispatcher, and cells as they were typed."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import (
    Magics,
    cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from wx_notebook.batch.functions import RUN_DISPLAY
from wx_notebook.credentials.secret import OpaqueMapping
from wx_notebook.magics import commands
from wx_notebook.magics.failures import note_failure
from wx_notebook.magics.line_words import split_line
from wx_notebook.magics.traits import OptionTraits
from wx_notebook.magics.transformer import as_typed, hand_over
from wx_notebook.session.current import ended_sign_in
from wx_notebook.session.process import METER, RUNNING_CELL, Execution, execution_of


@magics_class
class WatsonxMagics(OptionTraits, Magics):
    """`%watsonx` and `%%watsonx`."""

    def __init__(self, shell: Any) -> None:  # noqa: ANN401  # IPython's InteractiveShell
        super().__init__(shell)
        self.shell: Any  # IPython's stubs say it may be None; magics always have one
        self._raw_cell: str | None = None

    @needs_local_scope
    @no_var_expand
    @line_magic("watsonx")  # type: ignore[arg-type]  # as annotated in IPython, nothing fits
    def line(self, line: str, local_ns: dict[str, Any] | None = None) -> Any:  # noqa: ANN401  # an Answer from `ask`, else None
        """Run a command of wx_notebook: `%watsonx help` lists them."""
        # wrap the names before anything can raise: tracebacks show local variables
        names, local_ns = OpaqueMapping(local_ns or {}), None
        self._begin()
        return commands.run(self.shell, line, names)

    @no_var_expand
    @cell_magic("watsonx")  # type: ignore[arg-type]  # as above
    def cell(self, line: str, cell: str) -> Any:  # noqa: ANN401  # an Answer, None with --show
        """Send the cell to a model of watsonx.ai; its answer streams in and is the cell's value."""
        self._begin()
        if {"-h", "--help"} & set(split_line(line)):
            # never the value of an option: that is written --stop=-h
            return commands.run(self.shell, "help", {})
        text = as_typed(cell, self._raw_cell)
        if not hasattr(self.shell, "kernel"):
            # in a terminal empty lines end a cell; they are not part of the prompt
            text = text.rstrip("\n")
        return commands.run_cell(self.shell, line, text)

    def attach(self) -> None:
        """Add the input transformer, the event handlers and the numbers of cells for `usage`."""
        self.start_sync()
        self.shell.input_transformers_cleanup.insert(0, hand_over)
        self.shell.events.register("pre_run_cell", self._note_raw_cell)
        self.shell.events.register("post_run_cell", self._forget_raw_cell)
        # `execution_count` is this cell's in old versions of IPython and the next one's in new ones
        METER.cell = lambda: int(self.shell.displayhook.prompt_count)
        RUNNING_CELL.find = lambda: execution_of(self.shell)
        RUN_DISPLAY.run = lambda batch, **more: commands.run_batch(self.shell, batch, **more)

    def detach(self) -> None:
        """Take all of that off again."""
        self.stop_sync()
        self.shell.input_transformers_cleanup.remove(hand_over)
        self.shell.events.unregister("pre_run_cell", self._note_raw_cell)
        self.shell.events.unregister("post_run_cell", self._forget_raw_cell)
        METER.cell = lambda: None
        RUNNING_CELL.find = Execution
        RUN_DISPLAY.run = None

    def _begin(self) -> None:
        # each command then sees that the session is gone, not only the next prompt
        ended_sign_in()
        self._show_guard_notices()

    def _show_guard_notices(self) -> None:
        # with the first magic and not with `%load_ext`, which stays light
        from wx_notebook.magics.guard_notices import show_pending

        show_pending(self.shell)

    def _note_raw_cell(self, info: Any) -> None:  # noqa: ANN401  # IPython's ExecutionInfo
        self._raw_cell = info.raw_cell

    def _forget_raw_cell(self, result: Any) -> None:  # noqa: ANN401  # ExecutionResult
        self._raw_cell = None
        note_failure(result)


# `%%watsonx?` shows these
_MAGICS: tuple[Any, ...] = (WatsonxMagics.line, WatsonxMagics.cell)
for _magic in _MAGICS:
    _magic.__doc__ = f"{_magic.__doc__}\n\n{commands.overview()}"
