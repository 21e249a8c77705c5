"""One file of the journal: made for its user only, and set aside when it can't be read."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from wx_notebook.journal.location import aside_file
from wx_notebook.journal.statements import TABLES, VERSION

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
        if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
            return connection
        connection.close()
    except sqlite3.Error:
        pass
    return None


def open_temporary() -> sqlite3.Connection:
    """Open a database that is in memory only, and gone with its connection."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    connection.executescript(TABLES)
    return connection


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
        connection.executescript(TABLES)
        connection.execute("SELECT count(*) FROM batches").fetchone()
        connection.execute("SELECT key FROM answers LIMIT 1").fetchone()
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection
