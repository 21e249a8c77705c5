"""Marks of reasoning in a text: where they stand, and whether the text only speaks of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wx_notebook.service.reasoning_formats import ReasoningFormat

#: Between two of these a mark is quoted: the answer speaks of it.
_QUOTES = {"`": "`", "'": "'", '"': '"', "\u201c": "\u201d", "\u2018": "\u2019", "(": ")"}
_WITHIN_A_SENTENCE = tuple(",.;:?!)")
#: Words in front of a mark that a sentence speaks of, though a capital follows it.
_SPEAKS = re.compile(
    r"(?:[,:;(]|\b(?:tags?|tokens?|marks?|markers?|the|an?|this|with|by|and|or|use|mit|das|ein))\s*\Z",
    re.IGNORECASE,
)
_ENDS_OF_SENTENCES = tuple(".!?:;)]}\u2026\u3002\uff01\uff1f*`\"'")


def is_closing(one: ReasoningFormat, text: str, behind: str) -> bool:
    """Return whether a mark behind `text` closes reasoning, and is not only spoken of."""
    if not text.lstrip().startswith(one.must_begin):
        return False
    if any(opening in text for opening in one.opens):
        return False
    last_line = text.rpartition("\n")[2]
    is_code = text.count("```") % 2 or last_line.count("`") % 2
    return not is_code and (one.is_prose or not is_spoken_of(text, behind))


def is_spoken_of(text: str, behind: str) -> bool:
    """Return whether a sentence goes on around a mark, as in "use the [/THINK] tag".

    A mark that closes stands behind the end of a sentence or a number, or in a line of its own; or
    another sentence begins behind it.
    """
    if _QUOTES.get(text[-1:], "\0") == behind[:1]:
        return True
    last_line = text.rpartition("\n")[2]
    goes_on = behind[:1] not in ("\n", "\r") and (
        behind.lstrip()[:1].islower() or behind[:1] in _WITHIN_A_SENTENCE
    )
    if not last_line.strip():
        # "[/THINK] is a tag" begins an answer
        return goes_on and behind[:1].isspace()
    end = last_line.rstrip()[-1]
    is_within = last_line[-1].isspace() and not (end in _ENDS_OF_SENTENCES or end.isdigit())
    if behind.lstrip()[:1].isupper() and not _SPEAKS.search(last_line):
        return False
    return is_within and (goes_on or behind[:1].isspace()) and behind[:2] != "\n\n"


def needs_more(text: str, behind: str) -> bool:
    """Return whether the next part says more about a mark: whether it is only spoken of."""
    is_quoted = text.endswith(tuple(_QUOTES)) and not behind
    return is_quoted or (not behind.strip() and behind[:2] != "\n\n")


def first_mark(text: str, marks: Sequence[str], start: int = 0) -> tuple[int, str] | None:
    """Return the first of some marks in a text and where it stands, the longest one there."""
    found = [(text.find(mark, start), -len(mark), mark) for mark in marks]
    first = min((one for one in found if one[0] >= 0), default=None)
    return None if first is None else (first[0], first[2])


def overlap(text: str, mark: str) -> int:
    """Return how many characters at the end of `text` may be the beginning of `mark`."""
    sizes = range(min(len(mark) - 1, len(text)), 0, -1)
    return next((size for size in sizes if text.endswith(mark[:size])), 0)
