"""From the text of an option line to `Options`."""

from __future__ import annotations

import argparse
import io
import re
from typing import Any

from wx_notebook.credentials import without_keys
from wx_notebook.errors import BadOption, near
from wx_notebook.options import Options, known_options

_HELP = "Next: %watsonx help"
_GLUED = re.compile(r"-[A-Za-z][\w-]")


def parse_options(line: str) -> Options:
    """Return the options in the line behind ``%%watsonx``.

    Raises
    ------
    BadOption
        An unknown option, with the nearest name, or a value that cannot be.
    """
    parser, flags = _parser()
    words = split_line(line)
    for word in words:
        # argparse would read -show as -s with the value "how", and send the prompt
        if _GLUED.match(word):
            raise _unknown(word, flags)
    lacking: argparse.ArgumentError | None = None
    try:
        found, rest = parser.parse_known_args(words)
    except argparse.ArgumentError as problem:
        lacking = problem
    if lacking is not None:
        flag = (lacking.argument_name or "The option").split("/")[-1]
        raise BadOption(f"{flag} needs a value.", hint=_HELP)
    if rest:
        raise _unknown(rest[0], flags)
    chosen: dict[str, Any] = {}
    for option in known_options():
        value = getattr(found, option.name)
        if value is None:
            continue
        if option.metadata["metavar"]:
            value = _converted(option.metadata["flags"][-1], value, option.metadata["convert"])
        chosen[option.name] = value
    return Options(**chosen)


def options_help() -> str:
    """Return a table of the options, one line each, that fits 80 columns."""
    rows = []
    for option in known_options():
        names = ", ".join(option.metadata["flags"])
        if option.metadata["metavar"]:
            names += f" {option.metadata['metavar']}"
        rows.append((names, option.metadata["describe"]))
    out = io.StringIO()
    for names, describe in rows:
        words, line = describe.split(), ""
        first = True
        while words:
            line = words.pop(0)
            while words and len(line) + len(words[0]) < 50:
                line += " " + words.pop(0)
            out.write(f"  {names if first else '':24}  {line}\n")
            first = False
    return out.getvalue()


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


def _parser() -> tuple[argparse.ArgumentParser, list[str]]:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    flags: list[str] = []
    for option in known_options():
        names = option.metadata["flags"]
        flags += names
        if option.metadata["metavar"]:
            parser.add_argument(*names, dest=option.name, default=None)
        else:
            value = not option.default
            parser.add_argument(
                *names, dest=option.name, action="store_const", const=value, default=None
            )
    return parser, flags


def _converted(flag: str, value: str, convert: Any) -> Any:  # noqa: ANN401
    converted: Any = None
    is_bad = False
    try:
        converted = convert(value)
    except ValueError:
        is_bad = True
    if is_bad:
        kind = "a whole number" if convert is int else "a number"
        name = flag.lstrip("-").replace("-", "_")
        raise BadOption(f"{name} takes {kind}, and '{without_keys(value)}' is none.", hint=_HELP)
    return converted


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
