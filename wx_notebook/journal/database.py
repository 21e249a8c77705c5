"""One file of the journal: made for its user only, and set aside when it can't be read.

Its statements are committed in groups. To sync a file takes some milliseconds, and as much CPU as
to write thirty rows, so many rows share one commit.
"""

from __future__ import annotations

import os
import queue
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from wx_notebook.journal.location import aside_file
from wx_notebook.journal.statements import TABLES, VERSION, ManyRows

#: A statement and its values.
Write: TypeAlias = tuple[str | ManyRows, Sequence[Any]]
#: In one statement: no SQLite takes fewer than 999 values.
_MOST_ROWS = 64
#: A value that SQLite does not take: it concerns nothing else that is written with it.
VALUE_REFUSED = (sqlite3.InterfaceError, sqlite3.DataError)
#: Called with None once something is on disk, or with the reason why it is not.
OnDisk: TypeAlias = Callable[[sqlite3.Error | None], None]
#: Seconds from the start of a commit to that of the next one: so many for each thread that writes,
#: for what one of them writes the others wait for, too.
_BETWEEN_S, _LONGEST_BETWEEN_S = 0.00005, 0.002
_BUSY_S = 30.0


class OtherVersion(Exception):
    """The file was written by another version of this package."""


def open_database(path: Path, *, network: bool = False) -> tuple[sqlite3.Connection, str]:
    """Open a file for writing, make it if needed, and return a note, "" if all is well.

    A file that is damaged or of another version is renamed, never deleted; the note says so.

    Raises
    ------
    sqlite3.Error, OSError
        It cannot be written.
    """
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    note = ""
    try:
        return _opened(path, network=network), ""
    except OtherVersion as problem:
        why, note = "other-version", str(problem)
    except sqlite3.OperationalError:
        # the disk is full, or the folder read-only: the file itself is good
        raise
    except sqlite3.DatabaseError as problem:
        why, note = "damaged", f"is damaged ({problem})"
    aside = set_aside(path, why)
    return (
        _opened(path, network=network),
        f"the journal {note}; it was set aside as {aside}, and a new one begins",
    )


def set_aside(path: Path, why: str) -> Path:
    """Rename a file, with what SQLite keeps beside it, and return its new name."""
    aside = aside_file(path, why)
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    return aside


def open_for_reading(path: Path) -> sqlite3.Connection | None:
    """Open another kernel's file; return None if it is not a journal."""
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S, check_same_thread=False
        )
        return _of_this_version(connection)
    except sqlite3.Error as problem:
        if getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY_ROLLBACK:
            return _rolled_back(path)
    return None


def _rolled_back(path: Path) -> sqlite3.Connection | None:
    """Return a file without its last commit, which a kernel that was killed has begun.

    To roll that back is to write, and the file is another kernel's: a copy in memory is returned.
    """
    with suppress(sqlite3.Error, OSError), tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        for suffix in ("", "-journal"):
            shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(copy)) as found:
            found.backup(connection)
        return _of_this_version(connection)
    return None


def _of_this_version(connection: sqlite3.Connection) -> sqlite3.Connection | None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return connection
    connection.close()
    return None


