"""Rules for the fields of a body: their JSON type, their range, and how a breach is told."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from wx_notebook.sandbox.replies import refusal
from wx_notebook.sandbox.wire import Refused

Document = dict[str, Any]

_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
    "array of strings": (list,),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field may hold: a JSON type, a range of numbers, or a choice of words."""

    json_type: str
    least: float = -math.inf
    most: float = math.inf
    #: the least value itself is out of range
    above: bool = False
    words: tuple[str, ...] = ()
    most_items: int | None = None

    def has_type(self, value: object) -> bool:
        """Whether `value` is of the JSON type; true and false are no numbers."""
        if isinstance(value, bool) and self.json_type != "boolean":
            return False
        if not isinstance(value, _JSON_TYPES[self.json_type]):
            return False
        if self.json_type == "array of strings" and isinstance(value, list):
            return all(isinstance(item, str) for item in value)
        return True

    def breach(self, value: Any) -> str:  # noqa: ANN401  # JSON
        """Return what `value` must be and is not, or ""."""
        if self.words and value not in self.words:
            return f"must be one of: {', '.join(self.words)}"
        if self.json_type in ("integer", "number") and not self._holds(value):
            return self._range()
        if self.most_items is not None and len(set(value)) != len(value):
            return "must not name a sequence twice"
        if self.most_items is not None and len(value) > self.most_items:
            return f"must have {self.most_items} items at most"
        return ""

    def _holds(self, value: float) -> bool:
        return self.least <= value <= self.most and not (self.above and value == self.least)

    def _range(self) -> str:
        least = f"{'above' if self.above else 'at least'} {self.least:g}"
        return f"must be {least}" + (f" and at most {self.most:g}" * (self.most < math.inf))


class Body:
    """The JSON object of a request; every refusal names the operation and the field.

    Fields that are null count as absent, and fields that nobody knows are left alone: litellm
    sends `parameters: {"token": null}` and a second `model`.

    Raises
    ------
    Refused
        400: the body is not a JSON object.
    """

    def __init__(self, data: bytes, anchor: str) -> None:
        self.anchor = anchor
        try:
            document = json.loads(data, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise self.wrong("The request body is not valid JSON.") from None
        if not isinstance(document, dict):
            self._wrong_type("", "object")
        self.document: Document = _without_nulls(document)

    def check(
        self,
        rules: Mapping[str, Rule],
        document: Document | None = None,
        *,
        prefix: str = "",
        required: Collection[str] = (),
    ) -> None:
        """Hold `document`, by default the whole body, against `rules`: types, presence, ranges.

        Raises
        ------
        Refused
            400 `json_type_error`, `invalid_request_entity` or `json_validation_error`.
        """
        document = self.document if document is None else document
        present = [(name, rule) for name, rule in rules.items() if name in document]
        for name, rule in present:
            if not rule.has_type(document[name]):
                self._wrong_type(prefix + name, rule.json_type)
        for name in required:
            if name not in document:
                raise self.wrong(f"'{prefix}{name}' is required.", prefix + name)
        for name, rule in present:
            if breach := rule.breach(document[name]):
                raise self.invalid(f"'{prefix}{name}' {breach}.", prefix + name)

    def objects(self, items: list[Any], prefix: str) -> list[Document]:
        """Return `items`, all of which must be objects, without their nulls."""
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                self._wrong_type(f"{prefix}[{index}]", "object")
        return [_without_nulls(item) for item in items]

    def wrong(self, message: str, field: str = "") -> Refused:
        """Return the refusal of a body that lacks something."""
        return self._refusal("invalid_request_entity", message, field)

    def invalid(self, message: str, field: str) -> Refused:
        """Return the refusal of a value that is out of range."""
        return self._refusal("json_validation_error", message, field)

    def _wrong_type(self, field: str, json_type: str) -> NoReturn:
        what = f"'{field}'" if field else "The request body"
        article = "an" if json_type[0] in "aio" else "a"
        raise self._refusal("json_type_error", f"{what} must be {article} {json_type}.", field)

    def _refusal(self, code: str, message: str, field: str) -> Refused:
        target = ("field", field) if field else None
        return refusal(400, code, message, anchor=self.anchor, target=target)


def _without_nulls(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}


def _no_constant(word: str) -> NoReturn:
    # NaN and Infinity are Python's own addition to JSON
    raise ValueError(word)
