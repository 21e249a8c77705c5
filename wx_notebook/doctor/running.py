"""Checks at work: side by side where they can be, none for longer than its time."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from wx_notebook.doctor.environments import this_environment
from wx_notebook.doctor.verdicts import Check, Finding, Result, failed, skipped
from wx_notebook.errors import WatsonxError

if TYPE_CHECKING:
    from wx_notebook.doctor.case import Case

#: What a check may take.
LIMIT_S = 3.0
#: How often what has changed is told, at most; also how soon an interrupt is noticed on Windows.
_TICK_S = 0.1
_REPORT_IT = "Please report it, with this list."


class Examination:
    """Checks on one case. Iterating it runs them and yields their results as they change.

    It can be left at any time, by an interrupt for instance: no thread of it keeps the process
    alive, and `results` has what is known so far.

    Parameters
    ----------
    case
        What is looked at.
    checks
        In the order of their numbers. None may wait for itself, over however many others.
    limit_s
        What one check may take.
    clock
        Seconds that never go backwards.
    """

    def __init__(
        self,
        case: Case,
        checks: Sequence[Check],
        *,
        limit_s: float = LIMIT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._case = case
        self._checks = {check.name: check for check in checks}
        self._limit_s = limit_s
        self._clock = clock
        self._began: dict[str, float] = {}
        self._ended: dict[str, tuple[Finding, float | None]] = {}
        self._late: set[str] = set()
        self._found: queue.SimpleQueue[tuple[str, Finding, float]] = queue.SimpleQueue()
        self._is_stopped = False
        self._started_at = clock()

    def __iter__(self) -> Iterator[list[Result]]:
        """Run the checks; each list has all of them, in the order of their numbers."""
        self._started_at = self._clock()
        yield self.results
        self._case.load()
        self._start_ready()
        yield self.results
        while not self.is_over:
            if self._has_changed():
                yield self.results

    @property
    def is_over(self) -> bool:
        """Whether every check has its verdict."""
        return len(self._ended) == len(self._checks)

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return self._clock() - self._started_at

    @property
    def results(self) -> list[Result]:
        """All checks as they stand now, in the order of their numbers."""
        return [self._result(number, name) for number, name in enumerate(self._checks, start=1)]

    def stop(self) -> None:
        """Wait for nothing more; what has no verdict yet, gets none."""
        self._is_stopped = True

    def _result(self, number: int, name: str) -> Result:
        if name in self._ended:
            finding, seconds = self._ended[name]
            return Result(number, name, finding.verdict, finding.found, finding.repair, seconds)
        if self._is_stopped:
            return Result(number, name, "stopped", "no verdict yet when it was stopped")
        return Result(number, name, "looking" if name in self._began else "waiting")

    def _has_changed(self) -> bool:
        """Wait for a tick, or to the end; return whether something has ended in it."""
        before = len(self._ended)
        until = self._clock() + _TICK_S
        while not self.is_over and (left := until - self._clock()) > 0:
            try:
                name, finding, at = self._found.get(timeout=left)
            except queue.Empty:
                break
            self._end(name, finding, at - self._began[name])
            self._start_ready()
        self._end_late()
        return len(self._ended) > before

    def _end(self, name: str, finding: Finding, seconds: float | None) -> None:
        # what comes after its time was told already
        if name not in self._ended:
            mask = self._case.mask
            shown = Finding(finding.verdict, mask(finding.found), mask(finding.repair))
            self._ended[name] = shown, seconds

    def _end_late(self) -> None:
        now = self._clock()
        for name, began in self._began.items():
            if name not in self._ended and now - began >= self._limit_s:
                self._late.add(name)
                said = f"no answer within {self._limit_s:g} s"
                self._end(name, Finding("failed", said, self._checks[name].late), now - began)
        self._start_ready()

    def _start_ready(self) -> None:
        """Start what waits for nothing more; skip what makes no sense any more."""
        for name, check in self._checks.items():
            waits_for = {*check.after, *check.needs}
            if name in self._began or name in self._ended or not waits_for <= self._ended.keys():
                continue
            if why := self._why_not(check):
                self._end(name, skipped(why), None)
            else:
                self._start(name, check)

    def _why_not(self, check: Check) -> str:
        numbers = {name: number for number, name in enumerate(self._checks, start=1)}
        for name in check.needs:
            verdict = self._ended[name][0].verdict
            if verdict in ("failed", "skipped"):
                how = "failed" if verdict == "failed" else "was skipped"
                how = "did not answer" if name in self._late else how
                return f"{name} ({numbers[name]}) {how}"
        return ""

    def _start(self, name: str, check: Check) -> None:
        self._began[name] = self._clock()
        # in the caller's context, in which a kernel keeps the cell that output belongs to
        run = contextvars.copy_context().run
        look = threading.Thread(
            target=run,
            args=(_look, check, self._case, self._found.put, self._clock),
            name=f"wx_notebook doctor: {name}",
            daemon=True,
        )
        try:
            look.start()
        except RuntimeError:
            self._end(name, Finding("failed", "no thread can be started", _REPORT_IT), None)


def _look(
    check: Check,
    case: Case,
    put: Callable[[tuple[str, Finding, float]], None],
    clock: Callable[[], float],
) -> None:
    """Do one check, in its thread; whatever goes wrong in there is its finding."""
    try:
        finding = check.look(case)
    except WatsonxError as problem:
        finding = failed(problem)
    except ImportError as problem:
        finding = Finding(
            "failed",
            f"{problem.name or 'a package'} cannot be imported here",
            f"`{this_environment().python} -m pip install --force-reinstall wx-notebook`",
        )
    except BaseException as problem:  # noqa: BLE001  # its words may quote a secret: only its name
        finding = Finding("failed", f"the check broke ({type(problem).__name__})", _REPORT_IT)
    put((check.name, finding, clock()))
