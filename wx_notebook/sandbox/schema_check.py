"""Whether a JSON value is what a JSON Schema asks for.

A check of its own, apart from the making of instances, so that a mistake there is found. `format`
is a remark, as the drafts have it; a keyword that is not here asks for nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and value == int(value),
}


def pointed_at(root: Any, reference: object) -> Any:  # noqa: ANN401  # JSON
    """Return the part of `root` that a reference such as `#/$defs/Node` points at.

    Raises
    ------
    LookupError
        It points elsewhere, or at nothing.
    """
    if not isinstance(reference, str) or not reference.startswith("#"):
        msg = f"the reference {str(reference)[:80]!r} leads out of the schema"
        raise LookupError(msg)
    found = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(name)] if isinstance(found, list) else found[name]
        except (LookupError, ValueError, TypeError):
            msg = f"the reference {reference[:80]!r} points at nothing"
            raise LookupError(msg) from None
    return found


def is_valid(value: Any, schema: Any, root: Any) -> bool:  # noqa: ANN401  # JSON
    """Return whether `value` is an instance of `schema`, whose references point into `root`.

    Raises
    ------
    LookupError, re.error, TypeError, ValueError, RecursionError
        The schema is none.
    """
    if isinstance(schema, bool):
        return schema

    def fits(part: Any, sub: Any) -> bool:  # noqa: ANN401
        return is_valid(part, sub, root)

    if "$ref" in schema and not fits(value, pointed_at(root, schema["$ref"])):
        return False
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    return (
        (not types or any(_TYPES[name](value) for name in types))
        and ("const" not in schema or same(value, schema["const"]))
        and ("enum" not in schema or any(same(value, each) for each in schema["enum"]))
        and _combined(value, schema, fits)
        and (not _is_number(value) or _number(value, schema))
        and (not isinstance(value, str) or _string(value, schema))
        and (not isinstance(value, list) or _array(value, schema, fits))
        and (not isinstance(value, dict) or _object(value, schema, fits))
    )


def same(first: object, second: object) -> bool:
    """Return whether two JSON values are equal: 1 is 1.0, and true is neither."""
    return _key(first) == _key(second)


def _key(value: object) -> str:
    def plain(each: object) -> object:
        if isinstance(each, float) and each.is_integer():
            return int(each)
        if isinstance(each, list):
            return [plain(item) for item in each]
        if isinstance(each, dict):
            return {name: plain(item) for name, item in each.items()}
        return each

    return json.dumps(plain(value), sort_keys=True)


_Fits = Callable[[Any, Any], bool]


def _combined(value: Any, schema: dict[str, Any], fits: _Fits) -> bool:  # noqa: ANN401
    if not all(fits(value, each) for each in schema.get("allOf", ())):
        return False
    if "anyOf" in schema and not any(fits(value, each) for each in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(fits(value, each) for each in schema["oneOf"]) != 1:
        return False
    if "not" in schema and fits(value, schema["not"]):
        return False
    if "if" in schema:
        return fits(value, schema.get("then" if fits(value, schema["if"]) else "else", True))
    return True


def _number(value: float, schema: dict[str, Any]) -> bool:
    step = schema.get("multipleOf")
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
        # 0.3 is three times 0.1, but not in binary
        and (step is None or Decimal(str(value)) % Decimal(str(step)) == 0)
    )


def _string(value: str, schema: dict[str, Any]) -> bool:
    return (
        schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        and ("pattern" not in schema or re.search(schema["pattern"], value) is not None)
    )  # fmt: skip


def _array(value: list[Any], schema: dict[str, Any], fits: _Fits) -> bool:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        return False
    if schema.get("uniqueItems") and len({_key(item) for item in value}) < len(value):
        return False
    first = schema.get("prefixItems", ())
    if not all(fits(item, sub) for item, sub in zip(value, first, strict=False)):
        return False
    rest = schema.get("items", True)
    if not all(fits(item, rest) for item in value[len(first) :]):
        return False
    if "contains" not in schema:
        return True
    hits = sum(fits(item, schema["contains"]) for item in value)
    return bool(schema.get("minContains", 1) <= hits <= schema.get("maxContains", hits))


def _object(value: dict[str, Any], schema: dict[str, Any], fits: _Fits) -> bool:
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        return False
    if not all(name in value for name in schema.get("required", ())):
        return False
    needs = schema.get("dependentRequired", {})
    if not all(name in value for each in needs if each in value for name in needs[each]):
        return False
    if "propertyNames" in schema and not all(fits(name, schema["propertyNames"]) for name in value):
        return False
    return all(fits(item, sub) for name, item in value.items() for sub in schemas_of(name, schema))


def schemas_of(name: str, schema: dict[str, Any]) -> list[Any]:
    """Return what the property `name` of an object must be an instance of."""
    own = [schema["properties"][name]] if name in schema.get("properties", {}) else []
    patterns = schema.get("patternProperties", {})
    own += [sub for pattern, sub in patterns.items() if re.search(pattern, name)]
    return own or [schema.get("additionalProperties", True)]
