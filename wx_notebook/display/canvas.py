"""Where live output goes: one output of a notebook that is updated, or a terminal that scrolls."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from wx_notebook.answer import Answer
from wx_notebook.display.lines import lines_bundle
from wx_notebook.display.terminal import TerminalCanvas

#: The envelope of a message to the front end, next to what it carries.
_ENVELOPE_BYTES = 900


class Canvas(Protocol):
    """Shows an answer while it grows; each method returns the bytes that it sent."""

    def wait(self, line: str) -> int:
        """Show one line that says what is waited for."""

    def paint(self, text: str, reasoning: str = "", *, seconds: float = 0.0) -> int:
        """Show the text so far; before it begins, that the model thinks, since `seconds`."""

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

    def __init__(
        self,
        publisher: Any,  # noqa: ANN401  # IPython's DisplayPublisher
        format: str = "auto",  # noqa: A002  # the option's name
    ) -> None:
        self._publisher = publisher
        self._format = format
        self._transient = {"display_id": uuid.uuid4().hex}
        self._is_there = False

    def wait(self, line: str) -> int:
        """Show one line that says what is waited for; only the first one is announced."""
        from wx_notebook.render import line_html

        html = line_html(line, kind="busy", announced=not self._is_there)
        return self._publish({"text/plain": line, "text/html": html}, {})

    def paint(self, text: str, reasoning: str = "", *, seconds: float = 0.0) -> int:
        """Show the text so far, as far as the next frame will not take it back."""
        from wx_notebook.render import partial_html, thinking_line

        plain = f"... {len(text):,} characters" if text else thinking_line(reasoning, seconds)
        html = partial_html(text, reasoning=reasoning, format=self._format, seconds=seconds)
        return self._publish(
            {"text/plain": plain, "text/html": html}, {"wx_notebook": {"characters": len(text)}}
        )

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


def canvas_for(shell: Any, format: str = "auto") -> Canvas:  # noqa: A002, ANN401  # InteractiveShell
    """Return the canvas for this shell: a kernel has a front end that can update an output.

    Parameters
    ----------
    shell
        IPython's own.
    format
        As what an answer is shown: the option of this name.
    """
    if hasattr(shell, "kernel"):
        return NotebookCanvas(shell.display_pub, format)
    return TerminalCanvas(format=format)
