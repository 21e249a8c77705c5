"""A value of a schema: how it grows, and how it is shown when it is whole."""

from __future__ import annotations

import json

from allowed_html import check_html
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.render import VALUE_FORMAT, answer_html, partial_html, value_as_text
from wx_notebook.render.partial_json import partial_json

PEOPLE = [{"name": "Ada", "age": 36, "tags": ["a", "b"]}, {"name": "Eve", "age": 4.5, "at": None}]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
CONTAINERS = st.lists(JSON, max_size=4) | st.dictionaries(st.text(), JSON, max_size=4)


def is_beginning(part, whole):
    """Whether nothing of a part is taken back by the whole."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and is_beginning(each, whole[name]) for name, each in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        pairs = zip(part, whole, strict=False)
        return len(part) <= len(whole) and all(is_beginning(*pair) for pair in pairs)
    if isinstance(part, str) and isinstance(whole, str):
        return whole.startswith(part)
    return part == whole and type(part) is type(whole)


@given(CONTAINERS, st.booleans(), st.sampled_from([None, 1]))
def test_each_beginning_shows_what_is_certain_and_takes_nothing_back(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    before = None
    for end in range(len(text) + 1):
        found = partial_json(text[:end])
        if before is not None:
            assert found
            assert is_beginning(before, found[0]), text[:end]
        if found:
            (before,) = found
    assert before == value


@all_cases(
    ("text", "value"),
    [
        ("", ()),
        ("Sure! ", ()),
        ('```json\n{"a": 1', ({},)),
        ('{"a": 12', ({},)),
        ('{"a": 12,', ({"a": 12},)),
        ('{"a": tru', ({},)),
        ('{"a": "x\\', ({"a": "x"},)),
        ('{"a": "x\\ud83d', ({"a": "x"},)),
        ('{"a": [1, {"b": "c', ({"a": [1, {"b": "c"}]},)),
        ('{"a": 1} and so on', ({"a": 1},)),
        ("{'a': 1", ({},)),
        ("[" * 200, ()),
        ("[1}", ()),
    ],
)
def test_a_number_a_word_and_half_a_character_wait(text, value):
    assert partial_json(text) == value


def frame(text):
    return partial_html(text, format=VALUE_FORMAT)


def test_a_list_of_objects_grows_as_a_table_whose_last_rows_are_shown():
    rows = [{"name": f"row {n}", "age": n} for n in range(30)]
    text = json.dumps({"value": rows})
    html = frame(text[:-20])
    assert html.count("<tr>") == 13, "the head and twelve rows"
    assert "… 18 rows before" in html
    assert "row 5<" not in html
    assert "receiving JSON" in html
    assert frame(json.dumps(rows)[:-20]).count("<tr>") == 13, "a bare array, too"


def test_an_object_grows_as_a_tree():
    html = frame('{"name": "Ada", "friends": [{"name": "Ev')
    assert "<table" not in html
    assert [word in html for word in ("name", "Ada", "friends", "Ev")] == [True] * 4
    long = frame(json.dumps({"text": "x" * 5_000})[:-2])
    assert len(long) < 3_000
    deep = frame('{"a":' * 30 + '"x')
    assert len(deep) < 10_000


def test_a_frame_stays_small_however_long_the_value_is():
    rows = [{f"field {n}": "x" * 1_000 for n in range(10)} for _ in range(20)]
    assert len(frame(json.dumps(rows)[:-1])) < 60_000
    wide = {f"field {n}": [list(range(100))] * 50 for n in range(100)}
    assert len(frame(json.dumps(wide)[:-1])) < 120_000


def test_what_is_no_json_yet_is_a_preview():
    assert "receiving JSON (8 characters)" in frame("Sure, I ")
    assert "receiving JSON" in frame('{"value": [')


def whole(value):
    return answer_html(json.dumps(value), format=VALUE_FORMAT, values=(value,))


def test_a_whole_list_of_objects_is_a_table_with_its_json_below():
    html = whole(PEOPLE)
    assert html.count("<tr>") == 3
    assert '<td style="text-align:right">36</td>' in html
    assert ">a, b</td>" in html
    assert "JSON, " in html
    assert value_as_text(PEOPLE).splitlines() == [
        "name  age  tags  at",
        "Ada    36  a, b",
        "Eve   4.5",
    ]


def test_of_a_long_table_the_first_rows_are_shown_and_the_json_has_all():
    html = whole([{"n": n} for n in range(500)])
    assert html.count("<tr>") == 201
    assert "300 more rows are in the JSON below" in html
    assert value_as_text([{"n": n} for n in range(500)]).splitlines()[-1] == "300 more rows"


@all_cases("value", [{}, [], "text", 3, None, True, [1, 2], [{}], {"a": {"b": [1]}}])
def test_any_other_value_is_a_tree_and_json(value):
    assert "wxn-json" in whole(value) or "<table" in whole(value)
    assert value_as_text(value)


def test_a_text_that_does_not_fit_is_shown_as_it_is():
    html = answer_html("**no** <b>JSON</b>", format=VALUE_FORMAT)
    assert "**no** &lt;b&gt;JSON&lt;/b&gt;" in html


HOSTILE = '</td><script>alert(1)</script><img src=x onerror=alert(1)>" style="x:url(//evil)'


def test_no_value_becomes_markup_whole_or_growing():
    for value in ([{HOSTILE: HOSTILE}], {HOSTILE: [HOSTILE]}, {"value": [{"a": HOSTILE}]},
                  [{"a": {HOSTILE: 1}}], HOSTILE, {"\ud800": "\ud800"}, [{"\ud800": "\u202e"}],
                  {"a": "\x1b[31m"}):  # fmt: skip
        text = json.dumps(value)
        for html in (whole(value), *(frame(text[:end]) for end in range(0, len(text), 7))):
            check_html(html)
            assert "<script" not in html
            assert "<img" not in html


@given(CONTAINERS)
def test_every_value_passes_the_list_of_what_is_allowed(value):
    text = json.dumps(value)
    check_html(whole(value))
    check_html(frame(text[: len(text) // 2]))
    assert value_as_text(value) or value in ([], {})
