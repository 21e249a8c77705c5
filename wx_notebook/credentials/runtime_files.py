"""Small files in Jupyter's runtime folder, for messages between a user's kernels and servers.

Each file is JSON. Only its user can ever read it, and a reader always sees a complete file. A file
that another user could have written is refused.
"""

from __future__ import annotations

import json
import os
import platform
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: These files have some hundred bytes. A larger one is not ours.
_MAX_SIZE = 1_000_000


def runtime_folder() -> Path:
    """Return Jupyter's runtime folder, the same for a server and the kernels that it starts."""
    from jupyter_core.paths import jupyter_runtime_dir

    return Path(jupyter_runtime_dir())


def write_privately(path: Path, document: dict[str, Any]) -> None:
    """Write a file, or replace it as a whole.

    Raises
    ------
    OSError, RuntimeError
        It cannot be written, or not so that only its user can read it.
    """
    from jupyter_core.paths import secure_write

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_suffix(".unfinished")
    try:
        with secure_write(str(unfinished)) as file:
            json.dump(document, file)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_privately(path: Path) -> bytes:
    """Return the content of a file that only this user can have written.

    Raises
    ------
    OSError
        There is no such file, or it is a link.
    ValueError
        It belongs to another user, others may read or write it, or it is no regular file.
    """
    # never through a link, and never from a pipe, which would block the reader
    more = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | more)

    with open(path, "rb", opener=opener) as file:  # `Path.open` takes no opener
        status = os.fstat(file.fileno())
        is_foreign = os.name == "posix" and (
            status.st_uid != os.geteuid() or bool(status.st_mode & 0o077)
        )
        if is_foreign or not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_SIZE:
            raise ValueError("another user could have written this file")
        return file.read(_MAX_SIZE)


def process_identity() -> dict[str, Any]:
    """Return by what a reader of a file finds out whether this process still runs."""
    import psutil

    return {
        "pid": os.getpid(),
        # the process id alone may belong to another process later
        "started": psutil.Process().create_time(),
        "host": platform.node(),
    }


def is_running(identity: Mapping[str, Any]) -> bool | None:
    """Return whether a process still runs, by its `process_identity`.

    None is for a process of another machine, with which this one shares the folder.
    """
    import psutil

    try:
        if identity["host"] != platform.node():
            return None
        process = psutil.Process(int(identity["pid"]))
        is_same = abs(process.create_time() - float(identity["started"])) < 2.0
        return bool(is_same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.AccessDenied:
        return True
    except (psutil.NoSuchProcess, KeyError, TypeError, ValueError, OSError):
        return False
