"""A table of ours, in plain text and in HTML. What stands in its cells may be foreign: it is text.

Bars and sparklines are drawn with block characters, so that they look the same in a terminal, in a
theme of any colour, and where a page takes all styles off (GitHub).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from wx_notebook.render.styles import EDGE, MUTED, NO_TEX
from wx_notebook.render.text import clean_text

#: A page shall not wait for a table, nor carry its weight; who builds one says what is left out.
MOST_ROWS = 200
_LONGEST_CELL, _LONGEST_LINE = 200, 400
#: A cell that is longer sticks out of its own row instead of widening all others.
_WIDEST_COLUMN = 52
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_BLOCKS = re.compile("^█+")
_FONT = "font-size: var(--jp-ui-font-size1, 13px)"

_LINE = "border-bottom: 1px solid var(--jp-border-color1, #9e9e9e)"
_CELL = "padding: 0.2em 0.8em 0.2em 0; vertical-align: top"
_CELLS = {
    "text": f"{_CELL}; text-align: left; overflow-wrap: anywhere",
    "number": f"{_CELL}; text-align: right; white-space: nowrap",
    "bar": f"{_CELL}; text-align: left; white-space: pre; font-family: "
    "var(--jp-code-font-family, monospace); color: var(--jp-brand-color1, #1976d2)",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column; numbers stand at its right, a bar is for the eye alone."""

    title: str
    kind: Literal["text", "number", "bar"] = "text"


@dataclass(frozen=True, slots=True)
class Row:
    """A row: a cell a column, a mark beside the first one, a line below, and whether it sums up."""

    cells: tuple[str, ...]
    mark: str = ""
    note: str = ""
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a line above it and lines below."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    notes: tuple[str, ...] = ()


def table_text(table: Table) -> str:
    """Give a table as lines for a terminal."""
    head = [column.title for column in table.columns]
    body = [[_cell(cell) for cell in row.cells] for row in table.rows[:MOST_ROWS]]
    widths = [
        min(max(len(cells[at]) for cells in [head, *body]), _WIDEST_COLUMN)
        for at in range(len(head))
    ]
    lines = [_one_line(table.caption)] if table.caption else []
    lines.append(_laid_out(head, widths, table.columns))
    for row, cells in zip(table.rows, body, strict=False):
        mark = f"  <- {_one_line(row.mark)}" if row.mark else ""
        lines.append(_laid_out(cells, widths, table.columns) + mark)
        if row.note:
            lines.append(f"  {_one_line(row.note)}")
    return "\n".join([*lines, *map(_one_line, table.notes)])


def table_html(table: Table) -> str:
    """Give a table as an HTML fragment that runs nothing and fetches nothing."""
    lines = [f'<div class="wxn-table {NO_TEX}" style="{EDGE}; overflow-x: auto">']
    if table.caption:
        caption = escape(_one_line(table.caption))
        lines.append(f'<div class="wxn-status" style="{_FONT}">{caption}</div>')
    # against JupyterLab's own style of tables, which centres them and puts all text to the right
    lines.append(
        '<table style="margin-left: 0; border-collapse: collapse; table-layout: auto; '
        f'{_FONT}"><thead><tr>'
    )
    lines += [
        f'<th scope="col" style="{_CELLS[column.kind]}; {_LINE}">{escape(column.title)}</th>'
        for column in table.columns
    ]
    lines.append("</tr></thead><tbody>")
    lines += [_row_html(row, table.columns) for row in table.rows[:MOST_ROWS]]
    lines.append("</tbody></table>")
    lines += [_small(note) for note in table.notes]
    return "\n".join([*lines, "</div>"])


def bar(share: float, width: int = 20) -> str:
    """Give a share of 0 to 1 as a bar; what is more than nothing shows."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    eighths = max(eighths, 1) if share > 0 else eighths
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def sparkline(values: Sequence[float]) -> str:
    """Give a row of numbers as one of columns, the highest as the highest; nothing as a dot."""
    top = max(values, default=0)
    return "".join(
        _LEVELS[round((len(_LEVELS) - 1) * value / top)] if value > 0 else "·" for value in values
    )


def _row_html(row: Row, columns: Sequence[Column]) -> str:
    cells = []
    for at, (text, column) in enumerate(zip(row.cells, columns, strict=True)):
        inner = escape(_cell(text))
        if row.is_sum and column.kind != "bar":
            inner = f"<strong>{inner}</strong>"
        style, hidden = _CELLS[column.kind], ""
        if column.kind == "bar":
            hidden = ' aria-hidden="true"'
            # in many fonts there is a seam between two blocks
            inner = _BLOCKS.sub('<span style="background: currentColor">\\g<0></span>', inner)
        if at == 0:
            style += "; min-width: 12em"
            inner += f" <em>{escape(_one_line(row.mark))}</em>" if row.mark else ""
            inner += _small(row.note) if row.note else ""
        cells.append(f'<td style="{style}"{hidden}>{inner}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _small(text: str) -> str:
    # GitHub takes the styles off; the element stays.
    return f'<div class="wxn-note" style="{MUTED}"><small>{escape(_one_line(text))}</small></div>'


def _laid_out(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    parts = [
        f"{cell:>{width}}" if column.kind == "number" else f"{cell:{width}}"
        for cell, width, column in zip(cells, widths, columns, strict=True)
    ]
    return "  ".join(parts).rstrip()


def _cell(text: str) -> str:
    return " ".join(clean_text(text[:_LONGEST_CELL]).split())


def _one_line(text: str) -> str:
    return " ".join(clean_text(text[:_LONGEST_LINE]).split())
