"""A prompt over a table: from what the user typed to the table that comes back."""

from __future__ import annotations

import contextlib
import itertools
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from wx_notebook.answer import Answer
from wx_notebook.batch.cluster.address import address_of, check_cluster_options
from wx_notebook.batch.dask_table import DaskTable
from wx_notebook.batch.jobs import Counts, RowPlace
from wx_notebook.batch.outputs import FileOutput, MemoryOutput, Output
from wx_notebook.batch.plain_tables import IteratorTable
from wx_notebook.batch.plan import Plan, make_plan
from wx_notebook.batch.policy import RunLimits
from wx_notebook.batch.progress import OnProgress
from wx_notebook.batch.reading import number_of_rows, read_rows
from wx_notebook.batch.requests import RowRequests
from wx_notebook.batch.row_source import RowSource
from wx_notebook.batch.runner import BatchRun
from wx_notebook.batch.sender import RunParts
from wx_notebook.batch.service_lines import check_service_options
from wx_notebook.batch.service_run import ServiceRun
from wx_notebook.batch.shapes import ERROR, SchemaShape, Shape, TextShape, check_columns
from wx_notebook.batch.summary import BatchResult, early_end, end_notes, last_line
from wx_notebook.batch.tables import PandasTable, SourceTable, open_table
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, BatchStopped, Interrupted, UserFacingError
from wx_notebook.journal import BatchRecord, Journal, open_journal, prune, temporary_journal
from wx_notebook.options import SERVICE, Options
from wx_notebook.schemas import read_schema
from wx_notebook.session import Session
from wx_notebook.session.pipeline import PromptPipeline
from wx_notebook.settings import journal_is_on
from wx_notebook.templates import RowPrompt, columns_meant
from wx_notebook.transport import is_offline, recorded_file


