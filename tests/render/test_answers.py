"""An answer in each of its formats, complete or on its way, with what stands around it."""

from __future__ import annotations

import json
import re

import pytest
from allowed_html import ALIGNED, check_html
from support.cases import all_cases

from wx_notebook.render import (
    MAX_MARKDOWN,
    answer_html,
    answer_text,
    clean_text,
    partial_html,
)

CODE = "Do this:\n\n```python\nx = 1\n```\n\nand enjoy."
VALUE = {"name": "lamp", "watts": 60.5, "on": True, "tags": ["a", None], "empty": {}}


def shown(text: str, format_: str, **options: str) -> str:
    return check_html(answer_html(text, format=format_, **options)).text


@pytest.mark.parametrize("format_", ["auto", "markdown"])
def test_markdown_is_what_an_answer_is_unless_something_else_was_asked_for(format_):
    assert "<strong>bold</strong>" in answer_html("**bold**", format=format_)
    assert answer_html("**bold**") == answer_html("**bold**", format="markdown")


@pytest.mark.parametrize("text", ['{"a": 1}', "[1, 2]", ' {"a": [{}]}\n'])
def test_an_answer_that_is_an_object_or_a_list_is_shown_as_json(text):
    assert 'class="wxn-json"' in answer_html(text)
    assert 'class="wxn-json"' not in answer_html(text, format="markdown")


@all_cases(
    "text", ["[1] is a reference", '{"a": 1', "42", '"a"', "null", "{{ x }}", 'Here: {"a": 1}']
)
def test_an_answer_that_is_something_else_is_not(text):
    assert 'class="wxn-json"' not in answer_html(text)


def test_text_is_shown_as_it_is():
    assert shown("# a\n\n  *b* $x$\n", "text") == "\n# a\n\n  *b* $x$\n"


def test_code_is_the_block_alone_and_the_rest_can_be_unfolded():
    html = answer_html(CODE, format="code")
    first, rest = html.split("<details", 1)
    assert "language-python" in first
    assert "Do this" not in first
    assert "the whole answer, 7 lines" in rest
    assert "and enjoy." in rest


@pytest.mark.parametrize("text", ["```python\nx = 1\n```", "x = 1", "\n```\nx = 1"])
def test_code_with_nothing_around_it_has_nothing_to_unfold(text):
    assert shown(text, "code") == "x = 1\n"
    assert "<details" not in answer_html(text, format="code")


def test_json_is_a_tree_and_its_text():
    html = answer_html(json.dumps(VALUE), format="json")
    text = check_html(html).text
    assert "{5 keys}" in text
    assert '"tags": [2 entries]' in text
    assert '"watts": 60.5' in text
    assert '"empty": {}' in text
    assert "JSON, 10 lines" in text
    assert json.dumps(VALUE, indent=2) in text


def test_json_in_a_fence_is_the_value_in_it():
    assert "{1 key}" in shown('Here:\n```json\n{"a": 1}\n```', "json")


def test_json_that_is_none_is_shown_as_it_came_with_what_is_wrong():
    text = shown('{"a" 1}', "json")
    assert text.startswith('\n{"a" 1}')
    assert "not JSON: line 1, column 6: expecting ':' delimiter, found '1}'." in text


def test_html_is_a_page_with_its_source_below():
    html = answer_html("Here:\n```html\n<h1>Hi</h1>\n```", format="html")
    assert html.count("<iframe") == 1
    text = check_html(html).text
    assert "it can't run scripts, load anything or send anything" in text
    assert "HTML, 1 line" in text
    assert "<h1>Hi</h1>" in text


FENCED = "```latex\nx^2\n```"


@all_cases("text", ["x^2", "$x^2$", "$$x^2$$", r"\(x^2\)", r"\[x^2\]", FENCED, "\n$$\nx^2\n$$"])
def test_math_is_one_formula_without_its_delimiters(text):
    assert check_html(answer_html(text, format="math")).tex == [r"\[x^2\]"]
    assert check_html(answer_html(text, format="math", typeset=False)).tex == []


def test_math_that_does_more_than_draw_is_code():
    html = check_html(answer_html(r"$$\def\x{1}\x$$", format="math"))
    assert html.tex == []
    assert html.text == "\\def\\x{1}\\x"


def test_words_with_formulas_in_them_are_markdown_also_for_math():
    html = answer_html("The *root* is $x = 2$, or \\(y\\).", format="math")
    assert check_html(html).tex == [r"\(x = 2\)", r"\(y\)"]
    assert "<em>root</em>" in html


