"""What the slow lane has to send for a row: its request, a second one, or nothing."""

from __future__ import annotations

from wx_notebook.batch.jobs import Counts, Job
from wx_notebook.batch.policy import RunLimits
from wx_notebook.batch.requests import RowRequests
from wx_notebook.batch.settler import CUT
from wx_notebook.batch.shapes import Shape
from wx_notebook.errors import SchemaMismatch
from wx_notebook.journal import AnswerRecord, JobLog, JobRecord, Journal
from wx_notebook.service import Request

_MAYBE_BILLED = "may have been billed in an earlier run; --no-resend"


class MissingRows:
    """Knows which rows have no answer that they can use, and are not under way.

    Parameters
    ----------
    requests
        Say which answers this run paid for.
    journal, log
        Have the answers, and what is under way.
    limits, shape, counts
        As for `RowSettler`.

    Attributes
    ----------
    errors
        Why rows have no answer, by their keys: these are sent no more.
    asked_twice
        Rows whose answer had another shape, and that were asked once more.
    """

    def __init__(
        self, requests: RowRequests, journal: Journal, log: JobLog, limits: RunLimits,
        shape: Shape, counts: Counts,
    ) -> None:  # fmt: skip
        self._requests = requests
        self._journal = journal
        self._log = log
        self._limits = limits
        self._shape = shape
        self._counts = counts
        self.errors: dict[bytes, str] = {}
        self.asked_twice: set[bytes] = set()

    def request_for(self, job: Job, *, is_first: bool) -> Request | JobRecord | None:
        """Return the request to send, the job in which the row is under way, or None for neither.

        `is_first` is whether the row is counted now.
        """
        key, counts = job.key, self._counts
        if key in self.errors:
            return None
        found = self._journal.find(key, self._limits.only_of)
        answer = found if isinstance(found, AnswerRecord) else None
        if answer is not None and self._can_stay(job, answer):
            is_own = self._requests.is_own(answer)
            counts.equal += is_first and is_own
            counts.reused += is_first and not is_own
            return None
        waiting = self._log.open_job_of(key, self._limits.only_of)
        if waiting is not None:
            return waiting
        if answer is not None:
            return self._second_request(job, answer)
        if found is not None:
            counts.unknown += is_first
            if not self._limits.resend:
                self.errors[key] = _MAYBE_BILLED
                return None
        return job.request

    def is_fit(self, text: str) -> bool:
        """Return whether the text of an answer has the shape that was asked for."""
        try:
            self._shape.cells(text)
        except SchemaMismatch:
            return False
        return True

    def _can_stay(self, job: Job, answer: AnswerRecord) -> bool:
        """Return whether no request can better an answer."""
        is_last = job.key in self.asked_twice or not job.request.repairs
        return is_last or answer.finish_reason in CUT or self.is_fit(answer.text)

    def _second_request(self, job: Job, answer: AnswerRecord) -> Request:
        """Return the request for an answer of the right shape, as the fast lane sends it."""
        self.asked_twice.add(job.key)
        schema = job.request.schema
        fault = schema.read(answer.text).fault
        second: Request = schema.repair_request(job.request, answer.text, fault)
        return second
