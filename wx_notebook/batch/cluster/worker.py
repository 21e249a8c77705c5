"""What runs on a worker: a partition is filled in, and its rows are sent as the scheduler says.

The way of a row is that of the kernel: the same prompt, the same pipeline, the same sender. The
kernel alone writes the journal, and decides what is repeated.
"""

from __future__ import annotations

import pickle
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from distributed import get_worker, secede
from distributed.utils import sync

from wx_notebook.answer import Answer
from wx_notebook.batch.cluster.spec import RunSpec, TokenInTransit, fingerprint, pack_outcome
from wx_notebook.batch.jobs import Job, Outcome, RowPlace
from wx_notebook.batch.requests import RowRequests
from wx_notebook.batch.sender import RowSender, SenderPool, Settle
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BatchStopped, NotConnected, ServiceDown, WatsonxError
from wx_notebook.journal import AnswerRecord
from wx_notebook.service import Request, Service
from wx_notebook.service.rate_limit import RateLimiter
from wx_notebook.session import Session
from wx_notebook.session.history import History
from wx_notebook.session.pipeline import PromptPipeline
from wx_notebook.templates import RowError, RowPrompt
from wx_notebook.transport import Transport

#: How long a call to the scheduler waits for rows.
_WAIT_S = 1.0
#: Of a row whose request has just left.
_SENT = Outcome("sent")
#: What the limiter learns from.
_LIMIT_HEADERS = ("x-requests-limit-rate", "Retry-After")


def send_partition(part: Any, spec: bytes, number: int) -> None:  # noqa: ANN401
    """Send the rows of a partition until the kernel says that it is done; a task of Dask.

    Parameters
    ----------
    part
        A pandas DataFrame, or a pickled list with the values of each row.
    spec
        A pickled `RunSpec`.
    number
        The number of the partition.
    """
    worker = get_worker()
    # the threads of Dask go on with other partitions
    secede()
    _worker_run(worker, spec).send(part, number)


async def end_run(name: str) -> None:
    """Forget a run on this worker; a coroutine, so that Dask does not wait for it."""
    _forget(name)


def _forget(name: str) -> None:
    with _LOCK:
        run = _RUNS.pop(name, None)
    if run is not None:
        run.close()


_RUNS: dict[str, WorkerRun] = {}
_LOCK = threading.Lock()


def _worker_run(worker: Any, spec: bytes) -> WorkerRun:  # noqa: ANN401
    known: RunSpec = pickle.loads(spec)  # noqa: S301  # a task of the user's own cluster
    with _LOCK:
        run = _RUNS.get(known.run)
        if run is None:
            run = _RUNS[known.run] = WorkerRun(known, SchedulerCalls(worker, known.run))
        return run


class SchedulerCalls:
    """Calls of the exchange at the scheduler, from any thread of a worker."""

    def __init__(self, worker: Any, run: str) -> None:  # noqa: ANN401
        self.address: str = worker.address
        self._worker = worker
        self._run = run

    def __call__(self, what: str, **arguments: Any) -> Any:  # noqa: ANN401
        """Return what the scheduler answers."""
        call = getattr(self._worker.scheduler, f"wx_{what}")
        return sync(self._worker.loop, call, run=self._run, **arguments)


class GrantedSlots(RateLimiter):
    """The limiter of a worker: it has what the one of the scheduler has granted.

    The scheduler hands a row out when it may be sent. A second request for it, such as the repair
    of an answer that does not fit its schema, asks for a slot of its own.
    """

    def __init__(self, call: SchedulerCalls) -> None:
        super().__init__()
        self._call = call
        self._granted = threading.local()
        self.replies: queue.SimpleQueue[tuple[int, dict[str, str]]] = queue.SimpleQueue()

    def grant(self, on_send: Callable[[], None]) -> None:
        """Let this thread send one request without asking, and say when it does."""
        self._granted.one = on_send

    def enter(
        self, check: Callable[[], None], *, background: bool = False,
        on_send: Callable[[], None] | None = None,
    ) -> float:  # fmt: skip
        """Wait until a request may be sent; see `RateLimiter.enter`."""
        began = time.monotonic()
        granted = getattr(self._granted, "one", None)
        if granted is None and not self._call("enter"):
            check()
            raise BatchStopped("The run was stopped.")
        self._granted.one = None
        check()
        waited_s = time.monotonic() - began
        for tell in filter(None, (on_send, granted)):
            tell()
        return waited_s

    def leave(self, status: int, headers: Mapping[str, str]) -> None:
        """Keep what the limiter of the scheduler learns from."""
        told = {name: headers[name] for name in _LIMIT_HEADERS if name in headers}
        self.replies.put((status, told))


class _NoJournal:
    """The kernel writes it."""

    def start(self, key: bytes, batch_id: str, position: int) -> None:
        """Write nothing."""

    def finish(
        self, key: bytes, batch_id: str, answer: AnswerRecord,
        on_disk: Callable[[WatsonxError | None], None],
    ) -> None:  # fmt: skip
        """Write nothing."""
        on_disk(None)

    def forget_start(self, key: bytes) -> None:
        """Write nothing."""


