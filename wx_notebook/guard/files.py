"""Searching files and folders: notebooks, programs, settings, databases."""

from __future__ import annotations

import codecs
import errno
import json
import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from wx_notebook.guard.databases import is_database, search_database
from wx_notebook.guard.documents import Walk
from wx_notebook.guard.hits import Finding, Hit, Place, Search
from wx_notebook.guard.patterns import like_keys
from wx_notebook.guard.tokens import tokens

#: What is looked at in a folder; a file that is named is looked at whatever it is.
SUFFIXES = frozenset(
    {
        ".ipynb", ".py", ".env", ".db", ".sqlite", ".json", ".toml", ".yaml", ".yml", ".cfg",
        ".ini", ".conf", ".sh", ".md", ".txt", ".html", ".r", ".log",
    }
)  # fmt: skip
#: Other people's files: git's own, installed packages, what programs keep for themselves.
_FOREIGN = frozenset(
    {
        ".git", ".hg", ".venv", "venv", "node_modules", "site-packages", "__pycache__", ".tox",
        ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    }
)  # fmt: skip
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def searching(exactly: Search) -> Search:
    """Return a search for what is known, for tokens, and for what looks like a key."""

    def search(text: str) -> Iterator[Hit]:
        return chain(exactly(text), tokens(text), like_keys(text))

    return search


def search_file(
    path: Path, search: Search, time_is_up: Callable[[], bool] = lambda: False
) -> list[Finding]:
    """Return what is found in one file; a notebook is searched as one, not as its JSON.

    Raises
    ------
    OSError
        It cannot be read.
    """
    if not path.is_file():
        # a pipe would hold whoever reads it
        raise OSError(errno.EINVAL, "it is no ordinary file")
    if is_database(path):
        return list(search_database(path, search, time_is_up))
    text = _decoded(path.read_bytes())
    walk = Walk(search, time_is_up=time_is_up)
    if path.suffix == ".ipynb":
        try:
            walk.notebook(json.loads(text))
        except (ValueError, RecursionError):
            # damaged, or half written; what is in it is in it
            walk = Walk(search, time_is_up=time_is_up)
        else:
            return walk.findings
    walk.text(text, Place())
    return walk.findings


def files_in(path: Path) -> Iterator[Path]:
    """Yield the files of a folder and of those below it that are looked at; a file is itself.

    Hidden ones too: `.ipynb_checkpoints` and `.jupyter_ystore.db` are copies of what was written.
    """
    if not path.is_dir():
        yield path
        return
    for folder, below, names in os.walk(path):
        below[:] = sorted(name for name in below if name not in _FOREIGN)
        for name in sorted(names):
            file = Path(folder, name)
            is_env = name == ".env" or name.startswith(".env.")
            if (file.suffix.lower() in SUFFIXES or is_env) and file.is_file():
                yield file


def _decoded(content: bytes) -> str:
    # what PowerShell writes by `>` is UTF-16
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    return content.decode("utf-8", "replace")
