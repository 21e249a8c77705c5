"""A DataFrame as text: its schema and a sample of its rows, within a budget of tokens."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from wx_notebook.templates.estimate import estimate_tokens
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
    """A table of any library: names and types of its columns, its height and its first rows."""

    columns: Sequence[tuple[str, str]]
    height: int
    head: Callable[[int], Iterable[Sequence[Any]]]

    def to_text(self, *, rows: int | None, budget: int) -> TableText:
        """Return the schema and the first `rows`, or as many rows as fit into `budget` tokens.

        Raises
        ------
        BadOption
            A value has no text, such as a function in a column of objects.
        """
        width = self._width(budget)
        wanted = min(self.height, _MOST_ROWS if rows is None else min(rows, _MOST_ROWS))
        schema = ", ".join(f"{name} ({kind})" for name, kind in self.columns[:width])
        if width < len(self.columns):
            schema += f" and {counted(len(self.columns) - width, 'more column')}"
        shape = f"a table of {counted(self.height, 'row')} and "
        shape += counted(len(self.columns), "column")
        shape += f": {schema}." if schema else "."
        lines = [_line(name for name, _ in self.columns[:width])]
        left = budget - estimate_tokens(shape) - estimate_tokens(lines[0])
        shortened = 0
        for row in self.head(wanted):
            for (name, _), value in zip(self.columns, row, strict=False):
                check_fits(value, f"a value of the column {name}")
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


def table_of(value: Any) -> Table | None:  # noqa: ANN401
    """Return a pandas DataFrame or Series, or a polars DataFrame, as a table; else None.

    Neither library is imported: a user who has such a value has imported it.
    """
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