@all_cases("format_", ["auto", "code", "json", "html", "math", "markdown", "text"])
def test_no_format_loses_an_answer_that_is_too_long_for_it(format_):
    text = "{word " * (MAX_MARKDOWN // 6 + 1)
    assert shown(text, format_).strip() == text.strip()


@all_cases("format_", ["auto", "code", "json", "html", "math"])
@all_cases("text", ["", " \n", "{", "```", "$", "<", "[[[["])
def test_no_format_stumbles_over_an_answer_with_nothing_in_it(format_, text):
    check_html(answer_html(text, format=format_))
    assert isinstance(answer_text(text, format_), str)


def test_thinking_is_folded_above_the_text_and_apart_from_it():
    html = answer_html("The answer", reasoning="I *think* $x$")
    parsed = check_html(html)
    assert parsed.text.index("thinking (13 characters)") < parsed.text.index("The answer")
    assert "<em>think</em>" in html
    assert "<details open" not in html
    assert parsed.tex == [], "what is folded away holds up no page with its formulas"
    assert "<details" not in answer_html("The answer", reasoning=" \n")


def test_notes_and_footer_are_a_line_each_below_it():
    html = answer_html("x", notes=["one\nline", "two"], footer="model · 1.2 s")
    assert re.findall(r"<small>(.*?)</small>", html) == ["one line", "two", "model · 1.2 s"]


def test_a_summary_is_announced_politely_and_seen_by_nobody():
    html = answer_html("x", summary="Answer complete: 120 words")
    assert html.count('role="status"') == 1
    said = re.search(r'role="status" style="([^"]*)">(.*?)</div>', html)
    assert said is not None
    assert said[2] == "Answer complete: 120 words"
    assert "clip-path:inset(50%)" in said[1]
    assert "role=" not in answer_html("x")


@all_cases(
    ("text", "format_", "plain"),
    [
        (CODE, "code", "x = 1"),
        (CODE, "auto", CODE),
        ("no\x07 fence", "code", "no fence"),
        ("```python\n```", "code", "```python\n```"),
        ('{"b":[1,2]}', "json", '{\n  "b": [\n    1,\n    2\n  ]\n}'),
        ('```json\n{"b":1}\n```', "json", '{\n  "b": 1\n}'),
        ("no \x1b[31mJSON", "json", "no JSON"),
        ('{"b":1}', "auto", '{"b":1}'),
        ("<b>\u202e</b>", "html", "<b></b>"),
        ("$x$", "math", "$x$"),
    ],
)
def test_the_plain_text_is_what_the_format_is_about(text, format_, plain):
    assert answer_text(text, format_) == plain
    assert clean_text(plain) == plain


def test_a_cell_of_a_finished_table_is_as_high_as_it_needs():
    assert all(style in ALIGNED for style in re.findall(r'<t[dh] style="([^"]*)"', answer_html(
        "|a|b|c|\n|:-|-:|:-:|\n|1|2|3|")))  # fmt: skip


def test_the_footer_and_the_notes_stand_below_the_answer_in_this_order():
    html = answer_html("an *answer*", footer="ibm/x · 12 in, 50 out", notes=["cut\nhere", "b"])
    assert html.count('<div class="wxn-answer') == 1
    assert re.findall(r'class="wxn-(\w+)|<small>(.*?)</small>', html) == [
        ("answer", ""), ("note", ""), ("", "cut here"), ("note", ""), ("", "b"),
        ("footer", ""), ("", "ibm/x · 12 in, 50 out"),
    ]  # fmt: skip
    assert html.index("<em>answer</em>") < html.index("cut here")


def test_the_text_format_shows_markdown_as_it_was_typed():
    html = answer_html("\n# a\n\n  *b* $x$", format="text")
    assert "\n\n# a\n\n  *b* $x$</pre>" in html
    assert "mathjax_process" not in html


BUSY = "…"


def seen(text: str, **options: str) -> str:
    """What a reader sees in a frame, with single blanks."""
    return " ".join(check_html(partial_html(text, **options), typeset=False).text.split())


def test_a_frame_with_nothing_decided_says_so_and_is_one_line_high():
    for text in ("#", "<h", "$$\n", "|", " \n"):
        assert seen(text) == BUSY
    assert seen("---\n") == ""
    assert "<hr>" in partial_html("---\n")


def test_thinking_is_one_line_with_its_last_words_below_until_the_answer_begins():
    html = check_html(partial_html("", reasoning="first\nlast line", seconds=12.3), typeset=False)
    assert html.text.split("\n") == ["thinking (12 s, 15 characters)", "last line"]
    html = check_html(partial_html("Text", reasoning="first\nlast line"), typeset=False)
    assert html.text.split() == ["thinking", "(15", "characters)", "Text"]


def test_no_frame_is_announced():
    for html in (
        partial_html("a"),
        partial_html("", reasoning="b"),
        partial_html("{", format="json"),
    ):
        assert "role=" not in html
        assert "aria-" not in html


@all_cases(
    ("text", "format_", "what"),
    [
        ('{"a": [1, 2, 3, "b', "auto", "JSON"),
        ('[{"a": 1}, {"b": 2', "auto", "JSON"),
        ('{"a": [true, null], "b": f', "auto", "JSON"),
        ('{"a": 1, "b": "c"}\n', "auto", "JSON"),
        ("anything", "json", "JSON"),
        ("<h1>a", "html", "HTML"),
        ("words before the fence", "code", "code"),
        ("```py", "code", "code"),
    ],
)
def test_a_format_that_has_no_beginning_to_show_is_counted(text, format_, what):
    shown = seen(text, format=format_)
    assert shown.startswith(f"receiving {what} ({len(text):,} characters)")


@all_cases(
    "text", ["[1] is a reference", "{{ x }}", "[a](https://b.org)", "{a} b", "[12] x", "[trust me]"]
)
def test_what_cannot_become_json_is_markdown_at_once(text):
    assert "receiving" not in seen(text)


def test_a_preview_has_three_lines_at_most_each_one_line_high():
    html = partial_html("\n".join(f'"{n}": {n},' for n in range(99)), format="json")
    assert html.count('class="wxn-preview"') == 3
    assert '"98": 98,' in check_html(html, typeset=False).text


def test_code_on_its_way_is_the_block_alone():
    assert seen("Here:\n\n```python\nx = 1\ny =", format="code") == "x = 1 y ="
    assert seen("Here:\n\n```python\nx = 1\n```\nand more", format="code") == "x = 1"


def test_a_begun_control_sequence_leaves_nothing_behind():
    assert seen("a \x1b[3") == "a"
    assert seen("a \x1b[31mb") == "a b"


def test_a_text_that_is_too_long_for_the_parser_is_shown_as_it_is():
    assert seen("*a* " * (MAX_MARKDOWN // 4 + 1)).startswith("*a* *a*")
