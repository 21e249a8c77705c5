"""Tables of ours, in plain text and in HTML, and the checks of `doctor` as a table.

The text in the cells may be foreign: it is always shown as text. Bars and sparklines are drawn with
block characters, so they look the same in a terminal, in every theme, and on a page that removes
styles (GitHub).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from wx_notebook.render.html import escaped_line, note_html
from wx_notebook.render.styles import EDGE, MUTED, NO_TEX, PRE_STYLE
from wx_notebook.render.text import clean_text, single_line

#: A page must not wait for a table or carry its weight; the caller says how many rows are left out.
MAX_ROWS = 200
_MAX_CELL, _MAX_LINE = 200, 400
#: A longer cell sticks out of its own row instead of widening all others.
_MAX_COLUMN = 52
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_BLOCKS = re.compile("^█+")

_FONT = "font-size: var(--jp-ui-font-size1, 13px)"
_CODE_FONT = "font-family: var(--jp-code-font-family, monospace)"
_LINE = "border-bottom: 1px solid var(--jp-border-color1, #9e9e9e)"
_CELL = "padding: 0.2em 0.8em 0.2em 0; vertical-align: top"
_CELLS = {
    "text": f"{_CELL}; text-align: left; overflow-wrap: anywhere",
    "number": f"{_CELL}; text-align: right; white-space: nowrap",
    "bar": f"{_CELL}; text-align: left; white-space: pre; {_CODE_FONT}; "
    "color: var(--jp-brand-color1, #1976d2)",
}
# JupyterLab's own style of tables stripes them and aligns all text to the right
_CHECK_FONT = f"{_FONT}; color: var(--jp-ui-font-color1, inherit)"
_CHECK_CELL = "padding: 0.15em 0.9em 0.15em 0; vertical-align: top; text-align: left"
_SHORT = f"{_CHECK_CELL}; white-space: nowrap"
_LONG = (
    f"{_CHECK_CELL}; min-width: 14em; max-width: 75ch; overflow-wrap: break-word; "
    "white-space: normal"
)
#: A sign beside the word of each result, in the theme's own colour; the word alone is enough.
_SIGNS = {
    "ok": ("✓", "color: var(--jp-success-color1, inherit)"),
    "warning": ("!", "color: var(--jp-warn-color1, inherit); font-weight: bold"),
    "failed": ("✗", "color: var(--jp-error-color1, inherit); font-weight: bold"),
    "skipped": ("–", MUTED),
    "running": ("…", MUTED),
    "waiting": ("·", MUTED),
    "stopped": ("■", MUTED),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column. Numbers are aligned to the right; screen readers skip a bar."""

    title: str
    kind: Literal["text", "number", "bar"] = "text"


@dataclass(frozen=True, slots=True)
class Row:
    """A row: one cell per column, a mark after the first cell, a note below the row."""

    cells: tuple[str, ...]
    mark: str = ""
    note: str = ""
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class TableView:
    """A table with a line above it and lines below."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check as it is shown. Each text may be foreign; `...` in a repair is shown as code."""

    number: int
    name: str
    verdict: str
    finding: str = ""
    repair: str = ""
    duration: str = ""


def table_text(table: TableView) -> str:
    """Return a table as lines for a terminal."""
    head = [column.title for column in table.columns]
    body = [[_cell_text(cell) for cell in row.cells] for row in table.rows[:MAX_ROWS]]
    widths = [
        min(max(len(cells[at]) for cells in [head, *body]), _MAX_COLUMN) for at in range(len(head))
    ]
    lines = [_short_line(table.caption)] if table.caption else []
    lines.append(_row_text(head, widths, table.columns))
    for row, cells in zip(table.rows, body, strict=False):
        mark = f"  <- {_short_line(row.mark)}" if row.mark else ""
        lines.append(_row_text(cells, widths, table.columns) + mark)
        if row.note:
            lines.append(f"  {_short_line(row.note)}")
    return "\n".join([*lines, *map(_short_line, table.notes)])


def table_html(table: TableView) -> str:
    """Return a table as an HTML fragment that runs nothing and fetches nothing."""
    lines = [f'<div class="wxn-table {NO_TEX}" style="{EDGE}; overflow-x: auto">']
    if table.caption:
        caption = escape(_short_line(table.caption))
        lines.append(f'<div class="wxn-status" style="{_FONT}">{caption}</div>')
    # JupyterLab's own style of tables centres them and aligns all text to the right
    lines.append(
        '<table style="margin-left: 0; border-collapse: collapse; table-layout: auto; '
        f'{_FONT}"><thead><tr>'
    )
    lines += [
        f'<th scope="col" style="{_CELLS[column.kind]}; {_LINE}">{escape(column.title)}</th>'
        for column in table.columns
    ]
    lines.append("</tr></thead><tbody>")
    lines += [_row_html(row, table.columns) for row in table.rows[:MAX_ROWS]]
    lines.append("</tbody></table>")
    lines += [note_html(_short_line(note)) for note in table.notes]
    return "\n".join([*lines, "</div>"])


