"""Answers of several models side by side; on a narrow page below each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from wx_notebook.render.answers import answer_html, answer_text, partial_html
from wx_notebook.render.front_end import AnswerData, arriving_data, comparison_data
from wx_notebook.render.html import escaped_line, note_html
from wx_notebook.render.styles import EDGE, NO_TEX
from wx_notebook.render.text import clean_line, clean_text
from wx_notebook.render.values import value_as_text

#: As many columns of this width as the page has room for.
_GRID = (
    "display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19em),1fr));"
    "gap:1em 1.2em;align-items:start"
)
# without a width of its own a column is as wide as its longest line of code
_COLUMN = (
    "min-width:0;overflow-x:auto;padding-top:.3em;"
    "border-top:2px solid var(--jp-border-color1,#9e9e9e)"
)
_TITLE = (
    "font-weight:bold;overflow-wrap:anywhere;"
    "color:var(--jp-ui-font-color1,inherit);font-size:var(--jp-ui-font-size1,13px)"
)


class AnswerColumn(NamedTuple):
    """One answer among several.

    Attributes
    ----------
    title
        The model.
    text, reasoning
        As far as they have arrived.
    facts
        One line below: time to the first word, tokens, finish reason, or what it waits for.
    notes
        Lines between the text and that line.
    is_done
        Whether all of it is here.
    seconds
        How long the model has been reasoning; 0 leaves that out.
    values
        The JSON value of an answer with a schema, none where it does not fit.
    """

    title: str
    text: str = ""
    reasoning: str = ""
    facts: str = ""
    notes: tuple[str, ...] = ()
    is_done: bool = False
    seconds: float = 0.0
    values: tuple[Any, ...] = ()


def columns_html(
    columns: Sequence[AnswerColumn],
    *,
    format: str = "auto",  # noqa: A002  # the option's name
    summary: str = "",
) -> str:
    """Return answers side by side, those that still arrive as far as they are.

    Parameters
    ----------
    columns
        The answers.
    format
        How they are shown: the option of this name.
    summary
        One sentence for screen readers, once all are complete.
    """
    cells = []
    for column in columns:
        last = summary if column is columns[-1] else ""
        inner = _column_body(column, format, last)
        title = f'<div class="wxn-title" style="{_TITLE}">{escaped_line(column.title)}</div>'
        cells.append(f'<div class="wxn-column" style="{_COLUMN}">{title}{inner}</div>')
    return f'<div class="wxn-columns {NO_TEX}" style="{EDGE};{_GRID}">{"".join(cells)}</div>'


def _column_body(column: AnswerColumn, format: str, summary: str) -> str:  # noqa: A002
    if not column.is_done:
        if not (column.text.strip() or column.reasoning.strip()):
            return note_html(column.facts)
        return partial_html(
            column.text, reasoning=column.reasoning, format=format, seconds=column.seconds
        ) + note_html(column.facts)
    if not column.text.strip() and not column.reasoning.strip():
        lines = [*column.notes, column.facts]
        return "".join(note_html(line) for line in lines if line)
    return answer_html(
        column.text, footer=column.facts, notes=column.notes, reasoning=column.reasoning,
        format=format, summary=summary, values=column.values,
    )  # fmt: skip


def columns_frame(
    columns: Sequence[AnswerColumn],
    format: str,  # noqa: A002
) -> dict[str, str | AnswerData]:
    """Return answers that still arrive as one line of plain text, and as HTML."""
    html = columns_html(columns, format=format)
    return {"text/plain": columns_line(columns), "text/html": html, **arriving_data()}


def columns_bundle(
    columns: Sequence[AnswerColumn],
    format: str,  # noqa: A002
    summary: str,
) -> dict[str, str | AnswerData]:
    """Return complete answers as plain text and as HTML, with what the extension copies."""
    texts = ((clean_line(column.title), clean_text(column.text)) for column in columns)
    return {
        "text/plain": columns_text(columns, format),
        "text/html": columns_html(columns, format=format, summary=summary),
        **comparison_data(texts),
    }


def columns_line(columns: Sequence[AnswerColumn]) -> str:
    """Return in one line how much has arrived."""
    done = sum(column.is_done for column in columns)
    size = sum(len(column.text) for column in columns)
    return f"... {done} of {len(columns)} answers are complete, {size:,} characters"


def columns_text(columns: Sequence[AnswerColumn], format: str = "auto") -> str:  # noqa: A002
    """Return complete answers as text, one below the other, for a terminal."""
    blocks = []
    for column in columns:
        title = clean_line(column.title)
        lines = [title, "-" * len(title)]
        if column.text.strip():
            value = value_as_text(column.values[0]) if column.values else ""
            lines += [value or answer_text(column.text, format), ""]
        lines += [f"[{clean_line(note)}]" for note in (*column.notes, column.facts) if note]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
