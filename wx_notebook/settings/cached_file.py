"""A settings file on disk: its text, its TOML tables, and a cache that notices changes."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from wx_notebook.settings.problems import SettingsProblem

#: Bytes; a longer file is not a settings file and is not read into memory.
_LONGEST = 1_000_000
#: A file can change twice within the resolution of its clock: a file this young is read again.
_YOUNG_S = 0.1

_Result = TypeVar("_Result")
_Signature: TypeAlias = tuple[int, ...] | None


def read_text(path: Path, *, private: bool) -> str | SettingsProblem:
    """Return the text of a file, "" if there is no file.

    A `private` file must belong to the user, and nobody else may read it.
    """
    content = _content(path, private=private)
    if isinstance(content, SettingsProblem):
        return content
    try:
        # the editor of Windows writes a byte order mark first
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return SettingsProblem(f"{path} is not UTF-8 text: see line {line}.", "Save it as UTF-8.")


def _content(path: Path, *, private: bool) -> bytes | SettingsProblem:
    def opener(name: str, flags: int) -> int:
        # a pipe of this name would block the kernel
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    try:
        with open(path, "rb", opener=opener) as file:  # Path.open has no opener
            # of the open file: the name may lead to another file by now
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return SettingsProblem(f"{path} is not a file.", "Move it away.")
            if private and (fault := _not_private(path, status)):
                return fault
            content = file.read(_LONGEST + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        return SettingsProblem(
            f"{path} cannot be read: {error.strerror}.", "Check its permissions."
        )
    if len(content) > _LONGEST:
        return SettingsProblem(f"{path} is too long for a settings file.", "Check its content.")
    return content


def _not_private(path: Path, status: os.stat_result) -> SettingsProblem | None:
    if os.name != "posix":
        return None
    if status.st_uid != os.geteuid():
        return SettingsProblem(
            f"{path} belongs to another user, who could send your keys to another host.",
            f"Check its content, then take ownership: sudo chown $(id -u) '{path}'",
        )
    if status.st_mode & 0o077:
        return SettingsProblem(
            f"Other users of this machine can read or change {path}.", f"Next: chmod 600 '{path}'"
        )
    return None


def parse_toml(text: str, path: Path) -> dict[str, Any] | SettingsProblem:
    """Return the tables of a TOML text."""
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        # the rest of its message can quote the line
        line = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        # without a line number, something is missing at the end
        number = line[1] if line else text.count("\n") + 1
        return SettingsProblem(
            f"{path} is not valid TOML: see line {number}.",
            'Write a number as: temperature = 0.7, and a text as: system = "Be brief."',
        )


class CachedFile(Generic[_Result]):
    """What a reader makes of a file; the file is read again when it has changed."""

    def __init__(self, read: Callable[[Path], _Result]) -> None:
        self._read = read
        self._kept: tuple[str, _Signature, _Result] | None = None

    def of(self, path: str) -> _Result:
        """Return what the reader makes of the file now."""
        signature = _signature(path)
        kept = self._kept
        if kept is not None and kept[:2] == (path, signature):
            return kept[2]
        content = self._read(Path(path))
        is_young = signature is not None and time.time() - signature[0] / 1e9 < _YOUNG_S
        self._kept = None if is_young else (path, signature, content)
        return content


def _signature(path: str) -> _Signature:
    try:
        # Path.stat takes three times as long, and this runs for each prompt
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
