"""JSON in an answer: its value, what is wrong with it, and its tree."""

from __future__ import annotations

import json
import re

import pytest
from allowed_html import check_html
from support.cases import all_cases

from wx_notebook.render import (
    answer_html,
    answer_text,
    find_json,
    parse_json,
)


def shown(text: str, format_: str, **options: str) -> str:
    return check_html(answer_html(text, format=format_, **options)).text


@all_cases("format_", ["json", "auto"])
@all_cases("depth", [50, 500, 5_000])
def test_json_as_deep_as_it_likes_is_shown(format_, depth):
    text = "[" * depth + "]" * depth
    html = answer_html(text, format=format_)
    assert check_html(html).open == []
    assert html.count("<details") <= 25, "a browser lays out no more"
    assert answer_text(text, format_).count("[") == depth


def test_a_tree_has_an_end():
    value = [{"id": n, "values": list(range(20))} for n in range(1_000)]
    html = answer_html(json.dumps(value), format="json")
    tree = html.partition('<details class="wxn-source">')[0]
    assert tree.count("<div") < 6_000
    assert "more entries are not shown here; the text below has all of them" in tree
    assert "900 more" in shown(json.dumps(list(range(1_000))), "json")


def test_a_tree_hides_no_character_of_a_value():
    text = json.dumps({"pass\u200bword": "a\u202eb"})
    assert '"pass\\u200bword"' in shown(text, "json")
    assert answer_text(text, "json") == '{\n  "pass\\u200bword": "a\\u202eb"\n}'
    assert answer_text('{"a": "Größe 函数"}', "json") == '{\n  "a": "Größe 函数"\n}'


@all_cases(
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
    assert parse_json(text) == value


@all_cases(
    ("text", "problem"),
    [
        ("", "line 1, column 1: expecting value, but the answer ends there."),
        ("Sorry, no.", "line 1, column 1: expecting value, found 'Sorry, no.'."),
        ('{"a": 1}\n\nDone.', "line 3, column 1: extra data, found 'Done.'."),
        ('{"a":\n 1 2}', "line 2, column 4: expecting ',' delimiter, found '2}'."),
        ('x\n```json\n{"a":\n 1 2}\n```', "line 4, column 4: expecting ',' delimiter"),
        ('{"a": "b', "line 1, column 7: unterminated string, found"),
        ("[NaN]", "it contains NaN, which is not valid in JSON."),
        ("[-Infinity]", "it contains -Infinity, which is not valid in JSON."),
        ("```\n1\n```\n\n```\n2\n```", "it has 2 fenced blocks, but should have one with JSON."),
        ("[" * 100_000, "it is nested too deep."),
        ("9" * 5_000, "a number in it has thousands of digits."),
        ("\x1b[31m{", "line 1, column 1: expecting value, found '{'."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        parse_json(text)


# --- somewhere in the answer ---------------------------------------------------------------------


@all_cases(
    ("text", "value", "passed_over"),
    [
        ('{"a": 1}', {"a": 1}, ""),
        ('```json\n{"a": 1}\n```', {"a": 1}, ""),
        ('Here it is:\n\n```json\n{"a": 1}\n```\nBye.', {"a": 1}, "Here it is: Bye."),
        # a fence that is closed on its last line, or never, or opened on the line of the JSON
        ('```json\n{"a": 1}```', {"a": 1}, "```json ```"),
        ('```json\n{"a": 1}', {"a": 1}, ""),
        ('```json {"a": 1} ```', {"a": 1}, "```json ```"),
        ('```\n{"a": 1}```\nBye.', {"a": 1}, "Bye."),
        # inside a sentence
        ('Here: {"a": 1}.', {"a": 1}, "Here: ."),
        ('The list [{"a": 1}, {"a": 2}] is it', [{"a": 1}, {"a": 2}], "The list is it"),
        ('{"a": 1}\n\nDone.', {"a": 1}, "Done."),
        ('As in [1] and {set}: {"a": {"b": []}}', {"a": {"b": []}}, "As in [1] and {set}:"),
        ('A dict {"a": "}"} and so on', {"a": "}"}, "A dict and so on"),
        # behind thinking
        ('<think>maybe {"a": 0}</think>\n{"a": 1}', {"a": 1}, '<think>maybe {"a": 0}</think>'),
        ('First {"a": 0}? No.\n\n{"a": 1}\n', {"a": 1}, 'First {"a": 0}? No.'),
        ('{"a": 1}\n\nNot {"a": 2}, because.', {"a": 1}, 'Not {"a": 2}, because.'),
        # beside a program
        ('```python\nx = {"a": 0}\n```\nprints\n```json\n{"a": 1}\n```', {"a": 1},
         '```python x = {"a": 0} ``` prints'),
        ('```python\nx = {"a": 0}\n```\nprints {"a": 1}', {"a": 1},
         '```python x = {"a": 0} ``` prints'),
    ],
)  # fmt: skip
def test_the_value_is_found_wherever_it_stands_and_the_words_around_it_are_named(
    text, value, passed_over
):
    assert find_json(text) == (value, passed_over)
    assert json.loads(answer_text(text, "json")) == value
    assert '"a"' in shown(text, "json")


@all_cases(
    ("text", "problem"),
    [
        ("Sorry, no.", "expecting value, found 'Sorry, no.'."),
        ("See [1], [2] and {}.", "expecting value"),
        ('Both {"a": 1} and {"a": 2} do.', "it has 2 JSON values, but should have one."),
        ("```\n1\n```\n\n```\n2\n```", "it has 2 fenced blocks, but should have one with JSON."),
        # cut: what stands inside is not the answer
        ('Here: {"items": [{"a": 1}, {"a": 2}', "expecting value, found 'Here"),
        ('Here: {"items": [{"a": 1}, {"a": "b', "expecting value, found 'Here"),
        ('{"items": [{"a": 1}, {"a": 2', "line 1, column 29"),
        ('```python\nx = {"a": 0}\n```', "line 2, column 1: expecting value"),
        ("so [NaN]", "expecting value"),
        ("so " + "[" * 100_000, "expecting value"),
    ],
)
def test_a_text_without_one_value_says_why(text, problem):
    with pytest.raises(ValueError, match=re.escape(problem)):
        find_json(text)


@all_cases("part", ['{"a": [1,', "{[", "[1, ", "[{} "], ids=range(4))
def test_hundreds_of_thousands_of_braces_are_given_up(part):
    with pytest.raises(ValueError, match="line 1"):
        find_json("x" + 200_000 * part)
