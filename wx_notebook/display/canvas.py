"""Where live output goes: one output of a notebook that is updated, or a terminal that scrolls."""

from __future__ import annotations

import sys
import uuid
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

        plain = f"... {len(text):,} characters"
        return self._publish(
            {"text/plain": plain, "text/html": markdown_html(text, typeset=False)}, {}
        )

    def finish(self, answer: Answer) -> int:
        """Show the whole answer."""
        bundle, metadata = answer._repr_mimebundle_()  # Jupyter's own protocol
        return self._publish(bundle, metadata)

    def abandon(self, line: str) -> int:
        """Leave one line, if `wait` showed one: an output cannot be taken back by its id."""
        from wx_notebook.render import line_html

        if not self._is_there:
            return 0
        return self._publish({"text/plain": line, "text/html": line_html(line)}, {})

    def _publish(self, data: dict[str, str], metadata: dict[str, Any]) -> int:
        self._publisher.publish(
            data=data, metadata=metadata, transient=self._transient, update=self._is_there
        )
        self._is_there = True
        return _ENVELOPE_BYTES + sum(len(text.encode("utf-8", "replace")) for text in data.values())


class TerminalCanvas:
    """A terminal: the text is written as it comes and nothing is taken back."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._written = 0

    def wait(self, line: str) -> int:
        """Show nothing: a line in a terminal would stay."""
        return 0

    def paint(self, text: str) -> int:
        """Write what is new."""
        from wx_notebook.render import clean_text

        # a carriage return is held back until it is known whether a line feed follows
        end = len(text) - text.endswith("\r")
        self._out.write(clean_text(text[self._written : end]))
        self._out.flush()
        self._written = end
        return 0

    def finish(self, answer: Answer) -> int:
        """Write what is still missing, then notes and footer."""
        from wx_notebook.render import clean_text

        self._out.write(clean_text(answer.text[self._written :]))
        lines = [clean_text(line).replace("\n", " ") for line in (*answer.notes, answer.footer)]
        self._out.write("\n\n" + "".join(f"[{line}]\n" for line in lines))
        self._out.flush()
        return 0

    def abandon(self, line: str) -> int:
        """Show nothing: the error says it."""
        return 0


def canvas_for(shell: Any) -> Canvas:  # noqa: ANN401  # IPython's InteractiveShell
    """Return the canvas for this shell: a kernel has a front end that can update an output."""
    return NotebookCanvas(shell.display_pub) if hasattr(shell, "kernel") else TerminalCanvas()
