"""What is wrong with a settings file, in words that quote no value: it may be a key."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from wx_notebook.errors import near

#: "max_tokens" is none of these
_SECRET = re.compile(r"key$|token$|passw|passphrase|pwd|secret|credential|bearer")


class Fault(NamedTuple):
    """An error to be raised where no frame holds the file's text any more."""

    message: str
    hint: str


def has_secret(table: Mapping[str, Any], *, names_in: str = "") -> bool:
    """Whether anything in it, however deep, is called as a secret is.

    The keys of the table that is called `names_in` are names that somebody made up.
    """
    for key, value in table.items():
        if _SECRET.search(re.sub(r"[^a-z]", "", key.lower())):
            return True
        inner = value if isinstance(value, list) else [value]
        if key != names_in and any(isinstance(one, dict) and has_secret(one) for one in inner):
            return True
    return False


def secret_in(path: Path) -> Fault:
    """Return what there is to say about a key in a file."""
    return Fault(
        f"A key does not belong into {path}, and there is one.",
        "Take it out and make a new one; %watsonx login --remember puts it into the keyring.",
    )


def credential_in_url(path: Path) -> Fault:
    """Return what there is to say about https://name:password@host."""
    return Fault(
        f"A URL with a user name or password in it (before an @) does not belong into {path}.",
        "Write the URL from its host on; %watsonx login --remember takes the password.",
    )


def unknown(key: str, where: str, known: Collection[str], path: Path) -> Fault:
    """Return what there is to say about a key that is none, with the nearest."""
    return Fault(
        f"{shown(key, 'A name')} {where} of {path} is not a setting.{near(key, known)}",
        f"Settings there: {', '.join(known)}.",
    )


def shown(name: str, instead: str) -> str:
    """Return a name for a message, unless somebody put a key in its place."""
    return f"'{name}'" if re.fullmatch(r"[\w. -]{1,39}", name) else instead
