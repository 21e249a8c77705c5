"""Problems of a settings file. The messages quote no value, because a value may be a key."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from wx_notebook.errors import did_you_mean

#: Names of secrets; "max_tokens" does not match.
_SECRET = re.compile(r"key$|token$|passw|passphrase|pwd|secret|credential|bearer")


class SettingsProblem(NamedTuple):
    """An error that is raised later, where no frame contains the text of the file."""

    message: str
    hint: str


def has_secret(
    table: Mapping[str, Any], *, names_in: str = "", tables_in: Collection[str] = ()
) -> bool:
    """Whether a key at any depth has the name of a secret.

    The keys of the table called `names_in` are the user's own names and are not checked; neither
    are the names of tables below one of `tables_in`, such as of an MCP server.
    """
    for key, value in table.items():
        if _SECRET.search(re.sub(r"[^a-z]", "", key.lower())):
            return True
        inner = value if isinstance(value, list) else [value]
        if key in tables_in and isinstance(value, dict):
            inner = [{n: one for n, one in value.items() if not isinstance(one, dict)}]
            inner += value.values()
        if key != names_in and any(isinstance(one, dict) and has_secret(one) for one in inner):
            return True
    return False


def secret_problem(path: Path) -> SettingsProblem:
    """Return the problem of a secret in a file."""
    return SettingsProblem(
        f"{path} contains a key, which must not be in a settings file.",
        "Remove it and make a new key. %watsonx login --remember stores a key in the keyring.",
    )


def url_credential_problem(path: Path) -> SettingsProblem:
    """Return the problem of a URL such as https://name:password@host."""
    return SettingsProblem(
        f"A URL in {path} contains a user name or password (before an @).",
        "Write the URL without them. %watsonx login --remember stores the password.",
    )


def unknown_key_problem(
    key: str, where: str, known: Collection[str], path: Path
) -> SettingsProblem:
    """Return the problem of an unknown key, with the nearest known one."""
    name = quote_name(key, "A name")
    return SettingsProblem(
        f"{name} {where} of {path} is not a setting.{did_you_mean(key, known)}",
        f"Settings there: {', '.join(known)}.",
    )


def quote_name(name: str, instead: str) -> str:
    """Return a name in quotation marks, or `instead` if it may be a key."""
    return f"'{name}'" if re.fullmatch(r"[\w. -]{1,39}", name) else instead
