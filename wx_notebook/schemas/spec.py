"""`--schema SPEC`: an object of the notebook by its name, or else a short form."""

from __future__ import annotations

import ast
import builtins
import datetime as dt
import operator
import types
import typing
from collections.abc import Mapping
from typing import Any

from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.schemas.schema import Schema, read_schema

#: Names that a type may have without an import.
_KNOWN: Mapping[str, Any] = {
    **{name: getattr(builtins, name) for name in ("str", "int", "float", "bool", "list", "dict",
                                                  "tuple", "set")},
    "Any": typing.Any, "Literal": typing.Literal, "Optional": typing.Optional,
    "Union": typing.Union, "date": dt.date, "datetime": dt.datetime,
}  # fmt: skip
#: These are more likely the name of a field, where they stand alone.
_FIELD_NAMES = frozenset({"date", "datetime"})
_LONGEST = 60
_HINT = "For example --schema Person, --schema 'list[Person]' or --schema 'name, age: int'"


def schema_of_spec(spec: str, names: Mapping[str, Any]) -> Schema:
    """Return the schema that somebody typed behind ``--schema``.

    Parameters
    ----------
    spec
        ``Person``, ``module.Person``, ``list[Person]``, ``Person | None``, or a short form.
    names
        The names of the notebook.

    Raises
    ------
    BadOption
        It names no schema, and is no short form.
    """
    tree = _type_expression(spec.strip(), names)
    if tree is None:
        return read_schema(spec)
    if isinstance(tree, ast.Name) and tree.id not in names:
        if tree.id in _KNOWN and tree.id not in _FIELD_NAMES:
            return read_schema(_KNOWN[tree.id])
        _check_word(tree.id, names)
        return read_schema(spec)
    found = _value(tree, names)
    if not is_schema_like(found):
        kind = type(found).__name__
        raise BadOption(
            f"'{_short(spec)}' is of type {kind} in this notebook, which can't be a schema.",
            hint=f"Give a class or a JSON Schema. A field of this name: --schema '{_short(spec)}: "
            "str'",
        )
    return read_schema(found)


def is_schema_like(value: object) -> bool:
    """Return whether an object of the notebook may be meant as a schema; reads nothing of it."""
    is_type = isinstance(value, type) or typing.get_origin(value) is not None
    return is_type or isinstance(value, Schema | dict)


def _type_expression(text: str, names: Mapping[str, Any]) -> ast.expr | None:
    """Return the syntax of a type, None for anything else."""
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    if isinstance(tree, ast.BinOp):
        # good|bad is none
        words = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        is_type = any(word in _KNOWN or is_schema_like(names.get(word)) for word in words)
        return tree if is_type else None
    return tree if isinstance(tree, ast.Name | ast.Attribute | ast.Subscript) else None


def _check_word(word: str, names: Mapping[str, Any]) -> None:
    """Refuse a word that is a misspelt name, rather than the only field of a short form."""
    shown = _short(word)
    near = did_you_mean(word, [name for name in names if is_schema_like(names[name])
                               and not name.startswith("_")])  # fmt: skip
    if near or word[:1].isupper():
        raise BadOption(
            f"There is no '{shown}' in this notebook.{near}",
            hint=f"Run the cell that defines it. A field of this name: --schema '{shown}: str'",
        )


def _value(node: ast.AST, names: Mapping[str, Any]) -> Any:  # noqa: ANN401  # any object
    """Return what a type expression stands for; nothing else is evaluated."""
    match node:
        case ast.Name(id=name):
            if name in names:
                return names[name]
            if name in _KNOWN:
                return _KNOWN[name]
            known = [*_KNOWN, *(each for each in names if is_schema_like(names[each]))]
            raise BadOption(
                f"There is no '{_short(name)}' in this notebook.{did_you_mean(name, known)}",
                hint="Run the cell that defines it.",
            )
        case ast.Attribute(value=inner, attr=name) if not name.startswith("_"):
            return _apply(getattr, _value(inner, names), name)
        case ast.Subscript(value=inner, slice=index):
            return _apply(operator.getitem, _value(inner, names), _value(index, names))
        case ast.Tuple(elts=entries):
            return tuple(_value(each, names) for each in entries)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _apply(operator.or_, _value(left, names), _value(right, names))
        case ast.Constant(value=str() | int() | None | types.EllipsisType() as value):
            return value
        case _:
            raise BadOption("Part of the schema is not a type.", hint=_HINT)


def _apply(function: Any, *values: Any) -> Any:  # noqa: ANN401
    problem = ""
    try:
        return function(*values)
    except Exception as error:  # noqa: BLE001  # of the user's own classes
        problem = mask_keys(str(error).split("\n")[0])[:200]
    raise BadOption(f"The schema can't be read: {problem}", hint=_HINT)


def _short(text: str) -> str:
    text = mask_keys(" ".join(text.split()))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