class WorkerRun:
    """One run on this worker: a session with access tokens of the kernel's, and its threads."""

    def __init__(self, spec: RunSpec, call: SchedulerCalls) -> None:
        self._call = call
        self._last_token = ""
        self._is_paced = False  # the limiter wants to know when a row was sent
        self._slots = GrantedSlots(call)
        self._spec = spec
        self._pipeline = self._new_pipeline(spec)
        prompt = RowPrompt(
            spec.text, spec.columns, spec.names,
            {"refused_types": (Secret, Session), "text_types": (Answer,)},
        )  # fmt: skip
        self._requests = RowRequests(
            prompt, tuple(range(len(spec.columns))), self._pipeline, spec.options, time.time()
        )
        self._sender = RowSender(self._pipeline, _NoJournal(), spec.run)
        self._pool = SenderPool(self._send, spec.options.concurrency, time.monotonic)
        threading.Thread(target=self._report, daemon=True, name="wx-outcomes").start()

    def _new_pipeline(self, spec: RunSpec) -> PromptPipeline:
        params = ConnectionParams("the kernel", token=self._token, **spec.connection)
        # kept: a session that is let go renews no token
        self._session = Session(params, transport=Transport())
        state = self._session.state
        service = Service(state.transport, state.endpoints, state.token_source, limiter=self._slots)
        return PromptPipeline(replace(state, service=service), History())

    def _token(self) -> Secret:
        """Return an access token of the kernel's session."""
        answer = self._call("ask", topic="token", about=self._last_token)
        if not isinstance(answer, TokenInTransit):
            raise NotConnected(
                "The kernel gave this worker no access token.",
                hint="Workers get one only over tls:// or on the kernel's own machine.",
            )
        self._last_token = fingerprint(answer.open())
        return answer.open()

    def send(self, part: Any, number: int) -> None:  # noqa: ANN401
        """Fill in a partition, tell the kernel its rows, and send those that come back."""
        filled: list[tuple[Any, ...]] = []
        jobs: dict[int, Job] = {}
        for at, values in enumerate(self._rows_of(part)):
            try:
                job = self._requests.job(RowPlace(at, at, values))
            except RowError as problem:
                filled.append((None, str(problem), b"", 0))
                continue
            job.row = (number, at)
            jobs[at] = job
            filled.append((str(job.prompt), "", job.key, job.estimate))
        instance = uuid.uuid4().hex
        if not self._call(
            "rows", partition=number, instance=instance, worker=self._call.address, filled=filled,
            length=len(filled),
        ):  # fmt: skip
            return
        del filled
        while True:
            turn = self._call("take", partition=number, instance=instance, wait_s=_WAIT_S)
            self._is_paced = turn["is_paced"]
            for at in turn["rows"]:
                self._pool.put(jobs[at])
            if turn["is_stopped"]:
                self._pipeline.cancel(_refuse_as_stopped)
            if turn["is_gone"]:
                _forget(self._spec.run)
            if turn["is_over"]:
                return

    def _rows_of(self, part: Any) -> Iterable[tuple[Any, ...]]:  # noqa: ANN401
        if isinstance(part, bytes):
            rows: list[tuple[Any, ...]] = pickle.loads(part)  # noqa: S301  # of the user's kernel
            return rows
        names = list(map(str, part.columns))
        return zip(*(part.iloc[:, names.index(name)] for name in self._spec.columns), strict=True)

    def _send(self, job: Job, settle: Settle) -> None:
        self._slots.grant(lambda: self._note_sent(job))
        self._sender.send(job, settle)

    def _note_sent(self, job: Job) -> None:
        if self._is_paced:
            self._pool.settled.put((job, _SENT))

    def _report(self) -> None:
        """Tell the scheduler what became of rows, together what came at the same time."""
        settled = self._pool.settled
        while True:
            items = [settled.get()]
            items += [settled.get_nowait() for _ in range(settled.qsize())]
            replies = [self._slots.replies.get() for _ in range(self._slots.replies.qsize())]
            sent, told = [], []
            for job, outcome in items:
                if job.row is None:
                    return
                if outcome is _SENT:
                    sent.append(job.row)
                    continue
                if isinstance(outcome, BaseException):
                    fault = ServiceDown(f"The worker failed ({type(outcome).__name__}).")
                    outcome = Outcome("stop", error=fault)  # noqa: PLW2901
                told.append((*job.row, pack_outcome(outcome, job.sends, job.prompt)))
                job.sends = 0
            self._call("done", sent=sent, outcomes=told, replies=replies)

    def close(self) -> None:
        """End what is under way, and forget the token."""
        self._pipeline.close(_refuse_as_stopped)
        self._pool.close(0)
        self._pool.settled.put((Job(b"", Request(""), "", [], 0), Outcome("stop")))


def _refuse_as_stopped() -> NoReturn:
    raise BatchStopped("The run was stopped.")
