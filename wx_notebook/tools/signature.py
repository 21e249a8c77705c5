"""From the annotations of a function to a JSON Schema, and from JSON values to its arguments."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from wx_notebook.errors import BadOption, mask_keys

_PLAIN: Mapping[Any, str] = {
    str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null",
    list: "array", tuple: "array", set: "array", dict: "object",
}  # fmt: skip
_DATES: Mapping[Any, str] = {dt.date: "date", dt.datetime: "date-time", dt.time: "time"}
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")
_DEEPEST = 12


class NoSchema(TypeError):
    """An annotation that no JSON value has."""


def parameters_of(function: Callable[..., Any], name: str) -> dict[str, Any]:
    """Return the parameters of a function as a JSON Schema.

    Raises
    ------
    BadOption
        A parameter has no annotation, or one that no JSON value has.
    """
    problem = ""
    properties: dict[str, Any] = {}
    required: list[str] = []
    hints, signature = _hints(function, name), _signature(function, name)
    for each in signature.parameters.values():
        if each.kind is each.VAR_KEYWORD:
            continue
        if each.kind in (each.VAR_POSITIONAL, each.POSITIONAL_ONLY):
            problem = f"{name}() takes '{each.name}' by its place, and a model names each argument"
        elif each.name not in hints:
            problem = f"{name}() does not say what '{each.name}' is"
        else:
            try:
                properties[each.name] = schema_of(hints[each.name])
            except NoSchema as error:
                problem = f"'{each.name}' of {name}() cannot be described to a model: {error}"
        if problem:
            raise BadOption(
                f"{problem}.", hint=f"Annotate it: def {name}({each.name}: float, ...) -> str:"
            )
        if each.default is each.empty:
            required.append(each.name)
    return {"type": "object", "properties": properties, "required": required}


def schema_of(annotation: Any, depth: int = 0) -> dict[str, Any]:  # noqa: ANN401
    """Return the JSON Schema of an annotation.

    Raises
    ------
    NoSchema
        It has none.
    """
    if depth > _DEEPEST:
        raise NoSchema("it is nested too deeply")
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        about = next((one for one in inner[1:] if isinstance(one, str)), "")
        return schema_of(inner[0], depth) | ({"description": about} if about else {})
    if annotation is Any:
        return {}
    if annotation in _PLAIN:
        return {"type": _PLAIN[annotation]}
    if annotation in _DATES:
        return {"type": "string", "format": _DATES[annotation]}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(one, depth + 1) for one in inner]}
    if origin in (list, set, tuple, Sequence) and inner:
        return {"type": "array", "items": schema_of(inner[0], depth + 1)}
    if origin in (dict, Mapping) and len(inner) == 2:
        return {"type": "object", "additionalProperties": schema_of(inner[1], depth + 1)}
    return _class_schema(annotation, depth)


def converted(value: Any, annotation: Any) -> Any:  # noqa: ANN401
    """Return a JSON value as its annotation wants it; what does not fit stays as it is.

    Models write numbers as texts, and objects where a class is wanted.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return converted(value, inner[0])
    if origin in (Union, types.UnionType):
        return _first_that_fits(value, inner)
    if origin is list and inner and isinstance(value, list):
        return [converted(one, inner[0]) for one in value]
    is_class = isinstance(annotation, type) and value is not None
    return _as_class(value, annotation) if is_class else value


def _as_class(value: Any, kind: Any) -> Any:  # noqa: ANN401
    """Return a value as one of a class, if it is what that class is made of."""
    if kind in (int, float, bool) and isinstance(value, str):
        return _from_text(value.strip(), kind)
    if kind is float and type(value) is int:
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind in _DATES and isinstance(value, str):
        return kind.fromisoformat(value)
    if issubclass(kind, enum.Enum):
        return kind(value)
    if isinstance(value, Mapping) and hasattr(kind, "model_validate"):
        return kind.model_validate(value)
    if isinstance(value, Mapping) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        given = {name: converted(one, hints.get(name)) for name, one in value.items()}
        return kind(**given)  # type: ignore[operator]  # the class, and no instance of it
    return value


def bound_arguments(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call, converted to what the function wants.

    Raises
    ------
    Exception
        They do not fit; the message says why, for the model.
    """
    signature = inspect.signature(function)
    signature.bind(**arguments)
    hints = typing.get_type_hints(function, include_extras=True)
    return {name: converted(value, hints.get(name)) for name, value in arguments.items()}


def _class_schema(annotation: Any, depth: int) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(annotation, type):
        raise NoSchema(f"{annotation!r}"[:80])
    if issubclass(annotation, enum.Enum):
        return {"enum": [member.value for member in annotation]}
    if callable(build := getattr(annotation, "model_json_schema", None)):
        return dict(build())
    fields: dict[str, bool] = {}
    if dataclasses.is_dataclass(annotation):
        missing = dataclasses.MISSING
        for one in dataclasses.fields(annotation):
            fields[one.name] = one.default is missing and one.default_factory is missing
    elif typing.is_typeddict(annotation):
        wanted = annotation.__required_keys__  # type: ignore[attr-defined]
        fields = {name: name in wanted for name in annotation.__annotations__}
    else:
        raise NoSchema(f"the class {annotation.__name__} is neither a model nor a dataclass")
    hints = typing.get_type_hints(annotation, include_extras=True)
    return {
        "type": "object",
        "properties": {name: schema_of(hints[name], depth + 1) for name in fields},
        "required": [name for name, is_needed in fields.items() if is_needed],
    }


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


def _first_that_fits(value: Any, kinds: Sequence[Any]) -> Any:  # noqa: ANN401
    for kind in kinds:
        if isinstance(kind, type) and isinstance(value, kind):
            return value
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return converted(value, kind)
        except Exception:  # noqa: BLE001, S112  # the next one may fit
            continue
    return value


def _from_text(text: str, kind: type) -> Any:  # noqa: ANN401
    if kind is not bool:
        return kind(text)
    if text.lower() in (*_TRUE, *_FALSE):
        return text.lower() in _TRUE
    raise ValueError(f"{text!r} is neither true nor false")
