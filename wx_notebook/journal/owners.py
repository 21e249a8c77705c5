"""Which process sends the rows of a batch, so that a second one does not send them, too.

A process that was killed says nothing of its end. So the number of a process counts together with
the time when it began, and only on its own machine; of another machine nobody can tell.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256

from wx_notebook.errors import UserFacingError
from wx_notebook.journal import statements
from wx_notebook.journal.journal import Journal
from wx_notebook.journal.records import AnswerRecord, Found, StartedRecord

#: What takes longer than this, nobody waits for: its answer was lost, and it may have been billed.
_LONGEST_S = 300.0
#: A process that began at another time has the same number by chance.
_SAME_S = 1.0
#: Between two looks at who sends batches. The first request of a batch goes alone, so a batch that
#: begins in between has one under way.
_LOOK_S = 0.05
#: Batches that this process sends now.
_OWN: set[str] = set()


class BatchOwners:
    """The processes that send batches, as one of them sees the others.

    Parameters
    ----------
    journal
        Where they are written. Its methods, and so these, raise `JournalError`.
    batch_id
        The batch that asks.
    only_of
        The batch whose answers count; "" for those of all.
    """

    def __init__(self, journal: Journal, batch_id: str, only_of: str = "") -> None:
        self._journal = journal
        self._batch_id = batch_id
        self._only_of = only_of
        self._others: set[str] = set()
        self._had_others = False
        self._seen_at = float("-inf")

    @contextmanager
    def owning(self) -> Iterator[None]:
        """Let this process own the batch within the block."""
        import psutil

        batch_id, since = self._batch_id, psutil.Process().create_time()
        self._journal.write((statements.PUT_RUN, (batch_id, _host(), os.getpid(), since)))
        _OWN.add(batch_id)
        try:
            yield
        finally:
            _OWN.discard(batch_id)
            with suppress(UserFacingError):
                self._journal.write((statements.DELETE_RUN, (batch_id,)))

    def sends(self, started: StartedRecord) -> bool:
        """Return whether a request of another batch is under way in a process that lives."""
        if started.batch_id == self._batch_id or time.time() - started.at > _LONGEST_S:
            return False
        return started.batch_id in self._living()

    def is_anothers(self, answer: AnswerRecord) -> bool:
        """Return whether another batch has paid for an answer."""
        return answer.batch_id not in ("", self._batch_id)

    def elsewhere(self, key: bytes) -> Found:
        """Return what another process has of a request that was just started; None to send it."""
        # one that has ended meanwhile has left answers
        self._had_others = self._had_others or bool(self._living())
        if not self._had_others:
            return None
        found = self._journal.find(key, self._only_of)
        if found is None or isinstance(found, AnswerRecord):
            return found
        return found if self.sends(found) else None

    def _living(self) -> set[str]:
        """Return the other batches that a process sends, and forget those of dead ones."""
        now = time.monotonic()
        if now - self._seen_at > _LOOK_S:
            self._seen_at = now
            found = self._journal.select(statements.GET_RUNS, (self._batch_id,))
            runs = {batch: _lives(batch, *facts) for batch, *facts in found}
            dead = [batch for batch, lives in runs.items() if not lives]
            self._journal.write(*((statements.DELETE_RUN, (batch,)) for batch in dead))
            self._others = {batch for batch, lives in runs.items() if lives}
        return self._others


def _lives(batch_id: str, host: str, pid: int, since: float) -> bool:
    import psutil

    if host != _host():
        return False
    if pid == os.getpid():
        return batch_id in _OWN
    with suppress(psutil.Error):
        return bool(abs(psutil.Process(pid).create_time() - since) < _SAME_S)
    return False


def _host() -> str:
    # a hash, because the name of the machine is private
    return sha256(platform.node().encode()).hexdigest()[:8]
