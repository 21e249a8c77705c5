"""The one parser of lines: for what follows `%%watsonx`, and for each command of `%watsonx`."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from wx_notebook.credentials.parsing.pasted import is_uuid
from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.hints import login_hint
from wx_notebook.magics.arguments import Argument, StoreOnce
from wx_notebook.magics.line_words import hyphenated, is_dashed, plain_flag, split_line, words_of
from wx_notebook.options import option_for

#: argparse would read -show as -s with the value "how", and the prompt would be sent.
_GLUED = re.compile(r"-[A-Za-z][\w-]")
#: "token" in the name of an option means a secret, except in a limit such as --max-tokens.
_TOKEN_LIMIT = re.compile(r"(?:(?:max|min)[-_]?(?:new|output|completion)?[-_]?)tokens?|\btokens\b")
_SECRET_NAMES = ("key", "token", "password", "secret")
#: Longer words may be keys: IBM Cloud's have 44 characters.
LONGEST_WORD = 30
#: How alike a word behind a dash is to an option that was meant.
_ALMOST = 0.8
#: What a shell takes for the name of a file or for a second command.
_REDIRECTIONS = (">", "2>", "&>", "|", "<")
_NAMES_WIDTH, _HELP_WIDTH, _LINE_WIDTH = 24, 50, 78


class LineParser(argparse.ArgumentParser):
    """Parses one line into a namespace; raises `BadOption` with the near name.

    It never exits, takes no abbreviations, and repeats nothing that may be a secret.

    Parameters
    ----------
    prog
        What stands before the line: "%watsonx models".
    arguments
        What the line takes.
    next_step
        The hint of errors that have no better one.
    """

    #: whether an option may have an empty value
    allows_blank = False
    #: whether an error may repeat words beside the options: on some lines people paste keys
    repeats_words = False

    def __init__(self, prog: str, arguments: Iterable[Argument], *, next_step: str) -> None:
        super().__init__(prog, add_help=False, allow_abbrev=False, exit_on_error=False)
        self.next_step = next_step
        #: each flag with its action
        self.flags: dict[str, argparse.Action] = {}
        self.positionals: list[argparse.Action] = []
        #: what the Tab key offers for the value of an action, by its `dest`
        self.completes: dict[str, str | tuple[str, ...]] = {}
        self._groups: dict[str, argparse._MutuallyExclusiveGroup] = {}
        for argument in arguments:
            self._add(argument)

    def _add(self, argument: Argument) -> None:
        settings: dict[str, Any] = {"help": argument.help}
        if not argument.names[0].startswith("-"):
            default = [] if argument.nargs == "*" else ""
            settings |= {"nargs": argument.nargs, "metavar": argument.metavar, "default": default}
            action = self.add_argument(*argument.names, **settings)
            self.positionals.append(action)
        else:
            if argument.dest:
                settings["dest"] = argument.dest
            if argument.repeatable:
                settings |= {"action": "append", "metavar": argument.metavar}
            elif argument.metavar:
                settings |= {"action": StoreOnce, "metavar": argument.metavar}
                settings |= {"nargs": argument.nargs, "const": ""}
            else:
                settings |= {"action": "store_const", "const": argument.const}
            action = self._parent(argument.group).add_argument(*argument.names, **settings)
            self.flags |= dict.fromkeys(argument.names, action)
        self.completes[action.dest] = argument.completes

    def _parent(self, group: str) -> argparse._ActionsContainer:
        if not group:
            return self
        if group not in self._groups:
            self._groups[group] = self.add_mutually_exclusive_group()
        return self._groups[group]

    def parse_line(self, line: str) -> argparse.Namespace:
        """Return the values of a line; what was not given is None, or empty for words.

        Raises
        ------
        BadOption
            An unknown option or a word too many, with the near name; a missing value; options
            that exclude each other; a key, which the message does not repeat.
        """
        words = self._plain(split_line(line))
        self._check_glued(words)
        error: argparse.ArgumentError | None = None
        try:
            values, rest = self.parse_known_intermixed_args(words)
        except argparse.ArgumentError as caught:
            error = caught
        if error is not None:
            # argparse's own message quotes what was typed, which may be a key
            raise self._bad_argument((error.argument_name or "").split("/")[-1], words)
        if rest:
            raise self._refused(rest, words)
        if not self.allows_blank:
            self._check_blank(values)
        return values

    def _refused(self, rest: Sequence[str], words: Sequence[str]) -> BadOption:
        """Return the error for words that the line does not take."""
        if redirection := next((word for word in rest if word.startswith(_REDIRECTIONS)), ""):
            return BadOption(
                f"{self.prog} can't write to a file: '{redirection[:2]}' works only in a shell.",
                hint=f"Next: {self.prog} --cell, then %%writefile FILE above the program."
                if "--cell" in self.flags
                else "To keep what it prints: %%capture text above it, then text.stdout.",
            )
        bare = {flag.lstrip("-"): flag for flag in self.flags if flag.startswith("--")}
        if self.positionals and words and (flag := bare.get(words[0], "")):
            value = rest[0] if is_uuid(rest[0]) else self.flags[flag].metavar
            return BadOption(
                f"'{words[0]}' is an option of {self.prog}: it is written {flag}.",
                hint=f"Next: {self.prog} {flag} {value}",
            )
        # a misspelt option in front of other words is no text without quotes
        if is_dashed(rest[0]) or not (unquoted := self._unquoted(words)):
            return self.unknown(rest[0])
        return unquoted

    def split_text(self, line: str) -> tuple[str, str]:
        """Return the options at the start of a line, and the text behind them as typed.

        The text begins with the first word that is no option, or behind ``--``.
        """
        end, is_value = 0, False
        for word in words_of(line):
            flag = plain_flag(word.text, self.flags)
            if not is_value:
                if flag == "--":
                    return line[:end], line[word.end + 1 :]
                if not self._is_option(flag):
                    break
            is_value = not is_value and self._takes_value(flag)
            end = word.end
        return line[:end], line[end:].removeprefix(" ") if end else line

    def error(self, message: str) -> NoReturn:
        """Raise `BadOption`; argparse would print the usage and exit."""
        raise BadOption(f"{self.prog}: {mask_keys(message)}.", hint=self.next_step)

    def _is_option(self, word: str) -> bool:
        """Return whether a word at the start of a text is, or was meant as, an option."""
        name = word.partition("=")[0]
        if word.startswith("-"):
            return name.lstrip("-")[:1].isalpha()
        # a dash opens direct speech, too
        bare = [flag.lstrip("-") for flag in self.flags]
        near = get_close_matches(hyphenated(name).lstrip("-"), bare, n=1, cutoff=_ALMOST)
        return is_dashed(word) and bool(near)

    def _takes_value(self, flag: str) -> bool:
        """Return whether the next word is the value of this one."""
        return flag in self.flags and self.flags[flag].nargs not in (0, "?")

    def _plain(self, words: Iterable[str]) -> list[str]:
        """Return the words with each option as this parser has it; values stay as typed."""
        plain: list[str] = []
        is_value = False
        for word in words:
            plain.append(word if is_value else plain_flag(word, self.flags))
            is_value = not is_value and self._takes_value(plain[-1])
        return plain

    def _unquoted(self, words: Sequence[str]) -> BadOption | None:
        """Return the error for a value of several words without quotes, None if there is none."""
        groups: list[tuple[str, list[str]]] = [("", [])]
        for word in words:
            flag, texts = groups[-1]
            name, equals, value = word.partition("=")
            if name in self.flags and (texts or not self._takes_value(flag)):
                groups.append((name, [value] if equals else []))
            else:
                texts.append(word)
        several = [
            (flag, texts)
            for flag, texts in groups[1:]
            if self._takes_value(flag) and texts[1:] and not self._is_known_value(flag, texts[0])
        ]
        if self.positionals or groups[0][1] or not several:
            return None
        flag, texts = several[0]
        text = " ".join(texts)
        if not self.repeats_words or max(map(len, texts)) > LONGEST_WORD or mask_keys(text) != text:
            text = "..."
        return BadOption(
            f"{flag} takes one word or a text in quotes, but more words follow.",
            hint=f'Quote the text: {flag} "{text}"',
        )

    def _is_known_value(self, flag: str, text: str) -> bool:
        """Return whether a value is one of the few that an option has: it needs no quotes."""
        known = self.completes.get(self.flags[flag].dest, ())
        return isinstance(known, tuple) and text in known

    def unknown(self, word: str) -> BadOption:
        """Return the error for a word that the line does not take."""
        name = word.partition("=")[0]
        if not is_dashed(word):
            return self.unknown_word(word)
        if any(part in _TOKEN_LIMIT.sub("", name.lower()) for part in _SECRET_NAMES):
            return self._secret()
        if len(name) > LONGEST_WORD:
            return self._secret()
        if name == "--profile" and self.positionals:
            return BadOption("Name the profile without --profile.", hint=f"Next: {self.prog} NAME")
        near, hint = self._near(hyphenated(name).lstrip("-"))
        return BadOption(f"'{mask_keys(name)}' is not an option of {self.prog}.{near}", hint=hint)

    def _near(self, bare: str) -> tuple[str, str]:
        """Return the option that a word was perhaps meant for, as a question, and the next step."""
        long = {flag.lstrip("-"): flag for flag in self.flags if flag.startswith("--")}
        option, parameter = option_for(bare)
        if parameter and "param" in long:
            return "", f"It is a parameter of the service: -p {parameter}=VALUE"
        if (meant := hyphenated(option)) in long:
            value = f" {bare}" if meant == "format" else ""
            return f" Did you mean '{long[meant]}{value}'?", self.next_step
        near = did_you_mean(bare, long)
        return near.replace("mean '", "mean '--"), self.next_step

    def unknown_word(self, word: str) -> BadOption:
        """Return the error for a word without hyphens; it is not repeated."""
        if len(word) > LONGEST_WORD or any(part in word.lower() for part in _SECRET_NAMES):
            return self._secret()
        if not (self.positionals or self.flags):
            return BadOption(f"{self.prog} takes no arguments.", hint=f"Next: {self.prog}")
        if not self.positionals:
            return BadOption(
                f"{self.prog} takes no words, only {_listed(self.flags)}.",
                hint=f"Put a name with blanks in quotes. {self.next_step}",
            )
        most = self.positionals[0].metavar
        return BadOption(
            f"{self.prog} takes one {most}, but got more than one word.",
            hint=f"Put a name with blanks in quotes. {self.next_step}",
        )

    def _secret(self) -> BadOption:
        return BadOption(
            f"{self.prog} takes no key on its line, because the line is saved with the notebook. "
            "If it was a real key, delete it and make a new one.",
            hint=login_hint(),
        )

    def _check_glued(self, words: Sequence[str]) -> None:
        before = ""
        for word in words:
            action = self.flags.get(before)
            is_value = action is not None and action.nargs != 0
            if (_GLUED.match(word) or word == "--") and not is_value:
                raise self.unknown(word)
            before = word

    def _bad_argument(self, flag: str, words: Sequence[str]) -> BadOption:
        """Return the error for an option that argparse refused."""
        action = self.flags[flag]
        typed = {word.partition("=")[0]: "=" in word for word in words}
        if action.nargs == 0 and any(typed.get(name) for name in action.option_strings):
            return BadOption(f"{flag} takes no value.", hint=f"Next: {self.prog} {flag}")
        for group in self._groups.values():
            members = [each.option_strings[-1] for each in group._group_actions]
            if flag in members and len(typed.keys() & {*members}) > 1:
                return BadOption(
                    f"{_listed(members)} can't be combined.", hint="Give only one of them."
                )
        return self._without_value(flag, has_next=words[-1] not in action.option_strings)

    def _without_value(self, flag: str, *, has_next: bool) -> BadOption:
        hint = f"A value that begins with a hyphen is written {flag}=VALUE."
        return BadOption(f"{flag} needs a value.", hint=hint if has_next else self.next_step)

    def _check_blank(self, values: argparse.Namespace) -> None:
        for action in self.flags.values():
            value = getattr(values, action.dest)
            texts = value if isinstance(value, list) else [value]
            is_optional = action.nargs == "?"
            if not is_optional and any(isinstance(t, str) and not t.strip() for t in texts):
                raise self._without_value(action.option_strings[-1], has_next=False)

    def usage_lines(self) -> list[str]:
        """Return the line as it can be typed, wrapped at 78 columns."""
        formatter = argparse.HelpFormatter(self.prog, width=_LINE_WIDTH)
        formatter.add_usage(None, self._actions, self._mutually_exclusive_groups, prefix="")
        return formatter.format_help().strip().split("\n")

    def argument_lines(self) -> list[str]:
        """Return a table of the arguments and their help, at most 78 columns wide."""
        lines = []
        for action in self._actions:
            value = action.metavar if isinstance(action.metavar, str) else ""
            value = f"[{value}]" if action.nargs == "?" and action.option_strings else value
            names = f"{', '.join(action.option_strings)} {value}".strip()
            if len(names) > _NAMES_WIDTH:
                lines.append(f"  {names}")
                names = ""
            for text in textwrap.wrap(action.help or "", _HELP_WIDTH):
                lines.append(f"  {names:{_NAMES_WIDTH}}  {text}")
                names = ""
        return lines


def _listed(words: Iterable[str]) -> str:
    """Return "a, b and c"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
