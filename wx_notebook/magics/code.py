"""`%watsonx code`: the last prompt as a program."""

from __future__ import annotations

import argparse
from typing import Any

from wx_notebook.display import show_copy_button, show_lines
from wx_notebook.errors import BadOption
from wx_notebook.interop import program
from wx_notebook.interop.program_spec import DEFAULT_CONNECTION, ProgramConnection
from wx_notebook.magics.lab_link import put_cell_below
from wx_notebook.session import current_session
from wx_notebook.session.process import HISTORY

_DEFAULT_TARGET = "sdk"


def write_code(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """Print the last prompt as a program that reads key and region from environment variables.

    Raises
    ------
    BadOption
        There is no prompt yet, or such a program can't send it.
    """
    request = HISTORY.last_request
    if request is None:
        raise BadOption(
            "There is no prompt yet to write a program from.",
            hint="Next: run a %%watsonx cell, then %watsonx code",
        )
    target = getattr(args, "for") or _DEFAULT_TARGET
    text = program(request, target, _connection())
    if args.cell:
        # the notebook inserts the cell, and nothing runs by itself
        put_cell_below(shell, f"%%bash\n{text}" if target == "curl" else text)
        return
    show_lines(shell, text.rstrip("\n").split("\n"))
    # only a front end with a user has a use for the button
    if getattr(getattr(shell, "kernel", None), "_allow_stdin", False):
        again = f"%watsonx code --for {target} --cell puts it into the next cell"
        show_copy_button(shell, text, again)


def _connection() -> ProgramConnection:
    """Return the connection of the current session, else that of IBM Cloud."""
    session = current_session()
    if session is None:
        return DEFAULT_CONNECTION
    return ProgramConnection.of(session.endpoints, session.state.params)
