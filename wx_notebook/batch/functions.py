"""`wx.batch` and `wx.abatch`.

This module is imported with the package, so it imports nothing heavy at its top.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption, BatchStopped
from wx_notebook.hints import spoken_in_python
from wx_notebook.options import known_options, options_from_keywords
from wx_notebook.session import session

if TYPE_CHECKING:
    from wx_notebook.batch.prompt_batch import Batch
    from wx_notebook.batch.summary import BatchResult


#: Seconds between two looks at whether the task was cancelled.
_LISTEN_S = 0.2


class RunDisplay:
    """Runs a batch and shows how far it is. The magics know how; without them nothing is shown."""

    def __init__(self) -> None:
        self.run: Callable[..., BatchResult] | None = None

    def __call__(
        self, batch: Batch, on_progress: Callable[[Any], None] | None = None, **more: Any  # noqa: ANN401
    ) -> BatchResult:  # fmt: skip
        """Return the result of a run; who takes its progress shows it, too."""
        if self.run is None or on_progress is not None:
            return batch.run(on_progress, **more)
        return self.run(batch, **more)


RUN_DISPLAY = RunDisplay()


def make_batch(
    prompt: str, table: Any, options: Mapping[str, Any], *,  # noqa: ANN401
    names: Mapping[str, Any] | None = None, told: str = "",
) -> Batch:  # fmt: skip
    """Return a prompt over a table with the options of a Python call.

    Raises
    ------
    BadOption, MissingName
        As `Batch`; or an unknown option.
    """
    from wx_notebook.batch.prompt_batch import Batch

    if not isinstance(prompt, str):
        raise BadOption(
            f"A prompt over a table is a text, not {type(prompt).__name__}.",
            hint='For example: wx.batch("Classify this review: {{ text }}", df)',
        )
    current = session()
    own = {one.name for one in known_options() if one.metadata["batch"] and one.name != "each"}
    given = {name: value for name, value in options.items() if name in own and value is not None}
    others = {name: value for name, value in options.items() if name not in own}
    resolved = current.state.options(options_from_keywords(others) | given)
    return Batch(current, prompt, table, resolved, names or {}, told=told)


@spoken_in_python
def batch(
    prompt: str, table: Any, *, names: Mapping[str, Any] | None = None,  # noqa: ANN401
    on_progress: Callable[[Any], None] | None = None, **options: Any,  # noqa: ANN401
) -> Any:  # fmt: skip  # noqa: ANN401
    """Send a prompt for each row of a table, and return the table with the answers beside its rows.

    The rows are sent as fast as the service allows. Each answer is on disk before it is shown: the
    same call again, after an interrupt or a crash, sends only what is missing.

    Parameters
    ----------
    prompt
        A text with columns of the table in double braces: ``{{ text }}``, or
        ``{{ row["review text"] }}`` for a column whose name is not a Python name.
    table
        A pandas, polars or Dask DataFrame or Series, a list of dicts or of plain values (which
        have the column `value`), a dict of lists, an iterator of rows, or the path of a CSV or
        Parquet file.
    names
        Values for names that are no columns.
    on_progress
        Called a few times a second with how far the run is. Without it, a notebook shows that.
    options
        Those of `wx_notebook.ask`, and: `to` (a .csv, .jsonl or .parquet file that is written as
        the run goes on; its path is returned), `rows`, `sample`, `budget`, `concurrency`,
        `max_errors` ("5%" or a number), ``dedupe=False``, ``resend=False``, ``fresh=True`` and
        ``on="service"`` (the service's own batch jobs answer the rows within a day; the same call
        in a later kernel waits for the same jobs), or ``on=`` the address of a Dask cluster or a
        `distributed.Client`, whose workers send the rows. There, `to` of a Dask DataFrame is a
        folder that the workers write, a file for each partition as soon as it is done.

    Returns
    -------
    object
        A table of the same kind, in the same order, with the columns `answer` and `error`; a list
        of dicts for a list, an iterator or a file. Of a Dask DataFrame one partition at a time is
        in memory, and the old columns are computed again with what comes back.

    Raises
    ------
    BatchStopped
        No other row would fare better: a dead key, a spent quota or budget, a log out, too many
        errors. `.table` has the rows so far.
    Interrupted
        The user stopped it; `.table` as above.
    BadOption, MissingName
        What cannot be right; nothing was sent.

    Examples
    --------
    ::

        answered = wx.batch("Classify this review as good or bad: {{ text }}", reviews)
        wx.batch("Summarize: {{ text }}", "reviews.parquet", to="summaries.parquet")
    """
    return RUN_DISPLAY(make_batch(prompt, table, options, names=names), on_progress).value


@spoken_in_python
async def abatch(
    prompt: str, table: Any, *, names: Mapping[str, Any] | None = None,  # noqa: ANN401
    on_progress: Callable[[Any], None] | None = None, **options: Any,  # noqa: ANN401
) -> Any:  # fmt: skip  # noqa: ANN401
    """Do what `batch` does, beside other tasks; cancelling the task stops the run."""
    made = make_batch(prompt, table, options, names=names)
    # a thread with the context of this cell: what it shows belongs there
    work = asyncio.ensure_future(asyncio.to_thread(RUN_DISPLAY, made, on_progress))
    # whoever stops waiting has seen its own error
    work.add_done_callback(lambda done: done.cancelled() or done.exception())
    _stop_with(asyncio.get_running_loop(), made, work)
    try:
        while not work.done():
            # a loop that sleeps does not hear of the stop button of a notebook
            await asyncio.wait({work}, timeout=_LISTEN_S)
    except asyncio.CancelledError:
        made.stop(BatchStopped("The task of this run was cancelled."))
        ended = await asyncio.gather(work, return_exceptions=True)
        reason = str(ended[0]) if isinstance(ended[0], BatchStopped) else ""
        raise asyncio.CancelledError(reason) from None
    result: BatchResult = work.result()
    return result.value


def _stop_with(loop: asyncio.AbstractEventLoop, batch: Batch, work: asyncio.Future[Any]) -> None:
    """Stop a run whose loop has stopped: Ctrl-C in a terminal cancels no task."""

    def watch() -> None:
        while not work.done() and loop.is_running():
            time.sleep(_LISTEN_S)
        batch.stop(BatchStopped("The loop of this run has stopped."))

    threading.Thread(target=watch, daemon=True, name="wx-batch-loop").start()
