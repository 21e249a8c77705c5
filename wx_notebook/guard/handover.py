"""From the kernel to the Jupyter server: which keys and tokens must not be saved.

The kernel keeps one file in the runtime folder as long as it lives: a salt that is new in each
kernel, and the fingerprints of the keys and tokens that it has held. They stay when the user logs
out: the key that was typed into a cell is still good then, and a fingerprint opens nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import platform
import secrets
import threading
import time
from pathlib import Path
from typing import Any

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard import folder
from wx_notebook.guard.fingerprints import Fingerprint, Fingerprints, fingerprint

#: The newest of each are kept: a token ends within the hour, and nobody has more keys.
_MOST = {"key": 64, "token": 8}
#: The file of a kernel on another machine (a home folder that several share), of which nobody here
#: can say whether it lives, is left alone for so long.
_LONGEST_S = 7 * 86400.0


class HandOver:
    """The file of one kernel."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(32)
        self._path = folder.new_path("kernel")
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._prints: list[Fingerprint] = []

    def add(self, secret: Secret, what: str) -> None:
        """Hand over one more secret ("api_key" or "token"); one that could be guessed is not.

        Raises
        ------
        OSError, RuntimeError
            The file cannot be written.
        """
        made = fingerprint(secret, what, self._salt)
        # a process that was forked off the kernel has a copy of this, and no file
        if made is None or os.getpid() != self._owner:
            return
        with self._lock:
            if made in self._prints and self._path.exists():
                return
            same = [one for one in self._prints if one.what == made.what and one != made]
            others = [one for one in self._prints if one.what != made.what]
            self._prints = [*others, *same[1 - _MOST[made.what] :], made]
            folder.write(self._path, self._document())

    def remove(self) -> None:
        """Take the file away."""
        if os.getpid() == self._owner:
            with self._lock, contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _document(self) -> dict[str, Any]:
        prints = [
            {
                "what": one.what,
                "length": one.length,
                "is_jwt": one.is_jwt,
                "digest": one.digest.hex(),
            }
            for one in self._prints
        ]
        return {"salt": self._salt.hex(), "fingerprints": prints, **_who()}


_mine: HandOver | None = None
_problem = ""


def hand_over(secret: Secret, what: str) -> None:
    """Tell the servers of this user of a secret that this kernel holds now.

    What keeps it from doing so is no reason to fail: `problem` says it, once.
    """
    global _mine, _problem  # noqa: PLW0603  # a process has one file
    try:
        if _mine is None:
            _mine = HandOver()
            atexit.register(_mine.remove)
        _mine.add(secret, what)
    except Exception as problem:  # noqa: BLE001  # its words could quote what it worked on
        _problem = _problem or type(problem).__name__


def problem() -> str:
    """Return why the servers could not be told, "" when they were; said once."""
    global _problem
    said, _problem = _problem, ""
    return said


class Removed:
    """The keys and tokens that one server has taken out of notebooks, as fingerprints of its own.

    The page keeps what was removed until the user takes it out. When its kernel has ended meanwhile
    nobody else knows the key any more, and the next save would write it.
    """

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(32)
        self._prints: list[Fingerprint] = []

    def add(self, secret: Secret, what: str) -> None:
        """Remember a secret that was found."""
        made = fingerprint(secret, "api_key" if what == "key" else what, self._salt)
        if made is not None and made not in self._prints:
            self._prints = [*self._prints[1 - _MOST["key"] :], made]

    @property
    def group(self) -> tuple[bytes, list[Fingerprint]]:
        """The salt, and what was made with it."""
        return self._salt, self._prints


def live(removed: Removed | None = None) -> Fingerprints:
    """Return what the kernels that live have handed over; the files of dead ones are removed.

    With what the server itself remembers.
    """
    groups = []
    for path, document in folder.read("kernel"):
        if not _lives(path, document):
            with contextlib.suppress(OSError):
                path.unlink()
            continue
        with contextlib.suppress(KeyError, TypeError, ValueError):
            prints = [
                Fingerprint(one["what"], one["length"], one["is_jwt"], bytes.fromhex(one["digest"]))
                for one in document["fingerprints"]
                if one["what"] in _MOST and 0 < int(one["length"]) < 100_000
            ]
            groups.append((bytes.fromhex(document["salt"]), prints))
    # behind those of the kernels, whose marks the user has been told of
    return Fingerprints([*groups, removed.group] if removed is not None else groups)


def _who() -> dict[str, Any]:
    import psutil

    return {
        "pid": os.getpid(),
        # the number alone may be somebody else's by now
        "started": psutil.Process().create_time(),
        "host": platform.node(),
    }


def _lives(path: Path, document: dict[str, Any]) -> bool:
    import psutil

    try:
        if document["host"] != platform.node():
            return time.time() - path.stat().st_mtime < _LONGEST_S
        started = psutil.Process(int(document["pid"])).create_time()
        return bool(abs(started - float(document["started"])) < 2.0)
    except psutil.AccessDenied:
        return True
    except (psutil.NoSuchProcess, KeyError, TypeError, ValueError, OSError):
        return False
