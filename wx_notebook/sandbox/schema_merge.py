"""Two JSON Schemas as one that asks for both, as far as that can be said in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wx_notebook.sandbox.schema_check import same

_Schema = dict[str, Any]


def merged(first: _Schema, second: _Schema) -> _Schema:
    """Return a schema for what fits both; where two keywords cannot be one, that of `first`.

    The instance is checked against what was asked for, so that a loss here does no harm.
    """
    both = {**second, **first}
    for name in first.keys() & second.keys():
        if name in _JOINED:
            both[name] = _JOINED[name](first[name], second[name])
    return both


def _both(first: object, second: object) -> object:
    return first if same(first, second) else {"allOf": [first, second]}


def _properties(first: _Schema, second: _Schema) -> _Schema:
    joined = {**first, **second}
    return joined | {name: _both(first[name], second[name]) for name in first.keys() & second}


def _types(first: str | list[str], second: str | list[str]) -> list[str]:
    ours, theirs = ([each] if isinstance(each, str) else each for each in (first, second))
    common = [each for each in ours if each in theirs]
    # every integer is a number
    if ("integer" in ours and "number" in theirs) or ("number" in ours and "integer" in theirs):
        common = _union(common, ["integer"])
    # without a common type nothing fits, which the check finds
    return common or ours


def _common(first: list[Any], second: list[Any]) -> list[Any]:
    return [each for each in first if any(same(each, other) for other in second)]


def _union(first: list[str], second: list[str]) -> list[str]:
    return [*first, *(each for each in second if each not in first)]


_JOINED: dict[str, Callable[[Any, Any], Any]] = {
    "type": _types,
    "enum": _common,
    "required": _union,
    "properties": _properties,
    "patternProperties": _properties,
    "items": _both,
    "additionalProperties": _both,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}
