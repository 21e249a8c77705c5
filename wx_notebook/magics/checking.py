"""`%watsonx check`: where a key lies that must not lie there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption, Interrupted
from wx_notebook.magics.words import parsed

if TYPE_CHECKING:
    from wx_notebook.guard.hits import Finding, Search
    from wx_notebook.guard.named import Named

#: Seconds for all of it: whoever waits longer presses Stop.
BUDGET_S = 20.0
_MOST_FILES, _MOST_LINES = 20, 8
_NO_FILE = "not looked at: the notebook's file, which is not known here; name it: %watsonx check X"
_RTC = "an edit history cannot be cleaned: with the server stopped, delete .jupyter_ystore.db"


def check(shell: Any, rest: str) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Look for keys in this notebook, what is kept of it, IPython's history and the variables.

    Only reads. With names of files these are looked at, and nothing else.

    Raises
    ------
    BadOption
        There is no such file.
    Interrupted
        The user stopped it; what was found until then is shown.
    """
    from wx_notebook.display import Waiting, canvas_for
    from wx_notebook.guard.files import searching
    from wx_notebook.guard.patterns import shown

    names, _ = parsed("check", rest, {}, most_words=_MOST_FILES)
    for name in names:
        if not Path(name).expanduser().exists():
            raise BadOption(
                f"There is no file '{shown(name)}'.",
                hint="Next: %watsonx check, or with the name of a file.",
            )
    ends = time.monotonic() + BUDGET_S
    looked = _Looked(lambda: time.monotonic() > ends)
    with Waiting(canvas_for(shell), "looking for keys") as waiting:
        try:
            known, problems = _known()
            search = searching(known)
            if names:
                for name in names:
                    looked.at_file(shown(name), Path(name).expanduser(), search)
            else:
                _look_around(shell, looked, search)
        except KeyboardInterrupt:
            looked.was_stopped = True
            problems = []
        waiting.tell([*looked.lines(), *problems])
    if looked.was_stopped:
        raise Interrupted("Stopped before everything was looked at.", hint="Run it again.")


def _look_around(shell: Any, looked: _Looked, search: Search) -> None:  # noqa: ANN401
    from wx_notebook.guard.patterns import shown
    from wx_notebook.guard.variables import search_variables

    large: list[str] = []
    looked.at("this kernel's variables", lambda: search_variables(
        shell.user_ns, search, looked.time_is_up, large.append))  # fmt: skip
    if large:
        named = ", ".join(map(shown, large[:_MOST_LINES]))
        looked.missed.append(f"looked at in part, since it holds very much: variable {named}")
    notebook = _notebook(shell)
    if notebook is not None:
        looked.at_file(f"{notebook.name} as it was last saved", notebook, search)
        kept = notebook.parent / ".ipynb_checkpoints"
        looked.at_file(
            "its checkpoint", kept / f"{notebook.stem}-checkpoint{notebook.suffix}", search
        )
        for folder in dict.fromkeys((notebook.parent, Path.cwd())):
            looked.at_file("the edit history beside it", folder / ".jupyter_ystore.db", search)
    elif hasattr(shell, "kernel"):
        looked.missed.append(_NO_FILE)
    history = Path(shell.history_manager.hist_file)
    looked.at_file(f"IPython's history ({history})", history, search)


def _notebook(shell: Any) -> Path | None:  # noqa: ANN401
    """Return the file of this notebook, as whoever started the kernel named it; else None."""
    names = (
        shell.user_ns.get("__vsc_ipynb_file__"),
        os.environ.get("JPY_SESSION_NAME"),
        shell.user_ns.get("__session__"),
    )
    for name in names:
        if isinstance(name, str) and name.endswith(".ipynb") and Path(name).is_file():
            return Path(name)
    return None


def _known() -> tuple[Named, list[str]]:
    """Return the secrets that can be named here, and what could not be read."""
    from wx_notebook.credentials.named import named_secrets
    from wx_notebook.credentials.secret import Secret
    from wx_notebook.guard.named import Named
    from wx_notebook.session import current
    from wx_notebook.session.twin import environment

    found, problems = named_secrets(environment())
    secrets: list[Any] = [*found]
    held = current()
    if held is not None:
        given = held.given
        mine = [("key", given.api_key), ("token", given.token), ("password", given.password)]
        mine.append(("token", held.token.value if held.token is not None else None))
        secrets = [
            *(("in use", what, one) for what, one in mine if isinstance(one, Secret)),
            *secrets,
        ]
    return Named(secrets), problems


class _Looked:
    """What was looked at, and what was found there."""

    def __init__(self, time_is_up: Callable[[], bool]) -> None:
        self.time_is_up = time_is_up
        self.was_stopped = False
        self.missed: list[str] = []
        self._at: list[str] = []
        self._found: dict[str, list[Finding]] = {}

    def at_file(self, title: str, path: Path, search: Search) -> None:
        """Look at a file or folder, if it is there."""
        from wx_notebook.guard.files import files_in, search_file

        if not path.exists():
            return

        def searched() -> Iterator[Finding]:
            for file in files_in(path):
                yield from search_file(file, search, self.time_is_up)

        try:
            self.at(title, searched)
        except OSError as problem:
            self.missed.append(f"not looked at: {title}, {problem.strerror or 'unreadable'}")

    def at(self, title: str, searched: Callable[[], Iterator[Finding]]) -> None:
        """Look at something; what is found before a stop counts."""
        if self.time_is_up():
            self.missed.append(f"not looked at, for want of time: {title}")
            return
        found = self._found.setdefault(title, [])
        for finding in searched():
            found.append(finding)
        self._at.append(title if not self.time_is_up() else f"a part of {title}")

    def lines(self) -> list[str]:
        """Return what is shown."""
        from wx_notebook.guard.reports import ROTATE

        said = [f"looked at: {', '.join(self._at) or 'nothing'}", *self.missed]
        for title, found in self._found.items():
            if found:
                said.append(f"{title}:")
                said += [f"  {finding.thing}: {finding.where}" for finding in found[:_MOST_LINES]]
                if len(found) > _MOST_LINES:
                    said.append(f"  and {len(found) - _MOST_LINES} more")
        if not any(self._found.values()):
            return [*said, "no key and no token was found"]
        if any("edit history" in title and found for title, found in self._found.items()):
            said.append(_RTC)
        return [*said, ROTATE]
