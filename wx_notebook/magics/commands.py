"""The commands of `%watsonx`: a table of their names, arguments and help, and the dispatcher.

A command's module is imported when the command runs, so that ``%load_ext`` stays light. A command
is a function of the shell and the parsed arguments.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.magics.arguments import Argument
from wx_notebook.magics.option_line import (
    CONFIGURABLE,
    ask_parser,
    check_free_text,
    option_argument,
    parse_options,
    prompt_parser,
)
from wx_notebook.magics.parser import LineParser
from wx_notebook.session.process import RUNNING_CODE

_PROMPT = "wx_notebook.magics.run_prompt:send_cell"
_BATCH = "wx_notebook.magics.run_batch:send_table"
_RUN_BATCH = "wx_notebook.magics.run_batch:run_shown"
_LONGEST_NAME = 60
_HELP_WORDS = ("-h", "--help", "?", "-?")
_WIDTH = 78


class Command(NamedTuple):
    """What there is to know of a command without importing it."""

    #: "module:function"
    target: str
    description: str
    arguments: tuple[Argument, ...] = ()
    #: a sentence below the arguments in the help
    note: str = ""


_PROFILE = Argument(("profile",), "the name of a saved profile", "PROFILE", "?", "profiles")
_REGION = Argument(("--region",), "a region of watsonx.ai", "REGION", completes="regions")
_PROJECT = Argument(("--project",), "the name or ID of a project", "PROJECT", group="scope")
_SPACE = Argument(("--space",), "the name or ID of a deployment space", "SPACE", group="scope")

COMMANDS: Mapping[str, Command] = {
    "login": Command(
        "wx_notebook.magics.login:log_in",
        "sign in: by a form, by questions, or from a file",
        (
            Argument(("--text",), "ask by questions instead of a form", group="way"),
            Argument(("--env",), "read a .env file", "FILE", completes="files", group="way"),
            Argument(("--file",), "read an apikey.json", "FILE", completes="files", group="way"),
            Argument(("--remember",), "save the credential as a profile in the keyring", "NAME",
                     "?", "profiles"),
            _REGION, _PROJECT, _SPACE,
        ),
    ),
    "logout": Command(
        "wx_notebook.magics.status:log_out",
        "forget the key, the token and the profile in use",
        (
            _PROFILE,
            Argument(("--everywhere",), "also end the Jupyter server's sign-in, for all notebooks"),
        ),
    ),
    "status": Command(
        "wx_notebook.magics.status:show_status", "who is connected, where, for how long"
    ),
    "use": Command(
        "wx_notebook.magics.use:use",
        "change profile, project, region, model or defaults",
        (
            _PROFILE, _PROJECT, _SPACE, _REGION,
            *map(option_argument, CONFIGURABLE.values()),
        ),
        "The options of prompts are the defaults from now on; the word default takes one back: "
        "%watsonx use --temperature default",
    ),
    "profiles": Command(
        "wx_notebook.magics.profiles:list_profiles", "the profiles that login --remember has saved"
    ),
    "ask": Command(
        _PROMPT,
        "send the rest of the line as a prompt",
        (Argument(("text",), "the prompt, exactly as typed", "TEXT"),),
        "Options of %%watsonx go in front of the text: %watsonx ask --max-tokens 20 What is a "
        "watt? A text that begins with a hyphen goes behind --: %watsonx ask -- TEXT",
    ),
    "models": Command(
        "wx_notebook.magics.models:list_models",
        "the region's models, live; words narrow the list",
        (
            Argument(("words",), "show the models that match all of these", "WORDS", "*",
                     "all models"),
            Argument(("--can",), "show the models that can do all of these, separated by commas",
                     "CAPABILITIES", completes="capabilities", repeatable=True),
            _REGION,
        ),
    ),
    "usage": Command(
        "wx_notebook.magics.usage:show_usage",
        "tokens used by cell, notebook and day; sets a budget",
        (
            Argument(("--budget",), "send no prompt that does not fit into N tokens", "N|off",
                     completes=("off",)),
            Argument(("--day",), "with --budget: the tokens of a day, not of this notebook"),
        ),
    ),
    "explain": Command(
        "wx_notebook.magics.explain:explain_failure",
        "ask a model why the last cell failed",
        (
            Argument(("question",), "what you want to know; why, and how to fix it, if not given",
                     "QUESTION", "*"),
            Argument(("-m", "--model"), "the model or its alias", "MODEL_ID", completes="models"),
            Argument(("--show",), "print the request and send nothing"),
        ),
        "The error, the code of its cell and the values in it are printed first, without keys. A "
        "corrected cell appears below and is not run.",
    ),
    "chats": Command(
        "wx_notebook.magics.chats:manage_chats",
        "the conversations of --chat: show, fork, keep them",
        (
            Argument(("words",), "show, fork, clear, export FILE or import FILE, and the name of a "
                     "chat; without a name the notebook's own", "ACTION", "*", "chat actions"),
            Argument(("--turn",), "with fork: the last turn that the new chat begins with", "N"),
            Argument(("--as",), "with fork: the name of the new chat", "NAME", dest="new_name"),
            Argument(("--all",), "with show: also the branches that were replaced"),
        ),
    ),
    "batches": Command(
        "wx_notebook.magics.batches:manage_batches",
        "tables of answers: list, resume, cancel, export",
        (
            Argument(("words",), "resume ID, cancel ID, export ID FILE (.csv, .jsonl or .parquet), "
                     "or delete ID; without words all are listed", "ACTION", "*", "batch actions"),
        ),
        "resume puts the cell below: run it, and only what is missing is sent. What is ready at "
        "the service (--on service) is fetched first; cancel ends what is not.",
    ),
    "history": Command(
        "wx_notebook.magics.history:manage_history", "batches and cached prompts: search, rerun",
        (Argument(("words",), "only those that have all of these words", "WORDS", "*"),
         Argument(("--show",), "print a prompt and its answer, or a batch", "ID", group="act"),
         Argument(("--rerun",), "put the cell of one below", "ID", group="act"),
         Argument(("--delete",), "delete one with its answers", "ID", group="act")),
        "It has only what the journal keeps: prompts over tables, and prompts with --cache.",
    ),
    "tools": Command(
        "wx_notebook.magics.list_tools:list_tools",
        "what a model may call: functions and MCP servers",
    ),
    "show": Command(
        "wx_notebook.magics.show:show_last", "the last request as it was sent, and its answer"
    ),
    "settings": Command(
        "wx_notebook.magics.settings:show_settings",
        "the defaults of prompts, and where each comes from",
    ),
    "code": Command(
        "wx_notebook.magics.code:write_code",
        "the last prompt as a program to run without notebooks",
        (
            Argument(("--for",), "the library or tool of the program; sdk if not given",
                     "sdk|langchain|openai|requests|curl",
                     completes=("sdk", "langchain", "openai", "requests", "curl")),
            Argument(("--cell",), "put the program into the next cell"),
        ),
    ),
    "check": Command(
        "wx_notebook.magics.check:check",
        "search notebook, history, variables or files for keys",
        (Argument(("files",), "search these files and nothing else", "FILES", "*", "files"),),
    ),
    "doctor": Command(
        "wx_notebook.magics.doctor:diagnose",
        "find out what keeps you from an answer",
        (_PROFILE, Argument(("--report",), "print only the block for an issue")),
    ),
    "version": Command(
        "wx_notebook.magics.help:show_versions", "versions of this package and of others"
    ),
    "help": Command(
        "wx_notebook.magics.help:show_help",
        "this text, or the arguments of one command",
        (Argument(("command",), "a command of this list", "COMMAND", "*", "commands"),),
    ),
}  # fmt: skip


def run(shell: Any, line: str, local_ns: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  # an Answer from `ask`, else None
    """Run the command at the start of a line; without one, show the help.

    Parameters
    ----------
    local_ns
        The names of the function that the line stands in, for a prompt.

    Raises
    ------
    BadOption
        There is no such command, with the near name; or it does not take these arguments.
    """
    name, _, rest = line.strip().partition(" ")
    name = "help" if name in ("", *_HELP_WORDS) else name
    if name not in COMMANDS:
        raise unknown_command(name)
    if rest.strip() in _HELP_WORDS:
        name, rest = "help", name
    if name == "ask":
        # the prompt is everything behind the options and one blank, as typed
        options, text = ask_parser().split_text(rest)
        check_free_text(options, text, rest)
        params = parse_options(options, ask_parser())
        return _send(shell, text, params, local_ns, code=f"%watsonx {line}")
    return _imported(COMMANDS[name].target)(shell, parser_of(name).parse_line(rest))


def call(shell: Any, name: str, **arguments: Any) -> Any:  # noqa: ANN401
    """Run a command with the values of its arguments, for its twin in Python."""
    return _imported(COMMANDS[name].target)(shell, argparse.Namespace(**arguments))


def run_cell(shell: Any, line: str, text: str) -> Any:  # noqa: ANN401  # an Answer, None with --show
    """Send the text of a cell with the options of its line.

    Raises
    ------
    BadOption
        The line holds something else than options.
    """
    return _send(shell, text, parse_options(line), None, code=f"%%watsonx {line}\n{text}")


def run_batch(shell: Any, batch: Any, **more: Any) -> Any:  # noqa: ANN401
    """Run a batch that a Python call made, and show how far it is; return its `BatchResult`."""
    return _imported(_RUN_BATCH)(shell, batch, **more)


def _send(
    shell: Any, text: str, params: Mapping[str, Any], local_ns: Mapping[str, Any] | None, *,  # noqa: ANN401
    code: str,
) -> Any:  # fmt: skip  # noqa: ANN401
    """Send a prompt, or one for each row of a table; `code` is what the user typed."""
    if "each" in params:
        return _imported(_BATCH)(shell, text, params, local_ns, code)
    with RUNNING_CODE.running(code):
        return _imported(_PROMPT)(shell, text, params, local_ns)


def unknown_command(name: str) -> BadOption:
    """Return the error for a name that is not in the table."""
    return BadOption(
        f"'{mask_keys(name)[:_LONGEST_NAME]}' is not a command of %watsonx."
        f"{did_you_mean(name, COMMANDS)}",
        hint="Next: %watsonx help",
    )


@cache
def parser_of(name: str) -> LineParser:
    """Return the parser of a command's arguments."""
    next_step = f"Next: %watsonx help {name}"
    return LineParser(f"%watsonx {name}", COMMANDS[name].arguments, next_step=next_step)


def command_help(name: str) -> list[str]:
    """Return the help of one command, in lines of at most 78 columns."""
    parser, command = parser_of(name), COMMANDS[name]
    lines = [*parser.usage_lines(), f"  {command.description}", *parser.argument_lines()]
    return [*lines, *textwrap.wrap(command.note, _WIDTH)]


def overview() -> str:
    """Return all commands and the options of prompts, in lines of at most 80 columns."""
    options = "\n".join(prompt_parser().argument_lines())
    commands = "\n".join(f"  %watsonx {name:16}{c.description}" for name, c in COMMANDS.items())
    return (
        "A prompt; its answer streams into the notebook and becomes _:\n\n"
        "  %%watsonx [options]\n  What is a watt?\n\n"
        "{{ name }} in the prompt becomes the value of that variable.\n\n"
        f"Options:\n{options}\n\nCommands:\n{commands}\n"
    )


def _imported(target: str) -> Callable[..., Any]:
    """Import and return what a "module:function" names."""
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function
