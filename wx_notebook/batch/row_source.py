"""The rows of a table, as often as they are needed; those of an iterator are kept on disk."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator

from wx_notebook.batch.jobs import RowPlace
from wx_notebook.errors import BadOption

#: Bytes of rows that are kept in memory before they go to the disk.
_IN_MEMORY = 8_000_000


class RowSource:
    """Rows that can be gone through again and again.

    Parameters
    ----------
    first
        The rows.
    again
        Returns them once more; None for an iterator, whose rows are kept in a file without a name
        that is gone with this object.
    """

    def __init__(
        self, first: Iterator[RowPlace], again: Callable[[], Iterator[RowPlace]] | None
    ) -> None:
        self._first = first
        self._again = again
        self._has_begun = False
        self._kept = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # it ends with this object
        self._number = 0

    def __del__(self) -> None:
        self._kept.close()

    def __iter__(self) -> Iterator[RowPlace]:
        has_begun, self._has_begun = self._has_begun, True
        if self._again is not None:
            yield from self._again() if has_begun else self._first
            return
        yield from self._replayed()
        for row in self._first:
            self._keep(row)
            yield row

    def _replayed(self) -> Iterator[RowPlace]:
        at = 0
        for _ in range(self._number):
            self._kept.seek(at)
            row = pickle.load(self._kept)  # noqa: S301  # our own file, which has no name
            at = self._kept.tell()
            yield row

    def _keep(self, row: RowPlace) -> None:
        reason = ""
        try:
            # as one piece: half a row would spoil the next one
            data = pickle.dumps(row, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001  # a value of the user's may raise anything
            reason = f"{type(error).__name__}: {error}"[:200]
        if reason:
            raise BadOption(
                f"Row {row.number:,} holds a value that cannot be kept until its answer comes: "
                f"{reason}",
                hint="Give the rows as a list or a table, or put plain values into them.",
            )
        self._kept.seek(0, 2)
        self._kept.write(data)
        self._number += 1
