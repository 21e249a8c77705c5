"""The beginning of a JSON text as a value: what is complete by now, and the text being written."""

from __future__ import annotations

import json
import re
from typing import Any

from wx_notebook.render.json_value import refuse_constant

_TOKEN = re.compile(
    r"\s*(?:(?P<open>[\[{])|(?P<close>[\]}])|(?P<mark>[,:])|(?P<text>\"(?:[^\"\\]|\\.)*+\")"
    r"|(?P<word>-?\d[\d.eE+-]*|true|false|null)(?=[\s,\]}]))",
    re.DOTALL,
)
#: A text so far, without half of an escape or of a pair of surrogates at its end.
_PARTIAL_TEXT = re.compile(
    r"\s*\"(?:[^\"\\]|\\[^u]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*+",
    re.DOTALL,
)
_BEGIN = re.compile(r"[\[{]")
#: Words or a fence before the JSON; a longer text is none.
_LONGEST_BEFORE = 400
_DEEPEST = 100


def partial_json(text: str) -> tuple[Any, ...]:
    """Return the value that a text begins with, as far as it is certain; () if there is none yet.

    Nothing in it is taken back by the text that follows: a number that may still get a digit, a
    name without a value, or half a word are left out. A text that is being written is there so far.
    """
    begin = _BEGIN.search(text, 0, _LONGEST_BEFORE)
    if begin is None:
        return ()
    certain = _certain_part(text, begin.start())
    if certain is None:
        return ()
    try:
        return (json.loads(certain, strict=False, parse_constant=refuse_constant),)
    except (ValueError, RecursionError):
        return ()


def _certain_part(text: str, start: int) -> str | None:
    """Return the part of the text that is certain, with what closes it; None if it is no JSON."""
    position, end = start, start
    # what closes the open brackets: all of them here, and where the certain part ends
    closing, closing_then = "", ""
    #: whether the next text is the name of a field
    is_name = False
    while match := _TOKEN.match(text, position):
        position = match.end()
        if bracket := match["open"]:
            closing = ("}" if bracket == "{" else "]") + closing
            is_name, end, closing_then = bracket == "{", position, closing
            if len(closing) > _DEEPEST:
                return None
        elif match["close"]:
            if match["close"] != closing[:1]:
                return None
            closing = closing[1:]
            end, closing_then = position, closing
            if not closing:
                break
        elif match["mark"]:
            is_name = match["mark"] == "," and closing[:1] == "}"
        elif not is_name:
            end, closing_then = position, closing
    if closing and not is_name and (partial := _PARTIAL_TEXT.match(text, position)):
        return f'{text[start : partial.end()]}"{closing}'
    return text[start:end] + closing_then if end > start else None
