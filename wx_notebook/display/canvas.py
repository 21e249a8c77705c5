"""Where live output goes: one output of a notebook that is updated, or a terminal that scrolls."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TextIO

from wx_notebook.answer import Answer

#: The envelope of a message to the front end, next to what it carries.
_ENVELOPE_BYTES = 900


class Canvas(Protocol):
    """Shows an answer while it grows; each method returns the bytes that it sent."""

    def wait(self, line: str) -> int:
        """Show one line that says what is waited for."""

    def paint(self, text: str) -> int:
        """Show the text so far."""

    def finish(self, answer: Answer) -> int:
        """Show the whole answer, for good."""

    def tell(self, lines: Sequence[str]) -> int:
        """Show lines of ours, for good."""

    def show(self, bundle: Mapping[str, str]) -> int:
        """Show something of ours in plain text and HTML, for good."""

    def abandon(self, line: str) -> int:
        """Leave one line in place of what `wait` showed."""


class NotebookCanvas:
    """One output of the cell, found again by its `display_id`.

    Frames on the way have HTML and one line of plain text; the last one has both in full.
    """

    def __init__(self, publisher: Any) -> None:  # noqa: ANN401  # IPython's DisplayPublisher
        self._publisher = publisher
        self._transient = {"display_id": uuid.uuid4().hex}
        self._is_there = False

    def wait(self, line: str) -> int:
        """Show one line that says what is waited for."""
        from wx_notebook.render import line_html

        return self._publish({"text/plain": line, "text/html": line_html(line, kind="busy")}, {})

    def paint(self, text: str) -> int:
        """Show the text so far, without typesetting formulas that may be cut in two."""
        from wx_notebook.render import markdown_html

        data = {
            "text/plain": f"... {len(text):,} characters",
            "text/html": markdown_html(text, typeset=False),
        }
        return self._publish(data, {"wx_notebook": {"characters": len(text)}})

    def finish(self, answer: Answer) -> int:
        """Show the whole answer."""
        bundle, metadata = answer._repr_mimebundle_()  # Jupyter's own protocol
        return self._publish(bundle, metadata)

    def tell(self, lines: Sequence[str]) -> int:
        """Show lines of ours."""
        return self.show(lines_bundle(lines))

    def show(self, bundle: Mapping[str, str]) -> int:
        """Show something of ours."""
        return self._publish(bundle, {})

    def abandon(self, line: str) -> int:
        """Leave one line, if `wait` showed one: an output cannot be taken back by its id."""
        from wx_notebook.render import line_html

        if not self._is_there:
            return 0
        return self._publish({"text/plain": line, "text/html": line_html(line)}, {})

    def _publish(self, data: Mapping[str, str], metadata: dict[str, Any]) -> int:
        self._publisher.publish(
            data=dict(data), metadata=metadata, transient=self._transient, update=self._is_there
        )
        self._is_there = True
        return _ENVELOPE_BYTES + sum(len(text.encode("utf-8", "replace")) for text in data.values())


class TerminalCanvas:
    """A terminal: the text is written as it comes and nothing is taken back."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._written = 0
        self._is_waiting = False

    def wait(self, line: str) -> int:
        """Show a line that the next output overwrites; nothing where it would stay."""
        if self._out.isatty():
            self._out.write(f"\r{clean_line(line)}\x1b[K")
            self._out.flush()
            self._is_waiting = True
        return 0

    def paint(self, text: str) -> int:
        """Write what is new."""
        from wx_notebook.render import clean_text

        self._clear()
        # a carriage return is held back until it is known whether a line feed follows
        end = len(text) - text.endswith("\r")
        self._out.write(clean_text(text[self._written : end]))
        self._out.flush()
        self._written = end
        return 0

    def finish(self, answer: Answer) -> int:
        """Write what is still missing, then notes and footer."""
        from wx_notebook.render import clean_text

        self._clear()
        self._out.write(clean_text(answer.text[self._written :]))
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

    def _clear(self) -> None:
        if self._is_waiting:
            self._out.write("\r\x1b[K")
            self._is_waiting = False


def lines_bundle(lines: Sequence[str]) -> dict[str, str]:
    """Return lines of ours, or a table that is made of them, in plain text and HTML."""
    from wx_notebook.render import clean_text, pre_html

    text = "\n".join(clean_text(line) for line in lines)
    return {"text/plain": text, "text/html": pre_html(text)}


def clean_line(text: str) -> str:
    """Return a text as one line without control characters."""
    from wx_notebook.render import clean_text

    return clean_text(text).replace("\n", " ")


def canvas_for(shell: Any) -> Canvas:  # noqa: ANN401  # IPython's InteractiveShell
    """Return the canvas for this shell: a kernel has a front end that can update an output."""
    return NotebookCanvas(shell.display_pub) if hasattr(shell, "kernel") else TerminalCanvas()
