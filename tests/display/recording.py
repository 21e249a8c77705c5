"""Stand-ins for the screen and the clock: what was shown, at which time."""

from __future__ import annotations

from wx_notebook.answer import Answer


class Canvas:
    """Takes `cost_s` of the clock for each repaint and sends `size` bytes."""

    def __init__(self, clock, cost_s=0.0, size=None):
        self.clock, self.cost_s, self.size = clock, cost_s, size
        self.painted: list[tuple[float, str]] = []
        self.thoughts: list[tuple[str, float]] = []
        self.waits: list[str] = []
        self.stalls: list[str] = []
        self.retracted = 0
        self.finished: list[Answer] = []
        self.abandoned: list[str] = []
        self.lines: list[list[str]] = []

    def preload(self):
        pass

    def show_progress(self, line):
        self.waits.append(line)
        return 0

    def paint(self, text, reasoning="", *, seconds=0.0, waiting=""):
        self.painted.append((self.clock.now, text))
        self.stalls.append(waiting)
        self.thoughts.append((reasoning, seconds))
        self.clock.now += self.cost_s
        return len(text) if self.size is None else self.size

    def retract(self):
        self.retracted += 1
        return 0

    def show_lines(self, lines):
        self.lines.append(lines)
        return 0

    def finish(self, answer):
        self.finished.append(answer)
        return 0

    def abandon(self, line):
        self.abandoned.append(line)
        return 0


class Clock:
    now = 100.0

    def __call__(self):
        return self.now
