"""What is under way at the service: its batch jobs, and the rows in each of them.

A job is written down before it is made, and its rows with it; a row leaves the list when its answer
is on disk. So whoever comes later, in days and in another kernel, knows what to fetch.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from wx_notebook.journal import statements
from wx_notebook.journal.database import Write
from wx_notebook.journal.journal import Journal
from wx_notebook.journal.records import (
    AnswerRecord,
    JobLine,
    JobRecord,
    answer_values,
    start_values,
)
from wx_notebook.service import whole_characters


class JobLog:
    """The batch jobs in a journal.

    Parameters
    ----------
    journal
        Where they are written. Its methods, and so these, raise `JournalError`.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._jobs = {one.id: one for one in self.jobs()}

    def jobs(self, batch_id: str = "") -> list[JobRecord]:
        """Return all jobs, or those of one batch, the oldest first.

        On a network drive a job stands in the file of the kernel that made it, and in that of the
        one that fetched it: the second one counts.
        """
        found: dict[str, JobRecord] = {}
        for row in self._journal.select(statements.GET_JOBS, ()):
            one = replace(JobRecord(*row), is_open=bool(row[-1]))
            if one.id not in found or not one.is_open:
                found[one.id] = one
        jobs = [one for one in found.values() if batch_id in ("", one.batch_id)]
        return sorted(jobs, key=lambda one: one.began)

    def open_job_of(self, key: bytes, batch_id: str = "") -> JobRecord | None:
        """Return the job in which a row is under way, of this batch or of any; None without one."""
        for (job,) in self._journal.select(statements.GET_LINE_JOBS, (key,)):
            if job not in self._jobs:
                # another kernel has begun it meanwhile
                self._jobs = {one.id: one for one in self.jobs()}
            known = self._jobs.get(job)
            if known is not None and known.is_open and batch_id in ("", known.batch_id):
                return known
        return None

    def begin(self, job: JobRecord, lines: Sequence[JobLine]) -> None:
        """Write down a job that is about to be made, and its rows."""
        now = time.time()
        starts = (
            (statements.PUT_ROW, start_values(one.key, job.batch_id, one.position, now))
            for one in lines
        )
        rows = (
            (statements.PUT_LINE, (job.id, one.key, one.position, whole_characters(one.prompt)))
            for one in lines
        )
        self._journal.write(self._put(job), *rows, *starts)
        self._jobs[job.id] = job

    def update(self, job: JobRecord) -> None:
        """Write down how far a job is."""
        if self._jobs.get(job.id) != job:
            self._journal.write(self._put(job))
            self._jobs[job.id] = job

    def lines(self, job_id: str) -> list[JobLine]:
        """Return the rows of a job that have no answer yet."""
        return [JobLine(*row) for row in self._journal.select(statements.GET_LINES, (job_id,))]

    def finish(
        self, job: JobRecord, answers: Iterable[tuple[bytes, AnswerRecord]],
        refused: Iterable[bytes] = (),
    ) -> None:  # fmt: skip
        """Write down answers, and rows that were refused, so that they cost nothing."""
        writes: list[Write] = []
        for key, answer in answers:
            writes.append((statements.PUT_ROW, answer_values(key, job.batch_id, answer)))
            writes.append((statements.DELETE_LINE, (job.id, key)))
        for key in refused:
            writes.append((statements.FORGET_START, (key,)))
            writes.append((statements.DELETE_LINE, (job.id, key)))
        self._journal.write(*writes)

    def close(self, job: JobRecord) -> None:
        """Write down that all of a job was fetched, or that there is nothing to fetch."""
        closed = replace(job, is_open=False)
        self._journal.write(self._put(closed), (statements.DELETE_LINES, (job.id,)))
        self._jobs[job.id] = closed

    def close_batch(self, batch_id: str) -> None:
        """Write down that a batch whose kernel ended has no job under way any more."""
        self._journal.write((statements.CLOSE_BATCH, (time.time(), batch_id)))

    def forget(self, keys: Sequence[bytes]) -> None:
        """Delete answers that no row can use, so that their rows are asked again."""
        if keys:
            self._journal.write(*((statements.FORGET_ANSWER, (key,)) for key in keys))

    def _put(self, job: JobRecord) -> tuple[str, Sequence[object]]:
        values = (job.id, job.batch_id, job.place, job.began, job.rows, job.job_id, job.state)
        return statements.PUT_JOB, (*values, int(job.is_open))
