"""JSON somewhere in an answer: behind words, in a fence that does not close, inside a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from wx_notebook.render.code import fenced_blocks
from wx_notebook.render.json_value import parse_json, refuse_constant
from wx_notebook.render.text import single_line

_BEGIN = re.compile(r"[\[{]")
_FENCE_BEFORE = re.compile(r"(?:```+|~~~+)[ \t]*\w*\s*$")
_FENCE_BEHIND = re.compile(r"^\s*(?:```+|~~~+)")
#: What may stand around JSON without being a word.
_NO_WORDS = re.compile(r"(?:```+|~~~+)[ \t]*\w*|[\s.,;:`*]+")
_DATA_LANGUAGES = frozenset({"", "json", "jsonc", "json5", "jsonl", "javascript", "text"})
#: Braces that are tried, and characters that are read for it: each may begin a long value, and an
#: error looks for its line from the start of the text.
_MOST_BRACES, _MOST_READ = 5_000, 4_000_000
_DECODER = json.JSONDecoder(parse_constant=refuse_constant)


class FoundJson(NamedTuple):
    """The value, and the text around it that is no part of it, in one line; "" for none."""

    value: Any
    passed_over: str = ""


class _Candidate(NamedTuple):
    start: int
    end: int
    value: Any


def find_json(text: str) -> FoundJson:
    """Return the JSON value of an answer, wherever it stands.

    It is the whole text, the only fenced block that is JSON, or else an object or a list in the
    text: the one at its end, the one at its start, or the only one.

    Raises
    ------
    ValueError
        There is none, or it is not clear which one; the text is that of `parse_json`.
    """
    fault = ""
    try:
        value = parse_json(text)
        return FoundJson(value, _around_fence(text))
    except ValueError as error:
        fault = str(error)
    bare = text.lstrip("\ufeff")
    found = _from_fences(bare) or _choose(bare, fault)
    if found is None:
        raise ValueError(fault)
    words = _words_around(bare, found.start, found.end)
    # without any, it is the fence that is not as it should be
    around = f"{bare[: found.start]} {bare[found.end :]}"
    return FoundJson(found.value, words or single_line(around))


def _around_fence(text: str) -> str:
    """Return the words around the only fenced block, "" for a text without one."""
    blocks = fenced_blocks(text)
    if len(blocks) != 1 or text.lstrip("\ufeff").lstrip()[:1] in {"{", "["}:
        return ""
    return _words_around(text, *_span(text, *blocks[0][1:]))


def _words_around(text: str, start: int, end: int) -> str:
    """Return what stands around a part of a text, without the fence of that part, in one line."""
    before = _FENCE_BEFORE.sub("", text[:start])
    behind = _FENCE_BEHIND.sub("", text[end:])
    around = f"{before} {behind}"
    return single_line(around) if _NO_WORDS.sub("", around) else ""


def _span(text: str, block: str, lines_before: int) -> tuple[int, int]:
    """Return where the lines of a fenced block begin and end, without its fences."""
    lines = text.splitlines(keepends=True)
    start = sum(map(len, lines[:lines_before]))
    size = sum(map(len, lines[lines_before : lines_before + block.count("\n")]))
    return start, start + size if block.endswith("\n") else len(text)


def _from_fences(text: str) -> _Candidate | None:
    """Return the only one of several fenced blocks that is JSON."""
    found = []
    for language, block, lines_before in fenced_blocks(text):
        try:
            value = json.loads(block, parse_constant=refuse_constant)
        except (ValueError, RecursionError):
            continue
        if language in _DATA_LANGUAGES:
            found.append(_Candidate(*_span(text, block, lines_before), value))
    return found[0] if len(found) == 1 else None


def _choose(text: str, fault: str) -> _Candidate | None:
    """Return the object or list that is the answer, None where the text holds none.

    Raises
    ------
    ValueError
        The text ends inside one, or holds several.
    """
    candidates = list(_candidates(_without_programs(text), fault))
    if not candidates:
        return None
    first, last = candidates[0], candidates[-1]
    if len(candidates) == 1 or not _NO_WORDS.sub("", text[last.end :]):
        return last
    if not _NO_WORDS.sub("", text[: first.start]):
        return first
    raise ValueError(f"it has {len(candidates)} JSON values, but should have one.")


def _candidates(text: str, fault: str) -> Iterator[_Candidate]:
    position, read, length = 0, 0, len(text.rstrip())
    for _ in range(_MOST_BRACES):
        match = _BEGIN.search(text, position)
        if match is None or read > _MOST_READ:
            return
        start = match.start()
        try:
            value, position = _DECODER.raw_decode(text, start)
            if not _is_reference(value):
                yield _Candidate(start, position, value)
            read += position - start
        except json.JSONDecodeError as error:
            if error.pos >= length or error.msg.startswith("Unterminated"):
                # it was cut; what stands inside of it is not the answer
                raise ValueError(fault) from None
            position, read = start + 1, read + error.pos - start
        except (ValueError, RecursionError):
            raise ValueError(fault) from None


def _is_reference(value: object) -> bool:
    """Return whether brackets hold nothing or one number, as `[1]` behind a sentence."""
    return not value or (isinstance(value, list) and len(value) == 1 and isinstance(value[0], int))


def _without_programs(text: str) -> str:
    """Return the text with blanks for its fenced blocks in other languages than JSON."""
    for language, block, lines_before in fenced_blocks(text):
        if language not in _DATA_LANGUAGES:
            start, end = _span(text, block, lines_before)
            text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text
