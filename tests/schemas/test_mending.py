"""From the text of an answer to a value: what is mended and told, and what is no value."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.schemas import read_schema

PERSON = read_schema("name, age: int")
PEOPLE = read_schema("(name, age: int)[]")
ADA = {"name": "Ada", "age": 36}


@all_cases(
    ("text", "damage"),
    [
        ('{"name": "Ada", "age": 36}', ""),
        ('\ufeff  {"name": "Ada", "age": 36}\n\n', ""),
        ('```json\n{"name": "Ada", "age": 36}\n```', "a code fence"),
        ('Here you are: {"name": "Ada", "age": 36} Anything else?', "words around it"),
        ('Sure!\n```\n{"name": "Ada", "age": 36}\n```\nBye', "a code fence, words around it"),
        ('{"name": "Ada", "age": 36,}', "a trailing comma"),
        ("{'name': 'Ada', 'age': 36}", "single quotes"),
        ("```python\n{'name': 'Ada', 'age': 36,}\n```", "a code fence, single quotes, a trailing"),
        ('{"name": "Ada", "age": 36}\n\nNote: [1] says so.', "words around it"),
        ('I took {the first}. {"name": "Ada", "age": 36,}', "words around it, a trailing comma"),
    ],
)
def test_small_damage_is_mended_without_a_second_request_and_told(text, damage):
    read = PERSON.read(text)
    assert (read.value, read.fault) == (ADA, "")
    assert (read.notes[0] if read.notes else "").startswith(
        f"mended in the JSON: {damage}" if damage else ""
    )
    assert bool(read.notes) is bool(damage)


@all_cases(
    ("text", "name"),
    [
        (r"{'name': 'it\'s \"me\"', 'age': 36}", 'it\'s "me"'),
        ("{'name': 'say \"hi\"', 'age': 36}", 'say "hi"'),
        (r"{'name': 'a\nb\u00e9', 'age': 36}", "a\nbé"),
        ('{"name": "two\nlines", "age": 36}', "two\nlines"),
        ('{"name": "a, }", "age": 36,}', "a, }"),
        ("{'name': '```', 'age': 36}", "```"),
    ],
)
def test_what_stands_in_a_text_stays_what_it_is(text, name):
    assert PERSON.read(text).value == {"name": name, "age": 36}


@all_cases(
    ("text", "fault"),
    [
        ("I don't know.", "it is not JSON"),
        ("", "it is not JSON"),
        ("name: Ada, age: 36", "it is not JSON"),
        ('{"name": "Ada", "age": "thirty"}', "age: 'thirty' is not of type 'integer'"),
        ('{"name": "Ada"}', "'age' is a required property"),
        ('[{"name": "Ada", "age": 36}]', "is not of type 'object'"),
        ('{"name": "Ada", "age": 36, "x": 1}', "('x' was unexpected)"),
        ('{"name": "Ada", "age": NaN}', "NaN"),
        ('{"name": "Ada", "age": 36', "it is not JSON"),
        ("{'name': 'it's', 'age': 36}", "it is not JSON"),
        ("{name: 'Ada', age: 36}", "it is not JSON"),
        ('{"name": "Ada", "age": 36} or {"name": "Eve", "age": 36}', "it has 2 values that fit"),
        ('{"name": "A", age: 1} Corrected: {"name": "A", "age": 1}', "it is not JSON"),
    ],
)
def test_what_is_no_value_says_why(text, fault):
    read = PERSON.read(text)
    assert read.value is None
    assert fault in read.fault


def test_of_two_values_the_one_that_fits_is_taken():
    assert PERSON.read('For {"city": "Rome"} I found {"name": "Ada", "age": 36}.').value == ADA


def test_a_cut_text_is_never_mended_but_may_be_complete():
    for end in range(1, len('{"name": "Ada", "age": 36')):
        text = '{"name": "Ada", "age": 36'[:end]
        assert "before its JSON is complete" in PERSON.read(text, is_whole=False).fault
    fenced = '```json\n{"name": "Ada", "age": 36}'
    assert PERSON.read(fenced, is_whole=False).fault
    # the limit may hit the blanks behind the last bracket
    assert PERSON.read('{"name": "Ada", "age": 36}\n\n\n ', is_whole=False).value == ADA
    assert read_schema(int).read("36", is_whole=False).fault, "it may have been 360"


def test_a_single_value_in_a_fence_is_read_too():
    read = read_schema(int).read("```json\n42\n```")
    assert (read.value, read.notes) == (42, ("mended in the JSON: a code fence",))


def test_a_bare_array_is_accepted_also_with_damage():
    for text in (json.dumps({"value": [ADA]}), json.dumps([ADA]), "[{'name': 'Ada', 'age': 36},]"):
        assert PEOPLE.read(text).value == [ADA]
    assert PEOPLE.read('{"value": [{"name": "Ada"}]}').fault == "[0]: 'age' is a required property"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
ANY_OBJECT = read_schema(dict)


@given(st.dictionaries(st.text(), JSON, max_size=5), st.sampled_from([None, 1, "\t"]))
def test_valid_json_is_taken_as_it_is_and_nothing_is_told(value, indent):
    read = ANY_OBJECT.read(json.dumps(value, indent=indent, ensure_ascii=False))
    assert (read.value, read.notes, read.fault) == (value, (), "")


@given(st.dictionaries(st.text(), JSON, min_size=1, max_size=5))
def test_the_repr_of_python_is_read_as_what_it_is(value):
    read = ANY_OBJECT.read(repr(value))
    # escapes of Python that JSON has not are no value, never another one
    assert read.value == value or read.fault


@given(st.dictionaries(st.text(), JSON, min_size=1, max_size=5), st.data())
def test_a_text_that_was_cut_is_no_value(value, data):
    text = json.dumps(value)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    assert ANY_OBJECT.read(cut).fault
    assert ANY_OBJECT.read(cut, is_whole=False).fault


def test_hostile_texts_take_no_time():
    import time

    began = time.process_time()
    for text in ("[" * 50_000, "{" * 50_000, "{'" * 25_000, '[{"a":' * 20_000, "[1," * 50_000,
                 "'" * 50_000, "[\\" * 20_000):  # fmt: skip
        assert PERSON.read(text).fault
    assert time.process_time() - began < 10
