"""When a row is sent once more, and when a run stops."""

from __future__ import annotations

import copy

from wx_notebook.batch.jobs import Counts, Job, Outcome
from wx_notebook.errors import BatchStopped, RateLimited, ServiceDown, WatsonxError, foreign_reason
from wx_notebook.options import MaxErrors, Options
from wx_notebook.transport import RetryPolicy

#: A failure of the service: half a minute altogether, and at first a short pause, for mostly it is
#: one of this request alone. A refusal for the rate costs nothing, and the limiter slows all rows
#: meanwhile.
_FAILED = RetryPolicy(attempts=9, first_pause_s=0.2)
_REFUSED = RetryPolicy(attempts=25)
#: Of answers that were lost on their way: each of them may have been billed.
_MOST_RESENT = 3
#: From how many rows on a share of errors says something.
_FIRST_CHECK = 20
#: So many rows in a row that the service did not answer, each tried to the end: it is down.
_MOST_DOWN = 10
#: Seconds between two looks at a row that another kernel sends.
_LOOK_S = 0.3


def pause_before_retry(job: Job, outcome: Outcome, *, resend: bool) -> float | None:
    """Return the seconds until a row is sent once more, None if it is not."""
    error = outcome.error
    if outcome.fate == "elsewhere":
        return _LOOK_S
    if outcome.fate == "billed":
        if not resend or job.resent >= _MOST_RESENT:
            return None
    elif outcome.fate != "retry":
        return None
    policy = _REFUSED if isinstance(error, RateLimited) else _FAILED
    return policy.pause_s(job.attempts, error.retry_after if error is not None else None)


class RunLimits:
    """The limits that the user set, and those that no run should pass.

    Parameters
    ----------
    options
        Those of the run.
    batch_id
        The run's own name, for `--fresh`.
    """

    def __init__(self, options: Options, batch_id: str) -> None:
        self.concurrency = options.concurrency
        self.resend = options.resend
        #: answers of this batch alone count, "" for those of all
        self.only_of = batch_id if options.fresh else ""
        self._budget = options.budget
        self._max_errors: MaxErrors | None = options.max_errors
        self._reserved = 0
        self._down = 0

    def reserve(self, estimate: int, used: int, *, is_alone: bool) -> bool:
        """Reserve the tokens of a row, and return False if it has to wait for others to end.

        Raises
        ------
        BatchStopped
            The budget has no room for it.
        """
        if self._budget is None:
            return True
        if used + self._reserved + estimate <= self._budget:
            self._reserved += estimate
            return True
        if not is_alone:
            return False
        raise BatchStopped(
            f"The budget of {self._budget:,} tokens has no room for another row: {used:,} are "
            f"used, and the next one may take {estimate:,}.",
            hint="Next: raise --budget, or lower --max-tokens. Rows with an answer are not sent "
            "again.",
        )

    def release(self, estimate: int) -> None:
        """End the reservation of a row."""
        if self._budget is not None:
            self._reserved -= estimate

    def check_errors(self, counts: Counts) -> None:
        """Stop when more rows failed than the user allows.

        Raises
        ------
        BatchStopped
            They did.
        """
        limit = self._max_errors
        if limit is None or counts.finished < _FIRST_CHECK:
            return
        most = limit.number if limit.number is not None else limit.share / 100 * counts.finished
        if counts.failed > most:
            raise BatchStopped(
                f"{counts.failed:,} of {counts.finished:,} rows failed, and --max-errors allows "
                f"{limit}.",
                hint="Look at the column error, change the prompt, and run it again.",
            )

    def without_errors(self) -> RunLimits:
        """Return these limits for rows that have all been paid for: no number of errors stops."""
        own = copy.copy(self)
        own._max_errors = None
        return own

    def note_answer(self) -> None:
        """Note that the service answers."""
        self._down = 0

    def check_service(self, error: WatsonxError, *, has_answers: bool) -> None:
        """Stop when the service answers no row any more.

        Raises
        ------
        BatchStopped
            The last rows have all failed for this reason, each tried to the end.
        """
        self._down = self._down + 1 if isinstance(error, ServiceDown | RateLimited) else 0
        if self._down >= _MOST_DOWN:
            again = "Rows with an answer are not sent again." if has_answers else ""
            raise BatchStopped(
                f"The service did not answer the last {self._down} rows: {error.message}",
                hint=f"Wait, then run it again. {again}".rstrip(),
            )


def sentence_of(error: WatsonxError) -> str:
    """Return an error as the sentence that stands beside its row."""
    return " ".join(f"{type(error).__name__}: {error.message}".split())


def stop_error(error: WatsonxError) -> BatchStopped:
    """Return the error of a run for one that would meet every other row, too."""
    name, message = type(error).__name__, error.message.split("\n")
    return BatchStopped("\n".join([f"{name}: {message[0]}", *message[1:]]), hint=error.hint)


def unreadable_error(row: int, error: Exception) -> BatchStopped:
    """Return the error for a table that cannot be read from this row on."""
    if isinstance(error, WatsonxError):
        return BatchStopped(error.message, hint=error.hint)
    reason = foreign_reason(error)
    return BatchStopped(f"Row {row:,} of the table could not be read: {reason}")
