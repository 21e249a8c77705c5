"""`Schema`: what a prompt asks for as JSON, and the value that an answer's text is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from wx_notebook.answer import Reading
from wx_notebook.errors import BadOption
from wx_notebook.render import parse_json
from wx_notebook.schemas.documents import (
    WRAPPED,
    Checker,
    checked_document,
    inlined_root,
    is_object,
    load_jsonschema,
    place_of,
    wrapped,
)
from wx_notebook.schemas.mending import Damaged, mended_values
from wx_notebook.schemas.python_types import TypeReader
from wx_notebook.schemas.requests import (
    FIELD,
    repair_request,
    schema_text,
    with_response_format,
    with_schema_in_prompt,
)
from wx_notebook.schemas.shapes import Build, JsonSchema, keep
from wx_notebook.schemas.short_form import short_form_shape
from wx_notebook.service import Request

_NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME, _LONGEST_FAULT = 64, 500
_LONE_WORD = re.compile(r"\s*([^\W\d]\w*)\s*")
_FENCE = re.compile(r"(?:```+|~~~+)[ \t]*\w*")
_FENCED = re.compile(r"(?:```+|~~~+)[ \t]*\w*\s*\n(.*?)\n?\s*(?:```+|~~~+)", re.DOTALL)
_MOST_REFUSALS = 3
_PREFIXES = re.compile(r"\b(?:__main__|typing)\.")


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A schema that was read.

    Attributes
    ----------
    title
        What messages call it: the name of a class, or the short form.
    document
        The JSON Schema that is sent; its root is an object.
    is_wrapped
        Whether the value stands in a field of that object, because it is not an object itself.
    """

    title: str
    document: JsonSchema
    is_wrapped: bool
    _checker: Checker
    _build: Build = keep

    @property
    def response_format(self) -> dict[str, Any]:
        """The field of a request that asks for this schema."""
        name = _NO_NAME.sub("_", self.title).strip("_")[:_LONGEST_NAME] or "answer"
        described = {"name": name, "schema": self.document, "strict": True}
        return {"type": "json_schema", "json_schema": described}

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields of its object, as columns of a table; () for a value that is no object."""
        return () if self.is_wrapped else tuple(map(str, self.document.get("properties", {})))

    @property
    def prompt_text(self) -> str:
        """What the prompt says of it to a model that takes no `response_format`."""
        return schema_text(self.document)

    def asked_in(self, request: Request, *, repairs: bool = True) -> Request:
        """Return a request that asks for this schema; with `repairs` a second one may follow."""
        request = replace(request, schema=self, repairs=repairs)
        return with_response_format(request, self.response_format)

    def preload(self) -> None:
        """Import what checks its values, beside the request whose answer it reads."""
        if not self._checker.takes_all:
            load_jsonschema()

    def in_prompt(self, request: Request) -> Request:
        """Return a request that says the schema in its prompt, for a model that needs that."""
        has_field = FIELD in (request.body or {})
        return with_schema_in_prompt(request, self.document) if has_field else request

    def repair_request(self, request: Request, text: str, fault: str) -> Request:
        """Return the request that follows an answer which does not fit."""
        second = repair_request(request, text, fault)
        # the one with tools had no such field; what they returned is in the answer
        return with_response_format(second, self.response_format) if request.rounds else second

    def read(self, text: str, *, is_whole: bool = True) -> Reading:
        """Return the value of an answer's text, or what is wrong with it.

        Small damage is mended and told: a code fence, words around, a trailing comma, single
        quotes. A text that was cut is never mended; it may have been cut behind its last bracket.
        """
        bare = text.strip().lstrip("\ufeff")
        # a number that was cut is another number
        if (is_whole or bare[:1] in {"{", "["}) and (exact := _exact(bare)):
            return self._checked(exact[0], [])
        if not is_whole:
            return self._unfit("it ends before its JSON is complete.")
        return self._mended(bare)

    def _mended(self, text: str) -> Reading:
        """Return the only value in a text that fits, with what was mended for it."""
        fence = _FENCED.fullmatch(text)
        if fence is not None and (exact := _exact(fence[1])):
            return self._checked(exact[0], ["a code fence"])
        found: list[Reading] = []
        # brackets around a damaged value, or none at all
        with suppress(Damaged):
            for value, start, end, damage in mended_values(text):
                around = _around(text[:start] + text[end:])
                found.append(self._checked(value, [*around, *damage]))
        fitting: list[Reading] = []
        for read in found:
            if not read.fault and all(read.json != other.json for other in fitting):
                fitting.append(read)
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            return self._unfit(f"it has {len(fitting)} values that fit, but should have one.")
        return found[0] if found else self._unfit(f"it is not JSON: {_why_no_json(text)}")

    def _checked(self, value: Any, damage: Sequence[str]) -> Reading:  # noqa: ANN401
        """Return the reading of a JSON value."""
        if self.is_wrapped and not (isinstance(value, dict) and WRAPPED in value):
            # a bare value, without the object around it
            value = {WRAPPED: value}
        faults = self._checker.faults(value)
        if faults and self.is_wrapped and not self._checker.faults({WRAPPED: value}):
            value, faults = {WRAPPED: value}, []
        if faults:
            return self._unfit(_joined(self._inner(fault) for fault in faults))
        value = value[WRAPPED] if self.is_wrapped else value
        try:
            made = self._build(value, self._checker.fits)
        except Exception as error:  # noqa: BLE001  # code of the user's classes
            return self._unfit(_joined(_refusals(error)))
        unique = dict.fromkeys(damage)
        notes = (f"mended in the JSON: {', '.join(unique)}",) if unique else ()
        return Reading(made, value, notes, title=self.title)

    def _unfit(self, fault: str) -> Reading:
        return Reading(None, fault=fault, title=self.title)

    def _inner(self, fault: str) -> str:
        """Return a fault without the field around the value."""
        if not self.is_wrapped or not fault.startswith(WRAPPED):
            return fault
        return fault.removeprefix(WRAPPED).removeprefix(".").removeprefix(": ")


def read_schema(spec: object) -> Schema:
    """Return the schema that an object stands for.

    Parameters
    ----------
    spec
        A pydantic model, a dataclass, a TypedDict, an Enum, a type such as ``list[Person]``, a
        JSON Schema as dict, a text in the short form, or a `Schema`.

    Raises
    ------
    BadOption
        It is not one of these, or has a part that can't become a schema.
    """
    if isinstance(spec, Schema):
        return spec
    if isinstance(spec, str):
        return _short_form(spec)
    if isinstance(spec, Mapping):
        document = checked_document(spec)
        title = document.get("title")
        return _schema(title if isinstance(title, str) and title else "JSON Schema", document)
    reader = TypeReader()
    shape = reader.shape(spec)
    document = inlined_root(shape.schema, reader.definitions)
    not_checked = frozenset(reader.models)
    title = spec.__name__ if isinstance(spec, type) else _PREFIXES.sub("", str(spec))
    root = shape.schema.get("$ref", "").rpartition("/")[2]
    made = _schema(title, document, shape.build, not_checked)
    if root in not_checked:
        # pydantic alone says what its model takes
        checked: JsonSchema = {"required": [WRAPPED]} if made.is_wrapped else {}
        return replace(made, _checker=Checker(checked))
    return made


def _schema(
    title: str,
    document: JsonSchema,
    build: Build = keep,
    not_checked: frozenset[str] = frozenset(),
) -> Schema:
    is_wrapped = not is_object(document)
    document = wrapped(document) if is_wrapped else document
    return Schema(title, document, is_wrapped, Checker(document, not_checked), build)


def _short_form(text: str) -> Schema:
    if not text.strip():
        raise BadOption("The schema is empty.", hint="For example --schema 'name, age: int'")
    lone = _LONE_WORD.fullmatch(text)
    if lone is not None and lone[1][:1].isupper():
        raise BadOption(
            f"The schema '{lone[1][:60]}' looks like the name of a class, and there is none.",
            hint=f"From Python, pass the class itself. A field of this name: '{lone[1][:60]}: str'",
        )
    shape = short_form_shape(text)
    return _schema(" ".join(text.split()), shape.schema, shape.build)


def _exact(text: str) -> tuple[Any, ...]:
    """Return the value of a text that is valid JSON, () for any other text."""
    try:
        return (json.loads(text, parse_constant=_refuse_constant),)
    except (ValueError, RecursionError):
        return ()


def _why_no_json(text: str) -> str:
    try:
        parse_json(text)
    except ValueError as error:
        return str(error)
    return "its JSON is damaged."


def _around(text: str) -> list[str]:
    """Return what stands around the JSON, in words."""
    words = _FENCE.sub("", text)
    return [
        *(["a code fence"] if words != text else []),
        *(["words around it"] if re.search(r"\w", words) else []),
    ]


def _joined(faults: Iterable[str]) -> str:
    text = "; ".join(faults)
    return text if len(text) <= _LONGEST_FAULT else f"{text[:_LONGEST_FAULT]} …"


def _refusals(error: Exception) -> list[str]:
    """Return why a class refuses a value; pydantic tells each place."""
    listed = getattr(error, "errors", None)
    try:
        faults = listed()[:_MOST_REFUSALS] if callable(listed) else []
        if faults:
            return [": ".join(filter(None, (place_of(one["loc"]), one["msg"]))) for one in faults]
    except Exception:  # noqa: BLE001, S110  # another library's method of this name
        pass
    words = str(error).split("\n")[0]
    return [f"{type(error).__name__}: {words}" if words else type(error).__name__]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
