"""From the text of an option line to the values of options, and what there is to say of them."""

from __future__ import annotations

import argparse
import io
import itertools
import re
from collections.abc import Mapping
from dataclasses import Field
from typing import Any

from wx_notebook.credentials import without_keys
from wx_notebook.errors import BadOption, near
from wx_notebook.options import Options, Refused, bad_value, checked, known_options

_HELP = "Next: %watsonx help"
_GLUED = re.compile(r"-[A-Za-z][\w-]")


def parse_options(line: str) -> dict[str, Any]:
    """Return what the line behind ``%%watsonx`` says, by the options' names.

    Raises
    ------
    BadOption
        An unknown option, with the nearest name, a value that cannot be, or two options that
        exclude each other.
    """
    parser, flags = _parser()
    words = split_line(line)
    _check_glued(words, flags)
    lacking: argparse.ArgumentError | None = None
    try:
        found, rest = parser.parse_known_args(words)
    except argparse.ArgumentError as problem:
        lacking = problem
    if lacking is not None:
        raise _without_value((lacking.argument_name or "The option").split("/")[-1], words)
    if rest:
        raise _unknown(rest[0], list(flags))
    given = {
        option.name: _of_line(option, getattr(found, option.name))
        for option in known_options()
        if getattr(found, option.name) is not None
    }
    # what a cell says against itself is told before any setting comes into play
    Options(**given)
    return given


def options_help() -> str:
    """Return a table of the options, one line each, that fits 80 columns."""
    out = io.StringIO()
    for option in known_options():
        words = option.metadata["describe"].split()
        names = _names(option)
        while words:
            line = words.pop(0)
            while words and len(line) + len(words[0]) < 50:
                line += " " + words.pop(0)
            out.write(f"  {names:24}  {line}\n")
            names = ""
    return out.getvalue()


def options_table() -> str:
    """Return the options as the README's table."""
    lines = ["| option | from Python | what it does |", "| --- | --- | --- |"]
    for option in known_options():
        python = "" if option.metadata["cell_only"] else f"`{option.name}=`"
        describe = option.metadata["describe"]
        lines.append(f"| `{_names(option)}` | {python} | {describe} |")
    return "\n".join(lines) + "\n"


def _names(option: Field[Any]) -> str:
    names = ", ".join(option.metadata["flags"])
    return f"{names} {option.metadata['metavar']}".rstrip()


def split_line(line: str) -> list[str]:
    r"""Split a line into words as `shlex` does, with two differences that prose asks for.

    An opening quote that never closes is a literal character (``--system don't``), and a backslash
    outside quotes is one, too (``C:\data``).
    """
    words: list[str] = []
    word: str | None = None
    at = 0
    while at < len(line):
        character = line[at]
        if character.isspace():
            if word is not None:
                words.append(word)
            word = None
        elif character in "'\"" and (end := _closing(line, at)) is not None:
            inside = line[at + 1 : end]
            if character == '"':
                inside = inside.replace('\\"', '"').replace("\\\\", "\\")
            word = (word or "") + inside
            at = end
        else:
            word = (word or "") + character
        at += 1
    return words if word is None else [*words, word]


def _closing(line: str, opening: int) -> int | None:
    """Return where the quote that opens here closes; in double quotes a backslash escapes."""
    quote, at = line[opening], opening + 1
    while at < len(line):
        if quote == '"' and line[at] == "\\":
            at += 1
        elif line[at] == quote:
            return at
        at += 1
    return None


def _parser() -> tuple[argparse.ArgumentParser, dict[str, bool]]:
    """Return the parser, and each flag with whether it takes a value."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    flags: dict[str, bool] = {}
    for option in known_options():
        names = option.metadata["flags"]
        takes_value = bool(option.metadata["metavar"])
        flags |= dict.fromkeys(names, takes_value)
        if takes_value:
            # of one that is given twice the first would be ignored
            parser.add_argument(*names, dest=option.name, action="append", default=None)
        else:
            value = not option.default
            parser.add_argument(
                *names, dest=option.name, action="store_const", const=value, default=None
            )
    return parser, flags


def _check_glued(words: list[str], flags: Mapping[str, bool]) -> None:
    # argparse would read -show as -s with the value "how", and send the prompt
    before = ""
    for word in words:
        if _GLUED.match(word) and not flags.get(before):
            raise _unknown(word, list(flags))
        before = word


def _without_value(flag: str, words: list[str]) -> BadOption:
    following = dict(itertools.pairwise(words)).get(flag, "")
    hint = f"A value that begins with a hyphen is written {flag}=VALUE." if following else _HELP
    return BadOption(f"{flag} needs a value.", hint=hint)


def _of_line(option: Field[Any], given: Any) -> Any:  # noqa: ANN401  # whatever the option has
    if not option.metadata["metavar"]:
        return given
    if len(given) > 1 and not option.metadata["repeatable"]:
        flag = option.metadata["flags"][-1]
        raise BadOption(f"{flag} is given {len(given)} times.", hint="Leave one of them.")
    return value_of(option, given)


def value_of(option: Field[Any], texts: list[str]) -> Any:  # noqa: ANN401
    """Return what the texts of a line, more than one if it is repeatable, are as its value.

    Raises
    ------
    BadOption
        They are none.
    """
    kind = option.metadata["kind"]
    wrong: tuple[str, Refused] | None = None
    found = []
    for text in texts:
        try:
            found.append(kind.read(text))
        except ValueError:
            wrong = text, kind.refused(text)
        except Refused as problem:
            wrong = text, problem
        if wrong is not None:
            break
    if wrong is not None:
        raise bad_value(option, *wrong)
    return checked(option, found if option.metadata["repeatable"] else found[0])


def _unknown(word: str, flags: list[str]) -> BadOption:
    if not word.startswith("-"):
        shown = without_keys(word)[:60]
        return BadOption(
            f"'{shown}' is not an option; the prompt goes below the %%watsonx line.",
            hint="For one line: %watsonx ask TEXT",
        )
    name = word.partition("=")[0]
    nearest = near(f"--{name.lstrip('-')}", flags)
    return BadOption(
        f"'{without_keys(name)[:60]}' is not an option of %%watsonx.{nearest}", hint=_HELP
    )
