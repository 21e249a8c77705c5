"""Reads a type of Python as a shape: classes with fields, enums, lists, unions, ..."""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import enum
import json
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from wx_notebook.errors import BadOption, mask_keys
from wx_notebook.schemas.shapes import (
    SCALARS,
    Fits,
    JsonSchema,
    ValueShape,
    choice_shape,
    list_shape,
    mapping_shape,
    object_shape,
    row_shape,
    union_shape,
)

#: Where a schema keeps the shapes of classes.
REFERENCE = "#/$defs/"
_LISTS: Mapping[Any, Callable[[list[Any]], Any]] = {
    list: list, abc.Sequence: list, abc.MutableSequence: list, abc.Iterable: list,
    abc.Collection: list, set: set, abc.Set: set, abc.MutableSet: set, frozenset: frozenset,
}  # fmt: skip
_MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)
_UNIONS = (typing.Union, types.UnionType)
_USE = "Next: make it a dataclass, a TypedDict, a pydantic model or a short form: 'name, age: int'"


class TypeReader:
    """Reads types; classes with fields become definitions that the shapes refer to.

    Attributes
    ----------
    definitions
        The JSON Schema of each class, by its name.
    models
        The names of those that pydantic validates itself.
    """

    def __init__(self) -> None:
        self.definitions: dict[str, JsonSchema] = {}
        self.models: set[str] = set()
        self._shapes: dict[str, ValueShape] = {}
        self._names: dict[Any, str] = {}

    def shape(self, kind: Any, place: str = "") -> ValueShape:  # noqa: ANN401  # any type
        """Return the shape of a type.

        Parameters
        ----------
        place
            Where it stands, for errors: "the field 'age' of Person".

        Raises
        ------
        BadOption
            It can't be a schema.
        """
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is typing.Annotated:
            return self._annotated(arguments, place)
        if origin in (typing.Required, typing.NotRequired, getattr(typing, "ReadOnly", ())):
            return self.shape(arguments[0], place)
        if isinstance(kind, abc.Hashable) and kind in SCALARS:
            return SCALARS[kind]
        if origin in _UNIONS:
            return union_shape([self.shape(each, place) for each in arguments])
        if origin is typing.Literal:
            return _literal(arguments, place)
        if isinstance(kind, typing.NewType):
            return self.shape(kind.__supertype__, place)
        if hasattr(kind, "__value__") and hasattr(kind, "__type_params__"):
            # `type Row = dict[str, int]` of Python 3.12
            return self.shape(kind.__value__, place)
        if (shape := self._collection(origin or kind, arguments, place)) is not None:
            return shape
        if isinstance(origin or kind, type):
            return self._class(origin or kind, place)
        raise _no_schema(kind, place)

    def _annotated(self, arguments: tuple[Any, ...], place: str) -> ValueShape:
        shape = self.shape(arguments[0], place)
        about = next((each for each in arguments[1:] if isinstance(each, str)), "")
        if not about:
            return shape
        # beside a reference older readers ignore other keywords
        schema = {"allOf": [shape.schema]} if "$ref" in shape.schema else shape.schema
        return ValueShape({**schema, "description": about}, shape.build)

    def _collection(self, kind: Any, arguments: tuple[Any, ...], place: str) -> ValueShape | None:  # noqa: ANN401
        if not isinstance(kind, abc.Hashable):
            raise _no_schema(kind, place)
        if kind in _MAPPINGS:
            if arguments and arguments[0] not in (str, Any):
                raise BadOption(
                    f"{place or 'The schema'} has keys of type {_name(arguments[0])}; in "
                    "JSON, keys are texts.",
                    hint="For example dict[str, int].",
                )
            return mapping_shape(self.shape(arguments[1] if arguments else Any, place))
        if kind in _LISTS:
            return list_shape(self.shape(arguments[0] if arguments else Any, place), _LISTS[kind])
        if kind is tuple:
            if not arguments or arguments[1:] == (Ellipsis,):
                return list_shape(self.shape(arguments[0] if arguments else Any, place), tuple)
            return row_shape([self.shape(each, place) for each in arguments], tuple)
        return None

    # --- classes -------------------------------------------------------------------------------

    def _class(self, kind: type, place: str) -> ValueShape:
        if issubclass(kind, enum.Enum):
            return _enum(kind, place)
        readers: tuple[tuple[bool, Callable[[type, str], ValueShape]], ...] = (
            (hasattr(kind, "model_json_schema") and hasattr(kind, "model_validate"), self._model),
            ("__fields__" in vars(kind) and hasattr(kind, "parse_obj"), self._model),
            (dataclasses.is_dataclass(kind), self._dataclass),
            (hasattr(kind, "__required_keys__") and issubclass(kind, dict), self._typed_dict),
            (hasattr(kind, "_fields") and issubclass(kind, tuple), self._named_tuple),
        )
        read = next((reader for applies, reader in readers if applies), None)
        if read is None:
            raise _no_schema(kind, place)
        if kind not in self._names:
            name = self._names[kind] = self._free_name(kind.__name__)
            # a class may contain itself
            self.definitions[name] = {}
            shape = read(kind, name)
            self.definitions[name], self._shapes[name] = shape.schema, shape
        name = self._names[kind]

        def build(value: Any, fits: Fits) -> Any:  # noqa: ANN401
            # looked up when it is used: a class that contains itself is being read now
            return self._shapes[name].build(value, fits)

        return ValueShape({"$ref": f"{REFERENCE}{name}"}, build)

    def _free_name(self, name: str) -> str:
        taken, number = name, 2
        while taken in self.definitions:
            taken, number = f"{name}{number}", number + 1
        return taken

    def _dataclass(self, kind: type, _: str) -> ValueShape:
        hints = _hints(kind)
        fields = [each for each in dataclasses.fields(kind) if each.init]
        missing = dataclasses.MISSING
        required = [
            each.name for each in fields
            if each.default is missing and each.default_factory is missing
        ]  # fmt: skip
        return self._object(kind, {each.name: hints[each.name] for each in fields}, required)

    def _named_tuple(self, kind: Any, _: str) -> ValueShape:  # noqa: ANN401
        hints = _hints(kind)
        if set(kind._fields) - set(hints):
            raise _no_schema(kind, "")
        required = [name for name in kind._fields if name not in kind._field_defaults]
        return self._object(kind, {name: hints[name] for name in kind._fields}, required)

    def _typed_dict(self, kind: Any, _: str) -> ValueShape:  # noqa: ANN401
        hints = _hints(kind)
        words = {typing.Required: True, typing.NotRequired: False}
        required = [
            name
            for name, hint in hints.items()
            # of annotations that were texts, the class itself does not know which are required
            if words.get(typing.get_origin(hint), name in kind.__required_keys__)
        ]
        return self._object(kind, hints, required, make=dict)

    def _object(
        self,
        kind: Any,  # noqa: ANN401
        hints: Mapping[str, Any],
        required: list[str],
        make: Callable[[dict[str, Any]], Any] | None = None,
    ) -> ValueShape:
        name = kind.__name__
        shapes = {
            field: self.shape(hint, f"The field '{field}' of {name}")
            for field, hint in hints.items()
        }
        if not shapes:
            raise BadOption(f"{name} has no fields, so it can't be a schema.", hint=_USE)
        make = make or (lambda values: kind(**values))
        return object_shape(shapes, required, make, _docstring(kind))

    def _model(self, kind: Any, name: str) -> ValueShape:  # noqa: ANN401
        """Return the shape of a pydantic model, which makes its schema and its value itself."""
        # pydantic 1 has other names for them
        is_old = not hasattr(kind, "model_json_schema")
        describe = kind.schema if is_old else kind.model_json_schema
        # of JSON a strict model takes a date, an enum or a set; of Python's objects it does not
        make = kind.parse_raw if is_old else kind.model_validate_json
        failure = ""
        try:
            schema = describe(ref_template=f"{REFERENCE}{name}.{{model}}")
        except Exception as error:  # noqa: BLE001  # of pydantic, or of the user's own types
            failure = str(error).split("\n")[0]
        if failure:
            raise BadOption(f"{name} can't be a schema: pydantic says: {failure}", hint=_USE)
        for inner, definition in schema.pop("definitions" if is_old else "$defs", {}).items():
            self.definitions[f"{name}.{inner}"] = definition
            self.models.add(f"{name}.{inner}")
        self.models.add(name)

        def build(value: Any, _: Fits) -> Any:  # noqa: ANN401
            return make(json.dumps(value))

        return ValueShape(schema, build)


