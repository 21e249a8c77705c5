"""Writing to the ledger in the background: within a second, and at exit.

A prompt does not wait for the disk. Its tokens are queued, and the thread of a timer writes the
queue. Reading the tokens of a day includes the queued ones.
"""

from __future__ import annotations

import atexit
import datetime as dt
import sys
import threading
from collections import deque
from dataclasses import replace
from typing import TypeVar

from wx_notebook.forking import begin_anew_after_fork
from wx_notebook.usage.ledger import Ledger, LedgerEntry, TokenCounts

_Key = TypeVar("_Key")
#: A kernel that is killed later than this after an answer loses no count.
DELAY_S = 0.5


class LedgerWriter:
    """The queue in front of a ledger.

    Parameters
    ----------
    ledger
        The files; with None everything is kept in memory.
    delay_s
        An entry is written this long after it was added, with those that came after it.

    Attributes
    ----------
    trouble
        Why the latest entries could not be written, "" if they were. Entries that could not stay in
        memory, and are written with the next ones.
    """

    def __init__(self, ledger: Ledger | None, *, delay_s: float = DELAY_S) -> None:
        self.trouble = ""
        self._ledger = ledger
        self._delay_s = delay_s
        self._kept: dict[tuple[dt.date, str], TokenCounts] = {}
        self._begin(is_child=False)
        begin_anew_after_fork(self)

    def begin_in_forked_child(self) -> None:
        """Start without the queue and the thread of the parent process, which go on there."""
        self._begin(is_child=True)

    def _begin(self, *, is_child: bool) -> None:
        # reentrant: garbage collection may settle an abandoned answer in the middle of any of this.
        # While a thread holds it, it waits for no other lock.
        self._lock = threading.RLock()
        # held while the disk is read or written, so that no entry is counted twice or left out
        self._disk_lock = threading.RLock()
        self._queue: deque[LedgerEntry] = deque()
        self._timer: threading.Timer | None = None
        # the children of `multiprocessing` end without `atexit`: they write at once
        self._is_child = is_child or _is_multiprocessing_child()

    def add(self, day: dt.date, model_id: str, spent: TokenCounts) -> None:
        """Queue the tokens of one prompt. What cannot be written later is kept in memory."""
        with self._lock:
            self._queue.append(LedgerEntry(day, model_id, spent))
            must_write = self._ledger is None or self._is_child or not self._timer_started()
        # another thread that is writing now looks again when it has finished
        while must_write and self._disk_lock.acquire(blocking=False):
            try:
                has_written = self._write()
            finally:
                self._disk_lock.release()
            must_write = has_written and bool(self._queue)

    def flush(self) -> None:
        """Write the queue now, with what could not be written before."""
        with self._disk_lock:
            self._write()

    def _write(self) -> bool:
        """Write the queue, and return whether that worked."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
                atexit.unregister(self.flush)
            entries, self._queue = self._queue, deque()
            if self._ledger is None:
                for entry in entries:
                    _add(self._kept, (entry.day, entry.model_id), entry.spent)
                return True
        try:
            self._ledger.write(entries)
            self.trouble = ""
        except OSError as error:
            reason = error.strerror or error
            self.trouble = f"Jupyter's data folder cannot be written ({reason})"
        finally:
            with self._lock:
                self._queue.extendleft(reversed(entries))
        return not self.trouble

    def by_model(self, day: dt.date) -> dict[str, TokenCounts]:
        """Return the tokens of a day in all notebooks, by model."""
        with self._disk_lock:
            by_model = self._ledger.by_model(day) if self._ledger is not None else {}
            for (entry_day, model_id), spent in self._in_memory().items():
                if entry_day == day:
                    _add(by_model, model_id, spent)
        return by_model

    def days(self, number: int, today: dt.date) -> list[int]:
        """Return the tokens of each of the last days, today's at the end."""
        with self._disk_lock:
            totals = self._ledger.days(number, today) if self._ledger is not None else [0] * number
            for (day, _), spent in self._in_memory().items():
                age = (today - day).days
                if 0 <= age < number:
                    totals[number - 1 - age] += spent.total_tokens
        return totals

    def _in_memory(self) -> dict[tuple[dt.date, str], TokenCounts]:
        """Return what is not on disk, or not yet."""
        with self._lock:
            counts = {key: replace(spent) for key, spent in self._kept.items()}
            for entry in self._queue:
                _add(counts, (entry.day, entry.model_id), entry.spent)
        return counts

    def _timer_started(self) -> bool:
        """Start the timer unless it runs; return False where there are no threads any more."""
        if self._timer is None:
            timer = threading.Timer(self._delay_s, self.flush)
            timer.daemon = True
            timer.name = "wx-usage"
            try:
                timer.start()
            except RuntimeError:  # the interpreter is ending, or a browser's Python has no threads
                return False
            self._timer = timer
            atexit.register(self.flush)
        return True


def _is_multiprocessing_child() -> bool:
    """Whether this process was made by `multiprocessing`, which a child has always imported."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _add(counts: dict[_Key, TokenCounts], key: _Key, spent: TokenCounts) -> None:
    counts.setdefault(key, TokenCounts()).add(spent)
