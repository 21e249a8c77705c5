"""Kinds of values: how each is read from an option line, and what it has to be.

A kind says in words what it takes, so that a cell, a keyword and a file are refused in the same
words; only a cell's or a keyword's error quotes the value.
"""

from __future__ import annotations

import builtins
import keyword
import math
import numbers
import re
from collections.abc import Callable, Sequence
from typing import Any

from wx_notebook.errors import near

_DEPLOYMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
#: A text that is made of nothing else: a line cannot hold the characters themselves.
_ESCAPES = re.compile(r"(?:\\[nrt])+")
#: What IPython puts among the user's variables.
_IPYTHONS = re.compile(r"In|Out|get_ipython|display|open|exit|quit|_{1,3}|_i{1,3}|_[iod]h|_i?\d+")
_ESCAPED = {r"\n": "\n", r"\r": "\r", r"\t": "\t"}


class Refused(Exception):
    """A value that is not taken.

    Attributes
    ----------
    says
        The predicate of a sentence that begins with the option's name: "takes a number".
    hint
        What to type instead, "" where the option's own example does.
    suggestion
        " Did you mean 'json'?", or "".
    complete
        The sentence is whole: nothing about the value is to be added.
    """

    def __init__(
        self, says: str, *, hint: str = "", suggestion: str = "", complete: bool = False
    ) -> None:
        super().__init__(says)
        self.says = says
        self.hint = hint
        self.suggestion = suggestion
        self.complete = complete


class Kind:
    """What values an option has.

    Parameters
    ----------
    takes
        In words: "a number from 0 to 2".
    hint
        What to type, where a value is none.
    read
        A value from a text of the option line; raises `ValueError`.
    check
        The value as it is kept, from whatever somebody gave; raises `Refused` or returns None.
    choices
        All values that there are, where they can be listed.
    """

    def __init__(
        self,
        takes: str,
        hint: str,
        check: Callable[[Any], Any],
        *,
        read: Callable[[str], Any] = str,
        choices: tuple[str, ...] = (),
    ) -> None:
        self.takes = takes
        self.hint = hint
        self.read = read
        self.choices = choices
        self._check = check

    def check(self, value: object) -> Any:  # noqa: ANN401  # whatever the kind has
        """Return the value as it is kept.

        Raises
        ------
        Refused
            It is none.
        """
        found = self._check(value)
        if found is None:
            raise self.refused(value)
        return found

    def refused(self, value: object) -> Refused:
        """Return what is to be said of a value that is none."""
        suggestion = near(value, self.choices) if isinstance(value, str) else ""
        return Refused(f"takes {self.takes}", hint=self.hint, suggestion=suggestion)


def text(hint: str, *, may_be_empty: bool = False) -> Kind:
    """Return the kind of a text."""

    def check(value: object) -> str | None:
        is_one = isinstance(value, str) and (may_be_empty or value.strip())
        return str(value) if is_one else None

    return Kind("a text", hint, check)


def number(least: float, most: float, hint: str, *, above: bool = False, unit: str = "") -> Kind:
    """Return the kind of a number in a range; with `above` the least value itself is outside."""

    def check(value: object) -> float | None:
        found = _number(value)
        if found is None or not least <= found <= most or (above and found == least):
            return None
        return found

    between = f"above {least:g} and up to" if above else f"from {least:g} to"
    return Kind(f"a number{unit} {between} {most:g}", hint, check, read=float)


def whole(hint: str, *, least: int | None = None) -> Kind:
    """Return the kind of a whole number."""

    def check(value: object) -> int | None:
        found = _whole(value)
        return None if found is not None and least is not None and found < least else found

    takes = "a whole number" if least is None else f"a whole number from {least}"
    return Kind(takes, hint, check, read=int)


def choice(*words: str) -> Kind:
    """Return the kind of a word out of a few."""

    def check(value: object) -> str | None:
        return str(value) if isinstance(value, str) and value in words else None

    takes = f"{', '.join(words[:-1])} or {words[-1]}"
    return Kind(takes, "%watsonx help has all options.", check, choices=words)


def switch() -> Kind:
    """Return the kind of what is on or off."""

    def check(value: object) -> bool | None:
        return value if isinstance(value, bool) else None

    return Kind("True or False", "Leave it away for its default.", check)


def variable(hint: str) -> Kind:
    """Return the kind of a variable's name."""

    def check(value: object) -> str | None:
        if not isinstance(value, str) or not value.isidentifier() or keyword.iskeyword(value):
            return None
        # who takes `print` or `Out` for an answer, finds neither of them any more
        if hasattr(builtins, value) or _IPYTHONS.fullmatch(value):
            says = "takes the name of a variable of your own, not one of Python's or IPython's"
            raise Refused(says, hint=hint)
        return value

    return Kind("the name of a variable", hint, check)


def deployment() -> Kind:
    """Return the kind of a deployment's name, which goes into a path and must not change it."""
    takes = "the ID or the serving name of a deployment"
    hint = "Give what stands behind /deployments/ in its address, up to the next slash."

    def check(value: object) -> str | None:
        return str(value) if isinstance(value, str) and _DEPLOYMENT.fullmatch(value) else None

    return Kind(takes, hint, check)


def texts(hint: str) -> Kind:
    """Return the kind of one text or more; each on an option line is given by itself."""

    def check(value: object) -> tuple[str, ...] | None:
        found = (value,) if isinstance(value, str) else value
        if not isinstance(found, Sequence) or isinstance(found, bytes | bytearray | memoryview):
            return None
        kept = tuple(each for each in found if isinstance(each, str) and each)
        return kept if len(kept) == len(found) else None

    return Kind("a text, or a list of them", hint, check, read=_unescaped)


def _unescaped(text: str) -> str:
    if not _ESCAPES.fullmatch(text):
        return text
    return "".join(_ESCAPED[text[at : at + 2]] for at in range(0, len(text), 2))


def _number(value: object) -> float | None:
    """Return a number, also one of numpy's, as a float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _whole(value: object) -> int | None:
    """Return a whole number, also one that is written as 7.0, as an int; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        found = int(value)  # type: ignore[call-overload]  # every real number has it
    except (ValueError, OverflowError):  # not a number, infinity
        return None
    return found if found == value else None
