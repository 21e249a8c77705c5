"""The journal of this process: what is started, what is done, each on disk before it counts."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from wx_notebook.errors import WatsonxError
from wx_notebook.journal import statements
from wx_notebook.journal.database import (
    GroupCommit,
    Write,
    open_database,
    open_for_reading,
    open_temporary,
    set_aside,
    write_all,
)
from wx_notebook.journal.location import is_on_network, journal_folder, other_files, own_file
from wx_notebook.journal.records import (
    AnswerRecord,
    BatchRecord,
    Found,
    answer_among,
    answer_values,
    start_values,
)
from wx_notebook.service import whole_characters

_OFF = "journal = false in [tool.wx_notebook] of pyproject.toml does without it."


class JournalError(WatsonxError):
    """The journal cannot be written: nothing more is paid for."""


class Journal:
    """The files of the journal. What many threads write is committed together.

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
        self._commits = GroupCommit(self._commit, is_shared=path is not None)
        # held while the disk is written
        self._disk_lock = threading.Lock()
        self._lost: sqlite3.Error | None = None  # why an answer is not on disk
        self._read_lock = threading.Lock() if reader is not None else self._disk_lock

    def close(self) -> None:
        """Close the files."""
        self._commits.close()
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
            whole_characters(batch.prompt), whole_characters(batch.code), batch.rows, batch.done,
            batch.failed, batch.tokens,
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
        """Delete a batch, and the answers that no other one has; raises as `begin`."""
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
        """Return the answers of a batch, by the rows of its table."""
        yield from (AnswerRecord(*row) for row in self.select(statements.GET_ANSWERS, (batch_id,)))

    # --- a request -----------------------------------------------------------------------------

    def find(self, key: bytes, batch_id: str = "") -> Found:
        """Return the answer to a request, or that it was started and nobody knows its end.

        Parameters
        ----------
        batch_id
            Only answers that this batch has paid for; "" for all.

        Raises
        ------
        JournalError
            The file is damaged.
        """
        return self.find_all([key], batch_id)[0]

    def find_all(self, keys: Sequence[bytes], batch_id: str = "") -> list[Found]:
        """Return what `find` does for each of several keys, for less than one after the other."""
        known: dict[bytes, list[tuple[Any, ...]]] = {}
        for key, *row in self.select(statements.GET_ANSWER.of(len(keys)), [*keys, batch_id]):
            known.setdefault(bytes(key), []).append(tuple(row))
        return [answer_among(known.get(key, ())) for key in keys]

    def expect(self, writers: int) -> None:
        """Take note of how many threads will start and finish requests."""
        self._commits.expect(writers)

    def start(self, key: bytes, batch_id: str, position: int) -> None:
        """Write down that a request is about to be sent; on disk when it returns.

        Raises
        ------
        JournalError
            It cannot be written: the request must not be sent.
        """
        write = statements.PUT_ROW, start_values(key, batch_id, position, time.time())
        if (problem := self._commits.wait([write]) or self._lost) is not None:
            raise self._trouble(problem)

    def start_all(self, requests: Sequence[tuple[bytes, int]], batch_id: str) -> None:
        """Write down that several are about to be sent, by key and position; as `start`."""
        now = time.time()
        starts = (start_values(key, batch_id, position, now) for key, position in requests)
        self.write(*((statements.PUT_ROW, start) for start in starts))

    def finish(
        self, key: bytes, batch_id: str, answer: AnswerRecord,
        on_disk: Callable[[JournalError | None], None],
    ) -> None:  # fmt: skip
        """Write down an answer; `on_disk` is called in any thread once it is, or with an error."""

        def tell(problem: sqlite3.Error | None) -> None:
            self._lost = problem or self._lost
            on_disk(None if problem is None else self._trouble(problem))

        write = (statements.PUT_ROW, answer_values(key, batch_id, answer))
        self._commits.submit([write], tell)

    def finish_all(self, answers: Sequence[tuple[bytes, AnswerRecord]], batch_id: str) -> None:
        """Write down several answers, by their keys; on disk when it returns, raises as `start`."""
        rows = (answer_values(key, batch_id, answer) for key, answer in answers)
        self.write(*((statements.PUT_ROW, row) for row in rows))

    def forget_start(self, key: bytes) -> None:
        """Write down that a request was refused, so that it cost nothing; raises as `start`."""
        self.forget_starts([key])

    def forget_starts(self, keys: Sequence[bytes]) -> None:
        """Write down that several cost nothing; raises as `start`."""
        self.write(*((statements.FORGET_START, (key,)) for key in keys))

    # --- the disk ------------------------------------------------------------------------------

    def write(self, *writes: Write) -> None:
        """Bring statements to the disk; raises as `begin`."""
        if (problem := self._commit(writes)) is not None:
            raise self._trouble(problem)

    def flush(self) -> None:
        """Bring to the disk what was handed to `finish`."""
        self._commits.wait()

    def _commit(self, writes: Sequence[Write]) -> sqlite3.Error | None:
        if not writes:
            return None
        try:
            with self._disk_lock:
                write_all(self._connection, writes)
        except sqlite3.Error as problem:
            return problem
        except (ValueError, OverflowError) as problem:
            # a value that SQLite does not take; the threads that wait have to hear of it
            return sqlite3.InterfaceError(f"{type(problem).__name__} in a value")
        return None

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
        # not one of its subclasses: those are about the disk, or about a file that was closed
        if self.path is not None and type(error) is sqlite3.DatabaseError:
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


def journal_to_read(*, is_on: bool) -> Journal:
    """Return the journal for a list; one that is switched off is not made for it; as above."""
    folder = journal_folder()
    if is_on or any(folder.glob("*.sqlite")):
        return open_journal()
    return Journal(open_temporary(), note="journal = false in the settings: nothing is kept")


def temporary_journal() -> Journal:
    """Return a journal in memory, for `journal = false`: equal rows are sent once."""
    return Journal(open_temporary())
