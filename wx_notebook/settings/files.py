"""A settings file as it lies on the disk: its text, its tables, and whether it has changed."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from wx_notebook.settings.faults import Fault

#: No settings file is longer; what is, would be read into the memory as a whole.
_LONGEST = 1_000_000
#: A file may change twice within the resolution of its clock: one so young is read again.
_YOUNG_S = 0.1

_Result = TypeVar("_Result")
_Signature: TypeAlias = tuple[int, ...] | None


def text_of(path: Path, *, private: bool) -> str | Fault:
    """Return the text of a file, "" where there is none.

    A `private` one has to be the user's own, and nobody else's to read.
    """
    content = _content(path, private=private)
    if isinstance(content, Fault):
        return content
    try:
        # Windows' editor puts a mark of three bytes first
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return Fault(f"{path} is not UTF-8 text: see line {line}.", "Save it as UTF-8.")


def _content(path: Path, *, private: bool) -> bytes | Fault:
    def opener(name: str, flags: int) -> int:
        # a pipe of this name would hold the kernel
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    try:
        with open(path, "rb", opener=opener) as file:  # Path.open has no opener
            # of what was opened: the name may lead elsewhere by now
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return Fault(f"{path} is not a file.", "Move it away.")
            if private and (fault := _not_private(path, status)):
                return fault
            content = file.read(_LONGEST + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        return Fault(f"{path} cannot be read: {error.strerror}.", "Look at its permissions.")
    if len(content) > _LONGEST:
        return Fault(f"{path} is longer than a settings file can be.", "Look at what is in it.")
    return content


def _not_private(path: Path, status: os.stat_result) -> Fault | None:
    if os.name != "posix":
        return None
    if status.st_uid != os.geteuid():
        return Fault(
            f"{path} belongs to another user, who could send your keys elsewhere.",
            f"Look at it, then make it yours: sudo chown $(id -u) '{path}'",
        )
    if status.st_mode & 0o077:
        return Fault(f"{path} is open to other users of this machine.", f"Next: chmod 600 '{path}'")
    return None


def tables_of(text: str, path: Path) -> dict[str, Any] | Fault:
    """Return what a text says as TOML."""
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is one, too
        # the rest of its message may quote the line
        line = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        # without a line it is the end, where something is missing
        number = line[1] if line else text.count("\n") + 1
        return Fault(
            f"{path} is not valid TOML: see line {number}.",
            'A setting is written as: temperature = 0.7, a text as: system = "Be brief."',
        )


class Fresh(Generic[_Result]):
    """What a file says, read again when it has changed."""

    def __init__(self, read: Callable[[Path], _Result]) -> None:
        self._read = read
        self._kept: tuple[str, _Signature, _Result] | None = None

    def of(self, path: str) -> _Result:
        """Return what the file says now."""
        signature = _signature(path)
        kept = self._kept
        if kept is not None and kept[:2] == (path, signature):
            return kept[2]
        found = self._read(Path(path))
        is_young = signature is not None and time.time() - signature[0] / 1e9 < _YOUNG_S
        self._kept = None if is_young else (path, signature, found)
        return found


def _signature(path: str) -> _Signature:
    try:
        # of a Path it takes three times as long, and this runs for each prompt
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return (
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_size,
        status.st_ino,
        status.st_mode,
        status.st_uid,
    )
