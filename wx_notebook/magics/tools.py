"""`--tool` in a cell: the functions that it names, and their calls in its output."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from wx_notebook.answer import ToolCall
from wx_notebook.display import Live, Progress, canvas_for
from wx_notebook.errors import MissingName, did_you_mean, mask_keys
from wx_notebook.render import clean_line
from wx_notebook.tools import ToolSet, tool_of
from wx_notebook.tools.mcp_servers import PREFIX
from wx_notebook.tools.reporting import Asking


class LiveReporter:
    """Shows calls above the answer that grows in the output of a cell."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._lines: list[str] = []
        self._asking = Asking()

    def begin(self, live: Live) -> None:
        """Take the output that is shown now."""
        self._live, self._lines = live, []

    def calling(self, call: ToolCall) -> None:
        """Show the call before it runs."""
        self._lines.append(call.signature)
        self._show(f"running {call.name}")

    def allows(self, call: ToolCall) -> bool:
        """Ask in the front end, which shows a field below the output."""
        self._show(f"waiting for your answer about {call.name}")
        # what Python has written so far comes before the question
        sys.stdout.flush()
        return self._asking(clean_line(call.signature))

    def done(self, call: ToolCall) -> None:
        """Show what came of it, in the place of the call."""
        self._lines[-1] = call.line
        self._show("waiting for the model")

    def _show(self, message: str) -> None:
        if self._live is not None:
            self._live.show_calls(self._lines, message)


def named_tools(
    shell: Any,  # noqa: ANN401  # InteractiveShell
    names: Sequence[str],
    variables: Mapping[str, Any],
) -> ToolSet:
    """Return the tools that an option line names; an MCP server is started for it.

    Raises
    ------
    MissingName
        The notebook has no variable of that name.
    BadOption
        It is no function, or does not say what its arguments are.
    """
    found: list[Any] = []
    for name in names:
        if name.startswith(PREFIX):
            found.append(name)
            continue
        root, *inside = name.split(".")
        try:
            # `stock.price` is a method, or a function of a module
            value = reduce(getattr, inside, variables[root])
        except Exception:  # noqa: BLE001  # a property may raise anything
            hidden = shell.user_ns_hidden
            known = [one for one in variables if one[:1] != "_" and one not in hidden]
            raise MissingName(
                f"There is no function '{mask_keys(name)}' in the notebook."
                f"{did_you_mean(name, known)}",
                hint="Define it in its own cell: def area(width: float) -> float: ...",
            ) from None
        found.append(tool_of(value, name))
    servers = [name for name in names if name.startswith(PREFIX)]
    if not servers:
        return ToolSet(found, LiveReporter())
    with Progress(canvas_for(shell), f"asking {', '.join(servers)} for tools") as progress:
        tools = ToolSet(found, LiveReporter())
        progress.show_lines([f"{', '.join(servers)}: {', '.join(tools.tools)}"])
    return tools
