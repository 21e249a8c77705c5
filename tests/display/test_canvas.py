"""What the one output of a cell carries while an answer grows, and when it is there."""

from __future__ import annotations

import pytest
from allowed_html import check_html

from wx_notebook.answer import Answer
from wx_notebook.display import NotebookCanvas, TerminalCanvas, canvas_for


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
    canvas.wait("waiting (1 s)")
    canvas.paint("", "hm", seconds=2.0)
    canvas.paint("a **bol", "hm")
    canvas.finish(Answer("a **bold**", "m", "stop"))
    plains = [data["text/plain"] for data, *_ in publisher.sent]
    assert plains[:3] == ["waiting (1 s)", "thinking (2 s, 2 characters)", "... 7 characters"]
    assert all(set(data) == {"text/plain", "text/html"} for data, *_ in publisher.sent)
    assert len({display_id for *_, display_id, _ in publisher.sent}) == 1
    assert [update for *_, update in publisher.sent] == [False, True, True, True]


def test_only_the_first_line_of_a_wait_is_announced(publisher):
    canvas = NotebookCanvas(publisher)
    for seconds in (1, 2, 3):
        canvas.wait(f"waiting ({seconds} s)")
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
    assert sent - sum(len(text.encode()) for text in data.values()) == 900


def test_a_kernel_has_an_output_and_a_terminal_has_lines():
    class Kernel:
        kernel = object()
        display_pub = Publisher()

    class Terminal:
        pass

    assert isinstance(canvas_for(Kernel(), "json"), NotebookCanvas)
    assert isinstance(canvas_for(Terminal(), "json"), TerminalCanvas)
