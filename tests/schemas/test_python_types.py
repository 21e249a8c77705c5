"""Classes and types of Python as schemas, and values of these types back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import json
import pathlib
import typing
import uuid

import jsonschema
import pydantic
import pytest
from support.cases import all_cases

from wx_notebook.answer import table_row
from wx_notebook.errors import BadOption
from wx_notebook.schemas import read_schema


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


@dataclasses.dataclass
class Address:
    """Where somebody lives."""

    street: str
    number: int | None = None


@dataclasses.dataclass
class Person:
    name: typing.Annotated[str, "the full name"]
    mood: Mood
    address: Address
    friends: list[Person] = dataclasses.field(default_factory=list)


class Station(typing.TypedDict):
    name: str
    lines: list[Literal]
    opened: typing.NotRequired[dt.date]


Literal = typing.Literal["U1", "U2"]


class Model(pydantic.BaseModel):
    """A pydantic model with a rule of its own."""

    count: int = pydantic.Field(gt=0)
    address: Address
    mood: Mood = Mood.GOOD


class Point(typing.NamedTuple):
    x: float
    y: float = 0.0


@dataclasses.dataclass
class Company:
    name: str
    people: list[Person]
    stock: Model


def read(spec, value):
    return read_schema(spec).read(json.dumps(value))


ADA = {"name": "Ada", "mood": "good", "address": {"street": "St James's Square"}}


def test_a_dataclass_three_deep_becomes_itself():
    stock = {"count": "3", "address": {"street": "Wall"}}
    company = read(Company, {"name": "X", "people": [{**ADA, "friends": [ADA]}], "stock": stock})
    ada = Person("Ada", Mood.GOOD, Address("St James's Square"))
    assert company.value == Company(
        "X",
        [Person("Ada", Mood.GOOD, Address("St James's Square"), [ada])],
        Model(count=3, address=Address("Wall")),
    )


def test_every_class_gives_a_valid_json_schema_with_an_object_at_its_root():
    for spec in (Person, Company, Station, Model, Point, Mood, list[Company], dict[str, Person],
                 int | None, tuple[int, str], set[Mood], typing.Any, list):  # fmt: skip
        document = read_schema(spec).document
        jsonschema.Draft202012Validator.check_schema(document)
        assert document.get("type") == "object", spec
        assert json.dumps(document)


def test_names_comments_and_defaults_of_a_class_are_told_to_the_model():
    document = read_schema(Person).document
    assert document["properties"]["name"] == {"type": "string", "description": "the full name"}
    assert document["required"] == ["name", "mood", "address"]
    assert document["$defs"]["Address"]["description"] == "Where somebody lives."
    assert "description" not in document, "Python wrote that docstring"


def test_a_typed_dict_stays_a_dict():
    station = read(Station, {"name": "Zoo", "lines": ["U2"], "opened": "1902-03-11"})
    assert station.value == {"name": "Zoo", "lines": ["U2"], "opened": dt.date(1902, 3, 11)}
    assert read(Station, {"name": "Zoo", "lines": []}).value == {"name": "Zoo", "lines": []}
    assert "'U9' is not one of" in read(Station, {"name": "Zoo", "lines": ["U9"]}).fault


def test_pydantic_alone_says_what_its_model_takes():
    good = {"count": "7", "address": {"street": "Wall"}, "more": "is ignored"}
    assert read(Model, good).value == Model(count=7, address=Address("Wall"))
    fault = read(Model, {"count": 0, "address": {}}).fault
    assert fault.startswith("count: Input should be greater than 0; address.street: ")
    assert read(list[Model], [good]).value[0].count == 7
    assert "greater than 0" in read(list[Model], [{**good, "count": -1}]).fault


def test_a_strict_model_of_pydantic_takes_what_json_has_no_type_for():
    class Strict(pydantic.BaseModel, strict=True):
        day: dt.date
        mood: Mood
        price: decimal.Decimal
        tags: set[str]
        place: tuple[int, int]
        id: uuid.UUID

    key = "12345678-1234-4678-8234-567812345678"
    sent = {"day": "2026-01-02", "mood": "bad", "price": "1.5", "tags": ["a"], "place": [1, 2]}
    (found,) = read(list[Strict], [{**sent, "id": key}]).value
    assert found == Strict(
        day=dt.date(2026, 1, 2), mood=Mood.BAD, price=decimal.Decimal("1.5"), tags={"a"},
        place=(1, 2), id=uuid.UUID(key),
    )  # fmt: skip
    assert (
        "place[0]: Input should be a valid integer"
        in read(Strict, {**sent, "id": key, "place": ["1", 2]}).fault
    )


@all_cases(
    ("spec", "sent", "value"),
    [
        (Mood, "bad", Mood.BAD),
        (int, 3.0, 3),
        (float, 3, 3.0),
        (bool, True, True),
        (list[int], [1, 2], [1, 2]),
        (set[str], ["a", "a"], {"a"}),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[int, str], [1, "a"], (1, "a")),
        (dict[str, list[int]], {"a": [1]}, {"a": [1]}),
        (list[dict], [{"a": {"b": 1}}], [{"a": {"b": 1}}]),
        (typing.Literal[1, "two"], "two", "two"),
        (int | None, None, None),
        (Person | Address, {"street": "Wall"}, Address("Wall")),
        (Point, {"x": 1}, Point(1.0)),
        (dt.datetime, "2026-01-02T03:04:05", dt.datetime(2026, 1, 2, 3, 4, 5)),
        (decimal.Decimal, 0.1, decimal.Decimal("0.1")),
        (pathlib.Path, "plots/a.png", pathlib.Path("plots/a.png")),
        (uuid.UUID, "12345678-1234-4678-8234-567812345678",
         uuid.UUID("12345678-1234-4678-8234-567812345678")),
        (pydantic.RootModel[list[int]], [1], pydantic.RootModel[list[int]]([1])),
    ],
)  # fmt: skip
def test_a_value_has_the_type_that_was_asked_for_bare_or_wrapped(spec, sent, value):
    schema = read_schema(spec)
    for text in [sent, *([{"value": sent}] if schema.is_wrapped else [])]:
        found = schema.read(json.dumps(text))
        assert found.fault == ""
        assert found.value == value
        assert type(found.value) is type(value)


class Plain:
    size: int


class Empty(enum.Enum):
    pass


@dataclasses.dataclass
class Bare:
    pass


@dataclasses.dataclass
class Holds:
    lock: Plain


@dataclasses.dataclass
class Undefined:
    other: "NotThere"  # noqa: F821, UP037


@dataclasses.dataclass
class Keyed:
    by_number: dict[int, str]


@all_cases(
    ("spec", "said"),
    [
        (Plain, "'Plain' is a plain class"),
        (type("C", (), {}), "'C' is a class without typed fields"),
        (Empty, "Empty has no members"),
        (Bare, "Bare has no fields"),
        (Holds, "The field 'lock' of Holds has a type that can't be a schema: 'Plain'"),
        (Undefined, "names 'NotThere', which is not defined"),
        (Keyed, "The field 'by_number' of Keyed has keys of type 'int'"),
        (3, "An object of the type 'int' can't be a schema"),
        (typing.Callable[[int], int], "can't be a schema"),
        (print, "can't be a schema"),
    ],
)
def test_what_can_be_no_schema_is_refused_before_anything_is_sent(spec, said):
    with pytest.raises(BadOption) as caught:
        read_schema(spec)
    assert said in caught.value.message
    assert caught.value.hint
    assert len(str(caught.value).splitlines()) <= 6


def test_an_object_that_is_no_type_is_not_quoted():
    with pytest.raises(BadOption) as caught:
        read_schema(("my-password-1234", "x"))
    assert "my-password" not in str(caught.value)


def test_the_refusal_of_a_class_is_a_fault_of_the_answer_and_no_error_of_ours():
    @dataclasses.dataclass
    class Even:
        number: int

        def __post_init__(self):
            if self.number % 2:
                raise RuntimeError("odd")

    assert read(Even, {"number": 2}).value == Even(2)
    assert read(Even, {"number": 3}).fault == "RuntimeError: odd"


def test_a_model_of_pydantic_1_is_a_schema_too():
    old = pytest.importorskip("pydantic.v1")

    leaf = old.create_model("Leaf", size=(int, ...))
    tree = old.create_model("Tree", name=(str, ...), leaves=(list[leaf], ()))
    assert "$defs" in read_schema(list[tree]).document
    found = read(list[tree], [{"name": "oak", "leaves": [{"size": 3}]}]).value
    assert found == [tree(name="oak", leaves=[leaf(size=3)])]
    assert table_row(found[0]) == {"name": "oak", "leaves": [leaf(size=3)]}
    assert read(tree, {"name": "a", "leaves": [{"size": "x"}]}).fault.startswith("leaves[0].size:")


# --- JSON Schema as dict --------------------------------------------------------------------------


def test_a_json_schema_is_sent_as_it_is_and_checked():
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
    assert read_schema(schema).document == schema
    assert read(schema, {"n": 1}).value == {"n": 1}
    assert read(schema, {"n": 0}).fault == "n: 0 is less than the minimum of 1"


def test_references_lead_to_the_same_parts_when_a_root_is_wrapped():
    node = {"type": "object", "properties": {"below": {"$ref": "#"}}}
    tree = {"type": "array", "items": {"$ref": "#/$defs/node"}, "$defs": {"node": node}}
    assert read(tree, [{"below": [{}]}]).value == [{"below": [{}]}]
    assert "3 is not of type 'object'" in read(tree, [{"below": [3]}]).fault


@all_cases(
    ("schema", "said"),
    [
        ({"name": "str"}, "The dict is not a JSON Schema"),
        ({"type": "objekt"}, "The JSON Schema is not valid: type: 'objekt'"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}}, "'#/$defs/b', which is"),
        ({"$ref": "http://127.0.0.1:9/schema"}, "which is not in it"),
        ({"type": "object", "properties": {"a": {1, 2}}}, "can't be written as JSON"),
        ({}, "The dict is not a JSON Schema"),
    ],
)
def test_a_dict_that_is_no_json_schema_is_refused_and_nothing_is_fetched(schema, said):
    with pytest.raises(BadOption) as caught:
        read_schema(schema)
    assert said in caught.value.message
    assert caught.value.hint
