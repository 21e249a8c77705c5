"""Sending one row, and what its error means for it and for the others."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeAlias

from wx_notebook.answer import Answer
from wx_notebook.batch.jobs import Job, JobQueue, Outcome, RowPlace
from wx_notebook.batch.outputs import Output
from wx_notebook.batch.requests import JobSource
from wx_notebook.errors import (
    AnswerCut,
    HostRefused,
    KeyRefused,
    ModelError,
    NotConnected,
    ProjectError,
    QuotaSpent,
    RateLimited,
    ServiceDown,
    TokenRefused,
    UnknownRegion,
    WatsonxError,
)
from wx_notebook.journal import AnswerRecord, BatchOwners, Found, JournalError, answer_record
from wx_notebook.journal.records import StartedRecord
from wx_notebook.session.fitting import fitting_answer
from wx_notebook.session.pipeline import PromptPipeline
from wx_notebook.settings import SettingsFiles, read_files, read_once

#: No other row would fare better: a dead key, a spent quota, a withdrawn model, a log out.
STOPS = (
    NotConnected, KeyRefused, TokenRefused, ProjectError, QuotaSpent, ModelError, HostRefused,
    UnknownRegion, JournalError,
)  # fmt: skip
#: So often a row is sent once more whose new token was refused, too: it may have been revoked while
#: the row was on its way.
_MOST_RENEWALS = 3
#: So often the files of the settings are looked at, for a budget in them.
_SETTINGS_S = 1.0


#: Takes what became of a job; called in any thread.
Settle: TypeAlias = Callable[[Job, Outcome], None]


class SentRows(Protocol):
    """Where a sender writes down its rows: the journal, or nothing where another process does."""

    def start(self, key: bytes, batch_id: str, position: int) -> None:
        """Write down that a request is about to be sent."""

    def finish(
        self, key: bytes, batch_id: str, answer: AnswerRecord,
        on_disk: Callable[[WatsonxError | None], None],
    ) -> None:  # fmt: skip
        """Write down its answer; see `Journal.finish`."""

    def forget_start(self, key: bytes) -> None:
        """Write down that it cost nothing."""


class RowSender:
    """Sends rows by the way of every prompt, and writes them into the journal.

    Parameters
    ----------
    pipeline
        Sends prompts.
    journal
        Keeps what was started and what is done.
    batch_id
        The batch in the journal.
    owners
        Know what other kernels send; None where another process has asked them.
    """

    def __init__(
        self, pipeline: PromptPipeline, journal: SentRows, batch_id: str,
        owners: BatchOwners | None = None,
    ) -> None:  # fmt: skip
        self._pipeline = pipeline
        self._journal = journal
        self._batch_id = batch_id
        self._owners = owners

    def send(self, job: Job, settle: Settle) -> None:
        """Send a job once. When `settle` is called with an answer, the journal has it."""
        job.attempts += 1
        job.is_sent = False
        elsewhere: Outcome | None = None

        def on_send() -> None:
            nonlocal elsewhere
            self._journal.start(job.key, self._batch_id, job.places[0].position)
            if job.is_sent or self._owners is None:
                found: Found = None
            else:
                found = self._owners.elsewhere(job.key)
            if found is not None:
                elsewhere = elsewhere_outcome(found)
                raise WatsonxError("not sent")
            # the repair of an answer that does not fit its schema is sent as well
            job.sends += 1
            job.is_sent = True

        error: WatsonxError
        try:
            request = replace(job.request, background=True, on_send=on_send)
            answer = fitting_answer(self._pipeline, request)
            self._finish(job, self._record(job, answer), tuple(answer.warnings), settle)
            return
        except WatsonxError as caught:
            error = caught
        if elsewhere is not None:
            job.attempts -= 1
            settle(job, elsewhere)
            return
        settle(job, self._failed(job, error))

    def _finish(
        self, job: Job, answer: AnswerRecord, warnings: tuple[str, ...], settle: Settle
    ) -> None:
        """Write an answer down. The next row is begun meanwhile, and shares the commit."""

        def on_disk(error: WatsonxError | None) -> None:
            done = Outcome("done", answer, warnings=warnings)
            settle(job, done if error is None else Outcome("stop", error=error))

        self._journal.finish(job.key, self._batch_id, answer, on_disk)

    def _failed(self, job: Job, error: WatsonxError) -> Outcome:
        fate = _fate(error)
        is_renewable = self._pipeline.state.token_source.renewable
        if isinstance(error, TokenRefused) and is_renewable and job.renewals < _MOST_RENEWALS:
            job.renewals += 1
            fate = "retry"
        usage = error.answer.usage if error.answer is not None else None
        outcome = Outcome(fate, error=error, usage=usage)
        # an earlier attempt may have been billed, whatever became of this one
        is_open = outcome.maybe_billed or job.resent > 0
        if not is_open and not isinstance(error, JournalError) and job.is_sent:
            try:
                self._journal.forget_start(job.key)
            except JournalError as caught:
                return Outcome("stop", error=caught)
            job.is_sent = False
        return outcome

    def _record(self, job: Job, answer: Answer) -> AnswerRecord:
        hide = self._pipeline.state.transport.redaction.without_secrets
        return answer_record(answer, job.prompt, hide, position=job.places[0].position)


def elsewhere_outcome(found: AnswerRecord | StartedRecord) -> Outcome:
    """Return the outcome of a row that another kernel sends, or has an answer for."""
    error = WatsonxError(f"another kernel sends the next rows (batch {found.batch_id})")
    return Outcome("elsewhere", found if isinstance(found, AnswerRecord) else None, error)


def _fate(error: WatsonxError) -> str:
    if isinstance(error, STOPS):
        return "stop"
    if error.maybe_billed or isinstance(error, AnswerCut):
        return "billed"
    return "retry" if isinstance(error, RateLimited | ServiceDown) else "failed"


class Senders(Protocol):
    """What sends the jobs of a run.

    Attributes
    ----------
    settled
        What has come back: a job, and its outcome or what should never have been raised.
    """

    settled: queue.SimpleQueue[tuple[Job, Outcome | BaseException]]

    @property
    def ready(self) -> int:
        """How many jobs wait for a sender."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is sent now."""

    def next_due_s(self) -> float | None:
        """Return the seconds until the pause of the next job ends, None where none pauses."""

    def put(self, job: Job, pause_s: float = 0.0) -> None:
        """Send a job, after a pause."""

    def close(self, patience_s: float) -> None:
        """Send no further job, and wait so long for those that are under way."""


