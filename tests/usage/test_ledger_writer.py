"""The tokens of a prompt are counted at once and written later: within a second, and at exit."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings

import pytest

from wx_notebook.usage.ledger import Ledger, TokenCounts
from wx_notebook.usage.ledger_writer import LedgerWriter
from wx_notebook.usage.meter import UsageMeter

TODAY = dt.date(2026, 6, 15)
SPENT = TokenCounts(1, 10, 5)
#: Counts a prompt in a process of its own; the rest of the script says how that process ends.
SCRIPT = """
import datetime as dt, sys, time
from pathlib import Path
from wx_notebook.usage.ledger import Ledger, TokenCounts
from wx_notebook.usage.meter import UsageMeter
meter = UsageMeter(Ledger(lambda: Path(sys.argv[1])), today=lambda: dt.date(2026, 6, 15))
meter.count("a/b", TokenCounts(1, 10, 5))
print("counted", flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "usage"


def on_disk(folder):
    """The tokens that another kernel reads."""
    return Ledger(lambda: folder).by_model(TODAY).get("a/b", TokenCounts()).total_tokens


class SlowDisk(Ledger):
    """A disk that takes until a test lets it go."""

    def __init__(self, folder):
        super().__init__(lambda: folder)
        self.began, self.gate = threading.Event(), threading.Event()

    def write(self, entries):
        self.began.set()
        assert self.gate.wait(20)
        super().write(entries)


def test_it_is_written_within_a_second(folder):
    LedgerWriter(Ledger(lambda: folder)).add(TODAY, "a/b", SPENT)
    deadline = time.monotonic() + 10
    while not on_disk(folder) and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    assert on_disk(folder) == 15


def test_nobody_waits_for_the_disk_and_the_budget_sees_the_prompt_at_once(folder):
    ledger = SlowDisk(folder)
    meter = UsageMeter(ledger, today=lambda: TODAY)
    meter.count("a/b", SPENT)
    assert ledger.began.wait(20)
    meter.count("a/b", SPENT)
    assert meter.used("notebook") == 30
    ledger.gate.set()
    assert meter.used("day") == 30


def test_what_waits_to_be_written_counts_once_for_the_day(folder):
    writer = LedgerWriter(Ledger(lambda: folder))
    writer.add(TODAY, "a/b", SPENT)
    assert writer.by_model(TODAY) == {"a/b": SPENT}
    assert writer.days(2, TODAY) == [0, 15]
    writer.flush()
    assert writer.by_model(TODAY) == {"a/b": SPENT}
    assert writer.days(2, TODAY) == [0, 15]


def test_prompts_that_end_together_are_written_together(folder):
    writer = LedgerWriter(Ledger(lambda: folder))
    threads = [threading.Thread(target=writer.add, args=[TODAY, "a/b", SPENT]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(thread.name == "wx-usage" for thread in threading.enumerate()) <= 2
    writer.flush()
    assert on_disk(folder) == 300


def test_an_interpreter_that_ends_writes_what_waits(folder):
    subprocess.run([sys.executable, "-c", SCRIPT, str(folder)], check=True, timeout=60)
    assert on_disk(folder) == 15


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_kernel_that_is_killed_a_second_later_loses_nothing(folder):
    code = SCRIPT + "time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        deadline = time.monotonic() + 10
        while not on_disk(folder) and time.monotonic() < deadline:
            threading.Event().wait(0.05)
        process.kill()
    assert on_disk(folder) == 15


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_writes_at_once_and_not_what_waits_in_its_parent(folder):
    writer = LedgerWriter(Ledger(lambda: folder), delay_s=60)
    writer.add(TODAY, "a/b", SPENT)
    with warnings.catch_warnings():
        # Python 3.12 warns that a process with threads is forked; that it works is the point here
        warnings.simplefilter("ignore", DeprecationWarning)
        child = multiprocessing.get_context("fork").Process(
            target=writer.add, args=[TODAY, "a/b", TokenCounts(1, 100, 0)]
        )
        child.start()
    child.join(30)
    assert on_disk(folder) == 100
    writer.flush()
    assert on_disk(folder) == 115


def test_without_threads_it_is_written_at_once(folder, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", refuse)
    LedgerWriter(Ledger(lambda: folder)).add(TODAY, "a/b", SPENT)
    assert on_disk(folder) == 15


@pytest.mark.parametrize("number", [1, 3])
def test_when_the_disk_can_be_written_again_it_has_all_and_the_trouble_is_over(folder, number):
    folder.write_text("a file where the folder should be")
    writer = LedgerWriter(Ledger(lambda: folder), delay_s=60)
    for _ in range(number):
        writer.add(TODAY, "a/b", SPENT)
        writer.flush()
    assert "cannot be written" in writer.trouble
    assert writer.by_model(TODAY)["a/b"].prompts == number
    folder.unlink()
    writer.add(TODAY, "a/b", TokenCounts(1, 1, 1, estimated=1))
    writer.flush()
    assert writer.trouble == ""
    there = Ledger(lambda: folder).by_model(TODAY)["a/b"]
    assert there == TokenCounts(number + 1, 10 * number + 1, 5 * number + 1, estimated=1)
    assert writer.by_model(TODAY)["a/b"] == there


def test_a_second_trouble_is_noted_again(folder):
    folder.write_text("a file where the folder should be")
    meter = UsageMeter(Ledger(lambda: folder), today=lambda: TODAY)

    def notes():
        meter.count("a/b", SPENT)
        meter.flush()
        return [note for note in meter.notes({}, 0) if "in this notebook only" in note]

    assert len(notes()) == 1
    assert notes() == []
    folder.unlink()
    assert notes() == []
    shutil.rmtree(folder)
    folder.write_text("once more")
    assert len(notes()) == 1


def test_without_a_ledger_the_day_is_kept_in_memory():
    writer = LedgerWriter(None)
    writer.add(TODAY, "a/b", SPENT)
    writer.add(TODAY, "a/b", SPENT)
    assert writer.by_model(TODAY) == {"a/b": TokenCounts(2, 20, 10)}
    assert writer.trouble == ""


CHILD = """
import multiprocessing, sys
from pathlib import Path

def spend(folder):
    import datetime as dt
    from wx_notebook.usage.ledger import Ledger, TokenCounts
    from wx_notebook.usage.ledger_writer import LedgerWriter
    writer = LedgerWriter(Ledger(lambda: Path(folder)), delay_s=600)
    writer.add(dt.date(2026, 1, 2), "a/b", TokenCounts(1, 2, 3))

if __name__ == "__main__":
    child = multiprocessing.get_context(sys.argv[2]).Process(target=spend, args=(sys.argv[1],))
    child.start()
    child.join(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_child_that_ends_without_atexit_writes_at_once(tmp_path, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip("this system has no such start method")
    (tmp_path / "child.py").write_text(CHILD)
    command = [sys.executable, str(tmp_path / "child.py"), str(tmp_path / "usage"), method]
    subprocess.run(command, check=True, timeout=120)
    (file,) = (tmp_path / "usage").glob("*.jsonl")
    assert '"in": 2, "out": 3' in file.read_text()
