"""What stands behind --schema: an object of the notebook by its name, else the short form."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing

import pytest
from support.cases import all_cases

from wx_notebook.errors import BadOption
from wx_notebook.schemas.spec import schema_of_spec


@dataclasses.dataclass
class Person:
    name: str


@dataclasses.dataclass
class Company:
    people: list[Person]


JSON_SCHEMA = {"type": "object", "title": "Form", "properties": {"a": {}}}
NAMES = {"Person": Person, "Company": Company, "People": list[Person], "dt": dt, "age": 3,
         "form": JSON_SCHEMA, "forms": {"first": JSON_SCHEMA}, "typing": typing}  # fmt: skip


@all_cases(
    ("spec", "title"),
    [
        ("Person", "Person"),
        (" Person ", "Person"),
        ("list[Person]", "list[Person]"),
        ("People", "list[Person]"),
        ("dict[str, Person]", "dict[str, Person]"),
        ("list[dict]", "list[dict]"),
        ("Person | None", "Person | None"),
        ("Person | Company", "Person | Company"),
        ("dt.date", "date"),
        ("typing.Literal['a', 'b']", "Literal['a', 'b']"),
        ("int", "int"),
        ("form", "Form"),
        ("forms['first']", "Form"),
        ("name", "name"),
        ("date", "date"),
        ("Person, age: int", "Person, age: int"),
        ("(Person)[]", "(Person)[]"),
    ],
)
def test_a_name_of_the_notebook_comes_first_and_the_rest_is_the_short_form(spec, title):
    title = title.replace("Person |", f"{__name__}.Person |").replace("| C", f"| {__name__}.C")
    found = schema_of_spec(spec, NAMES).title
    assert found.replace(f"{__name__}.", "") == title.replace(f"{__name__}.", "")


def test_date_alone_is_a_field():
    assert schema_of_spec("date", NAMES).document["properties"] == {"date": {"type": "string"}}


@all_cases(
    ("spec", "said", "hint"),
    [
        ("Persn", "There is no 'Persn' in this notebook. Did you mean 'Person'?", "'Persn: str'"),
        ("City", "There is no 'City' in this notebook.", "'City: str'"),
        ("list[Persn]", "There is no 'Persn' in this notebook. Did you mean 'Person'?", "Run the"),
        ("age", "'age' is of type int in this notebook, which can't be a schema", "'age: str'"),
        ("dt", "is of type module", "'dt: str'"),
        ("dt.dat", "no attribute 'dat'", "For example"),
        ("forms['second']", "can't be read", "For example"),
        ("list[print()]", "Part of the schema is not a type", "For example"),
        ("good|bad", "'good|bad', which is not a field", "For example"),
    ],
)
def test_a_misspelt_name_is_no_field_of_that_name(spec, said, hint):
    with pytest.raises(BadOption) as caught:
        schema_of_spec(spec, NAMES)
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_nothing_is_called():
    called = []
    names = {**NAMES, "run": lambda: called.append(1)}
    for spec in ("run()", "list[run()]", "[run() for _ in 'a']", "(lambda: run())()"):
        with pytest.raises(BadOption):
            schema_of_spec(spec, names)
    assert called == []
