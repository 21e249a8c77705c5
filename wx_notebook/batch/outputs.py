"""Where the rows go: into a table in memory, or into a file that grows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from wx_notebook.batch.files import FileTable, check_pyarrow
from wx_notebook.batch.jobs import RowPlace
from wx_notebook.batch.parquet_types import ColumnTypes, known_types
from wx_notebook.batch.shapes import ERROR
from wx_notebook.batch.tables import PandasTable, PolarsTable, SourceTable
from wx_notebook.batch.writers import RowWriter, make_writer
from wx_notebook.errors import BadOption

_SUFFIXES = (".csv", ".jsonl", ".parquet")


class Output(Protocol):
    """Takes each row once, in any order."""

    #: whether it needs the values of all columns of a row
    needs_all: bool

    def put(self, place: RowPlace, cells: Mapping[str, Any]) -> None:
        """Take a row with the values of its new columns."""

    def value(self) -> Any:  # noqa: ANN401  # the user's kind of table, or a path
        """Return the table of all rows so far, in their order."""

    def value_so_far(self) -> Any:  # noqa: ANN401
        """Return the same for a run that ended early."""


class MemoryOutput:
    """A table of the kind that came in.

    Parameters
    ----------
    table
        Where the rows come from.
    new
        The names of the new columns.
    """

    def __init__(self, table: SourceTable, new: Sequence[str]) -> None:
        self._table = table
        self._new = tuple(new)
        self.needs_all = not table.is_in_memory
        self._cells: dict[int, tuple[RowPlace, tuple[Any, ...]]] = {}

    def put(self, place: RowPlace, cells: Mapping[str, Any]) -> None:
        """Take a row."""
        if not self.needs_all:
            # the table itself has them
            place = place._replace(values=())
        # the first word counts: an interrupt may tell of a row that is here already
        row = place, tuple(cells.get(name) for name in self._new)
        self._cells.setdefault(place.number, row)

    def value(self) -> Any:  # noqa: ANN401
        """Return the table with the new columns."""
        if self.needs_all:
            names = (*self._table.columns, *self._new)
            return [
                dict(zip(names, (*place.values, *cells), strict=True))
                for place, cells in self._ordered()
            ]
        return self._table.result(*self.columns())

    value_so_far = value

    def columns(self) -> tuple[list[int], dict[str, list[Any]]]:
        """Return the positions of the rows, and the new columns."""
        ordered = self._ordered()
        new = {name: [cells[at] for _, cells in ordered] for at, name in enumerate(self._new)}
        return [place.position for place, _ in ordered], new

    def _ordered(self) -> list[tuple[RowPlace, tuple[Any, ...]]]:
        return [self._cells[number] for number in sorted(self._cells)]


class FileOutput:
    """A file that grows in the order of the rows; at the end it takes the place of an older one.

    A run that ends early leaves an older file alone: what it has stays in a file beside it, whose
    name has `.part` in it.

    Parameters
    ----------
    path
        Ends with .csv, .jsonl or .parquet.
    table, new
        As for `MemoryOutput`.
    declared
        Returns the types of new columns that are known, for Parquet.

    Raises
    ------
    BadOption
        The file cannot be written, or would be the one that is read.
    """

    needs_all = True

    def __init__(
        self, path: Path, table: SourceTable, new: Sequence[str],
        declared: Callable[[], ColumnTypes],
    ) -> None:  # fmt: skip
        self.path = path
        source = table.path if isinstance(table, FileTable) else None
        suffix = check_suffix(path, "The file of --to")
        if source is not None and path.resolve() == source.resolve():
            raise BadOption(
                f"--to names {path}, which is the table itself.", hint="Give --to another file."
            )
        if path.is_dir():
            raise BadOption(f"{path} is a folder.", hint="Give --to the name of a file.")
        names = (*table.columns, *new)
        types: ColumnTypes = {}
        if suffix == ".parquet":
            typed = table if isinstance(table, FileTable | PandasTable | PolarsTable) else None
            types = known_types(typed.schema if typed else None, declared())
        self._new = tuple(new)
        self._names = names
        self._part = part_of(path)
        self._writer: RowWriter = make_writer(self._part, suffix, names, types)
        self._waiting: dict[int, tuple[Any, ...]] = {}
        self._next = 0
        self._is_closed = False
        self._is_whole = True  # every row so far could be written

    def put(self, place: RowPlace, cells: Mapping[str, Any]) -> None:
        """Take a row, and write what is complete up to it."""
        if place.number < self._next:
            return
        row = (*place.values, *(cells.get(name) for name in self._new))
        self._waiting.setdefault(place.number, row)
        while (waiting := self._waiting.pop(self._next, None)) is not None:
            self._write(waiting)
            self._next += 1

    def value(self) -> Path:
        """Write the rest, and return the path of the file."""
        self._close()
        self._part.replace(self.path)
        return self.path

    def value_so_far(self) -> Path:
        """Write the rest, and return the path of the file, or of the one beside an older file."""
        self._close()
        return self._part if self.path.exists() else self.value()

    def _write(self, row: Sequence[Any]) -> None:
        self._is_whole = False
        self._writer.write(row)
        self._is_whole = True

    def _close(self) -> None:
        if not self._is_whole:
            raise BadOption(f"{self._part} lacks rows that could not be written.")
        if self._is_closed:
            return
        for number in sorted(self._waiting):
            self._write(self._waiting[number])
        self._waiting.clear()
        self._is_closed, self._is_whole = True, False
        self._writer.close()
        self._is_whole = True


@dataclass(slots=True)
class MatchingRows:
    """Keeps the rows of which the value in one new column is true.

    Parameters
    ----------
    table
        Where the rows come from.
    column
        The name of that column.

    Attributes
    ----------
    failed
        Why rows have no answer.
    """

    table: SourceTable
    column: str
    failed: list[str] = field(default_factory=list)
    _rows: dict[int, RowPlace] = field(default_factory=dict)

    @property
    def needs_all(self) -> bool:
        """Whether the table does not keep its rows."""
        return not self.table.is_in_memory

    def put(self, place: RowPlace, cells: Mapping[str, Any]) -> None:
        """Take a row."""
        if cells.get(ERROR) is not None:
            self.failed.append(str(cells[ERROR]))
        elif cells.get(self.column):
            self._rows.setdefault(place.number, place)

    def value(self) -> Any:  # noqa: ANN401
        """Return the rows, in their order."""
        places = [self._rows[number] for number in sorted(self._rows)]
        if self.needs_all:
            return [dict(zip(self.table.columns, one.values, strict=True)) for one in places]
        return self.table.result([one.position for one in places], {})

    value_so_far = value


def export_rows(path: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows into a file, and return how many there were.

    Raises
    ------
    BadOption
        The file is of another kind, or cannot be written.
    """
    suffix = check_suffix(path, "The file")
    writer = make_writer(path, suffix, names, {})
    number = 0
    for row in rows:
        writer.write(row)
        number += 1
    writer.close()
    return number


def part_of(path: Path) -> Path:
    """Return the name under which a file or folder grows."""
    return path.with_name(f"{path.stem}.part{path.suffix}")


def check_suffix(path: Path, option: str) -> str:
    """Return the kind of a file by the end of its name.

    Raises
    ------
    BadOption
        Tables cannot be written as this kind of file.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise BadOption(
            f"{option} ends with {', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}, and "
            f"'{path.name}' does not.",
            hint="For example: answers.csv",
        )
    if suffix == ".parquet":
        check_pyarrow()
    return suffix
