"""The projects that an account used last, so that a list can show them first.

They are in a private file (0600) in Jupyter's data folder. It contains IDs and no names: a hash of
the account, and the region and ID of each project or space. A file that cannot be read counts as
empty, and a failed write is ignored.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from wx_notebook.settings.writing import replace_file

#: Entries of one account, and accounts; the oldest is removed.
_MOST, _MOST_ACCOUNTS = 8, 50
#: Bytes; a larger file is not ours.
_LARGEST = 200_000


class UsedProject(NamedTuple):
    """A project or space that was used: its region or address, its kind and its ID."""

    region: str
    kind: str
    id: str


def last_used_file() -> Path:
    """Return the file's path."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "wx_notebook" / "last-used.json"


def account_hash(*parts: str) -> str:
    """Return the name of an account in the file, a hash that does not identify it."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def last_used(account: str) -> list[UsedProject]:
    """Return what this account used, the latest first."""
    return _read().get(account, [])


def save_last_used(account: str, used: UsedProject) -> None:
    """Put an entry first; a failed write is ignored."""
    accounts = _read()
    older = [other for other in accounts.pop(account, []) if other.id != used.id]
    accounts[account] = [used, *older][:_MOST]
    latest = list(accounts)[-_MOST_ACCOUNTS:]
    text = json.dumps({"version": 1, "accounts": {name: accounts[name] for name in latest}})
    with contextlib.suppress(OSError):
        replace_file(last_used_file(), f"{text}\n")


def _read() -> dict[str, list[UsedProject]]:
    try:
        file = last_used_file()
        if file.stat().st_size > _LARGEST:
            return {}
        accounts = json.loads(file.read_text(encoding="utf-8"))["accounts"]
        return {
            str(name): [UsedProject(*(str(part) for part in one)) for one in kept]
            for name, kept in accounts.items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