def bar(share: float, width: int = 20) -> str:
    """Return a share of 0 to 1 as a bar of at most `width` characters; a small share is visible."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    eighths = max(eighths, 1) if share > 0 else eighths
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def sparkline(values: Sequence[float]) -> str:
    """Return numbers as a row of columns, one character each, scaled to the largest; 0 is a dot."""
    top = max(values, default=0)
    return "".join(
        _LEVELS[round((len(_LEVELS) - 1) * value / top)] if value > 0 else "·" for value in values
    )


def checks_html(
    rows: Sequence[CheckRow], line: str, *, block: str = "", block_title: str = ""
) -> str:
    """Return checks as an HTML fragment that runs nothing and fetches nothing.

    Parameters
    ----------
    rows
        The checks.
    line
        One line about all of them.
    block
        A text below them for copying, folded away; "" for none.
    block_title
        The title of the folded text.
    """
    parts = [
        f'<div class="wxn-checks {NO_TEX}" style="{EDGE}; overflow-x: auto">',
        f'<div class="wxn-status" role="status" style="{_CHECK_FONT}">{escaped_line(line)}</div>',
        f'<table style="border-collapse: collapse; margin: 0.3em 0; {_CHECK_FONT}"><tbody>',
        *map(_check_html, rows),
        "</tbody></table>",
    ]
    if block:
        summary = f'<summary style="{_CHECK_FONT}; cursor: pointer">{escaped_line(block_title)}'
        text = f'<pre style="{PRE_STYLE}">\n{escape(clean_text(block))}</pre>'
        parts.append(f"<details>{summary}</summary>{text}</details>")
    return "\n".join([*parts, "</div>"])


def _row_html(row: Row, columns: Sequence[Column]) -> str:
    cells = []
    for at, (text, column) in enumerate(zip(row.cells, columns, strict=True)):
        inner = escape(_cell_text(text))
        if row.is_total and column.kind != "bar":
            inner = f"<strong>{inner}</strong>"
        style, hidden = _CELLS[column.kind], ""
        if column.kind == "bar":
            hidden = ' aria-hidden="true"'
            # many fonts show a seam between two blocks
            inner = _BLOCKS.sub('<span style="background: currentColor">\\g<0></span>', inner)
        if at == 0:
            style += "; min-width: 12em"
            inner += f" <em>{escape(_short_line(row.mark))}</em>" if row.mark else ""
            inner += note_html(_short_line(row.note)) if row.note else ""
        cells.append(f'<td style="{style}"{hidden}>{inner}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _check_html(row: CheckRow) -> str:
    sign, style = _SIGNS.get(row.verdict, ("", ""))
    finding = escaped_line(row.finding)
    if row.duration:
        duration = escaped_line(row.duration)
        finding += f' <small style="{MUTED}; white-space: nowrap">{duration}</small>'
    if row.repair:
        finding += f'<div><span aria-hidden="true">→ </span>{_with_code(row.repair)}</div>'
    return (
        f'<tr style="background: none"><td style="{_SHORT}; text-align: right">{row.number}</td>'
        f'<td style="{_SHORT}"><span aria-hidden="true" style="{style}">{sign}</span> '
        f"{escaped_line(row.verdict)}</td>"
        f'<th scope="row" style="{_SHORT}">{escaped_line(row.name)}</th>'
        f'<td style="{_LONG}">{finding}</td></tr>'
    )


def _with_code(text: str) -> str:
    parts = escaped_line(text).split("`")
    parts[1::2] = [f'<code style="{_CODE_FONT}">{part}</code>' for part in parts[1::2]]
    return "".join(parts)


def _row_text(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    parts = [
        f"{cell:>{width}}" if column.kind == "number" else f"{cell:{width}}"
        for cell, width, column in zip(cells, widths, columns, strict=True)
    ]
    return "  ".join(parts).rstrip()


def _cell_text(text: str) -> str:
    return single_line(text[:_MAX_CELL])


def _short_line(text: str) -> str:
    return single_line(text[:_MAX_LINE])
