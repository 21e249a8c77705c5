"""A run over a table: rows are read, sent, repeated and put where they belong.

One thread, that of the caller, reads the table and decides; the senders only send. So the user's
iterator runs where the user wrote it, and no figure needs a lock. At most a window of rows is under
way, so memory does not grow with their number.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NoReturn

from wx_notebook.batch.jobs import Counts, Job, Outcome, RowPlace
from wx_notebook.batch.outputs import Output
from wx_notebook.batch.policy import (
    RunLimits,
    pause_before_retry,
    sentence_of,
    stop_error,
    unreadable_error,
)
from wx_notebook.batch.progress import OnProgress, ProgressMeter
from wx_notebook.batch.reading import ReadRow, RowReader
from wx_notebook.batch.requests import JobSource
from wx_notebook.batch.sender import RowSender, SenderPool, Senders
from wx_notebook.batch.settler import RowSettler
from wx_notebook.batch.shapes import ERROR, Shape
from wx_notebook.errors import BatchStopped, UserFacingError
from wx_notebook.journal import AnswerRecord, BatchOwners, Journal, note_reused
from wx_notebook.session.pipeline import PromptPipeline

#: Rows between the oldest that has not ended and the newest that was read, and their characters.
_WINDOW_ROWS, _WINDOW_CHARACTERS = 10_000, 64_000_000
#: Rows that are read between two looks at what has come back.
_READ_AT_ONCE = 200
#: Seconds between two looks at the clock, and between two snapshots for the display.
_TICK_S, _SHOW_S = 0.1, 0.2
#: Seconds that senders are given to end after an interrupt.
_END_S = 1.0
NOT_SENT = "not sent: the run was stopped before this row"
UNDER_WAY = "stopped while it was under way; it may have been billed"


class BatchRun:
    """One run. `run` reads all rows; `stop` ends it from another thread.

    Parameters
    ----------
    rows
        The rows, read as they are needed; None where the next one has not arrived yet.
    requests
        Makes the request of a row.
    pipeline, journal, batch_id
        Where requests go, and where they are written down.
    shape, output
        What becomes of an answer, and where it goes.
    limits
        When to stop.
    total
        The number of rows, None where only reading tells.
    on_progress
        Called a few times a second, in the thread of the caller.
    senders
        What sends the requests; threads of this process, if not given.
    is_iterator
        Whether the rows are made while they are read.
    """

    hint = "Run it again: rows with an answer are not sent again."
    #: whether anything of it goes on elsewhere
    is_under_way = False

    def __init__(
        self, rows: Iterator[RowPlace | None], requests: JobSource, pipeline: PromptPipeline,
        journal: Journal, batch_id: str, shape: Shape, output: Output, limits: RunLimits, *,
        total: int | None = None, on_progress: OnProgress | None = None,
        senders: Senders | None = None, is_iterator: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.counts = Counts()
        self.meter = ProgressMeter(self.counts, total, clock)
        self.warnings: dict[str, None] = {}
        self._reader = RowReader(
            rows, requests, journal, limits.only_of, clock, is_iterator=is_iterator
        )
        self._requests = requests
        self._pipeline = pipeline
        self._journal = journal
        self._rows_out = RowSettler(
            self.counts, self.meter, shape, output, limits, partial(note_reused, journal, batch_id)
        )
        self._limits = limits
        self._on_progress = on_progress
        self._clock = clock
        self._owners = BatchOwners(journal, batch_id, limits.only_of)
        journal.expect(limits.concurrency)
        self._senders: Senders = senders or SenderPool(
            RowSender(pipeline, journal, batch_id, self._owners).send, limits.concurrency, clock
        )
        self._jobs: dict[bytes, Job] = {}
        self._under_way = 0  # rows whose request is under way
        self._characters = 0
        self._is_held_back = False  # the next row waits until others have ended
        self._ahead = max(4, limits.concurrency)  # rows that wait for a sender
        self._has_begun = False  # an answer to the first request has come
        self._shown_at = float("-inf")
        self._retry_reason = ""
        self._stop_error: BaseException | None = None

    def run(self) -> None:
        """Send all rows.

        Raises
        ------
        BatchStopped
            No other row would fare better, or a limit of the user's is reached.
        KeyboardInterrupt
            The user stopped it.
        Exception
            A row could not be written.
        """
        try:
            with self._owners.owning():
                while not self._is_finished():
                    if self._stop_error is not None:
                        raise self._stop_error
                    self._feed()
                    self._collect()
                    self._show()
            if self._reader.error is not None:
                raise unreadable_error(self.counts.finished, self._reader.error)
        except BaseException:
            self._abandon()
            raise
        finally:
            self._senders.close(_END_S)
            self._rows_out.close()
            self._show(force=True)

    def stop(self, error: BaseException) -> None:
        """End the run with this error, from another thread."""
        self._stop_error = error

    def _is_finished(self) -> bool:
        return self._reader.is_exhausted and not self._jobs and not self._reader

    # --- reading -------------------------------------------------------------------------------

    def _feed(self) -> None:
        """Read rows until the senders have enough to do."""
        self._is_held_back = False
        if not self._has_room():
            return
        self._reader.look_again()
        for _ in range(_READ_AT_ONCE):
            if (room := self._room()) <= 0:
                return
            if (row := self._reader.first(room)) is None:
                if self._reader.is_exhausted:
                    self.meter.total = self.counts.finished + self._under_way
                return
            if not self._take(row):
                self._is_held_back = True
                return
            self._reader.take_off()

    def _has_room(self) -> bool:
        """Whether it is time to read: half of what the senders have in store is gone."""
        return self._room() > (self._ahead // 2 if self._has_begun else 0)

    def _room(self) -> int:
        """Return how many more rows the senders should have."""
        if not self._has_begun:
            # the first request goes alone: it tells the limit, and whether all of this works
            return int(not self._jobs)
        window = _WINDOW_ROWS - (self._newest() - self._oldest_under_way())
        if self._characters >= _WINDOW_CHARACTERS:
            return 0
        free = self._limits.concurrency - len(self._jobs)
        return min(max(free, self._ahead - self._senders.ready), window)

    def _take(self, row: ReadRow) -> bool:
        """Send a row, or settle it without; return False if the budget has no room for it yet."""
        job, found, place = row.job, row.found, row.place
        if job is None:
            self._rows_out.fail(place, row.problem)
            return True
        running = self._jobs.get(job.key)
        if running is not None:
            self.counts.equal += 1
            running.places.append(place)
            self._under_way += 1
            return True
        if isinstance(found, AnswerRecord):
            is_own = self._requests.is_own(found) and not self._owners.is_anothers(found)
            self.counts.equal += is_own
            self.counts.reused += not is_own
            self._rows_out.succeed(job, found, is_paid=False)
            return True
        if found is not None and not self._owners.sends(found):
            self.counts.unknown += 1
            if not self._limits.resend:
                self._rows_out.fail(place, "may have been billed in an earlier run; --no-resend")
                return True
        if not self._limits.reserve(job.estimate, self.counts.tokens, is_alone=not self._jobs):
            self.counts.unknown -= found is not None and not self._owners.sends(found)
            return False
        self._jobs[job.key] = job
        self._under_way += 1
        self._characters += len(job.prompt)
        self._senders.put(job)
        return True

    def _newest(self) -> int:
        return self.counts.finished + self._under_way

    def _oldest_under_way(self) -> int:
        first = next(iter(self._jobs.values()), None)
        return first.places[0].number if first is not None else self._newest()

    # --- sending -------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Settle what has come back; wait for something if there is nothing else to do."""
        reader = self._reader
        is_waiting = reader.is_exhausted or not self._has_room() or self._is_held_back
        is_waiting = (is_waiting and bool(self._jobs)) or reader.is_late
        try:
            settled = self._senders.settled.get(timeout=_TICK_S) if is_waiting else (
                self._senders.settled.get_nowait()
            )  # fmt: skip
            while True:
                self._settle(*settled)
                settled = self._senders.settled.get_nowait()
        except queue.Empty:
            pass

    def _settle(self, job: Job, outcome: Outcome | BaseException) -> None:
        if isinstance(outcome, BaseException):
            raise outcome
        self.counts.sent += job.sends
        job.sends = 0
        if outcome.answer is not None:
            self._has_begun, is_paid = True, outcome.fate == "done"
            self.counts.reused += 0 if is_paid else len(job.places)
            self.warnings |= dict.fromkeys(outcome.warnings)
            # the job is left last: an interrupt in between finds it in the output or here
            self._rows_out.succeed(job, outcome.answer, is_paid=is_paid)
            self._leave(job)
            return
        error = outcome.error
        assert error is not None  # noqa: S101  # without an answer there is an error
        if outcome.fate == "stop":
            job.is_sent = error.maybe_billed
            raise stop_error(error)
        self._rows_out.count_paid(outcome.usage)
        pause_s = pause_before_retry(job, outcome, resend=self._limits.resend)
        if pause_s is not None:
            self.counts.repeated += outcome.fate != "elsewhere"
            if outcome.fate == "billed":
                job.resent += 1
                self.counts.resent += 1
            self._retry_reason = error.message.split("\n")[0].rstrip(".")
            self._senders.put(job, pause_s)
            return
        self._has_begun = True
        for place in job.places:
            self._rows_out.fail(place, sentence_of(error))
        self._leave(job)
        self._limits.check_service(error, has_answers=self.counts.done > 0)

    def _leave(self, job: Job) -> None:
        del self._jobs[job.key]
        self._under_way -= len(job.places)
        self._characters -= len(job.prompt)
        self._limits.release(job.estimate)

    def _abandon(self) -> None:
        """End what is under way, take what has come, and say of each other row why it has none."""
        self._senders.close(0)
        self._pipeline.cancel(_refuse_as_stopped)
        self._senders.close(_END_S)
        self._journal.flush()
        with contextlib.suppress(queue.Empty):
            while True:
                job, outcome = self._senders.settled.get_nowait()
                if isinstance(outcome, Outcome) and outcome.answer is not None:
                    self.counts.sent += job.sends
                    with contextlib.suppress(UserFacingError):
                        self._rows_out.succeed(job, outcome.answer, is_paid=True)
                    self._leave(job)
        places = [
            (place, job.is_sent or job.resent > 0)
            for job in self._jobs.values() for place in job.places
        ]  # fmt: skip
        self._jobs.clear()
        places += [(place, False) for place in self._reader.places]
        for place, is_sent in sorted(places):
            self._rows_out.put(place, {ERROR: UNDER_WAY if is_sent else NOT_SENT})

    def put_rest(self) -> None:
        """Put the rows of a table in memory that a stopped run has not read."""
        for place in self._reader.unread():
            self._rows_out.put(place, {ERROR: NOT_SENT})

    # --- showing -------------------------------------------------------------------------------

    def _show(self, *, force: bool = False) -> None:
        now = self._clock()
        if self._on_progress is None or (not force and now - self._shown_at < _SHOW_S):
            return
        self._shown_at = now
        self._on_progress(self.meter.snapshot("" if force else self._waiting()))

    def _waiting(self) -> str:
        paused_s = self._pipeline.state.service.limiter.paused_s()
        if paused_s > 0:
            return f"waiting {paused_s:.0f} s for the rate limit"
        due_s = self._senders.next_due_s()
        is_idle = self._jobs and due_s is not None and self._senders.is_idle
        return f"waiting {due_s:.0f} s: {self._retry_reason}" if is_idle else ""


def _refuse_as_stopped() -> NoReturn:
    raise BatchStopped("The run was stopped.")
