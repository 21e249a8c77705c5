"""`wx-notebook doctor`: the checks of `%watsonx doctor`, from a terminal."""

from __future__ import annotations

import argparse
import json
import sys

from wx_notebook.display import TerminalCanvas
from wx_notebook.display.checklist import Checklist
from wx_notebook.doctor import CheckContext, CheckRunner, FrontEnd, results_document
from wx_notebook.session.process import METER, environment

#: The exit status of a program that Ctrl-C ends, as shells report it.
_INTERRUPTED = 130


def run_doctor(args: argparse.Namespace) -> int:
    """Run the checks; return 0 if none failed, else 1."""
    context = CheckContext(
        environ=environment(),
        front_end=FrontEnd("command", can_ask=sys.stdin is not None and sys.stdin.isatty()),
        profile=args.profile,
        command="wx-notebook doctor",
        meter=METER,
    )
    runner = CheckRunner(context)
    try:
        if args.json:
            for _ in runner:
                pass
        else:
            Checklist(TerminalCanvas(), context.command).run(runner, report=args.report)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return _INTERRUPTED
    finally:
        context.close()
    if args.json:
        print(json.dumps(results_document(runner.statuses, runner.seconds), indent=2))
    return int(any(status.state == "failed" for status in runner.statuses))
