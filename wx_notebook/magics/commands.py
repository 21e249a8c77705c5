"""The sub-commands of `%watsonx`."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wx_notebook.credentials import without_keys
from wx_notebook.errors import BadOption, near
from wx_notebook.magics import (
    checking,
    code,
    models,
    one_prompt,
    settings,
    showing,
    standing,
    use,
)
from wx_notebook.magics import doctor as doctor_command
from wx_notebook.magics import login as login_command
from wx_notebook.magics import usage as tokens
from wx_notebook.magics.defaults import options_of
from wx_notebook.magics.option_line import options_help


class _Command(NamedTuple):
    run: Callable[[Any, str], Any]
    describe: str
    #: what may stand behind it
    takes: str = ""


def run(shell: Any, line: str, local_ns: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  # an Answer from `ask`, else None
    """Run the command that a line begins with; without one, show the help.

    `local_ns` are the names of the function that the line stands in, for a prompt.

    Raises
    ------
    BadOption
        No such command, with the nearest one.
    """
    name, _, rest = line.strip().partition(" ")
    if not name:
        name = "help"
    if name not in COMMANDS:
        raise _no_command(name)
    if rest.strip() in ("--help", "-h"):
        name, rest = "help", name
    if name == "ask":
        # the prompt is everything behind one blank, as typed
        return _ask(shell, rest, local_ns)
    return COMMANDS[name].run(shell, rest.strip())


def usage() -> str:
    """Return the commands and options in plain text of at most 80 columns."""
    commands = "\n".join(f"  %watsonx {name:16}{c.describe}" for name, c in COMMANDS.items())
    return (
        "A prompt, streamed into the notebook; _ is the answer:\n\n"
        "  %%watsonx [options]\n  What is a watt?\n\n"
        "{{ name }} in the prompt becomes the value of that variable.\n\n"
        f"Options:\n{options_help()}\nCommands:\n{commands}\n"
    )


def _ask(shell: Any, text: str, local_ns: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
    return one_prompt.run(shell, text, options_of({}), local_ns)


def _help(shell: Any, rest: str) -> None:  # noqa: ANN401
    from wx_notebook.display import show_lines

    name = rest.removeprefix("%watsonx").strip()
    if name in COMMANDS:
        command = COMMANDS[name]
        show_lines(shell, [f"%watsonx {name} {command.takes}".rstrip(), f"  {command.describe}"])
        return
    if name:
        raise _no_command(name.split()[0])
    show_lines(shell, usage().rstrip().split("\n"))


def _version(shell: Any, rest: str) -> None:  # noqa: ANN401
    from importlib.metadata import version

    from wx_notebook import __version__
    from wx_notebook.display import show_lines

    _takes_nothing("version", rest)
    others = [f"{name} {version(name)}" for name in ("ipython", "ipywidgets", "anywidget")]
    show_lines(
        shell,
        [f"wx_notebook {__version__} (Python {platform.python_version()}, {', '.join(others)})"],
    )


def _no_command(name: str) -> BadOption:
    return BadOption(
        f"'{without_keys(name)[:60]}' is not a command of %watsonx.{near(name, COMMANDS)}",
        hint="Next: %watsonx help",
    )


def _takes_nothing(name: str, rest: str) -> None:
    if rest:
        # what was typed is not repeated: it may be a key
        raise BadOption(f"%watsonx {name} takes nothing more.", hint=f"Next: %watsonx {name}")


COMMANDS = {
    "login": _Command(
        login_command.login,
        "sign in: a form, questions, or a file",
        "[--text | --env FILE | --file FILE] [--remember [NAME]]\n"
        "              [--region X] [--project X | --space X]",
    ),
    "logout": _Command(
        standing.logout, "forget the key, the token and the profile in use", "[PROFILE]"
    ),
    "status": _Command(standing.status, "connected to what, as whom, for how long"),
    "use": _Command(use.use, "go on with another profile, project, model, default", use.TAKES),
    "profiles": _Command(standing.profiles, "those that login --remember has made"),
    "ask": _Command(_ask, "send the rest of the line as a prompt", "TEXT"),
    "models": _Command(
        models.models,
        "the region's models, live; words narrow the list",
        "[WORDS] [--can chat,tools] [--region X]",
    ),
    "usage": _Command(
        tokens.usage,
        "tokens of cell, notebook and day; a budget that stops",
        "[--budget N|off] [--day]",
    ),
    "show": _Command(showing.show_last, "the last request as it went out, and its answer"),
    "settings": _Command(settings.settings, "the defaults of prompts, and where each comes from"),
    "code": _Command(
        code.code,
        "the last prompt as a program outside of notebooks",
        "[--for sdk|langchain|openai|requests|curl] [--cell]",
    ),
    "check": _Command(
        checking.check,
        "look for keys: notebook, history, variables, files",
        "[FILES]",
    ),
    "doctor": _Command(
        doctor_command.doctor,
        "what stands between you and an answer, with repairs",
        "[PROFILE] [--report]",
    ),
    "version": _Command(_version, "versions of this package and its kin"),
    "help": _Command(_help, "this text; of one command, what it takes", "[COMMAND]"),
}
