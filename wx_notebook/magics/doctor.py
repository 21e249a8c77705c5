"""`%watsonx doctor`: what keeps this notebook from an answer."""

from __future__ import annotations

import argparse
from typing import Any

from wx_notebook.display import canvas_for, show_lines
from wx_notebook.display.checklist import Checklist
from wx_notebook.doctor import CheckContext, CheckRunner, detect_front_end
from wx_notebook.errors import strip_frames
from wx_notebook.guard.notices import collect_warnings
from wx_notebook.magics.lab_link import pages_of
from wx_notebook.session import current_session
from wx_notebook.session.process import METER, environment


def diagnose(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """Run the checks and show each with its repair; a failed check does not fail the cell.

    They check the named profile, else the current session, else the credential that a prompt
    would find. They send nothing that costs, and do not change the current session. With `--report`
    only the block for an issue is shown.

    Raises
    ------
    Interrupted
        The user stopped it; the results so far are shown.
    """
    # the frames of a traceback contain texts that are not anonymised yet
    strip_frames(
        lambda: _run(shell, args.profile, report=bool(args.report)),
        "Stopped: the checks without a verdict were not finished.",
    )


def _run(shell: Any, profile: str, *, report: bool) -> None:  # noqa: ANN401
    environ = environment()
    context = CheckContext(
        environ=environ,
        front_end=detect_front_end(shell, environ),
        current_session=current_session(),
        profile=profile,
        meter=METER,
        pages=pages_of(shell),
    )
    checklist = Checklist(canvas_for(shell), context.command)
    try:
        # show a warning about a key in a cell below the list, and not from a thread
        with collect_warnings() as warnings:
            checklist.run(CheckRunner(context), report=report)
    finally:
        context.close()
    if warnings:
        show_lines(shell, warnings)
