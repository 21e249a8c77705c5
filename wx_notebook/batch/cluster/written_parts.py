"""A table that the workers write: a folder with a file for each partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wx_notebook.batch.dask_table import DaskTable
from wx_notebook.batch.jobs import RowPlace
from wx_notebook.batch.outputs import MemoryOutput, check_suffix
from wx_notebook.errors import BadOption


class WrittenParts:
    """The answers of a Dask DataFrame, which the workers write beside its rows at the end.

    Parameters
    ----------
    path
        The folder, which ends with .csv, .jsonl or .parquet; kernel and workers see the same one.
    table, new
        As for `MemoryOutput`.
    client
        Of the cluster.

    Raises
    ------
    BadOption
        The folder is of another kind, or there already.
    """

    needs_all = False

    def __init__(self, path: Path, table: DaskTable, new: Sequence[str], client: Any) -> None:  # noqa: ANN401
        self._path = path.resolve()
        self._suffix = check_suffix(path, "The folder of --to")
        self._table = table
        self._client = client
        self._cells = MemoryOutput(table, new)
        if self._path.exists():
            raise BadOption(
                f"{path} is there already, and the workers would write among its files.",
                hint="Delete it, or give --to another name.",
            )

    def put(self, place: RowPlace, cells: Mapping[str, Any]) -> None:
        """Take a row."""
        self._cells.put(place, cells)

    def value(self) -> Path:
        """Let the workers write all rows so far, and return the path of the folder."""
        positions, new = self._cells.columns()
        frame = self._table.result(positions, new)
        on = {"scheduler": self._client}
        if self._suffix == ".parquet":
            frame.to_parquet(str(self._path), schema=_types(new), compute_kwargs=on)
        elif self._suffix == ".csv":
            frame.to_csv(str(self._path / "part-*.csv"), index=False, compute_kwargs=on)
        else:
            frame.to_json(str(self._path / "part-*.jsonl"), orient="records", lines=True,
                          compute_kwargs=on)  # fmt: skip
        return self._path

    def value_so_far(self) -> Any:  # noqa: ANN401  # a Dask DataFrame
        """Return the rows so far, and write nothing: the same run again finds its folder free."""
        return self._table.result(*self._cells.columns())


def _types(new: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Return the types of the new columns: a partition where all values are None has none."""
    import pyarrow as pa

    kinds = {name: pa.array(values).type for name, values in new.items()}
    return {name: pa.string() if pa.types.is_null(kind) else kind for name, kind in kinds.items()}
