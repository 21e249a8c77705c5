"""Rows on their way to the service's batch jobs: as many as fit into a file, then the next one."""

from __future__ import annotations

from collections.abc import Callable

from wx_notebook.batch.jobs import Job
from wx_notebook.batch.policy import RunLimits
from wx_notebook.batch.service_jobs import ServiceJobs
from wx_notebook.batch.service_lines import MOST_BYTES, MOST_ROWS, written_line
from wx_notebook.errors import WatsonxError
from wx_notebook.journal import JobLine, JobRecord
from wx_notebook.service import Request
from wx_notebook.service.batches import ServiceBatch
from wx_notebook.usage.meter import UsageMeter
from wx_notebook.usage.reservation import budgets_for, prompt_tokens


class PartSender:
    """Gathers rows, and makes a job of each part.

    Parameters
    ----------
    jobs
        Makes jobs.
    batch_id
        The batch in the journal.
    limits, meter
        The budgets of the run and of the notebook.
    on_job
        Called with each job that was made.
    refuse
        Called with the key of a row that the service does not take at all.
    """

    def __init__(
        self, jobs: ServiceJobs, batch_id: str, limits: RunLimits, meter: UsageMeter,
        on_job: Callable[[JobRecord, ServiceBatch], None],
        refuse: Callable[[bytes, WatsonxError], None],
    ) -> None:  # fmt: skip
        self._jobs = jobs
        self._batch_id = batch_id
        self._limits = limits
        self._meter = meter
        self._on_job = on_job
        self._refuse = refuse
        self._rows: dict[bytes, tuple[JobLine, bytes]] = {}
        self._bytes = self._estimate = self._tokens = 0
        #: what jobs have reserved of the run's budget
        self._reserved: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def add(self, job: Job, request: Request, *, used: int, is_alone: bool) -> bool:
        """Take the request of a row; return False if the budget has no room for it yet.

        Parameters
        ----------
        used
            Tokens that the run has paid for.
        is_alone
            Whether nothing is under way that could give back some of the budget.

        Raises
        ------
        BatchStopped
            The budget has no room for it, and never will.
        QuotaSpent
            A budget of the notebook has no room for this part.
        WatsonxError
            As `ServiceJobs.make`.
        """
        if not self._limits.reserve(job.estimate, used, is_alone=is_alone):
            return False
        line = written_line(job.key, request)
        if self._rows and self._bytes + len(line) > MOST_BYTES:
            self.send()
        self._rows[job.key] = JobLine(job.key, job.places[0].position, job.prompt), line
        self._bytes += len(line)
        self._estimate += job.estimate
        self._tokens += prompt_tokens(request)
        if len(self._rows) >= MOST_ROWS:
            self.send()
        return True

    def send(self) -> None:
        """Make a job of the rows so far; raises as `add`."""
        if not self._rows:
            return
        self._meter.reserve(self._tokens, budgets_for(self._meter))
        try:
            rows = list(self._rows.values())
            for job, found in self._jobs.make(self._batch_id, rows, self._refuse):
                # of several jobs the first one has the budget of all
                self._reserved[job.id], self._estimate = self._estimate, 0
                self._on_job(job, found)
        finally:
            self._meter.release(self._tokens)
        self.clear()

    def clear(self) -> None:
        """Drop the rows that are in no job."""
        self._limits.release(self._estimate)
        self._rows = {}
        self._bytes = self._estimate = self._tokens = 0

    def release(self, job: JobRecord) -> None:
        """End the reservation of a job."""
        self._limits.release(self._reserved.pop(job.id, 0))
