"""The arguments of a function: as a JSON Schema for a model, and made of what the model writes."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from wx_notebook.errors import BadOption, mask_keys
from wx_notebook.schemas.documents import Checker, without_references
from wx_notebook.schemas.python_types import REFERENCE, TypeReader
from wx_notebook.schemas.shapes import JsonSchema, ValueShape

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
#: Makes of a text what a model meant by it.
_FROM_TEXT: Mapping[str, Callable[[str], Any]] = {
    "integer": int, "number": float, "boolean": lambda text: _WORDS[text.lower()],
}  # fmt: skip


class Signature:
    """What a function takes, by name.

    Parameters
    ----------
    function
        Any that says by annotations what its arguments are.
    name
        What messages call it.

    Attributes
    ----------
    document
        The JSON Schema of its arguments. It refers to nothing, for no source says that a service
        follows references in the schema of a tool; only a class that contains itself needs one.

    Raises
    ------
    BadOption
        A parameter has no annotation, or one that no JSON value has.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self._signature = _signature(function, name)
        hints, reader = _hints(function, name), TypeReader()
        self._shapes: dict[str, ValueShape] = {}
        required: list[str] = []
        for each in self._signature.parameters.values():
            if each.kind is each.VAR_KEYWORD:
                continue
            _check(each, hints, name)
            place = f"The argument '{each.name}' of {name}()"
            self._shapes[each.name] = reader.shape(hints[each.name], place)
            if each.default is each.empty:
                required.append(each.name)
        properties = {each: shape.schema for each, shape in self._shapes.items()}
        whole: JsonSchema = {"type": "object", "properties": properties, "required": required}
        self._definitions = reader.definitions
        self._checker = Checker({**whole, "$defs": self._definitions}, frozenset(reader.models))
        self._properties = properties
        self.document = without_references(whole, self._definitions)

    def bound(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call as the function wants them.

        Models write numbers as texts, and objects where a class is wanted.

        Raises
        ------
        Exception
            They do not fit; the message says why, for the model.
        """
        self._signature.bind(**arguments)
        meant = {
            name: self._meant(value, self._properties.get(name, {}))
            for name, value in arguments.items()
        }
        if faults := self._checker.faults(meant):
            raise ValueError("; ".join(faults))
        fits = self._checker.fits
        return {
            name: self._shapes[name].build(value, fits) if name in self._shapes else value
            for name, value in meant.items()
        }

    def _meant(self, value: Any, schema: JsonSchema) -> Any:  # noqa: ANN401  # JSON
        """Return what a model meant by a JSON value; what is not clear stays as it is."""
        name = str(schema.get("$ref", "")).removeprefix(REFERENCE)
        schema = self._definitions.get(name, schema)
        if self._checker.fits(schema, value):
            return value
        for branch in schema.get("anyOf", ()):
            found = self._meant(value, branch)
            if self._checker.fits(branch, found):
                return found
        if isinstance(value, list) and isinstance(schema.get("items"), dict):
            return [self._meant(each, schema["items"]) for each in value]
        if isinstance(value, dict):
            inner = schema.get("properties", {})
            others = schema.get("additionalProperties")
            others = others if isinstance(others, dict) else {}
            return {each: self._meant(one, inner.get(each, others)) for each, one in value.items()}
        if isinstance(value, str):
            with suppress(ValueError, KeyError):
                return _FROM_TEXT[schema["type"]](value.strip())
            same = [one for one in schema.get("enum", ()) if str(one) == value.strip()]
            return same[0] if same else value
        return value


def _check(each: inspect.Parameter, hints: Mapping[str, Any], name: str) -> None:
    """Refuse a parameter that a model cannot name, or does not know how to fill."""
    problem = ""
    if each.kind in (each.VAR_POSITIONAL, each.POSITIONAL_ONLY):
        problem = f"{name}() takes '{each.name}' by its place, and a model names each argument."
    elif each.name not in hints:
        problem = f"{name}() does not say what '{each.name}' is."
    if problem:
        raise BadOption(problem, hint=f"Annotate it: def {name}({each.name}: float, ...) -> str:")


def _signature(function: Callable[..., Any], name: str) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        problem = f"{name} does not say which arguments it takes."
    raise BadOption(problem, hint="Write a function around it, with annotations.")


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:  # noqa: BLE001  # a name that is not there, or any expression
        reason = mask_keys(f"{type(error).__name__}: {error}")
    raise BadOption(
        f"The annotations of {name}() cannot be read: {reason}", hint="Correct them, and try again."
    )
