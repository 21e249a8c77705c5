"""The last pass of the slow lane: what is known of a row goes beside it."""

from __future__ import annotations

from collections.abc import Mapping

from wx_notebook.batch.jobs import RowPlace
from wx_notebook.batch.policy import RunLimits
from wx_notebook.batch.requests import RowRequests
from wx_notebook.batch.runner import NOT_SENT
from wx_notebook.batch.settler import RowSettler
from wx_notebook.batch.shapes import ERROR
from wx_notebook.journal import AnswerRecord, JobLog, Journal
from wx_notebook.templates import RowError

AT_SERVICE = "at the service: run it again, and its answer is fetched"


class JobSettler:
    """Ends rows by what the journal has for them.

    Parameters
    ----------
    requests
        Make the key of a row.
    journal, log
        Have the answers, and what is under way.
    limits
        Say whose answers count.
    rows
        Puts cells beside rows, and counts them.

    Attributes
    ----------
    useless
        The keys of answers that do not have the shape that was asked for: the fast lane keeps none
        of these, either.
    """

    def __init__(
        self, requests: RowRequests, journal: Journal, log: JobLog, limits: RunLimits,
        rows: RowSettler,
    ) -> None:  # fmt: skip
        self._requests = requests
        self._journal = journal
        self._log = log
        self._only_of = limits.only_of
        self._rows = rows
        self.useless: list[bytes] = []

    def begin(self) -> None:
        """Begin a pass over all rows."""
        self._rows.forget()
        self.useless = []

    def settle(self, place: RowPlace, errors: Mapping[bytes, str]) -> None:
        """End a row; `errors` has why rows have no answer, by their keys."""
        try:
            job = self._requests.job(place)
        except RowError as problem:
            self._rows.fail(place, str(problem))
            return
        reason = errors.get(job.key)
        found = self._journal.find(job.key, self._only_of) if reason is None else None
        if reason is not None:
            self._rows.fail(place, reason)
        elif isinstance(found, AnswerRecord):
            if not self._rows.succeed(job, found, is_paid=False):
                self.useless.append(job.key)
        else:
            is_waiting = self._log.open_job_of(job.key, self._only_of) is not None
            self._rows.put(place, {ERROR: AT_SERVICE if is_waiting else NOT_SENT})
