"""Small files in Jupyter's runtime folder, by which the kernels and servers of one user talk.

Each is JSON, readable by its user alone from its first moment on, and whole whenever it is read. A
file that somebody else could have written is not read.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

#: What a file is: fingerprints of a kernel, or what a server has to say.
Kind: TypeAlias = Literal["kernel", "report"]
_PREFIX = "wx-notebook-guard-"
_VERSION = 1
#: A kernel has a few fingerprints of some hundred bytes; what is longer is none of ours.
_LARGEST = 1_000_000


def runtime_folder() -> Path:
    """Return Jupyter's runtime folder, the same for a server and the kernels that it starts."""
    from jupyter_core.paths import jupyter_runtime_dir

    return Path(jupyter_runtime_dir())


def new_path(kind: Kind) -> Path:
    """Return a path for a file of this kind that nobody has."""
    return runtime_folder() / f"{_PREFIX}{kind}-{os.getpid()}-{secrets.token_hex(4)}.json"


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a file, or replace it as a whole.

    Raises
    ------
    OSError, RuntimeError
        It cannot be written, or not so that its user alone can read it.
    """
    from jupyter_core.paths import secure_write

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_suffix(".unfinished")
    try:
        with secure_write(str(unfinished)) as file:
            json.dump({**document, "version": _VERSION}, file)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read(kind: Kind) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the files of this kind, the oldest first; one that cannot be read is none."""
    found = sorted(runtime_folder().glob(f"{_PREFIX}{kind}-*.json"), key=_age)
    for path in found:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            document = json.loads(_content(path))
            if isinstance(document, dict) and document.get("version") == _VERSION:
                yield path, document


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _content(path: Path) -> bytes:
    # neither through a link nor from a pipe, which would hold the reader
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, os.O_RDONLY | flags), "rb") as file:
        status = os.fstat(file.fileno())
        foreign = os.name == "posix" and (
            status.st_uid != os.geteuid() or bool(status.st_mode & 0o077)
        )
        if foreign or not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            raise ValueError("somebody else could have written it")
        return file.read(_LARGEST)
