"""What is needed of JSON Schema to make an instance: validation, references, merging, patterns."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterable
from typing import Any

Schema = dict[str, Any]

_LIKELY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-.,:;/@"
_MOST_REPEATS = 1000


class SchemaValidator:
    """Validates values against parts of one schema; references point into the whole of it."""

    def __init__(self, root: object) -> None:
        # imported at the first schema: it takes longer to load than the sandbox to start
        from jsonschema import Draft202012Validator
        from referencing import Registry

        self.root: Any = root
        # an empty registry: by default jsonschema would fetch a remote reference over the network
        self._validator: Any = Draft202012Validator(self.root, registry=Registry())

    def is_valid(self, value: object, schema: object) -> bool:
        """Return whether `value` is an instance of `schema`; raises for a malformed schema."""
        return bool(self._validator.evolve(schema=schema).is_valid(value))

    def resolve(self, reference: object) -> Any:  # noqa: ANN401  # JSON
        """Return the part of the root that a reference such as `#/$defs/Node` points at.

        Raises
        ------
        LookupError
            It points out of the schema, or at nothing.
        """
        if not isinstance(reference, str) or not reference.startswith("#"):
            msg = f"the reference {str(reference)[:80]!r} leads out of the schema"
            raise LookupError(msg)
        part = self.root
        for step in reference[1:].split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            try:
                part = part[int(name)] if isinstance(part, list) else part[name]
            except (LookupError, ValueError, TypeError):
                msg = f"the reference {reference[:80]!r} points at nothing"
                raise LookupError(msg) from None
        return part


def schema_fault(schema: object) -> str:
    """Return why `schema` is not a JSON Schema, as in "'float' is not valid under ..."; or "".

    A keyword that is null counts as absent, as in every body.
    """
    from jsonschema import Draft202012Validator

    faults = Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
    for fault in faults:
        if fault.instance is not None:
            at = ".".join(str(each) for each in fault.absolute_path)
            return f"{at + ': ' if at else ''}{fault.message[:120]}"
    return ""


def is_same(first: object, second: object) -> bool:
    """Return whether two JSON values are equal: 1 equals 1.0, and true equals neither."""
    return _comparable(first) == _comparable(second)


def _comparable(value: object) -> str:
    def normal(each: object) -> object:
        if isinstance(each, float) and each.is_integer():
            return int(each)
        if isinstance(each, list):
            return [normal(item) for item in each]
        if isinstance(each, dict):
            return {name: normal(item) for name, item in each.items()}
        return each

    return json.dumps(normal(value), sort_keys=True)


def property_schemas(name: str, schema: Schema) -> list[Any]:
    """Return the schemas that apply to the property `name` of an object."""
    own = [schema["properties"][name]] if name in schema.get("properties", {}) else []
    patterns = schema.get("patternProperties", {})
    own += [sub for pattern, sub in patterns.items() if re.search(pattern, name)]
    return own or [schema.get("additionalProperties", True)]


def merge_schemas(first: Schema, second: Schema) -> Schema:
    """Return a schema for what is valid under both; keywords that cannot be joined are `first`'s.

    A keyword that gets lost here does no harm: an instance is validated against both in the end.
    """
    both = {**second, **first}
    for name in first.keys() & second.keys():
        if name in _JOINS:
            both[name] = _JOINS[name](first[name], second[name])
    return both


def _both(first: object, second: object) -> object:
    return first if is_same(first, second) else {"allOf": [first, second]}


def _join_properties(first: Schema, second: Schema) -> Schema:
    joined = {**first, **second}
    return joined | {name: _both(first[name], second[name]) for name in first.keys() & second}


def _join_types(first: str | list[str], second: str | list[str]) -> list[str]:
    ours, theirs = ([each] if isinstance(each, str) else each for each in (first, second))
    common = [each for each in ours if each in theirs]
    # every integer is a number
    if ("integer" in ours and "number" in theirs) or ("number" in ours and "integer" in theirs):
        common = _union(common, ["integer"])
    # without a common type nothing is valid, as the validation finds out
    return common or ours


def _intersection(first: list[Any], second: list[Any]) -> list[Any]:
    return [each for each in first if any(is_same(each, other) for other in second)]


def _union(first: list[str], second: list[str]) -> list[str]:
    return [*first, *(each for each in second if each not in first)]


_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "type": _join_types,
    "enum": _intersection,
    "required": _union,
    "properties": _join_properties,
    "patternProperties": _join_properties,
    "items": _both,
    "additionalProperties": _both,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}


def text_for_pattern(pattern: str, least: int = 0) -> str | None:
    """Return a text that `pattern` finds, of `least` characters if possible; None without one.

    The syntax tree comes from Python's own parser. Look-around and conditions are skipped; the
    text is tested at the end.
    """
    try:
        # a module of Python's own, without a public name since 3.11
        from re import _parser  # type: ignore[attr-defined]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree: Any = _parser.parse(pattern)
            for extra in (0, least):
                text = _PatternText(extra).text(tree)
                if len(text) >= least and re.search(pattern, text):
                    return text
            text = _PatternText(0).text(tree)
            return text if re.search(pattern, text) else None
    except (re.error, ImportError, LookupError, TypeError, ValueError, RecursionError):
        return None


class _PatternText:
    """Follows the first branch of a pattern, with up to `extra` more turns of a repeat."""

    def __init__(self, extra: int) -> None:
        self._extra = extra
        self._groups: dict[int | None, str] = {}

    def text(self, tree: Iterable[tuple[Any, Any]]) -> str:
        return "".join(self._node(str(kind), argument) for kind, argument in tree)

    def _node(self, kind: str, argument: Any) -> str:  # noqa: ANN401  # the parser's own types
        if kind.endswith("_REPEAT"):
            return self._repeat(*argument)
        if kind == "SUBPATTERN":
            number, _, _, inner = argument
            self._groups[number] = self.text(inner)
            return self._groups[number]
        texts: dict[str, Callable[[Any], str]] = {
            "LITERAL": chr,
            "NOT_LITERAL": lambda code: next(each for each in _LIKELY if ord(each) != code),
            "ANY": lambda _: "a",
            "IN": _member,
            "BRANCH": lambda branches: self.text(branches[1][0]),
            "ATOMIC_GROUP": self.text,
            "GROUPREF": self._groups.__getitem__,
        }
        # other nodes have no text: start, end, word boundary, look-around
        return texts[kind](argument) if kind in texts else ""

    def _repeat(self, least: int, most: Any, inner: Any) -> str:  # noqa: ANN401
        turns = min(int(most), max(least, 1) + self._extra) if int(most) else 0
        if turns > _MOST_REPEATS:
            raise ValueError(turns)
        self._extra -= max(turns - max(least, 1), 0)
        return "".join(self.text(inner) for _ in range(turns))


def _member(members: list[tuple[Any, Any]]) -> str:
    """Return a character of a set."""
    negated = str(members[0][0]) == "NEGATE"
    own: list[str] = [chr(argument) for kind, argument in members if str(kind) == "LITERAL"]
    own += [chr(argument[0]) for kind, argument in members if str(kind) == "RANGE"]
    likely: list[str] = [*_LIKELY, *own]
    for each in likely:
        if any(_matches(str(kind), argument, each) for kind, argument in members) is not negated:
            return each
    raise LookupError(members)


def _matches(kind: str, argument: Any, character: str) -> bool:  # noqa: ANN401
    if kind == "LITERAL":
        return bool(ord(character) == argument)
    if kind == "RANGE":
        return bool(argument[0] <= ord(character) <= argument[1])
    if kind == "CATEGORY":
        name = str(argument)
        tests: dict[str, Callable[[str], bool]] = {
            "DIGIT": str.isdigit,
            "SPACE": str.isspace,
            "WORD": lambda each: each.isalnum() or each == "_",
        }
        return tests[name.rpartition("_")[2]](character) is not ("NOT_" in name)
    return False
