"""Writing rows into a CSV, JSON Lines or Parquet file, a few at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from wx_notebook.batch.parquet_types import ColumnTypes, parquet_schema
from wx_notebook.errors import BadOption
from wx_notebook.templates import is_missing

#: Rows of a Parquet file that are written at a time, as one of its row groups.
_GROUP = 5_000


class RowWriter(Protocol):
    """Writes rows in their order."""

    def write(self, row: Sequence[Any]) -> None:
        """Write one row."""

    def close(self) -> None:
        """Write what is left, and close the file."""


def make_writer(
    path: Path, suffix: str, names: Sequence[str], types: ColumnTypes
) -> RowWriter:  # fmt: skip
    """Return the writer of a file.

    Parameters
    ----------
    suffix
        ".csv", ".jsonl" or ".parquet".
    names
        The names of all columns.
    types
        For Parquet: those that are known; the others are found out.

    Raises
    ------
    BadOption
        The file cannot be written.
    """
    reason = ""
    try:
        path.open("wb").close()
        if suffix == ".parquet":
            return _ParquetWriter(path, names, types)
        return (_CsvWriter if suffix == ".csv" else _JsonWriter)(path, names)
    except OSError as error:
        reason = error.strerror or str(error)
    if not path.parent.exists():
        reason = f"there is no folder {path.parent}"
    raise BadOption(
        f"{path} cannot be written: {reason}.",
        hint="Make or check its folder, then run the cell again.",
    )


class _CsvWriter:
    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(names)

    def write(self, row: Sequence[Any]) -> None:
        self._writer.writerow(["" if is_missing(value) else _as_text(value) for value in row])

    def close(self) -> None:
        self._file.close()


def _as_text(value: Any) -> Any:  # noqa: ANN401
    value = _listed(value)
    if isinstance(value, list | dict):
        return json.dumps(value, default=_plain, ensure_ascii=False)
    return value


class _JsonWriter:
    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._names = names

    def write(self, row: Sequence[Any]) -> None:
        # JSON has no NaN
        values = [None if is_missing(value) else value for value in row]
        document = dict(zip(self._names, values, strict=True))
        self._file.write(json.dumps(document, default=_plain, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value of another library as JSON has it: numpy's numbers are numbers."""
    item, value = getattr(value, "item", None), _listed(value)
    if isinstance(value, list):
        return value
    return item() if callable(item) and getattr(value, "shape", None) == () else str(value)


def _listed(value: Any) -> Any:  # noqa: ANN401
    """Return an array of numpy, of which pandas makes the lists of a Parquet file, as a list."""
    return value.tolist() if getattr(value, "ndim", 0) and hasattr(value, "tolist") else value


class _ParquetWriter:
    """The types that are not known are those of the first rows."""

    def __init__(self, path: Path, names: Sequence[str], types: ColumnTypes) -> None:
        self._path = path
        self._names = tuple(names)
        self._types = types
        self._schema: Any = None
        self._writer: Any = None
        self._rows: list[Sequence[Any]] = []

    def write(self, row: Sequence[Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= _GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._rows and self._writer is not None:
            return
        rows, self._rows = self._rows, []
        columns = list(zip(*rows, strict=True)) or [()] * len(self._names)
        reason = ""
        try:
            if self._schema is None:
                self._schema = parquet_schema(self._names, rows, self._types)
                self._writer = pq.ParquetWriter(self._path, self._schema)
            arrays = [
                # as pandas means it: NaN, NaT and NA are no values
                pa.array(_texts(values) if kind == pa.string() else values, kind, from_pandas=True)
                for kind, values in zip(self._schema.types, columns, strict=True)
            ]
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        except (ValueError, TypeError) as error:
            # pyarrow's own errors are of these classes
            reason = str(error).split("\n")[0]
        if reason:
            raise unfit_column(reason)


def unfit_column(reason: str) -> BadOption:
    """Return the error for a column whose values have several types."""
    return BadOption(
        f"A column cannot be written as Parquet: {reason[:200]}",
        hint="Give the values of a column one type, or use --to FILE.jsonl. Rows with an answer "
        "are not sent again.",
    )


def _texts(values: Sequence[Any]) -> list[str | None]:
    return [
        None if is_missing(value) else value if isinstance(value, str) else str(value)
        for value in values
    ]
