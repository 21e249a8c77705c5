"""Tables as people have them: where rows come from, and what comes back.

A pandas, polars or Dask table, a dict of lists and a list stay where they are: only the new columns
are kept beside them. An iterator and a file are read row by row.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from wx_notebook.batch.columns import as_series
from wx_notebook.batch.dask_table import DaskTable
from wx_notebook.batch.files import FileTable
from wx_notebook.errors import BadOption, mask_keys

#: The name of the one column of plain values.
VALUE = "value"
_TAKES = (
    "A table is a pandas, polars or Dask DataFrame or Series, a list, a dict of lists, an "
    "iterator, or the path of a CSV or Parquet file."
)
_HINT = "For example: %%watsonx --each df, or wx.batch(prompt, df)"
#: The new columns, each with one value for each row that was chosen.
NewColumns: TypeAlias = Mapping[str, Sequence[Any]]


class SourceTable(Protocol):
    """Where rows come from.

    Attributes
    ----------
    columns
        The names of the columns, as a prompt has them.
    height
        The number of rows, None where only reading tells.
    is_in_memory
        Whether it keeps its rows, so that only new columns have to be kept beside them.
    is_repeatable
        Whether its rows can be read more than once.
    """

    columns: Sequence[str]
    height: int | None
    is_in_memory: bool
    is_repeatable: bool

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these columns, row by row; an iterator can be read once."""

    def result(self, positions: Sequence[int], new: NewColumns) -> Any:  # noqa: ANN401
        """Return the rows at these positions with the new columns beside the old ones."""


def open_table(value: Any) -> SourceTable:  # noqa: ANN401
    """Return a table of the user's as a `SourceTable`.

    Raises
    ------
    BadOption
        The value is not a table, or two of its columns have the same name.
    """
    table = _open(value)
    if len(set(table.columns)) < len(table.columns):
        twice = next(name for name in table.columns if list(table.columns).count(name) > 1)
        raise BadOption(
            f"The table has two columns '{mask_keys(twice)}'.",
            hint="Rename one of them, so that the prompt can say which one it takes.",
        )
    return table


def _open(value: Any) -> SourceTable:  # noqa: ANN401
    if isinstance(value, str | Path):
        return FileTable(Path(value).expanduser())
    if _is(value, "pandas", "DataFrame", "Series"):
        return PandasTable(value)
    if _is(value, "polars", "DataFrame", "Series"):
        return PolarsTable(value)
    if _is(value, "dask.dataframe", "DataFrame"):
        return DaskTable(value)
    if _is(value, "dask.dataframe", "Series"):
        return DaskTable(value.to_frame(name=value.name or VALUE))
    if isinstance(value, Mapping):
        return ColumnsTable(value)
    if isinstance(value, list | tuple):
        return RowsTable(value)
    if isinstance(value, Iterator):
        return IteratorTable(value)
    kind = type(value).__name__[:60]
    if _is(value, "polars", "LazyFrame"):
        raise BadOption(f"A {kind} is not computed yet. {_TAKES}", hint="Use table.collect().")
    raise BadOption(f"A value of the type {kind} is no table. {_TAKES}", hint=_HINT)


def _is(value: Any, library: str, *names: str) -> bool:  # noqa: ANN401
    # a user who has such a table has imported the library
    module = sys.modules.get(library)
    kinds = [getattr(module, name, None) for name in names]
    return any(isinstance(kind, type) and isinstance(value, kind) for kind in kinds)


class PandasTable:
    """A pandas DataFrame or Series; its index is kept, whatever it is."""

    is_in_memory = is_repeatable = True

    def __init__(self, value: Any) -> None:  # noqa: ANN401
        is_series = _is(value, "pandas", "Series")
        self._frame = (
            value.to_frame(VALUE if value.name is None else value.name) if is_series else value
        )
        self.columns: Sequence[str] = tuple(map(str, self._frame.columns))
        self.height: int | None = len(self._frame)

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these columns, row by row."""
        places = [self.columns.index(name) for name in columns]
        if not places:
            return iter([()] * len(self._frame))
        return zip(*(self._frame.iloc[:, place] for place in places), strict=True)

    def result(self, positions: Sequence[int], new: NewColumns) -> Any:  # noqa: ANN401
        """Return a DataFrame with the new columns."""
        # by their places, because an index may have a label twice
        frame = self._frame
        is_whole = len(positions) == len(frame)
        chosen = frame.copy(deep=False) if is_whole else frame.iloc[list(positions)].copy()
        for name, values in new.items():
            chosen[name] = as_series(chosen.index, values)
        return chosen


class PolarsTable:
    """A polars DataFrame or Series."""

    is_in_memory = is_repeatable = True

    def __init__(self, value: Any) -> None:  # noqa: ANN401
        is_series = _is(value, "polars", "Series")
        self._frame = (value if value.name else value.alias(VALUE)).to_frame() if is_series else (
            value
        )  # fmt: skip
        self.columns: Sequence[str] = tuple(self._frame.columns)
        self.height: int | None = self._frame.height

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these columns, row by row."""
        if not columns:
            return iter([()] * self._frame.height)
        return self._frame.select(list(columns)).iter_rows()  # type: ignore[no-any-return]

    def result(self, positions: Sequence[int], new: NewColumns) -> Any:  # noqa: ANN401
        """Return a DataFrame with the new columns."""
        import polars as pl

        frame = self._frame
        chosen = frame if len(positions) == frame.height else frame[list(positions)]
        return chosen.with_columns(
            [
                pl.Series(name, list(values), dtype=pl.String if _is_text(values) else None,
                          strict=False)
                for name, values in new.items()
            ]
        )  # fmt: skip


