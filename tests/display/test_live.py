"""When a growing answer is painted. Time is passed in; the canvas counts."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wx_notebook.answer import Answer
from wx_notebook.display import Live, TerminalCanvas, Waiting
from wx_notebook.render import clean_text


class Canvas:
    """Takes `cost_s` of the clock for each repaint and sends `size` bytes."""

    def __init__(self, clock, cost_s=0.0, size=None):
        self.clock, self.cost_s, self.size = clock, cost_s, size
        self.painted: list[tuple[float, str]] = []
        self.thoughts: list[tuple[str, float]] = []
        self.waits: list[str] = []
        self.finished: list[Answer] = []
        self.abandoned: list[str] = []
        self.told: list[list[str]] = []

    def wait(self, line):
        self.waits.append(line)
        return 0

    def paint(self, text, reasoning="", *, seconds=0.0):
        self.painted.append((self.clock.now, text))
        self.thoughts.append((reasoning, seconds))
        self.clock.now += self.cost_s
        return len(text) if self.size is None else self.size

    def tell(self, lines):
        self.told.append(lines)
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


@pytest.fixture
def clock():
    return Clock()


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
    live.think("so ")
    clock.now += 1
    live.think("far")
    clock.now += 1
    live.add("The answer")
    assert [text for _, text in canvas.painted] == ["", "", "The answer"]
    assert canvas.thoughts == [("so ", 2.0), ("so far", 3.0), ("so far", 0.0)]


def test_the_seconds_of_thinking_go_on_while_nothing_comes():
    import threading

    thrice, canvas = threading.Event(), Canvas(Clock())
    canvas.paint = lambda _text, _thoughts, *, seconds: (
        canvas.thoughts.append(seconds), len(canvas.thoughts) == 3 and thrice.set(), 0
    )[2]  # fmt: skip
    with Live(canvas, "waiting") as live:
        live.think("hm")
        assert thrice.wait(10)
    first, second, third = canvas.thoughts
    assert first < second < third
    assert canvas.waits == [], "thinking is no waiting"


def test_thinking_is_no_frame_for_each_of_its_pieces(clock):
    canvas = Canvas(clock)
    live = Live(canvas, "waiting", clock=clock)
    for _ in range(1000):
        live.think("x")
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


def test_a_long_wait_says_what_it_waits_for():
    canvas = Canvas(Clock())
    import threading

    told = threading.Event()
    canvas.wait = lambda line: (canvas.waits.append(line), told.set(), 0)[2]
    with Live(canvas, "waiting for ibm/granite"):
        assert told.wait(5)
    assert canvas.waits[0] == "waiting for ibm/granite (1 s)"


def test_the_reason_of_a_pause_is_shown_at_once(clock):
    canvas = Canvas(clock)
    live = Live(canvas, "waiting", clock=clock)
    live.waiting("busy; attempt 2 of 5 in 0.5 s", 0.5)
    assert canvas.waits == ["busy; attempt 2 of 5 in 0.5 s (0 s)"]
    clock.now += 2
    live.waiting("later")
    assert canvas.waits[1] == "waiting (2 s)", "the pause is over, so is its reason"


def test_work_that_ends_with_lines_shows_them():
    canvas = Canvas(Clock())
    with Waiting(canvas, "asking") as waiting:
        waiting.tell(["one", "two"])
    assert canvas.told == [["one", "two"]]
    assert canvas.abandoned == []


def test_work_that_fails_leaves_one_line():
    canvas, clock = Canvas(Clock()), Clock()
    with pytest.raises(RuntimeError), Waiting(canvas, "asking", clock=clock):
        raise RuntimeError
    assert canvas.abandoned == ["nothing came in 0.0 s"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_a_wait_and_overwrites_it():
    out = Terminal()
    canvas = TerminalCanvas(out)
    canvas.wait("waiting (1 s)")
    canvas.wait("waiting (2 s)")
    canvas.paint("one")
    assert out.getvalue() == "\rwaiting (1 s)\x1b[K\rwaiting (2 s)\x1b[K\r\x1b[Kone"


def test_a_file_gets_no_waits():
    out = io.StringIO()
    TerminalCanvas(out).wait("waiting (1 s)")
    assert out.getvalue() == ""


def test_a_terminal_shows_thinking_as_one_dim_line_and_never_in_the_text():
    out = Terminal()
    canvas = TerminalCanvas(out)
    canvas.paint("", "secretly", seconds=2.4)
    canvas.paint("", "secretly\nmore", seconds=3.0)
    canvas.paint("one", "secretly\nmore")
    assert out.getvalue() == (
        "\r\x1b[2mthinking (2 s, 8 characters)\x1b[0m\x1b[K"
        "\r\x1b[2mthinking (3 s, 13 characters)\x1b[0m\x1b[K"
        "\r\x1b[Kone"
    )


def test_a_file_gets_no_thinking():
    out = io.StringIO()
    canvas = TerminalCanvas(out)
    canvas.paint("", "secretly", seconds=2.4)
    canvas.paint("one", "secretly")
    canvas.finish(Answer("one", "m", "stop", reasoning="secretly"))
    assert out.getvalue() == "one\n\n[m · 0.0 s]\n"


@pytest.mark.parametrize(
    ("format_", "text", "printed"),
    [
        ("code", "Do:\n```python\nx = 1\n```\nNice?", "x = 1"),
        ("json", '{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'),
        ("json", "no JSON", "no JSON"),
        ("html", "<b>x</b>", "<b>x</b>"),
        ("math", "$x$", "$x$"),
    ],
)
def test_a_terminal_prints_an_answer_as_its_format_says(format_, text, printed):
    out = Terminal()
    canvas = TerminalCanvas(out, format_)
    for end in range(1, len(text) + 1):
        canvas.paint(text[:end])
    canvas.finish(Answer(text, "m", "stop"))
    shown = out.getvalue().rpartition("\r\x1b[K")[2]
    assert shown == f"{printed}\n\n[m · 0.0 s]\n"


@given(
    st.lists(
        st.text("👨👩\u200d\u200c\ufe0fمa1 \x1b[3m\r\n\u200b\u202e\x9b❤", max_size=4), max_size=9
    )
)
@example(["👨", "\u200d", "👩", " می", "\u200c", "خواهم ", "❤", "\ufe0f"])
@example(["👨\u200d", "\u200b", "👩", "a\u200d", "b", "\x1b[", "31", "mred\r", "\n"])
def test_a_terminal_gets_the_clean_text_however_it_comes_in_pieces(pieces):
    out = Terminal()
    canvas = TerminalCanvas(out)
    text = ""
    for piece in pieces:
        text += piece
        canvas.paint(text)
    canvas.finish(Answer(text, "m", "stop"))
    shown = out.getvalue().rpartition("\r\x1b[K")[2]
    assert shown == f"{clean_text(text)}\n\n[m · 0.0 s]\n"


def test_what_a_terminal_counts_is_overwritten_by_the_answer():
    out = Terminal()
    canvas = TerminalCanvas(out, "json")
    canvas.paint('{"a"')
    assert out.getvalue() == "\r\x1b[2mreceiving json (4 characters)\x1b[0m\x1b[K"


def test_a_terminal_gets_each_character_once_and_no_control_characters():
    out = io.StringIO()
    canvas = TerminalCanvas(out)
    canvas.paint("one\r")
    canvas.paint("one\r\n\x1b[31mtwo")
    canvas.finish(Answer("one\r\n\x1b[31mtwo three", "m", "interrupted", seconds=1.0))
    assert out.getvalue().startswith("one\n")
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count("two") == 1
    assert "[interrupted: this is what had arrived; go on with answer.more()]" in out.getvalue()
    assert out.getvalue().endswith("[m · 1.0 s]\n")
