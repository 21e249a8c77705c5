"""JSON Schema documents: whether one is valid, its root, and what of it a value breaks."""

from __future__ import annotations

import copy
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.schemas.shapes import JsonSchema

#: A dict without any of these is no schema: with none of its names it would allow everything.
_KEYWORDS = frozenset({
    "type", "properties", "items", "prefixItems", "enum", "const", "anyOf", "oneOf", "allOf",
    "$ref", "additionalProperties", "patternProperties", "required",
})  # fmt: skip
_DEFINITIONS = "#/$defs/"
#: The field that holds a value whose root is no object.
WRAPPED = "value"
_LONGEST_FAULT, _MOST_FAULTS = 200, 3
_EXAMPLE = 'For example {"type": "object", "properties": {"name": {"type": "string"}}}'


def checked_document(schema: Mapping[str, Any]) -> JsonSchema:
    """Return a copy of a JSON Schema that somebody wrote.

    Raises
    ------
    BadOption
        It is not a valid JSON Schema, or refers to a definition that it does not have.
    """
    import jsonschema

    copied = _json_copy(schema)
    if not _KEYWORDS & copied.keys():
        raise BadOption(
            "The dict is not a JSON Schema: it has no 'type' and no 'properties'.",
            hint=f"{_EXAMPLE}, or the short form 'name, age: int'.",
        )
    problem = ""
    try:
        jsonschema.validators.validator_for(
            copied, default=jsonschema.Draft202012Validator
        ).check_schema(copied)
    except jsonschema.SchemaError as error:
        at = ".".join(map(str, error.absolute_path))
        problem = f"{at + ': ' if at else ''}{error.message[:_LONGEST_FAULT]}"
    if problem:
        raise BadOption(f"The JSON Schema is not valid: {problem}", hint=_EXAMPLE)
    for reference in _references(copied):
        if not _leads_somewhere(copied, reference):
            raise BadOption(
                f"The JSON Schema refers to {reference[:80]!r}, which is not in it.",
                hint="Put it under '$defs'; nothing is fetched for a schema.",
            )
    return copied


def is_object(schema: Mapping[str, Any]) -> bool:
    """Return whether the values of a schema are objects."""
    kind = schema.get("type", "object" if "properties" in schema else "")
    return isinstance(kind, str) and kind == "object"


