"""The tools of one prompt: what the request says of them, and how their calls are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from wx_notebook import hints
from wx_notebook.answer import ToolCall
from wx_notebook.errors import BadOption
from wx_notebook.options import Options
from wx_notebook.schemas.documents import load_jsonschema
from wx_notebook.service import Request
from wx_notebook.tools.mcp_connection import McpServer
from wx_notebook.tools.mcp_servers import CONNECTIONS, PREFIX, named_server, server_tools
from wx_notebook.tools.reporting import Reporter, TextReporter
from wx_notebook.tools.results import result_text
from wx_notebook.tools.rounds import Keep, OpenRound, ToolStream
from wx_notebook.tools.values import Tool, tool_of

_REFUSED = "The user did not allow this call."


class ToolSet:
    """The tools of one prompt.

    Parameters
    ----------
    tools
        Functions, tools, MCP servers, or "mcp:NAME" for a server of the user's settings.
    reporter
        Shows their calls and asks for them.

    Raises
    ------
    BadOption
        One of them is no tool, or two have the same name.
    """

    def __init__(self, tools: Sequence[Any], reporter: Reporter | None = None) -> None:
        self.tools: dict[str, Tool] = {}
        for tool in (tool for one in tools for tool in _opened(one)):
            if tool.name in self.tools:
                raise BadOption(
                    f"Two tools have the name '{tool.name}'.", hint="Give one of them another name."
                )
            self.tools[tool.name] = tool
        self.reporter = reporter or TextReporter()

    def documents(self) -> list[dict[str, Any]]:
        """Return the tools as the service wants them."""
        return [tool.document() for tool in self.tools.values()]

    def run(
        self, calls: Sequence[ToolCall], *, is_allowed: bool, redact: Callable[[str], str]
    ) -> Iterator[ToolCall]:
        """Run calls in their order, and yield each with its result.

        Parameters
        ----------
        is_allowed
            Whether calls run without a question.
        redact
            Takes secrets out of results and of errors.
        """
        for call in calls:
            self.reporter.calling(call)
            done = self._run(call, is_allowed=is_allowed, redact=redact)
            self.reporter.done(done)
            yield done

    def _run(self, call: ToolCall, *, is_allowed: bool, redact: Callable[[str], str]) -> ToolCall:
        tool = self.tools.get(call.name)
        if tool is None:
            error = f"there is no tool '{call.name}'; the tools are {', '.join(self.tools)}"
            return replace(call, error=redact(error))
        if call.arguments is None:
            return replace(call, error="the arguments are no JSON object")
        if not (is_allowed or self.reporter.allows(call)):
            return replace(call, error=_REFUSED)
        try:
            value = tool.call(call.arguments)
            sent = result_text(value, call.name, redact)
            return replace(call, result=sent.text, left_out=sent.left_out)
        except (Exception, SystemExit) as failure:  # noqa: BLE001  # the code of any tool
            told = f"{type(failure).__name__}: {failure}"
        sent = result_text(told, call.name, redact)
        return replace(call, error=sent.text, left_out=sent.left_out)


def _opened(value: Any) -> list[Tool]:  # noqa: ANN401  # whatever the user gave
    """Return the tools that a value stands for: an MCP server has several."""
    if isinstance(value, str) and value.startswith(PREFIX):
        return server_tools(named_server(value.removeprefix(PREFIX)))
    return server_tools(value) if isinstance(value, McpServer) else [tool_of(value)]


def with_tools(request: Request, options: Options, redact: Callable[[str], str]) -> Request:
    """Return a request with the tools of its options, whose calls are run.

    Parameters
    ----------
    redact
        Takes the secrets of the session out of a text.

    Raises
    ------
    BadOption
        One of the values is not a tool.
    """
    tools = options.tools or ()
    # the magics have made it already, with their own reporter
    toolset = tools[0] if isinstance(tools[0], ToolSet) else ToolSet(tools)
    body = {**(request.body or {}), "tools": toolset.documents(), "tool_choice_option": "auto"}

    def hide(text: str) -> str:
        return redact(CONNECTIONS.hide_tokens_in(text))

    def rounds(whole: Request, open_round: OpenRound, keep: Keep) -> ToolStream:
        _check_consent(toolset, options)
        # the arguments of a call are checked
        load_jsonschema()

        def run(calls: Sequence[ToolCall]) -> Iterator[ToolCall]:
            return toolset.run(calls, is_allowed=options.yes, redact=hide)

        return ToolStream(
            whole, open_round, keep, run,
            names=tuple(toolset.tools), most_rounds=options.max_rounds,
        )  # fmt: skip

    return replace(request, body=body, rounds=rounds)


def _check_consent(toolset: ToolSet, options: Options) -> None:
    """Refuse to send a prompt whose calls nobody could allow."""
    if not options.yes and not hints.can_ask():
        names = ", ".join(toolset.tools)
        raise BadOption(
            f"Calls of {names} need your consent, and nobody can be asked here.",
            hint="To allow all calls: %%watsonx --tool NAME --yes, in Python yes=True.",
        )