class RunParts(NamedTuple):
    """Where the rows of a run come from and go to, and what sends them; see `BatchRun`."""

    rows: Iterator[RowPlace | None]
    requests: JobSource
    output: Output
    senders: Senders | None = None


class SenderPool:
    """Threads that send jobs, as many as there is work for.

    Parameters
    ----------
    send
        Sends a job once, and calls what it is given with the outcome.
    most
        The ceiling of threads.
    clock
        Seconds that never go backwards.
    """

    def __init__(
        self, send: Callable[[Job, Settle], None], most: int, clock: Callable[[], float]
    ) -> None:
        self.settled: queue.SimpleQueue[tuple[Job, Outcome | BaseException]] = queue.SimpleQueue()
        self._send = send
        self._most = most
        self._clock = clock
        self._queue = JobQueue(clock)
        self._threads: list[threading.Thread] = []
        #: what the files of the settings said, and until when that counts
        self._settings: tuple[SettingsFiles | None, float] = None, 0.0

    @property
    def ready(self) -> int:
        """How many jobs wait for a thread."""
        return self._queue.ready

    @property
    def is_idle(self) -> bool:
        """Whether no thread sends anything now."""
        return self._queue.idle == len(self._threads)

    def next_due_s(self) -> float | None:
        """Return the seconds until the pause of the next job ends, None where none pauses."""
        return self._queue.next_due_s()

    def put(self, job: Job, pause_s: float = 0.0) -> None:
        """Send a job, after a pause."""
        self._queue.put(job, pause_s)
        if self._queue.idle < self._queue.ready and len(self._threads) < self._most:
            thread = threading.Thread(target=self._work, daemon=True, name="wx-row")
            self._threads.append(thread)
            thread.start()

    def close(self, patience_s: float) -> None:
        """Send no further job, and wait so long for those that are under way."""
        self._queue.close()
        ends_at = self._clock() + patience_s
        for thread in self._threads:
            thread.join(max(ends_at - self._clock(), 0.0))

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            self._send_now(job)

    def _send_now(self, job: Job) -> None:
        try:
            with read_once(self._recent_settings()):
                self._send(job, self._settle)
        except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
            self.settled.put((job, error))

    def _recent_settings(self) -> SettingsFiles:
        """Return what the files of the settings say: one of the threads looks for all."""
        files, until = self._settings
        if files is None or self._clock() >= until:
            files = read_files()
            self._settings = files, self._clock() + _SETTINGS_S
        return files

    def _settle(self, job: Job, outcome: Outcome) -> None:
        self.settled.put((job, outcome))
