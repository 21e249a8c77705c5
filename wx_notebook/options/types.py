"""The types of option values: how each is read from an option line, and what it accepts.

A type says in words what it accepts, so that a cell, a keyword argument and a settings file refuse
a value in the same words. Only the errors of a cell and of a keyword argument quote the value.
"""

from __future__ import annotations

import builtins
import keyword
import math
import numbers
import re
from collections.abc import Callable, Sequence
from typing import Any

from wx_notebook.errors import did_you_mean, mask_keys

#: Of `cache`: the service is asked, and its answer takes the place of the one in the journal.
NEW = "new"
_CHAT = re.compile(r"(?![.])[\w. -]{1,64}(?<![.])")
_MOST_COMPARED = 8
_DEPLOYMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
#: A text that has only these: an option line cannot contain the characters themselves.
_ESCAPES = re.compile(r"(?:\\[nrt])+")
#: Names that IPython puts among the user's variables.
_IPYTHON_NAMES = re.compile(
    r"In|Out|get_ipython|display|open|exit|quit|_{1,3}|_i{1,3}|_[iod]h|_i?\d+"
)
_ESCAPED = {r"\n": "\n", r"\r": "\r", r"\t": "\t"}


class InvalidValue(Exception):
    """A value that an option does not accept.

    Attributes
    ----------
    predicate
        The predicate of a sentence that starts with the option's name: "takes a number".
    hint
        What to type instead; empty where the option's own example is enough.
    suggestion
        " Did you mean 'json'?", or empty.
    is_complete
        The sentence is complete: the error must not add the value.
    """

    def __init__(
        self, predicate: str, *, hint: str = "", suggestion: str = "", is_complete: bool = False
    ) -> None:
        super().__init__(predicate)
        self.predicate = predicate
        self.hint = hint
        self.suggestion = suggestion
        self.is_complete = is_complete


class OptionType:
    """What values an option accepts.

    Parameters
    ----------
    accepts
        In words: "a number from 0 to 2".
    hint
        What to type when a value is refused.
    check
        Returns the value as `Options` keeps it. For a value that is refused, it returns None or
        raises `InvalidValue`.
    read
        Returns a value from a text of the option line; raises `ValueError`.
    choices
        All values, where they can be listed.
    """

    def __init__(
        self,
        accepts: str,
        hint: str,
        check: Callable[[Any], Any],
        *,
        read: Callable[[str], Any] = str,
        choices: tuple[str, ...] = (),
    ) -> None:
        self.accepts = accepts
        self.hint = hint
        self.read = read
        self.choices = choices
        self._check = check

    def check(self, value: object) -> Any:  # noqa: ANN401  # whatever the type has
        """Return the value as `Options` keeps it.

        Raises
        ------
        InvalidValue
            The option does not accept it.
        """
        checked = self._check(value)
        if checked is None:
            raise self.invalid(value)
        return checked

    def invalid(self, value: object) -> InvalidValue:
        """Return the error for a value that is refused."""
        suggestion = did_you_mean(value, self.choices) if isinstance(value, str) else ""
        return InvalidValue(f"takes {self.accepts}", hint=self.hint, suggestion=suggestion)


def text(hint: str, *, may_be_empty: bool = False) -> OptionType:
    """Return the type of a text."""

    def check(value: object) -> str | None:
        is_text = isinstance(value, str) and (may_be_empty or value.strip())
        return str(value) if is_text else None

    return OptionType("a text", hint, check)


def number(
    minimum: float, maximum: float, hint: str, *, exclusive: bool = False, unit: str = ""
) -> OptionType:
    """Return the type of a number in a range; with `exclusive` the minimum itself is refused."""

    def check(value: object) -> float | None:
        number = _float(value)
        if number is None or not minimum <= number <= maximum or (exclusive and number == minimum):
            return None
        return number

    between = f"above {minimum:g} and up to" if exclusive else f"from {minimum:g} to"
    return OptionType(f"a number{unit} {between} {maximum:g}", hint, check, read=float)


def integer(hint: str, *, minimum: int | None = None, maximum: int | None = None) -> OptionType:
    """Return the type of a whole number."""

    def check(value: object) -> int | None:
        number = _int(value)
        if number is None or (minimum is not None and number < minimum):
            return None
        return None if maximum is not None and number > maximum else number

    accepts = "a whole number" if minimum is None else f"a whole number from {minimum}"
    accepts += "" if maximum is None else f" to {maximum:,}"
    return OptionType(accepts, hint, check, read=int)


def choice(*words: str) -> OptionType:
    """Return the type of one word out of a few."""

    def check(value: object) -> str | None:
        return str(value) if isinstance(value, str) and value in words else None

    accepts = f"{', '.join(words[:-1])} or {words[-1]}"
    return OptionType(accepts, "%watsonx help lists all options.", check, choices=words)


