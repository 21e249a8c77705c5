"""Saying what is waited for, once a wait is worth a line."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from wx_notebook.display.canvas import Canvas

#: How often the thread beside the work looks up, in seconds.
TICK_S = 0.1
#: Only a wait that is longer than this is worth a line.
QUIET_S = 1.0


class Waiting:
    """Work that takes its time, as a context: from the first second on, a line says what it is.

    `tell` ends it with lines of ours; without them, or after an error, one muted line stays where
    the wait was shown.
    """

    def __init__(
        self, canvas: Canvas, what: str, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._canvas = canvas
        self._what = what
        self._clock = clock
        self._began = clock()
        self._pause = ""
        self._pause_ends = self._began
        self._told_at = self._began
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        # with the caller's context, in which the kernel keeps the cell that output belongs to
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._watch,), daemon=True, name="wx-wait").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if not self._ended.is_set():
            self.abandon()

    def waiting(self, why: object, pause_s: float = 0.0) -> None:
        """Show at once why nothing comes for `pause_s` seconds, such as before a next attempt."""
        with self._lock:
            self._pause, self._pause_ends = str(why), self._clock() + pause_s
            self._tell_wait()

    def tell(self, lines: Sequence[str]) -> None:
        """End with these lines, in place of the one that said what was waited for."""
        self._ended.set()
        with self._lock:
            self._canvas.tell(lines)

    def show(self, bundle: Mapping[str, str]) -> None:
        """End with something of ours in plain text and HTML, such as a table."""
        self._ended.set()
        with self._lock:
            self._canvas.show(bundle)

    def abandon(self) -> None:
        """End without a result."""
        self._ended.set()
        with self._lock:
            self._canvas.abandon(f"nothing came in {self._clock() - self._began:.1f} s")

    def _watch(self) -> None:
        while not self._ended.wait(TICK_S):
            with self._lock:
                if not self._ended.is_set():
                    self._tick()

    def _tick(self) -> None:
        if self._clock() - self._told_at >= QUIET_S:
            self._tell_wait()

    def _tell_wait(self) -> int:
        self._told_at = self._clock()
        what = self._pause if self._told_at < self._pause_ends else self._what
        return self._canvas.wait(f"{what} ({self._told_at - self._began:.0f} s)")
