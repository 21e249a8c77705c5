"""Run the checks: side by side where possible, and none longer than its time limit."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from wx_notebook.doctor.check import Check, CheckContext, CheckResult, CheckStatus
from wx_notebook.doctor.environments import current_environment
from wx_notebook.doctor.plan import CHECKS, load_libraries
from wx_notebook.errors import WatsonxError

#: The time limit of a check.
LIMIT_S = 3.0
#: How often changes are reported; also how soon an interrupt is noticed on Windows.
_TICK_S = 0.1
_REPORT_IT = "Please report it, with this list."


class CheckRunner:
    """Runs checks on one context. Iterating it yields all statuses whenever one changes.

    A caller can stop at any time, for instance at an interrupt: its threads do not keep the
    process alive, and `statuses` has the results so far.

    Parameters
    ----------
    context
        What the checks share.
    checks
        The checks in the order of their numbers. None may wait for itself, not even indirectly.
    limit_s
        The time limit of each check.
    clock
        Seconds that never go backwards.
    """

    def __init__(
        self,
        context: CheckContext,
        checks: Sequence[Check] = CHECKS,
        *,
        limit_s: float = LIMIT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._checks = {check.name: check for check in checks}
        self._limit_s = limit_s
        self._clock = clock
        self._started: dict[str, float] = {}
        self._ended: dict[str, tuple[CheckResult, float | None]] = {}
        self._timed_out: set[str] = set()
        self._results: queue.SimpleQueue[tuple[str, CheckResult, float]] = queue.SimpleQueue()
        self._is_stopped = False
        self._run_started = clock()

    def __iter__(self) -> Iterator[list[CheckStatus]]:
        """Run the checks; each list has all of them, in the order of their numbers."""
        self._run_started = self._clock()
        yield self.statuses
        load_libraries()
        self._start_ready()
        yield self.statuses
        while not self.has_ended:
            if self._wait_for_change():
                yield self.statuses

    @property
    def has_ended(self) -> bool:
        """Whether every check has its verdict."""
        return len(self._ended) == len(self._checks)

    @property
    def seconds(self) -> float:
        """Seconds since the run started."""
        return self._clock() - self._run_started

    @property
    def statuses(self) -> list[CheckStatus]:
        """The status of each check, in the order of their numbers."""
        return [self._status(number, name) for number, name in enumerate(self._checks, start=1)]

    def stop(self) -> None:
        """Stop waiting; checks without a verdict get none."""
        self._is_stopped = True

    def _status(self, number: int, name: str) -> CheckStatus:
        if name in self._ended:
            result, seconds = self._ended[name]
            return CheckStatus(number, name, result.verdict, result.finding, result.repair, seconds)
        if self._is_stopped:
            return CheckStatus(number, name, "stopped", "stopped before it had a result")
        return CheckStatus(number, name, "running" if name in self._started else "waiting")

    def _wait_for_change(self) -> bool:
        """Wait for one tick, or to the end; return whether a check ended in it."""
        before = len(self._ended)
        until = self._clock() + _TICK_S
        while not self.has_ended and (left := until - self._clock()) > 0:
            try:
                name, result, at = self._results.get(timeout=left)
            except queue.Empty:
                break
            self._end(name, result, at - self._started[name])
            self._start_ready()
        self._end_overdue()
        return len(self._ended) > before

    def _end(self, name: str, result: CheckResult, seconds: float | None) -> None:
        # a result after the time limit changes nothing
        if name not in self._ended:
            anonymise = self._context.anonymise
            shown = CheckResult(result.verdict, anonymise(result.finding), anonymise(result.repair))
            self._ended[name] = shown, seconds

    def _end_overdue(self) -> None:
        now = self._clock()
        for name, started in self._started.items():
            if name not in self._ended and now - started >= self._limit_s:
                self._timed_out.add(name)
                finding = f"no answer within {self._limit_s:g} s"
                repair = self._checks[name].timeout_repair
                self._end(name, CheckResult.failed(finding, repair), now - started)
        self._start_ready()

    def _start_ready(self) -> None:
        """Start the checks that wait for no other; skip those whose needs are not met."""
        for name, check in self._checks.items():
            others = {*check.after, *check.needs}
            if name in self._started or name in self._ended or not others <= self._ended.keys():
                continue
            if reason := self._unmet_need(check):
                self._end(name, CheckResult.skipped(reason), None)
            else:
                self._start(name, check)

    def _unmet_need(self, check: Check) -> str:
        numbers = {name: number for number, name in enumerate(self._checks, start=1)}
        for name in check.needs:
            verdict = self._ended[name][0].verdict
            if verdict in ("failed", "skipped"):
                event = "failed" if verdict == "failed" else "was skipped"
                event = "did not answer" if name in self._timed_out else event
                return f"{name} ({numbers[name]}) {event}"
        return ""

    def _start(self, name: str, check: Check) -> None:
        self._started[name] = self._clock()
        # the kernel keeps in the context which cell an output belongs to
        run = contextvars.copy_context().run
        thread = threading.Thread(
            target=run,
            args=(_run_check, check, self._context, self._results.put, self._clock),
            name=f"wx_notebook doctor: {name}",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError:
            self._end(name, CheckResult.failed("no thread can be started", _REPORT_IT), None)


def _run_check(
    check: Check,
    context: CheckContext,
    put: Callable[[tuple[str, CheckResult, float]], None],
    clock: Callable[[], float],
) -> None:
    """Run one check in its thread; every error becomes its result."""
    try:
        result = check.probe(context)
    except WatsonxError as error:
        result = CheckResult.from_error(error)
    except ImportError as error:
        result = CheckResult.failed(
            f"{error.name or 'a package'} cannot be imported here",
            f"`{current_environment().python} -m pip install --force-reinstall wx-notebook`",
        )
    except BaseException as error:  # noqa: BLE001  # its message may quote a secret, its name not
        result = CheckResult.failed(f"the check itself failed ({type(error).__name__})", _REPORT_IT)
    put((check.name, result, clock()))
