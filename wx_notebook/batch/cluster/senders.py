"""The kernel's side: rows go to the scheduler, and what comes back is on disk before it counts."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from wx_notebook.batch.cluster.exchange import Row
from wx_notebook.batch.cluster.filled_rows import ON_WORKER
from wx_notebook.batch.cluster.partitions import FilledRow, PartitionRows
from wx_notebook.batch.cluster.spec import TokenInTransit, fingerprint, spent_tokens, unpack_outcome
from wx_notebook.batch.jobs import Job, JobQueue, Outcome
from wx_notebook.batch.sender import elsewhere_outcome
from wx_notebook.errors import BatchStopped, ServiceDown, WatsonxError
from wx_notebook.journal import AnswerRecord, BatchOwners, Journal, JournalError
from wx_notebook.session import Session
from wx_notebook.templates import estimate_tokens

#: How long a call to the scheduler waits for news.
_WAIT_S = 0.5
#: So long a run waits for a worker when all have ended: Dask starts a new one within seconds.
_NO_WORKER_S = 20.0
#: Of what concerns all rows.
_NOBODY = Job(b"", ON_WORKER, "", [], 0)


class ClusterSenders:
    """Sends jobs on the workers of a cluster; as `SenderPool` does in threads.

    Parameters
    ----------
    call
        Calls the exchange at the scheduler.
    session, journal, batch_id
        Whose tokens the workers get, and where rows are written down.
    source
        The partitions.
    most
        The ceiling of requests at once.
    owners
        Know what other kernels send.
    """

    def __init__(
        self, call: Callable[..., Any], session: Session, journal: Journal, batch_id: str,
        source: PartitionRows, most: int, *, owners: BatchOwners,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.settled: queue.SimpleQueue[tuple[Job, Outcome | BaseException]] = queue.SimpleQueue()
        self._call = call
        self._session = session
        self._journal = journal
        self._batch_id = batch_id
        self._owners = owners
        self._source = source
        # those that wait at the scheduler take the place of one that has ended without a pause
        self._most = most + max(4, most // 4)
        self._clock = clock
        self._queue = JobQueue(clock)
        self._under_way: dict[Row | None, Job] = {}
        self._room = threading.Condition()
        self._is_closing = self._is_stopped = self._is_ended = False
        self._had_workers_at = clock()
        self._feeder, self._listener = (
            threading.Thread(target=self._guarded, args=(work,), daemon=True, name="wx-cluster")
            for work in (self._hand_over, self._listen)
        )
        self._feeder.start()
        self._listener.start()

    # --- for the run ---------------------------------------------------------------------------

    @property
    def ready(self) -> int:
        """How many jobs wait to be handed over."""
        return self._queue.ready

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def next_due_s(self) -> float | None:
        """Return the seconds until the pause of the next job ends, None where none pauses."""
        return self._queue.next_due_s()

    def put(self, job: Job, pause_s: float = 0.0) -> None:
        """Send a job, after a pause."""
        self._queue.put(job, pause_s)

    def close(self, patience_s: float) -> None:
        """Send no further job, and wait so long for those that are under way."""
        self._is_closing = True
        self._source.stop()
        self._queue.close()
        if not patience_s or self._is_ended:
            return
        ends_at = self._clock() + patience_s
        # what it is about to hand over would come too late
        self._feeder.join(patience_s)
        if not self._is_stopped:
            self._is_stopped = True
            with contextlib.suppress(Exception):
                self._forget_unsent(self._call("stop"))
        with self._room:
            while self._under_way and (left := ends_at - self._clock()) > 0:
                self._room.wait(left)
        self._is_ended = True
        self._leave(*self._under_way.values())
        with contextlib.suppress(Exception):
            self._call("end")

    def _forget_unsent(self, rows: Iterable[Sequence[int]]) -> None:
        jobs = [job for row in rows if (job := self._under_way.get((row[0], row[1]))) is not None]
        for job in jobs:
            job.is_sent = False
            self._leave(job)
        self._journal.forget_starts([job.key for job in jobs if not job.resent])

    # --- to the scheduler ----------------------------------------------------------------------

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # whatever it is, the run must hear of it
            if not self._is_ended:
                self.settled.put((_NOBODY, _gone(error)))

    def _hand_over(self) -> None:
        while (first := self._queue.get()) is not None:
            with self._room:
                while (free := self._most - len(self._under_way)) <= 0 and not self._is_closing:
                    self._room.wait(_WAIT_S)
            if self._is_closing:
                return
            self._start([first, *self._queue.get_ready(free - 1)])

    def _start(self, jobs: list[Job]) -> None:
        sent: list[Job] = []
        meter = self._session.state.meter
        for job in jobs:
            try:
                meter.reserve(estimate_tokens(job.prompt), meter.budgets())
            except WatsonxError as error:
                self.settled.put((job, Outcome("stop", error=error)))
                continue
            self._under_way[job.row] = job
            sent.append(job)
        positions = [(job.key, job.places[0].position) for job in sent]
        try:
            self._journal.start_all(positions, self._batch_id)
        except JournalError as error:
            self._leave(*sent)
            self.settled.put((_NOBODY, Outcome("stop", error=error)))
            return
        mine = [job for job in sent if not self._is_elsewhere(job)]
        for job in mine:
            job.attempts += 1
            job.is_sent = True
        self._call("put", rows=[job.row for job in mine], over=[], answers=[])
        if self._is_ended:
            # it was closed meanwhile, and has left only those that it saw
            self._leave(*mine)

    def _is_elsewhere(self, job: Job) -> bool:
        """Return whether another kernel sends a row; then the run hears of it."""
        if (found := self._owners.elsewhere(job.key)) is None:
            return False
        self._leave(job)
        self.settled.put((job, elsewhere_outcome(found)))
        return True

    # --- from the scheduler --------------------------------------------------------------------

    def _listen(self) -> None:
        while not self._is_ended:
            if over := self._source.take_over():
                self._call("put", rows=[], over=over, answers=[])
            news = self._call("events", wait_s=_WAIT_S)
            if news is None:
                raise OSError("it has forgotten this run")
            if self._session.state.is_closed and not self._is_closing:
                # the token source says why
                self._session.state.token_source.token()
            self._session.state.service.limiter.follow(news["rate"], news["paused_s"])
            self._take(news["told"])
            self._source.check_senders()
            self._check_workers(news["workers"])

    def _check_workers(self, number: int) -> None:
        now = self._clock()
        if number:
            self._had_workers_at = now
        elif now - self._had_workers_at > _NO_WORKER_S:
            raise BatchStopped(
                "All workers of the cluster have ended.",
                hint="Their logs say why; a package that your table needs has to be installed "
                "there, too. Start them, then run it again: rows with an answer are not sent "
                "again.",
            )

    def _take(self, told: Iterable[Sequence[Any]]) -> None:
        ended: list[tuple[Job, Outcome, int]] = []
        for what, *facts in told:
            if what == "done":
                job = self._under_way.get((facts[0], facts[1]))
                if job is not None:
                    ended.append((job, unpack_outcome(facts[2], job.prompt), facts[2]["sends"]))
            elif what == "rows":
                self._source.arrive(facts[0], [FilledRow(*row) for row in facts[1]])
            elif what == "lost":
                self._lose(*facts)
            else:
                threading.Thread(
                    target=self._guarded, args=(lambda f=facts: self._answer(*f),), daemon=True
                ).start()
        if ended:
            self._settle(ended)

    def _lose(self, worker: str, rows: Iterable[Sequence[int]]) -> None:
        error = ServiceDown(f"The worker {worker} was lost.", hint="Run it again.")
        error.maybe_billed = True
        lost = [job for row in rows if (job := self._under_way.get((row[0], row[1]))) is not None]
        self._settle([(job, Outcome("billed", error=error), 1) for job in lost])

    def _settle(self, ended: Sequence[tuple[Job, Outcome, int]]) -> None:
        """Write down what came back, all at once, and hand it to the run."""
        hide = self._session.state.transport.redaction.without_secrets
        records: list[tuple[bytes, AnswerRecord]] = []
        free: list[bytes] = []
        outcomes: list[tuple[Job, Outcome]] = []
        for job, outcome, sends in ended:
            job.sends += sends
            if outcome.answer is not None:
                record = replace(
                    outcome.answer, position=job.places[0].position, at=time.time(),
                    text=hide(outcome.answer.text), prompt=hide(job.prompt),
                )  # fmt: skip
                outcome = outcome._replace(answer=record)  # noqa: PLW2901
                records.append((job.key, record))
            elif not (outcome.maybe_billed or job.resent):
                free.append(job.key)
                job.is_sent = False
            self._count(job, outcome)
            outcomes.append((job, outcome))
        try:
            self._journal.finish_all(records, self._batch_id)
            self._journal.forget_starts(free)
        except JournalError as error:
            self.settled.put((_NOBODY, Outcome("stop", error=error)))
            return
        for job, outcome in outcomes:
            self._leave(job)
            self.settled.put((job, outcome))

    def _count(self, job: Job, outcome: Outcome) -> None:
        """Count the tokens of a request where every prompt of this kernel is counted."""
        answer = outcome.answer
        model_id = answer.model_id if answer is not None else ""
        if (spent := spent_tokens(outcome, job.prompt)) is not None:
            self._session.state.meter.count(model_id or "unknown", spent)

    def _leave(self, *jobs: Job) -> None:
        """End what is under way for these jobs, and their reservations; once for each."""
        with self._room:
            left = [job for job in jobs if self._under_way.pop(job.row, None) is not None]
            self._room.notify_all()
        for job in left:
            self._session.state.meter.release(estimate_tokens(job.prompt))

    def _answer(self, number: int, topic: str, about: str) -> None:
        """Give a worker an access token; another one if it has the present one already."""
        answer: TokenInTransit | None = None
        source = self._session.state.token_source
        try:
            token = source.token()
            if fingerprint(token.value) == about and source.renewable:
                source.discard(token.value)
                token = source.token()
            answer = TokenInTransit(token.value)
        except WatsonxError as error:
            self.settled.put((_NOBODY, Outcome("stop", error=error)))
        self._call("put", rows=[], over=[], answers=[(number, answer)])


def _gone(error: Exception) -> BaseException:
    if isinstance(error, BatchStopped):
        return error
    if isinstance(error, WatsonxError):
        return BatchStopped(f"{type(error).__name__}: {error.message}", hint=error.hint)
    return BatchStopped(
        f"The scheduler of the cluster cannot be reached any more ({type(error).__name__}).",
        hint="Start the cluster, then run it again: rows with an answer are not sent again.",
    )
