"""`%watsonx help` and `%watsonx version`."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import version
from typing import Any

from wx_notebook import __version__
from wx_notebook.display import show_lines
from wx_notebook.magics.commands import COMMANDS, command_help, overview, unknown_command

_PACKAGES = ("ipython", "ipywidgets", "anywidget")


def show_help(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401
    """Show all commands and options, or the arguments of one command.

    Raises
    ------
    BadOption
        There is no such command.
    """
    names = [word for word in args.command if word != "%watsonx"]
    if not names:
        show_lines(shell, overview().rstrip().split("\n"))
    elif names[0] not in COMMANDS:
        raise unknown_command(names[0])
    else:
        show_lines(shell, command_help(names[0]))


def show_versions(shell: Any, _: argparse.Namespace) -> None:  # noqa: ANN401
    """Show the versions of this package, of Python and of the packages that show widgets."""
    others = [f"{name} {version(name)}" for name in _PACKAGES]
    python = f"Python {platform.python_version()}"
    show_lines(shell, [f"wx_notebook {__version__} ({python}, {', '.join(others)})"])
