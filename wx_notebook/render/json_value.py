"""JSON in an answer: its value, or what is wrong with it and where; and its view as a tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from itertools import islice
from typing import Any

from wx_notebook.render.code import fenced_blocks
from wx_notebook.render.styles import NODE_STYLE, ROW_STYLE, TREE_STYLE, colour_span
from wx_notebook.render.text import clean_text

_TOKEN = re.compile(
    r"\s+|[\[{]|[\]}]|[,:]|\"(?:[^\"\\\n]|\\.)*+\"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null"
)
#: The beginning of a token.
_PARTIAL_TOKEN = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*+\\?|-?[\d.]*(?:[eE][+-]?\d*)?|t(?:ru?)?|f(?:a|al|als)?|n(?:ul?)?"
)
#: A browser can draw more, but that is hard to read: the text below the tree has everything.
_MAX_NODES, _MAX_DEPTH = 2_000, 20
#: Entries of one node before the others are folded away.
_MAX_ENTRIES = 100
#: Levels are open as long as the tree has no more rows than this.
_MAX_OPEN_ROWS = 60
_MAX_SCALAR = 500


def parse_json(text: str) -> Any:  # noqa: ANN401  # JSON is any value
    """Return the JSON value that an answer is, or that its only fenced block is.

    Raises
    ------
    ValueError
        What is wrong, with line and column. The text fits after "The answer is not JSON: ".
    """
    bare = text.lstrip("\ufeff")
    blocks = [] if bare.lstrip()[:1] in {"{", "["} else fenced_blocks(bare)
    if not blocks:
        return _load(bare, 0)
    if len(blocks) > 1:
        raise ValueError(f"it has {len(blocks)} fenced blocks, but should have one with JSON.")
    (block,) = blocks
    return _load(block.text, block.lines_before)


def parse_object(text: str) -> Any:  # noqa: ANN401
    """Return the object or list that an answer is from start to end; None for anything else."""
    if text.lstrip()[:1] not in {"{", "["} or text.rstrip()[-1:] not in {"}", "]"}:
        return None
    try:
        return _load(text, 0)
    except ValueError:
        return None


def may_become_json(text: str) -> bool:
    """Tell whether a text can be the beginning of one object or list and nothing else."""
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    depth = position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if depth <= 0 and not match[0].isspace():
            return not text[position:].strip()
    return _PARTIAL_TOKEN.fullmatch(text, position) is not None


def format_json(value: Any) -> str:  # noqa: ANN401
    """Return a value as indented JSON text without invisible characters."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if clean_text(text) == text else json.dumps(value, indent=2)


def tree_html(value: Any) -> str:  # noqa: ANN401
    """Return an object or a list as nested ``<details>``, which need no script.

    Parameters
    ----------
    value
        From `parse_json`. Nodes that are too deep or too many are left out, and the tree says so.
        A value without entries is one row.
    """
    rows = "".join(_Tree(open_levels=_open_levels(value)).rows("", value, 0))
    return f'<div class="wxn-json" style="{TREE_STYLE}">{rows}</div>'


def _load(text: str, lines_before: int) -> Any:  # noqa: ANN401
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        line, column = error.lineno + lines_before, error.colno
        expected = (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at")
        expected = expected.removesuffix(" starting")
        message = f"line {line}, column {column}: {expected}{_text_at(text, error.pos)}."
    except RecursionError:
        message = "it is nested too deep."
    except _InvalidConstant as error:
        message = f"it contains {error}, which is not valid in JSON."
    except ValueError:
        # Python limits the digits of a number, because reading them takes quadratic time
        message = "a number in it has thousands of digits."
    raise ValueError(message)


class _InvalidConstant(ValueError):
    """A constant that Python's reader accepts and JSON does not have, such as NaN."""


def refuse_constant(name: str) -> Any:  # noqa: ANN401
    """Raise a `ValueError` for a constant that JSON does not have."""
    raise _InvalidConstant(name)


def _text_at(text: str, position: int) -> str:
    """Return what stands where something else was expected, as the end of a message."""
    rest = clean_text(text[position : position + 20]).split("\n")[0].strip()
    if not text[position:].strip():
        return ", but the answer ends there"
    return f", found {rest!r}" if rest else ""


class _Tree:
    """The HTML of one tree; counts how many nodes it may still have."""

    def __init__(self, open_levels: int) -> None:
        self._left = _MAX_NODES
        self._open_levels = open_levels

    def rows(self, label: str, value: Any, depth: int) -> Iterator[str]:  # noqa: ANN401
        """Yield the rows of a value; `label` is HTML of ours."""
        self._left -= 1
        if not isinstance(value, dict | list) or not value:
            yield f'<div style="{ROW_STYLE}">{label}{_scalar_html(value)}</div>'
            return
        is_open = " open" if depth < self._open_levels else ""
        yield f"<details{is_open}><summary>{label}{_size(value)}</summary>"
        yield f'<div style="{NODE_STYLE}">'
        if depth >= _MAX_DEPTH:
            yield _note("deeper levels are not shown here; the text below has all of them")
        else:
            yield from self._entries(value, depth + 1)
        yield "</div></details>"

    def _entries(self, value: dict[str, Any] | list[Any], depth: int) -> Iterator[str]:
        entries: Iterator[tuple[str | int, Any]] = (
            iter(value.items()) if isinstance(value, dict) else enumerate(value)
        )
        yield from self._next_entries(entries, depth)
        if (more := len(value) - _MAX_ENTRIES) > 0 and self._left > 0:
            yield f"<details><summary>{more:,} more</summary>"
            yield f'<div style="{NODE_STYLE}">'
            for _ in range(0, more, _MAX_ENTRIES):
                yield from self._next_entries(entries, depth)
            yield "</div></details>"

    def _next_entries(self, entries: Iterator[tuple[str | int, Any]], depth: int) -> Iterator[str]:
        for name, value in islice(entries, _MAX_ENTRIES):
            if self._left <= 0:
                yield _note("more entries are not shown here; the text below has all of them")
                return
            key = str(name) if isinstance(name, int) else _cut_json(name)
            yield from self.rows(f"{colour_span('na', escape(key, quote=False))}: ", value, depth)


def _open_levels(value: Any) -> int:  # noqa: ANN401
    """Return how many levels can be open before there are too many rows; at least one."""
    rows, level, levels = 1, [value], 0
    while level and levels < _MAX_DEPTH:
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in islice(node.values() if isinstance(node, dict) else node, _MAX_NODES)
        ][:_MAX_NODES]
        rows += len(level)
        if levels and rows > _MAX_OPEN_ROWS:
            break
        levels += 1
    return levels


def _size(value: dict[str, Any] | list[Any]) -> str:
    units = ("key", "keys") if isinstance(value, dict) else ("entry", "entries")
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}{len(value):,} {units[len(value) != 1]}{last}"


def _scalar_html(value: Any) -> str:  # noqa: ANN401
    is_constant = value is None or isinstance(value, bool)
    colour = "k" if is_constant else "s" if isinstance(value, str) else "m"
    return colour_span(colour, escape(_cut_json(value), quote=False))


def _cut_json(value: Any) -> str:  # noqa: ANN401
    text = format_json(value)
    return text if len(text) <= _MAX_SCALAR else text[:_MAX_SCALAR] + "…"


def _note(text: str) -> str:
    return f'<div style="{ROW_STYLE}"><small>… {text}</small></div>'
