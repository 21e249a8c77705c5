"""The short form of a schema: ``name, age: int, mood: good|bad, tags[], nickname?``.

::

    fields: field ("," field)*      field: NAME["?"]["[]"][":" type]
    type: str | int | float | bool | date | word("|"word)+
    a list of objects: (fields)[]

A field without a type is a text. Deeper nesting wants a class.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.schemas.shapes import (
    SCALARS,
    ValueShape,
    choice_shape,
    list_shape,
    object_shape,
    union_shape,
)

#: The words for types.
TYPES = {"str": str, "int": int, "float": float, "bool": bool, "date": dt.date}
_LIST = re.compile(r"\(([^()]*)\)\s*\[\s*\]")
_FIELD = re.compile(
    r"(?P<name>[^\W\d][\w-]*)\s*(?P<marks>(?:\?|\[\s*\]|\s)*)(?::(?P<type>.*))?", re.DOTALL
)
_WORD = re.compile(r"[^|,:()\[\]{}\"]+")
_EXAMPLE = "For example: 'name, age: int, mood: good|bad, tags[], nickname?'"
_TYPES_HINT = f"Types: {', '.join(TYPES)}, or words such as good|bad."
_MOST_SHOWN = 60


def short_form_shape(text: str) -> ValueShape:
    """Return the shape that a short form describes.

    Raises
    ------
    BadOption
        The text is not a short form; the message says which field is not valid.
    """
    text = text.strip()
    if match := _LIST.fullmatch(text):
        return list_shape(_object(match[1]))
    if text[:1] == "{":
        raise BadOption(
            f"The schema {_shown(text)} is not a valid short form.",
            hint="Give a JSON Schema its own variable: form = {...}, then --schema form.",
        )
    if "(" in text or ")" in text or "{" in text:
        raise BadOption(
            f"The schema {_shown(text)} is not a valid short form.",
            hint="A list of objects is (name, age: int)[]. For deeper nesting, use a class.",
        )
    return _object(text)


def _object(text: str) -> ValueShape:
    fields: dict[str, ValueShape] = {}
    optional = []
    for part in text.split(","):
        name, shape, is_optional = _field(part.strip(), text)
        if name in fields:
            raise BadOption(
                f"The schema {_shown(text)} has the field {_shown(name)} twice.",
                hint="Give each field a name of its own.",
            )
        fields[name] = shape
        if is_optional:
            optional.append(name)

    def make(values: dict[str, Any]) -> dict[str, Any]:
        # each row of a table has each column
        return {name: values.get(name) for name in fields}

    return object_shape(fields, [name for name in fields if name not in optional], make)


def _field(part: str, text: str) -> tuple[str, ValueShape, bool]:
    """Return the name of a field, its shape, and whether it may be missing."""
    match = _FIELD.fullmatch(part)
    if match is None:
        what = f"has {_shown(part)}, which is not a field" if part else "has an empty field"
        raise BadOption(f"The schema {_shown(text)} {what}.", hint=_EXAMPLE)
    marks = "".join(match["marks"].split())
    if marks.count("?") > 1 or marks.count("[]") > 1:
        raise BadOption(
            f"The schema {_shown(text)} has {_shown(part)}: a list of lists needs a class.",
            hint="For example list[list[int]], or a dataclass.",
        )
    shape = _type(match["name"], match["type"])
    if "[]" in marks:
        shape = list_shape(shape)
    is_optional = "?" in marks
    return match["name"], union_shape([shape, SCALARS[None]]) if is_optional else shape, is_optional


def _type(name: str, written: str | None) -> ValueShape:
    word = (written or "").strip()
    if written is None:
        return SCALARS[str]
    if word in TYPES:
        return SCALARS[TYPES[word]]
    words = [each.strip() for each in word.split("|")]
    if len(words) < 2:
        known = did_you_mean(word, [*TYPES])
        what = f"the unknown type {_shown(word)}.{known}" if word else "no type behind its colon."
        raise BadOption(f"The field {_shown(name)} of the schema has {what}", hint=_TYPES_HINT)
    return choice_shape(_checked_words(name, words))


def _checked_words(name: str, words: Sequence[str]) -> Sequence[str]:
    wrong = next((each for each in words if not _WORD.fullmatch(each)), None)
    if wrong is not None:
        problem = f"has {_shown(wrong)} among its words" if wrong else "has an empty word"
    elif types := [each for each in words if each in TYPES]:
        problem = f"has the type {_shown(types[0])} among words: a choice of types needs a class"
    elif len({*words}) < len(words):
        problem = "has a word twice"
    else:
        return words
    raise BadOption(f"The field {_shown(name)} of the schema {problem}.", hint=_TYPES_HINT)


def _shown(text: str) -> str:
    text = mask_keys(text)
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}...")
