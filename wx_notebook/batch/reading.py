"""Which rows of a table are sent, in the order of the table."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from wx_notebook.batch.jobs import RowPlace
from wx_notebook.batch.tables import SourceTable
from wx_notebook.options import Options

#: `--sample` chooses the same rows each time, so that a second run finds its answers.
_SEED = 20


def read_rows(table: SourceTable, options: Options, columns: Sequence[str]) -> Iterator[RowPlace]:
    """Yield the rows that the options choose, with the values of these columns."""
    numbered = enumerate(table.rows(columns))
    if options.rows is not None:
        numbered = islice(numbered, options.rows)  # type: ignore[assignment]
    if options.sample is not None:
        numbered = _sampled(numbered, options.sample, table.height)  # type: ignore[assignment]
    for number, (position, values) in enumerate(numbered):
        yield RowPlace(number, position, values)


def number_of_rows(table: SourceTable, options: Options) -> int | None:
    """Return how many rows the options choose, None where only reading tells."""
    limit = options.rows if options.rows is not None else options.sample
    if table.height is None:
        return None
    return table.height if limit is None else min(limit, table.height)


def _sampled(
    rows: Iterator[tuple[int, tuple[Any, ...]]], size: int, height: int | None
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    chance = random.Random(_SEED)  # noqa: S311  # a choice that can be repeated, no secret
    if height is not None:
        chosen = set(chance.sample(range(height), min(size, height)))
        yield from (row for row in rows if row[0] in chosen)
        return
    kept: list[tuple[int, tuple[Any, ...]]] = []
    for at, row in enumerate(rows):
        # (reservoir sampling: each row has the same chance, however many follow)
        if at < size:
            kept.append(row)
        elif (place := chance.randrange(at + 1)) < size:
            kept[place] = row
    yield from sorted(kept, key=lambda row: row[0])
