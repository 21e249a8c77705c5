"""A shape: the JSON Schema of a value, and how the value is made of JSON."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any, TypeAlias

JsonSchema: TypeAlias = dict[str, Any]
#: Whether a JSON value is valid under a part of the schema.
Fits: TypeAlias = Callable[[JsonSchema, Any], bool]
#: Makes a value of JSON that is valid; raises `ValueError` for what only the type itself refuses.
Build: TypeAlias = Callable[[Any, Fits], Any]


def keep(value: Any, _: Fits) -> Any:  # noqa: ANN401  # JSON is any value, here and below
    """Return a value as it is."""
    return value


@dataclass(frozen=True, slots=True)
class ValueShape:
    """A part of a schema, and what makes a value of the JSON for it."""

    schema: JsonSchema
    build: Build = keep


def _plain(build: Callable[[Any], Any]) -> Build:
    return lambda value, _: build(value)


#: Types of Python with a JSON form of their own.
SCALARS: Mapping[Any, ValueShape] = {
    str: ValueShape({"type": "string"}),
    bool: ValueShape({"type": "boolean"}),
    # in JSON Schema 3.0 is an integer, and 3 is a number
    int: ValueShape({"type": "integer"}, _plain(int)),
    float: ValueShape({"type": "number"}, _plain(float)),
    type(None): ValueShape({"type": "null"}),
    None: ValueShape({"type": "null"}),
    Decimal: ValueShape({"type": "number"}, _plain(lambda value: Decimal(str(value)))),
    dt.date: ValueShape({"type": "string", "format": "date"}, _plain(dt.date.fromisoformat)),
    dt.datetime: ValueShape(
        {"type": "string", "format": "date-time"}, _plain(dt.datetime.fromisoformat)
    ),
    dt.time: ValueShape({"type": "string", "format": "time"}, _plain(dt.time.fromisoformat)),
    uuid.UUID: ValueShape({"type": "string", "format": "uuid"}, _plain(uuid.UUID)),
    Path: ValueShape({"type": "string"}, _plain(Path)),
    PurePath: ValueShape({"type": "string"}, _plain(PurePath)),
    Any: ValueShape({}),
    object: ValueShape({}),
}


def list_shape(item: ValueShape, make: Callable[[list[Any]], Any] = list) -> ValueShape:
    """Return the shape of a list; `make` turns it into another collection."""

    def build(value: Any, fits: Fits) -> Any:  # noqa: ANN401
        return make([item.build(each, fits) for each in value])

    return ValueShape({"type": "array", "items": item.schema}, build)


def row_shape(items: Sequence[ValueShape], make: Callable[[list[Any]], Any]) -> ValueShape:
    """Return the shape of a list whose entries each have a type of their own."""

    def build(value: Any, fits: Fits) -> Any:  # noqa: ANN401
        pairs = zip(items, value, strict=True)
        return make([item.build(each, fits) for item, each in pairs])

    size = len(items)
    schema = {
        "type": "array", "prefixItems": [item.schema for item in items],
        "minItems": size, "maxItems": size,
    }  # fmt: skip
    return ValueShape(schema, build)


def mapping_shape(item: ValueShape) -> ValueShape:
    """Return the shape of an object with any names."""

    def build(value: Any, fits: Fits) -> Any:  # noqa: ANN401
        return {name: item.build(each, fits) for name, each in value.items()}

    schema: JsonSchema = {"type": "object"}
    if item.schema:
        schema["additionalProperties"] = item.schema
    return ValueShape(schema, build)


def object_shape(
    fields: Mapping[str, ValueShape],
    required: Sequence[str],
    make: Callable[[dict[str, Any]], Any],
    description: str = "",
) -> ValueShape:
    """Return the shape of an object with these fields and no others."""

    def build(value: Any, fits: Fits) -> Any:  # noqa: ANN401
        return make({name: fields[name].build(each, fits) for name, each in value.items()})

    schema: JsonSchema = {"type": "object"}
    if description:
        schema["description"] = description
    schema |= {
        "properties": {name: shape.schema for name, shape in fields.items()},
        "required": list(required),
        "additionalProperties": False,
    }
    return ValueShape(schema, build)


def choice_shape(
    values: Sequence[Any], make: Callable[[Any], Any] = lambda value: value
) -> ValueShape:
    """Return the shape of one of a few JSON values."""
    schema: JsonSchema = {"enum": list(values)}
    if all(isinstance(value, str) for value in values):
        schema = {"type": "string", **schema}
    return ValueShape(schema, _plain(make))


def union_shape(branches: Sequence[ValueShape]) -> ValueShape:
    """Return the shape of what fits one of several; the first one that takes the value makes it."""
    if len(branches) == 1:
        return branches[0]

    def build(value: Any, fits: Fits) -> Any:  # noqa: ANN401
        refusal = ValueError("it fits none of the types")
        for branch in branches:
            if fits(branch.schema, value):
                try:
                    return branch.build(value, fits)
                except ValueError as error:
                    refusal = error
        raise refusal

    return ValueShape({"anyOf": [branch.schema for branch in branches]}, build)
