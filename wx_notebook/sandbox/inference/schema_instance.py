"""An instance of a JSON Schema, made without a model.

Each part of a schema yields candidates, the likeliest first, and the first valid one is taken. If
no candidate is valid, that is an error: a wrong instance is never returned.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from wx_notebook.sandbox.inference.json_schema import (
    Schema,
    SchemaValidator,
    is_same,
    merge_schemas,
    property_schemas,
    text_for_pattern,
)

TEXT = "No model was asked; the sandbox wrote this."
# below this depth only required parts are made, so that a recursive schema comes to an end
_DEEP = 3
_DEEPEST = 24
_MOST_STEPS = 20_000
_TRIES = 30
# values of one type, for a list whose items must differ
_MOST_VALUES = 1000

_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "sandbox@example.com",
    "idn-email": "sandbox@example.com",
    "hostname": "localhost",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "https://example.com/",
    "uri-reference": "/",
    "iri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "json-pointer": "/a",
    "regex": ".*",
    "binary": "AAAA",
    "byte": "AAAA",
}
_KEYWORDS_OF = {
    "object": {"properties", "required", "additionalProperties", "patternProperties",
               "minProperties", "maxProperties", "propertyNames"},
    "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"},
    "string": {"pattern", "format", "minLength", "maxLength"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}  # fmt: skip


class NoInstance(Exception):
    """No instance was found; the text says where."""


def make_instance(schema: object) -> Any:  # noqa: ANN401  # JSON
    """Return a value that is an instance of `schema`, always the same one.

    Raises
    ------
    NoInstance
        There is none, none is found, or the schema is malformed.
    """
    try:
        return _InstanceMaker(schema).first(schema, 0, "the schema")
    except NoInstance:
        raise
    except Exception as error:  # noqa: BLE001  # a malformed schema fails in many ways
        # of a reference it says where it leads; others would be words of Python
        reason = f" ({str(error)[:120]})" if type(error) is LookupError else ""
    raise NoInstance(f"the schema cannot be read{reason}")


class _InstanceMaker:
    def __init__(self, root: object) -> None:
        self._validator = SchemaValidator(root)
        self._steps = 0

    def first(self, schema: object, depth: int, where: str) -> Any:  # noqa: ANN401
        """Return the first valid candidate."""
        for value in self._candidates(schema, depth, where):
            return value
        raise NoInstance(f"no value was found for {where}")

    def _candidates(self, schema: object, depth: int, where: str) -> Iterator[Any]:
        self._steps += 1
        if depth > _DEEPEST or self._steps > _MOST_STEPS:
            raise NoInstance(f"the schema has no end at {where}")
        for plain in self._alternatives(schema, depth):
            try:
                for value in self._values(plain, depth, where):
                    if self._validator.is_valid(value, schema):
                        yield value
            except NoInstance:
                # another alternative may do; if none does, the caller says where
                if self._steps > _MOST_STEPS:
                    raise

    def _alternatives(self, schema: object, depth: int) -> list[Schema]:
        """Return schemas without references and combinations, each an alternative of `schema`."""
        found = self._flatten(schema, 0)
        if depth >= _DEEP:
            # a plain value ends what an object would continue
            found.sort(key=lambda each: any(t in ("object", "array") for t in _types(each)))
        return found

    def _flatten(self, schema: object, turns: int) -> list[Schema]:
        if schema is False or turns > _DEEPEST:
            return []
        if schema is True:
            return [{}]
        if not isinstance(schema, dict):
            raise TypeError("a schema is an object, true or false")
        rest = dict(schema)
        groups: list[list[object]] = []
        if "$ref" in rest:
            groups.append([self._validator.resolve(rest.pop("$ref"))])
        groups += [[each] for each in rest.pop("allOf", ())]
        groups += [list(rest.pop(name)) for name in ("anyOf", "oneOf") if name in rest]
        if "if" in rest:
            condition, then = rest.pop("if"), rest.pop("then", True)
            groups.append([{"allOf": [condition, then]}, rest.pop("else", True)])
        found = [rest]
        for group in groups:
            parts = [flat for each in group for flat in self._flatten(each, turns + 1)]
            found = [merge_schemas(a, b) for a in found for b in parts][:_TRIES]
        return found

    def _values(self, schema: Schema, depth: int, where: str) -> Iterator[Any]:
        if "const" in schema:
            yield schema["const"]
            return
        if "enum" in schema:
            yield from schema["enum"]
            return
        yield from schema.get("examples", ())
        for name in _types(schema):
            if name == "object":
                yield from self._objects(schema, depth, where)
            elif name == "array":
                yield from self._arrays(schema, depth, where)
            elif name in ("integer", "number"):
                yield from _numbers(schema, whole=name == "integer")
            else:
                yield from _strings(schema) if name == "string" else _CONSTANTS[name]
        if "default" in schema:
            yield schema["default"]

    def _objects(self, schema: Schema, depth: int, where: str) -> Iterator[Schema]:
        required = list(schema.get("required", ()))
        optional = [name for name in schema.get("properties", {}) if name not in required]
        least = schema.get("minProperties", 0)
        # first all properties with a name, in their order; then only the required ones
        names = list(schema.get("properties", {}))
        names += [name for name in required if name not in names]
        for chosen in ([names] if depth < _DEEP else []) + [required, names]:
            made: Schema = {}
            for name in chosen:
                must = name in required or len(chosen) <= least
                self._add_property(made, name, schema, depth, must=must)
            spare = (name for name in optional if name not in made)
            for name in itertools.chain(spare, self._more_names(schema)):
                wanted = max(least, 1 if not names and depth < _DEEP else 0)
                if len(made) >= min(wanted, schema.get("maxProperties", wanted)):
                    break
                self._add_property(made, name, schema, depth, must=False)
            yield made

    def _add_property(
        self, made: Schema, name: str, schema: Schema, depth: int, *, must: bool
    ) -> None:
        subs = property_schemas(name, schema)
        sub = subs[0] if len(subs) == 1 else {"allOf": subs}
        try:
            made[name] = self.first(sub, depth + 1, f"{name!r}")
        except NoInstance:
            if must or self._steps > _MOST_STEPS:
                raise

    def _more_names(self, schema: Schema) -> Iterator[str]:
        """Yield names for properties that the schema allows without naming them."""
        for pattern in schema.get("patternProperties", {}):
            if name := text_for_pattern(pattern):
                yield name
        if schema.get("additionalProperties", True) is False:
            return
        if "additionalProperties" in schema or schema.get("minProperties"):
            names = schema.get("propertyNames", True)
            candidates = self._candidates({"allOf": [{"type": "string"}, names]}, 0, "a name")
            if names is True:
                candidates = (f"key_{number}" for number in itertools.count(1))
            yield from itertools.islice(candidates, 1000)

    def _arrays(self, schema: Schema, depth: int, where: str) -> Iterator[list[Any]]:
        first = schema.get("prefixItems", ())
        least = max(schema.get("minItems", 0), len(first) if depth < _DEEP else 0)
        if "contains" in schema:
            least = max(least, len(first) + schema.get("minContains", 1))
        likely = max(least, 1) if depth < _DEEP else least
        for length in dict.fromkeys((min(likely, schema.get("maxItems", likely)), least)):
            if length > _MOST_STEPS:
                raise NoInstance(f"{where} asks for {length} items")
            made = [self.first(sub, depth + 1, f"{where}[]") for sub in first[:length]]
            item = schema.get("items", True)
            if "contains" in schema:
                item = {"allOf": [item, schema["contains"]]}
            candidates = self._candidates(item, depth + 1, f"{where}[]")
            if schema.get("uniqueItems"):
                for value in candidates if length > len(made) else ():
                    made += [] if any(is_same(value, each) for each in made) else [value]
                    if len(made) == length:
                        break
            elif length > len(made):
                made += [next(candidates, None)] * (length - len(made))
            yield made


_CONSTANTS: dict[str, tuple[object, ...]] = {"boolean": (True, False), "null": (None,)}


def _types(schema: Schema) -> list[str]:
    types = schema.get("type")
    if isinstance(types, str):
        return [types]
    if types:
        return sorted(types, key=lambda name: name == "null")
    likely = [name for name, keywords in _KEYWORDS_OF.items() if keywords & schema.keys()]
    return [*likely, *(name for name in ("string", "integer", "boolean", "null", "object", "array")
                       if name not in likely)]  # fmt: skip


def _strings(schema: Schema) -> Iterator[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 10**6)
    if least > 10**6:
        raise NoInstance(f"a text of {least} characters is too long")
    if schema.get("format") in _FORMATS:
        yield _FORMATS[schema["format"]]
    if "pattern" in schema:
        # of several lengths, for a list whose items must differ
        for length in (least, *range(min(most, _TRIES))):
            if (text := text_for_pattern(schema["pattern"], length)) is not None:
                yield text
    for number in range(_MOST_VALUES):
        text = f"{number} {TEXT}" if number else TEXT
        yield (text + " " + TEXT * (least // len(TEXT)) if len(text) < least else text)[:most]


def _numbers(schema: Schema, *, whole: bool) -> Iterator[float]:
    step = schema.get("multipleOf", 1 if whole else 0.5)
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
    base = low if low > -math.inf else min(high, 1)
    start = math.ceil(base / step) if low > -math.inf else math.floor(base / step)
    numbers = (*range(_TRIES), *range(-1, -4, -1))
    # of decimals the shortest form: 0.1 * 3 is not 0.3
    values = [round((start + number) * step, 12) for number in numbers]
    # multiples in binary come first: jsonschema accepts no others
    for value in sorted(values, key=lambda each: not (each / step).is_integer()):
        yield int(value) if float(value).is_integer() else value
    yield from (round((start + number) * step, 12) for number in range(_TRIES, _MOST_VALUES))
    if low > -math.inf and high < math.inf and not whole:
        yield (low + high) / 2
    elif math.isfinite(base):
        yield base
