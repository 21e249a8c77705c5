"""Checks side by side: none is waited for longer than its time, and an interrupt ends the wait."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from wx_notebook.doctor import Check, CheckContext, CheckResult, CheckRunner, FrontEnd
from wx_notebook.errors import KeyRefused


def build_runner(*checks, limit_s=30.0):
    return CheckRunner(
        CheckContext(environ={}, front_end=FrontEnd("command")), checks, limit_s=limit_s
    )


def run(*checks, **how):
    running = build_runner(*checks, **how)
    for _ in running:
        pass
    return {result.name: result for result in running.statuses}


def well(name, **more):
    return Check(name, lambda context: CheckResult("ok", "well"), **more)


@pytest.fixture
def hanging():
    """What never answers while the test runs."""
    over = threading.Event()
    yield lambda context: over.wait(60) and None
    over.set()


def test_what_does_not_answer_is_a_verdict_with_its_repair_and_not_a_hang(hanging):
    results = run(
        Check("keyring", hanging, timeout_repair="Unlock it."), well("other"), limit_s=0.2
    )
    late = results["keyring"]
    assert (late.state, late.finding, late.repair) == (
        "failed", "no answer within 0.2 s", "Unlock it.",
    )  # fmt: skip
    assert late.seconds >= 0.2
    assert results["other"].state == "ok"


def test_checks_that_do_not_wait_for_each_other_run_side_by_side():
    together = threading.Barrier(3)

    def probe(context):
        together.wait(20)
        return CheckResult("ok", "met")

    results = run(*(Check(str(n), probe) for n in range(3)))
    assert {result.state for result in results.values()} == {"ok"}


def test_a_check_is_skipped_with_the_reason_when_one_that_it_needs_did_not_go_well(hanging):
    def broken(context):
        raise KeyRefused("IBM Cloud does not know this API key.", hint="Make a new one.")

    results = run(
        Check("IAM", broken),
        well("project", needs=("IAM",)),
        well("runtime", needs=("project",)),
        Check("region", hanging),
        well("model", needs=("region",)),
        well("clock", after=("IAM", "region")),
        limit_s=0.2,
    )
    assert (results["IAM"].state, results["IAM"].finding) == (
        "failed", "IBM Cloud does not know this API key.",
    )  # fmt: skip
    assert results["IAM"].repair == "Make a new one."
    assert results["project"].finding == "IAM (1) failed"
    assert results["runtime"].finding == "project (2) was skipped"
    assert results["model"].finding == "region (4) did not answer"
    assert results["model"].state == "skipped"
    assert results["clock"].state == "ok", "it only waits"


def test_a_warning_is_good_enough_for_those_that_need_it():
    results = run(
        Check("credential", lambda context: CheckResult("warning", "w")),
        well("x", needs=("credential",)),
    )
    assert results["x"].state == "ok"


def test_a_check_that_breaks_is_failed_by_its_kind_and_quotes_nothing():
    def broken(context):
        raise RuntimeError("the-password-of-somebody")

    def exits(context):
        raise SystemExit("the-password-of-somebody")

    def without_a_package(context):
        import no_such_package_at_all  # noqa: F401

    results = run(
        Check("broken", broken), Check("exits", exits), Check("imports", without_a_package)
    )
    assert results["broken"].finding == "the check itself failed (RuntimeError)"
    assert results["exits"].finding == "the check itself failed (SystemExit)"
    assert "report it" in results["broken"].repair
    assert results["imports"].finding == "no_such_package_at_all cannot be imported here"
    assert "-m pip install" in results["imports"].repair
    assert "password" not in repr(results)


def test_what_answers_after_its_time_does_not_change_the_verdict():
    go, gone = threading.Event(), threading.Event()

    def slow(context):
        go.wait(60)
        gone.set()
        return CheckResult("ok", "at last")

    def last(context):
        go.set()
        gone.wait(60)
        return CheckResult("ok", "")

    running = build_runner(Check("slow", slow), Check("last", last, after=("slow",)), limit_s=0.2)
    for _ in running:
        pass
    assert running.statuses[0].finding == "no answer within 0.2 s"


def test_progress_has_every_check_from_the_first_moment_on_and_its_number():
    states = list(build_runner(well("one"), well("two", needs=("one",))))
    first, last = states[0], states[-1]
    assert [(r.number, r.name) for r in first] == [(1, "one"), (2, "two")]
    assert first[1].state == "waiting"
    assert [r.state for r in last] == ["ok", "ok"]


def test_what_has_no_verdict_when_it_is_stopped_says_so_and_the_rest_stays(hanging):
    running = build_runner(well("one"), Check("two", hanging), well("three", needs=("two",)))
    for results in running:
        if results[0].has_ended:
            break
    running.stop()
    assert [r.state for r in running.statuses] == ["ok", "stopped", "stopped"]


@pytest.mark.slow
def test_an_interrupt_ends_the_wait_at_once_and_no_thread_keeps_the_process():
    """In a process of its own, whose exit would wait for a thread that is none of a daemon's."""
    program = (
        "import os, signal, threading\n"
        "from wx_notebook.doctor import *\n"
        "pressed = lambda c: os.kill(os.getpid(), signal.SIGINT) or threading.Event().wait()\n"
        "e = CheckRunner(CheckContext(environ={}, front_end=FrontEnd('command')),\n"
        "    [Check('one', lambda c: CheckResult('ok', '')),\n"
        "     Check('two', pressed, after=('one',))],\n"
        "    limit_s=600)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n"
        "    for _ in e: pass\n"
        "except KeyboardInterrupt:\n"
        "    print([r.state for r in e.statuses])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "['ok', 'running']"


def test_the_threads_it_leaves_behind_are_daemons(hanging):
    running = build_runner(Check("two", hanging), limit_s=0.1)
    for _ in running:
        pass
    left = [t for t in threading.enumerate() if t.name.startswith("wx_notebook doctor")]
    assert left
    assert all(thread.daemon for thread in left)
