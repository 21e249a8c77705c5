"""A line that says what we wait for, once the wait is long enough for a line."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from wx_notebook.display.canvas import Canvas

#: Seconds between two looks of the thread beside the work.
TICK_S = 0.1
#: Seconds before a wait is shown, and between two updates of its line.
QUIET_S = 1.0


class Progress:
    """Work that may take long, as a context: after one second a line says what the work is.

    `show_lines` or `show_bundle` ends it with a result. Without a result, or after an error, one
    muted line stays where the wait was shown.

    Parameters
    ----------
    canvas
        Where the line is shown.
    message
        What we wait for, such as "signing in".
    clock
        Returns the time in seconds.
    """

    def __init__(
        self, canvas: Canvas, message: str, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._canvas = canvas
        self._message = message
        self._clock = clock
        self._started_at = clock()
        self._pause_reason = ""
        self._pause_ends_at = self._started_at
        self._shown_at = self._started_at
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        # with the caller's context, in which the kernel keeps the cell that the output belongs to
        run = contextvars.copy_context().run
        # no daemon: Python waits for it at its end. One that is in a library of Rust then, as the
        # sanitiser is, would end in a panic on the user's screen
        threading.Thread(target=run, args=(self._watch,), daemon=False, name="wx-wait").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if not self._ended.is_set():
            self.abandon()

    def show_pause(self, reason: object, seconds: float = 0.0) -> None:
        """Show at once why nothing comes for so many seconds, such as before the next attempt."""
        with self._lock:
            self._pause_reason, self._pause_ends_at = str(reason), self._clock() + seconds
            self._show_wait()

    def show_lines(self, lines: Sequence[str]) -> None:
        """End with these lines, in place of the line that said what we waited for."""
        self._ended.set()
        with self._lock:
            self._canvas.show_lines(lines)

    def show_bundle(self, bundle: Mapping[str, str]) -> None:
        """End with plain text and HTML of ours, such as a table."""
        self._ended.set()
        with self._lock:
            self._canvas.show_bundle(bundle)

    def abandon(self) -> None:
        """End without a result."""
        self._ended.set()
        with self._lock:
            self._canvas.abandon(f"no result after {self._clock() - self._started_at:.1f} s")

    def _watch(self) -> None:
        # a thread that is waited for no more must not keep the process alive
        while not self._ended.wait(TICK_S) and threading.main_thread().is_alive():
            with self._lock:
                if not self._ended.is_set():
                    self._tick()

    def _tick(self) -> None:
        if self._clock() - self._shown_at >= QUIET_S:
            self._show_wait()

    def _show_wait(self) -> int:
        self._shown_at = self._clock()
        message = self._pause_reason if self._shown_at < self._pause_ends_at else self._message
        seconds = self._shown_at - self._started_at
        return self._canvas.show_progress(f"{message} ({seconds:.0f} s)")
