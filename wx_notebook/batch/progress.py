"""How far a run is, as a value that can be shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from wx_notebook.batch.jobs import Counts

#: Answers of the live sample, and characters of each.
_SAMPLES, _LONGEST_SAMPLE = 3, 160
#: The rate is that of the last seconds.
_RECENT_S = 10.0


class Sample(NamedTuple):
    """One of the last answers: the row that it belongs to, and its text."""

    position: int
    text: str


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A run as it is now.

    Attributes
    ----------
    total
        The number of rows, None where it is not known yet.
    rate
        Rows a second, of the last seconds.
    left_s
        The time that is left, None where it can't be estimated yet.
    waiting
        Why nothing is sent now, "" otherwise.
    """

    counts: Counts
    total: int | None
    seconds: float
    rate: float
    left_s: float | None
    waiting: str
    samples: tuple[Sample, ...]


OnProgress: TypeAlias = Callable[[RunProgress], None]


class ProgressMeter:
    """Makes the snapshots of a run.

    Parameters
    ----------
    counts
        The figures, which the run changes.
    total
        The number of rows, None where it is not known.
    clock
        Seconds that never go backwards.
    """

    def __init__(self, counts: Counts, total: int | None, clock: Callable[[], float]) -> None:
        self.counts = counts
        self.total = total
        self._clock = clock
        self._began = clock()
        self._recent: deque[tuple[float, int]] = deque()
        self._samples: deque[Sample] = deque(maxlen=_SAMPLES)

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._began

    def add_sample(self, position: int, text: str) -> None:
        """Take one of the last answers."""
        shown = text[: 4 * _LONGEST_SAMPLE]
        cut = " ".join(shown.split())
        self._samples.append(
            Sample(position, cut if len(cut) <= _LONGEST_SAMPLE else f"{cut[:_LONGEST_SAMPLE]} ...")
        )

    def snapshot(self, waiting: str = "") -> RunProgress:
        """Return the run as it is now."""
        now = self._clock()
        finished = self.counts.finished
        self._recent.append((now, finished))
        while len(self._recent) > 2 and self._recent[0][0] < now - _RECENT_S:
            self._recent.popleft()
        since, before = self._recent[0]
        rate = (finished - before) / (now - since) if now > since else 0.0
        left = self.total - finished if self.total is not None else None
        left_s = left / rate if left is not None and rate > 0 else None
        return RunProgress(
            self.counts, self.total, now - self._began, rate, left_s, waiting, tuple(self._samples)
        )
