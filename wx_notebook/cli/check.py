"""`wx-notebook check`: search files for keys and tokens before they are passed on."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from wx_notebook.credentials.provider_chain import known_secrets
from wx_notebook.errors import UserFacingError, make_visible
from wx_notebook.guard.matches import Search
from wx_notebook.guard.patterns import mask_path
from wx_notebook.guard.reports import ALLOWLIST_HINT, REPLACE_KEY_HINT
from wx_notebook.guard.scan_files import combined_search, list_files, search_file
from wx_notebook.guard.scan_text import KnownSecretSearch

_MOST_SHOWN = 200
#: What a shell reports of a program that Ctrl-C has ended.
_INTERRUPTED = 130


def run_check(args: argparse.Namespace) -> int:
    """Print what is found and return the exit status.

    It is 1 if a secret was found, or something that looks like one, and 2 if a file could not be
    read.
    """
    known, problems = known_secrets(os.environ)
    for problem in problems:
        print(make_visible(problem), file=sys.stderr)
    paths: Iterable[Path] = args.files
    files = list(dict.fromkeys(file for path in paths for file in list_files(path)))
    report = _FileReport(combined_search(KnownSecretSearch(known)))
    try:
        for file in files:
            report.search(file)
    except (KeyboardInterrupt, UserFacingError):
        print("Stopped.", file=sys.stderr)
        return _INTERRUPTED
    count = f"{len(files)} file{'s' if len(files) != 1 else ''}"
    if report.secrets:
        more = max(0, report.secrets + report.warnings - _MOST_SHOWN)
        not_shown = f", {more} not shown" if more else ""
        print(f"\n{report.secrets} found in {count}{not_shown}. {REPLACE_KEY_HINT}")
        print(ALLOWLIST_HINT)
        return 1
    print(f"No key and no token of yours in {count}.")
    return 2 if report.has_unreadable else 0


class _FileReport:
    """Prints what is found in files, and counts it."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self.secrets = 0
        self.warnings = 0
        self.has_unreadable = False

    def search(self, file: Path) -> None:
        """Search one file and print where something is, never the thing itself."""
        try:
            findings = search_file(file, self._search)
        except OSError as error:
            self.has_unreadable = True
            why = error.strerror or "unreadable"
            print(f"{mask_path(str(file))} was not searched: {why}", file=sys.stderr)
            return
        for finding in findings:
            is_warning = finding.kind == "foreign_token"
            self.warnings += is_warning
            self.secrets += not is_warning
            if self.warnings + self.secrets <= _MOST_SHOWN:
                warning = "warning: " if is_warning else ""
                place = ": ".join(filter(None, (finding.position, finding.description)))
                print(f"{mask_path(str(file))}: {warning}{place}")
