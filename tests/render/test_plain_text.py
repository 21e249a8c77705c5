"""Cleaned text says what it shows; and importing the room costs next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from wx_notebook.render import clean_text, line_html, pre_html

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
render.warm()
warm = [name for name in room if name in sys.modules]
print(json.dumps([heavy, still, warm, ms]))
"""


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\x00\x07\x08\x0b\x0c\x7f\x80\x9fb", "ab"),
        ("\x1b[1;31mred\x1b[0m \x9b4mx\x9b0m", "red x"),
        ("\x1b[2J\x1b[1;1H\x1b[?25lx", "x"),
        ("\x1b]8;;http://a\x07text\x1b]8;;\x07", "]8;;http://atext]8;;"),
        ("\x1b", ""),
        ("\u202eabc\u202c\u2066d\u2069\u200e\u200f\u061c", "abcd"),
        ("pass\u200bword\u2060\u2064\ufeff\u00ad", "password"),
        ("a\U000e0041\U000e007fb", "ab"),
        ("a\u200cb\u200dc\ufe0f", "abc"),
        ("\ud800x\udfff", "\ufffdx\ufffd"),
        # what scripts and emoji need stays
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        (
            "👩\u200d🔬 👁\ufe0f\u200d🗨\ufe0f 1\ufe0f\u20e3 ❤\ufe0f",
            "👩\u200d🔬 👁\ufe0f\u200d🗨\ufe0f 1\ufe0f\u20e3 ❤\ufe0f",
        ),
        ("é\u200d\u200c\u200d\u200cé é\ufe00\ufe01\ufe02", "éé é\ufe00"),
        ("Größe, 函数, עברית, e\u0301", "Größe, 函数, עברית, e\u0301"),
    ],
)
def test_only_what_is_seen_stays(text, cleaned):
    assert clean_text(text) == cleaned


def test_no_word_is_lost_with_an_escape_sequence():
    assert "secret words" in clean_text("\x1b]0;secret words, no end")


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
