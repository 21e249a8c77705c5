"""A line as words, and its options as they were meant: pasted dashes and quotation marks count."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import NamedTuple

#: What word processors, chats and keyboards put in the place of a hyphen.
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_AS_HYPHENS = dict.fromkeys(map(ord, _DASHES), "-")
#: Curly quotation marks that open a text -> those that close it.
_CURLY = {"“": "”“", "”": "”", "„": "“”", "‘": "’‘", "’": "’", "‚": "‘’"}


class Word(NamedTuple):
    """A word of a line without its quotes, and where it ends in the line."""

    text: str
    end: int


def words_of(line: str) -> Iterator[Word]:
    r"""Yield the words of a line: like a shell, but nothing that people type is an error.

    Quotes group words, also curly ones around a whole value. An opening quote that never closes is
    a literal character (``--system don't``), and so is a backslash outside quotes (``C:\data``).
    """
    word: str | None = None
    position = 0
    while position < len(line):
        character = line[position]
        if character.isspace():
            if word is not None:
                yield Word(word, position)
            word = None
        elif character in "'\"" and (end := _closing_quote(line, position)) is not None:
            inside = line[position + 1 : end]
            if character == '"':
                inside = inside.replace('\\"', '"').replace("\\\\", "\\")
            word = (word or "") + inside
            position = end
        elif (word or "=").endswith("=") and (end := _closing_curly(line, position)) is not None:
            word = (word or "") + line[position + 1 : end]
            position = end
        else:
            word = (word or "") + character
        position += 1
    if word is not None:
        yield Word(word, position)


def split_line(line: str) -> list[str]:
    """Return the words of a line."""
    return [word.text for word in words_of(line)]


def plain_flag(word: str, flags: Container[str]) -> str:
    """Return an option as `flags` has it, with hyphens in the place of dashes and underscores.

    A word that is no option even so is returned as it is.
    """
    name, equals, value = word.partition("=")
    if name in flags or not is_dashed(name):
        return word
    plain = hyphenated(name)
    return plain + equals + value if plain in flags else word


def hyphenated(name: str) -> str:
    """Return the name of an option with hyphens; one long dash stands for two of them."""
    plain = name.translate(_AS_HYPHENS).replace("_", "-")
    if not name or name[0] not in _DASHES:
        return plain
    bare = plain.lstrip("-")
    return f"-{bare}" if len(bare) == 1 else f"--{bare}"


def is_dashed(word: str) -> bool:
    """Return whether a word begins with a hyphen or a dash."""
    return word[:1] in tuple(f"-{_DASHES}")


def _closing_quote(line: str, opening: int) -> int | None:
    """Return where the quote at `opening` closes; in double quotes a backslash escapes."""
    quote, position = line[opening], opening + 1
    while position < len(line):
        if quote == '"' and line[position] == "\\":
            position += 1
        elif line[position] == quote:
            return position
        position += 1
    return None


def _closing_curly(line: str, opening: int) -> int | None:
    """Return where the curly quote at `opening` closes: at the end of a word (``‘it’s’``)."""
    closing = _CURLY.get(line[opening], "")
    for position in range(opening + 1, len(line) if closing else 0):
        if line[position] in closing and not line[position + 1 : position + 2].strip():
            return position
    return None
