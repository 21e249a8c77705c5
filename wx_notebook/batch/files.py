"""Tables in files: CSV and Parquet, read in pieces."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Generator, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wx_notebook.errors import BadOption

#: What separates the values of a CSV file; its first line tells which.
_DELIMITERS = ",;\t|"
#: Rows of a Parquet file that are read at a time.
_AT_A_TIME = 1_000
#: A field of a CSV file may hold a whole document.
_LONGEST_FIELD = 16 * 1024 * 1024
_NEEDS_PYARROW = "Parquet files need the package pyarrow."
_PYARROW_HINT = "Next: pip install 'wx-notebook[parquet]', then restart the kernel."


def check_pyarrow() -> None:
    """Refuse Parquet where the package for it is missing.

    Raises
    ------
    BadOption
        It is not installed.
    """
    if find_spec("pyarrow") is None:
        raise BadOption(_NEEDS_PYARROW, hint=_PYARROW_HINT)


class FileTable:
    """A CSV file with a line of names, or a Parquet file; it can be read as often as needed.

    Raises
    ------
    BadOption
        It cannot be read, is empty, or is of another kind.
    """

    is_in_memory, is_repeatable = False, True
    _delimiter = ","

    def __init__(self, path: Path) -> None:
        self.path = path
        self.height: int | None = None
        suffix = path.suffix.lower()
        if suffix not in (".csv", ".parquet"):
            raise BadOption(
                f"{path} can't be read as a table: its name ends with '{suffix}'.",
                hint="Read it in its own cell, df = pandas.read_...(), and use --each df. "
                "Files that can be read directly: .csv and .parquet",
            )
        if not path.is_file():
            raise BadOption(
                f"There is no file {path}.",
                hint="Check the path. It starts at the folder of the notebook.",
            )
        self._is_parquet = suffix == ".parquet"
        if self._is_parquet:
            check_pyarrow()
        self.columns: Sequence[str] = tuple(
            self._parquet_columns() if self._is_parquet else self._csv_columns()
        )

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these columns, row by row; an empty field of a CSV file is None.

        Raises
        ------
        BadOption
            The file ends early, or one of its rows cannot be read.
        """
        return self._parquet_rows(columns) if self._is_parquet else self._csv_rows(columns)

    def result(self, positions: Sequence[int], new: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        """Return the new columns as a list of dicts: the reader keeps the old ones."""
        return [dict(zip(new, values, strict=True)) for values in zip(*new.values(), strict=True)]

    @property
    def schema(self) -> Any:  # noqa: ANN401  # pyarrow's own
        """The types of a Parquet file's columns, None for a CSV file."""
        return self._opened().schema_arrow if self._is_parquet else None

    def _csv_columns(self) -> list[str]:
        with contextlib.closing(self._csv_lines()) as lines:
            for line in lines:
                return line
        raise BadOption(
            f"{self.path} is empty.", hint="Its first line has the names of the columns."
        )

    def _csv_rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        lines = self._csv_lines()
        next(lines, None)
        separated = "comma" if self._delimiter == "," else repr(self._delimiter)
        places = [self.columns.index(name) for name in columns]
        width = len(self.columns)
        for number, line in enumerate(lines, 1):
            if len(line) > width:
                raise BadOption(
                    f"Row {number:,} of {self.path} has {len(line):,} values, and there are "
                    f"{width:,} columns.",
                    hint=f"Put quotes around a value that has a {separated} in it.",
                )
            yield tuple((line[at] or None) if at < len(line) else None for at in places)

    def _csv_lines(self) -> Generator[list[str]]:
        """Yield the lines that are not empty."""
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
        reason = ""
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                self._delimiter = _delimiter_of(next(filter(str.strip, file), ""))
                file.seek(0)
                yield from filter(None, csv.reader(file, delimiter=self._delimiter))
        except UnicodeDecodeError:
            reason = "is not UTF-8 text"
        except (OSError, csv.Error) as error:
            reason = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        if reason:
            raise BadOption(
                f"{self.path} {reason}.",
                hint="Read it in its own cell, df = pandas.read_csv(..., encoding=...), and use "
                "--each df.",
            )

    def _parquet_columns(self) -> list[str]:
        file = self._opened()
        self.height = file.metadata.num_rows
        return list(file.schema_arrow.names)

    def _parquet_rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        reason = ""
        try:
            file = self._opened()
            for part in file.iter_batches(batch_size=_AT_A_TIME, columns=list(columns)):
                values = [part.column(name).to_pylist() for name in columns]
                yield from zip(*values, strict=True) if values else [()] * part.num_rows
        except (OSError, ValueError) as error:
            # pyarrow's own errors are of these classes
            reason = str(error).split("\n")[0]
        if reason:
            raise self._broken(reason)

    def _opened(self) -> Any:  # noqa: ANN401  # pyarrow's own
        import pyarrow.parquet as pq

        reason = ""
        try:
            return pq.ParquetFile(self.path)
        except (OSError, ValueError) as error:
            reason = str(error).split("\n")[0]
        raise self._broken(reason)

    def _broken(self, reason: str) -> BadOption:
        return BadOption(
            f"{self.path} is not a complete Parquet file: {reason[:200]}",
            hint="It was cut off, or has another format. Write it again, then run the cell again.",
        )


def _delimiter_of(line: str) -> str:
    """Return what separates the names in the first line of a CSV file, outside of quotes."""
    outside = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)
