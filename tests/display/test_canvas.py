"""What the output of a cell, or a terminal, gets while an answer grows."""

from __future__ import annotations

import io
import re

import pytest
from allowed_html import check_html
from hypothesis import example, given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.answer import Answer
from wx_notebook.display import NotebookCanvas, TerminalCanvas, canvas_for
from wx_notebook.render import ANSWER_TYPE, VALUE_FORMAT, clean_text


class Publisher:
    """Keeps what would go to the front end."""

    def __init__(self):
        self.sent = []

    def publish(self, *, data, metadata, transient, update):
        self.sent.append((data, metadata, transient["display_id"], update))


@pytest.fixture
def publisher():
    return Publisher()


def test_it_is_one_output_with_html_and_a_line_of_plain_text(publisher):
    canvas = NotebookCanvas(publisher)
    canvas.show_progress("waiting (1 s)")
    canvas.paint("", "hm", seconds=2.0)
    canvas.paint("a **bol", "hm")
    canvas.finish(Answer("a **bold**", "m", "stop"))
    plains = [data["text/plain"] for data, *_ in publisher.sent]
    assert plains[:3] == ["waiting (1 s)", "thinking (2 s, 2 characters)", "... 7 characters"]
    assert all(set(data) == {"text/plain", "text/html", ANSWER_TYPE} for data, *_ in publisher.sent)
    assert len({display_id for *_, display_id, _ in publisher.sent}) == 1
    assert [update for *_, update in publisher.sent] == [False, True, True, True]


def test_only_the_first_line_of_a_wait_is_announced(publisher):
    canvas = NotebookCanvas(publisher)
    for seconds in (1, 2, 3):
        canvas.show_progress(f"waiting ({seconds} s)")
    announced = ['role="status"' in data["text/html"] for data, *_ in publisher.sent]
    assert announced == [True, False, False]


def test_no_frame_of_an_answer_is_announced(publisher):
    canvas = NotebookCanvas(publisher)
    canvas.paint("", "hm", seconds=1.0)
    canvas.paint("one")
    canvas.paint("one two")
    for data, *_ in publisher.sent:
        assert "role=" not in data["text/html"]
        assert "aria-live" not in data["text/html"]


@pytest.mark.parametrize("format_", ["auto", "json", "code", "html", "math", "text"])
def test_a_frame_is_in_the_format_that_was_asked_for(publisher, format_):
    canvas = NotebookCanvas(publisher, format_)
    text = "```python\nx = 1\n"
    canvas.paint(text)
    html = check_html(publisher.sent[-1][0]["text/html"], typeset=False)
    assert ("receiving" in html.text) == (format_ in {"json", "html"})
    assert ("language-python" in html.classes) == (format_ in {"auto", "code"})


def test_the_bytes_sent_are_those_of_both_texts_and_the_envelope(publisher):
    sent = NotebookCanvas(publisher).paint("one")
    data = publisher.sent[-1][0]
    assert sent - sum(len(str(text).encode()) for text in data.values()) == 900


def test_a_kernel_has_an_output_and_a_terminal_has_lines():
    class Kernel:
        kernel = object()
        display_pub = Publisher()

    class Terminal:
        pass

    assert isinstance(canvas_for(Kernel(), "json"), NotebookCanvas)
    assert isinstance(canvas_for(Terminal(), "json"), TerminalCanvas)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_a_wait_and_overwrites_it():
    out = Terminal()
    canvas = TerminalCanvas(out)
    canvas.show_progress("waiting (1 s)")
    canvas.show_progress("waiting (2 s)")
    canvas.paint("one")
    assert out.getvalue() == "\rwaiting (1 s)\x1b[K\rwaiting (2 s)\x1b[K\r\x1b[Kone"


def test_a_file_gets_no_waits():
    out = io.StringIO()
    TerminalCanvas(out).show_progress("waiting (1 s)")
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


def test_a_stall_stands_below_the_text_of_a_notebook(publisher):
    NotebookCanvas(publisher).paint("one", waiting="waiting for more (12 s)")
    (data, *_) = publisher.sent[0]
    assert data["text/plain"] == "... 3 characters, waiting for more (12 s)"
    assert check_html(data["text/html"]).text.split() == [
        "one",
        "waiting",
        "for",
        "more",
        "(12",
        "s)",
    ]


def test_a_stall_stands_behind_the_text_of_a_terminal_until_it_goes_on():
    out = Terminal()
    canvas = TerminalCanvas(out)
    canvas.paint("one ")
    canvas.paint("one ", waiting="waiting for more (12 s)")
    canvas.paint("one two")
    assert out.getvalue() == (
        "one \x1b7\x1b[?7l \x1b[2m[waiting for more (12 s)]\x1b[0m\x1b[?7h\x1b8\x1b[Ktwo"
    )
    out = Terminal()
    TerminalCanvas(out, "json").paint('{"a"', waiting="waiting for more (12 s)")
    assert "receiving json (4 characters), waiting for more (12 s)" in out.getvalue()


def test_a_file_gets_no_stall():
    out = io.StringIO()
    TerminalCanvas(out).paint("one", waiting="waiting for more (12 s)")
    assert out.getvalue() == "one"


def test_a_terminal_names_text_that_was_thinking_and_writes_the_answer_below():
    out = io.StringIO()
    canvas = TerminalCanvas(out)
    canvas.paint("Okay, 2+2.")
    canvas.retract()
    canvas.finish(Answer("Four.", "m", "stop", reasoning="Okay, 2+2."))
    assert out.getvalue() == (
        "Okay, 2+2.\n\n[the text above is the model's thinking]\n\nFour.\n\n[m · 0.0 s]\n"
    )