def open_temporary() -> sqlite3.Connection:
    """Open a database that is in memory only, and gone with its connection."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    connection.executescript(TABLES)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Commit what the block does, or nothing of it."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def write_all(connection: sqlite3.Connection, writes: Sequence[Write]) -> None:
    """Do all statements or none; those of one kind that follow each other are done together.

    Python's lock changes hands at each step of SQLite, also at the begin and the end of a
    transaction: rows that one statement takes are a transaction by themselves.
    """
    kinds = [
        (kind, [values for _, values in several])
        for kind, several in groupby(writes, key=itemgetter(0))
    ]
    at_once = 1 if isinstance(kinds[0][0], str) else _MOST_ROWS
    is_one_statement = len(kinds) == 1 and len(kinds[0][1]) <= at_once
    with nullcontext() if is_one_statement else transaction(connection):
        for kind, rows in kinds:
            _write_rows(connection, kind, rows)


def _write_rows(
    connection: sqlite3.Connection, kind: str | ManyRows, rows: Sequence[Sequence[Any]]
) -> None:
    if isinstance(kind, str):
        connection.executemany(kind, rows)
        return
    for at in range(0, len(rows), _MOST_ROWS):
        part = rows[at : at + _MOST_ROWS]
        connection.execute(kind.of(len(part)), [*chain.from_iterable(part)])


def _opened(path: Path, *, network: bool) -> sqlite3.Connection:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    os.close(os.open(path, flags, 0o600))
    path.chmod(0o600)
    connection = sqlite3.connect(
        path, timeout=_BUSY_S, check_same_thread=False, isolation_level=None
    )
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise OtherVersion(f"has version {version}, and this package reads {VERSION}")
        if version == 0:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        # a network drive has no memory that two processes share
        connection.execute(f"PRAGMA journal_mode = {'DELETE' if network else 'WAL'}")
        connection.execute("PRAGMA synchronous = FULL")
        if version == 0:
            # in one commit: each of them would wait for the disk
            named = f"PRAGMA user_version = {VERSION};"
            connection.executescript(f"BEGIN IMMEDIATE; {TABLES} {named} COMMIT;")
        connection.executescript(TABLES)
        connection.execute("SELECT count(*) FROM batches").fetchone()
        connection.execute("SELECT key FROM answers LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


class _Handed(NamedTuple):
    writes: Sequence[Write]
    on_disk: OnDisk


class GroupCommit:
    """Commits what many threads hand in.

    Parameters
    ----------
    commit
        Brings statements to the disk in one transaction, and returns why it could not.
    is_shared
        Whether a thread waits for what others hand in; else each commits its own at once, as for a
        database in memory.
    """

    def __init__(
        self, commit: Callable[[Sequence[Write]], sqlite3.Error | None], *, is_shared: bool
    ) -> None:
        self._commit = commit
        self._is_shared = is_shared
        self._between_s = 0.0
        self._queue: queue.SimpleQueue[_Handed | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, writes: Sequence[Write], on_disk: OnDisk) -> None:
        """Hand statements in; `on_disk` is called later, in any thread."""
        with self._lock:
            if self._is_shared:
                if self._thread is None:
                    thread = threading.Thread(target=self._work, daemon=True, name="wx-commit")
                    self._thread = thread
                    thread.start()
                self._queue.put(_Handed(writes, on_disk))
                return
        on_disk(self._commit(writes))

    def wait(self, writes: Sequence[Write] = ()) -> sqlite3.Error | None:
        """Return when statements are on disk, with all that was handed in before."""
        is_done = threading.Lock()
        is_done.acquire()
        problems: list[sqlite3.Error | None] = []

        def on_disk(problem: sqlite3.Error | None) -> None:
            problems.append(problem)
            is_done.release()

        self.submit(writes, on_disk)
        is_done.acquire()
        return problems[0]

    def expect(self, writers: int) -> None:
        """Take note of how many threads will write."""
        self._between_s = min(_BETWEEN_S * writers, _LONGEST_BETWEEN_S)

    def close(self) -> None:
        """Commit what was handed in, and end the thread.

        Who outlives its run writes by itself, and hears that the file is closed.
        """
        with self._lock:
            self._is_shared = False
            self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        next_at, is_open = 0.0, True
        while is_open:
            came = [self._queue.get()]
            if (pause_s := next_at - time.monotonic()) > 0:
                time.sleep(pause_s)
            next_at = time.monotonic() + self._between_s
            came += [self._queue.get() for _ in range(self._queue.qsize())]
            group = [one for one in came if one is not None]
            is_open = len(group) == len(came)
            # no two are about the same request, and what is of one kind goes faster together
            writes = sorted((each for one in group for each in one.writes), key=itemgetter(0))
            problem = self._commit(writes)
            for one in group:
                is_value = isinstance(problem, VALUE_REFUSED)
                one.on_disk(self._commit(one.writes) if is_value else problem)
