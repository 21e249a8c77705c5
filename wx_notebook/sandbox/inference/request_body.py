"""The JSON body of a request, and rules for its fields."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from wx_notebook.sandbox.http.messages import Document, ErrorResponse, service_error

_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
    "array of strings": (list,),
}

# what can take longer than a few milliseconds: a long text, or a schema without an obvious instance
_LONG_BODY = 64 * 1024
_CONSTRAINT = re.compile(rb'"(?:tools|response_format|guided_\w+)"')


def needs_thread(data: bytes) -> bool:
    """Return whether to answer this body in a thread, so that it does not hold up other clients."""
    return len(data) > _LONG_BODY or _CONSTRAINT.search(data) is not None


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What a field may hold: a JSON type, a range of numbers, or one of some words.

    With `above` the least value itself is out of range.
    """

    json_type: str
    least: float = -math.inf
    most: float = math.inf
    above: bool = False
    words: tuple[str, ...] = ()
    most_items: int | None = None

    def has_type(self, value: object) -> bool:
        """Return whether `value` has the JSON type; true and false are not numbers."""
        if isinstance(value, bool) and self.json_type != "boolean":
            return False
        if not isinstance(value, _JSON_TYPES[self.json_type]):
            return False
        if self.json_type == "array of strings" and isinstance(value, list):
            return all(isinstance(item, str) for item in value)
        return True

    def violation(self, value: Any) -> str:  # noqa: ANN401  # JSON
        """Return the rule that `value` breaks, as in "must be at least 0"; "" if it breaks none."""
        if self.words and value not in self.words:
            return f"must be one of: {', '.join(self.words)}"
        if self.json_type in ("integer", "number") and not self._is_in_range(value):
            least = f"{'above' if self.above else 'at least'} {self.least:g}"
            return f"must be {least}" + (f" and at most {self.most:g}" * (self.most < math.inf))
        if self.most_items is not None and len(set(value)) != len(value):
            return "must not name a sequence twice"
        if self.most_items is not None and len(value) > self.most_items:
            return f"must have {self.most_items} items at most"
        return ""

    def _is_in_range(self, value: float) -> bool:
        return self.least <= value <= self.most and not (self.above and value == self.least)


class RequestBody:
    """The JSON object of a request; every error names the operation and the field.

    Fields that are null count as absent, and unknown fields are ignored: litellm sends
    `parameters: {"token": null}` and a second `model`.

    Raises
    ------
    ErrorResponse
        400: the body is not a JSON object.
    """

    def __init__(self, data: bytes, anchor: str) -> None:
        self.anchor = anchor
        try:
            document = json.loads(data, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise self.incomplete("The request body is not valid JSON.") from None
        if not isinstance(document, dict):
            self._wrong_type("", "object")
        self.document: Document = _without_nulls(document)

    def check(
        self,
        rules: Mapping[str, FieldRule],
        document: Document | None = None,
        *,
        prefix: str = "",
        required: Collection[str] = (),
    ) -> None:
        """Check `document`, by default the whole body: types, presence, ranges.

        Raises
        ------
        ErrorResponse
            400 `json_type_error`, `invalid_request_entity` or `json_validation_error`.
        """
        document = self.document if document is None else document
        present = [(name, rule) for name, rule in rules.items() if name in document]
        for name, rule in present:
            if not rule.has_type(document[name]):
                self._wrong_type(prefix + name, rule.json_type)
        for name in required:
            if name not in document:
                raise self.incomplete(f"'{prefix}{name}' is required.", prefix + name)
        for name, rule in present:
            if violation := rule.violation(document[name]):
                raise self.invalid(f"'{prefix}{name}' {violation}.", prefix + name)

    def objects(self, items: list[Any], prefix: str) -> list[Document]:
        """Return `items`, all of which must be objects, without their nulls."""
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                self._wrong_type(f"{prefix}[{index}]", "object")
        return [_without_nulls(item) for item in items]

    def object_at(self, name: str, parent: Document | None = None, prefix: str = "") -> Document:
        """Return the object in the field `name` of `parent`, by default of the body; or {}."""
        parent = self.document if parent is None else parent
        return self.objects([parent.get(name, {})], f"{prefix}{name}")[0]

    def incomplete(self, message: str, field: str = "") -> ErrorResponse:
        """Return the error of a body that lacks something."""
        return self._error("invalid_request_entity", message, field)

    def invalid(self, message: str, field: str) -> ErrorResponse:
        """Return the error of a value that is out of range."""
        return self._error("json_validation_error", message, field)

    def _wrong_type(self, field: str, json_type: str) -> NoReturn:
        subject = f"'{field}'" if field else "The request body"
        article = "an" if json_type[0] in "aio" else "a"
        raise self._error("json_type_error", f"{subject} must be {article} {json_type}.", field)

    def _error(self, code: str, message: str, field: str) -> ErrorResponse:
        target = ("field", field) if field else None
        return service_error(400, code, message, anchor=self.anchor, target=target)


def _without_nulls(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}


def _refuse_constant(word: str) -> NoReturn:
    # NaN and Infinity are Python's own addition to JSON
    raise ValueError(word)
