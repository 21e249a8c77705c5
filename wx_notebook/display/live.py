"""When a growing answer is painted: soon, steadily, and never more than the page can take."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from wx_notebook.display.canvas import Canvas
from wx_notebook.display.progress import QUIET_S, TICK_S, Progress

if TYPE_CHECKING:
    from wx_notebook.answer import Answer, AnswerReader

#: A repaint is due when a tick and this many render times have passed ...
RENDER_TIMES = 5
#: ... and the bytes sent stay below this: a page that gets more falls behind (measured).
FIRST_BYTES, BYTES_PER_S = 20_000, 120_000


class Live(Progress):
    """An answer that is shown while it arrives.

    The thread of `Progress` says what we wait for until the first text arrives, paints the latest
    text when the stream pauses, and says so below it. `finish` ends it with the complete answer.
    """

    def __init__(
        self, canvas: Canvas, message: str, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__(canvas, message, clock=clock)
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._before = ""
        self._others: dict[int, AnswerReader] = {}
        self._is_pending = False
        self._painted_at = float("-inf")
        self._arrived_at = self._started_at
        self._render_s = 0.0
        self._sent = self._last_frame = 0

    def begin_with(self, text: str) -> None:
        """Take the text of an earlier answer that this one continues."""
        self._before = text
        self.add(text)

    def add(self, text: str) -> None:
        """Take the next piece of the answer; it is painted now or a little later."""
        with self._lock:
            self._text.append(text)
            self._take()

    def add_reasoning(self, text: str) -> None:
        """Take the next piece of the model's reasoning before its answer."""
        with self._lock:
            self._reasoning.append(text)
            self._take()

    def reset(self, text: str, reasoning: str) -> None:
        """Take text and reasoning anew: what was taken for one of them was the other."""
        with self._lock:
            text, shown = self._before + text, _join(self._text)
            if not text.startswith(shown):
                self._sent += self._canvas.retract()
            self._text[:] = [text] if text else []
            self._reasoning[:] = [reasoning] if reasoning else []
            self._take()

    def add_other(self, number: int, reader: AnswerReader) -> None:
        """Take the next step of a further answer; its reader has all that came of it."""
        with self._lock:
            self._others[number] = reader
            self._take()

    def show_calls(self, lines: Sequence[str], message: str) -> None:
        """Show at once which tools the model has called; `message` is what we wait for now."""
        with self._lock:
            self._message = message
            self._sent += self._canvas.show_calls(lines)
            self._painted_at, self._is_pending = float("-inf"), True
            if self._has_begun:
                self._paint_if_due()
            else:
                self._show_wait()

    def finish(self, answer: Answer) -> None:
        """Show the complete answer."""
        self._ended.set()
        with self._lock:
            self._canvas.finish(answer)

    def _watch(self) -> None:
        # the renderer's imports may take longer than the first token: they run during that wait
        with contextlib.suppress(Exception):
            self._canvas.preload()
        super()._watch()

    def _tick(self) -> None:
        # a line counts the seconds, of the reasoning or of a stream that pauses
        last = max(self._painted_at, self._arrived_at) if self._text else self._painted_at
        if self._clock() - last >= QUIET_S:
            self._is_pending = True
        if self._has_begun:
            self._paint_if_due()
        else:
            super()._tick()

    def _show_wait(self) -> int:
        if self._has_begun:
            return 0
        sent = super()._show_wait()
        self._sent += sent
        return sent

    def _take(self) -> None:
        self._arrived_at = self._clock()
        self._is_pending = True
        self._paint_if_due()

    def _paint_if_due(self) -> None:
        now = self._clock()
        pause = max(TICK_S, RENDER_TIMES * self._render_s)
        budget = FIRST_BYTES + BYTES_PER_S * (now - self._started_at)
        # the next frame is at least as large as the last one: the text only grows
        is_too_much = self._sent + self._last_frame > budget
        if not self._is_pending or now - self._painted_at < pause or is_too_much:
            return
        text, reasoning = _join(self._text), _join(self._reasoning)
        seconds, idle_s = 0.0 if text else now - self._started_at, now - self._arrived_at
        waiting = f"waiting for more ({idle_s:.0f} s)" if text and idle_s >= QUIET_S else ""
        if self._others:
            # their lists grow in another thread, so they are not joined in place
            others = [("".join(r.texts), "".join(r.reasonings)) for r in self._sorted_others()]
            parts = [(text, reasoning), *others]
            self._last_frame = self._canvas.paint_all(parts, seconds=seconds, waiting=waiting)
        else:
            self._last_frame = self._canvas.paint(text, reasoning, seconds=seconds, waiting=waiting)
        self._painted_at = self._clock()
        self._render_s = self._painted_at - now
        self._sent += self._last_frame
        self._is_pending = False

    def _sorted_others(self) -> list[AnswerReader]:
        return [reader for _, reader in sorted(self._others.items())]

    @property
    def _has_begun(self) -> bool:
        return bool(self._text or self._reasoning or self._others)


def _join(pieces: list[str]) -> str:
    """Return the pieces as one text and keep only that, so that each is joined only once."""
    text = "".join(pieces)
    pieces[:] = [text] if text else []
    return text
