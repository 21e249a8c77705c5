"""`[mcp.NAME]` in the user's file: servers whose tools a model may call.

Only there: a project's file could start a program on the machine of whoever opens the project.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from wx_notebook.settings.problems import SettingsProblem, quote_name, unknown_key_problem

MCP = "mcp"
_NAME = re.compile(r"(?![A-Za-z0-9_-]{40})[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EXAMPLE = 'For example: [mcp.files], command = "mcp-files", args = ["--root", "."]'


class McpSettings(NamedTuple):
    """A server: a command with its arguments, or a URL.

    `pass_env` are names of variables that it gets from the environment: no secret is in the file.
    """

    command: str = ""
    args: tuple[str, ...] = ()
    pass_env: tuple[str, ...] = ()
    url: str = ""


def parse_mcp_servers(table: Any, path: Path) -> dict[str, McpSettings] | SettingsProblem:  # noqa: ANN401
    """Return the servers in the table `mcp` of the user's file, or its problem."""
    if not isinstance(table, dict) or not all(isinstance(one, dict) for one in table.values()):
        return SettingsProblem(f"'{MCP}' in {path} must contain servers.", _EXAMPLE)
    found: dict[str, McpSettings] = {}
    for name, entries in table.items():
        if not _NAME.fullmatch(name):
            return SettingsProblem(
                f"{quote_name(name, 'A name')} in '{MCP}' of {path} is not a valid name.", _EXAMPLE
            )
        server = _server(name, entries, path)
        if isinstance(server, SettingsProblem):
            return server
        found[name] = server
    return found


def _server(name: str, entries: Mapping[str, Any], path: Path) -> McpSettings | SettingsProblem:
    where = f"in [{MCP}.{name}]"
    for key, value in entries.items():
        if key not in McpSettings._fields:
            return unknown_key_problem(key, where, McpSettings._fields, path)
        is_list = key in ("args", "pass_env")
        fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if not (fits if is_list else isinstance(value, str) and value.strip()):
            kind = "a list of texts" if is_list else "a text"
            return SettingsProblem(f"'{key}' {where} of {path} is not {kind}.", _EXAMPLE)
    values: dict[str, Any] = {
        key: tuple(one) if isinstance(one, list) else one for key, one in entries.items()
    }
    server = McpSettings(**values)
    if bool(server.command) is bool(server.url):
        return SettingsProblem(f"The server {where} of {path} needs a command or a url.", _EXAMPLE)
    if server.url and not _is_safe(server.url):
        return SettingsProblem(
            f"The url {where} of {path} is neither https nor on this machine.",
            'Write url = "https://..." or url = "http://127.0.0.1:8000/mcp"',
        )
    return server


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    is_own = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return (parts.scheme == "https" or is_own) and bool(parts.hostname) and "@" not in parts.netloc
