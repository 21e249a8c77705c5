"""Rows on their way: the request of a row, and the queue that its senders take it from."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wx_notebook.errors import WatsonxError
from wx_notebook.journal import AnswerRecord
from wx_notebook.service import Request, Usage

#: Of a column of labels: how many there are, and how long one is.
_MOST_LABELS, _LONGEST_LABEL = 12, 40


class RowPlace(NamedTuple):
    """A row of the table: its number in this run, its place in the table, and its values."""

    number: int
    position: int
    values: tuple[Any, ...]


@dataclass(slots=True, eq=False)
class Job:
    """A request that answers one row, or several equal ones.

    Attributes
    ----------
    request
        An empty one, where a worker of a cluster has it.
    estimate
        The most tokens that it may cost.
    attempts, resent
        How often it was tried, and how often of these after it may have been billed.
    renewals
        How often its token was refused, and the next one, too.
    sends
        How many requests have left since these were counted: an answer that does not fit its schema
        is asked for once more.
    is_sent
        Whether its last attempt has left, so that an interrupt leaves open what became of it.
    row
        On a cluster: the number of its partition, and its place there.
    """

    key: bytes
    request: Request
    prompt: str
    places: list[RowPlace]
    estimate: int
    attempts: int = 0
    sends: int = 0
    resent: int = 0
    renewals: int = 0
    is_sent: bool = False
    row: tuple[int, int] | None = None


class Outcome(NamedTuple):
    """What became of one attempt: an answer, or an error, in one of five ways.

    Attributes
    ----------
    fate
        "done", "failed" (of this row alone), "retry", "billed" (retry, but it may have been
        billed), "elsewhere" (another kernel sends it), or "stop" (no other row would fare better).
    warnings
        What the service or we have to say about the answer.
    usage
        The tokens of an answer that no row gets, such as one that fits no schema.
    """

    fate: str
    answer: AnswerRecord | None = None
    error: WatsonxError | None = None
    warnings: tuple[str, ...] = ()
    usage: Usage | None = None

    @property
    def maybe_billed(self) -> bool:
        """Whether it may have cost something, and nobody knows whether it did."""
        return self.fate == "billed" or (self.error is not None and self.error.maybe_billed)


class JobQueue:
    """Jobs for the senders: those that are ready, and those whose pause has to pass first.

    Parameters
    ----------
    clock
        Seconds that never go backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        self._ready: deque[Job] = deque()
        self._later: list[tuple[float, int, Job]] = []
        self._condition = threading.Condition(threading.Lock())
        self._idle = 0
        self._is_closed = False

    @property
    def ready(self) -> int:
        """How many jobs wait for a sender."""
        return len(self._ready)

    @property
    def idle(self) -> int:
        """How many senders wait for a job."""
        return self._idle

    def next_due_s(self) -> float | None:
        """Return the seconds until the pause of the next job ends, None where none pauses."""
        with self._condition:
            return max(self._later[0][0] - self._clock(), 0.0) if self._later else None

    def put(self, job: Job, pause_s: float = 0.0) -> None:
        """Add a job, ready after a pause."""
        with self._condition:
            if pause_s > 0:
                heapq.heappush(self._later, (self._clock() + pause_s, next(self._numbers), job))
            else:
                self._ready.append(job)
            self._condition.notify()

    def get(self) -> Job | None:
        """Return the next job as soon as there is one; None once the queue is closed."""
        with self._condition:
            self._idle += 1
            try:
                while not self._is_closed:
                    now, due = self._clock(), []
                    while self._later and self._later[0][0] <= now:
                        due.append(heapq.heappop(self._later)[2])
                    # before those that were never sent: one more pause at the end would hold up all
                    self._ready.extendleft(reversed(due))
                    if self._ready:
                        return self._ready.popleft()
                    pause_s = self._later[0][0] - now if self._later else None
                    self._condition.wait(pause_s)
                return None
            finally:
                self._idle -= 1

    def get_ready(self, most: int) -> list[Job]:
        """Return jobs that are ready now, and no more than so many."""
        with self._condition:
            return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]

    def close(self) -> list[Job]:
        """Let every sender end, and return the jobs that none has taken."""
        with self._condition:
            self._is_closed = True
            left = [*self._ready, *(job for _, _, job in self._later)]
            self._ready.clear()
            self._later.clear()
            self._condition.notify_all()
            return left


@dataclass(slots=True)
class Counts:
    """The figures of a run, as the bar and the last line show them.

    Attributes
    ----------
    done, failed
        Rows.
    reused, equal
        Rows with an answer from the journal, and rows that are equal to an earlier one; both are
        among the others.
    sent
        Requests, counted at each attempt; `repeated` and `resent` of these were sent again, and
        `resent` may have been billed before.
    unknown
        Rows that were under way when an earlier run ended.
    cut
        Rows whose answer reached its limit of tokens.
    labels
        For each new column with a few short values: how often each of them came.
    """

    done: int = 0
    failed: int = 0
    reused: int = 0
    equal: int = 0
    sent: int = 0
    repeated: int = 0
    resent: int = 0
    unknown: int = 0
    cut: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    labels: dict[str, dict[str, int] | None] = field(default_factory=dict)

    @property
    def finished(self) -> int:
        """Rows that have ended, with or without an answer."""
        return self.done + self.failed

    def tally(self, cells: Mapping[str, Any]) -> None:
        """Count the values of a row that may be labels."""
        for column, value in cells.items():
            known = self.labels.setdefault(column, {})
            if known is None:
                continue
            label = str(value)
            if len(label) > _LONGEST_LABEL or isinstance(value, list | dict | float):
                self.labels[column] = None
                continue
            known[label] = known.get(label, 0) + 1
            if len(known) > _MOST_LABELS:
                # these are no labels
                self.labels[column] = None

    @property
    def tokens(self) -> int:
        """Tokens that this run has paid for."""
        return self.input_tokens + self.output_tokens
