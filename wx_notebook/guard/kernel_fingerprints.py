"""What a kernel tells Jupyter servers: the fingerprints of secrets that must not be saved.

The kernel keeps one file in the runtime folder while it runs. It holds a salt that is new in each
kernel, and the fingerprints of the keys and tokens that the kernel has used. They stay after a
logout: a key that was typed into a cell is still valid then, and a fingerprint gives no access.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wx_notebook.credentials.runtime_files import is_running, process_identity
from wx_notebook.credentials.secret import Secret
from wx_notebook.forking import begin_anew_after_fork
from wx_notebook.guard import runtime_dir
from wx_notebook.guard.fingerprints import Fingerprint, Fingerprints, make_fingerprint

#: Only the newest fingerprints are kept: a token expires within the hour, and a user has few keys.
_MAX_FINGERPRINTS = {"api_key": 64, "token": 8}
#: A home folder may be shared by several machines. Nothing here can check whether a kernel on
#: another machine still runs, so its file is used for a week.
_MAX_FOREIGN_AGE_S = 7 * 86400.0


class KernelFingerprints:
    """The fingerprint file of one kernel."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes(32)
        self._path = runtime_dir.new_path("kernel")
        self._owner = os.getpid()
        self._fingerprints: list[Fingerprint] = []
        self.begin_in_forked_child()
        begin_anew_after_fork(self)

    def begin_in_forked_child(self) -> None:
        """Make a lock that no thread of the parent holds."""
        self._lock = threading.Lock()

    def add(self, secret: Secret, kind: str) -> None:
        """Publish a secret ("api_key" or "token"), unless it could be guessed.

        Raises
        ------
        OSError, RuntimeError
            The file cannot be written.
        """
        new = make_fingerprint(secret, kind, self._salt)
        # a process that was forked off the kernel has a copy of this object, but no file
        if new is None or os.getpid() != self._owner:
            return
        with self._lock:
            if new in self._fingerprints and self._path.exists():
                return
            others = [one for one in self._fingerprints if one.kind != new.kind]
            same = [one for one in self._fingerprints if one.kind == new.kind and one != new]
            self._fingerprints = [*others, *same[1 - _MAX_FINGERPRINTS[new.kind] :], new]
            runtime_dir.write_document(self._path, self._document())

    def remove(self) -> None:
        """Remove the file."""
        if os.getpid() == self._owner:
            with self._lock, contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _document(self) -> dict[str, Any]:
        fingerprints = [one.to_json() for one in self._fingerprints]
        return {"salt": self._salt.hex(), "fingerprints": fingerprints, **process_identity()}


class FingerprintPublisher:
    """Publishes the secrets of this process, in a file that is created with the first one."""

    def __init__(self) -> None:
        self._kernel: KernelFingerprints | None = None
        self._error = ""

    def add(self, secret: Secret, kind: str) -> None:
        """Publish a secret for this user's Jupyter servers.

        An error never stops the caller; `pop_error` returns it.
        """
        try:
            if self._kernel is None:
                self._kernel = KernelFingerprints()
                atexit.register(self._kernel.remove)
            self._kernel.add(secret, kind)
        except Exception as error:  # noqa: BLE001  # its message could quote the secret
            self._error = self._error or type(error).__name__

    def pop_error(self) -> str:
        """Return the type of the first error since the last call, "" if there was none."""
        error, self._error = self._error, ""
        return error


#: The publisher of this process.
PUBLISHER = FingerprintPublisher()


@dataclass(slots=True)
class RemovedSecrets:
    """Fingerprints of the keys and tokens that one server has removed from notebooks.

    The open page still has a removed secret until the user deletes it there. If its kernel ends
    first, nothing else knows the secret any more, and the next save would write it.

    Attributes
    ----------
    salt
        Random bytes of this server.
    fingerprints
        The fingerprints under that salt, the newest last.
    """

    salt: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    fingerprints: list[Fingerprint] = field(default_factory=list)

    def add(self, secret: Secret, kind: str) -> None:
        """Remember a removed secret."""
        new = make_fingerprint(secret, kind, self.salt)
        if new is not None and new not in self.fingerprints:
            self.fingerprints = [*self.fingerprints[1 - _MAX_FINGERPRINTS["api_key"] :], new]


def live_fingerprints(removed: RemovedSecrets | None = None) -> Fingerprints:
    """Return the fingerprints of running kernels, and of what the server has removed itself.

    Files of kernels that have ended are deleted.
    """
    groups = []
    for path, document in runtime_dir.read_documents("kernel"):
        if not _is_alive(path, document):
            with contextlib.suppress(OSError):
                path.unlink()
            continue
        with contextlib.suppress(KeyError, TypeError, ValueError):
            fingerprints = [
                Fingerprint.from_json(one)
                for one in document["fingerprints"]
                if one["kind"] in _MAX_FINGERPRINTS
            ]
            groups.append((bytes.fromhex(document["salt"]), fingerprints))
    if removed is not None:
        # after the kernels': the user was told of a secret by the id under its kernel's salt
        groups.append((removed.salt, removed.fingerprints))
    return Fingerprints(groups)


def _is_alive(path: Path, document: dict[str, Any]) -> bool:
    alive = is_running(document)
    if alive is None:
        with contextlib.suppress(OSError):
            return time.time() - path.stat().st_mtime < _MAX_FOREIGN_AGE_S
    return bool(alive)
