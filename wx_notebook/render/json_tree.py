"""A JSON value as a tree that opens and closes without a script, with its text below it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import islice
from typing import Any

from wx_notebook.render.json_value import indented
from wx_notebook.render.palette import piece
from wx_notebook.render.styles import NODE_STYLE, ROW_STYLE, TREE_STYLE

#: A browser can draw more, and a person does not read it: the text below has everything.
_MOST_NODES, _DEEPEST = 2_000, 20
#: Entries in one place before the others are folded away.
_MOST_IN_A_ROW = 100
#: Levels are open as long as so many rows are to be seen.
_ROWS = 60
_LONGEST_SCALAR = 500


def tree_html(value: Any) -> str:  # noqa: ANN401  # JSON is any value
    """Give an object or a list as nested ``<details>``; anything else as one row.

    Parameters
    ----------
    value
        From `parsed_json`. What is too deep, and what comes after `_MOST_NODES`, is left out and
        said to be.
    """
    tree = _Tree(open_levels=_open_levels(value))
    rows = "".join(tree.rows("", value, 0))
    return f'<div class="wxn-json" style="{TREE_STYLE}">{rows}</div>'


class _Tree:
    """One tree on its way to HTML: how many nodes it may still have."""

    def __init__(self, open_levels: int) -> None:
        self._left = _MOST_NODES
        self._open_levels = open_levels

    def rows(self, label: str, value: Any, depth: int) -> Iterator[str]:  # noqa: ANN401
        """Give the rows of a value; `label` is HTML of ours."""
        self._left -= 1
        if not isinstance(value, dict | list) or not value:
            yield f'<div style="{ROW_STYLE}">{label}{_scalar(value)}</div>'
            return
        is_open = " open" if depth < self._open_levels else ""
        yield f"<details{is_open}><summary>{label}{_size(value)}</summary>"
        yield f'<div style="{NODE_STYLE}">'
        if depth >= _DEEPEST:
            yield _note("deeper than is shown here; all of it is in the text")
        else:
            yield from self._entries(value, depth + 1)
        yield "</div></details>"

    def _entries(self, value: dict[str, Any] | list[Any], depth: int) -> Iterator[str]:
        entries: Iterator[tuple[str | int, Any]] = (
            iter(value.items()) if isinstance(value, dict) else enumerate(value)
        )
        yield from self._some(entries, depth)
        if (more := len(value) - _MOST_IN_A_ROW) > 0 and self._left > 0:
            yield f"<details><summary>{more:,} more</summary>"
            yield f'<div style="{NODE_STYLE}">'
            for _ in range(0, more, _MOST_IN_A_ROW):
                yield from self._some(entries, depth)
            yield "</div></details>"

    def _some(self, entries: Iterator[tuple[str | int, Any]], depth: int) -> Iterator[str]:
        for name, value in islice(entries, _MOST_IN_A_ROW):
            if self._left <= 0:
                yield _note("more than is shown here; all of it is in the text")
                return
            shown = str(name) if isinstance(name, int) else _quoted(name)
            yield from self.rows(f"{piece('na', escape(shown, quote=False))}: ", value, depth)


def _open_levels(value: Any) -> int:  # noqa: ANN401
    """Return how many levels can be open before there are too many rows; one always is."""
    rows, level, levels = 1, [value], 0
    while level and levels < _DEEPEST:
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in islice(node.values() if isinstance(node, dict) else node, _MOST_NODES)
        ][:_MOST_NODES]
        rows += len(level)
        if levels and rows > _ROWS:
            break
        levels += 1
    return levels


def _size(value: dict[str, Any] | list[Any]) -> str:
    what = ("key", "keys") if isinstance(value, dict) else ("entry", "entries")
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}{len(value):,} {what[len(value) != 1]}{last}"


def _scalar(value: Any) -> str:  # noqa: ANN401
    is_word = value is None or isinstance(value, bool)
    kind = "k" if is_word else "s" if isinstance(value, str) else "m"
    return piece(kind, escape(_quoted(value), quote=False))


def _quoted(value: Any) -> str:  # noqa: ANN401
    text = indented(value)
    return text if len(text) <= _LONGEST_SCALAR else text[:_LONGEST_SCALAR] + "…"


def _note(text: str) -> str:
    return f'<div style="{ROW_STYLE}"><small>… {text}</small></div>'
