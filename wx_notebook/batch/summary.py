"""What is said of a run at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from wx_notebook.batch.jobs import Counts
from wx_notebook.batch.plan import format_duration
from wx_notebook.errors import BatchStopped, Interrupted, UserFacingError, foreign_reason

_MOST_WARNINGS = 5


class BatchResult(NamedTuple):
    """A run that has ended.

    Attributes
    ----------
    value
        The table, or the path of the file.
    counts
        The figures.
    line
        One line about them.
    notes
        What should be said besides, a line each.
    """

    value: Any
    counts: Counts
    line: str
    notes: tuple[str, ...]


def last_line(counts: Counts, seconds: float) -> str:
    """Return one line about a run: rows, failures, tokens, time, and what was sent twice."""
    parts = [f"{counts.done:,} row{'' if counts.done == 1 else 's'} answered"]
    if counts.failed:
        parts.append(f"{counts.failed:,} failed")
    parts += [f"{counts.tokens:,} tokens", format_duration(seconds)]
    if counts.reused:
        parts.append(f"{counts.reused:,} from the journal")
    if counts.equal:
        parts.append(f"{counts.equal:,} equal to another row and sent once")
    if counts.repeated:
        billed = f", {counts.resent:,} of them may be billed twice" if counts.resent else ""
        parts.append(f"{counts.repeated:,} sent twice{billed}")
    return " · ".join(parts)


def end_notes(counts: Counts, warnings: Iterable[str], *, resend: bool) -> Iterator[str]:
    """Yield what should be said at the end of a run, a line each."""
    if counts.unknown:
        rows = "1 row was" if counts.unknown == 1 else f"{counts.unknown:,} rows were"
        again = "was sent again" if resend else "was not sent again (--no-resend)"
        # which ended early, or still goes on in another kernel
        yield f"{rows} under way in another run: that may have been billed, and {again}"
    if counts.cut:
        answers = "1 answer was" if counts.cut == 1 else f"{counts.cut:,} answers were"
        yield f"{answers} cut at the limit of --max-tokens"
    yield from islice(warnings, _MOST_WARNINGS)


def early_end(
    failure: BaseException, counts: Counts, seconds: float, hint: str
) -> BatchStopped | Interrupted:
    """Return the error of a run that ended early.

    Parameters
    ----------
    failure
        Why.
    hint
        The next step, where the failure says none.
    """
    rows = "1 row has" if counts.finished == 1 else f"{counts.finished:,} rows have"
    far = f"{rows} ended: {last_line(counts, seconds)}"
    if isinstance(failure, KeyboardInterrupt):
        return Interrupted(f"Stopped. {far}", hint=hint)
    if isinstance(failure, UserFacingError):
        return BatchStopped(f"{failure.message}\n{far}", hint=failure.hint or hint)
    reason = foreign_reason(failure)
    return BatchStopped(f"The table could not be written: {reason}\n{far}", hint=hint)
