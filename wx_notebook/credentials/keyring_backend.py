"""The keyring of the operating system, called in a thread and for a few seconds only.

The library `keyring` also knows backends that write plain text, or nothing at all, and uses them
silently. Here only the backends of the operating systems are used, by name. A locked keyring opens
a window that may be on no screen, so a call is given up after a while. Only these threads have the
text of a secret in their frames, and no exception leaves them.
"""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from wx_notebook.errors import mask_keys
from wx_notebook.forking import begin_anew_after_fork

#: A backend of the library `keyring`: whichever it chose.
Keyring: TypeAlias = Any
#: The backends of `keyring` 25 that belong to an operating system, and their common names.
SYSTEM_KEYRINGS = {
    "keyring.backends.SecretService.Keyring": "Secret Service",
    "keyring.backends.libsecret.Keyring": "Secret Service",
    "keyring.backends.kwallet.DBusKeyring": "KWallet",
    "keyring.backends.kwallet.DBusKeyringKWallet4": "KWallet",
    "keyring.backends.macOS.Keyring": "macOS Keychain",
    "keyring.backends.Windows.WinVaultKeyring": "Windows Credential Manager",
}
_CHAIN = "keyring.backends.chainer.ChainerBackend"
_NONE = "keyring.backends.fail.Keyring"
#: Seconds after which a call of the keyring is given up.
LONGEST_WAIT = 3.0

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class KeyringResult(Generic[_T]):
    """What a call of the keyring returned.

    Attributes
    ----------
    value
        The value, None after an error.
    error
        Why there is none, a sentence without a full stop; "" after success.
    is_missing
        Whether this machine has no system keyring; else the keyring failed.
    """

    value: _T | None = None
    error: str = ""
    is_missing: bool = False


class _UnusableKeyring(Exception):
    """A backend that is not used; the only argument is a sentence without a secret in it."""


class _Turn:
    """One call at a time: a call that was given up ends before the next one begins.

    Otherwise a locked keyring, once unlocked, would run the abandoned call after later ones.
    """

    def __init__(self) -> None:
        self.begin_in_forked_child()
        begin_anew_after_fork(self)

    def begin_in_forked_child(self) -> None:
        """Make a lock that no thread of the parent holds."""
        self.lock = threading.Lock()


_turn = _Turn()


def call_keyring(
    work: Callable[[Keyring], _T], *, undo: Callable[[Keyring], object] | None = None
) -> KeyringResult[_T]:
    """Call the system keyring in a thread, and wait a few seconds for the result.

    Parameters
    ----------
    work
        What to do with the keyring.
    undo
        Called in the same thread if the work ends after it was given up.
    """
    future: Future[KeyringResult[_T]] = Future()
    try:
        threading.Thread(
            target=_run, args=(future, work, undo), name="wx_notebook keyring", daemon=True
        ).start()
        # in short waits: on Windows, nothing interrupts a long one
        for _ in range(max(1, round(LONGEST_WAIT / 0.1))):
            if wait([future], 0.1).done:
                break
    except RuntimeError:
        return KeyringResult(error="no thread can be started for the system keyring")
    finally:
        # also after an interrupt; a result that is there stays
        future.cancel()
    if not future.cancelled():
        return future.result()
    return KeyringResult(
        error=f"the system keyring did not answer within {LONGEST_WAIT:g} seconds (is it locked?)"
    )


def _run(
    future: Future[KeyringResult[_T]],
    work: Callable[[Keyring], _T],
    undo: Callable[[Keyring], object] | None,
) -> None:
    """Do the work in its thread, unless it was given up: then the future is cancelled."""
    with _turn.lock:
        if future.cancelled():
            return
        keyring = None
        try:
            keyring = _system_keyring()
            if future.cancelled():
                return
            result = KeyringResult(work(keyring))
        except _UnusableKeyring as error:
            result = KeyringResult(error=str(error), is_missing=True)
        except BaseException as error:  # noqa: BLE001  # its text and frames may hold the key
            name = mask_keys(type(error).__name__)
            what_happened = "is locked" if name == "KeyringLocked" else f"failed ({name})"
            result = KeyringResult(error=f"the system keyring {what_happened}")
        try:
            future.set_result(result)
        except InvalidStateError:
            if undo is not None and keyring is not None:
                # no caller waits for an error any more
                with contextlib.suppress(BaseException):
                    undo(keyring)


def _system_keyring() -> Keyring:
    """Return the backend that the library chose, if it belongs to the operating system."""
    try:
        import keyring
    except ImportError:
        raise _UnusableKeyring("the library 'keyring' can't be imported") from None
    chosen: Keyring = keyring.get_keyring()
    candidates = [*chosen.backends] if class_of(chosen) == _CHAIN else [chosen]
    for candidate in candidates:
        if class_of(candidate) in SYSTEM_KEYRINGS:
            return candidate
    refused = [name for name in map(class_of, candidates) if name != _NONE]
    if not refused:
        raise _UnusableKeyring("this machine has no system keyring")
    raise _UnusableKeyring(f"this machine has no system keyring ({refused[0]} is not used)")


def class_of(keyring: Keyring) -> str:
    """Return the name of its class; a foreign class can't pass under a name of the list."""
    kind = type(keyring)
    name = f"{kind.__module__}.{kind.__qualname__}"
    home = sys.modules.get(kind.__module__)
    if name in {*SYSTEM_KEYRINGS, _CHAIN} and getattr(home, kind.__name__, None) is not kind:
        return f"another {name}"
    return mask_keys(re.sub(r"[^\w.<>]", "?", name))
