"""JSON with small damage: trailing commas, single quotes, Python's constants, raw line breaks.

Valid JSON never comes here. What is read is what stands there: nothing that is missing is added, so
a value that was cut is not returned. (json-repair was measured on 6,000 texts: it changed 356 of
them that were valid or meant something.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

_BLANK = re.compile(r"\s*")
_BEGIN = re.compile(r"[\[{]")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
_WORD = re.compile(r"[A-Za-z]+")
_CONSTANTS = {"true": True, "false": False, "null": None}
_PYTHON_CONSTANTS = {"True": True, "False": False, "None": None}
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_BEHIND_TEXT = re.compile(r"\s*[,:\]}]")
_ESCAPED_QUOTE = re.compile(r"\\(.)", re.DOTALL)
_RAW_BREAKS = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
#: Braces that are tried, and characters that are read for it: each may begin a long value.
_MOST_BRACES, _MOST_READ = 1_000, 4_000_000
_DEEPEST = 200

TRAILING_COMMA = "a trailing comma"
SINGLE_QUOTES = "single quotes"
PYTHON_WORDS = "Python's True, False or None"
LINE_BREAKS = "a line break inside a text"


class Mended(NamedTuple):
    """A value, where it ends in the text, and what was wrong with it, in words."""

    value: Any
    start: int
    end: int
    damage: tuple[str, ...]


class Damaged(ValueError):
    """No value can be read from `position` on. `is_cut`: the text ends there."""

    def __init__(self, position: int, *, is_cut: bool = False) -> None:
        super().__init__(position)
        self.position = position
        self.is_cut = is_cut


def mended_values(text: str) -> Iterator[Mended]:
    """Yield the objects and lists in a text, with or without damage, one behind the other.

    Raises
    ------
    Damaged
        The first one cannot be read, or the text ends inside of it. Brackets around words, such as
        "[sic]", are none.
    """
    position = read = found = 0
    for _ in range(_MOST_BRACES):
        match = _BEGIN.search(text, position)
        if match is None or read > _MOST_READ:
            return
        start = match.start()
        reader = _Reader(text)
        try:
            value, position = reader.value(start, 0)
            yield Mended(value, start, position, tuple(dict.fromkeys(reader.damage)))
            read, found = read + position - start, found + 1
        except Damaged as error:
            is_value = error.is_cut or reader.has_begun
            if is_value and found:
                # words behind a value may open a bracket, too
                return
            if is_value:
                # what stands inside of a damaged value is not the answer
                raise
            position, read = start + 1, read + error.position - start


class _Reader:
    """Reads one value, and keeps what is wrong with it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.damage: list[str] = []
        #: whether there is a text, a number or a constant behind the first bracket
        self.has_begun = False

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        """Return the value that begins here, and where it ends."""
        at = self._skip(at)
        if depth > _DEEPEST:
            raise Damaged(at)
        first = self._text[at : at + 1]
        if first == "{":
            return self._object(at + 1, depth + 1)
        if first == "[":
            return self._list(at + 1, depth + 1)
        if first in ('"', "'"):
            return self._string(at)
        if match := _NUMBER.match(self._text, at):
            self.has_begun = True
            return self._number(match[0], at), match.end()
        if match := _WORD.match(self._text, at):
            return self._constant(match[0], at), match.end()
        return self._fail(at)

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = self._skip(at)
        while self._text[at] != "}":
            if self._text[at] not in "\"'":
                self._fail(at)
            name, at = self._string(at)
            if name in found:
                # which of the two is meant is anybody's guess
                self._fail(at)
            at = self._skip(at)
            if self._text[at] != ":":
                self._fail(at)
            found[name], at = self.value(at + 1, depth)
            at = self._next(at, "}")
        return found, at + 1

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self._skip(at)
        while self._text[at] != "]":
            entry, at = self.value(at, depth)
            found.append(entry)
            at = self._next(at, "]")
        return found, at + 1

    def _next(self, at: int, closing: str) -> int:
        """Return where the next entry begins, or the closing bracket stands."""
        at = self._skip(at)
        if self._text[at] == closing:
            return at
        if self._text[at] != ",":
            self._fail(at)
        at = self._skip(at + 1)
        if self._text[at] == closing:
            self.damage.append(TRAILING_COMMA)
        return at

    def _string(self, at: int) -> tuple[str, int]:
        is_single = self._text[at] == "'"
        match = (_SINGLE if is_single else _DOUBLE).match(self._text, at)
        if match is None:
            raise Damaged(at, is_cut=True)
        self.has_begun = True
        inner, end = match[1], match.end()
        # an apostrophe inside of a text ends nothing
        if not _BEHIND_TEXT.match(self._text, end):
            self._fail(end)
        if is_single:
            self.damage.append(SINGLE_QUOTES)
            inner = _as_double_quoted(inner)
        if any(each in inner for each in _RAW_BREAKS):
            self.damage.append(LINE_BREAKS)
            for each, escape in _RAW_BREAKS.items():
                inner = inner.replace(each, escape)
        try:
            return json.loads(f'"{inner}"'), end
        except ValueError:
            return self._fail(at)

    def _number(self, digits: str, at: int) -> int | float:
        try:
            number: int | float = json.loads(digits)
            # 1e400 is no number in JSON
            json.dumps(number, allow_nan=False)
        except ValueError:
            self._fail(at)
        return number

    def _constant(self, word: str, at: int) -> bool | None:
        self.has_begun = self.has_begun or word in _CONSTANTS or word in _PYTHON_CONSTANTS
        if word in _CONSTANTS:
            return _CONSTANTS[word]
        if word not in _PYTHON_CONSTANTS:
            self._fail(at)
        self.damage.append(PYTHON_WORDS)
        return _PYTHON_CONSTANTS[word]

    def _skip(self, at: int) -> int:
        """Return where the next character stands that is no blank; there must be one."""
        blank = _BLANK.match(self._text, at)
        at = blank.end() if blank is not None else at
        if at >= len(self._text):
            raise Damaged(at, is_cut=True)
        return at

    def _fail(self, at: int) -> NoReturn:
        # behind the last character everything is cut
        raise Damaged(at, is_cut=not self._text[at:].strip())


def _as_double_quoted(inner: str) -> str:
    r"""Return the inside of a text in single quotes as JSON has it: ``\'`` is ``'``."""
    inner = _ESCAPED_QUOTE.sub(lambda each: "'" if each[1] == "'" else each[0], inner)
    # a quote behind an odd number of backslashes is escaped already
    return re.sub(r'(\\.)|"', lambda each: each[1] or r"\"", inner, flags=re.DOTALL)
