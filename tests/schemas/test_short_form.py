"""The short form of a schema, as it is typed behind --schema."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.errors import BadOption
from wx_notebook.schemas import read_schema


def properties(text):
    return read_schema(text).document["properties"]


def test_the_example_of_the_notebook_says_each_kind_of_field():
    document = read_schema("name, age: int, mood: good|bad, tags[], nickname?").document
    assert document == {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer"},
            "mood": {"type": "string", "enum": ["good", "bad"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "nickname": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["name", "age", "mood", "tags"],
        "additionalProperties": False,
    }


@all_cases(
    ("field", "schema"),
    [
        ("price: float", {"type": "number"}),
        ("sold: bool", {"type": "boolean"}),
        ("born: date", {"type": "string", "format": "date"}),
        ("sizes[]: int", {"type": "array", "items": {"type": "integer"}}),
        ("moods[]:good|very bad", {"type": "array",
                                   "items": {"type": "string", "enum": ["good", "very bad"]}}),
        ("tags?[]", {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}),
        ("größe: float", {"type": "number"}),
    ],
)  # fmt: skip
def test_a_field_has_the_schema_of_its_type(field, schema):
    assert list(properties(field).values()) == [schema]


def test_parentheses_and_brackets_ask_for_a_list_of_objects_which_comes_back_bare():
    schema = read_schema("(name, age: int)[]")
    assert schema.is_wrapped
    assert properties("(name, age: int)[]")["value"]["items"]["required"] == ["name", "age"]
    assert schema.read('{"value": [{"name": "Ada", "age": 36}]}').value == [
        {"name": "Ada", "age": 36}
    ]


def test_a_value_has_every_field_and_dates_are_dates():
    schema = read_schema("name, born: date, nickname?, seen[]: date")
    read = schema.read('{"name": "Ada", "born": "1815-12-10", "seen": ["1833-06-05"]}')
    assert read.value == {
        "name": "Ada", "born": dt.date(1815, 12, 10), "nickname": None,
        "seen": [dt.date(1833, 6, 5)],
    }  # fmt: skip
    assert "ValueError" in schema.read('{"name": "A", "born": "1815-02-31", "seen": []}').fault


@all_cases(
    ("text", "said", "hint"),
    [
        ("age: integer", "has the unknown type 'integer'. Did you mean 'int'?", "Types: str"),
        ("name age", "'name age', which is not a field", "For example"),
        ("name,, age", "has an empty field", "For example"),
        ("name, age,", "has an empty field", "For example"),
        ("name, name", "has the field 'name' twice", "a name of its own"),
        ("name:", "has no type behind its colon", "Types: str"),
        ("mood: good|", "has an empty word", "Types: str"),
        ("mood: good|good", "has a word twice", "Types: str"),
        ("age: int|str", "has the type 'int' among words", "Types: str"),
        ("rows[][]", "a list of lists needs a class", "list[list[int]]"),
        ("people: (name, age)", "is not a valid short form", "For deeper nesting, use a class"),
        ("(name, age", "is not a valid short form", "(name, age: int)[]"),
        ('{"type": "object"}', "is not a valid short form", "form = {...}, then --schema form"),
        ("1st, 2nd", "'1st', which is not a field", "For example"),
        ("Person", "looks like the name of a class", "pass the class itself"),
        ("   ", "The schema is empty", "For example"),
    ],
)
def test_what_is_no_short_form_is_refused_with_what_to_type(text, said, hint):
    with pytest.raises(BadOption) as caught:
        read_schema(text)
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert len(str(caught.value).splitlines()) <= 6


@given(st.text(st.sampled_from("ab,:?[]()| intsr{}\"'\n"), max_size=40))
def test_any_text_is_a_schema_or_is_refused_with_a_hint(text):
    problem, schema = None, None
    try:
        schema = read_schema(text)
    except BadOption as error:
        problem = error
    assert problem.hint if problem else schema.document["type"] == "object"


def test_no_error_repeats_a_key(session, sandbox):
    key = sandbox.api_key
    for text in (f"name: {key}", f"{key} x", f"mood: {key}|{key}"):
        with pytest.raises(BadOption) as caught:
            read_schema(text)
        assert key not in str(caught.value)
