"""`%watsonx check`: search for keys in places that are saved or passed on."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from wx_notebook.credentials.provider_chain import known_secrets
from wx_notebook.credentials.secret import Secret
from wx_notebook.display import Progress, canvas_for
from wx_notebook.errors import BadOption, Interrupted
from wx_notebook.guard.matches import Finding, Search
from wx_notebook.guard.patterns import mask_path
from wx_notebook.guard.reports import REPLACE_KEY_HINT
from wx_notebook.guard.scan_files import combined_search, list_files, search_file
from wx_notebook.guard.scan_text import KnownSecretSearch
from wx_notebook.guard.scan_variables import search_variables
from wx_notebook.session import current_session
from wx_notebook.session.process import environment

#: Seconds for everything; people press Stop when it takes longer.
BUDGET_S = 20.0
_MOST_LINES = 8
_EDIT_HISTORY = "the edit history beside it"
_NO_FILE = "not searched: the notebook's file, which is unknown here; name it: %watsonx check X"
_CLEAN_UP = "an edit history cannot be cleaned: stop the server and delete .jupyter_ystore.db"


def check(shell: Any, args: argparse.Namespace) -> None:  # noqa: ANN401  # InteractiveShell
    """Search for keys in this notebook, its copies, IPython's history and the variables.

    Only reads. If files are named, they alone are searched.

    Raises
    ------
    BadOption
        A file does not exist.
    Interrupted
        The user stopped it; what was found until then is shown.
    """
    for name in args.files:
        if not Path(name).expanduser().exists():
            raise BadOption(
                f"There is no file '{mask_path(name)}'.",
                hint="Next: %watsonx check, or %watsonx check FILE.",
            )
    deadline = time.monotonic() + BUDGET_S
    report = _Report(lambda: time.monotonic() > deadline)
    with Progress(canvas_for(shell), "looking for keys") as progress:
        try:
            known, problems = known_secret_search()
            search = combined_search(known)
            for name in args.files:
                report.search_file(mask_path(name), Path(name).expanduser(), search)
            if not args.files:
                _search_everywhere(shell, report, search)
        except KeyboardInterrupt:
            report.was_stopped = True
            problems = []
        progress.show_lines([*report.lines(), *problems])
    if report.was_stopped:
        raise Interrupted("Stopped before everything was searched.", hint="Run it again.")


def _search_everywhere(shell: Any, report: _Report, search: Search) -> None:  # noqa: ANN401
    """Search everything that belongs to this notebook."""
    large: list[str] = []
    report.search("this kernel's variables", lambda: search_variables(
        shell.user_ns, search, report.time_is_up, large.append))  # fmt: skip
    if large:
        names = ", ".join(map(mask_path, large[:_MOST_LINES]))
        report.gaps.append(f"searched only in part, because it is very large: variable {names}")
    notebook = _notebook(shell)
    if notebook is not None:
        report.search_file(f"{mask_path(notebook.name)} as it was last saved", notebook, search)
        folder = notebook.parent / ".ipynb_checkpoints"
        checkpoint = folder / f"{notebook.stem}-checkpoint{notebook.suffix}"
        report.search_file("its checkpoint", checkpoint, search)
        for folder in dict.fromkeys((notebook.parent, Path.cwd())):
            report.search_file(_EDIT_HISTORY, folder / ".jupyter_ystore.db", search)
    elif hasattr(shell, "kernel"):
        report.gaps.append(_NO_FILE)
    history = Path(shell.history_manager.hist_file)
    report.search_file(f"IPython's history ({mask_path(str(history))})", history, search)


def _notebook(shell: Any) -> Path | None:  # noqa: ANN401
    """Return the file of this notebook if the front end or the server has named it."""
    names = (
        shell.user_ns.get("__vsc_ipynb_file__"),
        os.environ.get("JPY_SESSION_NAME"),
        shell.user_ns.get("__session__"),
    )
    for name in names:
        if isinstance(name, str) and name.endswith(".ipynb") and Path(name).is_file():
            return Path(name)
    return None


def known_secret_search() -> tuple[KnownSecretSearch, list[str]]:
    """Return a search for the secrets known here, and which ones could not be read."""
    named, problems = known_secrets(environment())
    secrets: list[Any] = [*named]
    session = current_session()
    if session is not None:
        params = session.state.params
        own = [("api_key", params.api_key), ("token", params.token), ("password", params.password)]
        token = session.state.token
        own.append(("token", token.value if token is not None else None))
        in_use = [("in use", kind, secret) for kind, secret in own if isinstance(secret, Secret)]
        secrets = [*in_use, *secrets]
    return KnownSecretSearch(secrets), problems


class _Report:
    """What was searched, and what was found there."""

    def __init__(self, time_is_up: Callable[[], bool]) -> None:
        self.time_is_up = time_is_up
        self.was_stopped = False
        #: what was not searched, in lines
        self.gaps: list[str] = []
        self._searched: list[str] = []
        self._findings: dict[str, list[Finding]] = {}

    def search_file(self, title: str, path: Path, search: Search) -> None:
        """Search a file or folder, if it exists."""
        if not path.exists():
            return

        def findings() -> Iterator[Finding]:
            for file in list_files(path):
                yield from search_file(file, search, self.time_is_up)

        try:
            self.search(title, findings)
        except OSError as error:
            self.gaps.append(f"not searched: {title}, {error.strerror or 'unreadable'}")

    def search(self, title: str, findings: Callable[[], Iterator[Finding]]) -> None:
        """Add findings one by one, so that those before a stop count."""
        if self.time_is_up():
            self.gaps.append(f"not searched, because the time was up: {title}")
            return
        found = self._findings.setdefault(title, [])
        for finding in findings():
            found.append(finding)
        self._searched.append(title if not self.time_is_up() else f"a part of {title}")

    def lines(self) -> list[str]:
        """Return the report in lines."""
        lines = [f"searched: {', '.join(self._searched) or 'nothing'}", *self.gaps]
        for title, found in self._findings.items():
            if found:
                lines.append(f"{title}:")
                lines += [
                    f"  {finding.description}: {finding.position}"
                    for finding in found[:_MOST_LINES]
                ]
                if len(found) > _MOST_LINES:
                    lines.append(f"  and {len(found) - _MOST_LINES} more")
        if not any(self._findings.values()):
            return [*lines, "no key and no token was found"]
        if self._findings.get(_EDIT_HISTORY):
            lines.append(_CLEAN_UP)
        return [*lines, REPLACE_KEY_HINT]
