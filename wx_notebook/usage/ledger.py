"""The tokens that this user spent on each day, in all notebooks and across kernels.

Each prompt appends one line to a file of the day and the machine, in Jupyter's data folder. A line
contains the model ID and numbers, but no prompt, no answer, no project and no key. The operating
system appends a few short lines in one step, so several kernels at once, and a kernel that is
killed, lose nothing that was written. A line that a full disk has cut is skipped. (A database needs
locks, and locks fail on the network drives that hold the homes of a JupyterHub.)
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import platform
import re
import stat
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, NamedTuple

from wx_notebook.forking import begin_anew_after_fork

_NAME = re.compile(r"(\d{4}-\d\d-\d\d)-[0-9a-f]{8}\.jsonl")
#: Files of older days are deleted.
KEPT_DAYS = 31
_CHUNK = 1 << 16
#: A pipe would block the kernel, a link lead to another file; Windows has text files.
_SAFE_FLAGS = (
    getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
#: No model ID is longer, and we write no longer line.
_LONGEST_ID, _LONGEST_LINE = 200, 1_000
#: Each write hands Python's lock to another thread, so that of a table's rows many share one.
_MOST_LINES = 32


@dataclass(slots=True)
class TokenCounts:
    """Prompts and their tokens; `estimated` is the number of prompts with estimated tokens."""

    prompts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output tokens together."""
        return self.input_tokens + self.output_tokens

    def add(self, other: TokenCounts) -> None:
        """Add other counts to these."""
        self.prompts += other.prompts
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.estimated += other.estimated


class LedgerEntry(NamedTuple):
    """The tokens of one prompt on one day."""

    day: dt.date
    model_id: str
    spent: TokenCounts


@dataclass(slots=True)
class _Read:
    """How far a file has been read, and the counts so far."""

    inode: int
    offset: int = 0
    rest: bytes = b""
    by_model: dict[str, TokenCounts] = field(default_factory=dict)


