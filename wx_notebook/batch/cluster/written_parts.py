"""A table that the workers write: a folder with a file for each partition, as soon as it is done.

So the kernel holds the answers of the partitions that are under way, and of no others.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import wait

from wx_notebook.batch.cluster.partitions import PartitionRows, reason_of
from wx_notebook.batch.dask_table import DaskTable
from wx_notebook.batch.jobs import RowPlace
from wx_notebook.batch.outputs import check_suffix, part_of
from wx_notebook.batch.parquet_types import ColumnTypes, known_types, parquet_schema
from wx_notebook.batch.shapes import ERROR, Shape
from wx_notebook.batch.tables import PandasTable
from wx_notebook.batch.writers import make_writer, unfit_column
from wx_notebook.errors import BadOption, WatsonxError

#: Files that are written while other partitions are sent.
_MOST_AT_ONCE = 8
#: Seconds that a run which ends early gives the workers to write what has come.
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class PartFile:
    """How the file of a partition is written.

    Attributes
    ----------
    folder, suffix
        Where, and the kind of the files.
    names
        The names of all columns.
    """

    folder: Path
    suffix: str
    names: tuple[str, ...]

    def write(self, number: int, rows: Sequence[Sequence[Any]], types: ColumnTypes) -> None:
        """Write the rows of a partition; a file that is there is whole."""
        name = f"part-{number:06}{self.suffix}"
        growing = self.folder / f".{name}-{os.getpid()}"
        if not self.folder.is_dir():
            raise BadOption(
                f"A worker sees no folder {self.folder}.",
                hint="Give --to a folder that the kernel and all workers see.",
            )
        writer = make_writer(growing, self.suffix, self.names, types)
        for row in rows:
            writer.write(row)
        writer.close()
        growing.replace(self.folder / name)


def write_part(
    part: Any, number: int, cells: Mapping[int, Sequence[Any]], file: PartFile, schema: Any  # noqa: ANN401  # pandas' and pyarrow's own
) -> None:  # fmt: skip
    """Write the rows of a partition that have new cells, by their places in it; a task of Dask."""
    types = known_types(schema, {})
    file.write(number, _rows(part, cells), types)


def part_schema(
    part: Any, cells: Mapping[int, Sequence[Any]], names: Sequence[str], types: ColumnTypes  # noqa: ANN401
) -> Any:  # fmt: skip  # noqa: ANN401  # pyarrow's own
    """Return the schema that all files get, by the first partition; a task of Dask."""
    reason = ""
    try:
        return parquet_schema(names, _rows(part, cells), types)
    except (ValueError, TypeError) as error:
        # pyarrow's own errors are of these classes
        reason = str(error).split("\n")[0]
    raise unfit_column(reason)


def _rows(part: Any, cells: Mapping[int, Sequence[Any]]) -> list[tuple[Any, ...]]:  # noqa: ANN401
    columns = [part.iloc[:, at] for at in range(part.shape[1])]
    whole = list(zip(*columns, strict=True))
    return [(*whole[at], *cells[at]) for at in sorted(cells)]


class WrittenParts:
    """The folder that the workers write.

    It grows under another name, with `.part` in it, and gets its own when it is whole.

    Parameters
    ----------
    path
        The folder, which ends with .csv, .jsonl or .parquet; kernel and workers see the same one.
    table, shape
        What is written, and what becomes of an answer.
    source
        Says where a row is; it learns from here which rows have ended.
    data
        The partitions on the workers, by their numbers; each is taken out when it is written.
    client
        Of the cluster.

    Raises
    ------
    BadOption
        The folder is of another kind, is there already, or cannot be made.
    """

    needs_all = False

    def __init__(
        self, path: Path, table: DaskTable, shape: Shape, source: PartitionRows,
        data: dict[int, Any], client: Any,  # noqa: ANN401  # distributed's own
    ) -> None:  # fmt: skip
        self._path = path.resolve()
        suffix = check_suffix(path, "The folder of --to")
        if self._path.exists():
            raise BadOption(
                f"{path} is there already, and the workers would write among its files.",
                hint="Delete it, or give --to another name.",
            )
        self._new = (*shape.columns, ERROR)
        self._types: ColumnTypes = {}
        if suffix == ".parquet":
            self._types = known_types(PandasTable(table.empty).schema, shape.types())
        self._file = PartFile(part_of(self._path), suffix, (*table.columns, *self._new))
        self._source = source
        self._data = data
        self._client = client
        self._cells: dict[int, dict[int, tuple[Any, ...]]] = {}
        self._writes: list[Any] = []
        self._schema: Any = None
        self._number = 0
        self._make_folder()

    def _make_folder(self) -> None:
        folder, reason = self._file.folder, ""
        try:
            # of a run that ended early; its answers are in the journal
            for older in (*folder.glob("part-*"), *folder.glob(".part-*")):
                older.unlink()
            folder.mkdir(exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
        if reason:
            raise BadOption(
                f"{folder} cannot be written: {reason}.",
                hint="Make or check its folder, then run the cell again.",
            )

    def put(self, place: RowPlace, cells: Mapping[str, Any]) -> None:
        """Take a row; with the last one of its partition a worker writes that."""
        row = self._source.row(place)
        if row is None:
            # the first word counts: an interrupt may tell of a row that is here already
            return
        values = tuple(cells.get(name) for name in self._new)
        self._cells.setdefault(row[0], {})[row[1]] = values
        if self._source.end(place) and not self._source.is_stopped:
            self._write(row[0])
            self._wait_for_room()

    def value(self) -> Path:
        """Wait for the workers, and return the path of the folder."""
        self._finish(None)
        if not self._number:
            self._file.write(0, [], self._types)
        folder = self._file.folder
        if len(list(folder.glob("part-*"))) < self._number:
            raise BadOption(
                f"The workers have written files that the kernel does not see in {folder}.",
                hint="Give --to a folder that the kernel and all workers see.",
            )
        folder.replace(self._path)
        return self._path

    def value_so_far(self) -> Path:
        """Let the workers write what has come, and return the path of the folder that grows."""
        with contextlib.suppress(Exception):
            for number in list(self._cells):
                self._write(number)
            self._finish(_END_S)
        return self._file.folder

    def _write(self, number: int) -> None:
        cells, part = self._cells.pop(number), self._data.pop(number)
        self._number += 1
        submit, file = self._client.submit, self._file
        with warnings.catch_warnings():
            # a partition may have many rows, whose answers go along with the task
            warnings.filterwarnings("ignore", "Sending large graph")
            if file.suffix == ".parquet" and self._schema is None:
                self._schema = submit(
                    part_schema, part, cells, file.names, self._types, pure=False, priority=20
                )
            self._writes.append(
                submit(write_part, part, number, cells, file, self._schema, pure=False, priority=10)
            )

    def _wait_for_room(self) -> None:
        while len(self._writes) > _MOST_AT_ONCE and not self._check():
            with self._client.as_current():
                wait(self._writes, return_when="FIRST_COMPLETED")

    def _finish(self, limit_s: float | None) -> None:
        if self._writes:
            with self._client.as_current():
                wait(self._writes, timeout=limit_s)
        self._check()

    def _check(self) -> bool:
        """Forget the files that are written, and return whether there was one.

        Raises
        ------
        BadOption
            One of them could not be written.
        """
        ended = [one for one in self._writes if one.status != "pending"]
        self._writes = [one for one in self._writes if one.status == "pending"]
        for one in ended:
            if one.status == "finished":
                continue
            error = one.exception() if one.status == "error" else None
            if isinstance(error, WatsonxError):
                raise type(error)(error.message, hint=error.hint)
            raise BadOption(
                f"A worker could not write a partition: {reason_of(one)}",
                hint="Check the folder of --to on the workers, then run the cell again. Rows with "
                "an answer are not sent again.",
            )
        return bool(ended)
