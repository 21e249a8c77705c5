"""A Dask DataFrame as a table: it is read partition by partition, and a Dask DataFrame comes back.

Who has such a table has imported Dask; for any other table nothing of it is imported.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from wx_notebook.errors import BadOption, foreign_reason


class DaskTable:
    """A Dask DataFrame.

    One partition at a time is in memory, with the columns that the prompt takes. The new columns
    are kept, and stand beside the old ones when what comes back is computed.

    Parameters
    ----------
    frame
        The user's DataFrame.
    """

    is_in_memory = is_repeatable = True

    def __init__(self, frame: Any) -> None:  # noqa: ANN401
        self._frame = frame
        self._labels = {str(label): label for label in frame.columns}
        self.columns: Sequence[str] = tuple(map(str, frame.columns))
        #: only reading tells
        self.height: int | None = None
        #: rows of the partitions that were read
        self.lengths: list[int] = []

    @property
    def empty(self) -> Any:  # noqa: ANN401  # pandas' own
        """A pandas DataFrame with its columns and their types, and without rows."""
        return self._frame._meta

    def with_index(self) -> DaskTable:
        """Return the table for files, which have no index: one with a name is a column."""
        name = self._frame.index.name
        is_new = name is not None and str(name) not in self._labels
        return DaskTable(self._frame.reset_index()) if is_new else self

    def keep_sample(self, client: Any, choose: Callable[[int], Sequence[int]]) -> None:  # noqa: ANN401
        """Forget all rows but some, which the workers of a cluster choose out of each partition.

        Parameters
        ----------
        choose
            Returns positions of a table with so many rows.

        Raises
        ------
        BadOption
            A partition cannot be computed.
        """
        import dask.dataframe as dd
        from dask.delayed import delayed

        lengths = _computed("The Dask DataFrame", lambda: client.compute(
            self._frame.map_partitions(len)).result())  # fmt: skip
        positions, begin = choose(sum(lengths)), 0
        parts: list[Any] = []
        for part, length in zip(self._frame.to_delayed(), lengths, strict=True):
            first, behind = bisect_left(positions, begin), bisect_left(positions, begin + length)
            if first < behind or not parts:
                rows = [at - begin for at in positions[first:behind]]
                parts.append(delayed(_rows_at)(part, rows))
            begin += length
        self._frame = dd.from_delayed(parts, meta=self._frame._meta, verify_meta=False)

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of these columns, row by row.

        Raises
        ------
        BadOption
            A partition cannot be computed.
        """
        self.lengths = []
        for number, lazy in enumerate(self.partitions(columns)):
            part = _computed(
                f"Partition {number:,} of the Dask DataFrame", lazy.compute,
                f"To see the whole error: df.partitions[{number}].compute()",
            )  # fmt: skip
            self.lengths.append(len(part))
            yield from zip(*(part[self._labels[name]] for name in columns), strict=True)

    def partitions(self, columns: Sequence[str]) -> Iterator[Any]:
        """Yield each partition with these columns, as a Dask DataFrame that is not computed."""
        frame = self._frame[[self._labels[name] for name in columns]]
        for number in range(frame.npartitions):
            yield frame.partitions[number]

    def result(self, positions: Sequence[int], new: Mapping[str, Sequence[Any]]) -> Any:  # noqa: ANN401
        """Return a Dask DataFrame with the new columns, of the partitions that were read."""
        import dask.config
        import dask.dataframe as dd
        import pandas as pd
        from dask.delayed import delayed

        # one type for all partitions
        index = pd.RangeIndex(len(positions))
        values = pd.DataFrame(
            {name: as_series(index, column) for name, column in new.items()}, index=index
        )
        lengths = self.lengths or [0]
        ends = list(accumulate(lengths))
        frame = self._frame.partitions[: len(lengths)]
        parts, begin = [], 0
        for part, end, length in zip(frame.to_delayed(), ends, lengths, strict=True):
            first, behind = bisect_left(positions, begin), bisect_left(positions, end)
            # an index, which Dask does not search for its own keys
            chosen = pd.Index(positions[first:behind]) - begin
            cells = values.iloc[first:behind]
            parts.append(delayed(beside, pure=True)(part, length, chosen, cells))
            begin = end
        meta = beside(frame._meta, 0, pd.Index([]), values.iloc[:0])
        divisions = frame.divisions if frame.known_divisions else None
        # None stays None, and a number in a column with gaps a number: neither becomes a text
        with dask.config.set({"dataframe.convert-string": False}):
            return dd.from_delayed(parts, meta=meta, divisions=divisions, verify_meta=False)


def as_series(index: Any, values: Sequence[Any]) -> Any:  # noqa: ANN401  # pandas' own
    """Return values as a Series with an index."""
    import pandas as pd

    has_gaps = any(value is None for value in values)
    # None stays None: as a number it would become NaN, as a text it is what was not answered
    return pd.Series(list(values), index=index, dtype=object if has_gaps or not values else None)


def _rows_at(part: Any, chosen: list[int]) -> Any:  # noqa: ANN401  # pandas' own
    return part.iloc[chosen]


def _computed(what: str, compute: Callable[[], Any], hint: str = "") -> Any:  # noqa: ANN401
    try:
        return compute()
    except Exception as error:  # noqa: BLE001  # whatever the user's own graph raises
        reason = foreign_reason(error)
    raise BadOption(f"{what} could not be computed: {reason}", hint=hint)


def beside(part: Any, length: int, chosen: Any, cells: Any) -> Any:  # noqa: ANN401  # pandas' own
    """Return the chosen rows of a partition with the cells of the new columns beside them.

    Raises
    ------
    BadOption
        The partition has another number of rows than when its prompts were sent.
    """
    if length and len(part) != length:
        raise BadOption(
            f"A partition of the Dask DataFrame had {length:,} rows when its prompts were sent, "
            f"and has {len(part):,} now.",
            hint="Run the batch again with the data as they are now: rows with an answer are not "
            "sent again.",
        )
    rows = part if len(chosen) == len(part) else part.iloc[chosen]
    return rows.assign(**{name: cells[name].set_axis(rows.index) for name in cells})
