"""Tables as people have them: where rows come from, and what comes back.

A pandas, polars or Dask table, a dict of lists and a list stay where they are: only the new columns
are kept beside them. An iterator and a file are read row by row.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from wx_notebook.batch.dask_table import DaskTable, as_series
from wx_notebook.batch.files import FileTable
from wx_notebook.batch.plain_tables import (
    TAKES,
    VALUE,
    ColumnsTable,
    IteratorTable,
    NewColumns,
    RowsTable,
)
from wx_notebook.errors import BadOption, mask_keys


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
        raise BadOption(f"A {kind} is not computed yet. {TAKES}", hint="Use table.collect().")
    raise BadOption(
        f"A value of type {kind} is not a table. {TAKES}", hint="For example: --each df"
    )


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

    @property
    def schema(self) -> Any:  # noqa: ANN401  # pyarrow's own
        """The types of the columns that have one; a column of objects has that of its values."""
        typed = self._frame.select_dtypes(["number", "bool", "datetime", "datetimetz", "string"])
        return _schema_of(lambda pa: pa.Schema.from_pandas(typed.head(0), preserve_index=False))

    def with_index(self) -> SourceTable:
        """Return the table for a file, which has no index: one that says something is a column.

        The numbers that pandas gives rows by default say nothing.
        """
        frame, index = self._frame, self._frame.index
        is_default = _is(index, "pandas", "RangeIndex") and (index.start, index.step) == (0, 1)
        if is_default and index.name is None:
            return self
        levels = [at for at, name in enumerate(index.names) if str(name) not in self.columns]
        return PandasTable(frame.reset_index(level=levels)) if levels else self


def _schema_of(make: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    """Return what a function makes of pyarrow, None for types that pyarrow does not have."""
    import pyarrow as pa

    try:
        return make(pa)
    except (ValueError, TypeError, NotImplementedError):
        return None


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

    @property
    def schema(self) -> Any:  # noqa: ANN401  # pyarrow's own
        """The types of the columns."""
        return _schema_of(lambda _: self._frame.head(0).to_arrow().schema)

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
