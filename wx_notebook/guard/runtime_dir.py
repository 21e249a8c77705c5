"""The guard's files in Jupyter's runtime folder: fingerprints of kernels, reports of servers."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

from wx_notebook.credentials import runtime_files
from wx_notebook.credentials.runtime_files import runtime_folder

#: The content of a file: the fingerprints of a kernel or a server, or a report about a save.
FileKind: TypeAlias = Literal["kernel", "report"]
_PREFIX = "wx-notebook-guard-"
_VERSION = 2


def new_path(kind: FileKind) -> Path:
    """Return an unused path for a file of this kind."""
    return runtime_folder() / f"{_PREFIX}{kind}-{os.getpid()}-{secrets.token_hex(4)}.json"


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Write a file, or replace it as a whole; raises as `write_privately`."""
    runtime_files.write_privately(path, {**document, "version": _VERSION})


def read_documents(kind: FileKind) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the paths and contents of this kind, oldest first; unreadable files are skipped."""
    paths = sorted(runtime_folder().glob(f"{_PREFIX}{kind}-*.json"), key=_modified_at)
    for path in paths:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            document = json.loads(runtime_files.read_privately(path))
            if isinstance(document, dict) and document.get("version") == _VERSION:
                yield path, document


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
