"""Checks side by side: none is waited for longer than its time, and an interrupt ends the wait."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from wx_notebook.doctor import CHECKS, Case, Check, Examination, Finding, FrontEnd
from wx_notebook.errors import KeyRefused


def examination(*checks, limit_s=30.0):
    return Examination(Case(environ={}, front=FrontEnd("command")), checks, limit_s=limit_s)


def run(*checks, **how):
    running = examination(*checks, **how)
    for _ in running:
        pass
    return {result.name: result for result in running.results}


def well(name, **more):
    return Check(name, lambda case: Finding("ok", "well"), **more)


@pytest.fixture
def hanging():
    """What never answers while the test runs."""
    over = threading.Event()
    yield lambda case: over.wait(60) and None
    over.set()


def test_what_does_not_answer_is_a_verdict_with_its_repair_and_not_a_hang(hanging):
    said = run(Check("keyring", hanging, late="Unlock it."), well("other"), limit_s=0.2)
    late = said["keyring"]
    assert (late.verdict, late.found, late.repair) == (
        "failed", "no answer within 0.2 s", "Unlock it.",
    )  # fmt: skip
    assert late.seconds >= 0.2
    assert said["other"].verdict == "ok"


def test_checks_that_do_not_wait_for_each_other_run_side_by_side():
    together = threading.Barrier(3)

    def look(case):
        together.wait(20)
        return Finding("ok", "met")

    said = run(*(Check(str(n), look) for n in range(3)))
    assert {result.verdict for result in said.values()} == {"ok"}


def test_a_check_is_skipped_with_the_reason_when_one_that_it_needs_did_not_go_well(hanging):
    def broken(case):
        raise KeyRefused("IBM Cloud does not know this API key.", hint="Make a new one.")

    said = run(
        Check("IAM", broken),
        well("project", needs=("IAM",)),
        well("runtime", needs=("project",)),
        Check("region", hanging),
        well("model", needs=("region",)),
        well("clock", after=("IAM", "region")),
        limit_s=0.2,
    )
    assert (said["IAM"].verdict, said["IAM"].found) == (
        "failed", "IBM Cloud does not know this API key.",
    )  # fmt: skip
    assert said["IAM"].repair == "Make a new one."
    assert said["project"].found == "IAM (1) failed"
    assert said["runtime"].found == "project (2) was skipped"
    assert said["model"].found == "region (4) did not answer"
    assert said["model"].verdict == "skipped"
    assert said["clock"].verdict == "ok", "it only waits"


def test_a_warning_is_good_enough_for_those_that_need_it():
    said = run(
        Check("credential", lambda case: Finding("warning", "w")), well("x", needs=("credential",))
    )
    assert said["x"].verdict == "ok"


def test_a_check_that_breaks_is_failed_by_its_kind_and_quotes_nothing():
    def broken(case):
        raise RuntimeError("the-password-of-somebody")

    def exits(case):
        raise SystemExit("the-password-of-somebody")

    def without_a_package(case):
        import no_such_package_at_all  # noqa: F401

    said = run(Check("broken", broken), Check("exits", exits), Check("imports", without_a_package))
    assert said["broken"].found == "the check broke (RuntimeError)"
    assert said["exits"].found == "the check broke (SystemExit)"
    assert "report it" in said["broken"].repair
    assert said["imports"].found == "no_such_package_at_all cannot be imported here"
    assert "-m pip install" in said["imports"].repair
    assert "password" not in repr(said)


def test_what_answers_after_its_time_does_not_change_the_verdict():
    go, gone = threading.Event(), threading.Event()

    def slow(case):
        go.wait(60)
        gone.set()
        return Finding("ok", "at last")

    def last(case):
        go.set()
        gone.wait(60)
        return Finding("ok", "")

    running = examination(Check("slow", slow), Check("last", last, after=("slow",)), limit_s=0.2)
    for _ in running:
        pass
    assert running.results[0].found == "no answer within 0.2 s"


def test_progress_has_every_check_from_the_first_moment_on_and_its_number():
    states = list(examination(well("one"), well("two", needs=("one",))))
    first, last = states[0], states[-1]
    assert [(r.number, r.name) for r in first] == [(1, "one"), (2, "two")]
    assert first[1].verdict == "waiting"
    assert [r.verdict for r in last] == ["ok", "ok"]


def test_what_has_no_verdict_when_it_is_stopped_says_so_and_the_rest_stays(hanging):
    running = examination(well("one"), Check("two", hanging), well("three", needs=("two",)))
    for results in running:
        if results[0].has_ended:
            break
    running.stop()
    assert [r.verdict for r in running.results] == ["ok", "stopped", "stopped"]


def test_an_interrupt_ends_the_wait_at_once_and_no_thread_keeps_the_process():
    """In a process of its own, whose exit would wait for a thread that is none of a daemon's."""
    program = (
        "import os, signal, threading\n"
        "from wx_notebook.doctor import *\n"
        "pressed = lambda c: os.kill(os.getpid(), signal.SIGINT) or threading.Event().wait()\n"
        "e = Examination(Case(environ={}, front=FrontEnd('command')),\n"
        "    [Check('one', lambda c: Finding('ok', '')), Check('two', pressed, after=('one',))],\n"
        "    limit_s=600)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n"
        "    for _ in e: pass\n"
        "except KeyboardInterrupt:\n"
        "    print([r.verdict for r in e.results])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "['ok', 'looking']"


def test_the_plan_has_no_circle_and_no_chain_that_would_take_longer_than_fifteen_seconds():
    waits = {check.name: {*check.after, *check.needs} for check in CHECKS}

    def depth(name, seen=()):
        assert name not in seen, f"{name} waits for itself"
        return 1 + max((depth(other, (*seen, name)) for other in waits[name]), default=0)

    assert max(map(depth, waits)) * 3 <= 15


def test_the_plan_has_what_the_documentation_names_in_that_order():
    assert [check.name for check in CHECKS] == [
        "versions", "front end", "widgets", "extension", "keyring", "credential", "proxy",
        "certificates", "clock", "IAM", "region", "project", "runtime", "quota", "model",
    ]  # fmt: skip
    assert all(check.late for check in CHECKS), "each one has a repair when it does not answer"


def test_the_threads_it_leaves_behind_are_daemons(hanging):
    running = examination(Check("two", hanging), limit_s=0.1)
    for _ in running:
        pass
    left = [t for t in threading.enumerate() if t.name.startswith("wx_notebook doctor")]
    assert left
    assert all(thread.daemon for thread in left)
