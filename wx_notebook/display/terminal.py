"""A terminal as the place where an answer is shown, or a file that a terminal was sent to."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from wx_notebook.answer import Answer
from wx_notebook.display.lines import clean_line, lines_bundle

#: Formats of which there is nothing to show before the answer is whole.
_WHOLE = frozenset({"code", "json"})
_DIM, _NORMAL = "\x1b[2m", "\x1b[0m"


class TerminalCanvas:
    """A terminal: the text is written as it comes and nothing is taken back.

    What is waited for, thinking, and the count of an answer whose format is shown as a whole are
    one line that the next output overwrites; a file gets none of them.
    """

    def __init__(self, out: TextIO | None = None, format: str = "auto") -> None:  # noqa: A002
        self._out = out or sys.stdout
        self._format = format
        self._written = 0
        self._is_waiting = False

    def wait(self, line: str) -> int:
        """Show a line that the next output overwrites; nothing where it would stay."""
        if self._out.isatty():
            self._out.write(f"\r{clean_line(line)}\x1b[K")
            self._out.flush()
            self._is_waiting = True
        return 0

    def paint(self, text: str, reasoning: str = "", *, seconds: float = 0.0) -> int:
        """Write what is new of the text; the thinking before it is one dim line."""
        from wx_notebook.render import settled_text, thinking_line

        if not text:
            self._count(thinking_line(reasoning, seconds))
        elif self._format in _WHOLE:
            self._count(f"receiving {self._format} ({len(text):,} characters)")
        else:
            self._write(settled_text(text))
        return 0

    def finish(self, answer: Answer) -> int:
        """Write what is still missing, then notes and footer."""
        from wx_notebook.render import clean_text, plain_answer

        if self._format in _WHOLE:
            self._clear()
            self._out.write(plain_answer(answer.text, self._format))
        else:
            self._write(clean_text(answer.text))
        lines = [clean_line(line) for line in (*answer.notes, answer.footer)]
        self._out.write("\n\n" + "".join(f"[{line}]\n" for line in lines))
        self._out.flush()
        return 0

    def tell(self, lines: Sequence[str]) -> int:
        """Write lines of ours."""
        return self.show(lines_bundle(lines))

    def show(self, bundle: Mapping[str, str]) -> int:
        """Write something of ours in its plain text."""
        self._clear()
        self._out.write(bundle["text/plain"] + "\n")
        self._out.flush()
        return 0

    def abandon(self, line: str) -> int:
        """Show nothing: the error says it."""
        self._clear()
        return 0

    def _write(self, clean: str) -> None:
        """Write what is new of a text; a part of it alone could not be cleaned."""
        self._clear()
        self._out.write(clean[self._written :])
        self._out.flush()
        self._written = max(self._written, len(clean))

    def _count(self, line: str) -> None:
        if self._out.isatty():
            self._out.write(f"\r{_DIM}{clean_line(line)}{_NORMAL}\x1b[K")
            self._out.flush()
            self._is_waiting = True

    def _clear(self) -> None:
        if self._is_waiting:
            self._out.write("\r\x1b[K")
            self._is_waiting = False