def boolean() -> OptionType:
    """Return the type of an option that is on or off."""

    def check(value: object) -> bool | None:
        return value if isinstance(value, bool) else None

    return OptionType("True or False", "Omit it to use its default.", check)


def cache_mode() -> OptionType:
    """Return the type of when the journal answers: True, False, or `NEW` to ask the service."""
    words = {"": True, "on": True, "true": True, "off": False, "false": False, NEW: NEW}

    def check(value: object) -> Any:  # noqa: ANN401  # True, False or `NEW`
        return value if isinstance(value, bool) else words.get(str(value).strip().lower())

    return OptionType(f"on, off or {NEW}", "For example: --cache, or --cache new", check)


def variable_name(hint: str) -> OptionType:
    """Return the type of the name of a Python variable."""

    def check(value: object) -> str | None:
        if not isinstance(value, str) or not value.isidentifier() or keyword.iskeyword(value):
            return None
        # an answer under the name `print` or `Out` would hide these from the user
        if hasattr(builtins, value) or _IPYTHON_NAMES.fullmatch(value):
            raise InvalidValue("takes a name that Python and IPython do not use", hint=hint)
        return value

    return OptionType("the name of a variable", hint, check)


def chat_name() -> OptionType:
    """Return the type of a chat's name, which becomes the name of a file; "" is a name, too."""
    accepts = "at most 64 letters, digits, blanks, '-', '_' and '.', without a dot at either end"

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return None
        name = value.strip()
        is_name = _CHAT.fullmatch(name) is not None and mask_keys(name) == name
        return name if is_name or not name else None

    return OptionType(accepts, "For example: --chat plan", check)


def model_list() -> OptionType:
    """Return the type of the models of a comparison: a list of texts, or one text with commas."""
    hint = "For example: granite,mistral"

    def check(value: object) -> tuple[str, ...] | None:
        texts = value.split(",") if isinstance(value, str) else value
        if not isinstance(texts, Sequence) or not all(isinstance(one, str) for one in texts):
            return None
        names = tuple(name.strip() for name in texts)
        if not all(names) or not 1 < len(names) <= _MOST_COMPARED:
            return None
        if len(set(names)) < len(names):
            raise InvalidValue("takes each model once", hint=hint, is_complete=True)
        return names

    return OptionType(f"2 to {_MOST_COMPARED} models, separated by commas", hint, check)


def values(example: str) -> OptionType:
    """Return the type of one value or more of any kind; a line names them, Python has them."""

    def check(value: object) -> tuple[Any, ...] | None:
        if isinstance(value, list | tuple):
            return tuple(value) or None
        # what was made of several values, such as a set of tools, stays as it is
        return (value,)

    return OptionType("a value, or a list of values", f"For example: {example}", check)


def deployment_id() -> OptionType:
    """Return the type of a deployment's name, which goes into a URL path and must not change it."""
    accepts = "the ID or the serving name of a deployment"
    hint = "Copy the part of its address between /deployments/ and the next slash."

    def check(value: object) -> str | None:
        return str(value) if isinstance(value, str) and _DEPLOYMENT.fullmatch(value) else None

    return OptionType(accepts, hint, check)


def schema() -> OptionType:
    """Return the type of a schema; `schemas.read_schema` reads it, and says what is wrong."""
    hint = "For example --schema 'name, age: int', from Python also a class: schema=Person"

    def check(value: object) -> object:
        is_empty = isinstance(value, bool) or (isinstance(value, str) and not value.strip())
        return None if is_empty else value

    return OptionType("the name of a class, or fields", hint, check)


def text_list(hint: str) -> OptionType:
    """Return the type of one text or more; on an option line each has its own option."""

    def check(value: object) -> tuple[str, ...] | None:
        texts = (value,) if isinstance(value, str) else value
        if not isinstance(texts, Sequence) or isinstance(texts, bytes | bytearray | memoryview):
            return None
        kept = tuple(each for each in texts if isinstance(each, str) and each)
        return kept if len(kept) == len(texts) else None

    return OptionType("a text, or a list of texts", hint, check, read=_unescape)


def _unescape(text: str) -> str:
    if not _ESCAPES.fullmatch(text):
        return text
    return "".join(_ESCAPED[text[at : at + 2]] for at in range(0, len(text), 2))


def _float(value: object) -> float | None:
    """Return a number, also a numpy number, as a float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _int(value: object) -> int | None:
    """Return a whole number, also one written as 7.0, as an int; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        number = int(value)  # type: ignore[call-overload]  # every real number has it
    except (ValueError, OverflowError):  # not a number, infinity
        return None
    return number if number == value else None
