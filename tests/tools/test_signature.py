"""A function becomes a tool: its schema, its description, and its arguments back again."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import pydantic
import pytest
from support.cases import all_cases

from wx_notebook.errors import BadOption
from wx_notebook.tools import tool_of


class Mood(enum.Enum):
    GOOD, BAD = "good", "bad"


@dataclass
class Place:
    name: str
    floor: int = 0


class Person(pydantic.BaseModel):
    name: str
    age: int


class Box(TypedDict, total=False):
    width: float


def everything(
    text: str,
    count: int,
    share: float,
    on: bool,
    day: dt.date,
    mood: Mood,
    unit: Literal["m", "ft"],
    tags: list[str],
    sizes: dict[str, int],
    place: Place,
    person: Person,
    box: Box,
    whatever: Any,
    about: Annotated[str, "in one word"],
    many: Sequence[int],
    maybe: int | None = None,
) -> None:
    """Take everything."""


def schema(function):
    return tool_of(function).document()["function"]["parameters"]


def test_each_kind_of_annotation_has_its_schema():
    properties = schema(everything)["properties"]
    assert properties["text"] == {"type": "string"}
    assert properties["count"] == {"type": "integer"}
    assert properties["share"] == {"type": "number"}
    assert properties["on"] == {"type": "boolean"}
    assert properties["day"] == {"type": "string", "format": "date"}
    assert properties["mood"] == {"type": "string", "enum": ["good", "bad"]}
    assert properties["unit"] == {"type": "string", "enum": ["m", "ft"]}
    assert properties["tags"] == {"type": "array", "items": {"type": "string"}}
    assert properties["sizes"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert properties["place"]["required"] == ["name"]
    assert properties["person"]["properties"]["age"]["type"] == "integer"
    assert properties["box"]["required"] == []
    assert properties["whatever"] == {}
    assert properties["about"] == {"type": "string", "description": "in one word"}
    assert properties["maybe"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert "maybe" not in schema(everything)["required"]
    assert len(schema(everything)["required"]) == 15


def numpy_style(width: float, height: float) -> float:
    """Return the area of a rectangle.

    It may be a square.

    Parameters
    ----------
    width : float
        In metres.
    height
        In metres, too,
        and above zero.

    Returns
    -------
    float
        Square metres.
    """
    return width * height


def google_style(width: float, height: float) -> float:
    """Return the area of a rectangle.

    It may be a square.

    Args:
        width (float): In metres.
        height: In metres, too,
            and above zero.

    Returns:
        Square metres.
    """
    return width * height


def sphinx_style(width: float, height: float) -> float:
    """Return the area of a rectangle.

    It may be a square.

    :param width: In metres.
    :param float height: In metres, too,
        and above zero.
    :returns: Square metres.
    """
    return width * height


@pytest.mark.parametrize("function", [numpy_style, google_style, sphinx_style])
def test_a_docstring_describes_the_tool_and_its_parameters(function):
    document = tool_of(function).document()["function"]
    assert document["name"] == function.__name__
    assert document["description"] == "Return the area of a rectangle.\n\nIt may be a square."
    properties = document["parameters"]["properties"]
    assert properties["width"] == {"type": "number", "description": "In metres."}
    assert properties["height"]["description"] == "In metres, too, and above zero."


def test_arguments_become_what_the_function_wants():
    seen = {}

    def take(
        count: int,
        share: float,
        on: bool,
        mood: Mood,
        day: dt.date,
        place: Place,
        person: Person,
        places: list[Place],
        either: int | str = 0,
        maybe: float | None = None,
        *,
        free: Any = None,
    ) -> None:
        seen.update(locals())

    tool_of(take).call({
        "count": "11", "share": "0.5", "on": "true", "mood": "good", "day": "2026-09-21",
        "place": {"name": "x", "floor": "2"}, "person": {"name": "Ada", "age": 36},
        "places": [{"name": "y"}], "either": "7", "maybe": "1.5", "free": {"a": [1]},
    })  # fmt: skip
    assert (seen["count"], seen["share"], seen["on"]) == (11, 0.5, True)
    assert (seen["mood"], seen["day"]) == (Mood.GOOD, dt.date(2026, 9, 21))
    assert (seen["place"], seen["places"]) == (Place("x", 2), [Place("y")])
    assert seen["person"] == Person(name="Ada", age=36)
    assert (seen["either"], seen["maybe"], seen["free"]) == ("7", 1.5, {"a": [1]})


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"width": 1}, "missing a required argument: 'height'"),
        ({"width": 1, "height": 2, "depth": 3}, "unexpected keyword argument 'depth'"),
        ({"width": "wide", "height": 2}, "width: 'wide' is not of type 'number'"),
        ({"width": None, "height": 2}, "width: None is not of type 'number'"),
    ],
)
def test_arguments_that_do_not_fit_are_an_error_that_says_why(arguments, what):
    with pytest.raises((TypeError, ValueError), match=what):
        tool_of(numpy_style).call(arguments)


@dataclass
class Leaf:
    size: int


@dataclass
class Branch:
    leaves: list[Leaf]
    tint: Mood = Mood.GOOD


@dataclass
class Tree:
    """A tree of a wood."""

    branches: dict[str, Branch]


def test_classes_nested_three_deep_refer_to_nothing_and_come_back_as_they_are():
    seen = []

    def plant(tree: Tree) -> None:
        seen.append(tree)

    document = schema(plant)
    assert "$ref" not in str(document)
    assert "$defs" not in document
    (tree,) = document["properties"].values()
    assert tree["description"] == "A tree of a wood."
    branch = tree["properties"]["branches"]["additionalProperties"]
    assert branch["properties"]["leaves"]["items"]["properties"]["size"] == {"type": "integer"}
    tool_of(plant).call({"tree": {"branches": {"a": {"leaves": [{"size": "3"}], "tint": "bad"}}}})
    assert seen == [Tree({"a": Branch([Leaf(3)], Mood.BAD)})]


@dataclass
class Node:
    name: str
    below: list["Node"]  # noqa: UP037  # the class itself


def test_a_class_that_contains_itself_keeps_its_reference():
    def walk(node: Node, deep: Node) -> None:
        """Walk.

        :param node: Where to begin.
        """

    document = schema(walk)
    assert document["properties"]["deep"] == {"$ref": "#/$defs/Node"}
    assert document["properties"]["node"]["description"] == "Where to begin."
    assert document["$defs"]["Node"]["properties"]["below"]["items"] == {"$ref": "#/$defs/Node"}
    with pytest.raises(ValueError, match=r"node\.below\[0\]: 'below' is a required property"):
        tool_of(walk).call({"node": {"name": "a", "below": [{"name": "b"}]}, "deep": {}})


def test_a_description_of_one_tool_does_not_reach_another():
    def first(width: float) -> None:
        """Do.

        :param width: In metres.
        """

    def second(width: float) -> None:
        """Do."""

    assert schema(first)["properties"]["width"]["description"] == "In metres."
    assert schema(second)["properties"]["width"] == {"type": "number"}


def test_a_method_is_a_tool_without_its_self():
    class Shop:
        def price(self, item: str) -> float:
            return len(item) * self.rate

        rate = 2.0

    tool = tool_of(Shop().price)
    assert list(tool.document()["function"]["parameters"]["properties"]) == ["item"]
    assert tool.call({"item": "tea"}) == 6.0


def bare(width, height):
    return width * height


def half(width: float, height):
    return width * height


def starred(*sizes: float):
    return sizes


async def later(width: float):
    return width


def unknown(width: Nowhere):  # noqa: F821
    return width


class Odd:
    width = 3


def odd(width: Odd):
    return width


@all_cases(
    ("function", "what"),
    [
        (bare, "bare\\(\\) does not say what 'width' is"),
        (half, "half\\(\\) does not say what 'height' is"),
        (starred, "takes 'sizes' by its place"),
        (later, "later\\(\\) is asynchronous"),
        (unknown, "The annotations of unknown\\(\\) cannot be read: NameError"),
        (odd, "'width' of odd\\(\\) has a type that can't be a schema: 'Odd'"),
        (lambda: 1, "has no name that a model could call"),
        (Person, "'Person' is a class, but a tool must be a function"),
        (42, "is a value \\(int\\), but a tool must be a function"),
        ("area", "is a value \\(str\\), but a tool must be a function"),
        (print, "print\\(\\) takes 'args' by its place|does not say"),
        (dict.update, "does not say|by its place"),
        (None, "is a value"),
    ],
)
def test_what_is_no_tool_is_told_with_what_to_do(function, what):
    with pytest.raises(BadOption, match=what) as caught:
        tool_of(function)
    assert caught.value.hint
    assert len(str(caught.value).split("\n")) <= 6