def inlined_root(schema: JsonSchema, definitions: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return a schema with its definitions; a root that only refers to one becomes that one."""
    kept = dict(definitions)
    root, name = schema, schema.get("$ref", "").removeprefix(_DEFINITIONS)
    if name in definitions:
        root = definitions[name]
        others = [root, *(each for key, each in definitions.items() if key != name)]
        if f"{_DEFINITIONS}{name}" not in set(_references(others)):
            del kept[name]
    return {**root, "$defs": kept} if kept else root


def without_references(schema: JsonSchema, definitions: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return a schema with each definition in the place of its reference.

    One that contains itself has no other form: then all definitions stand under "$defs".
    """

    def inlined(value: Any, above: frozenset[str] = frozenset()) -> Any:  # noqa: ANN401
        if isinstance(value, list):
            return [inlined(each, above) for each in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("$ref")
        name = reference.removeprefix(_DEFINITIONS) if isinstance(reference, str) else ""
        if name in above:
            raise RecursionError(name)
        if name in definitions:
            rest = {each: one for each, one in value.items() if each != "$ref"}
            return inlined({**definitions[name], **rest}, above | {name})
        return {each: inlined(one, above) for each, one in value.items()}

    try:
        whole: JsonSchema = inlined(schema)
    except RecursionError:
        return copy.deepcopy({**schema, "$defs": dict(definitions)})
    return whole


def wrapped(schema: JsonSchema) -> JsonSchema:
    """Return the schema of an object with the value as its only field.

    The service takes objects only. References lead to the same parts as before.
    """
    moved = _moved(schema)
    outer = {name: moved.pop(name) for name in ("$schema", "$defs") if name in moved}
    return {
        "type": "object",
        "properties": {WRAPPED: moved},
        "required": [WRAPPED],
        "additionalProperties": False,
        **outer,
    }


class Checker:
    """Checks JSON values against a schema.

    Parameters
    ----------
    schema
        The whole of it.
    not_checked
        Names of definitions that somebody else checks.
    """

    def __init__(self, schema: JsonSchema, not_checked: frozenset[str] = frozenset()) -> None:
        if not_checked:
            definitions = schema.get("$defs", {})
            open_ones: JsonSchema = {name: {} for name in not_checked & definitions.keys()}
            schema = {**schema, "$defs": {**definitions, **open_ones}}
        self._schema = schema
        self._made: Any = None

    @property
    def takes_all(self) -> bool:
        """Whether every value is valid."""
        return not self._schema

    def fits(self, part: JsonSchema, value: object) -> bool:
        """Return whether a value is valid under a part of the schema."""
        return bool(self._validator.evolve(schema=part).is_valid(value))

    def faults(self, value: object) -> list[str]:
        """Return what of a value is not valid, each with its place, the first ones only."""
        if self.takes_all:
            return []
        from jsonschema.exceptions import best_match

        faults = []
        for error in self._validator.iter_errors(value):
            # of several alternatives the one that nearly fits says most
            nearest = best_match([error]) or error
            place = place_of(nearest.absolute_path)
            message = " ".join(nearest.message.split())
            message = message if len(message) <= _LONGEST_FAULT else f"{message[:_LONGEST_FAULT]} …"
            faults.append(f"{place}: {message}" if place else message)
            if len(faults) == _MOST_FAULTS:
                break
        return faults

    @property
    def _validator(self) -> Any:  # noqa: ANN401  # one of jsonschema's classes
        if self._made is None:
            from jsonschema import Draft202012Validator
            from jsonschema.validators import validator_for
            from referencing import Registry

            # an empty registry: by default jsonschema fetches a remote reference
            made = validator_for(self._schema, default=Draft202012Validator)
            self._made = made(self._schema, registry=Registry())
        return self._made


def load_jsonschema() -> None:
    """Import what checks a value, in a thread: that takes a second, while the model writes.

    (With Jupyter's own extras jsonschema compiles grammars for web addresses when it is imported:
    1.0 of its 1.3 s.) Python waits for the thread at its end: no daemon may be in a Rust library.
    """
    if "jsonschema" not in sys.modules:
        threading.Thread(target=_load, daemon=False, name="wx-schema").start()


def _load() -> None:
    import jsonschema  # noqa: F401


def place_of(path: Iterable[str | int]) -> str:
    """Return a path in a JSON value as ``people[0].age``."""
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return text.removeprefix(".")


def _json_copy(schema: Mapping[str, Any]) -> JsonSchema:
    try:
        copied = json.loads(json.dumps(schema, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        copied = None
    if not isinstance(copied, dict):
        raise BadOption(
            "The dict can't be written as JSON, so it is not a JSON Schema.", hint=_EXAMPLE
        )
    return copied


def _references(value: object) -> Iterator[str]:
    values = [value]
    while values:
        each = values.pop()
        if isinstance(each, list):
            values.extend(each)
        elif isinstance(each, dict):
            # a property of the name "$ref" has a schema, not a text
            if isinstance(each.get("$ref"), str):
                yield each["$ref"]
            values.extend(each.values())


def _leads_somewhere(schema: JsonSchema, reference: str) -> bool:
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    address = schema.get("$id", "") if isinstance(schema.get("$id"), str) else ""
    resource = DRAFT202012.create_resource(schema)
    try:
        Registry().with_resource(address, resource).resolver(address).lookup(reference)
    except (Unresolvable, ValueError):
        return False
    return True


def _moved(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Return a copy whose references lead to where the parts stand below `WRAPPED`."""
    return _with_references(value, _moved_reference)


def _with_references(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_with_references(each, change) for each in value]
    if not isinstance(value, dict):
        return value
    copied = {name: _with_references(each, change) for name, each in value.items()}
    if isinstance(value.get("$ref"), str):
        copied["$ref"] = change(value["$ref"])
    return copied


def _moved_reference(reference: str) -> str:
    if reference.startswith(_DEFINITIONS) or not (reference == "#" or reference.startswith("#/")):
        return reference
    return f"#/properties/{WRAPPED}{reference[1:]}"
