"""Code in colours: the same characters, and only as many as the budget allows."""

from __future__ import annotations

import re
from html import unescape

import pytest
from allowed_html import COLOURS as ALLOWED_COLOURS
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.render import answer_html, partial_html
from wx_notebook.render.highlight import (
    LANGUAGES,
    MAX_HIGHLIGHTED,
    MAX_HIGHLIGHTED_PARTIAL,
    highlight,
)

PIECE = re.compile(r'<span style="color: var\(--wxn-(\w+)\)">(.*?)</span>', re.DOTALL)
CODE = '''@dataclass
class Device(Base):
    """Doc."""
    def energy(self, hours=1.5):
        # a comment
        return None if not hours else len("x < y") & 0xFF
'''


def characters(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def test_code_gets_colours_by_what_it_is():
    html, _ = highlight(CODE, "python", 10_000)
    pieces = {(name, unescape(text)) for name, text in PIECE.findall(html)}
    assert {
        ("nd", "@dataclass"), ("k", "class"), ("nf", "Device"), ("s", '"""Doc."""'), ("k", "def"),
        ("nf", "energy"), ("m", "1.5"), ("c", "# a comment"), ("s", '"x < y"'), ("nb", "len"),
    } <= pieces  # fmt: skip


@pytest.mark.slow
@all_cases("language", sorted(LANGUAGES))
def test_no_language_changes_a_character(language):
    code = f"{CODE}\n\n<a b='c'>\n\t{{x: 1}} -- $y @z `w` \\n é 函数\n+ a\n- b\n\n"
    html, _ = highlight(code, language, 100_000)
    assert characters(html) == code
    for name, _ in PIECE.findall(html):
        assert name in ALLOWED_COLOURS


@given(st.text(max_size=80), st.sampled_from(["python", "html", "c", "yaml", "bash", "latex"]))
def test_no_text_whatever_loses_a_character(code, language):
    html, _ = highlight(code, language, 60)
    assert characters(html) == code
    assert "<" not in PIECE.sub("", html).replace("&lt;", "")


@all_cases("language", ["", "mermaid", "vega-lite", "brainfuck", "PYTHON3000"])
def test_a_language_that_is_not_known_has_no_colours(language):
    assert highlight("x = 1 < 2", language, 100) == ("x = 1 &lt; 2", 100)


def test_the_name_of_a_language_may_be_written_large():
    assert "<span" in highlight("def f(): pass", "Python", 100)[0]


def test_only_so_many_characters_are_coloured():
    html, left = highlight("x = 1\n" * 100, "python", 60)
    assert (html.count("<span"), left) == (10, 0)
    # a language whose lexer is slow on hostile text counts twice
    html, left = highlight("x = 1;\n" * 100, "c", 140)
    assert (html.count("<span"), left) == (10, 0)
    assert characters(html) == "x = 1;\n" * 100


def test_an_answer_has_a_budget_for_all_of_its_code():
    block = "```python\n" + "x = 1\n" * 500 + "```\n\n"
    assert answer_html(block * 20).count("<span") == MAX_HIGHLIGHTED // 6
    assert partial_html(block * 20 + "end").count("<span") == MAX_HIGHLIGHTED_PARTIAL // 6
