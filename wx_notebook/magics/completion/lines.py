"""What may come next in an option line: an option, its value, a command."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from wx_notebook.options import known_options

if TYPE_CHECKING:
    from wx_notebook.magics.completion.known import Known

#: A word as `split_line` splits them: quotes hold blanks together, one that never closes does not.
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\S)+""")
#: `--flag`, and behind it what its value is called; in brackets where it may be missing.
_FLAG = re.compile(r"(?P<flag>--[a-z][a-z-]*)(?: \[?(?!--|\|)(?P<value>[^\s\]]+))?")
_METAVAR = re.compile(r"\[?([A-Z][A-Z_]*)\]?(?: |$)")


class Candidate(NamedTuple):
    """A text that may stand there, and what it is, for the front end's sign."""

    text: str
    kind: str


class Found(NamedTuple):
    """What may stand in the place of the last `fragment` of the line."""

    fragment: str
    candidates: list[Candidate]
    #: it is the name of a file, which IPython completes
    is_file: bool = False


class Flag(NamedTuple):
    """An option of a line: whether a value follows, and the values that can be listed."""

    takes_value: bool
    choices: tuple[str, ...] = ()
    is_file: bool = False


def option_line(typed: str, known: Known) -> Found:
    """Return what fits at the end of a line behind ``%%watsonx``; a bare word does not."""
    flags = _flags_of_prompts()
    words, fragment = _split(typed)
    if (value := _value(words, fragment, flags, known)) is not None:
        return value
    return _options(fragment, flags) if fragment[:1] in ("", "-") else Found(fragment, [])


def command_line(typed: str, known: Known) -> Found | None:
    """Return what fits at the end of a line behind ``%watsonx``."""
    from wx_notebook.magics.commands import COMMANDS

    words, fragment = _split(typed)
    if not words:
        return Found(fragment, list(_starting(fragment, COMMANDS, "magic")))
    command, *words = words
    if command not in COMMANDS:
        return None
    takes = COMMANDS[command].takes
    flags = flags_of(takes)
    if command == "use":
        # a default of any prompt's option is set there, too
        flags = _flags_of_prompts(defaults=True) | flags
    if (value := _value(words, fragment, flags, known)) is not None:
        return value
    found: list[Candidate] = []
    metavar = None if fragment.startswith("-") else _METAVAR.match(takes)
    if not fragment.startswith("-"):
        if command == "help":
            found += _starting(fragment, COMMANDS, "magic")
        elif metavar is not None and metavar[1] in _POSITIONAL:
            found += known.values(_POSITIONAL[metavar[1]], fragment)
    if fragment[:1] in ("", "-"):
        found += _options(fragment, flags).candidates
    return Found(fragment, found, metavar is not None and metavar[1] in _FILES)


#: What stands behind an option of a command, where `Known` has it.
_VALUES = {
    "--model": "models",
    "-m": "models",
    "--region": "regions",
    "--can": "abilities",
    "--remember": "profiles",
}
_POSITIONAL = {"PROFILE": "profiles", "WORDS": "all models"}
_FILES = ("FILE", "FILES")


def flags_of(takes: str) -> dict[str, Flag]:
    """Return the options that a command's line of help names: "[--for sdk|curl] [--cell]"."""
    found = {}
    for match in _FLAG.finditer(takes):
        words = (match["value"] or "").split("|")
        choices = tuple(word for word in words if word.islower() and word.isalpha())
        is_file = match["value"] in _FILES
        found[match["flag"]] = Flag(match["value"] is not None, choices, is_file)
    return found


def _flags_of_prompts(*, defaults: bool = False) -> dict[str, Flag]:
    """Return the options of a prompt, or those of which a default can be set."""
    return {
        flag: Flag(bool(option.metadata["metavar"]), tuple(option.metadata.get("choices", ())))
        for option in known_options()
        if not defaults or option.metadata.get("layered", False)
        for flag in option.metadata["flags"]
    }


def _value(
    words: list[str], fragment: str, flags: Mapping[str, Flag], known: Known
) -> Found | None:
    """Return the values of the option that has none yet, None where no value is due."""
    lacking = ""
    for word in words:
        lacking = word if not lacking and word in flags and flags[word].takes_value else ""
    name, equals, behind = fragment.partition("=")
    if equals and name in flags:
        lacking, fragment = name, behind
    if not lacking or fragment.startswith("-"):
        return None
    # behind a comma, and inside a quote
    fragment = fragment.rpartition(",")[2].lstrip("\"'")
    choices = _starting(fragment, flags[lacking].choices, "keyword")
    values = known.values(_VALUES.get(lacking, ""), fragment)
    return Found(fragment, [*choices, *values], flags[lacking].is_file)


def _options(fragment: str, flags: Iterable[str]) -> Found:
    # the short ones are for who begins with one dash
    names = [name for name in flags if name.startswith("--") or fragment == "-"]
    return Found(fragment, list(_starting(fragment, names, "param")))


def _starting(fragment: str, words: Iterable[str], kind: str) -> Iterator[Candidate]:
    low = fragment.lower()
    return (Candidate(word, kind) for word in words if word.lower().startswith(low))


def _split(typed: str) -> tuple[list[str], str]:
    """Return the words that are whole, and the one at whose end the cursor is, "" for none."""
    words = list(_WORD.finditer(typed))
    if words and words[-1].end() == len(typed):
        return [word[0] for word in words[:-1]], words[-1][0]
    return [word[0] for word in words], ""
