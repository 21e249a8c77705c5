"""The partitions of a table, and their rows as the workers have filled them in."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Protocol

from distributed.protocol.pickle import dumps

from wx_notebook.batch.cluster.exchange import Row
from wx_notebook.batch.jobs import RowPlace
from wx_notebook.errors import BadOption, BatchStopped, foreign_reason

#: States of a task of Dask from which it does not come back by itself.
_ENDED_BADLY = ("error", "cancelled", "lost")


class FilledRow(NamedTuple):
    """A row as a worker has filled it in: its prompt, or why it has none."""

    prompt: str | None
    problem: str
    key: bytes
    estimate: int


class Part(NamedTuple):
    """A partition: what its task takes, and its rows where the kernel has them."""

    argument: Any
    places: list[RowPlace] | None = None


@dataclass(slots=True, eq=False)
class _Open:
    """A partition that is sent."""

    part: Part
    future: Any
    filled: list[FilledRow] | None = None
    begin: int = 0
    given: int = 0
    ended: int = 0

    @property
    def has_no_sender(self) -> bool:
        """Whether its rows have arrived, and the task that sends them has ended before them."""
        states = (*_ENDED_BADLY, "finished")
        return self.filled is not None and self.future.status in states

    def cancel(self) -> None:
        """Let its task go."""
        with contextlib.suppress(Exception):
            self.future.cancel()


class Submit(Protocol):
    """Begins the task of a partition, and returns its future."""

    def __call__(self, argument: Any, number: int) -> Any:  # noqa: ANN401
        """Begin it."""


class PartitionRows:
    """The rows of all partitions, from several of them in turn.

    Rows come from as many partitions in turn as there are workers, and as many others are filled in
    meanwhile. What has not arrived is not waited for: `rows` yields None then.

    Parameters
    ----------
    parts
        The partitions, in the order of the table.
    submit
        Begins the task of one.
    at_once
        How many are sent at the same time.
    most
        Only so many rows of the table, None for all.
    """

    def __init__(
        self, parts: Iterator[Part], submit: Submit, *, at_once: int, most: int | None = None
    ) -> None:
        self._parts = parts
        self._submit = submit
        self._at_once = at_once
        self._most = most
        self._open: dict[int, _Open] = {}
        self._count = 0  # partitions that were begun
        self._placed = 0  # of these, those whose rows have their numbers
        self._turn: deque[int] = deque()
        self._next: deque[int] = deque()  # partitions that have arrived, and not had a turn
        self._filled: dict[int, tuple[Row, FilledRow]] = {}
        self._is_exhausted = self._is_stopped = False
        self._lock = threading.Lock()
        #: the rows of each partition, as far as they are known without a gap
        self.lengths: list[int] = []
        self._over: list[int] = []  # partitions of which every row has ended

    # --- from other threads --------------------------------------------------------------------

    def arrive(self, number: int, filled: list[FilledRow]) -> None:
        """Take the rows of a partition; of one whose worker was lost they are known already."""
        with self._lock:
            one = self._open.get(number)
            if one is not None and one.filled is None:
                one.filled = filled

    def take_over(self) -> list[int]:
        """Return the partitions of which every row has ended since the last call."""
        with self._lock:
            over, self._over = self._over, []
            return over

    def check_senders(self) -> None:
        """Refuse to wait for a sender that does not come back: each worker that had it was lost.

        Raises
        ------
        BatchStopped
            There is one, and rows of its partition have not ended.
        """
        with self._lock:
            gone = [(n, one.future) for n, one in self._open.items() if one.has_no_sender]
        if gone and not self._is_stopped:
            number, future = gone[0]
            raise BatchStopped(
                f"No worker sends partition {number:,} any more: {reason_of(future)}",
                hint="Look at client.get_worker_logs(), then run it again: rows with an answer are "
                "not sent again.",
            )

    # --- for the run ---------------------------------------------------------------------------

    def rows(self) -> Iterator[RowPlace | None]:
        """Yield the rows, and None where none has arrived yet.

        Raises
        ------
        BadOption
            A partition cannot be computed.
        """
        while not self._is_stopped:
            self._begin_more()
            self._place_arrived()
            while self._next and len(self._turn) < self._at_once:
                self._turn.append(self._next.popleft())
            if not self._turn:
                if self._is_exhausted and self._placed == self._count:
                    return
                self._check_failed()
                yield None
                continue
            number = self._turn.popleft()
            one = self._open[number]
            assert one.filled is not None  # noqa: S101  # it has its turn
            at = one.given
            one.given += 1
            if one.given < self._wanted(one):
                self._turn.append(number)
            place = one.part.places[at] if one.part.places is not None else (
                RowPlace(one.begin + at, one.begin + at, ())
            )  # fmt: skip
            self._filled[place.number] = (number, at), one.filled[at]
            yield place
        # of a table that the kernel has: rows that no worker gets any more
        for one in self._open.values():
            yield from (one.part.places or [])[one.given :]
        for part in self._parts:
            yield from part.places or []

    @property
    def is_stopped(self) -> bool:
        """Whether no more rows are sent."""
        return self._is_stopped

    def stop(self) -> None:
        """Begin no more partitions, and forget those that are under way."""
        self._is_stopped = True
        with self._lock:
            for one in self._open.values():
                one.cancel()

    def _begin_more(self) -> None:
        while not self._is_exhausted and self._unsent() < 2 * self._at_once:
            part = next(self._parts, None)
            if part is None or (self._most is not None and self._known_rows() >= self._most):
                self._is_exhausted = True
                return
            number, self._count = self._count, self._count + 1
            with self._lock:
                self._open[number] = _Open(part, None)
            self._open[number].future = self._submit(part.argument, number)

    def _unsent(self) -> int:
        """Return how many partitions have rows that nobody has taken, or may have."""
        return len(self._turn) + len(self._next) + self._count - self._placed

    def _known_rows(self) -> int:
        return sum(self.lengths) if self._placed == self._count else 0

    def _place_arrived(self) -> None:
        """Give the rows that have arrived their numbers, partition by partition."""
        while (one := self._open.get(self._placed)) is not None and one.filled is not None:
            one.begin = sum(self.lengths)
            self.lengths.append(len(one.filled))
            if self._wanted(one):
                self._next.append(self._placed)
            else:
                self._close(self._placed)
            self._placed += 1

    def _wanted(self, one: _Open) -> int:
        assert one.filled is not None  # noqa: S101  # it has arrived
        whole = len(one.filled)
        return whole if self._most is None else max(min(whole, self._most - one.begin), 0)

    def _check_failed(self) -> None:
        """Raise for the next partition; those before it have been sent, as from anywhere else."""
        one = self._open.get(self._placed)
        if one is not None and one.filled is None and one.future.status in _ENDED_BADLY:
            raise _failed(self._placed, one.future)

    def filled(self, place: RowPlace) -> tuple[Row, FilledRow]:
        """Return where a row is, and its prompt."""
        return self._filled[place.number]

    def row(self, place: RowPlace) -> Row | None:
        """Return where a row is, None for one that has ended."""
        return self._filled.get(place.number, (None, None))[0]

    def end(self, place: RowPlace) -> bool:
        """Note that a row has ended, and return whether its partition is over with it."""
        row, _ = self._filled.pop(place.number, (None, None))
        if row is None:
            return False
        one = self._open[row[0]]
        one.ended += 1
        is_over = one.ended == self._wanted(one)
        if is_over:
            self._close(row[0])
        return is_over

    def _close(self, number: int) -> None:
        with self._lock:
            if not self._is_stopped:
                del self._open[number]
            self._over.append(number)


def _failed(number: int, future: Any) -> BadOption:  # noqa: ANN401  # distributed's own
    return BadOption(
        f"Partition {number:,} could not be read on the workers: {reason_of(future)}",
        hint=f"To see the whole error: df.partitions[{number}].compute()",
    )


def reason_of(future: Any) -> str:  # noqa: ANN401  # distributed's own
    """Return why a task of Dask has failed."""
    error = future.exception() if future.status == "error" else None
    if error is None:
        return f"its task is {future.status}"
    return foreign_reason(error)


def list_parts(places: Iterator[RowPlace], used: Sequence[int], size: int) -> Iterator[Part]:
    """Yield rows that the kernel reads, a few at a time.

    `used` says where the columns of the prompt are. The values are pickled here, because Dask would
    look for its own keys among them.
    """
    while chunk := list(islice(places, size)):
        yield Part(dumps([tuple(one.values[at] for at in used) for one in chunk]), chunk)
