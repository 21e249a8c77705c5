"""Which rows of a table are sent, in its order, and how a run reads them ahead of its senders."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from wx_notebook.batch.jobs import Job, RowPlace
from wx_notebook.batch.requests import JobSource
from wx_notebook.batch.tables import SourceTable
from wx_notebook.journal import Found, Journal
from wx_notebook.options import Options
from wx_notebook.templates import RowError

#: `--sample` chooses the same rows each time, so that a second run finds its answers.
_SEED = 20
#: What is read at once: rows, their characters, and the seconds that it may take.
_MOST_ROWS, _MOST_CHARACTERS, _LONGEST_S = 200, 1_000_000, 0.01


def read_rows(table: SourceTable, options: Options, columns: Sequence[str]) -> Iterator[RowPlace]:
    """Yield the rows that the options choose, with the values of these columns."""
    numbered = enumerate(table.rows(columns))
    if options.rows is not None:
        numbered = islice(numbered, options.rows)  # type: ignore[assignment]
    if options.sample is not None:
        numbered = _sampled(numbered, options.sample, table.height)  # type: ignore[assignment]
    for number, (position, values) in enumerate(numbered):
        yield RowPlace(number, position, values)


def number_of_rows(table: SourceTable, options: Options) -> int | None:
    """Return how many rows the options choose, None where only reading tells."""
    limit = options.rows if options.rows is not None else options.sample
    if table.height is None:
        return None
    return table.height if limit is None else min(limit, table.height)


def sampled_positions(size: int, height: int) -> list[int]:
    """Return the positions that a sample of a table has whose height was not known before."""
    rows = ((at, ()) for at in range(height))
    return [at for at, _ in _sampled(rows, size, None)]


def _sampled(
    rows: Iterator[tuple[int, tuple[Any, ...]]], size: int, height: int | None
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    chance = random.Random(_SEED)  # noqa: S311  # a choice that can be repeated, no secret
    if height is not None:
        chosen = set(chance.sample(range(height), min(size, height)))
        yield from (row for row in rows if row[0] in chosen)
        return
    kept: list[tuple[int, tuple[Any, ...]]] = []
    for at, row in enumerate(rows):
        # (reservoir sampling: each row has the same chance, however many follow)
        if at < size:
            kept.append(row)
        elif (place := chance.randrange(at + 1)) < size:
            kept[place] = row
    yield from sorted(kept, key=lambda row: row[0])


class ReadRow(NamedTuple):
    """A row that was read.

    Attributes
    ----------
    job
        Its request, None for a row that is not sent because of its `problem`.
    found
        Its answer in the journal, or that it was started.
    """

    place: RowPlace
    job: Job | None
    problem: str
    found: Found


class RowReader:
    """Reads the rows of a table for a run.

    Parameters
    ----------
    rows
        The rows; None where the next one has not arrived yet.
    requests
        Makes the request of a row.
    journal, only_of
        Has the answers of earlier runs, or only those of one run.
    is_iterator
        Whether the rows are made while they are read.

    Attributes
    ----------
    is_exhausted
        There is no other row, or the table could not be read further because of `error`.
    is_late
        The next row has not arrived yet.
    """

    def __init__(
        self, rows: Iterator[RowPlace | None], requests: JobSource, journal: Journal,
        only_of: str, clock: Callable[[], float] = time.monotonic, *, is_iterator: bool = False,
    ) -> None:  # fmt: skip
        self.is_exhausted = self.is_late = False
        self.error: Exception | None = None
        self._rows = rows
        self._requests = requests
        self._journal = journal
        self._only_of = only_of
        self._clock = clock
        # an iterator may take its time, and the row before is not to wait for it
        self._most = 1 if is_iterator else _MOST_ROWS
        # a row stays in the first until it is settled: an interrupt may come at any point
        self._places: deque[RowPlace] = deque()
        self._ready: deque[ReadRow] = deque()
        self._is_old_news = False

    def __len__(self) -> int:
        """Return how many rows were read and not taken off."""
        return len(self._places)

    def first(self, most: int) -> ReadRow | None:
        """Return the first row; where there is none, read up to so many.

        Returns None if there is no other row, or none yet.
        """
        if not self._ready:
            self._read(most)
        elif self._is_old_news:
            self._ready = self._looked_up([row[:3] for row in self._ready])
        self._is_old_news = False
        return self._ready[0] if self._ready else None

    def look_again(self) -> None:
        """Ask the journal once more for the rows that were read: others have ended meanwhile."""
        self._is_old_news = True

    def take_off(self) -> None:
        """Take the first row off: it is settled, or its request is under way."""
        self._ready.popleft()
        self._places.popleft()

    def unread(self) -> Iterator[RowPlace]:
        """Yield the rows that were not read."""
        return (place for place in self._rows if place is not None)

    @property
    def places(self) -> tuple[RowPlace, ...]:
        """The rows that were read and not taken off."""
        return tuple(self._places)

    def _read(self, most: int) -> None:
        rows: list[tuple[RowPlace, Job | None, str]] = []
        characters = 0
        until = self._clock() + _LONGEST_S
        for _ in range(min(most, self._most)):
            place = self._next()
            if place is None:
                break
            self._places.append(place)
            job, problem = None, ""
            try:
                job = self._requests.job(place)
                characters += len(job.prompt)
            except RowError as error:
                problem = str(error)
            rows.append((place, job, problem))
            if characters > _MOST_CHARACTERS or self._clock() > until:
                break
        self._ready = self._looked_up(rows)

    def _looked_up(self, rows: Sequence[tuple[RowPlace, Job | None, str]]) -> deque[ReadRow]:
        keys = [job.key for _, job, _ in rows if job is not None]
        found = iter(self._journal.find_all(keys, self._only_of) if keys else ())
        return deque(ReadRow(*row, next(found) if row[1] is not None else None) for row in rows)

    def _next(self) -> RowPlace | None:
        """Return the next row, None where there is none yet or no other, or the table is broken."""
        try:
            self.is_late = (row := next(self._rows)) is None
            return row
        except StopIteration:
            pass
        except Exception as error:  # noqa: BLE001  # the user's own iterator may raise anything
            # the rows that are under way end first: they are paid for
            self.error = error
        self.is_exhausted, self.is_late = True, False
        return None
