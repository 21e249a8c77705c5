"""What keeps the journal small."""

from __future__ import annotations

import time
from collections.abc import Callable

from wx_notebook.journal.journal import Journal

#: Finished batches go after so many days, and the oldest of them above so many bytes.
KEPT_DAYS = 31
MOST_BYTES = 1_000_000_000
_DAY_S = 86_400


def prune(
    journal: Journal, *, clock: Callable[[], float] = time.time, most_bytes: int = MOST_BYTES
) -> int:
    """Delete finished batches that are old, or for which there is no room; return how many.

    Raises
    ------
    JournalError
        It cannot be written.
    """
    deleted = 0
    finished = [one for one in reversed(journal.batches()) if one.ended is not None]
    for batch in finished:
        is_old = batch.began < clock() - KEPT_DAYS * _DAY_S
        if not is_old and journal.size() <= most_bytes:
            break
        journal.delete(batch.id)
        deleted += 1
    return deleted
