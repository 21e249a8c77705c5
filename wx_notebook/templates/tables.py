"""A table as text: its schema and a sample of its rows, within a budget of tokens."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from wx_notebook.templates.estimate import estimate_tokens
from wx_notebook.templates.iterators import ItemRow, Items, row_of
from wx_notebook.templates.unfit_values import check_fits

#: Tokens (estimated) for a table if no number of rows is given.
TABLE_BUDGET = 1_000
#: Characters of one value, and rows that one can ask for.
_LONGEST_VALUE, _MOST_ROWS = 200, 100_000


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 row", "2 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class TableText(NamedTuple):
    """The text of a table, its numbers of rows and columns, and how many values were shortened."""

    text: str
    rows: int
    columns: int
    shortened: int


@dataclass(frozen=True)
class Table:
    """A table of any library: names and types of its columns, its height and its first rows.

    The height is None for rows of an iterator that was not read to its end. Its columns have names
    if the rows have.
    """

    columns: Sequence[tuple[str, str]]
    height: int | None
    head: Callable[[int], Iterable[Sequence[Any]]]

    def to_text(self, *, rows: int | None, budget: int) -> TableText:
        """Return the schema and the first `rows`, or as many rows as fit into `budget` tokens.

        Raises
        ------
        BadOption
            A value has no text, such as a function in a column of objects.
        """
        width = self._width(budget)
        wanted = _MOST_ROWS if rows is None else min(rows, _MOST_ROWS)
        named = self.columns[:width] if any(name for name, _ in self.columns) else []
        schema = ", ".join(f"{name} ({kind})" if kind else name for name, kind in named)
        if width < len(self.columns):
            schema += f" and {counted(len(self.columns) - width, 'more column')}"
        shape = "a table of " if self.height is None else (
            f"a table of {counted(self.height, 'row')} and "
        )  # fmt: skip
        shape += counted(len(self.columns), "column")
        shape += f": {schema}." if schema else "."
        lines = [_line(name for name, _ in named) if named else ""]
        left = budget - estimate_tokens(shape) - estimate_tokens(lines[0])
        shortened = 0
        for row in self.head(wanted):
            for at, ((name, _), value) in enumerate(zip(self.columns, row, strict=False), 1):
                check_fits(value, f"a value of the column {name or at}")
            values = [_value(value) for value in row[:width]]
            line = _line(values)
            left -= estimate_tokens(line)
            # at least one row, to show what the values look like
            if rows is None and left < 0 and len(lines) > 1:
                break
            shortened += sum(value.endswith("…") for value in values)
            lines.append(line)
        sent = len(lines) - 1
        which = f"All {sent:,}" if sent == self.height else f"The first {sent:,}"
        text = f"{shape}\n{which} rows, as CSV:\n{''.join(lines)}".rstrip("\n")
        return TableText(text if sent else shape, sent, width, shortened)

    def _width(self, budget: int) -> int:
        """Return how many columns' names and types fit into half of the budget."""
        left, width = budget // 2, 0
        for name, kind in self.columns:
            left -= estimate_tokens(f"{name} ({kind}), ")
            if left < 0 and width:
                break
            width += 1
        return width


def table_of(value: Any, rows: int | None = None) -> Table | None:  # noqa: ANN401
    """Return a pandas DataFrame or Series, a polars DataFrame or rows as a table; else None.

    Neither library is imported: a user who has such a value has imported it. Of an iterator so many
    `rows` are read, or as many as a prompt is given.
    """
    if isinstance(value, Items):
        return _of_items(value, rows)
    if _is(value, "pandas", "Series"):
        value = value.to_frame(value.name if value.name is not None else "value")
    if _is(value, "pandas", "DataFrame"):
        return _of_pandas(value)
    if _is(value, "polars", "DataFrame"):
        return Table(
            [(str(name), str(kind).lower()) for name, kind in value.schema.items()],
            value.height,
            lambda rows: value.head(rows).iter_rows(),
        )
    return None


def _is(value: Any, library: str, name: str) -> bool:  # noqa: ANN401
    kind = getattr(sys.modules.get(library), name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _of_pandas(frame: Any) -> Table:  # noqa: ANN401
    # the numbers that pandas gives rows by default say nothing
    counted = _is(frame.index, "pandas", "RangeIndex") and frame.index.name is None
    columns = [(str(name), _kind(kind)) for name, kind in zip(frame, frame.dtypes, strict=True)]
    if not counted:
        levels = range(frame.index.nlevels)
        names = [str(frame.index.names[n] or "index") for n in levels]
        kinds = [_kind(frame.index.get_level_values(n).dtype) for n in levels]
        columns = [*zip(names, kinds, strict=True), *columns]

    def head(rows: int) -> Iterable[Sequence[Any]]:
        for label, *values in frame.iloc[:rows].itertuples(index=True, name=None):
            if counted:
                yield values
            else:
                yield [*(label if isinstance(label, tuple) else (label,)), *values]

    return Table(columns, len(frame), head)


def _of_items(items: Items, rows: int | None) -> Table:
    found: list[ItemRow] = []
    left = TABLE_BUDGET
    while (left >= 0 if rows is None else len(found) < rows) and items.has(len(found) + 1):
        item = items.read[len(found)]
        row = row_of(item) or ItemRow((), (item,))
        left -= estimate_tokens(_line(map(_value, row.values)))
        found.append(row)
    is_all = left >= 0 and not items.has(len(found) + 1)
    names = tuple(dict.fromkeys(name for row in found for name in row.names))
    if all(row.names == found[0].names for row in found):
        # two columns of a query may have one name
        names, values = found[0].names if found else (), [row.values for row in found]
    elif all(row.names for row in found):
        named = [dict(zip(row.names, row.values, strict=False)) for row in found]
        values = [tuple(each.get(name) for name in names) for each in named]
    else:
        names, values = (), [row.values for row in found]
    columns = [(name, "") for name in names] or [("", "")] * max(map(len, values), default=0)
    return Table(columns, len(found) if is_all else None, lambda number: values[:number])


def _kind(kind: object) -> str:
    return "text" if str(kind) in ("object", "string", "str") else str(kind)


def is_missing(value: Any) -> bool:  # noqa: ANN401
    """Return whether a value is None, not a number, or pandas' NA or NaT."""
    if type(value) is str:
        return False
    return value is None or type(value).__name__ in ("NAType", "NaTType") or _is_nan(value)


def _value(value: Any) -> str:  # noqa: ANN401
    text = "" if is_missing(value) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _is_nan(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, float) and value != value


def _line(values: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(list(values))
    return out.getvalue()
