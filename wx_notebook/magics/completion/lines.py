"""What can come next in a line: an option, its value, a command, a word that a command takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wx_notebook.magics.commands import COMMANDS, parser_of
from wx_notebook.magics.completion.values import Candidate, Suggestions, ValueLists
from wx_notebook.magics.option_line import ask_parser, prompt_parser
from wx_notebook.magics.parser import LineParser

#: A word as `split_line` splits them: quotes hold blanks together, one that never closes does not.
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\S)+""")
#: Lists to which the names of files belong.
_FILES = frozenset({"files", "pictures"})
#: What the words behind the first one are.
_BEHIND = {"chat actions": "chats"}


def complete_options(typed: str, lists: ValueLists) -> Suggestions:
    """Return what fits at the end of a line behind ``%%watsonx``; it takes no bare words."""
    words, fragment = _split(typed)
    parser = prompt_parser()
    if (values := _option_values(words, fragment, parser, lists)) is not None:
        return values
    return Suggestions(fragment, list(_flags(fragment, parser)))


def complete_text(typed: str, lists: ValueLists) -> Suggestions | None:
    """Return what fits at the end of the options in front of a text, None within the text."""
    words, fragment = _split(typed)
    parser = ask_parser()
    if not typed or parser.split_text(typed)[1] not in ("", "-"):
        return None
    if (values := _option_values(words, fragment, parser, lists)) is not None:
        return values
    return Suggestions(fragment, list(_flags(fragment, parser))) if fragment else None


def complete_command(typed: str, lists: ValueLists) -> Suggestions | None:
    """Return what fits at the end of a line behind ``%watsonx``, None for no command of ours."""
    words, fragment = _split(typed)
    if not words:
        return Suggestions(fragment, list(_starting(fragment, COMMANDS, "magic")))
    command, *words = words
    if command not in COMMANDS:
        return None
    parser = parser_of(command)
    if (values := _option_values(words, fragment, parser, lists)) is not None:
        return values
    candidates: list[Candidate] = []
    is_file = False
    if parser.positionals and not fragment.startswith("-"):
        dest = parser.positionals[0].dest
        values = _values(dest, fragment, parser, lists)
        candidates, is_file = values.candidates, values.is_file
        if words and (names := _BEHIND.get(str(parser.completes[dest]))):
            candidates = list(lists.matching(names, fragment))
    return Suggestions(fragment, [*candidates, *_flags(fragment, parser)], is_file)


def _option_values(
    words: list[str], fragment: str, parser: LineParser, lists: ValueLists
) -> Suggestions | None:
    """Return the values of the option that has none yet, None if no value is due."""
    pending = ""
    for word in words:
        takes_value = word in parser.flags and parser.flags[word].nargs != 0
        pending = word if not pending and takes_value else ""
    flag, equals, value = fragment.partition("=")
    if equals and flag in parser.flags and parser.flags[flag].nargs != 0:
        pending, fragment = flag, value
    if not pending or fragment.startswith("-"):
        return None
    # the last of several values, without its opening quote
    fragment = fragment.rpartition(",")[2].lstrip("\"'")
    return _values(parser.flags[pending].dest, fragment, parser, lists)


def _values(dest: str, fragment: str, parser: LineParser, lists: ValueLists) -> Suggestions:
    """Return the values of one argument of a parser that fit what is typed."""
    completes = parser.completes[dest]
    if isinstance(completes, tuple):
        return Suggestions(fragment, list(_starting(fragment, completes, "keyword")))
    if completes == "commands":
        return Suggestions(fragment, list(_starting(fragment, COMMANDS, "magic")))
    return Suggestions(fragment, list(lists.matching(completes, fragment)), completes in _FILES)


def _flags(fragment: str, parser: LineParser) -> Iterator[Candidate]:
    """Yield the options that fit; the short ones only behind a single hyphen."""
    if fragment[:1] not in ("", "-"):
        return iter(())
    flags = [flag for flag in parser.flags if flag.startswith("--") or fragment == "-"]
    return _starting(fragment, flags, "param")


def _starting(fragment: str, words: Iterable[str], kind: str) -> Iterator[Candidate]:
    low = fragment.lower()
    return (Candidate(word, kind) for word in words if word.lower().startswith(low))


def _split(typed: str) -> tuple[list[str], str]:
    """Return the words before the cursor's word, and that word, "" if it has not begun."""
    words = list(_WORD.finditer(typed))
    if words and words[-1].end() == len(typed):
        return [word[0] for word in words[:-1]], words[-1][0]
    return [word[0] for word in words], ""
