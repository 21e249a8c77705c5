"""`%watsonx doctor`: what stands between this notebook and an answer."""

from __future__ import annotations

from typing import Any

from wx_notebook.errors import unframed
from wx_notebook.magics.guarding import warnings_collected
from wx_notebook.magics.words import Takes, parsed

_TAKES: dict[str, Takes] = {"--report": "none"}


def doctor(shell: Any, rest: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Run the checks and show each with its repair; a failed one does not fail the cell.

    A profile that is named is tried; otherwise the session in force, else what would be found.
    Nothing is sent that costs anything, no session is made or changed. With `--report` the block
    for an issue is shown alone.

    Raises
    ------
    Interrupted
        The user stopped it; what was known by then is shown.
    """
    words, options = parsed("doctor", rest, _TAKES, most_words=1)
    profile = words[0] if words else ""
    # frames on the way hold texts that the mask has not seen
    unframed(
        lambda: _run(shell, profile, report="--report" in options),
        "Stopped: what has no verdict was not looked at to its end.",
    )


def _run(shell: Any, profile: str, *, report: bool) -> None:  # noqa: ANN401
    from wx_notebook.display import canvas_for, show_lines
    from wx_notebook.display.checklist import Checklist
    from wx_notebook.doctor import CHECKS, Case, Examination, front_end_of
    from wx_notebook.session import current
    from wx_notebook.session.twin import METER, environment

    around = environment()
    case = Case(
        environ=around,
        front=front_end_of(shell, around),
        held=current(),
        profile=profile,
        meter=METER,
    )
    checklist = Checklist(canvas_for(shell), case.command)
    try:
        # that a key stands in a cell is said below the list, and not from one of its threads
        with warnings_collected() as warnings:
            checklist.run(Examination(case, CHECKS), report=report)
    finally:
        case.close()
    if warnings:
        show_lines(shell, warnings)
