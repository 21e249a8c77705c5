"""A numbered list of checks, each with its verdict, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from wx_notebook.render.styles import EDGE, MUTED, NO_TEX, PRE_STYLE
from wx_notebook.render.text import clean_text

_SIZE = "font-size: var(--jp-ui-font-size1, 13px); color: var(--jp-ui-font-color1, inherit)"
# against JupyterLab's own style of tables, which stripes them and puts all text to the right
_TABLE = f"border-collapse: collapse; margin: 0.3em 0; {_SIZE}"
_ROW = "background: none"
_CELL = "padding: 0.15em 0.9em 0.15em 0; vertical-align: top; text-align: left"
_SHORT = f"{_CELL}; white-space: nowrap"
_LONG = f"{_CELL}; min-width: 14em; max-width: 75ch; overflow-wrap: break-word; white-space: normal"
_CODE = "font-family: var(--jp-code-font-family, monospace)"
#: A sign beside each word, in the theme's own colour; the word alone says it as well.
_SIGNS = {
    "ok": ("✓", "color: var(--jp-success-color1, inherit)"),
    "warning": ("!", "color: var(--jp-warn-color1, inherit); font-weight: bold"),
    "failed": ("✗", "color: var(--jp-error-color1, inherit); font-weight: bold"),
    "skipped": ("–", MUTED),
    "looking": ("…", MUTED),
    "waiting": ("·", MUTED),
    "stopped": ("■", MUTED),
}


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check as it is shown; each text may be foreign. Of a repair, `...` is to be typed."""

    number: int
    name: str
    verdict: str
    found: str = ""
    repair: str = ""
    took: str = ""


def checks_html(
    rows: Sequence[CheckRow], line: str, *, block: str = "", block_title: str = ""
) -> str:
    """Give checks as an HTML fragment that runs nothing and fetches nothing.

    Parameters
    ----------
    rows
        The checks.
    line
        What is to be said of all of them.
    block
        A text below them to be copied, folded away; "" for none.
    block_title
        What stands on the fold.
    """
    parts = [
        f'<div class="wxn-checks {NO_TEX}" style="{EDGE}; overflow-x: auto">',
        f'<div class="wxn-status" role="status" style="{_SIZE}">{_one_line(line)}</div>',
        f'<table style="{_TABLE}"><tbody>',
        *map(_row, rows),
        "</tbody></table>",
    ]
    if block:
        parts.append(
            f'<details><summary style="{_SIZE}; cursor: pointer">{_one_line(block_title)}</summary>'
            f'<pre style="{PRE_STYLE}">\n{escape(clean_text(block))}</pre></details>'
        )
    return "\n".join([*parts, "</div>"])


def _row(row: CheckRow) -> str:
    sign, style = _SIGNS.get(row.verdict, ("", ""))
    found = _one_line(row.found)
    if row.took:
        found += f' <small style="{MUTED}; white-space: nowrap">{_one_line(row.took)}</small>'
    if row.repair:
        found += f'<div><span aria-hidden="true">→ </span>{_with_code(row.repair)}</div>'
    return (
        f'<tr style="{_ROW}"><td style="{_SHORT}; text-align: right">{row.number}</td>'
        f'<td style="{_SHORT}"><span aria-hidden="true" style="{style}">{sign}</span> '
        f"{_one_line(row.verdict)}</td>"
        f'<th scope="row" style="{_SHORT}">{_one_line(row.name)}</th>'
        f'<td style="{_LONG}">{found}</td></tr>'
    )


def _with_code(text: str) -> str:
    parts = _one_line(text).split("`")
    parts[1::2] = [f'<code style="{_CODE}">{part}</code>' for part in parts[1::2]]
    return "".join(parts)


def _one_line(text: str) -> str:
    return escape(" ".join(clean_text(text).split()))
