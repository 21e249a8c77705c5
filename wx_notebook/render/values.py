"""A value of a schema as a table or a tree: whole, while it grows, and as plain text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from wx_notebook.render.json_value import format_json, tree_html
from wx_notebook.render.partial_json import partial_json
from wx_notebook.render.styles import (
    ALIGNED,
    GROWING,
    MUTED,
    NODE_STYLE,
    ROW_STYLE,
    TREE_STYLE,
    colour_span,
)
from wx_notebook.render.tables import MAX_ROWS, Column, Row, TableView, table_text
from wx_notebook.render.text import single_line

#: The format of answers with a schema; users do not choose it by name.
VALUE_FORMAT = "value"
#: The field of a root that is no object.
_WRAPPED = "value"
_MOST_COLUMNS, _LONGEST_CELL = 30, 300
#: Of a growing value: the last rows, the last entries of each node, and levels.
_LAST_ROWS, _LAST_ENTRIES, _LEVELS = 12, 8, 6
#: Characters of a text in a growing tree.
_LONGEST_TEXT = 200


def value_as_html(value: Any) -> str:  # noqa: ANN401  # JSON is any value, as all here
    """Return a JSON value as a table, if it is a list of objects, else as a tree."""
    columns = _columns(value)
    if not columns:
        return tree_html(value)
    html = _table_html(value[:MAX_ROWS], columns, ALIGNED)
    more = len(value) - MAX_ROWS
    return html + (_note(f"{more:,} more rows are in the JSON below") if more > 0 else "")


def value_as_text(value: Any) -> str:  # noqa: ANN401
    """Return a JSON value as a table in plain text, if it is a list of objects, else as JSON."""
    columns = _columns(value)
    if not columns:
        return format_json(value)
    more = len(value) - MAX_ROWS
    return _table_text(value, columns, (f"{more:,} more rows",) if more > 0 else ())


def partial_value_html(text: str) -> str:
    """Return one frame of a value that still arrives, "" where nothing of it is certain yet.

    A long value shows its last rows or entries: a frame stays small, and its end is what is new.
    """
    value = _partial_value(text)
    if not value:
        return ""
    head = _note(f"receiving JSON ({len(text):,} characters)", "busy")
    if not (columns := _columns(value)):
        return f'{head}<div class="wxn-json" style="{TREE_STYLE}">{_growing(value, 0)}</div>'
    before = len(value) - _LAST_ROWS
    note = _note(f"… {before:,} rows before", "busy") if before > 0 else ""
    return head + note + _table_html(value[-_LAST_ROWS:], columns, GROWING)


def partial_value_lines(text: str) -> list[str]:
    """Return the same as lines of plain text, below one that counts what has arrived."""
    value = _partial_value(text)
    columns = _columns(value)
    lines = [] if columns else list(_growing_lines(value or {}, 0))
    if columns:
        before = len(value) - _LAST_ROWS
        lines = [f"… {before:,} rows before"] if before > 0 else []
        lines += _table_text(value[-_LAST_ROWS:], columns).split("\n")
    return [f"receiving JSON ({len(text):,} characters)", *lines]


def _partial_value(text: str) -> Any:  # noqa: ANN401
    """Return what is certain of a value that still arrives, None where that is nothing to show."""
    found = partial_json(text)
    if not found:
        return None
    value = found[0]
    if isinstance(value, dict) and set(value) == {_WRAPPED}:
        value = value[_WRAPPED]
    if isinstance(value, list) and value and value[-1] == {}:
        # of a row that has only begun nothing is known
        value = value[:-1]
    return value if isinstance(value, dict | list) and value else None


def _columns(value: Any) -> list[str]:  # noqa: ANN401
    """Return the names of a list of objects, [] for anything else."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return []
    names = list(dict.fromkeys(name for each in value for name in each))
    return names if len(names) <= _MOST_COLUMNS else []


