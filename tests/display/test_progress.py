"""A long wait says what it waits for."""

from __future__ import annotations

import pytest
from display.recording import Canvas, Clock

from wx_notebook.display import Live, Progress


@pytest.mark.slow
def test_a_long_wait_says_what_it_waits_for():
    canvas = Canvas(Clock())
    import threading

    told = threading.Event()
    canvas.show_progress = lambda line: (canvas.waits.append(line), told.set(), 0)[2]
    with Live(canvas, "waiting for ibm/granite"):
        assert told.wait(5)
    assert canvas.waits[0] == "waiting for ibm/granite (1 s)"


def test_the_reason_of_a_pause_is_shown_at_once(clock):
    canvas = Canvas(clock)
    live = Live(canvas, "waiting", clock=clock)
    live.show_pause("busy; attempt 2 of 5 in 0.5 s", 0.5)
    assert canvas.waits == ["busy; attempt 2 of 5 in 0.5 s (0 s)"]
    clock.now += 2
    live.show_pause("later")
    assert canvas.waits[1] == "waiting (2 s)", "the pause is over, so is its reason"


def test_work_that_ends_with_lines_shows_them():
    canvas = Canvas(Clock())
    with Progress(canvas, "asking") as progress:
        progress.show_lines(["one", "two"])
    assert canvas.lines == [["one", "two"]]
    assert canvas.abandoned == []


def test_work_that_fails_leaves_one_line():
    canvas, clock = Canvas(Clock()), Clock()
    with pytest.raises(RuntimeError), Progress(canvas, "asking", clock=clock):
        raise RuntimeError
    assert canvas.abandoned == ["no result after 0.0 s"]
