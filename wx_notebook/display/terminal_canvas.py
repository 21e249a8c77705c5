"""A terminal, or a file, as the place of live output."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from wx_notebook.display.output import lines_bundle
from wx_notebook.render import (
    VALUE_FORMAT,
    AnswerColumn,
    answer_text,
    answer_titles,
    clean_line,
    clean_text,
    columns_line,
    partial_value_lines,
    reasoning_line,
    stable_text,
)

if TYPE_CHECKING:
    from wx_notebook.answer import Answer

#: Formats that a terminal shows only when the answer is complete.
_COMPLETE_ONLY = frozenset({"code", "json", VALUE_FORMAT})
_DIM, _NORMAL = "\x1b[2m", "\x1b[0m"
#: The cursor's place, kept and restored. In between a long line does not wrap: it would scroll.
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
_KEEP_PLACE, _BACK_TO_PLACE = f"\x1b7{_NO_WRAP}", f"{_WRAP}\x1b8"


class TerminalCanvas:
    """A terminal, or a file: the text is written as it comes, and nothing is taken back.

    In a terminal the wait, the reasoning, and the size of an answer that is shown only when it is
    complete are one line that the next output overwrites; a value that grows is several. A file
    gets none of these lines.
    """

    def __init__(self, out: TextIO | None = None, format: str = "auto") -> None:  # noqa: A002
        self._out = out or sys.stdout
        self._format = format
        self._written = 0
        self._has_status = False
        self._status_lines = 1
        self._is_behind = False

    def preload(self) -> None:
        """Do nothing: text is written as it comes."""

    def show_progress(self, line: str) -> int:
        """Show a line that the next output overwrites; nothing in a file."""
        self._write_status(clean_line(line))
        return 0

    def paint(
        self, text: str, reasoning: str = "", *, seconds: float = 0.0, waiting: str = ""
    ) -> int:
        """Write the new part of the text; the reasoning before it is one dim line."""
        if text and self._format not in _COMPLETE_ONLY:
            self._write(stable_text(text))
            if waiting:
                self._write_behind(waiting)
            return 0
        lines = [f"receiving {self._format} ({len(text):,} characters)"]
        if self._format == VALUE_FORMAT:
            lines = partial_value_lines(text)
        lines[0] += f", {waiting}" if waiting else ""
        lines = lines if text else [reasoning_line(reasoning, seconds)]
        # what has left the screen can't be overwritten; its end is what is new
        height = max(1, shutil.get_terminal_size().lines - 3)
        head, *rest = map(clean_line, lines)
        self._write_status(f"{_DIM}{head}{_NORMAL}", *rest[-height:])
        return 0

    def retract(self) -> int:
        """Write what the text above was: a terminal takes nothing back."""
        if self._written:
            self._clear_status()
            self._out.write("\n\n[the text above is the model's thinking]\n\n")
            self._written = 0
        return 0

    def show_calls(self, lines: Sequence[str]) -> int:
        """Write the last line, which is new."""
        self._clear_status()
        begin = "\n" if self._written else ""
        self._out.write(f"{begin}[{clean_line(lines[-1])}]\n")
        self._out.flush()
        return 0

    def paint_all(
        self, parts: Sequence[tuple[str, str]], *, seconds: float = 0.0, waiting: str = ""
    ) -> int:
        """Write the new part of the first answer; the others follow when they are complete."""
        return self.paint(*parts[0], seconds=seconds, waiting=waiting)

    def finish(self, answer: Answer) -> int:
        """Write the rest of the answer, then further ones, each with its notes, and the footer."""
        if self._format in _COMPLETE_ONLY:
            self._clear_status()
            self._out.write(self._body(answer))
        else:
            self._write(clean_text(answer.text))
        for title, one in zip(answer_titles(len(answer.answers)), answer.answers, strict=True):
            if one is not answer:
                self._out.write(f"[{title}]\n{self._body(one)}")
            self._out.write("\n\n" + "".join(f"[{clean_line(line)}]\n" for line in one.notes))
        self._out.write(f"[{clean_line(answer.footer)}]\n")
        self._out.flush()
        return 0

    def _body(self, answer: Answer) -> str:
        is_value = self._format == VALUE_FORMAT
        return answer.body if is_value else answer_text(answer.text, self._format)

    def show_lines(self, lines: Sequence[str]) -> int:
        """Write lines of ours."""
        return self.show_bundle(lines_bundle(lines))

    def paint_columns(self, columns: Sequence[AnswerColumn]) -> int:
        """Say how much has arrived: several texts cannot grow in a terminal at the same time."""
        self._write_status(columns_line(columns))
        return 0

    def show_bundle(
        self, bundle: Mapping[str, Any], metadata: Mapping[str, Any] | None = None
    ) -> int:
        """Write the plain text of an output of ours."""
        self._clear_status()
        self._out.write(bundle["text/plain"] + "\n")
        self._out.flush()
        return 0

    def abandon(self, line: str) -> int:
        """Remove the line of `show_progress`; the error that follows says the rest."""
        self._clear_status()
        return 0

    def _write(self, clean: str) -> None:
        """Write the new part of a clean text: a part could not be cleaned on its own."""
        self._clear_status()
        self._out.write(clean[self._written :])
        self._out.flush()
        self._written = max(self._written, len(clean))

    def _write_status(self, *lines: str) -> None:
        if self._out.isatty():
            if self._status_lines > 1:
                self._clear_status()
            shown = "\n".join(lines)
            shown = f"{_NO_WRAP}{shown}{_WRAP}" if len(lines) > 1 else shown
            self._out.write(f"\r{shown}\x1b[K")
            self._out.flush()
            self._has_status, self._status_lines = True, len(lines)

    def _write_behind(self, line: str) -> None:
        """Write a line behind the text, which ends where the next part goes on."""
        if self._out.isatty():
            self._out.write(f"{_KEEP_PLACE} {_DIM}[{line}]{_NORMAL}{_BACK_TO_PLACE}")
            self._out.flush()
            self._is_behind = True

    def _clear_status(self) -> None:
        if self._is_behind:
            self._out.write("\x1b[K")
            self._is_behind = False
        if self._has_status:
            above = self._status_lines - 1
            self._out.write(f"\x1b[{above}A\r\x1b[J" if above else "\r\x1b[K")
            self._has_status, self._status_lines = False, 1
