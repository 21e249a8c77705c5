"""The words behind a sub-command of `%watsonx`: options with or without a value, and the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from wx_notebook.credentials import without_keys
from wx_notebook.errors import BadOption, near
from wx_notebook.magics.option_line import split_line

#: Whether an option takes a value: never, always, always and several times, or where the next word
#: is none of the options.
Takes: TypeAlias = Literal["none", "one", "many", "maybe"]
_OPTION = re.compile(r"-(?![0-9.])")
#: A limit of tokens is no token, however it is spelt.
_LIMIT = re.compile(r"max[-_]?tokens?")
_KEY_WORDS = ("key", "token", "password", "secret")


def parsed(
    command: str, line: str, options: Mapping[str, Takes], *, most_words: int = 0
) -> tuple[list[str], dict[str, str]]:
    """Return the bare words of a line, and each option that was given with its value ("" if none).

    Of an option that takes many, the values stand in lines: a line of input holds no line end.

    Raises
    ------
    BadOption
        An option that is none, with the nearest; one without the value it needs; a word too many;
        a key, which is never repeated.
    """
    words: list[str] = []
    found: dict[str, str] = {}
    rest = split_line(line)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            words.append(word)
            continue
        name = word.partition("=")[0]
        if name not in options:
            raise _unknown(command, name, options)
        value = _value(command, word, options[name], rest)
        if name in found and options[name] != "many":
            raise BadOption(f"{name} is given twice.", hint="Leave one of them.")
        found[name] = f"{found[name]}\n{value}" if name in found else value
    if len(words) > most_words:
        raise _unknown(command, words[most_words], options)
    return words, found


def _value(command: str, word: str, takes: Takes, rest: list[str]) -> str:
    """Return the value of the option in a word, which may be the next one; that is taken off."""
    name, equals, value = word.partition("=")
    if takes == "none" and equals:
        raise BadOption(f"{name} takes no value.", hint=f"Next: %watsonx {command} {name}")
    # a negative number is a value
    follows = not equals and rest and not _OPTION.match(rest[0])
    if takes != "none" and follows:
        value = rest.pop(0)
    if takes in ("one", "many") and not value.strip():
        raise BadOption(f"{name} needs a value.", hint=f"Next: %watsonx help {command}")
    return value


def _unknown(command: str, word: str, options: Mapping[str, Takes]) -> BadOption:
    # the rest of the line is not repeated, and what looks like a key neither: it may be one
    named = _LIMIT.sub("", word.lower().partition("=")[0])
    if any(part in named for part in _KEY_WORDS) or len(word) > 30:
        return BadOption(
            f"%watsonx {command} takes no key on its line: it would be saved with the notebook. "
            "If that was a real key, make a new one and delete it.",
            hint="Next: %watsonx login",
        )
    if not word.startswith("-"):
        takes = f"takes {', '.join(options)} and no such word" if options else "takes nothing more"
        return BadOption(
            f"%watsonx {command} {takes}.",
            hint=("A name with blanks goes into quotes. " if options else "")
            + f"Next: %watsonx help {command}",
        )
    if word == "--profile":
        return BadOption("A profile is named as it is.", hint="Next: %watsonx use NAME")
    return BadOption(
        f"'{without_keys(word)}' is not an option of %watsonx {command}.{near(word, options)}",
        hint=f"It takes {', '.join(options)}." if options else f"Next: %watsonx {command}",
    )
