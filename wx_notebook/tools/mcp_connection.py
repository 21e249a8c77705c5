"""One MCP server: a program or an address, and the connection to it in a thread of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO, TypeVar

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, mask_all_keys, mask_keys
from wx_notebook.tools.mcp_tokens import authorising

_Result = TypeVar("_Result")
#: Seconds for the start with the list of tools, for one call, and for the end.
_START_S, _CALL_S, _END_S, _TICK_S = 60.0, 60.0, 5.0, 0.05
#: More tools than that fill the context of a model and confuse it.
_MOST_TOOLS = 100
#: Characters of a result that are looked at.
_LONGEST_RESULT = 1_000_000
#: Statuses of an address that wants another token, or one at all.
_REFUSALS = (401, 403)


@dataclass(frozen=True, slots=True)
class McpServer:
    """A server, for ``tools=[McpServer("files", command="mcp-files", args=("--root", "."))]``.

    Parameters
    ----------
    name
        What the user calls it.
    command, args
        The program that speaks MCP on its standard input and output.
    pass_env
        Names of environment variables that it gets besides PATH, HOME and the like.
    url
        The address of a server that is running already, instead of a command.
    token_env, token_keyring
        The name of a variable, or of an entry of the keyring, with the token that the address gets.
    token_header
        The header for it; ``Authorization: Bearer TOKEN`` without it.
    """

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    pass_env: tuple[str, ...] = ()
    url: str = ""
    token_env: str = ""
    token_keyring: str = ""
    token_header: str = ""
    call_s: float = field(default=_CALL_S, repr=False)

    def __post_init__(self) -> None:
        for name in ("args", "pass_env"):
            if isinstance(getattr(self, name), list):
                # it is a key of the servers that run
                object.__setattr__(self, name, tuple(getattr(self, name)))


class McpConnection:
    """A connection to one server, in a thread with an event loop of its own.

    Parameters
    ----------
    server
        The server.
    token
        What it gets with each request, if it needs one.
    """

    def __init__(self, server: McpServer, token: Secret | None = None) -> None:
        self.server = server
        self.token = token
        self._loop = asyncio.new_event_loop()
        self._client: Any = None
        self._stop: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure = ""
        # the status by which an address refuses who asks, 0 before that
        self._refusal = 0
        # it did not answer in time: the next prompt starts another one
        self._is_dropped = False
        self._is_ready = threading.Event()
        self._has_ended = threading.Event()
        #: the descriptions of the tools as they were when a prompt first used them
        self.known: dict[str, str] = {}
        self._thread = threading.Thread(target=self._run, daemon=True, name="wx-mcp")
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the server has not ended."""
        return not (self._is_dropped or self._has_ended.is_set())

    def tools(self) -> list[Any]:
        """Return the tools that the server lists now.

        Raises
        ------
        BadOption
            It does not start, does not answer, or has too many.
        """
        self._await_start()
        found = self._wait(self._list(), _START_S, "list its tools")
        if len(found) > _MOST_TOOLS:
            raise BadOption(
                f"The MCP server '{self.server.name}' has {len(found):,} tools, and a prompt takes "
                f"at most {_MOST_TOOLS}.",
                hint="Start it with fewer, if it has a setting for that.",
            )
        return found

    def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Return what a tool returns, as text.

        Raises
        ------
        RuntimeError
            The tool failed, or the server does not answer or has ended: told to the model.
        """
        try:
            result = self._wait(
                self._client.call_tool(name, dict(arguments)), self.server.call_s, f"answer {name}"
            )
        except BadOption as error:
            failure = error.message
        else:
            text = _text_of(result)
            if not getattr(result, "is_error", False):
                return text
            failure = text or "the tool failed and did not say why"
        raise RuntimeError(failure)

    def close(self, wait_s: float = _END_S) -> None:
        """End the server, and wait for that no longer than `wait_s`."""
        self._is_dropped = True
        if self._stop is not None and not self._has_ended.is_set():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._end)
            self._thread.join(wait_s)

    # --- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001  # a group of whatever the libraries raise
            self._failure = _reason(error)
        finally:
            self._has_ended.set()
            self._is_ready.set()
            with contextlib.suppress(Exception):
                self._loop.close()

    def _end(self) -> None:
        if self._stop is None or self._task is None or self._stop.is_set():
            # to cancel it once more would end it before the server has ended
            return
        self._stop.set()
        if self._client is None:
            # it waits for the server's first word, which may never come, and not for `_stop`
            self._task.cancel()

    async def _serve(self) -> None:
        from mcp import Client

        # it logs each line that is no message, with its content: a page would get all of them
        if (log := logging.getLogger("mcp")).level == logging.NOTSET:
            log.setLevel(logging.CRITICAL + 1)
        self._task = asyncio.current_task()
        self._stop = asyncio.Event()
        if self._is_dropped:
            # closed while `mcp` was imported, when there was nothing to stop yet
            return
        # what a server writes besides belongs on no page, and a kernel's own stderr is no file
        with open(os.devnull, "w", encoding="utf-8") as quiet:  # noqa: PTH123  # as mcp wants it
            async with Client(self._transport(quiet)) as one:
                self._client = one
                self._is_ready.set()
                await self._stop.wait()

    def _transport(self, quiet: TextIO) -> Any:  # noqa: ANN401  # as `mcp.Client` has it
        server = self.server
        if server.url:
            return self._reached()
        from mcp import StdioServerParameters
        from mcp.client.stdio import stdio_client

        passed = {name: os.environ[name] for name in server.pass_env if name in os.environ}
        params = StdioServerParameters(command=server.command, args=list(server.args), env=passed)
        return stdio_client(params, errlog=quiet)

    @contextlib.asynccontextmanager
    async def _reached(self) -> AsyncIterator[Any]:
        """Yield the streams of an address; mcp itself follows no redirect to another origin."""
        from mcp.client.streamable_http import streamable_http_client
        from mcp.shared._httpx_utils import create_mcp_http_client

        async def look(response: Any) -> None:  # noqa: ANN401  # a response of httpx
            # mcp's own error has no status
            if response.status_code in _REFUSALS:
                self._refusal = response.status_code

        header = self.server.token_header
        authorise: Any = None if self.token is None else authorising(self.token, header)
        async with create_mcp_http_client(auth=authorise) as client:
            client.event_hooks = {"response": [look]}
            async with streamable_http_client(self.server.url, http_client=client) as streams:
                yield streams

    async def _list(self) -> list[Any]:
        found: list[Any] = []
        cursor = None
        while True:
            page = await self._client.list_tools(cursor=cursor, cache_mode="bypass")
            found += page.tools
            cursor = getattr(page, "next_cursor", None)
            if not cursor or len(found) > _MOST_TOOLS:
                return found

    def _await_start(self) -> None:
        until = time.monotonic() + _START_S
        while not self._is_ready.wait(_TICK_S):
            if time.monotonic() > until:
                self.close()
                raise self._error(f"did not start within {_START_S:.0f} s")
        if self._client is None:
            raise self._error(f"cannot be started: {self._failure}")

    def _wait(self, work: Coroutine[Any, Any, _Result], limit_s: float, what: str) -> _Result:
        """Wait for work in the loop of the thread, so that an interrupt is heard at once."""
        if not self.is_alive:
            work.close()
            raise self._error("has ended")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        until = time.monotonic() + limit_s
        failure = ""
        try:
            while True:
                try:
                    return future.result(_TICK_S)
                except concurrent.futures.TimeoutError:
                    if future.done():
                        raise
                if time.monotonic() > until:
                    self.close(0)
                    raise self._error(f"did not {what} within {limit_s:.0f} s, and was ended")
                if self._has_ended.is_set():
                    raise self._error(f"ended before it could {what}")
        except BadOption:
            raise
        except Exception as error:  # noqa: BLE001  # whatever the libraries raise
            failure = _reason(error)
            if "closed" in failure or self._refusal:
                # it has died, or takes the token no longer: the next prompt starts anew
                self.close(0)
        finally:
            future.cancel()
        raise self._error(f"could not {what}: {failure}")

    def _error(self, what: str) -> BadOption:
        where = self.server.url or " ".join((self.server.command, *self.server.args))
        hint = f"Check that it runs: {mask_keys(where)}"
        if self._refusal:
            what = f"refuses the request (status {self._refusal})"
            named = self.server.token_env or self.server.token_keyring
            hint = f"Check the token in {named}." if named else 'Name its token: token_env = "NAME"'
        what = self.token.hide_in(what) if self.token is not None else what
        return BadOption(
            f"The MCP server '{mask_keys(self.server.name)}' {mask_keys(what)}.", hint=hint
        )


def _text_of(result: Any) -> str:  # noqa: ANN401  # mcp's own type
    texts = []
    for part in getattr(result, "content", None) or ():
        text = getattr(part, "text", None)
        texts.append(text if isinstance(text, str) else f"({getattr(part, 'type', 'a part')})")
    if not texts and (value := getattr(result, "structured_content", None)) is not None:
        texts.append(json.dumps(value, ensure_ascii=False))
    return "\n".join(texts)[:_LONGEST_RESULT]


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return mask_all_keys(f"{type(error).__name__}: {error}".split("\n")[0])[:200].rstrip(".")
