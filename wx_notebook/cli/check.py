"""`wx-notebook check`: files, searched for keys and tokens before they are passed on."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

_MOST_SHOWN = 200


def run(chosen: argparse.Namespace) -> int:
    """Print what is found; return 1 if it is, or looks like, a secret, 2 for an unreadable file."""
    from wx_notebook.credentials.named import named_secrets
    from wx_notebook.errors import Told
    from wx_notebook.guard.files import files_in, search_file, searching
    from wx_notebook.guard.named import Named
    from wx_notebook.guard.patterns import shown
    from wx_notebook.guard.reports import ROTATE, SAY_SO

    found, problems = named_secrets(os.environ)
    search = searching(Named(found))
    for problem in problems:
        print(problem, file=sys.stderr)
    paths: Sequence[Path] = chosen.files
    files = list(dict.fromkeys(file for path in paths for file in files_in(path)))
    secrets = warnings = 0
    unreadable = False
    try:
        for file in files:
            try:
                findings = search_file(file, search)
            except OSError as problem:
                unreadable = True
                said = f"{shown(str(file))} was not looked at: {problem.strerror or 'unreadable'}"
                print(said, file=sys.stderr)
                continue
            for finding in findings:
                is_warning = finding.what == "other_token"
                warnings, secrets = warnings + is_warning, secrets + (not is_warning)
                if warnings + secrets <= _MOST_SHOWN:
                    begins = f"{shown(str(file))}: {'warning: ' if is_warning else ''}"
                    print(begins + ": ".join(filter(None, (finding.where, finding.thing))))
    except (KeyboardInterrupt, Told):
        print("Stopped.", file=sys.stderr)
        return 130
    count = f"{len(files)} file{'s' if len(files) != 1 else ''}"
    if secrets:
        more = max(0, secrets + warnings - _MOST_SHOWN)
        print(f"\n{secrets} found in {count}{f', {more} not shown' if more else ''}. {ROTATE}")
        print(SAY_SO)
        return 1
    print(f"No key and no token of yours in {count}.")
    return 2 if unreadable else 0