def _is_text(values: Sequence[Any]) -> bool:
    return all(value is None or isinstance(value, str) for value in values)


class ColumnsTable:
    """A dict of lists; what comes back is one, too."""

    is_in_memory = is_repeatable = True

    def __init__(self, value: Mapping[str, Any]) -> None:
        self._columns = {str(name): values for name, values in value.items()}
        lengths = {}
        for name, values in self._columns.items():
            if isinstance(values, str) or not hasattr(values, "__len__"):
                raise BadOption(
                    f"'{mask_keys(name)}' of the dict is no list. {_TAKES}",
                    hint="A dict of lists has a list for each column. One row: [row]",
                )
            lengths[name] = len(values)
        if len(set(lengths.values())) > 1:
            each = ", ".join(f"'{mask_keys(name)}' {n:,}" for name, n in list(lengths.items())[:5])
            raise BadOption(
                f"The lists of the dict have different lengths: {each}.",
                hint="Give each row a value; None for none.",
            )
        self.columns: Sequence[str] = tuple(self._columns)
        self.height: int | None = next(iter(lengths.values()), 0)

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these columns, row by row."""
        if not columns:
            return iter([()] * (self.height or 0))
        return zip(*(self._columns[name] for name in columns), strict=True)

    def result(self, positions: Sequence[int], new: NewColumns) -> dict[str, list[Any]]:
        """Return a dict of lists with the new columns."""
        old = {
            name: [values[at] for at in positions]
            for name, values in ((n, list(v)) for n, v in self._columns.items())
        }
        return old | {name: list(values) for name, values in new.items()}


class RowsTable:
    """A list of dicts, or of plain values: a list of dicts comes back."""

    is_in_memory = is_repeatable = True

    def __init__(self, value: Sequence[Any]) -> None:
        self._rows = value
        names: dict[str, None] = {}
        self._is_plain = not any(isinstance(row, Mapping) for row in value)
        for number, row in enumerate(value):
            if not self._is_plain and not isinstance(row, Mapping):
                raise BadOption(
                    f"Row {number:,} of the list is no dict, and others are.",
                    hint="A list has dicts only, or plain values only.",
                )
            names |= dict.fromkeys([VALUE] if self._is_plain else map(str, row))
        self.columns: Sequence[str] = tuple(names or [VALUE])
        self.height: int | None = len(value)

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these columns, row by row; what a dict does not have is None."""
        for row in self._rows:
            yield row_values(row, columns)

    def result(self, positions: Sequence[int], new: NewColumns) -> list[dict[str, Any]]:
        """Return a list of dicts with the new columns."""
        columns = list(zip(*new.values(), strict=True)) if new else [()] * len(positions)
        return [
            {**as_dict(self._rows[at]), **dict(zip(new, values, strict=True))}
            for at, values in zip(positions, columns, strict=True)
        ]


class IteratorTable:
    """An iterator of dicts or plain values; it is read once, and says its columns with its first.

    A value that is no dict stands in the column `value`.
    """

    is_in_memory = is_repeatable = False

    def __init__(self, value: Iterator[Any]) -> None:
        self._first = list(islice(value, 1))
        self._rest = value
        first = self._first[0] if self._first else None
        self.columns: Sequence[str] = (
            tuple(map(str, first)) if isinstance(first, Mapping) else (VALUE,)
        )
        self.height: int | None = None

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these columns, row by row."""
        first, self._first = self._first, []
        for row in first:
            yield row_values(row, columns)
        del first
        for row in self._rest:
            yield row_values(row, columns)

    def result(self, positions: Sequence[int], new: NewColumns) -> list[dict[str, Any]]:
        """Return the new columns as a list of dicts: the reader keeps the old ones."""
        return [dict(zip(new, values, strict=True)) for values in zip(*new.values(), strict=True)]


def row_values(row: Any, columns: Sequence[str]) -> tuple[Any, ...]:  # noqa: ANN401
    """Return the values of these columns of a dict, or a plain value."""
    if isinstance(row, Mapping):
        if all(name in row for name in columns):
            return tuple(row[name] for name in columns)
        by_name = as_dict(row)
        return tuple(by_name.get(name) for name in columns)
    return (row,) * len(columns)


def as_dict(row: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a row with its names as texts."""
    return {str(name): value for name, value in row.items()} if isinstance(row, Mapping) else (
        {VALUE: row}
    )  # fmt: skip
