"""A prompt that is filled in for each row of a table.

The names of the columns come first, then those of the notebook; ``{{ row["review text"] }}`` takes
a column of any name. Most prompts take texts and numbers as they are: these are put together from
parts that were found once. Any other row goes the way of every prompt, `fill_placeholders`.
"""

from __future__ import annotations

import ast
import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wx_notebook.errors import BadOption, MissingName, did_you_mean, make_visible, mask_keys
from wx_notebook.templates.placeholders import (
    FilledPrompt,
    check_expressions,
    fill_placeholders,
    find_placeholders,
)
from wx_notebook.templates.tables import is_missing

#: The name by which a prompt reaches a column of any name.
ROW = "row"
_ITEM = re.compile(r"row\s*\[\s*(?P<key>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|-?\d+)\s*\]")
#: Values whose `str` is their text in a prompt.
_AS_THEY_ARE = frozenset([str, int, float, bool])
_MOST_COLUMNS = 20


class RowError(Exception):
    """Why a row has no prompt; the row is not sent."""


@dataclass(frozen=True, slots=True)
class RowPrompt:
    """The prompt of a table.

    Parameters
    ----------
    text
        The prompt as typed.
    columns
        The names of the table's columns.
    names
        The names of the notebook.
    options
        Keywords of `fill_placeholders`: what is refused, and what is text.

    Attributes
    ----------
    used
        The columns that the prompt takes, in the order of the table.
    sources
        Each name in the prompt, and whether it is a "column" or a "variable".

    Raises
    ------
    BadOption
        The prompt takes no column.
    MissingName
        It names what is neither a column nor a variable.
    """

    text: str
    columns: Sequence[str]
    names: Mapping[str, Any] = field(default_factory=dict, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    used: tuple[str, ...] = field(init=False, repr=False)
    sources: Mapping[str, str] = field(init=False, repr=False)
    _parts: tuple[str | int, ...] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        known = set(self.columns)
        used: set[str] = set()
        sources: dict[str, str] = {}
        parts: list[str | int] | None = []
        end = 0
        for match in find_placeholders(self.text):
            columns = self._columns_of(match, known)
            used.update(columns)
            label = match["root"] if match["root"] in known or not columns else match["path"]
            sources[label] = "column" if columns else "variable"
            if parts is not None:
                part = self._plain_part(match, columns)
                parts = None if part is None else [*parts, self.text[end : match.start()], part]
                end = match.end()
        check_expressions(self.text, ChainMap(dict.fromkeys(known), self.names))  # type: ignore[arg-type]
        if not used:
            raise self._without_column()
        taken = tuple(name for name in self.columns if name in used)
        if parts is not None:
            # a column is a number among the parts: its place among the values of a row
            parts = [p if isinstance(p, str) else taken.index(self.columns[p]) for p in parts]
            parts.append(self.text[end:])
        object.__setattr__(self, "used", taken)
        object.__setattr__(self, "sources", sources)
        object.__setattr__(self, "_parts", None if parts is None else tuple(parts))

    def _columns_of(self, match: re.Match[str], known: set[str]) -> list[str]:
        """Return the columns that a placeholder takes, [] if it takes a variable."""
        root = match["root"]
        if root in known:
            return [root]
        if root == ROW:
            item = _ITEM.match(match["path"])
            if item is None:
                return list(self.columns)
            name = _key(item)
            if name not in known:
                raise MissingName(
                    f"The table has no column '{mask_keys(name)}'.{did_you_mean(name, known)}",
                    hint=self._columns_hint(),
                )
            return [name]
        if root not in self.names:
            near = did_you_mean(root, [*known, *(n for n in self.names if n[:1] != "_")])
            raise MissingName(
                f"'{mask_keys(root)}' is neither a column of the table nor a variable.{near}",
                hint=self._columns_hint(),
            )
        return []

    def _plain_part(self, match: re.Match[str], columns: Sequence[str]) -> str | int | None:
        """Return the place of a column, or the text of a variable; None for what needs more."""
        if match["filters"]:
            return None
        if not columns:
            value = self.names[match["root"]] if match["path"].strip() == match["root"] else None
            return value if type(value) is str else None
        is_plain = len(columns) == 1 and _is_whole(match, columns[0])
        return list(self.columns).index(columns[0]) if is_plain else None

    def _without_column(self) -> BadOption:
        return BadOption(
            "The prompt uses no column of the table, so every row would be the same.",
            hint=f"Write a column in double braces. {self._columns_hint()}",
        )

    def _columns_hint(self) -> str:
        if not self.columns:
            # a table without rows
            return "For example {{ text }}; plain values are {{ value }}."
        names = [make_visible(mask_keys(name)) for name in self.columns[:_MOST_COLUMNS]]
        more = len(self.columns) - len(names)
        listed = ", ".join(
            f"{{{{ {name} }}}}" if name.isidentifier() else f'{{{{ row["{name}"] }}}}'
            for name in names
        )
        return f"Columns: {listed}" + (f" and {more:,} more." if more > 0 else ".")

    def fill(self, values: Sequence[Any]) -> str:
        """Return the prompt of a row; `values` are those of the columns in `used`.

        Raises
        ------
        RowError
            A value is missing, or cannot become text.
        """
        for name, value in zip(self.used, values, strict=True):
            if is_missing(value):
                raise RowError(f"The column '{make_visible(name)}' is empty in this row.")
        if self._parts is not None and all(type(value) in _AS_THEY_ARE for value in values):
            return "".join(
                part if isinstance(part, str) else str(values[part]) for part in self._parts
            )
        reason = ""
        try:
            return self.filled(values).text
        except BadOption as error:
            reason = error.message
        raise RowError(reason)

    def filled(self, values: Sequence[Any]) -> FilledPrompt:
        """Return the prompt of a row as `fill_placeholders` does."""
        row = _Row(zip(self.used, values, strict=True))
        names = ChainMap(row, {ROW: row}, self.names)  # type: ignore[arg-type]  # only read
        return fill_placeholders(self.text, names, **self.options)


def columns_meant(text: str, names: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that a prompt takes of a table without any row, which has no names."""
    found: dict[str, None] = {}
    for match in find_placeholders(text):
        item = _ITEM.match(match["path"])
        if item is not None:
            found[_key(item)] = None
        elif match["root"] != ROW and match["root"] not in names:
            found[match["root"]] = None
    return tuple(found)


def _key(item: re.Match[str]) -> str:
    """Return the name of the column that ``row[...]`` takes: a number is one, too."""
    return str(ast.literal_eval(item["key"]))


class _Row(dict[str, Any]):
    """The values of a row; ``row[0]`` takes the column whose name is the number 0."""

    def __missing__(self, key: object) -> Any:  # noqa: ANN401
        if isinstance(key, int) and str(key) in self:
            return self[str(key)]
        raise KeyError(key)


def _is_whole(match: re.Match[str], column: str) -> bool:
    """Whether a placeholder takes the value of a column, and not something of it."""
    path = match["path"].strip()
    if path == column:
        return True
    item = _ITEM.fullmatch(path)
    return item is not None and _key(item) == column
