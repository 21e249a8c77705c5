"""Which projects an account used last, so that they stand first in a list.

A file of Jupyter's data folder, the user's alone (0600). It holds ids and no names: of the account
a hash, of each project or space its region and its id. Nothing depends on it: a file that cannot
be read or written is one without an entry.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from wx_notebook.settings.writing import replaced

#: Of an account; and accounts, of which the oldest goes.
_MOST, _MOST_ACCOUNTS = 8, 50
#: More is none of ours.
_LARGEST = 200_000


class Used(NamedTuple):
    """A project or space that was used: its region or address, which of the two it is, its id."""

    region: str
    kind: str
    id: str


def last_used_file() -> Path:
    """Return the file's path."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "wx_notebook" / "last-used.json"


def account_of(*parts: str) -> str:
    """Return what an account is called in the file: nothing that says whose it is."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def last_used(account: str) -> list[Used]:
    """Return what this account used, the last first."""
    return _read().get(account, [])


def keep_last_used(account: str, used: Used) -> None:
    """Put this one first; that it cannot be written is no fault."""
    found = _read()
    before = [other for other in found.pop(account, []) if other.id != used.id]
    found[account] = [used, *before][:_MOST]
    accounts = list(found)[-_MOST_ACCOUNTS:]
    text = json.dumps({"version": 1, "accounts": {name: found[name] for name in accounts}})
    with contextlib.suppress(OSError):
        replaced(last_used_file(), f"{text}\n")


def _read() -> dict[str, list[Used]]:
    try:
        file = last_used_file()
        if file.stat().st_size > _LARGEST:
            return {}
        accounts = json.loads(file.read_text(encoding="utf-8"))["accounts"]
        return {
            str(name): [Used(*(str(part) for part in one)) for one in kept]
            for name, kept in accounts.items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