def usage_folder() -> Path:
    """Return the folder of the files, in Jupyter's data folder."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "wx_notebook" / "usage"


class Ledger:
    """The files of `folder`; see the module.

    Parameters
    ----------
    folder
        Returns the folder; called at the first use.
    host
        The name of this machine, which distinguishes it from others that share the folder.
    """

    def __init__(
        self, folder: Callable[[], Path] = usage_folder, *, host: str = platform.node()
    ) -> None:
        self._folder = folder
        self._resolved: Path | None = None
        # a hash, because the name of the machine is private
        self._host = hashlib.sha256(host.encode()).hexdigest()[:8]
        self._pruned: dt.date | None = None
        self.begin_in_forked_child()
        begin_anew_after_fork(self)

    def begin_in_forked_child(self) -> None:
        """Read the files again: a thread of the parent may be in the middle of one."""
        self._lock = threading.Lock()
        self._files: dict[str, _Read] = {}

    def add(self, day: dt.date, model_id: str, spent: TokenCounts) -> None:
        """Write the tokens of one prompt.

        Raises
        ------
        OSError
            It cannot be written.
        """
        self.write(deque([LedgerEntry(day, model_id, spent)]))

    def write(self, entries: deque[LedgerEntry]) -> None:
        """Write entries in their order, and take each one off the queue when it is on disk.

        Raises
        ------
        OSError
            The first entry that is left in the queue could not be written.
        """
        while entries:
            day = entries[0].day
            with self._opened(day) as descriptor:
                while entries and entries[0].day == day:
                    lines = _next_lines(entries, day)
                    left = os.write(descriptor, b"".join(lines))
                    for line in lines:
                        left -= len(line)
                        if left < 0:
                            raise OSError("only a part could be written")
                        entries.popleft()
            self._prune(day)

    def by_model(self, day: dt.date) -> dict[str, TokenCounts]:
        """Return the counts of a day for each model; lines that cannot be read are skipped."""
        counts: dict[str, TokenCounts] = {}
        with self._lock:
            for name, of in self._names():
                if of == day:
                    for model_id, spent in self._read(name).items():
                        counts.setdefault(model_id, TokenCounts()).add(spent)
        return counts

    def days(self, last: int, today: dt.date) -> list[int]:
        """Return the tokens of each of the last days, today at the end."""
        totals = dict.fromkeys((today - dt.timedelta(days=n) for n in reversed(range(last))), 0)
        with self._lock:
            for name, day in self._names():
                if day in totals:
                    totals[day] += sum(one.total_tokens for one in self._read(name).values())
        return list(totals.values())

    def _path(self) -> Path:
        reason = ""
        try:
            if self._resolved is None:
                self._resolved = self._folder()
            return self._resolved
        except Exception as error:  # noqa: BLE001  # for example a home that does not exist
            reason = f"its folder is unknown: {error}"
        raise OSError(reason)

    @contextlib.contextmanager
    def _opened(self, day: dt.date) -> Iterator[int]:
        path = f"{self._path()}{os.sep}{day.isoformat()}-{self._host}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _SAFE_FLAGS
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:
            self._path().mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(f"{path} is not a file")
            yield descriptor
        finally:
            os.close(descriptor)

    def _names(self) -> list[tuple[str, dt.date]]:
        names = []
        with contextlib.suppress(OSError):
            for name in os.listdir(self._path()):  # noqa: PTH208  # names are all that is needed
                if match := _NAME.fullmatch(name):
                    with contextlib.suppress(ValueError):
                        names.append((name, dt.date.fromisoformat(match[1])))
        return names

    def _read(self, name: str) -> dict[str, TokenCounts]:
        """Return the counts of a file; reads only what was added since the last time."""
        state = self._files.get(name)
        try:
            descriptor = os.open(self._path() / name, os.O_RDONLY | _SAFE_FLAGS)
        except OSError:
            return state.by_model if state is not None else {}
        try:
            status = os.fstat(descriptor)
            if state is None or state.inode != status.st_ino or status.st_size < state.offset:
                state = self._files[name] = _Read(status.st_ino)
            with contextlib.suppress(OSError):
                os.lseek(descriptor, state.offset, os.SEEK_SET)
                while chunk := os.read(descriptor, _CHUNK):
                    _take(chunk, state)
        finally:
            os.close(descriptor)
        return state.by_model

    def _prune(self, today: dt.date) -> None:
        if self._pruned == today:
            return
        self._pruned = today
        oldest = today - dt.timedelta(days=KEPT_DAYS)
        for name, day in self._names():
            if day < oldest:
                with contextlib.suppress(OSError):
                    (self._path() / name).unlink()


def _next_lines(entries: deque[LedgerEntry], day: dt.date) -> list[bytes]:
    of_day = takewhile(lambda one: one.day == day, islice(entries, _MOST_LINES))
    return [_line(one) for one in of_day]


def _line(entry: LedgerEntry) -> bytes:
    numbers = {"model_id": entry.model_id[:_LONGEST_ID], "in": entry.spent.input_tokens,
               "out": entry.spent.output_tokens}  # fmt: skip
    if entry.spent.estimated:
        numbers["estimated"] = 1
    # it starts with a line feed, too: after a cut line the next one is complete again
    return f"\n{json.dumps(numbers)}\n".encode()


def _take(chunk: bytes, state: _Read) -> None:
    state.offset += len(chunk)
    *lines, rest = (state.rest + chunk).split(b"\n")
    # the last line has no end yet
    state.rest = rest[:_LONGEST_LINE]
    for line in lines:
        _count(line, state.by_model)


def _count(line: bytes, by_model: dict[str, TokenCounts]) -> None:
    try:
        entry = json.loads(line) if line else None
    except (ValueError, RecursionError):
        return
    if not isinstance(entry, dict) or not isinstance(entry.get("model_id"), str):
        return
    spent = TokenCounts(1, _tokens(entry.get("in")), _tokens(entry.get("out")))
    spent.estimated = int("estimated" in entry)
    by_model.setdefault(entry["model_id"][:_LONGEST_ID], TokenCounts()).add(spent)


def _tokens(value: Any) -> int:  # noqa: ANN401  # JSON is any value
    return value if isinstance(value, int) and 0 <= value < 10**12 else 0