def test_a_file_gets_no_thinking():
    out = io.StringIO()
    canvas = TerminalCanvas(out)
    canvas.paint("", "secretly", seconds=2.4)
    canvas.paint("one", "secretly")
    canvas.finish(Answer("one", "m", "stop", reasoning="secretly"))
    assert out.getvalue() == "one\n\n[m · 0.0 s]\n"


@all_cases(
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
    answer = Answer(text, "m")
    canvas.finish(answer)
    shown = out.getvalue().rpartition("\r\x1b[K")[2]
    # an empty answer has a note
    notes = "".join(f"[{note}]\n" for note in answer.notes)
    assert shown == f"{clean_text(text)}\n\n{notes}[m · 0.0 s]\n"


SEVERAL = Answer("quite", "m", "stop", _others=(Answer("zero", "m", "stop"),))


def test_several_answers_grow_one_below_the_other(publisher):
    canvas = NotebookCanvas(publisher)
    canvas.paint_all([("quit", ""), ("", "hm")], seconds=2.0)
    canvas.paint_all([("quite", ""), ("zer", "hm")])
    canvas.finish(SEVERAL)
    plains = [data["text/plain"] for data, *_ in publisher.sent]
    assert plains[:2] == ["... 4 characters", "... 8 characters"]
    for (data, *_), second in zip(publisher.sent, ("thinking", "zer", "zero"), strict=True):
        html = data["text/html"]
        wrapper = '<div class="wxn-answer'
        for part in html.split(wrapper)[1:]:
            check_html(f"{wrapper}{part}")
        places = [html.index(part) for part in ("answer 1 of 2", "quit", "answer 2 of 2")]
        assert places == sorted(places)
        assert html.rindex(second) > places[-1]


@pytest.mark.parametrize("shown_as", ["auto", "json", "code"])
def test_in_a_terminal_the_first_one_grows_and_the_others_follow(shown_as):
    out = Terminal()
    canvas = TerminalCanvas(out, shown_as)
    canvas.paint_all([("quit", ""), ("zer", "")])
    assert "zer" not in out.getvalue()
    canvas.finish(SEVERAL)
    shown = out.getvalue().rpartition("\r\x1b[K")[2]
    assert shown.endswith("quite\n\n[answer 2 of 2]\nzero\n\n[m · 0.0 s]\n")


def test_what_a_terminal_counts_is_overwritten_by_the_answer():
    out = Terminal()
    canvas = TerminalCanvas(out, "json")
    canvas.paint('{"a"')
    assert out.getvalue() == "\r\x1b[2mreceiving json (4 characters)\x1b[0m\x1b[K"


def screen(written):
    """What stands on a terminal after it got all that."""
    lines, row, column = [""], 0, 0
    for code, count, control in re.findall(r"(\x1b\[\??(\d*)[A-Za-z]|([\s\S]))", written):
        if control == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif control == "\r":
            column = 0
        elif control:
            lines[row] = lines[row][:column].ljust(column) + control + lines[row][column + 1 :]
            column += 1
        elif code.endswith("A"):
            assert int(count) <= row, "above the first line"
            row -= int(count)
        elif code.endswith(("J", "K")):
            lines[row] = lines[row][:column]
            lines[row + 1 :] = [] if code.endswith("J") else lines[row + 1 :]
    return "\n".join(lines)


ROWS = '[{"name": "lamp", "watts": 9}, {"name": "lap'
TREE = '{"owner": {"name": "Ada", "tags": ["a", "b\\n'

OF_TREE = """receiving JSON (44 characters)
owner:
  name: "Ada"
  tags:
    0: "a"
    1: "b\\n\""""


@all_cases(
    ("text", "shown"),
    [
        ("", "thinking (0 characters)"),
        ('{"valu', "receiving JSON (6 characters)"),
        (ROWS, "receiving JSON (44 characters)\nname  watts\nlamp      9\nlap"),
        (TREE, OF_TREE),
        ("[" + '{"n": 1},' * 30, "receiving JSON (271 characters)\n… 18 rows before\nn"
         + "\n1" * 12),
    ],
)  # fmt: skip
def test_in_a_terminal_a_value_of_a_schema_grows_as_a_table_or_a_tree(text, shown):
    out = Terminal()
    canvas = TerminalCanvas(out, VALUE_FORMAT)
    canvas.show_progress("waiting (1 s)")
    for end in range(len(text) + 1):
        canvas.paint(text[:end])
    assert "\n".join(map(str.rstrip, screen(out.getvalue()).split("\n"))) == shown
    canvas.finish(Answer('{"a": 1}', "m", "stop"))
    assert screen(out.getvalue()) == '{"a": 1}\n\n[m · 0.0 s]\n'


def test_a_growing_value_never_leaves_the_screen_and_steers_no_terminal(monkeypatch):
    monkeypatch.setenv("LINES", "8")
    monkeypatch.setenv("COLUMNS", "80")
    out = Terminal()
    TerminalCanvas(out, VALUE_FORMAT).paint("[" + '{"n": "\\u001b[2J\\u009b31m"},' * 30)
    lines = screen(out.getvalue()).split("\n")
    assert len(lines) == 6
    assert "\x1b[2J" not in out.getvalue()
    assert "\x9b" not in out.getvalue()


def test_a_terminal_gets_each_character_once_and_no_control_characters():
    out = io.StringIO()
    canvas = TerminalCanvas(out)
    canvas.paint("one\r")
    canvas.paint("one\r\n\x1b[31mtwo")
    canvas.finish(Answer("one\r\n\x1b[31mtwo three", "m", "interrupted", seconds=1.0))
    assert out.getvalue().startswith("one\n")
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count("two") == 1
    assert (
        "[interrupted: this is what had arrived; continue it with answer.more()]" in out.getvalue()
    )
    assert out.getvalue().endswith("[m · 1.0 s]\n")
