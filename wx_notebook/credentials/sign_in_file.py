"""The file by which the kernels of a Jupyter server find the sign-in that it holds.

It lies in Jupyter's runtime folder and is named by the server's process ID, which a kernel knows as
its parent's. It says where the server hands out access tokens, by which secret, and where those are
valid. It holds no key and no token. The module is light: a kernel looks before each prompt.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wx_notebook.credentials.runtime_files import read_privately, runtime_folder, write_privately
from wx_notebook.credentials.secret import Secret

_VERSION = 1
#: What a server answers at the address of the file.
TOKEN_PATH, LOG_OUT_PATH = "/token", "/log-out"
#: What the file says about a connection; the names are those of `ConnectionParams`.
CONNECTION_NAMES = (
    "url", "iam_url", "platform_url", "kind", "project_id", "space_id", "model", "ca_bundle",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignInFile:
    """What one file says.

    Attributes
    ----------
    server_id
        Random, and another one for each process: a process ID is used again.
    url
        Where the server hands out tokens: an address of this machine.
    secret
        What a kernel shows there. It is good for nothing else.
    generation
        The number of the sign-in; it grows with each sign-in and each log out.
    connection
        Where the tokens are valid, and what prompts are billed to; None if nobody is signed in.
    is_lost
        Whether a sign-in has ended with its server, and nobody has signed in since.
    writer
        The process of the server; empty if that has ended.
    """

    server_id: str
    url: str
    secret: Secret
    generation: int
    connection: Mapping[str, str] | None
    is_lost: bool = False
    writer: Mapping[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the file; raises as `write_privately`."""
        # the secret is written here and nowhere else
        write_privately(
            path,
            {
                "version": _VERSION,
                "server_id": self.server_id,
                "url": self.url,
                "secret": self.secret.reveal(),
                "generation": self.generation,
                "connection": self.connection and dict(self.connection),
                "is_lost": self.is_lost,
                "writer": dict(self.writer),
            },
        )


def sign_in_path(server_pid: int | str) -> Path:
    """Return the path of the file of a server; with "*", the pattern of all of them."""
    return runtime_folder() / f"wx-notebook-server-{server_pid}.json"


#: What was read last, by path, with what the file looked like then.
_READ: dict[Path, tuple[tuple[int, ...], SignInFile | None]] = {}


def read_sign_in_file(path: Path) -> SignInFile | None:
    """Return what a file says; None if there is none, or if another user could have written it."""
    try:
        status = path.lstat()
    except OSError:
        _READ.pop(path, None)
        return None
    # the file is replaced as a whole, so a new content is another inode
    looks = (status.st_mtime_ns, status.st_ino, status.st_size, status.st_uid, status.st_mode)
    known = _READ.get(path)
    if known is None or known[0] != looks:
        known = _READ[path] = looks, _parse(path)
    return known[1]


def is_of_another_version(path: Path) -> bool:
    """Return whether a file that cannot be read is one that only this user can have written.

    A server with another version of this package writes such a file.
    """
    try:
        document = json.loads(read_privately(path))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and _parse(path) is None


def _parse(path: Path) -> SignInFile | None:
    try:
        document: Mapping[str, Any] = json.loads(read_privately(path))
        if document["version"] != _VERSION:
            return None
        connection = document["connection"]
        return SignInFile(
            str(document["server_id"]),
            str(document["url"]),
            Secret(str(document["secret"])),
            int(document["generation"]),
            None if connection is None else _connection(connection),
            bool(document["is_lost"]),
            dict(document["writer"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _connection(values: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: str(values.get(name) or "") for name in CONNECTION_NAMES}


def parent_pid() -> int:
    """Return the process ID of what started this process: of a kernel, its Jupyter server."""
    return os.getppid()
