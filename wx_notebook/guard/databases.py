"""Searching a SQLite database: IPython's history, jupyter-collaboration's edits, any other.

Nothing is written, and no lock is waited for. Rows first, because they say where something stands;
then the file's bytes, in which deleted rows stay until they are overwritten.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from wx_notebook.guard.documents import Walk
from wx_notebook.guard.hits import Finding, Place, Search
from wx_notebook.guard.texts import hits_in

HEADER = b"SQLite format 3\0"
#: Bytes at a time, and how much of the last ones is looked at again: a token has fewer.
_PIECE, _OVERLAP = 1 << 22, 1 << 13
#: IPython's own words for where an input stands.
_HISTORY = {"history": "input {1} of session {0}", "output_history": "output {1} of session {0}"}


def search_database(
    path: Path, search: Search, time_is_up: Callable[[], bool] = lambda: False
) -> Iterator[Finding]:
    """Yield what is found in a database, and in what was not yet written into it.

    Raises
    ------
    OSError
        It cannot be read.
    """
    found: set[tuple[str, str]] = set()
    told: set[Finding] = set()
    for place, text in _texts(path):
        if time_is_up():
            return
        walk = Walk(search)
        walk.text(text, place)
        # IPython keeps an input twice, as typed and as run
        yield from (finding for finding in walk.findings if finding not in told)
        told |= set(walk.findings)
        found |= {(finding.what, finding.name) for finding in walk.findings}
    for file, what in ((path, "in what was deleted"), (_wal(path), "in what was not yet filed")):
        for piece in _pieces(file):
            if time_is_up():
                return
            for hit in hits_in(piece, search):
                if (hit.what, hit.name) not in found:
                    found.add((hit.what, hit.name))
                    yield Finding(hit.what, Place(what), 0, hit.name)


def is_database(path: Path) -> bool:
    """Whether a file is a SQLite database.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        return file.read(len(HEADER)) == HEADER


def _texts(path: Path) -> Iterator[tuple[Place, str]]:
    """Yield the texts of all rows, as far as the database can be read."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(path)) as database:
        tables = [
            (name, kind)
            for name, kind in database.execute("SELECT name, sql FROM sqlite_master")
            if str(kind).upper().startswith("CREATE TABLE")
        ]
        for name, kind in tables:
            quoted = '"' + str(name).replace('"', '""') + '"'
            # a virtual table, or one of a later version, is no reason to leave the others
            with contextlib.suppress(sqlite3.Error):
                numbered = "" if "WITHOUT ROWID" in str(kind).upper() else "rowid, "
                rows = database.execute(f"SELECT {numbered}* FROM {quoted}")  # noqa: S608  # quoted
                for number, row in enumerate(rows, 1):
                    place = _place(str(name), row, number)
                    yield from ((place, text) for text in map(_text, row) if text)


def _opened(path: Path) -> sqlite3.Connection:
    address = path.resolve().as_uri()
    try:
        database = sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=0)
        database.execute("SELECT name FROM sqlite_master").fetchall()
    except sqlite3.Error:
        # somebody is writing, or its folder cannot be written to
        return sqlite3.connect(f"{address}?immutable=1", uri=True, timeout=0)
    return database


def _place(table: str, row: tuple[Any, ...], number: int) -> Place:
    if table in _HISTORY and len(row) > 2:
        return Place(_HISTORY[table].format(row[1], row[2]))
    return Place(f"row {row[0] if isinstance(row[0], int) else number} of {table}")


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _pieces(path: Path) -> Iterator[str]:
    if not path.is_file():
        return
    with path.open("rb") as file:
        before = b""
        while piece := file.read(_PIECE):
            yield (before + piece).decode("latin-1")
            before = piece[-_OVERLAP:]
