"""A text that a regular expression finds."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from typing import Any

_LIKELY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-.,:;/@"
_MOST_REPEATS = 1000


def text_for(pattern: str, least: int = 0) -> str | None:
    """Return a text that `pattern` finds, of `least` characters if it can be; None if none.

    The tree comes from Python's own parser. What it knows and this does not (look-around,
    conditions) is passed over: the text is tried at the end.
    """
    try:
        # a module of Python's own, with no public name since 3.11
        from re import _parser  # type: ignore[attr-defined]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree: Any = _parser.parse(pattern)
            for extra in (0, least):
                text = _Maker(extra).text(tree)
                if len(text) >= least and re.search(pattern, text):
                    return text
            text = _Maker(0).text(tree)
            return text if re.search(pattern, text) else None
    except (re.error, ImportError, LookupError, TypeError, ValueError, RecursionError):
        return None


class _Maker:
    """Takes the first way through a pattern, with up to `extra` more turns of a repeat."""

    def __init__(self, extra: int) -> None:
        self._extra = extra
        self._groups: dict[int | None, str] = {}

    def text(self, tree: Iterable[tuple[Any, Any]]) -> str:
        return "".join(self._one(str(kind), what) for kind, what in tree)

    def _one(self, kind: str, what: Any) -> str:  # noqa: ANN401  # the parser's own types
        if kind.endswith("_REPEAT"):
            return self._repeated(*what)
        if kind == "SUBPATTERN":
            number, _, _, inner = what
            self._groups[number] = self.text(inner)
            return self._groups[number]
        ways: dict[str, Callable[[Any], str]] = {
            "LITERAL": chr,
            "NOT_LITERAL": lambda code: next(each for each in _LIKELY if ord(each) != code),
            "ANY": lambda _: "a",
            "IN": self._member,
            "BRANCH": lambda branches: self.text(branches[1][0]),
            "ATOMIC_GROUP": self.text,
            "GROUPREF": self._groups.__getitem__,
        }
        # without a way: the start, the end, a border of words, a look around
        return ways[kind](what) if kind in ways else ""

    def _repeated(self, least: int, most: Any, inner: Any) -> str:  # noqa: ANN401
        turns = min(int(most), max(least, 1) + self._extra) if int(most) else 0
        if turns > _MOST_REPEATS:
            raise ValueError(turns)
        self._extra -= max(turns - max(least, 1), 0)
        return "".join(self.text(inner) for _ in range(turns))

    @staticmethod
    def _member(members: list[tuple[Any, Any]]) -> str:
        def holds(character: str) -> bool:
            return any(_matches(str(kind), what, character) for kind, what in members)

        negated = str(members[0][0]) == "NEGATE"
        own: list[str] = [chr(what) for kind, what in members if str(kind) == "LITERAL"]
        own += [chr(what[0]) for kind, what in members if str(kind) == "RANGE"]
        likely: list[str] = [*_LIKELY, *own]
        for each in likely:
            if holds(each) is not negated:
                return each
        raise LookupError(members)


def _matches(kind: str, what: Any, character: str) -> bool:  # noqa: ANN401
    if kind == "LITERAL":
        return bool(ord(character) == what)
    if kind == "RANGE":
        return bool(what[0] <= ord(character) <= what[1])
    if kind == "CATEGORY":
        name = str(what)
        tests: dict[str, Callable[[str], bool]] = {
            "DIGIT": str.isdigit,
            "SPACE": str.isspace,
            "WORD": _is_word,
        }
        return tests[name.rpartition("_")[2]](character) is not ("NOT_" in name)
    return False


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
