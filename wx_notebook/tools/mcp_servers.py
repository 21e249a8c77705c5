"""The MCP servers of this process, and the tools that they offer a model (the extra `mcp`).

A server is started for the first prompt that uses it, and ends with the kernel. It is named in the
user's own `wx_notebook.toml` or in Python. A project file cannot name one, because that would start
a program.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import threading
from dataclasses import fields
from functools import partial
from typing import Any

from wx_notebook.errors import BadOption, Interrupted, did_you_mean, mask_keys
from wx_notebook.settings import McpSettings, is_safe_url, mcp_servers, token_problem
from wx_notebook.tools.mcp_connection import McpConnection, McpServer
from wx_notebook.tools.mcp_tokens import token_of
from wx_notebook.tools.values import TOOL_NAME, Tool

PREFIX = "mcp:"


class McpConnections:
    """The servers that this process has started."""

    def __init__(self) -> None:
        self._by_server: dict[McpServer, McpConnection] = {}
        self._lock = threading.Lock()

    def of(self, server: McpServer) -> McpConnection:
        """Return the connection to a server; a new one where it has ended."""
        token = token_of(server.name, server.token_env, server.token_keyring)
        with self._lock:
            connection = self._by_server.get(server)
            if connection is None or not connection.is_alive or connection.token != token:
                if connection is not None:
                    connection.close(0)
                if not self._by_server:
                    atexit.register(self.close)
                known = connection.known if connection is not None else {}
                connection = self._by_server[server] = McpConnection(server, token)
                connection.known = known
            return connection

    def hide_tokens_in(self, text: str) -> str:
        """Return a text without the tokens of the servers."""
        for connection in tuple(self._by_server.values()):
            text = connection.token.hide_in(text) if connection.token is not None else text
        return text

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            connections, self._by_server = list(self._by_server.values()), {}
        for connection in connections:
            connection.close(0)
        for connection in connections:
            connection.close()


CONNECTIONS = McpConnections()


def named_server(name: str) -> McpServer:
    """Return the server of this name in the user's settings.

    Raises
    ------
    BadOption
        There is none.
    """
    servers = mcp_servers()
    if name not in servers:
        raise BadOption(
            f"There is no MCP server '{mask_keys(name)}' in your settings."
            f"{did_you_mean(name, servers)}",
            hint='Write into wx_notebook.toml: [mcp.files], command = "PROGRAM", args = ["..."]',
        )
    return _of_settings(name, servers[name])


def server_tools(server: McpServer, *, accept_changes: bool = False) -> list[Tool]:
    """Return the tools of a server, which is started if it does not run.

    Parameters
    ----------
    accept_changes
        Take the tools as they are now, also where they are not those of an earlier prompt.

    Raises
    ------
    BadOption
        The extra is missing, the server fails, or its tools are other ones than before.
    """
    if importlib.util.find_spec("mcp") is None:
        raise BadOption(
            "The package for MCP servers (mcp) is not installed here.",
            hint="Next: pip install 'wx-notebook[mcp]' (in a notebook: %pip)",
        )
    _check(server)
    connection = CONNECTIONS.of(server)
    listed = _listed(connection)
    tools = [_tool(connection, one) for one in listed]
    now = {tool.name: json.dumps(tool.document(), sort_keys=True) for tool in tools}
    before = connection.known
    changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    if before and changed and not accept_changes:
        shown = ", ".join(changed[:5])
        raise BadOption(
            f"The MCP server '{server.name}' has changed its tools: {shown}.",
            hint="Next: %watsonx tools, which shows them as they are now; then run the cell again.",
        )
    connection.known = now
    return tools


def _listed(connection: McpConnection) -> list[Any]:
    name = connection.server.name
    try:
        return connection.tools()
    except KeyboardInterrupt:
        # a server that hangs or floods would go on unseen
        connection.close(0)
    raise Interrupted(f"Stopped while the MCP server '{name}' was asked.", hint="Run it again.")


def _tool(connection: McpConnection, listed: Any) -> Tool:  # noqa: ANN401  # a type of mcp's
    name = str(listed.name)
    if not TOOL_NAME.fullmatch(name):
        raise BadOption(
            f"A tool of the MCP server '{connection.server.name}' has a name that no model could "
            f"call: {mask_keys(name)}.",
            hint="Report it to the maintainer of the server.",
        )
    schema = getattr(listed, "input_schema", None) or getattr(listed, "inputSchema", None)
    parameters = schema if isinstance(schema, dict) else {"type": "object", "properties": {}}
    # a server may quote the token that it was sent
    parameters = json.loads(CONNECTIONS.hide_tokens_in(json.dumps(parameters)))
    about = CONNECTIONS.hide_tokens_in(str(listed.description or ""))
    return Tool(name, about, parameters, partial(connection.call, name))


def _check(server: McpServer) -> None:
    """Refuse a server, made in Python, that a settings file could not have."""
    _check_types(server)
    problem = token_problem(server.url, server.token_env, server.token_keyring, server.token_header)
    if not problem and server.url and not is_safe_url(server.url):
        problem = "its url is neither https nor on this machine"
    if bool(server.command) is bool(server.url):
        problem = "it needs a command or a url"
    if problem:
        raise BadOption(
            f"The MCP server '{mask_keys(server.name)}' can't be used: {problem}.",
            hint='For example: McpServer("web", url="https://...", token_env="WEB_TOKEN")',
        )


def _check_types(server: McpServer) -> None:
    wrong = ""
    for each in fields(server):
        value = getattr(server, each.name)
        if each.name in ("args", "pass_env"):
            fits = isinstance(value, tuple) and all(isinstance(one, str) for one in value)
            wrong = wrong or ("" if fits else f"{each.name} is no list of texts")
        elif each.name != "call_s" and not isinstance(value, str):
            wrong = wrong or f"{each.name} is not a text"
    if wrong:
        raise BadOption(
            f"An MCP server can't be used: its {wrong}.",
            hint='For example: McpServer("files", command="mcp-files", args=("--root", "."))',
        )


def _of_settings(name: str, settings: McpSettings) -> McpServer:
    return McpServer(name, **settings._asdict())
