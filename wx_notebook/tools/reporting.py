"""Shows the calls of tools, and asks whether they may run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol, TextIO

from wx_notebook.answer import ToolCall
from wx_notebook.render import clean_line

_QUESTION = "Run it? y (yes), n (no), a (all calls of this prompt): "


class Reporter(Protocol):
    """Who shows calls and asks for them."""

    def calling(self, call: ToolCall) -> None:
        """Show a call before it runs."""

    def allows(self, call: ToolCall) -> bool:
        """Ask whether a call that is shown may run."""

    def done(self, call: ToolCall) -> None:
        """Show what came of the call that was shown last."""


class Asking:
    """Asks for each call, until somebody allows all of them."""

    def __init__(self, ask: Callable[[str], str] | None = None) -> None:
        self._ask = ask or _ask
        self._is_all_allowed = False

    def __call__(self, line: str) -> bool:
        """Return whether a call may run; `line` says which, as it was shown."""
        while not self._is_all_allowed:
            reply = self._ask(f"{line}\n{_QUESTION}").strip().lower()
            if reply in ("n", "no"):
                return False
            if reply in ("y", "yes"):
                return True
            self._is_all_allowed = reply in ("a", "all")
        return True


class TextReporter:
    """Writes calls as lines of text: for scripts, and for `wx.ask` in a cell."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out
        self._asking = Asking()

    def calling(self, call: ToolCall) -> None:
        """Write the call."""
        self._write(call.signature)

    def allows(self, call: ToolCall) -> bool:
        """Ask with Python's `input`, which a notebook shows as a field."""
        return self._asking(clean_line(call.signature))

    def done(self, call: ToolCall) -> None:
        """Write what came of it."""
        self._write(f"  {call.line.removeprefix(call.signature).lstrip(': ')}")

    def _write(self, line: str) -> None:
        out = self._out or sys.stdout
        out.write(clean_line(line) + "\n")
        out.flush()


def _ask(question: str) -> str:
    # looked up when it is asked: a kernel puts its own `input` in the place of Python's
    try:
        return input(question)
    except EOFError:  # Ctrl-D, or nobody is there any more
        return "no"
