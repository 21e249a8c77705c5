"""How many tokens this user has spent on each day, in all notebooks: kept across kernels.

One line a prompt is appended to a file of that day and machine, in Jupyter's data folder. A line
holds a model's id and numbers, and nothing else: no prompt, no answer, no project, no key. To
append a short line is one step for the operating system, so kernels at the same time, and a kernel
that is killed, lose nothing that was written; a line that a full disk has torn is skipped. (A
database would have to lock, and on the network drives that homes of a JupyterHub are, locks fail.)
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NAME = re.compile(r"(\d{4}-\d\d-\d\d)-[0-9a-f]{8}\.jsonl")
#: Of days before these nothing is kept.
KEPT_DAYS = 31
_CHUNK = 1 << 16
#: A pipe of such a name would hold the kernel, a link lead elsewhere; Windows knows text files.
_CAREFULLY = (
    getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
#: No model has a longer name; a longer line is none of ours.
_LONGEST_ID, _LONGEST_LINE = 200, 1_000


@dataclass(slots=True)
class Spent:
    """Prompts and their tokens; `estimated` counts the prompts whose tokens are an estimate."""

    prompts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: int = 0

    @property
    def total_tokens(self) -> int:
        """Read and written together."""
        return self.input_tokens + self.output_tokens

    def add(self, other: Spent) -> None:
        """Take another one in."""
        self.prompts += other.prompts
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.estimated += other.estimated


@dataclass(slots=True)
class _Read:
    """How far a file has been read, and what stood there."""

    inode: int
    offset: int = 0
    rest: bytes = b""
    by_model: dict[str, Spent] = field(default_factory=dict)


def usage_folder() -> Path:
    """Return where the files lie: in Jupyter's data folder."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "wx_notebook" / "usage"


class Ledger:
    """The files of `folder`; see the module.

    Parameters
    ----------
    folder
        Where they lie; looked up at the first use.
    host
        What tells this machine from others that share the folder.
    """

    def __init__(
        self, folder: Callable[[], Path] = usage_folder, *, host: str = platform.node()
    ) -> None:
        self._folder = folder
        self._found: Path | None = None
        # the name of a machine is nobody's matter; it only has to differ
        self._host = hashlib.sha256(host.encode()).hexdigest()[:8]
        self._lock = threading.Lock()
        self._files: dict[str, _Read] = {}
        self._pruned: dt.date | None = None

    def add(self, day: dt.date, model_id: str, spent: Spent) -> None:
        """Write what one prompt has spent.

        Raises
        ------
        OSError
            It cannot be written.
        """
        entry = {"model_id": model_id[:_LONGEST_ID], "in": spent.input_tokens,
                 "out": spent.output_tokens}  # fmt: skip
        if spent.estimated:
            entry["estimated"] = 1
        # it begins with a line feed, too: behind a torn line the next one is whole again
        line = f"\n{json.dumps(entry)}\n".encode()
        with self._opened(day) as descriptor:
            written = os.write(descriptor, line)
        if written < len(line):
            raise OSError("only a part could be written")
        self._prune(day)

    def by_model(self, day: dt.date) -> dict[str, Spent]:
        """Return what was spent on a day, for each model; what cannot be read is not counted."""
        found: dict[str, Spent] = {}
        with self._lock:
            for name, of in self._names():
                if of == day:
                    for model_id, spent in self._read(name).items():
                        found.setdefault(model_id, Spent()).add(spent)
        return found

    def days(self, last: int, today: dt.date) -> list[int]:
        """Return the tokens of each of the last days, today's at the end."""
        totals = dict.fromkeys((today - dt.timedelta(days=n) for n in reversed(range(last))), 0)
        with self._lock:
            for name, day in self._names():
                if day in totals:
                    totals[day] += sum(one.total_tokens for one in self._read(name).values())
        return list(totals.values())

    def _path(self) -> Path:
        problem = ""
        try:
            if self._found is None:
                self._found = self._folder()
            return self._found
        except Exception as error:  # noqa: BLE001  # a home that does not exist, for instance
            problem = f"its place is not known: {error}"
        raise OSError(problem)

    @contextlib.contextmanager
    def _opened(self, day: dt.date) -> Iterator[int]:
        path = f"{self._path()}{os.sep}{day.isoformat()}-{self._host}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _CAREFULLY
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
        found = []
        with contextlib.suppress(OSError):
            for name in os.listdir(self._path()):  # noqa: PTH208  # names are all that is needed
                if match := _NAME.fullmatch(name):
                    with contextlib.suppress(ValueError):
                        found.append((name, dt.date.fromisoformat(match[1])))
        return found

    def _read(self, name: str) -> dict[str, Spent]:
        """Return what stands in a file; only what was added since the last time is read."""
        state = self._files.get(name)
        try:
            descriptor = os.open(self._path() / name, os.O_RDONLY | _CAREFULLY)
        except OSError:
            return state.by_model if state is not None else {}
        try:
            about = os.fstat(descriptor)
            if state is None or state.inode != about.st_ino or about.st_size < state.offset:
                state = self._files[name] = _Read(about.st_ino)
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


def _take(chunk: bytes, state: _Read) -> None:
    state.offset += len(chunk)
    *lines, rest = (state.rest + chunk).split(b"\n")
    # a line without an end is not a line yet, or never will be
    state.rest = rest[:_LONGEST_LINE]
    for line in lines:
        _count(line, state.by_model)


def _count(line: bytes, by_model: dict[str, Spent]) -> None:
    try:
        entry = json.loads(line) if line else None
    except (ValueError, RecursionError):
        return
    if not isinstance(entry, dict) or not isinstance(entry.get("model_id"), str):
        return
    spent = Spent(1, _tokens(entry.get("in")), _tokens(entry.get("out")))
    spent.estimated = int("estimated" in entry)
    by_model.setdefault(entry["model_id"][:_LONGEST_ID], Spent()).add(spent)


def _tokens(value: Any) -> int:  # noqa: ANN401  # JSON is any value
    return value if isinstance(value, int) and 0 <= value < 10**12 else 0
