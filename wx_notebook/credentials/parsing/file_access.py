"""A file of credentials on the disk: finding it, and reading its text."""

from __future__ import annotations

import os
import stat
from itertools import islice
from pathlib import Path

from wx_notebook.credentials.parsing.file_formats import decode, recognise_bytes
from wx_notebook.credentials.secret import Opaque, Secret
from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.hints import login_hint

#: Bytes; the largest file of credentials that IBM offers for download has some two thousand.
LARGEST_FILE = 1_000_000


def not_credentials(name: str, kind: str) -> BadOption:
    """Return the error for a file that is something else."""
    return BadOption(
        f"{name} is {kind}, so no key can be read from it.",
        hint="Give a text file with a line WATSONX_API_KEY=..., or the apikey.json of IBM Cloud.",
    )


def find_file(path: str | os.PathLike[str]) -> Path:
    """Return the file that a user named; raises `BadOption` where there is none."""
    try:
        file = Path(path).expanduser()
        mode = file.stat().st_mode
    except (OSError, ValueError, RuntimeError) as error:
        refusal = _no_file(Path(path), error)
    else:
        if stat.S_ISREG(mode):
            return file
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        refusal = BadOption(
            f"'{quote_path(path)}' is {kind}, so no credential can be read from it.",
            hint="Name the file itself, for example ~/apikey.json",
        )
    raise refusal


def _no_file(path: Path, error: Exception) -> BadOption:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return BadOption(
            f"There is no file '{quote_path(path)}'.{_near_file(path)}",
            hint=f"A name without a folder is searched in {quote_path(Path.cwd())}",
        )
    if isinstance(error, OSError) and error.strerror:
        return _unreadable(path, error.strerror)
    return _unreadable(path, "this can't be the name of a file")


def _unreadable(path: str | os.PathLike[str], reason: str) -> BadOption:
    return BadOption(
        f"'{quote_path(path)}' can't be read: {reason}.",
        hint=f"Name a file that you may read, or give the key itself. {login_hint()}",
    )


def _near_file(path: Path) -> str:
    try:
        with os.scandir(path.expanduser().parent) as entries:
            # a folder can have a million files
            names = [entry.name for entry in islice(entries, 2_000) if entry.is_file()]
    except (OSError, ValueError, RuntimeError):
        return ""
    return mask_keys(did_you_mean(path.name[:200], names))


def read_secret_text(file: Path) -> tuple[Secret, bool]:
    """Return the text of a file, and whether other users of this machine can read it."""
    try:
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            if status.st_size > LARGEST_FILE:
                refusal = _unreadable(file, "it is too large to be a file with a credential")
            else:
                # with a limit here, too: a file can grow
                data = Opaque(opened.read(LARGEST_FILE + 1))
                if not (kind := recognise_bytes(data.open())):
                    text = Secret(decode(data.open()))
                    return text, os.name == "posix" and bool(status.st_mode & 0o077)
                refusal = not_credentials(mask_keys(file.name), kind)
    except OSError as error:
        refusal = _unreadable(file, error.strerror or type(error).__name__)
    raise refusal


def quote_path(path: str | os.PathLike[str]) -> str:
    """Return a path for a message, without what looks like a key."""
    return mask_keys(str(path))
