"""A run over a table by the service's own batch jobs: handed over, waited for, put beside its rows.

Rows go out in parts, each of them a file and a job. A pass over the table sends what has no answer
and is not under way; what came back may need another pass (an answer of another shape is asked for
once more, a budget lets the next part go). The last pass puts each answer beside its row. What is
under way stands in the journal, so whoever runs the same cell again waits for the same jobs.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

from wx_notebook.batch.jobs import Counts, Job, RowPlace
from wx_notebook.batch.outputs import Output
from wx_notebook.batch.policy import RunLimits, sentence_of, stop_error, unreadable_error
from wx_notebook.batch.progress import OnProgress, ProgressMeter
from wx_notebook.batch.requests import RowRequests
from wx_notebook.batch.row_source import RowSource
from wx_notebook.batch.sender import STOPS
from wx_notebook.batch.service_jobs import ServiceJobs
from wx_notebook.batch.service_missing import MissingRows
from wx_notebook.batch.service_parts import PartSender
from wx_notebook.batch.service_results import Fetched
from wx_notebook.batch.service_settler import JobSettler
from wx_notebook.batch.service_watch import JobWatch
from wx_notebook.batch.settler import RowSettler
from wx_notebook.batch.shapes import ERROR, Shape
from wx_notebook.errors import BatchStopped, RateLimited, ServiceDown, WatsonxError
from wx_notebook.journal import JobLog, JobRecord, Journal, JournalError, note_reused
from wx_notebook.service import Request
from wx_notebook.service.batches import ServiceBatch
from wx_notebook.session.pipeline import PromptPipeline
from wx_notebook.session.schema_form import forgo_schema
from wx_notebook.templates import RowError

#: Seconds that an interrupt may take to put what is there beside its rows.
_END_S = 0.8
_NOT_LOOKED_UP = "stopped before it was looked up: run it again, and what was paid for is there"


class ServiceRun:
    """One run. It has the members of `BatchRun`, whose parameters it takes.

    Parameters
    ----------
    rows
        The rows; they are gone through several times.
    """

    def __init__(
        self, rows: RowSource, requests: RowRequests, pipeline: PromptPipeline, journal: Journal,
        batch_id: str, shape: Shape, output: Output, limits: RunLimits, *,
        total: int | None = None, on_progress: OnProgress | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.counts = Counts()
        self.meter = ProgressMeter(self.counts, total, clock)
        self.warnings: dict[str, None] = {}
        self._rows = rows
        self._requests = requests
        self._pipeline = pipeline
        self._batch_id = batch_id
        self._limits = limits
        self._clock = clock
        self._output = output
        self._log = JobLog(journal)
        self._jobs = ServiceJobs(pipeline.state, self._log)
        self._stop = threading.Event()
        self._stop_error: BaseException | None = None
        self._watch = JobWatch(self._jobs, self._stop, self._show)
        self._missing = MissingRows(requests, journal, self._log, limits, shape, self.counts)
        note = partial(note_reused, journal, batch_id)
        unlimited = limits.without_errors()
        self._rows_out = RowSettler(self.counts, self.meter, shape, output, unlimited, note)
        self._settler = JobSettler(requests, journal, self._log, limits, self._rows_out)
        self._on_progress = on_progress
        self._parts = PartSender(
            self._jobs, batch_id, limits, pipeline.state.meter, self._begin_job, self._refuse
        )
        self._first_error: WatsonxError | None = None
        self._read_error: Exception | None = None
        self._end_error: BatchStopped | None = None
        self._counted = 0  # rows before this number are counted
        self._put = 0  # rows before this number are in the output
        self._needs_pass = True
        self._sample: Request | None = None

    @property
    def hint(self) -> str:
        """What to do after it ended early."""
        batches = {job.batch_id for job in self._watch.jobs.values()}
        if not (batches or self.is_under_way):
            return "Run it again: rows with an answer are not sent again."
        return (
            "It goes on at the service: run this again to wait for it, and no row is sent twice. "
            f"%watsonx batches cancel {next(iter(batches), self._batch_id)} cancels it."
        )

    @property
    def is_under_way(self) -> bool:
        """Whether a job of this run goes on at the service."""
        return any(job.is_open for job in self._log.jobs(self._batch_id))

    def run(self) -> None:
        """Send what has no answer, wait, and put each answer beside its row.

        Raises
        ------
        BatchStopped
            No row was answered, or a limit of the user's is reached.
        KeyboardInterrupt
            The user stopped waiting.
        Exception
            A row could not be written.
        """
        try:
            while self._needs_pass and self._end_error is None:
                self._needs_pass = False
                self._send()
                self._wait()
            self._settler.begin()
            self._settle()
        except BaseException:
            self._settle_soon()
            raise
        finally:
            self._rows_out.close()
            self._show_end()
        self._log.forget(self._settler.useless)
        if self._end_error is not None:
            raise self._end_error
        if self._read_error is not None:
            raise unreadable_error(self.counts.finished, self._read_error)
        self._limits.check_errors(self.counts)
        if isinstance(self._first_error, STOPS) and not self.counts.done:
            raise stop_error(self._first_error)

    def _settle_soon(self) -> None:
        """Put rows for as long as an interrupt may take; `put_rest` has the others."""
        ends_at = self._clock() + _END_S
        self._settler.begin()
        with contextlib.suppress(Exception):
            self._settle(lambda: self._clock() > ends_at)

    def stop(self, error: BaseException) -> None:
        """End the run with this error, from another thread."""
        self._stop_error = error
        self._stop.set()

    def put_rest(self) -> None:
        """Put the rows that a stopped run has not come to."""
        for place in self._rows:
            if place.number >= self._put:
                self._output.put(place, {ERROR: _NOT_LOOKED_UP})

    # --- sending -------------------------------------------------------------------------------

    def _send(self) -> None:
        """Go through the rows, and send those that have no answer and are not under way."""
        try:
            for place in self._read_rows():
                self._check_stop()
                is_first = place.number >= self._counted
                self._counted = max(self._counted, place.number + 1)
                with contextlib.suppress(RowError):
                    if not self._take(self._requests.job(place), is_first=is_first):
                        break
            else:
                # an iterator has told its length
                self.meter.total = self._counted
            self._parts.send()
        except WatsonxError as error:
            # what is under way is waited for before anything else
            if not self._watch.jobs or isinstance(error, JournalError):
                raise
            if isinstance(error, RateLimited | ServiceDown):
                self._needs_pass = True
            else:
                self._end_error = stop_error(error)
        self._parts.clear()

    def _read_rows(self) -> Iterator[RowPlace]:
        """Yield the rows; a table that cannot be read on ends, and the rows before it count."""
        rows = iter(self._rows)
        while True:
            try:
                place = next(rows, None)
            except Exception as error:  # noqa: BLE001  # the user's own iterator may raise anything
                self._read_error = error
                return
            if place is None:
                return
            yield place

    def _take(self, job: Job, *, is_first: bool) -> bool:
        """Add a row to the part that is sent next; return False if the budget has no room yet."""
        if job.key in self._parts:
            self.counts.equal += is_first
            return True
        request = self._missing.request_for(job, is_first=is_first)
        if isinstance(request, JobRecord):
            self.counts.equal += is_first and request.batch_id == self._batch_id
            self._watch.add(request)
            return True
        if request is None:
            return True
        self._sample = request
        is_alone = not (self._watch.jobs or len(self._parts))
        if self._parts.add(job, request, used=self.counts.tokens, is_alone=is_alone):
            return True
        self._needs_pass = True
        return False

    def _begin_job(self, job: JobRecord, found: ServiceBatch) -> None:
        self.counts.sent += job.rows
        self._watch.add(job, found)
        self._show()

    def _refuse(self, key: bytes, error: WatsonxError) -> None:
        self._missing.errors[key] = sentence_of(error)

    # --- waiting -------------------------------------------------------------------------------

    def _wait(self) -> None:
        """Wait until all jobs have ended, and fetch each as soon as it has."""
        for job, found in self._watch.ended():
            self._check_stop()
            fetched = self._jobs.fetch(job, found, self._missing.is_fit)
            self._parts.release(job)
            self._note(fetched)
            if found.status == "failed":
                self._end_error = BatchStopped(
                    next(iter(fetched.errors.values()), "the service's batch job failed")
                )
            if job.batch_id != self._batch_id:
                number = sum(spent.prompts for spent in fetched.usage.values())
                note = "answers were under way from an earlier run: fetched, and nothing sent"
                self.warnings[f"{number:,} {note}"] = None
                self._jobs.close_batch(job.batch_id)
        self._needs_pass |= self._watch.take_unmade()
        self._check_stop()

    def _note(self, fetched: Fetched) -> None:
        counts = self.counts
        for spent in fetched.usage.values():
            counts.input_tokens += spent.input_tokens
            counts.output_tokens += spent.output_tokens
        self.warnings |= dict.fromkeys(fetched.notes())
        if fetched.was_fetched or fetched.unfit - self._missing.asked_twice:
            self._needs_pass = True
        refusal, sample = None if fetched.usage else fetched.schema_refusal, self._sample
        if refusal and sample and forgo_schema(self._pipeline.state, sample, refusal):
            # from now on the prompts say it, and none of these errors is their last word
            self._needs_pass = True
            return
        self._missing.errors |= fetched.errors
        self._first_error = self._first_error or fetched.first_error

    def _check_stop(self) -> None:
        if self._stop_error is not None:
            raise self._stop_error

    # --- the end -------------------------------------------------------------------------------

    def _settle(self, is_late: Callable[[], bool] = lambda: False) -> None:
        """Put what is known of each row beside it, as long as there is time."""
        for place in self._read_rows():
            if is_late():
                return
            self._settler.settle(place, self._missing.errors)
            self._put = place.number + 1

    # --- showing -------------------------------------------------------------------------------

    def _show_end(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.meter.snapshot())

    def _show(self) -> None:
        """Show how far the jobs are; their rows count as done when the service says so."""
        completed, failed = self._watch.figures()
        shown = Counts(done=self.counts.reused + completed, failed=failed)
        try:
            self._limits.check_errors(shown)
        except BatchStopped:
            for job in self._watch.jobs.values():
                with contextlib.suppress(WatsonxError):
                    self._jobs.cancel(job)
            raise
        shown.input_tokens, shown.output_tokens = (
            self.counts.input_tokens, self.counts.output_tokens,
        )  # fmt: skip
        self.meter.counts = shown
        if self._on_progress is not None:
            self._on_progress(self.meter.snapshot(self._watch.state_line()))
        self.meter.counts = self.counts
