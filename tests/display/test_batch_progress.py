"""A run over a table in a file, which takes nothing back."""

from __future__ import annotations

import io

from display.recording import Clock

from wx_notebook.batch.jobs import Counts
from wx_notebook.batch.progress import RunProgress
from wx_notebook.display import TerminalCanvas
from wx_notebook.display.batch_progress import BatchDisplay


def progress(done, waiting):
    return RunProgress(Counts(done=done), 30, 0.0, 0.0, None, waiting, ())


def test_a_job_of_hours_writes_a_line_only_when_something_is_new():
    out, clock = io.StringIO(), Clock()
    display = BatchDisplay(TerminalCanvas(out), ["30 rows"], "Say", clock=clock)
    for done, state in [
        (0, "validating"),
        (0, "validating"),
        (9, "in_progress"),
        (9, "in_progress"),
    ]:
        clock.now += 60
        display.update(progress(done, f"1 batch job at the service: 1 {state}"))
    assert out.getvalue().splitlines() == [
        "0 of 30 rows · 0 tokens · 1 batch job at the service: 1 validating",
        "9 of 30 rows · 0 tokens · 1 batch job at the service: 1 in_progress",
    ]


def test_lines_of_a_file_are_ten_seconds_apart():
    out, clock = io.StringIO(), Clock()
    display = BatchDisplay(TerminalCanvas(out), ["30 rows"], "Say", clock=clock)
    for done in range(25):
        clock.now += 1
        display.update(progress(done, ""))
    assert len(out.getvalue().splitlines()) == 3
