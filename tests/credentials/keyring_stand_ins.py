"""Stand-ins for the keyrings of operating systems: a container has none.

The real one of Linux desktops is used where its programs are installed
(`test_profiles.py`, `test_a_real_secret_service...`).
"""

from __future__ import annotations

import importlib
import threading
import traceback
from contextlib import contextmanager

import keyring.core

from wx_notebook.credentials import keyring_backend

SECRET_SERVICE = "keyring.backends.SecretService.Keyring"


class Keeps:
    """Does what it is told, as a keyring that is unlocked."""

    def __init__(self):
        self.entries = {}

    def get_password(self, service, username):
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self.entries[service, username] = password

    def delete_password(self, service, username):
        del self.entries[service, username]


class Loses(Keeps):
    """Takes what it is given, and has nothing."""

    def set_password(self, service, username, password):
        pass


class Garbles(Keeps):
    def set_password(self, service, username, password):
        super().set_password(service, username, password[:-9])


class Tells(Keeps):
    """Fails, and quotes what it was given."""

    def set_password(self, service, username, password):
        super().set_password(service, username, password)
        raise RuntimeError(f"cannot store {password!r} for {username}")


class TellsAtOnce(Keeps):
    def set_password(self, service, username, password):
        raise RuntimeError(f"locked, and {password!r} is not stored")


class TellsWhenAsked(Keeps):
    def get_password(self, service, username):
        raise RuntimeError(f"bad entry: {super().get_password(service, username)!r}")


class Clings(Keeps):
    def delete_password(self, service, username):
        pass


class Exits(Keeps):
    def get_password(self, service, username):
        raise SystemExit(3)


class Blocks(Keeps):
    """Waits for somebody to unlock it."""

    def __init__(self):
        super().__init__()
        self.unlocked, self.asked = threading.Event(), threading.Event()

    def _wait(self):
        self.asked.set()
        assert self.unlocked.wait(120), "the test is over"

    def set_password(self, service, username, password):
        self._wait()
        super().set_password(service, username, password)


class BlocksAtOnce(Blocks):
    def get_password(self, service, username):
        self._wait()
        return super().get_password(service, username)


@contextmanager
def chosen(backend):
    """Let the library `keyring` have chosen this back end."""
    before = keyring.core._keyring_backend
    keyring.core._keyring_backend = backend
    try:
        yield backend
    finally:
        if isinstance(backend, Blocks):
            backend.unlocked.set()
            wait_for_the_threads()
        keyring.core._keyring_backend = before


@contextmanager
def system(kind, name=SECRET_SERVICE, *, choose=True):
    """Put a class into the place of one that is on the list, and choose it."""
    module_name, class_name = name.rsplit(".", maxsplit=1)
    module = importlib.import_module(module_name)
    real = getattr(module, class_name)
    stand_in = type(class_name, (kind,), {"__module__": module_name})
    setattr(module, class_name, stand_in)
    try:
        if choose:
            with chosen(stand_in()) as backend:
                yield backend
        else:
            yield stand_in()
    finally:
        setattr(module, class_name, real)


def wait_for_the_threads():
    """Return when no thread works with the keyring any more."""
    with keyring_backend._turn.lock:
        pass


def everything_about(error):
    """All that an error could show: its words, and the locals of our frames and of libraries."""
    assert error.__context__ is None
    assert error.__cause__ is None
    frames = list(traceback.walk_tb(error.__traceback__))
    locals_of = [repr(f.f_locals) for f, _ in frames if "/tests/" not in f.f_code.co_filename]
    shown = "\n".join(error._render_traceback_())
    return "\n".join([str(error), repr(error), repr(error.args), shown, *locals_of])
