"""Lines of ours, texts as they are; and importing the room loads no parser."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from wx_notebook.render import (
    MAX_MARKDOWN,
    line_html,
    markdown_html,
    pre_html,
)

CODE = """
import html, json, re, sys, time, typing
import wx_notebook
start = time.perf_counter()
import wx_notebook.render as render
ms = 1000 * (time.perf_counter() - start)
room = ("markdown_it", "nh3", "pygments")
heavy = [name for name in (*room, "IPython", "requests") if name in sys.modules]
render.clean_text("a"), render.line_html("a"), render.pre_html("a")
render.answer_html("a", format="text")
still = [name for name in room if name in sys.modules]
render.preload()
warm = [name for name in room if name in sys.modules]
print(json.dumps([heavy, still, warm, ms]))
"""


@pytest.mark.parametrize("kind", ["status", "note", "busy"])
def test_a_line_is_one_line(kind):
    html = line_html(" waiting\nfor <IAM>  ", kind=kind)
    assert html.startswith(f'<div class="wxn-{kind} mathjax_ignore tex2jax_ignore"')
    assert html.endswith(">waiting for &lt;IAM&gt;</div>")
    assert ('role="status"' in html) == (kind != "note")
    assert 'role="status"' not in line_html("x", kind=kind, announced=False)


def test_preformatted_text_keeps_every_blank_and_line():
    # (the first line end of a <pre> is the parser's)
    assert ">\n\n  a <\n\n</pre>".replace("<\n", "&lt;\n") in pre_html("\n  a <\n\n")


def test_colours_follow_the_theme_and_have_a_fallback():
    html = line_html("x")
    assert "color: var(--jp-ui-font-color2, color-mix(" in html


def test_importing_the_room_loads_no_parser_and_warming_does():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    heavy, still, warm, _ms = json.loads(done.stdout)
    assert heavy == still == []
    assert warm == ["markdown_it", "nh3"], "the first frame has no code yet"


@pytest.mark.slow
def test_a_long_ordinary_answer_is_markdown_up_to_the_limit():
    paragraph = "Some *words* and `code`.\n\n"
    text = paragraph * (MAX_MARKDOWN // len(paragraph))
    assert markdown_html(text).count("<em>words</em>") == len(text) // len(paragraph)


def test_a_fault_of_the_parser_hides_no_answer(monkeypatch):
    def broken(text, *, typeset, partial):
        raise RecursionError

    monkeypatch.setattr("wx_notebook.render.markdown.render_markdown", broken)
    html = markdown_html("an **answer** <b>")
    assert "an **answer** &lt;b&gt;</pre>" in html


def test_a_text_that_is_too_long_for_the_parser_is_shown_as_it_is():
    html = markdown_html("**a**" * 40_001)
    assert "<strong>" not in html
    assert html.count("**a**") == 40_001
