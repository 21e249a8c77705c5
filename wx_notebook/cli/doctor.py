"""`wx-notebook doctor`: the same checks from a terminal."""

from __future__ import annotations

import argparse
import json
import sys

#: What a shell says of a program that Ctrl-C has ended.
_INTERRUPTED = 130


def run(chosen: argparse.Namespace) -> int:
    """Run the checks; the exit status is 0 when none failed, else 1."""
    from wx_notebook.display import TerminalCanvas
    from wx_notebook.display.checklist import Checklist
    from wx_notebook.doctor import CHECKS, Case, Examination, FrontEnd, document
    from wx_notebook.session.twin import METER, environment

    case = Case(
        environ=environment(),
        front=FrontEnd("command", can_ask=sys.stdin is not None and sys.stdin.isatty()),
        profile=chosen.profile,
        command="wx-notebook doctor",
        meter=METER,
    )
    examination = Examination(case, CHECKS)
    try:
        if chosen.json:
            for _ in examination:
                pass
        else:
            checklist = Checklist(TerminalCanvas(), case.command)
            checklist.run(examination, report=chosen.report)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return _INTERRUPTED
    finally:
        case.close()
    if chosen.json:
        print(json.dumps(document(examination.results, examination.seconds), indent=2))
    return int(any(result.verdict == "failed" for result in examination.results))
