"""A run over a table while it goes on, drawn like a streamed answer: one output that is updated."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from wx_notebook.batch.plan import format_duration
from wx_notebook.batch.progress import RunProgress
from wx_notebook.display.canvas import Canvas
from wx_notebook.display.terminal_canvas import TerminalCanvas
from wx_notebook.render import BatchView, batch_html, batch_text

#: Seconds between two frames; a file gets a line now and then, because it takes nothing back.
_FRAME_S, _LINE_S = 0.4, 10.0


class BatchDisplay:
    """Shows a run.

    Parameters
    ----------
    canvas
        Where it is shown.
    plan, prompt
        The lines of the flight plan, and the first prompt.
    first
        What is said before the first answer.
    clock
        Seconds that never go backwards.
    """

    def __init__(
        self, canvas: Canvas, plan: Sequence[str], prompt: str,
        first: str = "the first row goes alone ...", *, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._canvas = canvas
        self._plan = tuple(plan)
        self._prompt = prompt
        self._first = first
        self._last_line = ""
        self._clock = clock
        self._shown_at = float("-inf")
        self._in_terminal = isinstance(canvas, TerminalCanvas)

    def first_frame(self) -> dict[str, str]:
        """Return the flight plan, which is shown before the first row is sent."""
        self._shown_at = self._clock()
        return _bundle(BatchView(self._first, None, "", self._plan, self._prompt))

    def update(self, progress: RunProgress) -> None:
        """Show how far the run is, if the last frame was long enough ago."""
        now = self._clock()
        is_line = self._in_terminal and not sys.stdout.isatty()
        if now - self._shown_at < (_LINE_S if is_line else _FRAME_S):
            return
        self._shown_at = now
        figures = figures_line(progress)
        line = " · ".join(filter(None, (figures, progress.waiting)))
        if is_line:
            # of a job that takes hours, only what is new
            if line != self._last_line:
                self._last_line = line
                self._canvas.show_lines([line])
        elif self._in_terminal:
            self._canvas.show_progress(line)
        else:
            self._show(
                BatchView(
                    figures, _share(progress), progress.waiting, self._plan, self._prompt,
                    [f"row {one.position}: {one.text}" for one in progress.samples],
                )
            )  # fmt: skip

    def finish(self, progress: RunProgress | None, line: str, notes: Sequence[str] = ()) -> None:
        """Show the end of the run; the flight plan is folded away."""
        labels = {} if progress is None else {
            column: counts
            for column, counts in progress.counts.labels.items()
            if counts is not None and (len(counts) > 1 or sum(counts.values()) > 1)
        }  # fmt: skip
        plan = () if self._in_terminal else self._plan
        prompt = "" if self._in_terminal else self._prompt
        self._show(BatchView(line, None, "", plan, prompt, (), notes, labels, is_final=True))

    def _show(self, view: BatchView) -> None:
        self._canvas.show_bundle(_bundle(view))


def _bundle(view: BatchView) -> dict[str, str]:
    return {"text/plain": batch_text(view), "text/html": batch_html(view)}


def figures_line(progress: RunProgress) -> str:
    """Return one line: rows done, failed, a second, tokens, time left."""
    counts = progress.counts
    total = "" if progress.total is None else f" of {progress.total:,}"
    parts = [f"{counts.finished:,}{total} rows"]
    if counts.failed:
        parts.append(f"{counts.failed:,} failed")
    if progress.rate > 0:
        digits = 0 if progress.rate >= 10 else 1
        parts.append(f"{progress.rate:,.{digits}f} a second")
    parts.append(f"{counts.tokens:,} tokens")
    if progress.left_s is not None and counts.finished < (progress.total or 0):
        parts.append(f"{format_duration(progress.left_s)} left")
    return " · ".join(parts)


def _share(progress: RunProgress) -> float | None:
    return progress.counts.finished / progress.total if progress.total else None