@dataclass(slots=True)
class Batch:
    """A prompt over a table, ready to be planned and run, once.

    Parameters
    ----------
    session
        Sends the prompts.
    text
        The prompt as typed.
    source
        The user's table, or the path of one.
    options
        Those of a prompt, and those of a table.
    names
        The names of the notebook; those of the columns come first.
    code
        The cell, for the journal; "" for a call from Python.
    told
        The prompt as the journal has it, where `text` is not what a person would write.

    Raises
    ------
    BadOption
        The value is not a table, the prompt takes no column of it, or a new column exists already.
    MissingName
        The prompt names what is neither a column nor a variable.
    """

    session: Session
    text: str
    source: Any = field(repr=False)
    options: Options
    names: Mapping[str, Any] = field(default_factory=dict, repr=False)
    code: str = ""
    told: str = ""
    shape: Shape = field(init=False, default_factory=TextShape)
    table: SourceTable = field(init=False)
    prompt: RowPrompt = field(init=False)
    _run: BatchRun | ServiceRun | None = field(init=False, default=None)
    _stop_error: BaseException | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        _check_options(self.options)
        # the journal answers rows in any case
        self.options = replace(self.options, cache=None)
        if self.options.schema is not None:
            # read once, and not for each row
            schema = read_schema(self.options.schema)
            self.options = replace(self.options, schema=schema)
            self.shape = SchemaShape(schema)
        self.table = open_table(self.source)
        if not self.table.columns:
            self.table.columns = columns_meant(self.text, self.names)
        if self.options.to is not None and isinstance(self.table, PandasTable | DaskTable):
            self.table = self.table.with_index()
        check_columns(self.shape, self.table.columns)
        self.prompt = RowPrompt(
            self.text, self.table.columns, self.names,
            {"refused_types": (Secret, Session), "text_types": (Answer,)},
        )  # fmt: skip

    def plan(self) -> Plan:
        """Return what a run will do; of an iterator one row is looked at."""
        rows: Iterator[RowPlace] = iter(())
        if not isinstance(self.table, IteratorTable):
            rows = read_rows(self.table, self.options, self.prompt.used)
        elif self.options.sample is None:
            rows = (RowPlace(0, 0, one) for one in self.table.first_rows(self.prompt.used))
        return make_plan(
            rows, self._requests(self.prompt.used, time.time()), self.prompt,
            total=number_of_rows(self.table, self.options), max_tokens=self.options.max_tokens,
            rate=self.session.state.service.limiter.rate, dedupe=self.options.dedupe,
            on=self._place_name(),
        )  # fmt: skip

    def run(
        self, on_progress: OnProgress | None = None, output: Output | None = None
    ) -> BatchResult:
        """Send all rows, and return the table with the new columns, or what `output` returns.

        Raises
        ------
        BatchStopped, Interrupted
            It ended early; `.table` has the rows so far.
        WatsonxError
            Nothing could be sent.
        """
        began = time.time()
        if recorded_file() is not None:
            # a row that the journal answers would be missing in the recording
            self.options = replace(self.options, fresh=True)
        output = output or self._output()
        columns = self.table.columns if output.needs_all else self.prompt.used
        rows = read_rows(self.table, self.options, columns)
        if not self._is_read_by_workers:
            first = next(rows, None)
            if first is None:
                line = "no rows, so nothing was sent"
                return BatchResult(output.value(), Counts(), line, self._table_notes())
            rows = itertools.chain([first], rows)
        batch_id = uuid.uuid4().hex[:8]
        # what is replayed is nobody's answer elsewhere
        is_kept = journal_is_on() and not is_offline()
        journal = open_journal() if is_kept else temporary_journal()
        pipeline = self.session.pipeline.apart()
        requests = self._requests(columns, began, pipeline)
        parts = RunParts(rows, requests, output)
        with contextlib.closing(journal), self._place(parts, pipeline, journal, batch_id) as parts:
            prune(journal)
            limits = RunLimits(self.options, batch_id)
            total = number_of_rows(self.table, self.options)
            if self.options.on == SERVICE:
                again = partial(read_rows, self.table, self.options, columns)
                self._run = ServiceRun(
                    RowSource(rows, again if self.table.is_repeatable else None), requests,
                    pipeline, journal, batch_id, self.shape, output, limits,
                    total=total, on_progress=on_progress,
                )  # fmt: skip
            else:
                self._run = BatchRun(
                    parts.rows, parts.requests, pipeline, journal, batch_id, self.shape,
                    parts.output, limits, total=total, on_progress=on_progress,
                    senders=parts.senders, is_iterator=not self.table.is_repeatable,
                )  # fmt: skip
            if self._stop_error is not None:
                self._run.stop(self._stop_error)
            return self._ended(self._run, journal, batch_id, began, parts.output)

    def _place_name(self) -> str | None:
        on = self.options.on
        return on if on in (None, SERVICE) else address_of(on)

    def _place(
        self, parts: RunParts, pipeline: PromptPipeline, journal: Journal, batch_id: str
    ) -> AbstractContextManager[RunParts]:
        """Return what a run is made of, in the place where it sends its rows."""
        if self.options.on in (None, SERVICE):
            return contextlib.nullcontext(parts)
        from wx_notebook.batch.cluster.run import open_cluster

        return open_cluster(
            parts, self.session, self.prompt, self.table, self.options, self.shape,
            pipeline=pipeline, journal=journal, batch_id=batch_id,
        )  # fmt: skip

    @property
    def _is_read_by_workers(self) -> bool:
        return self.options.on not in (None, SERVICE) and isinstance(self.table, DaskTable)

    def _output(self) -> Output:
        new, to = (*self.shape.columns, ERROR), self.options.to
        if to is not None and not self._is_read_by_workers:
            return FileOutput(Path(to).expanduser(), self.table, new, self.shape.types)
        return MemoryOutput(self.table, new)

    def stop(self, error: BaseException) -> None:
        """End a run from another thread, also one that is about to begin."""
        self._stop_error = error
        if self._run is not None:
            self._run.stop(error)

    def _requests(
        self,
        columns: Sequence[str],
        began: float,
        pipeline: PromptPipeline | None = None,
    ) -> RowRequests:
        places = tuple(list(columns).index(name) for name in self.prompt.used)
        return RowRequests(
            self.prompt, places, pipeline or self.session.pipeline, self.options, began
        )

    def _ended(
        self, run: BatchRun | ServiceRun, journal: Journal, batch_id: str, began: float,
        output: Output,
    ) -> BatchResult:  # fmt: skip
        hide = self.session.state.transport.redaction.without_secrets
        journal.begin(
            BatchRecord(
                batch_id, began, place=self.session.endpoints.place,
                model_id=self.options.model or self.options.deployment or "",
                prompt=hide(self.told or self.text), code=hide(self.code), rows=run.meter.total,
            )
        )  # fmt: skip
        failure: BaseException | None = None
        try:
            run.run()
            value = output.value()
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # told with the table
            failure = error
        state = "done" if failure is None else (
            "interrupted" if isinstance(failure, KeyboardInterrupt) else "stopped"
        )  # fmt: skip
        counts = run.counts
        with contextlib.suppress(UserFacingError):
            # what goes on at the service has not ended: the list of batches says so
            if not run.is_under_way:
                journal.end(
                    batch_id, state, rows=run.meter.total, done=counts.done, failed=counts.failed,
                    tokens=counts.tokens,
                )  # fmt: skip
        if failure is None:
            notes = (
                *filter(None, [journal.note]),
                *end_notes(run.counts, run.warnings, resend=self.options.resend),
                *self._table_notes(),
            )  # fmt: skip
            return BatchResult(value, counts, last_line(counts, run.meter.seconds), notes)
        raise self._early_end(run, failure, output)

    def _early_end(
        self, run: BatchRun | ServiceRun, failure: BaseException, output: Output
    ) -> BatchStopped | Interrupted:
        """Return the error of a run that ended early, with its table."""
        hint = run.hint if self.table.is_repeatable else f"Make the iterator again. {run.hint}"
        ended = early_end(failure, run.counts, run.meter.seconds, hint)
        with contextlib.suppress(Exception):
            # the rest of a Dask DataFrame would have to be computed for it
            if self.table.is_in_memory and self.table.height is not None:
                run.put_rest()
        with contextlib.suppress(Exception):
            ended.table = output.value_so_far()
        if isinstance(ended.table, Path):
            is_beside = ended.table.name != Path(str(self.options.to)).name
            is_older = is_beside and Path(str(self.options.to)).expanduser().exists()
            kept = f", and {self.options.to} is as it was before" if is_older else ""
            ended.hint = f"The rows so far are in {ended.table}{kept}. {ended.hint}"
        return ended

    def _table_notes(self) -> tuple[str, ...]:
        return tuple(self.table.notes()) if isinstance(self.table, IteratorTable) else ()


def _check_options(options: Options) -> None:
    if (options.n or 1) != 1:
        raise BadOption(
            "n and a table can't be combined: each row gets one answer.", hint="Remove n."
        )
    if options.tools:
        raise BadOption(
            "tools and a table can't be combined: each row gets one answer, in one round.",
            hint="Remove tools.",
        )
    if options.on is not None:
        (check_service_options if options.on == SERVICE else check_cluster_options)(options)