def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the types of a class's fields.

    Raises
    ------
    BadOption
        An annotation names what is not there.
    """
    problem = ""
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except NameError as error:
        problem = f"names '{error.name}', which is not defined where the class stands"
    except Exception as error:  # noqa: BLE001  # an annotation is code of the user's
        problem = f"can't be read: {error}".split("\n")[0]
    raise BadOption(
        f"An annotation of {kind.__name__} {problem}.",
        hint="Define the types in cells of their own, outside of functions.",
    )


def _enum(kind: type[enum.Enum], place: str) -> ValueShape:
    members = list(kind)
    if not members:
        raise BadOption(f"{kind.__name__} has no members, so it can't be a schema.", hint=_USE)
    if all(isinstance(each.value, str | int | float | bool | None) for each in members):
        return choice_shape([each.value for each in members], kind)
    # of other values the names stand in the JSON
    return choice_shape([each.name for each in members], lambda name: kind[name])


def _literal(values: tuple[Any, ...], place: str) -> ValueShape:
    try:
        json.dumps(values)
    except (TypeError, ValueError):
        raise _no_schema(typing.Literal[values], place) from None
    return choice_shape(values)


def _docstring(kind: Any) -> str:  # noqa: ANN401
    """Return what the user wrote about a class; Python itself writes some of these texts."""
    text = vars(kind).get("__doc__") or ""
    is_generated = text.startswith(f"{kind.__name__}(")
    return "" if is_generated else " ".join(text.split())


def _name(kind: Any) -> str:  # noqa: ANN401
    """Return a type in quotes; of any other object only what it is: its text may hold anything."""
    if isinstance(kind, type):
        name = kind.__name__
    elif typing.get_origin(kind) is None and type(kind).__module__ != "typing":
        return f"An object of the type '{type(kind).__name__}'"
    else:
        name = str(kind)
    return mask_keys(f"'{name[:80]}'")


def _no_schema(kind: Any, place: str) -> BadOption:  # noqa: ANN401
    if place:
        return BadOption(f"{place} has a type that can't be a schema: {_name(kind)}.", hint=_USE)
    if isinstance(kind, type) and getattr(kind, "__annotations__", None):
        return BadOption(f"{_name(kind)} is a plain class, which can't be a schema.", hint=_USE)
    if isinstance(kind, type):
        return BadOption(
            f"{_name(kind)} is a class without typed fields, so it can't be a schema.", hint=_USE
        )
    return BadOption(f"{_name(kind)} can't be a schema.", hint=_USE)
