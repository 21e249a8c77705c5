"""`[mcp.NAME]` in the user's file: servers whose tools a model may call.

Only there: a project's file could start a program on the machine of whoever opens the project.
No secret is in the file: the token of a server is named by a variable, or by an entry of the
keyring.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from wx_notebook.errors import mask_keys
from wx_notebook.settings.problems import SettingsProblem, quote_name, unknown_key_problem

MCP = "mcp"
_NAME = re.compile(r"(?![A-Za-z0-9_-]{40})[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EXAMPLE = 'For example: [mcp.files], command = "mcp-files", args = ["--root", "."]'
_EXAMPLE_WITH_NAME = 'For example: [mcp.web], url = "https://...", token_env = "WEB_TOKEN"'
#: Capitals only: most tokens have small letters, and a token must not stand here.
_VARIABLE = re.compile(r"(?![A-Z0-9_]{40})[A-Z_][A-Z0-9_]{0,63}")
#: Its name says that it holds a token: no header of HTTP itself is meant.
_HEADER = re.compile(r"(?=.*(?:auth|key|token|secret))[a-z][a-z0-9-]{0,63}", re.IGNORECASE)
_TOKEN_KEYS = {
    "token_env": (_VARIABLE, "the name of an environment variable, in capitals"),
    "token_keyring": (_NAME, "the name of an entry in the keyring"),
    "token_header": (_HEADER, "the name of a header for a token, such as X-Api-Key"),
}


class McpSettings(NamedTuple):
    """A server: a command with its arguments, or a URL.

    `pass_env` are names of variables that a program gets from the environment. `token_env` and
    `token_keyring` name the token that a URL gets, as ``Authorization: Bearer ...`` or in the
    header `token_header`.
    """

    command: str = ""
    args: tuple[str, ...] = ()
    pass_env: tuple[str, ...] = ()
    url: str = ""
    token_env: str = ""
    token_keyring: str = ""
    token_header: str = ""


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
    names = server.token_env, server.token_keyring, server.token_header
    if problem := token_problem(server.url, *names):
        return SettingsProblem(f"{problem} ({where} of {path}).", _EXAMPLE_WITH_NAME)
    if server.url and not is_safe_url(server.url):
        return SettingsProblem(
            f"The url {where} of {path} is neither https nor on this machine.",
            'Write url = "https://..." or url = "http://127.0.0.1:8000/mcp"',
        )
    return server


def token_problem(url: str, env: str, keyring: str, header: str) -> str:
    """Return why a server cannot name its token like this, "" if it can; quotes no value."""
    for (key, (pattern, kind)), value in zip(
        _TOKEN_KEYS.items(), (env, keyring, header), strict=True
    ):
        # what stands there may be the token itself
        if value and (not pattern.fullmatch(value) or mask_keys(value) != value):
            return f"{key} is not {kind}"
    if env and keyring:
        return "Both token_env and token_keyring are given"
    if (env or keyring) and not url:
        return "A token goes to a url, and a program gets variables by pass_env"
    if header and not (env or keyring):
        return "token_header needs token_env or token_keyring"
    return ""


def is_safe_url(url: str) -> bool:
    """Return whether what goes to a URL is read by nobody on the way."""
    parts = urlsplit(url)
    is_own = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return (parts.scheme == "https" or is_own) and bool(parts.hostname) and "@" not in parts.netloc
