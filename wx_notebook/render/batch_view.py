"""A run over a table as it is drawn: a bar, a line of figures, the last answers, label counts.

Labels and answers are foreign: they are always shown as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wx_notebook.render.html import escaped_line, line_html, note_html, pre_body
from wx_notebook.render.styles import EDGE, MUTED, NO_TEX, ONE_LINE_STYLE
from wx_notebook.render.tables import Column, Row, TableView, bar, table_html, table_text
from wx_notebook.render.text import clean_text, single_line

_WIDTH = 32
_FONT = "font-size: var(--jp-ui-font-size1, 13px)"
_BAR = (
    "font-family: var(--jp-code-font-family, monospace); white-space: pre; "
    "color: var(--jp-brand-color1, #1976d2)"
)
_REST = "background: var(--jp-layout-color2, color-mix(in srgb, currentColor 12%, transparent))"
#: Characters of the first prompt that are shown.
_LONGEST_PROMPT = 1_000
_COUNTS = (Column("label"), Column("", "bar"), Column("rows", "number"))


@dataclass(frozen=True, slots=True)
class BatchView:
    """What is shown of a run.

    Attributes
    ----------
    figures
        One line: rows done, failed, a second, tokens, time left.
    share
        How much is done, 0 to 1; None where the number of rows is not known, and at the end.
    waiting
        Why nothing is sent now.
    plan
        The lines of the flight plan.
    prompt
        The first prompt.
    samples
        The last answers, each a line.
    notes
        Lines at the end.
    labels
        For each column of labels the rows of each label.
    """

    figures: str
    share: float | None = None
    waiting: str = ""
    plan: Sequence[str] = ()
    prompt: str = ""
    samples: Sequence[str] = ()
    notes: Sequence[str] = ()
    labels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    is_final: bool = False


def batch_html(view: BatchView) -> str:
    """Return a run as an HTML fragment that runs nothing and fetches nothing."""
    parts = [f'<div class="wxn-batch {NO_TEX}" style="{EDGE}; {_FONT}">', *_plan_html(view)]
    if view.share is not None:
        parts.append(_bar_html(view.share))
    role = ' role="status"' if view.is_final else ""
    parts.append(f'<div class="wxn-status"{role}>{escaped_line(view.figures)}</div>')
    if view.waiting:
        parts.append(line_html(view.waiting, kind="busy", announced=False))
    parts += [
        f'<div class="wxn-note" style="{MUTED}; {ONE_LINE_STYLE}">{escaped_line(sample)}</div>'
        for sample in view.samples
    ]
    parts += [note_html(note) for note in view.notes]
    parts.append("</div>")
    parts += [table_html(table) for table in _tables(view)]
    return "\n".join(parts)


def batch_text(view: BatchView) -> str:
    """Return a run as lines for a terminal and for the saved notebook."""
    lines = [*map(single_line, view.plan)]
    if view.prompt:
        lines += ["first prompt:", *clean_text(_cut(view.prompt)).split("\n")]
    if view.share is not None:
        lines.append(f"[{bar(view.share, _WIDTH):{_WIDTH}}] {view.share:.0%}")
    lines.append(single_line(view.figures))
    lines += [single_line(line) for line in (view.waiting, *view.samples, *view.notes) if line]
    return "\n".join([*lines, *map(table_text, _tables(view))])


def _plan_html(view: BatchView) -> list[str]:
    if not view.plan:
        return []
    first, *rest = view.plan
    if not rest and not view.prompt:
        return [note_html(first)]
    inner = "".join(note_html(line) for line in rest)
    if view.prompt:
        inner += note_html("first prompt:") + pre_body(_cut(view.prompt))
    summary = f'<summary style="{MUTED}; cursor: pointer">{escaped_line(first)}</summary>'
    is_open = "" if view.is_final else " open"
    return [f"<details{is_open}>{summary}{inner}</details>"]


def _bar_html(share: float) -> str:
    filled = bar(share, _WIDTH)
    rest = " " * (_WIDTH - len(filled))
    solid = f'<span style="background: currentColor">{filled}</span>' if share >= 1 else filled
    return (
        f'<div style="{_BAR}"><span aria-hidden="true">{solid}'
        f'<span style="{_REST}">{rest}</span></span> {share:.0%}</div>'
    )


def _cut(prompt: str) -> str:
    return prompt if len(prompt) <= _LONGEST_PROMPT else f"{prompt[:_LONGEST_PROMPT]} ..."


def _tables(view: BatchView) -> list[TableView]:
    tables = []
    for column, counts in view.labels.items():
        most = max(counts.values(), default=1)
        rows = tuple(
            Row((label, bar(number / most), f"{number:,}"))
            for label, number in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        )
        tables.append(TableView((Column(column), *_COUNTS[1:]), rows))
    return tables
