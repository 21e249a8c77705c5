"""Batch jobs of the service: made for parts of a table, watched, and fetched into the journal."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from wx_notebook.batch.service_results import Fetched, JobResults
from wx_notebook.errors import BadOption, BatchStopped, PromptTooLong, ServiceDown, WatsonxError
from wx_notebook.journal import JobLine, JobLog, JobRecord
from wx_notebook.service.batches import (
    ServiceBatch,
    cancel_batch,
    create_batch,
    find_batch,
    list_batches,
)
from wx_notebook.service.files import file_lines, upload_file
from wx_notebook.session.state import SessionState
from wx_notebook.usage.reservation import count_paid

#: The mark by which a job of ours is found whose making nobody confirmed.
_MARK = "wx_notebook"
#: How often a job is made, and how often its files are read, when the connection breaks.
_MOST_TRIES = 3
#: What a job is before the service has named it: about to be made, or nobody knows.
_MAKING, _UNKNOWN = "making", "unknown"
#: So long another kernel may be about to make a job that is written down already.
_MAKING_S = 150.0


class ServiceJobs:
    """Makes and fetches the batch jobs of one session.

    Parameters
    ----------
    state
        The session: its service, its project.
    log
        Where jobs are written down.
    """

    def __init__(self, state: SessionState, log: JobLog) -> None:
        self._state = state
        self._log = log
        self._hide = state.transport.redaction.without_secrets

    def make(
        self, batch_id: str, rows: Sequence[tuple[JobLine, bytes]],
        refuse: Callable[[bytes, WatsonxError], None],
    ) -> Iterator[tuple[JobRecord, ServiceBatch]]:  # fmt: skip
        """Make a job for rows, and yield it; several, where the service refuses so large a file.

        `refuse` is called with the key of a row that is too large by itself.

        Raises
        ------
        WatsonxError
            The service refused it, or could not be reached; its rows were not sent.
        """
        name = uuid.uuid4().hex
        is_too_large: WatsonxError | None = None
        try:
            data = b"".join(line for _, line in rows)
            file_id = upload_file(
                self._state.service, self._state.scope, f"wx-notebook-{name}.jsonl", data
            )
        except PromptTooLong as error:
            is_too_large = error
        if is_too_large is not None:
            if len(rows) == 1:
                refuse(rows[0][0].key, is_too_large)
                return
            half = len(rows) // 2
            yield from self.make(batch_id, rows[:half], refuse)
            yield from self.make(batch_id, rows[half:], refuse)
            return
        place = self._state.endpoints.url
        job = JobRecord(name, batch_id, place, time.time(), len(rows), state=_MAKING)
        self._log.begin(job, [line._replace(prompt=self._hide(line.prompt)) for line, _ in rows])
        try:
            made = self._made(job, file_id)
        except KeyboardInterrupt:
            self._log.update(replace(job, state=_UNKNOWN))
            raise
        yield made

    def _made(self, job: JobRecord, file_id: str) -> tuple[JobRecord, ServiceBatch]:
        """Make a job; where nobody knows whether it was made, the service is asked for its mark."""
        problem: WatsonxError | None = None
        for _ in range(_MOST_TRIES):
            try:
                made = create_batch(
                    self._state.service, self._state.scope, file_id, {_MARK: job.id}
                )
                return self._noted(job, made), made
            except WatsonxError as error:
                problem = error
            if not (problem.maybe_billed or isinstance(problem, ServiceDown)):
                break
            if (found := self._marked(job)) is not None:
                return self._noted(job, found), found
        assert problem is not None  # noqa: S101  # a job that was made has returned
        if not problem.maybe_billed:
            self._give_back(job)
        raise problem

    def _marked(self, job: JobRecord) -> ServiceBatch | None:
        """Return the job of the service that carries our mark, None where there is none.

        Raises
        ------
        WatsonxError
            The service cannot say.
        """
        found, is_all = list_batches(self._state.service, self._state.scope)
        for one in found:
            if one.metadata.get(_MARK) == job.id:
                return one
        if is_all:
            return None
        raise ServiceDown(
            "The service lists too many batch jobs to find the one of this table.",
            hint="Run it again with --no-resend: the rows of that job may have been billed.",
        )

    def _noted(self, job: JobRecord, found: ServiceBatch) -> JobRecord:
        noted = replace(job, job_id=found.id, state=found.status)
        self._log.update(noted)
        return noted

    def _give_back(self, job: JobRecord) -> None:
        """Write down that the rows of a job cost nothing."""
        self._log.finish(job, (), [line.key for line in self._log.lines(job.id)])
        self._log.close(job)

    # --- as it goes on -------------------------------------------------------------------------

    def look(self, job: JobRecord) -> tuple[JobRecord, ServiceBatch | None]:
        """Return a job as it is now; None where it turns out that it was never made.

        Raises
        ------
        BatchStopped
            The service does not know it, or not in this project.
        BadOption
            It was made somewhere else.
        WatsonxError
            The service does not answer.
        """
        if job.place != self._state.endpoints.url:
            raise BadOption(
                f"The batch job was started at {job.place}, and this session is connected to "
                f"{self._state.endpoints.url}.",
                hint=f"Connect there: wx.connect(url={job.place!r}, ...)",
            )
        if not job.job_id:
            found = self._marked(job)
            if found is None and job.state == _MAKING and time.time() - job.began < _MAKING_S:
                raise ServiceDown("The batch job is not there yet.")
            if found is None:
                self._give_back(job)
                return job, None
            return self._noted(job, found), found
        problem: WatsonxError | None = None
        try:
            found = find_batch(self._state.service, self._state.scope, job.job_id)
            return self._noted(job, found), found
        except WatsonxError as error:
            problem = error
        if type(problem) is not WatsonxError:
            raise problem
        raise BatchStopped(
            f"The service does not know the batch job {job.job_id[:40]} here.\n{problem.message}",
            hint="Connect to the project that it was started in. If it is gone, %watsonx batches "
            f"cancel {job.batch_id} forgets it, and its {job.rows:,} rows are sent again.",
        )

    def cancel(self, job: JobRecord) -> JobRecord:
        """Ask the service to cancel a job, and return it as it is then; raises as `look`."""
        current, found = self.look(job)
        if found is None or found.has_ended:
            return current
        return self._noted(
            job, cancel_batch(self._state.service, self._state.scope, current.job_id)
        )

    def forget(self, job: JobRecord) -> None:
        """Wait no more for a job; nobody knows whether its rows were billed."""
        self._log.close(job)

    def close_batch(self, batch_id: str) -> None:
        """Write down that a batch has ended, if nothing of it is under way any more."""
        if not any(job.is_open for job in self._log.jobs(batch_id)):
            self._log.close_batch(batch_id)

    # --- its end -------------------------------------------------------------------------------

    def fetch(
        self, job: JobRecord, found: ServiceBatch, is_fit: Callable[[str], bool] = lambda _: True
    ) -> Fetched:
        """Bring the answers of a job that has ended into the journal, and close it.

        Parameters
        ----------
        is_fit
            Whether the text of an answer has the shape that was asked for.

        Raises
        ------
        WatsonxError
            Its files cannot be had. The job stays open: the next call fetches the rest.
        """
        state = self._state
        results = JobResults(job, self._log, state.transport.redaction, is_fit)
        if results.was_fetched:
            self._log.close(job)
            return Fetched(was_fetched=True)
        try:
            self._read_files(results, found)
        finally:
            # also what was written before a file broke: the next call does not see it any more
            for model_id, spent in results.usage.items():
                count_paid(state.meter, model_id, spent)
        return results.end(found)

    def _read_files(self, results: JobResults, found: ServiceBatch) -> None:
        """Read the result files, more than once where one breaks or lines are missing."""
        state = self._state
        files = [one for one in (found.output_file, found.error_file) if one]
        for attempt in range(1, _MOST_TRIES + 1):
            results.begin()
            problem: ServiceDown | None = None
            try:
                for file_id in files:
                    results.read(file_lines(state.service, state.scope, file_id))
            except ServiceDown as error:
                problem = error
            except WatsonxError as error:
                if type(error) is not WatsonxError:
                    raise
                # the service does not have the file any more: its rows say so
                results.is_file_lost = True
                return
            if problem is None and not results.is_lacking(found.status):
                return
            if problem is not None and attempt == _MOST_TRIES:
                raise problem
