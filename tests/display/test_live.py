"""When a growing answer is painted. Time is passed in; the canvas counts."""

from __future__ import annotations

import pytest
from display.recording import Canvas, Clock

from wx_notebook.display import Live


def feed(live, clock, pieces, every_s):
    for piece in pieces:
        live.add(piece)
        clock.now += every_s


def test_the_first_piece_is_painted_at_once(clock):
    canvas = Canvas(clock)
    Live(canvas, "waiting", clock=clock).add("first")
    assert canvas.painted == [(100.0, "first")]


def test_a_repaint_waits_for_a_tenth_of_a_second(clock):
    canvas = Canvas(clock)
    feed(Live(canvas, "waiting", clock=clock), clock, ["x"] * 1000, 0.001)
    assert 9 <= len(canvas.painted) <= 11


def test_a_slow_render_is_done_in_a_sixth_of_the_time(clock):
    canvas = Canvas(clock, cost_s=0.2)
    feed(Live(canvas, "waiting", clock=clock), clock, ["x"] * 10_000, 0.001)
    assert len(canvas.painted) * 0.2 <= 12 / 6 * 1.2


def test_the_bytes_sent_stay_under_the_budget(clock):
    canvas = Canvas(clock, size=50_000)
    feed(Live(canvas, "waiting", clock=clock), clock, ["x"] * 5000, 0.001)
    first, *later = canvas.painted
    for number, (when, _) in enumerate(later, start=2):
        assert number * 50_000 <= 20_000 + 120_000 * (when - first[0])


def test_each_repaint_has_the_whole_text_so_far(clock):
    canvas = Canvas(clock)
    feed(Live(canvas, "waiting", clock=clock), clock, list("abcdef"), 0.2)
    assert [text for _, text in canvas.painted] == ["a", "ab", "abc", "abcd", "abcde", "abcdef"]


def test_thinking_is_painted_apart_from_the_text_with_the_seconds_it_takes(clock):
    canvas = Canvas(clock)
    live = Live(canvas, "waiting", clock=clock)
    clock.now += 2
    live.add_reasoning("so ")
    clock.now += 1
    live.add_reasoning("far")
    clock.now += 1
    live.add("The answer")
    assert [text for _, text in canvas.painted] == ["", "", "The answer"]
    assert canvas.thoughts == [("so ", 2.0), ("so far", 3.0), ("so far", 0.0)]


@pytest.mark.slow
def test_the_seconds_of_thinking_go_on_while_nothing_comes():
    import threading

    thrice, canvas = threading.Event(), Canvas(Clock())
    canvas.paint = lambda _text, _thoughts, *, seconds, waiting: (
        canvas.thoughts.append(seconds), len(canvas.thoughts) == 3 and thrice.set(), 0
    )[2]  # fmt: skip
    with Live(canvas, "waiting") as live:
        live.add_reasoning("hm")
        assert thrice.wait(10)
    first, second, third = canvas.thoughts
    assert first < second < third
    assert canvas.waits == [], "thinking is no waiting"


def test_a_stream_that_stalls_says_so_below_its_text_until_it_goes_on(clock):
    canvas = Canvas(clock)
    live = Live(canvas, "waiting", clock=clock)
    live.add("one ")
    for seconds in (0.5, 0.5, 0.4, 10.6):
        clock.now += seconds
        live._tick()  # the excuse: the thread that calls it sleeps for real
    clock.now += 0.2
    live.add("two")
    assert canvas.stalls == ["", "waiting for more (1 s)", "waiting for more (12 s)", ""]
    assert [text for _, text in canvas.painted] == ["one ", "one ", "one ", "one two"]


def test_the_first_wait_is_not_for_more(clock):
    canvas = Canvas(clock)
    live = Live(canvas, "waiting", clock=clock)
    clock.now += 12
    live._tick()
    assert (canvas.waits, canvas.stalls) == (["waiting (12 s)"], [])


def test_text_that_turns_out_to_be_thinking_moves_there(clock):
    canvas = Canvas(clock)
    live = Live(canvas, "waiting", clock=clock)
    live.begin_with("So far. ")
    live.add("Okay, 2+2.")
    clock.now += 1
    live.reset("", "")
    live.add_reasoning("Okay, 2+2.")
    clock.now += 1
    live.add("Four.")
    assert canvas.retracted == 1
    assert canvas.painted[-1][1] == "So far. Four."
    assert canvas.thoughts[-1][0] == "Okay, 2+2."


def test_thinking_is_no_frame_for_each_of_its_pieces(clock):
    canvas = Canvas(clock)
    live = Live(canvas, "waiting", clock=clock)
    for _ in range(1000):
        live.add_reasoning("x")
        clock.now += 0.001
    assert 9 <= len(canvas.painted) <= 11


def test_what_came_last_is_painted_when_the_stream_pauses():
    canvas = Canvas(Clock())
    painted = []
    import threading

    twice = threading.Event()
    canvas.paint = lambda text, *_, **__: (painted.append(text), text == "ab" and twice.set(), 0)[2]
    with Live(canvas, "waiting") as live:
        live.add("a")
        live.add("b")
        assert twice.wait(5)
    assert painted == ["a", "ab"]
