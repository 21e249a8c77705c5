"""What keeps the journal small."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from wx_notebook.journal import statements
from wx_notebook.journal.journal import Journal
from wx_notebook.journal.location import other_files

#: Finished batches and prompts go after so many days, the oldest above so many bytes.
KEPT_DAYS = 31
MOST_BYTES = 1_000_000_000
_DAY_S = 86_400


def prune(
    journal: Journal, *, clock: Callable[[], float] = time.time, most_bytes: int = MOST_BYTES
) -> int:
    """Delete what is old, or for which there is no room; return how many finished batches that is.

    Raises
    ------
    JournalError
        It cannot be written.
    """
    deleted, oldest = 0, clock() - KEPT_DAYS * _DAY_S
    _remove_files(journal, oldest)
    _forget_prompts(journal, oldest)
    finished = [one for one in reversed(journal.batches()) if one.ended is not None]
    for batch in finished:
        # what was interrupted goes on one day, and would pay again for what is not there any more
        is_in_the_way = batch.state == "done" and journal.size() > most_bytes
        if is_in_the_way or batch.began < oldest:
            journal.delete(batch.id)
            deleted += 1
    if journal.size() > most_bytes and (middle := journal.select(statements.MIDDLE_PROMPT, ())):
        # what is left are single prompts: the older half of them goes
        _forget_prompts(journal, middle[0][0])
    return deleted


def _remove_files(journal: Journal, before: float) -> None:
    """Remove the files of other kernels, as on a network drive, that none has written since."""
    for file in other_files(journal.path.parent, journal.path) if journal.path else ():
        with suppress(OSError):
            if file.stat().st_mtime < before:
                file.unlink()


def _forget_prompts(journal: Journal, before: float) -> None:
    journal.write(
        (statements.DELETE_OLD_ANSWERS, (before,)), (statements.DELETE_OLD_PROMPTS, (before,))
    )
