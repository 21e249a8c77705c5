"""An answer in each of its formats, with what stands around it."""

from __future__ import annotations

import json
import re

import pytest
from allowed_html import ALIGNED, check_html

from wx_notebook.render import (
    LARGEST_MARKDOWN,
    answer_html,
    clean_text,
    parsed_json,
    plain_answer,
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


@pytest.mark.parametrize(
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
    assert "not JSON: line 1, column 6: expecting ':' delimiter, and there is '1}'." in text


def test_html_is_a_page_with_its_source_below():
    html = answer_html("Here:\n```html\n<h1>Hi</h1>\n```", format="html")
    assert html.count("<iframe") == 1
    text = check_html(html).text
    assert "it runs no script, loads nothing and sends nothing" in text
    assert "HTML, 1 line" in text
    assert "<h1>Hi</h1>" in text


FENCED = "```latex\nx^2\n```"


@pytest.mark.parametrize(
    "text", ["x^2", "$x^2$", "$$x^2$$", r"\(x^2\)", r"\[x^2\]", FENCED, "\n$$\nx^2\n$$"]
)
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


@pytest.mark.parametrize("format_", ["auto", "code", "json", "html", "math", "markdown", "text"])
def test_no_format_loses_an_answer_that_is_too_long_for_it(format_):
    text = "{word " * (LARGEST_MARKDOWN // 6 + 1)
    assert shown(text, format_).strip() == text.strip()


@pytest.mark.parametrize("format_", ["auto", "code", "json", "html", "math"])
@pytest.mark.parametrize("text", ["", " \n", "{", "```", "$", "<", "[[[["])
def test_no_format_stumbles_over_an_answer_with_nothing_in_it(format_, text):
    check_html(answer_html(text, format=format_))
    assert isinstance(plain_answer(text, format_), str)


@pytest.mark.parametrize("format_", ["json", "auto"])
@pytest.mark.parametrize("depth", [50, 500, 5_000])
def test_json_as_deep_as_it_likes_is_shown(format_, depth):
    text = "[" * depth + "]" * depth
    html = answer_html(text, format=format_)
    assert check_html(html).open == []
    assert html.count("<details") <= 25, "a browser lays out no more"
    assert plain_answer(text, format_).count("[") == depth


def test_a_tree_has_an_end():
    value = [{"id": n, "values": list(range(20))} for n in range(1_000)]
    html = answer_html(json.dumps(value), format="json")
    tree = html.partition('<details class="wxn-source">')[0]
    assert tree.count("<div") < 6_000
    assert "more than is shown here; all of it is in the text" in tree
    assert "900 more" in shown(json.dumps(list(range(1_000))), "json")


def test_a_tree_hides_no_character_of_a_value():
    text = json.dumps({"pass\u200bword": "a\u202eb"})
    assert '"pass\\u200bword"' in shown(text, "json")
    assert plain_answer(text, "json") == '{\n  "pass\\u200bword": "a\\u202eb"\n}'
    assert plain_answer('{"a": "Größe 函数"}', "json") == '{\n  "a": "Größe 函数"\n}'


# --- around the text --------------------------------------------------------------------------


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


# --- the twin in plain text -------------------------------------------------------------------


@pytest.mark.parametrize(
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
    assert plain_answer(text, format_) == plain
    assert clean_text(plain) == plain


# --- JSON as a value --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("\ufeff [1, null, true]\n", [1, None, True]),
        ("42", 42),
        ('"a"', "a"),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Here it is:\n\n```\n{"a": 1}\n```\nBye.', {"a": 1}),
        ('- a list\n\n  ```json\n  {"a":\n   1}\n  ```', {"a": 1}),
        ('{"a": "```"}', {"a": "```"}),
    ],
)
def test_the_value_of_an_answer(text, value):
    assert parsed_json(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1, column 1: expecting value, and there the answer ends."),
        ("Sorry, no.", "line 1, column 1: expecting value, and there is 'Sorry, no.'."),
        ('{"a": 1}\n\nDone.', "line 3, column 1: extra data, and there is 'Done.'."),
        ('{"a":\n 1 2}', "line 2, column 4: expecting ',' delimiter, and there is '2}'."),
        ('x\n```json\n{"a":\n 1 2}\n```', "line 4, column 4: expecting ',' delimiter"),
        ('{"a": "b', "line 1, column 7: unterminated string, and there is"),
        ("[NaN]", "it has NaN, which JSON does not know."),
        ("[-Infinity]", "it has -Infinity, which JSON does not know."),
        ("```\n1\n```\n\n```\n2\n```", "it has 2 fenced blocks, and one of JSON is expected."),
        ("[" * 100_000, "it is nested too deep."),
        ("9" * 5_000, "a number in it has thousands of digits."),
        ("\x1b[31m{", "line 1, column 1: expecting value, and there is '{'."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        parsed_json(text)


def test_a_cell_of_a_finished_table_is_as_high_as_it_needs():
    assert all(style in ALIGNED for style in re.findall(r'<t[dh] style="([^"]*)"', answer_html(
        "|a|b|c|\n|:-|-:|:-:|\n|1|2|3|")))  # fmt: skip
