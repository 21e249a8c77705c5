"""Files that a prompt takes, read without being blocked by a pipe or filled by a giant."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wx_notebook.errors import BadOption


class FileTooLarge(BadOption):
    """The file has more bytes than a prompt takes."""


def read_bytes(path: Path, most: int, *, start: bool = False) -> bytes:
    """Return the bytes of a file, at most so many; with `start` only its beginning.

    Raises
    ------
    FileTooLarge
        It has more, and not only its beginning was asked for.
    BadOption
        It cannot be read, or is no file.
    """
    reason = ""
    try:
        # a pipe of this name would block the kernel
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123  # a descriptor
            about = os.fstat(file.fileno())
            if stat.S_ISREG(about.st_mode):
                content = file.read(most + 1)
                if start or len(content) <= most:
                    return content[:most]
                raise FileTooLarge(f"{path} has {about.st_size:,} bytes, and at most {most:,} go.")
            reason = "is not a file"
    except (OSError, ValueError) as error:
        reason = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    raise BadOption(f"{path} {reason}.", hint="Check the path, and the folder that it begins in.")
