"""The end of a row: its cells go into the table, and the figures count it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from wx_notebook.batch.jobs import Counts, Job, RowPlace
from wx_notebook.batch.outputs import Output
from wx_notebook.batch.policy import RunLimits, sentence_of
from wx_notebook.batch.progress import ProgressMeter
from wx_notebook.batch.shapes import ERROR, Shape
from wx_notebook.errors import SchemaMismatch, UserFacingError
from wx_notebook.journal import AnswerRecord
from wx_notebook.service import Usage

#: The service's words for an answer that reached its limit.
CUT = frozenset({"length", "max_tokens", "token_limit", "time_limit"})

#: Rows that are written down at a time.
_AT_ONCE = 1_000


class RowSettler:
    """Ends rows.

    Parameters
    ----------
    counts, meter
        What counts them.
    shape, output
        What becomes of an answer, and where it goes.
    limits
        Learn how rows end.
    note_reused
        Writes down rows that were not paid for, by key and position, many at a time.
    """

    def __init__(
        self, counts: Counts, meter: ProgressMeter, shape: Shape, output: Output, limits: RunLimits,
        note_reused: Callable[[Sequence[tuple[bytes, int]]], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._counts = counts
        self._meter = meter
        self._shape = shape
        self._output = output
        self._limits = limits
        self._note_reused = note_reused
        self._reused: list[tuple[bytes, int]] = []

    def close(self) -> None:
        """Write down what waits to be, where the disk takes it: its answers are there."""
        with suppress(UserFacingError):
            self._flush()

    def _flush(self) -> None:
        reused, self._reused = self._reused, []
        self._note_reused(reused)

    def forget(self) -> None:
        """Count the rows anew: each is put once more."""
        counts = self._counts
        counts.done = counts.failed = counts.cut = 0
        counts.labels.clear()

    def succeed(self, job: Job, answer: AnswerRecord, *, is_paid: bool) -> bool:
        """Put the answer of a job beside its rows, and return whether it has their shape.

        Parameters
        ----------
        is_paid
            By this run.

        Raises
        ------
        BatchStopped
            Too many rows failed.
        """
        counts = self._counts
        if is_paid:
            counts.input_tokens += answer.input_tokens or 0
            counts.output_tokens += answer.output_tokens or 0
        try:
            cells = dict(self._shape.cells(answer.text))
        except SchemaMismatch as mismatch:
            for place in job.places:
                self.fail(place, sentence_of(mismatch))
            return False
        if answer.finish_reason in CUT:
            counts.cut += len(job.places)
        for place in job.places:
            self.put(place, {**cells, ERROR: None})
            counts.done += 1
            counts.tally(cells)
        self._reused += [(job.key, place.position) for place in job.places[is_paid:]]
        if len(self._reused) >= _AT_ONCE:
            self._flush()
        self._limits.note_answer()
        self._meter.add_sample(job.places[-1].position, answer.text)
        # rows that failed among the first ones count from the 20th on
        self._limits.check_errors(counts)
        return True

    def count_paid(self, usage: Usage | None) -> None:
        """Count the tokens of an answer that no row gets, such as one that fits no schema."""
        if usage is not None:
            self._counts.input_tokens += usage.input_tokens
            self._counts.output_tokens += usage.output_tokens

    def fail(self, place: RowPlace, sentence: str) -> None:
        """Put the reason of a failure beside its row; raises as `succeed`."""
        self.put(place, {ERROR: sentence})
        self._counts.failed += 1
        self._limits.check_errors(self._counts)

    def put(self, place: RowPlace, cells: Mapping[str, Any]) -> None:
        """Put cells beside a row, and count nothing."""
        self._output.put(place, cells)
