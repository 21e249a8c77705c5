"""When the growing answer is painted: soon, steadily, and never more than the page can take."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from wx_notebook.answer import Answer
from wx_notebook.display.canvas import Canvas

#: A repaint is due when this much time and this many render times have passed ...
_PAUSE_S, _RENDER_TIMES = 0.1, 5
#: ... and the bytes sent stay below this: a page that gets more falls behind (measured).
_FIRST_BYTES, _BYTES_PER_S = 20_000, 120_000
#: Only a wait that is longer than this is worth a line.
_QUIET_S = 1.0


class Live:
    """One answer on its way to the screen.

    Use it as a context: a thread of its own says what is waited for, and paints what arrived last
    when the stream pauses. `finish` or `abandon` end it.
    """

    def __init__(
        self, canvas: Canvas, what: str, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._canvas = canvas
        self._what = what
        self._clock = clock
        self._began = clock()
        self._text = ""
        self._pending = False
        self._painted_at = float("-inf")
        self._render_s = 0.0
        self._sent = 0
        self._wait_told_at = self._began
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        # with the caller's context, in which the kernel keeps the cell that output belongs to
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._watch,), daemon=True, name="wx-live").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._ended.set()

    def waiting(self, why: object) -> None:
        """Show at once why nothing comes, such as the pause before the next attempt."""
        with self._lock:
            self._what = str(why)
            if not self._text:
                self._tell_wait()

    def add(self, piece: str) -> None:
        """Take the next piece; painted now or a little later."""
        with self._lock:
            self._text += piece
            self._pending = True
            self._paint_if_due()

    def finish(self, answer: Answer) -> None:
        """Show the whole answer."""
        self._ended.set()
        with self._lock:
            self._canvas.finish(answer)

    def abandon(self) -> None:
        """End without an answer."""
        self._ended.set()
        with self._lock:
            self._canvas.abandon(f"no answer after {self._clock() - self._began:.1f} s")

    def _watch(self) -> None:
        # the renderer's imports take longer than a first token may; they fit into the wait for it
        from wx_notebook.render import warm

        warm()
        while not self._ended.wait(_PAUSE_S):
            with self._lock:
                if self._ended.is_set():
                    return
                if self._text:
                    self._paint_if_due()
                elif self._clock() - self._wait_told_at >= _QUIET_S:
                    self._tell_wait()

    def _tell_wait(self) -> None:
        self._wait_told_at = self._clock()
        seconds = self._wait_told_at - self._began
        self._sent += self._canvas.wait(f"{self._what} ({seconds:.0f} s)")

    def _paint_if_due(self) -> None:
        now = self._clock()
        pause = max(_PAUSE_S, _RENDER_TIMES * self._render_s)
        budget = _FIRST_BYTES + _BYTES_PER_S * (now - self._began)
        # what a repaint will cost is known from the last one: it grows with the text
        if not self._pending or now - self._painted_at < pause or self._sent > budget:
            return
        sent = self._canvas.paint(self._text)
        self._painted_at = self._clock()
        self._render_s = self._painted_at - now
        self._sent += sent
        self._pending = False
