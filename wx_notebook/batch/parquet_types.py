"""The types of the columns of a Parquet file: those that are known, and those of the first rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from wx_notebook.schemas.shapes import JsonSchema

#: The types of columns whose values need not be looked at, as pyarrow has them.
ColumnTypes: TypeAlias = Mapping[str, Any]


def declared_types(document: JsonSchema) -> ColumnTypes:
    """Return the types that a JSON Schema declares for its fields, as far as it does.

    A model writes 3 where 3.5 could stand, so the first rows may have another type than the rest.
    """
    fields = document.get("properties", {})
    found = {str(name): _type_of(field, document) for name, field in fields.items()}
    return {name: kind for name, kind in found.items() if kind is not None}


def _type_of(field: Any, document: JsonSchema) -> Any:  # noqa: ANN401  # JSON in, pyarrow's out
    import pyarrow as pa

    if not isinstance(field, Mapping):
        return None
    if isinstance(reference := field.get("$ref"), str):
        target = document.get("$defs", {}).get(reference.rpartition("/")[2])
        # one that leads to another one may lead round in a circle
        return None if target is None or "$ref" in target else _type_of(target, document)
    kinds = field.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds is None:
        choices = [one for one in field.get("anyOf", ()) if one != {"type": "null"}]
        return _type_of(choices[0], document) if len(choices) == 1 else None
    named = [kind for kind in kinds if kind != "null"]
    if named == ["array"]:
        inner = _type_of(field.get("items"), document)
        return pa.list_(inner) if inner is not None else None
    plain = {"string": pa.string(), "integer": pa.int64(), "number": pa.float64(),
             "boolean": pa.bool_()}  # fmt: skip
    return plain.get(named[0]) if len(named) == 1 else None


def known_types(schema: Any, declared: ColumnTypes) -> ColumnTypes:  # noqa: ANN401  # pyarrow's own
    """Return the types of a table, None where it says none, with those of the new columns."""
    old = {} if schema is None else {one.name: one.type for one in schema}
    return {**old, **declared}


def parquet_schema(
    names: Sequence[str], rows: Sequence[Sequence[Any]], known: ColumnTypes,
) -> Any:  # fmt: skip  # noqa: ANN401  # pyarrow's own
    """Return the schema of a file by its first rows; a column without any value there is text.

    Raises
    ------
    ValueError, TypeError
        The values of a column have no common type.
    """
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    fields = []
    for name, values in zip(names, columns, strict=True):
        kind = known.get(name)
        if kind is None:
            found = pa.array(values, from_pandas=True).type
            kind = pa.string() if pa.types.is_null(found) else found
        fields.append(pa.field(name, kind))
    return pa.schema(fields)
