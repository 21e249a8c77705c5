"""The options of a prompt: from the line behind `%%watsonx` to typed values, and their help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field
from functools import cache
from typing import Any

from wx_notebook.errors import BadOption, mask_keys
from wx_notebook.magics.arguments import Argument
from wx_notebook.magics.line_words import plain_flag, split_line
from wx_notebook.magics.parser import LONGEST_WORD, LineParser
from wx_notebook.options import (
    InvalidValue,
    bad_value,
    check_combination,
    check_needs,
    check_value,
    known_options,
)

#: The options whose default the user can set, by name.
CONFIGURABLE = {
    option.name: option for option in known_options() if option.metadata["configurable"]
}
_FLAGS = {option.name: option.metadata["flags"][-1] for option in known_options()}
#: Where the values of an option are not just words, what completion offers: a list, or words.
_COMPLETES: Mapping[str, str | tuple[str, ...]] = {
    "model": "models",
    "compare": "models",
    "images": "pictures",
    "tools": "functions",
    "chat": "chats",
    "schema": "schemas",
    # its values are True and False as well
    "cache": ("on", "off", "new"),
}


class PromptParser(LineParser):
    """Parses the options of a prompt."""

    allows_blank = repeats_words = True

    def unknown_word(self, word: str) -> BadOption:
        """Return the error for a word that is not an option: often the prompt itself."""
        shown = f"'{mask_keys(word)}'" if len(word) <= LONGEST_WORD else "A long word on the line"
        return BadOption(
            f"{shown} is not an option; the prompt goes below the %%watsonx line.",
            hint="For one line: %watsonx ask TEXT",
        )


def option_argument(option: Field[Any]) -> Argument:
    """Return an option of a prompt as an argument of a parser."""
    about = option.metadata
    return Argument(
        names=about["flags"],
        help=about["help"],
        metavar=about["metavar"],
        nargs=about["nargs"],
        completes=about["type"].choices or _COMPLETES.get(option.name, ()),
        repeatable=about["repeatable"],
        dest=option.name,
        const=not option.default,
    )


@cache
def prompt_parser() -> PromptParser:
    """Return the parser of the line behind ``%%watsonx``."""
    arguments = map(option_argument, known_options())
    return PromptParser("%%watsonx", arguments, next_step="Next: %watsonx help")


@cache
def ask_parser() -> PromptParser:
    """Return the parser of the options in front of a ``%watsonx ask`` text."""
    arguments = map(option_argument, known_options())
    next_step = "Next: %watsonx help. A text that begins with a hyphen: %watsonx ask -- TEXT"
    return PromptParser("%watsonx ask", arguments, next_step=next_step)


def parse_options(line: str, parser: PromptParser | None = None) -> dict[str, Any]:
    """Return what the options of a prompt set, by their names.

    Parameters
    ----------
    line
        The line behind ``%%watsonx``, or the options in front of a text.
    parser
        The parser of the line; by default that of ``%%watsonx``.

    Raises
    ------
    BadOption
        An unknown option, with the near name; an impossible value; two options that exclude each
        other.
    """
    typed = vars((parser or prompt_parser()).parse_line(line))
    options = {
        option.name: _option_value(option, typed[option.name])
        for option in known_options()
        if typed[option.name] is not None
    }
    check_line(options)
    check_needs(options, flag_of)
    return options


def check_free_text(options: str, text: str, line: str) -> None:
    """Refuse ``ask --system You are a pirate``: where the system message ends is not clear.

    Parameters
    ----------
    options, text
        The two parts of the line.
    line
        The whole of it.

    Raises
    ------
    BadOption
        The last option takes a text, and its value is one word without quotes.
    """
    flag, value = [*split_line(options)[-2:], "", ""][:2]
    is_bare = options.rstrip().endswith(value) and not value.startswith(tuple("\"'"))
    is_apart = line[len(options) :].lstrip().startswith("-- ")
    flags = [
        name for one in known_options() if one.name == "system" for name in one.metadata["flags"]
    ]
    if not (text.strip() and value and is_bare) or is_apart:
        return
    if plain_flag(flag, ask_parser().flags) not in flags:
        return
    raise BadOption(
        f"It is not clear where the text of {flags[-1]} ends and the prompt begins.",
        hint=f'Put the text in quotes: {flags[-1]} "You are ..." PROMPT. One word: '
        f"{flags[-1]} {mask_keys(value)} -- PROMPT",
    )


def check_line(options: Mapping[str, Any]) -> None:
    """Refuse options of one line that exclude each other, before any setting comes into play."""
    defaults = {option.name: option.default for option in known_options()}
    check_combination({**defaults, **options}, flag_of)
    alone = [one.name for one in known_options() if one.metadata["batch"] and one.name in options]
    if alone and "each" not in options:
        raise BadOption(
            f"{flag_of(alone[0])} goes with --each, which names the table.",
            hint=f"For example: %%watsonx --each df {flag_of(alone[0])} ...",
        )


def flag_of(name: str) -> str:
    """Return how an option is typed on a line: "--max-tokens"; "-p top_k" for "param.top_k"."""
    name, _, key = name.partition(".")
    return f"-p {key}" if key else _FLAGS[name]


def _option_value(option: Field[Any], typed: Any) -> Any:  # noqa: ANN401  # as the option has it
    if not option.metadata["metavar"]:
        return typed
    return value_of(option, typed if option.metadata["repeatable"] else [typed])


def value_of(option: Field[Any], texts: Sequence[str]) -> Any:  # noqa: ANN401
    """Return the value of an option from its texts on a line; several if it is repeatable.

    Raises
    ------
    BadOption
        The option does not take that value.
    """
    kind = option.metadata["type"]
    refused: tuple[str, InvalidValue] | None = None
    values = []
    for text in texts:
        try:
            values.append(kind.read(text))
        except ValueError:
            refused = text, kind.invalid(text)
        except InvalidValue as error:
            refused = text, error
        if refused is not None:
            break
    if refused is not None:
        raise bad_value(flag_of(option.name), *refused)
    value = values if option.metadata["repeatable"] else values[0]
    return check_value(option, value, flag_of(option.name))


def options_table() -> str:
    """Return the options as the README's table."""
    lines = ["| option | from Python | what it does |", "| --- | --- | --- |"]
    for option in known_options():
        in_python = not option.metadata["cell_only"] or option.metadata["batch"]
        python = f"`{option.name}=`" if in_python and option.name != "each" else ""
        value = option.metadata["metavar"]
        value = f"[{value}]" if option.metadata["nargs"] else value
        names = f"{', '.join(option.metadata['flags'])} {value}".rstrip()
        lines.append(f"| `{names}` | {python} | {option.metadata['help']} |")
    return "\n".join(lines) + "\n"
