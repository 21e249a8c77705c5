"""Where live output goes: an output of a notebook that is updated, or a terminal that scrolls."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from wx_notebook.display.output import lines_bundle
from wx_notebook.display.terminal_canvas import TerminalCanvas
from wx_notebook.render import (
    AnswerColumn,
    answer_titles,
    arriving_data,
    columns_frame,
    line_html,
    partial_html,
    preload,
    reasoning_line,
)

if TYPE_CHECKING:
    from wx_notebook.answer import Answer

#: The envelope of a message to the front end, besides its content.
_ENVELOPE_BYTES = 900


class Canvas(Protocol):
    """Shows an answer while it grows; each method returns the number of bytes that it sent."""

    def preload(self) -> None:
        """Import what the first frame needs."""

    def show_progress(self, line: str) -> int:
        """Show one line that says what we wait for; the next output replaces it."""

    def paint(
        self, text: str, reasoning: str = "", *, seconds: float = 0.0, waiting: str = ""
    ) -> int:
        """Show the text so far; before it begins, that the model has been reasoning `seconds`.

        `waiting` says below it that nothing has arrived for a while.
        """

    def retract(self) -> int:
        """Note that the text which is shown was reasoning; the next `paint` shows the answer."""

    def paint_all(
        self, parts: Sequence[tuple[str, str]], *, seconds: float = 0.0, waiting: str = ""
    ) -> int:
        """Show several answers so far, the text and the reasoning of each, as `paint` does one."""

    def show_calls(self, lines: Sequence[str]) -> int:
        """Show the tools that the model has called so far, a line each, above its text."""

    def finish(self, answer: Answer) -> int:
        """Show the complete answer as the final output."""

    def show_lines(self, lines: Sequence[str]) -> int:
        """Show lines of ours as the final output."""

    def show_bundle(
        self, bundle: Mapping[str, Any], metadata: Mapping[str, Any] | None = None
    ) -> int:
        """Show plain text and HTML of ours as the final output."""

    def paint_columns(self, columns: Sequence[AnswerColumn]) -> int:
        """Show the answers of several models so far, side by side."""

    def abandon(self, line: str) -> int:
        """Replace the line of `show_progress` with one line that stays."""


class NotebookCanvas:
    """One output of the cell, updated; frames before the last have one line of plain text."""

    def __init__(
        self,
        publisher: Any,  # noqa: ANN401  # IPython's DisplayPublisher
        format: str = "auto",  # noqa: A002  # the option's name
    ) -> None:
        self._publisher = publisher
        self._format = format
        self._transient = {"display_id": uuid.uuid4().hex}
        self._is_shown = False
        self._calls: tuple[str, ...] = ()

    def preload(self) -> None:
        """Import the renderer."""
        preload()

    def show_progress(self, line: str) -> int:
        """Show one line that says what we wait for; screen readers announce only the first."""
        html = line_html(line, kind="busy", announced=not self._is_shown)
        if self._calls:
            html = partial_html("", calls=self._calls, waiting=line)
        return self._publish({"text/plain": line, "text/html": html, **arriving_data()}, {})

    def paint(
        self, text: str, reasoning: str = "", *, seconds: float = 0.0, waiting: str = ""
    ) -> int:
        """Show the part of the text that the next frame will not take back."""
        return self.paint_all([(text, reasoning)], seconds=seconds, waiting=waiting)

    def paint_all(
        self, parts: Sequence[tuple[str, str]], *, seconds: float = 0.0, waiting: str = ""
    ) -> int:
        """Show the same of several answers, one below the other."""
        size = sum(len(text) for text, _ in parts)
        plain = f"... {size:,} characters" if size else reasoning_line(parts[0][1], seconds)
        plain += f", {waiting}" if waiting else ""
        titles = answer_titles(len(parts))
        html = "".join(
            partial_html(
                text,
                reasoning=reasoning,
                format=self._format,
                seconds=seconds,
                title=title,
                waiting=waiting if title == titles[-1] else "",
                calls=self._calls,
            )
            for title, (text, reasoning) in zip(titles, parts, strict=True)
        )
        data = {"text/plain": plain, "text/html": html, **arriving_data()}
        return self._publish(data, {"wx_notebook": {"characters": size}})

    def retract(self) -> int:
        """Do nothing: the next frame takes the place of this one."""
        return 0

    def show_calls(self, lines: Sequence[str]) -> int:
        """Keep the lines for each frame from now on."""
        self._calls = tuple(lines)
        return 0

    def finish(self, answer: Answer) -> int:
        """Show the complete answer."""
        bundle, metadata = answer._repr_mimebundle_()  # Jupyter's own protocol
        return self._publish(bundle, metadata)

    def show_lines(self, lines: Sequence[str]) -> int:
        """Show lines of ours."""
        return self.show_bundle(lines_bundle(lines))

    def show_bundle(
        self, bundle: Mapping[str, Any], metadata: Mapping[str, Any] | None = None
    ) -> int:
        """Show plain text and HTML of ours."""
        return self._publish(bundle, dict(metadata or {}))

    def paint_columns(self, columns: Sequence[AnswerColumn]) -> int:
        """Show the answers so far in one frame."""
        return self._publish(columns_frame(columns, self._format), {})

    def abandon(self, line: str) -> int:
        """Show one line if there is an output already, because an output can't be removed."""
        if not self._is_shown:
            return 0
        return self._publish({"text/plain": line, "text/html": line_html(line)}, {})

    def _publish(self, data: Mapping[str, Any], metadata: dict[str, Any]) -> int:
        self._publisher.publish(
            data=dict(data), metadata=metadata, transient=self._transient, update=self._is_shown
        )
        self._is_shown = True
        return _ENVELOPE_BYTES + len("".join(map(str, data.values())).encode("utf-8", "replace"))


def canvas_for(shell: Any, format: str = "auto") -> Canvas:  # noqa: A002, ANN401  # InteractiveShell
    """Return the canvas for this shell: a kernel has a front end that can update an output.

    Parameters
    ----------
    shell
        IPython's own.
    format
        How answers are shown: the option of this name.
    """
    if hasattr(shell, "kernel"):
        return NotebookCanvas(shell.display_pub, format)
    return TerminalCanvas(format=format)
