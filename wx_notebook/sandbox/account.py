"""An account: who may sign in, and every token that is out. Regions of one account share it."""

from __future__ import annotations

import enum
import hmac
import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from wx_notebook.sandbox.paths import Kind

# 33 random bytes make the 44 characters of an IBM Cloud API key (detect-secrets' IBM detector).
# The form of other keys is not public: here they have another length, so that a client that
# wants 44 characters of them is caught
_KEY_BYTES: dict[Kind, int] = {"cloud": 33, "mcsp": 48, "software": 30}
#: Beyond these the oldest are forgotten: a sandbox may run for days.
MOST_TOKENS = 10_000
# a form holds it only if the client encodes it
_AWKWARD = "+&=%"


class Standing(enum.Enum):
    """What the account thinks of a key or a token."""

    GOOD = "good"
    ENDED = "it was good once: a key that is disabled, a token that has expired"
    UNKNOWN = "never seen, or forgotten"


@dataclass(frozen=True, slots=True)
class _Life:
    clock: Callable[[], float]
    ends_at: float


class Book:
    """Tokens, and when each of them ends by the clock of the server that issued it."""

    def __init__(self) -> None:
        self._lives: dict[str, _Life] = {}
        self._lock = threading.Lock()

    def enter(self, token: str, clock: Callable[[], float], lifetime_s: float) -> None:
        """Make `token` good for `lifetime_s` seconds."""
        with self._lock:
            self._lives[token] = _Life(clock, clock() + lifetime_s)
            # litellm can ask for one at every call; the oldest are the first to have expired
            while len(self._lives) > MOST_TOKENS:
                del self._lives[next(iter(self._lives))]

    def standing(self, token: str) -> Standing:
        """Return whether `token` is good."""
        with self._lock:
            life = self._lives.get(token)
        if life is None:
            return Standing.UNKNOWN
        return Standing.GOOD if life.clock() < life.ends_at else Standing.ENDED

    def expire(self, token: str) -> None:
        """End the life of `token` now."""
        with self._lock:
            if life := self._lives.get(token):
                self._lives[token] = _Life(life.clock, float("-inf"))

    def forget(self, token: str) -> None:
        """Make `token` invalid, which is not the same as expired."""
        with self._lock:
            self._lives.pop(token, None)

    def clear(self) -> None:
        """Forget every token: they are no longer valid, which is not the same as expired."""
        with self._lock:
            self._lives.clear()


class Account:
    """One user with a key and a password, and a trusted profile; made for many threads.

    Attributes
    ----------
    id, user_id
        Of the account and its user, as tokens and spaces tell them.
    username, password
        For a cluster.
    profile_id
        Of the trusted profile.
    tokens, identity_tokens
        What opens the service, and what a cluster's own IAM gives in exchange for a password,
        which does not.
    """

    def __init__(self, kind: Kind) -> None:
        self.id = secrets.token_hex(16)
        self.user_id = f"IBMid-{secrets.token_hex(5).upper()}"
        self.username = f"sandbox-{secrets.token_hex(4)}"
        self.password = secrets.token_urlsafe(18) + _AWKWARD
        self._passwords = (self.password, quote(self.password, safe=""))
        self.profile_id = f"Profile-{uuid.uuid4()}"
        self.tokens = Book()
        self.identity_tokens = Book()
        self._key_bytes = _KEY_BYTES[kind]
        self._keys = [secrets.token_urlsafe(self._key_bytes)]
        self._enabled = True
        self._lock = threading.Lock()

    @property
    def api_key(self) -> str:
        """The only key that is known."""
        return self._keys[-1]

    def disable_key(self) -> None:
        """Refuse the key from now on; tokens that are out stay good, as at IBM Cloud."""
        with self._lock:
            self._enabled = False

    def replace_key(self) -> str:
        """Make another key, and forget the old one; tokens that are out stay good."""
        with self._lock:
            self._keys.append(secrets.token_urlsafe(self._key_bytes))
            self._enabled = True
            return self._keys[-1]

    def revoke_tokens(self) -> None:
        """Forget every token."""
        self.tokens.clear()
        self.identity_tokens.clear()

    def key_standing(self, key: str) -> Standing:
        """Return whether `key` is good."""
        with self._lock:
            if not _same(key, self._keys[-1]):
                return Standing.UNKNOWN
            return Standing.GOOD if self._enabled else Standing.ENDED

    def knows_user(self, username: str) -> bool:
        """Whether this is the user's name."""
        return _same(username, self.username)

    def knows_password(self, password: str) -> bool:
        """Whether this is the user's password."""
        return _same(password, self.password)

    def secrets(self) -> tuple[str, ...]:
        """Return what no record may hold: every key there ever was, and both forms of the password.

        The alphabet of keys is the same in a URL.
        """
        with self._lock:
            return *self._keys, *self._passwords


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), known.encode())
