"""Search files and folders: notebooks, programs, settings, and SQLite databases.

SQLite databases are IPython's history, jupyter-collaboration's edit history, or any other. Nothing
is written to them, and no lock is waited for. Their rows are searched first, because a row tells
the user where a secret is. Then the bytes of the file: deleted rows stay there until overwritten.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from wx_notebook.guard.matches import Finding, Location, Match, Search
from wx_notebook.guard.patterns import find_jwts, find_lookalike_keys, mask_path
from wx_notebook.guard.scan_notebook import NotebookScanner
from wx_notebook.guard.scan_text import find_matches, find_matches_until, findings_in

#: The files of a folder that are searched. A file that the user names is always searched.
_SUFFIXES = frozenset(
    {
        ".ipynb", ".py", ".env", ".db", ".sqlite", ".json", ".jsonl", ".toml", ".yaml", ".yml",
        ".cfg", ".ini", ".conf", ".sh", ".md", ".txt", ".html", ".r", ".log",
    }
)  # fmt: skip
#: Folders that are skipped: git's data, installed packages, caches of tools.
_SKIPPED_FOLDERS = frozenset(
    {
        ".git", ".hg", ".venv", "venv", "node_modules", "site-packages", "__pycache__", ".tox",
        ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    }
)  # fmt: skip
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SQLITE_HEADER = b"SQLite format 3\0"
#: Bytes that are read at a time, and bytes of the previous piece that are searched again. A token
#: is shorter than that.
_PIECE_SIZE, _OVERLAP = 1 << 22, 1 << 13
#: The tables of IPython's history, and the place of an input in IPython's own words.
_IPYTHON_TABLES = {
    "history": "input {1} of session {0}",
    "output_history": "output {1} of session {0}",
}


def combined_search(known: Search) -> Search:
    """Return a search for known secrets, for access tokens, and for texts that look like a key."""

    def search(text: str) -> Iterator[Match]:
        return chain(known(text), find_jwts(text), find_lookalike_keys(text))

    return search


def list_files(path: Path) -> Iterator[Path]:
    """Yield the files to search in a folder and its subfolders; for a file, the file itself.

    Hidden files count: `.ipynb_checkpoints` and `.jupyter_ystore.db` have copies of a notebook.
    """
    if not path.is_dir():
        yield path
        return
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(name for name in subfolders if name not in _SKIPPED_FOLDERS)
        for name in sorted(names):
            file = Path(folder, name)
            is_env = name == ".env" or name.startswith(".env.")
            if (file.suffix.lower() in _SUFFIXES or is_env) and file.is_file():
                yield file


def search_file(
    path: Path, search: Search, time_is_up: Callable[[], bool] = lambda: False
) -> list[Finding]:
    """Return what is found in one file. A notebook is searched cell by cell, a database by rows.

    Raises
    ------
    OSError
        It cannot be read.
    """
    if not path.is_file():
        # reading a pipe would block
        raise OSError(errno.EINVAL, "it is not a regular file")
    if _is_sqlite(path):
        return list(_search_database(path, search, time_is_up))
    text = _decode(path.read_bytes())
    document: Any = text
    if path.suffix == ".ipynb":
        # a damaged or unfinished notebook is searched as text
        with contextlib.suppress(ValueError, RecursionError):
            document = json.loads(text)
    scanner = NotebookScanner(search, time_is_up=time_is_up)
    scanner.scan(document)
    return scanner.findings


def _decode(content: bytes) -> str:
    # PowerShell's `>` writes UTF-16
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE_HEADER)) == _SQLITE_HEADER


def _search_database(
    path: Path, search: Search, time_is_up: Callable[[], bool]
) -> Iterator[Finding]:
    """Yield what is found in a database and in its write-ahead log."""
    in_rows: set[Finding] = set()
    for location, text in _row_texts(path):
        if time_is_up():
            return
        found = list(findings_in(text, location, find_matches_until(time_is_up, text, search)[0]))
        # IPython stores an input twice, as typed and as run
        yield from (finding for finding in found if finding not in in_rows)
        in_rows.update(found)
    seen = {(finding.kind, finding.name) for finding in in_rows}
    log = path.with_name(f"{path.name}-wal")
    for file, part in ((path, "in deleted data"), (log, "in the write-ahead log")):
        for piece in _pieces(file):
            if time_is_up():
                return
            for match in find_matches(piece, search):
                if (match.kind, match.name) not in seen:
                    seen.add((match.kind, match.name))
                    yield Finding(match.kind, Location(part), 0, match.name)


def _row_texts(path: Path) -> Iterator[tuple[Location, str]]:
    """Yield the texts of all rows that can be read, and their places."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_open_database(path)) as database:
        tables = [
            (str(name), str(sql).upper())
            for name, sql in database.execute("SELECT name, sql FROM sqlite_master")
            if str(sql).upper().startswith("CREATE TABLE")
        ]
        for name, sql in tables:
            quoted = '"' + name.replace('"', '""') + '"'
            # a table that can't be read, such as one of a newer version, does not stop the others
            with contextlib.suppress(sqlite3.Error):
                columns = "*" if "WITHOUT ROWID" in sql else "rowid, *"
                rows = database.execute(f"SELECT {columns} FROM {quoted}")  # noqa: S608  # quoted
                for number, row in enumerate(rows, 1):
                    location = _row_location(name, row, number)
                    yield from ((location, text) for text in map(_value_text, row) if text)


def _open_database(path: Path) -> sqlite3.Connection:
    uri = path.resolve().as_uri()
    try:
        database = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=0)
        database.execute("SELECT name FROM sqlite_master").fetchall()
    except sqlite3.Error:
        # another process is writing, or the folder is read-only
        return sqlite3.connect(f"{uri}?immutable=1", uri=True, timeout=0)
    return database


def _row_location(table: str, row: tuple[Any, ...], number: int) -> Location:
    if table in _IPYTHON_TABLES and all(isinstance(value, int) for value in row[1:3]):
        return Location(_IPYTHON_TABLES[table].format(*row[1:3]))
    row_number = row[0] if isinstance(row[0], int) else number
    return Location(f"row {row_number} of {mask_path(table)}")


def _value_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def _pieces(path: Path) -> Iterator[str]:
    if not path.is_file():
        return
    with path.open("rb") as file:
        before = b""
        while piece := file.read(_PIECE_SIZE):
            yield (before + piece).decode("latin-1")
            before = piece[-_OVERLAP:]