def _numeric(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> set[str]:
    def is_numeric(name: str) -> bool:
        cells = [row[name] for row in rows if row.get(name) is not None]
        return bool(cells) and all(
            isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells
        )

    return {name for name in columns if is_numeric(name)}


def _table_text(
    rows: Sequence[dict[str, Any]], columns: Sequence[str], notes: tuple[str, ...] = ()
) -> str:
    numeric = _numeric(rows, columns)
    return table_text(
        TableView(
            tuple(Column(name, "number" if name in numeric else "text") for name in columns),
            tuple(Row(tuple(_cell(row.get(name)) for name in columns)) for row in rows),
            notes=notes,
        )
    )


def _table_html(
    rows: Sequence[dict[str, Any]], columns: Sequence[str], styles: dict[str, str]
) -> str:
    numeric = _numeric(rows, columns)
    style = {name: styles["right" if name in numeric else "start"] for name in columns}
    lines = ["<table><thead><tr>"]
    lines += [
        f'<th style="{style[name]}">{escape(single_line(name[:_LONGEST_CELL]))}</th>'
        for name in columns
    ]
    lines.append("</tr></thead><tbody>")
    for row in rows:
        cells = (f'<td style="{style[n]}">{escape(_cell(row.get(n)))}</td>' for n in columns)
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "".join([*lines, "</tbody></table>"])


def _cell(value: Any) -> str:  # noqa: ANN401
    """Return the text of a cell: a text as it is, lists of texts with commas, the rest as JSON."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ", ".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"
    return single_line(text)


def _growing(value: Any, depth: int) -> str:  # noqa: ANN401
    """Return the rows of a growing node: its last entries, each with those below it."""
    is_object = isinstance(value, dict)
    entries = list(value.items()) if is_object else list(enumerate(value))
    rows = []
    if (before := len(entries) - _LAST_ENTRIES) > 0:
        rows.append(f'<div style="{ROW_STYLE}"><small>… {before:,} before</small></div>')
    for name, each in entries[-_LAST_ENTRIES:]:
        key = format_json(name[:_LONGEST_TEXT]) if isinstance(name, str) else str(name)
        label = f"{colour_span('na', escape(key, quote=False))}: "
        if isinstance(each, dict | list) and each and depth < _LEVELS:
            rows.append(f'<div style="{ROW_STYLE}">{label}</div>')
            rows.append(f'<div style="{NODE_STYLE}">{_growing(each, depth + 1)}</div>')
        else:
            rows.append(f'<div style="{ROW_STYLE}">{label}{_scalar(each)}</div>')
    return "".join(rows)


def _growing_lines(value: Any, depth: int) -> Iterator[str]:  # noqa: ANN401
    """Yield the same as lines."""
    entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    if (before := len(entries) - _LAST_ENTRIES) > 0:
        yield f"{'  ' * depth}… {before:,} before"
    for name, each in entries[-_LAST_ENTRIES:]:
        label = f"{'  ' * depth}{str(name)[:_LONGEST_TEXT]}:"
        if isinstance(each, dict | list) and each and depth < _LEVELS:
            yield label
            yield from _growing_lines(each, depth + 1)
        else:
            yield f"{label} {_scalar_text(each)}"


def _scalar_text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, dict | list):
        return f"{len(value):,} …" if value else "…"
    text = format_json(value)
    # its end is what is being written
    return text if len(text) <= _LONGEST_TEXT else f"…{text[-_LONGEST_TEXT:]}"


def _scalar(value: Any) -> str:  # noqa: ANN401
    text = _scalar_text(value)
    if isinstance(value, dict | list):
        return text
    is_constant = value is None or isinstance(value, bool)
    colour = "k" if is_constant else "s" if isinstance(value, str) else "m"
    return colour_span(colour, escape(text, quote=False))


def _note(text: str, name: str = "note") -> str:
    return f'<div class="wxn-{name}" style="{MUTED}">{escape(text)}</div>'
