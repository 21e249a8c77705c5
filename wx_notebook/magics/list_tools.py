"""`%watsonx tools`: what a model may call, functions of the notebook and tools of MCP servers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from wx_notebook.display import Progress, canvas_for
from wx_notebook.errors import BadOption
from wx_notebook.settings import mcp_servers
from wx_notebook.tools import Tool, tool_of
from wx_notebook.tools.mcp_servers import named_server, server_tools

_LONGEST = 70


def list_tools(shell: Any, _: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """List the functions and the servers' tools as they are now; the servers are started for it."""
    with Progress(canvas_for(shell), "asking the MCP servers") as progress:
        progress.show_lines(list(_lines(shell)))


def _lines(shell: Any) -> Iterator[str]:  # noqa: ANN401
    own = [
        value for name, value in shell.user_ns.items()
        if isinstance(value, FunctionType) and value.__module__ == "__main__" and name[:1] != "_"
    ]  # fmt: skip
    yield "functions of the notebook:" if own else "no functions in the notebook yet"
    for function in own:
        try:
            yield _line(tool_of(function))
        except BadOption as error:
            yield f"  {error.message}"
    for name in mcp_servers():
        yield f"MCP server {name}: --tool mcp:{name}"
        try:
            yield from map(_line, server_tools(named_server(name), accept_changes=True))
        except BadOption as error:
            yield f"  {error.message}"
    yield "Next: %%watsonx --tool NAME"


def _line(tool: Tool) -> str:
    names = ", ".join(tool.parameters.get("properties", {}))
    about = " ".join(tool.description.split())
    about = about if len(about) <= _LONGEST else f"{about[:_LONGEST]}..."
    return f"  {tool.name}({names})  {about}".rstrip()
