"""The answers of a comparison while they arrive: when all of them are painted again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from wx_notebook.display.canvas import Canvas
from wx_notebook.display.live import BYTES_PER_S, FIRST_BYTES, RENDER_TIMES
from wx_notebook.display.progress import TICK_S
from wx_notebook.errors import SchemaMismatch
from wx_notebook.render import AnswerColumn, columns_bundle

if TYPE_CHECKING:
    from wx_notebook.session.comparison import ModelRun


class Columns:
    """The answers of several models, painted side by side while they arrive.

    Parameters
    ----------
    canvas
        Where they are shown.
    runs
        What has arrived, which other threads add to.
    format
        How answers are shown: the option of this name.
    clock
        Returns the time in seconds.
    """

    def __init__(
        self,
        canvas: Canvas,
        runs: Sequence[ModelRun],
        format: str,  # noqa: A002  # the option's name
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._canvas = canvas
        self._runs = runs
        self._format = format
        self._clock = clock
        self._started_at = clock()
        self._painted_at = float("-inf")
        self._render_s = 0.0
        self._sent = self._last_frame = 0

    def paint_if_due(self) -> None:
        """Paint what has arrived, if the page can take another frame."""
        now = self._clock()
        pause = max(TICK_S, RENDER_TIMES * self._render_s)
        budget = FIRST_BYTES + BYTES_PER_S * (now - self._started_at)
        if now - self._painted_at < pause or self._sent + self._last_frame > budget:
            return
        columns = [self._growing(run, now - self._started_at) for run in self._runs]
        self._last_frame = self._canvas.paint_columns(columns)
        self._painted_at = self._clock()
        self._render_s = self._painted_at - now
        self._sent += self._last_frame

    def finish(self) -> None:
        """Show all answers, as far as they have come."""
        columns = [_done(run) for run in self._runs]
        whole = sum(run.answer is not None and run.answer.is_whole for run in self._runs)
        summary = f"{whole} of {len(self._runs)} answers are complete"
        reasons = [run.answer.finish_reason if run.answer else "" for run in self._runs]
        models = [run.request.model_id for run in self._runs]
        self._canvas.show_bundle(
            columns_bundle(columns, self._format, summary),
            {"wx_notebook": {"models": models, "finish_reasons": reasons}},
        )

    def _growing(self, run: ModelRun, seconds: float) -> AnswerColumn:
        if run.is_done:
            return _done(run)
        facts = _first_word(run) or f"waiting ({seconds:.0f} s)"
        # their lists grow in another thread, so they are not joined in place
        text, reasoning = "".join(run.texts), "".join(run.reasonings)
        return AnswerColumn(_title(run), text, reasoning, facts, seconds=0.0 if text else seconds)


def _done(run: ModelRun) -> AnswerColumn:
    answer, error = run.answer, run.error
    why = (error.message.split("\n")[0],) if error is not None else ()
    if answer is None:
        return AnswerColumn(_title(run), facts=why[0] if why else "no answer", is_done=True)
    usage = answer.usage
    tokens = f"{usage.input_tokens:,} in, {usage.output_tokens:,} out" if usage is not None else ""
    facts = (_first_word(run), tokens, answer.finish_reason, f"{answer.seconds:.1f} s")
    # what a cut, an interrupt or a schema means stands in the answer's own notes
    is_told = not answer.is_whole or isinstance(error, SchemaMismatch)
    notes = (*answer.notes, *(() if is_told else why))
    return AnswerColumn(
        _title(run), answer.text, answer.reasoning, " · ".join(filter(None, facts)), notes,
        is_done=True, values=run.values,
    )  # fmt: skip


def _title(run: ModelRun) -> str:
    model = run.request.model_id
    return model if run.name == model else f"{run.name} ({model})"


def _first_word(run: ModelRun) -> str:
    return "" if run.first_word_s is None else f"first word after {run.first_word_s:.2f} s"
