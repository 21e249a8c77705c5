"""When the growing answer is painted: soon, steadily, and never more than the page can take."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from wx_notebook.answer import Answer
from wx_notebook.display.canvas import Canvas
from wx_notebook.display.waiting import QUIET_S, TICK_S, Waiting

#: A repaint is due when a tick and this many render times have passed ...
_RENDER_TIMES = 5
#: ... and the bytes sent stay below this: a page that gets more falls behind (measured).
_FIRST_BYTES, _BYTES_PER_S = 20_000, 120_000


class Live(Waiting):
    """One answer on its way to the screen.

    The thread of `Waiting` says what is waited for until the first piece, and paints what arrived
    last when the stream pauses. `finish` ends it with the whole answer.
    """

    def __init__(
        self, canvas: Canvas, what: str, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__(canvas, what, clock=clock)
        self._parts: list[str] = []
        self._thoughts: list[str] = []
        self._pending = False
        self._painted_at = float("-inf")
        self._render_s = 0.0
        self._sent = self._last_frame = 0

    def add(self, piece: str) -> None:
        """Take the next piece; painted now or a little later."""
        with self._lock:
            self._parts.append(piece)
            self._pending = True
            self._paint_if_due()

    def think(self, piece: str) -> None:
        """Take the next piece of what the model thinks before it answers."""
        with self._lock:
            self._thoughts.append(piece)
            self._pending = True
            self._paint_if_due()

    def finish(self, answer: Answer) -> None:
        """Show the whole answer."""
        self._ended.set()
        with self._lock:
            self._canvas.finish(answer)

    def _watch(self) -> None:
        # the renderer's imports take longer than a first token may; they fit into the wait for it
        with contextlib.suppress(Exception):
            from wx_notebook.render import warm

            warm()
        super()._watch()

    def _tick(self) -> None:
        if self._thoughts and not self._parts:
            # the seconds go on, whatever comes
            self._pending = self._pending or self._clock() - self._painted_at >= QUIET_S
        if self._parts or self._thoughts:
            self._paint_if_due()
        else:
            super()._tick()

    def _tell_wait(self) -> int:
        if self._parts or self._thoughts:
            return 0
        sent = super()._tell_wait()
        self._sent += sent
        return sent

    def _paint_if_due(self) -> None:
        now = self._clock()
        pause = max(TICK_S, _RENDER_TIMES * self._render_s)
        budget = _FIRST_BYTES + _BYTES_PER_S * (now - self._began)
        # the next frame is at least as large as the last one: the text only grows
        too_much = self._sent + self._last_frame > budget
        if not self._pending or now - self._painted_at < pause or too_much:
            return
        text, thoughts = _joined(self._parts), _joined(self._thoughts)
        seconds = 0.0 if text else now - self._began
        self._last_frame = self._canvas.paint(text, thoughts, seconds=seconds)
        self._painted_at = self._clock()
        self._render_s = self._painted_at - now
        self._sent += self._last_frame
        self._pending = False


def _joined(parts: list[str]) -> str:
    """Return pieces as one text, which takes their place: joined once, not at every repaint."""
    text = "".join(parts)
    parts[:] = [text] if text else []
    return text
