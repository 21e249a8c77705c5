"""The two magics. They parse and hand on; what happens is in the modules beside this one."""

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

from wx_notebook.credentials.secret import Unshown
from wx_notebook.magics import commands, one_prompt
from wx_notebook.magics.defaults import OptionTraits, options_of
from wx_notebook.magics.guarding import tell_pending
from wx_notebook.magics.option_line import parse_options, split_line
from wx_notebook.magics.transformer import as_typed, hand_over


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
        # first of all: as a name of a frame it would be printed, in a traceback, with all it holds
        names, local_ns = Unshown(local_ns or {}), None
        tell_pending(self.shell)
        return commands.run(self.shell, line, names)

    @no_var_expand
    @cell_magic("watsonx")  # type: ignore[arg-type]  # as above
    def cell(self, line: str, cell: str) -> Any:  # noqa: ANN401  # an Answer, None with --show
        """Send the cell to a model of watsonx.ai; its answer streams in and is the cell's value."""
        tell_pending(self.shell)
        if {"-h", "--help"} & set(split_line(line)):
            # no option has it as its value: a hyphen there is written --stop=-h
            return commands.run(self.shell, "help", {})
        text = as_typed(cell, self._raw_cell)
        if not hasattr(self.shell, "kernel"):
            # in a terminal empty lines end a cell; nobody means them as part of the prompt
            text = text.rstrip("\n")
        return one_prompt.run(self.shell, text, options_of(parse_options(line)))

    def attach(self) -> None:
        """Put the transformer and the event handlers on."""
        self.put_on()
        self.shell.input_transformers_cleanup.insert(0, hand_over)
        self.shell.events.register("pre_run_cell", self._note_raw_cell)
        self.shell.events.register("post_run_cell", self._cell_has_run)

    def detach(self) -> None:
        """Take them off."""
        self.take_off()
        self.shell.input_transformers_cleanup.remove(hand_over)
        self.shell.events.unregister("pre_run_cell", self._note_raw_cell)
        self.shell.events.unregister("post_run_cell", self._cell_has_run)

    def _note_raw_cell(self, info: Any) -> None:  # noqa: ANN401  # IPython's ExecutionInfo
        self._raw_cell = info.raw_cell

    def _cell_has_run(self, _: Any) -> None:  # noqa: ANN401
        # an answer that was assigned instead of shown must not be silent in a later cell
        one_prompt.forget_shown()
        self._raw_cell = None


# `%%watsonx?` shows these
_MAGICS: tuple[Any, ...] = (WatsonxMagics.line, WatsonxMagics.cell)
for _magic in _MAGICS:
    _magic.__doc__ = f"{_magic.__doc__}\n\n{commands.usage()}"
