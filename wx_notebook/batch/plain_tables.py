"""Tables of plain Python: a dict of lists, a list, an iterator of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from itertools import chain, islice
from typing import Any, TypeAlias

from wx_notebook.errors import BadOption, mask_keys
from wx_notebook.templates import row_of

#: The name of the one column of plain values.
VALUE = "value"
TAKES = (
    "A table is a pandas, polars or Dask DataFrame or Series, a list, a dict of lists, an "
    "iterator, or the path of a CSV or Parquet file."
)
#: Columns of later rows that are told.
_MOST_LOST = 5
#: Iterators of which only the first row was taken, with that row.
_LOOKED_AT: dict[int, tuple[Iterator[Any], list[Any]]] = {}
_MOST_LOOKED_AT = 20
#: The new columns, each with one value for each row that was chosen.
NewColumns: TypeAlias = Mapping[str, Sequence[Any]]


class ColumnsTable:
    """A dict of lists; what comes back is one, too."""

    is_in_memory = is_repeatable = True

    def __init__(self, value: Mapping[str, Any]) -> None:
        self._columns = {str(name): values for name, values in value.items()}
        lengths = {}
        for name, values in self._columns.items():
            if isinstance(values, str) or not hasattr(values, "__len__"):
                raise BadOption(
                    f"'{mask_keys(name)}' in the dict is not a list. {TAKES}",
                    hint="A dict of lists has a list for each column. One row: [row]",
                )
            lengths[name] = len(values)
        if len(set(lengths.values())) > 1:
            each = ", ".join(f"'{mask_keys(name)}' {n:,}" for name, n in list(lengths.items())[:5])
            raise BadOption(
                f"The lists of the dict have different lengths: {each}.",
                hint="Give each row a value, or None.",
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
    """A list of dicts and the like, or of plain values: a list of dicts comes back."""

    is_in_memory = is_repeatable = True

    def __init__(self, value: Sequence[Any]) -> None:
        self._rows = value
        names: dict[str, None] = {}
        named = [by_name(row) for row in value]
        self._is_plain = not any(row is not None for row in named)
        for number, row in enumerate(named):
            if row is None and not self._is_plain:
                raise _unlike(number, "list", "is not a dict, but others are.")
            names |= dict.fromkeys([VALUE] if row is None else map(str, row))
        # () for a list without rows: only the prompt says which columns they would have had
        self.columns: Sequence[str] = tuple(names) or ((VALUE,) if value else ())
        self.height: int | None = len(value)

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these columns, row by row; what a dict does not have is None."""
        for row in self._rows:
            yield _values(by_name(row), row, columns)

    def result(self, positions: Sequence[int], new: NewColumns) -> list[dict[str, Any]]:
        """Return a list of dicts with the new columns."""
        columns = list(zip(*new.values(), strict=True)) if new else [()] * len(positions)
        return [
            {**_as_dict(self._rows[at]), **dict(zip(new, values, strict=True))}
            for at, values in zip(positions, columns, strict=True)
        ]


class IteratorTable:
    """An iterator of dicts and the like, or of plain values, which stand in the column `value`.

    It is read once, and says its columns with its first row.
    """

    is_in_memory = is_repeatable = False

    def __init__(self, value: Iterator[Any]) -> None:
        self._names = _names_of(value)
        self._first = _first_of(value)
        self._rest = value
        self._lost: dict[str, int] = {}  # columns that the first row does not have
        first = by_name(self._first[0], self._names) if self._first else None
        self._is_plain = first is None
        self.is_empty = not self._first
        self.columns: Sequence[str] = tuple(map(str, first or ())) or (
            () if self.is_empty else (VALUE,)
        )
        self.height: int | None = None

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these columns, row by row.

        Raises
        ------
        BadOption
            A row is a dict and the first is none, or the other way round.
        """
        first, self._first = self._first.copy(), []
        _LOOKED_AT.pop(id(self._rest), None)
        for number, row in enumerate(chain(first, self._rest)):
            first.clear()
            named = by_name(row, self._names)
            if (named is None) != self._is_plain:
                what = "not a dict, but the first is one." if named is None else (
                    "a dict, and the first is none."
                )  # fmt: skip
                raise _unlike(number, "iterator", f"is {what}")
            if named is not None and len(named) > len(self.columns):
                for name in {str(name) for name in named} - set(self.columns):
                    self._lost[name] = self._lost.get(name, 0) + 1
            yield _values(named, row, columns)

    def first_rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of the first row, which stays to be read."""
        return (_values(by_name(row, self._names), row, columns) for row in self._first)

    def result(self, positions: Sequence[int], new: NewColumns) -> list[dict[str, Any]]:
        """Return the new columns as a list of dicts: the reader keeps the old ones."""
        return [dict(zip(new, values, strict=True)) for values in zip(*new.values(), strict=True)]

    def notes(self) -> Iterator[str]:
        """Yield what the user has to know of it, once it was read."""
        if self.is_empty:
            yield "the iterator has no rows: it is empty, or was read before. Make it again"
        for name, number in list(self._lost.items())[:_MOST_LOST]:
            yield (
                f"{number:,} row{'' if number == 1 else 's'} had a column '{mask_keys(name)}', "
                "which the first row does not have: it is left out"
            )


def _first_of(iterator: Iterator[Any]) -> list[Any]:
    """Return the first row of an iterator, [] for none; `--show` and a mistake leave it there."""
    if id(iterator) not in _LOOKED_AT:
        while len(_LOOKED_AT) >= _MOST_LOOKED_AT:
            del _LOOKED_AT[next(iter(_LOOKED_AT))]
        _LOOKED_AT[id(iterator)] = iterator, list(islice(iterator, 1))
    return _LOOKED_AT[id(iterator)][1]


def _names_of(iterator: Iterator[Any]) -> tuple[str, ...]:
    """Return the names of the columns of a database's cursor, () for any other iterator."""
    described = getattr(iterator, "description", None)
    if not isinstance(described, list | tuple):
        return ()
    return tuple(str(one[0]) for one in described if isinstance(one, Sequence) and one)


def by_name(row: Any, names: Sequence[str] = ()) -> Mapping[Any, Any] | None:  # noqa: ANN401
    """Return a row with the names of its values, None for a plain value.

    A row with names is a dict, a named tuple, or a row of a database, whose cursor has the `names`.
    """
    if isinstance(row, Mapping):
        return row
    if names and isinstance(row, tuple) and len(row) == len(names):
        return dict(zip(names, row, strict=True))
    # an answer is a data class
    found = None if is_dataclass(row) else row_of(row)
    return dict(zip(found.names, found.values, strict=True)) if found and found.names else None


def _values(
    named: Mapping[Any, Any] | None, row: Any, columns: Sequence[str]  # noqa: ANN401
) -> tuple[Any, ...]:  # fmt: skip
    if named is None:
        return (row,) * len(columns)
    if all(name in named for name in columns):
        return tuple(named[name] for name in columns)
    texts = {str(name): value for name, value in named.items()}
    return tuple(texts.get(name) for name in columns)


def _as_dict(row: Any) -> dict[str, Any]:  # noqa: ANN401
    named = by_name(row)
    return {VALUE: row} if named is None else {str(name): value for name, value in named.items()}


def _unlike(number: int, what: str, how: str) -> BadOption:
    return BadOption(
        f"Row {number:,} of the {what} {how}",
        hint="All rows are dicts (or named tuples, or rows of a database), or all are plain "
        "values.",
    )
