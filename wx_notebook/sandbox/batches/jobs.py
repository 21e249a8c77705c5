"""Batch jobs: a file of prompts, which is answered line by line as time goes on.

Nothing runs in the background: whoever asks for a job first brings it to where it should be by now.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wx_notebook.sandbox.batches.files import (
    OUTPUT,
    FileStore,
    StoredFile,
    file_error,
    list_document,
)
from wx_notebook.sandbox.batches.lines import (
    ENDPOINT,
    chat_request,
    problem,
    problems_of,
    result_line,
)
from wx_notebook.sandbox.http.fault_effects import refuse_schema
from wx_notebook.sandbox.http.faults import FaultSwitches
from wx_notebook.sandbox.http.messages import (
    Document,
    ErrorResponse,
    Reply,
    Request,
    json_object,
    ok,
)
from wx_notebook.sandbox.inference.gateway import gateway_error

WINDOW = "24h"
_WINDOW_S = 86_400
#: Shares of the time of a job until its lines are begun, and until all are answered.
_VALIDATED, _ANSWERED = 0.1, 0.9
_ENDS = frozenset({"completed", "failed", "expired", "cancelled"})
_MOST_LISTED = 100
#: So many lines are answered before other clients get their turn.
_LINES_PER_TURN = 20


@dataclass(slots=True)
class BatchJob:
    """One job.

    Attributes
    ----------
    scope_field, scope
        What it is billed to: "project_id" or "space_id", and its id.
    began
        By the clock of the store, not the date.
    lines
        The lines of the file, in the order in which they are answered.
    answers, errors
        Lines of its two result files.
    fate
        How a fault lets it end: "failed" or "expired", "" without one.
    """

    id: str
    scope_field: str
    scope: str
    input_file: str
    metadata: Document
    created_at: int
    began: float
    lines: list[bytes]
    fate: str = ""
    status: str = "validating"
    done: int = 0
    answers: list[bytes] = field(default_factory=list)
    errors: list[bytes] = field(default_factory=list)
    times: dict[str, int] = field(default_factory=dict)
    problems: list[Document] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def document(self) -> Document:
        """Return the batch object; its times are seconds (recorded)."""
        counts = {"total": len(self.lines), "completed": len(self.answers)}
        document: Document = {
            "id": self.id,
            "object": "batch",
            "endpoint": ENDPOINT,
            "input_file_id": self.input_file,
            "completion_window": WINDOW,
            "status": self.status,
            "created_at": self.created_at,
            **self.times,
            "expires_at": self.created_at + _WINDOW_S,
            "request_counts": {**counts, "failed": len(self.errors)},
            "metadata": self.metadata,
            **self.files,
        }
        if self.problems:
            document["errors"] = {"object": "list", "data": self.problems}
        return document


class JobStore:
    """The jobs of all projects.

    Parameters
    ----------
    files
        Where their files lie.
    answer
        Answers one chat: the prompt endpoint of the sandbox.
    job_s
        Seconds that a job takes; with 0 it is completed when it is made.
    clock, wall_clock
        Seconds that never go backwards, and epoch seconds.
    faults
        Those that hit a line.

    Attributes
    ----------
    answered
        The `custom_id` of each line that was answered with a text, and so paid for, in order.
    are_errors_inline
        Whether failed lines stand in the output file. Which file they are in is not public.
    """

    def __init__(
        self,
        files: FileStore,
        answer: Callable[[str, Request], Any],
        job_s: float,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        faults: FaultSwitches,
    ) -> None:
        self._faults = faults
        self._files = files
        self._answer = answer
        self._job_s = job_s
        self._clock = clock
        self._wall_clock = wall_clock
        self._jobs: dict[str, BatchJob] = {}
        self._runtime = str(uuid.uuid4())
        self.answered: list[str] = []
        self.are_errors_inline = False

    async def create(self, field_name: str, scope: str, request: Request, fate: str) -> Reply:
        """Answer `POST /ml/v1/batches`; `fate` is how a fault lets the job end."""
        body = json_object(request.body)
        if body is None:
            raise file_error(400, "invalid_request", "The body must be a JSON object.")
        for name, value in (("endpoint", ENDPOINT), ("completion_window", WINDOW)):
            if body.get(name) != value:
                # no other value stands in any public source
                raise file_error(400, "invalid_request", f"'{name}' must be {value}.", name)
        metadata = body.get("metadata") or {}
        if not isinstance(metadata, dict) or not all(
            isinstance(value, str) for value in metadata.values()
        ):
            raise file_error(400, "invalid_request", "'metadata' maps texts to texts.", "metadata")
        file = self._files.find(scope, str(body.get("input_file_id")))
        job = self._job(field_name, file, metadata, fate)
        self._jobs[job.id] = job
        await self._advance(job)
        return ok(job.document())

    async def list(self, scope: str, request: Request) -> Reply:
        """Answer `GET /ml/v1/batches`, the newest first."""
        jobs = [each for each in reversed(self._jobs.values()) if each.scope == scope]
        for job in jobs:
            await self._advance(job)
        documents = [job.document() for job in jobs]
        return ok(list_document(documents, request.query, _MOST_LISTED))

    async def one(self, scope: str, job_id: str) -> Reply:
        """Answer `GET /ml/v1/batches/{id}`."""
        job = self._find(scope, job_id)
        await self._advance(job)
        return ok(job.document())

    async def cancel(self, scope: str, job_id: str) -> Reply:
        """Answer `POST /ml/v1/batches/{id}/cancel`.

        Raises
        ------
        ErrorResponse
            500, in the form of the gateway (recorded): the job has ended.
        """
        job = self._find(scope, job_id)
        await self._advance(job)
        if job.status in _ENDS:
            message = f"failed to cancel batch: it is {job.status}"
            raise gateway_error(500, "Internal Server Error", message)
        self._enter(job, "cancelling")
        return ok(job.document())

    def _find(self, scope: str, job_id: str) -> BatchJob:
        job = self._jobs.get(job_id)
        if job is None or job.scope != scope:
            raise file_error(404, "batch_not_found", f"No batch {job_id[:100]!r} was found.")
        return job

    def _job(self, field_name: str, file: StoredFile, metadata: Document, fate: str) -> BatchJob:
        lines = [line for line in file.data.split(b"\n") if line.strip()]
        # (a fixed seed: the answers come in another order than the lines, in each run the same)
        random.Random(len(self._jobs)).shuffle(lines)  # noqa: S311  # no secrecy
        return BatchJob(
            f"batch-{secrets.token_urlsafe(40)}",
            field_name,
            file.scope,
            file.id,
            {**metadata, "runtime_instance_id": self._runtime},
            int(self._wall_clock()),
            self._clock(),
            lines,
            fate,
        )

    # --- as time goes on -----------------------------------------------------------------------

    async def _advance(self, job: BatchJob) -> None:
        """Bring a job to where it should be by now."""
        async with job.lock:
            if job.status in _ENDS:
                return
            if job.status == "cancelling":
                self._end(job, "cancelled")
                return
            since = self._clock() - job.began
            elapsed = min(since, _WINDOW_S)
            share = elapsed / self._job_s if self._job_s else 1.0
            if job.status == "validating" and share >= _VALIDATED:
                self._validate(job)
            if job.status == "in_progress":
                await self._answer_lines(job, share)
            if job.status == "in_progress" and since >= _WINDOW_S:
                self._end(job, "expired")
            if job.status == "finalizing" and share >= 1:
                self._end(job, "completed")

    def _validate(self, job: BatchJob) -> None:
        lines = self._files.find(job.scope, job.input_file).data.split(b"\n")
        job.problems = problems_of([line for line in lines if line.strip()])
        if job.fate == "failed":
            job.problems = [problem("server_error", "The job failed (a sandbox fault).", None)]
        if job.problems:
            self._enter(job, "failed")
        else:
            self._enter(job, "in_progress")

    async def _answer_lines(self, job: BatchJob, share: float) -> None:
        most = len(job.lines)
        due = int(most * min((share - _VALIDATED) / (_ANSWERED - _VALIDATED), 1.0))
        due = most // 2 if job.fate == "expired" else due
        while job.done < due:
            await self._answer_line(job, job.lines[job.done])
            job.done += 1
            if job.done % _LINES_PER_TURN == 0:
                await asyncio.sleep(0)
        if job.fate == "expired" and share >= _ANSWERED:
            self._end(job, "expired")
        elif job.done == most:
            self._enter(job, "finalizing")

    async def _answer_line(self, job: BatchJob, line: bytes) -> None:
        document = json.loads(line)
        request = chat_request(document, job.scope_field, job.scope)
        try:
            refuse_schema(self._faults, "chat", request.body)
            reply = await self._answer("chat", request)
        except ErrorResponse as error:
            reply = error.reply
        custom_id, is_good = document["custom_id"], reply.status == 200
        if is_good:
            self.answered.append(custom_id)
        written = result_line(custom_id, reply, int(self._wall_clock()))
        (job.answers if is_good else job.errors).append(written)

    def _enter(self, job: BatchJob, status: str) -> None:
        job.status = status
        job.times[f"{status}_at"] = int(self._wall_clock())

    def _end(self, job: BatchJob, status: str) -> None:
        """End a job: what was answered so far is in its files."""
        inline = job.errors if self.are_errors_inline else []
        apart = [] if self.are_errors_inline else job.errors
        for name, lines in (("output", job.answers + inline), ("error", apart)):
            if lines:
                data = b"".join(line + b"\n" for line in lines)
                file = self._files.add(job.scope, f"{job.id}_{name}.jsonl", OUTPUT, data)
                job.files[f"{name}_file_id"] = file.id
        self._enter(job, status)
