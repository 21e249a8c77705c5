"""Rows that workers have filled in: their jobs, and where they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wx_notebook.batch.cluster.partitions import PartitionRows
from wx_notebook.batch.jobs import Job, RowPlace
from wx_notebook.batch.outputs import Output
from wx_notebook.errors import BadOption
from wx_notebook.journal import AnswerRecord, key_in_row
from wx_notebook.service import Request
from wx_notebook.session.prompt_checks import check_secrets
from wx_notebook.session.state import SessionState
from wx_notebook.templates import RowError

#: The request of a row that a worker has.
ON_WORKER = Request("")


@dataclass(slots=True)
class FilledRequests:
    """Makes the jobs of rows that workers have filled in; as `RowRequests` does for others.

    Parameters
    ----------
    source
        The rows.
    state
        Of the session: its key never goes to a model, and no worker knows it.
    dedupe
        Whether equal rows are sent once.
    began
        When the run began, in seconds since 1970.
    """

    source: PartitionRows
    state: Callable[[], SessionState]
    dedupe: bool
    began: float

    def job(self, place: RowPlace) -> Job:
        """Return the request of a row; raises as `RowRequests.job`."""
        row, filled = self.source.filled(place)
        if filled.prompt is None:
            raise RowError(filled.problem)
        reason = ""
        try:
            check_secrets(self.state().secrets(), filled.prompt)
        except BadOption as error:
            reason = error.message
        if reason:
            raise RowError(reason)
        key = filled.key
        if not self.dedupe:
            key = key_in_row(key, place.position)
        return Job(key, ON_WORKER, filled.prompt, [place], filled.estimate, row=row)

    def is_own(self, answer: AnswerRecord) -> bool:
        """Whether an answer of the journal was paid for by this run."""
        return answer.at >= self.began


@dataclass(slots=True)
class EndingOutput:
    """An output that tells which rows have ended."""

    inner: Output
    source: PartitionRows
    needs_all: bool = field(init=False)

    def __post_init__(self) -> None:
        self.needs_all = self.inner.needs_all

    def put(self, place: RowPlace, cells: Mapping[str, Any]) -> None:
        """Take a row."""
        self.inner.put(place, cells)
        self.source.end(place)

    def value(self) -> Any:  # noqa: ANN401
        """Return what the output returns."""
        return self.inner.value()

    def value_so_far(self) -> Any:  # noqa: ANN401
        """Return what the output returns for a run that ended early."""
        return self.inner.value_so_far()
