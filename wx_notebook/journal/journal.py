"""The journal of this process: what is started, what is done, each on disk before it counts."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wx_notebook.errors import WatsonxError
from wx_notebook.journal import statements
from wx_notebook.journal.database import (
    open_database,
    open_for_reading,
    open_temporary,
    set_aside,
)
from wx_notebook.journal.location import is_on_network, journal_folder, other_files, own_file
from wx_notebook.journal.records import AnswerRecord, BatchRecord, answer_values

_OFF = "journal = false in [tool.wx_notebook] of pyproject.toml does without it."
#: A statement and its values.
Write = tuple[str, Sequence[Any]]


class JournalError(WatsonxError):
    """The journal cannot be written: nothing more is paid for."""


class _Pending:
    """Statements of one thread that wait for the disk, and why they did not get there."""

    __slots__ = ("error", "is_done", "writes")

    def __init__(self, writes: Sequence[Write]) -> None:
        self.writes = writes
        self.is_done = False
        self.error: sqlite3.Error | None = None


class Journal:
    """The files of the journal. One thread commits what all threads wrote meanwhile.

    Parameters
    ----------
    connection
        The file that is written.
    path
        Its name, None for one in memory.
    others
        Files of other kernels, which are read.
    note
        What should be said about the file, "" for nothing.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path | None = None,
        others: Sequence[sqlite3.Connection] = (), note: str = "",
    ) -> None:  # fmt: skip
        self.path = path
        self.note = note
        self._connection = connection
        # beside a file a second connection reads, so that it does not wait for a commit
        reader = open_for_reading(path) if path is not None else None
        self._readers = (reader or connection, *others)
        self._queue_lock = threading.Lock()
        self._queue: list[_Pending] = []
        # held while the disk is written
        self._disk_lock = threading.Lock()
        self._read_lock = threading.Lock() if reader is not None else self._disk_lock

    def close(self) -> None:
        """Close the files."""
        with self._disk_lock:
            for one in (self._connection, *self._readers):
                with suppress(sqlite3.Error):
                    one.close()

    # --- a batch -------------------------------------------------------------------------------

    def begin(self, batch: BatchRecord) -> None:
        """Write down that a batch begins.

        Raises
        ------
        JournalError
            It cannot be written.
        """
        values = (
            batch.id, batch.began, batch.ended, batch.state, batch.place, batch.model_id,
            batch.prompt, batch.code, batch.rows, batch.done, batch.failed, batch.tokens,
        )  # fmt: skip
        self.write((statements.PUT_BATCH, values))

    def end(
        self, batch_id: str, state: str, *, rows: int | None, done: int, failed: int, tokens: int
    ) -> None:
        """Write down how a batch ended; raises as `begin`."""
        values = (time.time(), state, rows, done, failed, tokens, batch_id)
        self.write((statements.END_BATCH, values))

    def batches(self) -> list[BatchRecord]:
        """Return all batches, the newest first."""
        found = [BatchRecord(*row) for row in self.select(statements.GET_BATCHES, ())]
        return sorted(found, key=lambda one: one.began, reverse=True)

    def delete(self, batch_id: str) -> None:
        """Delete a batch and its answers; raises as `begin`."""
        self.write(*((statement, (batch_id,)) for statement in statements.DELETE_ALL))
        with self._disk_lock, suppress(sqlite3.Error):
            self._connection.execute("PRAGMA incremental_vacuum").fetchall()

    def size(self) -> int:
        """Return the bytes of the file that are in use."""
        with self._read_lock:
            pages, free, size = (
                self._readers[0].execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return int(size * (pages - free))

    def answers(self, batch_id: str) -> Iterator[AnswerRecord]:
        """Return the answers that a batch paid for, by the rows of its table."""
        for row in self.select(statements.GET_ANSWERS, (batch_id,)):
            yield AnswerRecord(*row)

    # --- a request -----------------------------------------------------------------------------

    def find(self, key: bytes, batch_id: str = "") -> AnswerRecord | str | None:
        """Return the answer to a request, or "started" if nobody knows what became of it.

        Parameters
        ----------
        batch_id
            Only answers that this batch has paid for; "" for all.

        Raises
        ------
        JournalError
            The file is damaged.
        """
        state = None
        for row in self.select(statements.GET_ANSWER, (key,)):
            if batch_id and row[1] != batch_id:
                continue
            if row[0] == "done":
                return AnswerRecord(*row[2:])
            state = "started"
        return state

    def start(self, key: bytes, batch_id: str, position: int) -> None:
        """Write down that a request is about to be sent; on disk when it returns.

        Raises
        ------
        JournalError
            It cannot be written: the request must not be sent.
        """
        self.start_all([(key, position)], batch_id)

    def start_all(self, requests: Sequence[tuple[bytes, int]], batch_id: str) -> None:
        """Write down that several are about to be sent, by key and position; as `start`."""
        now = time.time()
        self.write(*((statements.START, (key, batch_id, at, now)) for key, at in requests))

    def finish(self, key: bytes, batch_id: str, answer: AnswerRecord) -> None:
        """Write down an answer; on disk when it returns, and raises as `start`."""
        self.finish_all([(key, answer)], batch_id)

    def finish_all(self, answers: Sequence[tuple[bytes, AnswerRecord]], batch_id: str) -> None:
        """Write down several answers, by their keys; as `finish`."""
        rows = (answer_values(key, batch_id, answer) for key, answer in answers)
        self.write(*((statements.PUT_ANSWER, row) for row in rows))

    def forget_start(self, key: bytes) -> None:
        """Write down that a request was refused, so that it cost nothing; raises as `start`."""
        self.forget_starts([key])

    def forget_starts(self, keys: Sequence[bytes]) -> None:
        """Write down that several cost nothing; raises as `start`."""
        self.write(*((statements.FORGET_START, (key,)) for key in keys))

    # --- the disk ------------------------------------------------------------------------------

    def write(self, *writes: Write) -> None:
        """Bring statements to the disk; raises as `begin`.

        Whoever holds the disk commits for all who came meanwhile; they find their work done.
        """
        if not writes:
            return
        own = _Pending(writes)
        with self._queue_lock:
            self._queue.append(own)
        with self._disk_lock:
            if not own.is_done:
                with self._queue_lock:
                    group, self._queue = self._queue, []
                self._commit(group)
        if own.error is not None:
            raise self._trouble(own.error)

    def _commit(self, group: Sequence[_Pending]) -> None:
        connection, error = self._connection, None
        try:
            with _transaction(connection):
                for one in group:
                    for statement, values in one.writes:
                        connection.execute(statement, values)
        except sqlite3.Error as problem:
            error = problem
        for one in group:
            one.is_done, one.error = True, error

    def select(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of all files; raises as `find`."""
        found: list[tuple[Any, ...]] = []
        problem: sqlite3.Error | None = None
        own, *others = self._readers
        with self._read_lock:
            try:
                found += own.execute(statement, values)
            except sqlite3.Error as error:
                problem = error
            for other in others:
                # another kernel may be in the middle of a commit that no lock announces
                with suppress(sqlite3.Error):
                    found += other.execute(statement, values)
        if problem is not None:
            raise self._trouble(problem)
        return found

    def _trouble(self, error: sqlite3.Error) -> JournalError:
        reason, where = str(error), self.path or "memory"
        if "full" in reason:
            return JournalError(
                f"The disk is full: the journal {where} cannot be written. Nothing more is sent.",
                hint=f"Make room, then run the cell again: it goes on. {_OFF}",
            )
        if self.path is not None and not isinstance(error, sqlite3.OperationalError):
            with suppress(OSError):
                where = set_aside(self.path, "damaged")
            return JournalError(
                f"The journal is damaged ({reason}). It was set aside as {where}.",
                hint="Run the cell again: a new journal begins.",
            )
        return JournalError(
            f"The journal {where} cannot be written: {reason}. Nothing more is sent.",
            hint=f"Check the folder and its disk, then run the cell again. {_OFF}",
        )


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def open_journal(folder: Callable[[], Path] = journal_folder) -> Journal:
    """Return the journal of this process.

    Raises
    ------
    JournalError
        Its folder cannot be written.
    """
    reason = ""
    path: Path | None = None
    try:
        place = folder()
        network = is_on_network(place)
        path = own_file(place)
        connection, note = open_database(path, network=network)
        others = [one for file in other_files(place, path) if (one := open_for_reading(file))]
        return Journal(connection, path, others, note)
    except (OSError, sqlite3.Error, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    raise JournalError(
        f"The journal cannot be written: {reason} ({path or 'its folder is unknown'}). "
        "Nothing was sent.",
        hint=f"Check Jupyter's data folder and its disk. {_OFF}",
    )


def temporary_journal() -> Journal:
    """Return a journal in memory, for `journal = false`: equal rows are sent once."""
    return Journal(open_temporary())
