"""Which keyring is used, and how: an operating system's own, in a thread, for a few seconds.

The library `keyring` also knows places that write plain text, or nothing at all, and takes them
without a word; here the keyrings of the operating systems are used, by name, and no other. One
that is locked asks its user by a window that may be on nobody's screen, so a call can be given up.
A secret's text is in frames of these threads alone; no exception comes out of them.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from wx_notebook.credentials.secret import without_keys

#: A back end of the library `keyring`: whichever it chose.
Keyring: TypeAlias = Any
#: The back ends of `keyring` 25 that are an operating system's own, and what people call them.
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
#: Seconds until a keyring that does not answer is given up.
LONGEST_WAIT = 3.0

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[_T]):
    """What came back from a thread: a value, or a sentence without a full stop that says why not.

    `missing` tells a machine without a keyring from a keyring that fails.
    """

    value: _T | None = None
    problem: str = ""
    missing: bool = False


class _Refused(Exception):
    """A back end that is not used; its only argument is a sentence without a secret in it."""


class _Turn:
    """The right to speak with the keyring: a call given up is ended before the next one begins.

    Otherwise a locked keyring, once unlocked, would do what was given up after what came later.
    """

    def __init__(self) -> None:
        self.renew()
        if hasattr(os, "register_at_fork"):
            # the thread that held it does not exist in the child
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.lock = threading.Lock()


_turn = _Turn()


def ask(
    work: Callable[[Keyring], _T], *, undo: Callable[[Keyring], object] | None = None
) -> Answer[_T]:
    """Let a thread work with the system's keyring, and wait for it a few seconds.

    `undo` is called in that thread when the work ends after it was given up.
    """
    call = _Call(work, undo)
    try:
        threading.Thread(target=call.run, name="wx_notebook keyring", daemon=True).start()
        # in pieces: on Windows nothing interrupts a longer one
        for _ in range(max(1, round(LONGEST_WAIT / 0.1))):
            if call.done.wait(0.1):
                break
    except RuntimeError:
        return Answer(problem="no thread can be started to ask the system keyring")
    finally:
        # after an interrupt, too
        answer = call.end()
    return answer or Answer(
        problem=f"the system keyring did not answer within {LONGEST_WAIT:g} seconds (is it locked?)"
    )


class _Call(Generic[_T]):
    """One piece of work in its thread, which may end before or after its time."""

    def __init__(
        self, work: Callable[[Keyring], _T], undo: Callable[[Keyring], object] | None
    ) -> None:
        self.done = threading.Event()
        self._work, self._undo = work, undo
        self._deciding = threading.Lock()
        self._given_up = False
        self._answer: Answer[_T] | None = None

    def run(self) -> None:
        with _turn.lock:
            if self._given_up:
                return
            keyring = None
            try:
                keyring = _system_keyring()
                if self._given_up:
                    return
                answer = Answer(self._work(keyring))
            except _Refused as refused:
                answer = Answer(problem=str(refused), missing=True)
            except BaseException as error:  # noqa: BLE001  # text and frames may hold the key
                kind = without_keys(type(error).__name__)
                how = "is locked" if kind == "KeyringLocked" else f"failed ({kind})"
                answer = Answer(problem=f"the system keyring {how}")
            with self._deciding:
                if not self._given_up:
                    self._answer = answer
                    self.done.set()
                    return
            if self._undo is not None and keyring is not None:
                # nobody is left to tell
                with contextlib.suppress(BaseException):
                    self._undo(keyring)

    def end(self) -> Answer[_T] | None:
        """Return the answer; without one, nothing that comes later counts."""
        with self._deciding:
            self._given_up = self._answer is None
            return self._answer


def _system_keyring() -> Keyring:
    """Return the back end that the library chose, if it is the operating system's."""
    try:
        import keyring
    except ImportError:
        raise _Refused("the library 'keyring' cannot be imported") from None
    chosen: Keyring = keyring.get_keyring()
    candidates = [*chosen.backends] if class_of(chosen) == _CHAIN else [chosen]
    for candidate in candidates:
        if class_of(candidate) in SYSTEM_KEYRINGS:
            return candidate
    refused = [name for name in map(class_of, candidates) if name != _NONE]
    if not refused:
        raise _Refused("no system keyring here")
    raise _Refused(f"no system keyring here ({refused[0]} is none)")


def class_of(keyring: Keyring) -> str:
    """Return the name of its class; nobody else's class goes about under a name of the list."""
    kind = type(keyring)
    name = f"{kind.__module__}.{kind.__qualname__}"
    home = sys.modules.get(kind.__module__)
    if name in {*SYSTEM_KEYRINGS, _CHAIN} and getattr(home, kind.__name__, None) is not kind:
        return f"another {name}"
    return without_keys(re.sub(r"[^\w.<>]", "?", name))
