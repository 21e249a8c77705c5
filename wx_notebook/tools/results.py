"""What a tool returned, as the text that the model gets."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import PurePath
from typing import Any, NamedTuple

from wx_notebook.errors import WatsonxError
from wx_notebook.templates.documents import document_of
from wx_notebook.templates.unfit_values import is_plain_iterator, without_text

#: Characters of a result; more would fill the model's context and cost accordingly.
LONGEST_RESULT = 20_000
#: Items of an iterator: one may have no end.
_MOST_ITEMS = 10_000


class SentText(NamedTuple):
    """The text that a model gets, and how many characters of it were left out."""

    text: str
    left_out: int = 0


def result_text(value: Any, name: str, redact: Callable[[str], str]) -> SentText:  # noqa: ANN401
    """Return a result as text, without secrets, and shortened where it is too long.

    Parameters
    ----------
    name
        The tool.
    redact
        Takes secrets out. It sees the whole text: the half of a key is a secret, too.
    """
    text = redact(_text_of(value, name))
    if (left_out := len(text) - LONGEST_RESULT) <= 0:
        return SentText(text)
    end = f"\n... ({left_out:,} more characters are left out)"
    return SentText(f"{text[:LONGEST_RESULT]}{end}", left_out)


def _text_of(value: Any, name: str) -> str:  # noqa: ANN401
    if isinstance(value, str | PurePath):
        # of a path its name: nobody asked for the file
        return str(value)
    if value is None:
        return "done; there is no result"
    if is_plain_iterator(value):
        value = list(islice(value, _MOST_ITEMS))
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            return value.decode()
    if kind := without_text(value):
        return f"done; the result is {kind}, and is not sent"
    if (describe := getattr(type(value), "model_dump_json", None)) is not None:
        return str(describe(value))
    try:
        document = document_of(value, name)
    except WatsonxError:
        document = None
    if document is not None:
        return document.text
    try:
        return json.dumps(value, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError, RecursionError):
        return str(value)


def _plain(value: Any) -> Any:  # noqa: ANN401
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if callable(scalar := getattr(value, "item", None)):
        # a number of numpy's
        return scalar()
    return str(value)
