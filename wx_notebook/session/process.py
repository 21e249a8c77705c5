"""What this process has once: its history, its count of tokens, its environment, its hand-over.

This module is imported by `%load_ext`, so it imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from wx_notebook.credentials.secret import OpaqueMapping
from wx_notebook.session.history import History
from wx_notebook.settings import budget
from wx_notebook.usage.ledger import Ledger
from wx_notebook.usage.meter import UsageMeter

#: The last exchange of the cell magics and of `wx.ask`.
HISTORY = History()
#: The tokens of this process and of this user's day.
METER = UsageMeter(Ledger(), default_budget=budget)


def environment() -> Mapping[str, str]:
    """Return the environment of this process, in a form that shows nothing of it."""
    return OpaqueMapping(os.environ)


def mark_of_environment() -> int:
    """Return a number that changes with the environment, and tells nothing about it."""
    return hash(frozenset(os.environ.items()))


class Execution(NamedTuple):
    """The cell that is running: its ID, and that of this run; both "" where nobody tells."""

    cell_id: str = ""
    run_id: str = ""


def execution_of(shell: Any) -> Execution:  # noqa: ANN401  # IPython's InteractiveShell
    """Return the running cell as the front end names it; a terminal and nbclient name none."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return Execution()
    request = kernel.get_parent("shell") or {}
    cell_id = str(request.get("metadata", {}).get("cellId") or "")
    return Execution(cell_id, str(request.get("header", {}).get("msg_id", "")))


class RunningCell:
    """Says which cell is running. The magics know; without them nothing is known."""

    def __init__(self) -> None:
        self.find: Callable[[], Execution] = Execution

    def __call__(self) -> Execution:
        """Return the cell that is running now."""
        return self.find()


RUNNING_CELL = RunningCell()


class RunningCode:
    """The cell or line whose prompt is being sent, as typed; "" for a call from Python."""

    text = ""

    @contextlib.contextmanager
    def running(self, text: str) -> Iterator[None]:
        """Hold a text within the block."""
        before, self.text = self.text, text
        try:
            yield
        finally:
            self.text = before


RUNNING_CODE = RunningCode()


class HandOver:
    """Gives sessions the functions of a room that lies below this one.

    It is imported when it is first used: the front door of the package says how to load it.
    """

    def __init__(self) -> None:
        self._load: Callable[[], Any] | None = None

    def register(self, load: Callable[[], Any]) -> None:
        """Take the function that imports the room and returns it."""
        self._load = load

    def __call__(self) -> Any:  # noqa: ANN401
        """Return the module of the room, imported."""
        assert self._load is not None  # noqa: S101  # the front door is imported before any module
        return self._load()


#: Clients of other libraries, and functions that a model calls.
INTEROP, TOOLS = HandOver(), HandOver()
