"""JSON in an answer: its value, or what is wrong with it, and where."""

from __future__ import annotations

import json
import re
from typing import Any

from wx_notebook.render.fences import fences
from wx_notebook.render.text import clean_text

_TOKEN = re.compile(
    r"\s+|[\[{]|[\]}]|[,:]|\"(?:[^\"\\\n]|\\.)*+\"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null"
)
#: What a token may look like while it comes.
_BEGUN = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*+\\?|-?[\d.]*(?:[eE][+-]?\d*)?|t(?:ru?)?|f(?:a|al|als)?|n(?:ul?)?"
)


def parsed_json(text: str) -> Any:  # noqa: ANN401  # JSON is any value
    """Return the JSON value that an answer is, or that its only fenced block is.

    Parameters
    ----------
    text
        The answer as it came.

    Raises
    ------
    ValueError
        What is wrong, to stand behind "The answer is not JSON: ": with line and column.
    """
    bare = text.lstrip("\ufeff")
    blocks = [] if bare.lstrip()[:1] in {"{", "["} else fences(bare)
    if not blocks:
        return _value(bare, 0)
    if len(blocks) > 1:
        raise ValueError(f"it has {len(blocks)} fenced blocks, and one of JSON is expected.")
    (block,) = blocks
    return _value(block.text, block.lines_before)


def whole_json(text: str) -> Any:  # noqa: ANN401
    """Return the object or list that an answer is from end to end; None for anything else."""
    if text.lstrip()[:1] not in {"{", "["} or text.rstrip()[-1:] not in {"}", "]"}:
        return None
    try:
        return _value(text, 0)
    except ValueError:
        return None


def may_become_json(text: str) -> bool:
    """Tell whether a beginning can be that of one object or list and nothing else."""
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    depth = position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if depth <= 0 and not match[0].isspace():
            return not text[position:].strip()
    return _BEGUN.fullmatch(text, position) is not None


def indented(value: Any) -> str:  # noqa: ANN401
    """Return a value as JSON text in which a reader sees every character."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if clean_text(text) == text else json.dumps(value, indent=2)


def _value(text: str, lines_before: int) -> Any:  # noqa: ANN401
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as problem:
        line, column = problem.lineno + lines_before, problem.colno
        found = _found(text, problem.pos)
        message = f"line {line}, column {column}: {_words(problem)}{found}."
    except RecursionError:
        message = "it is nested too deep."
    except _NoJson as problem:
        message = f"it has {problem}, which JSON does not know."
    except ValueError:
        # Python's limit on digits, which exists because reading them takes the square of their time
        message = "a number in it has thousands of digits."
    raise ValueError(message)


class _NoJson(ValueError):
    """What Python's reader takes and JSON does not have."""


def _refuse_constant(name: str) -> Any:  # noqa: ANN401
    raise _NoJson(name)


def _words(problem: json.JSONDecodeError) -> str:
    words = problem.msg[:1].lower() + problem.msg[1:]
    return words.removesuffix(" at").removesuffix(" starting")


def _found(text: str, position: int) -> str:
    """Say what stands where something else was expected."""
    rest = clean_text(text[position : position + 20]).split("\n")[0].strip()
    if not text[position:].strip():
        return ", and there the answer ends"
    return f", and there is {rest!r}" if rest else ""
