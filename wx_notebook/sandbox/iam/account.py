"""An account: who may sign in, and every token that is out. Regions of one account share it."""

from __future__ import annotations

import base64
import enum
import hmac
import json
import math
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from wx_notebook.sandbox.http.messages import Document, ErrorResponse, Request, service_error
from wx_notebook.sandbox.http.routes import ServerKind

# 33 random bytes make the 44 characters of an IBM Cloud API key (detect-secrets' IBM detector).
# The form of other keys is not public. Here they have another length, which catches a client that
# insists on 44 characters
_KEY_BYTES: dict[ServerKind, int] = {"cloud": 33, "mcsp": 48, "software": 30}
#: Beyond these the oldest are dropped: a sandbox may run for days.
MOST_TOKENS = 10_000
# a form contains it unchanged only if the client encodes it
_AWKWARD = "+&=%"


class Validity(enum.Enum):
    """Whether the account accepts a key or a token."""

    VALID = "it is accepted"
    ENDED = "it was valid once: a disabled key, an expired token"
    UNKNOWN = "the account has never seen it, or has dropped it"


@dataclass(frozen=True, slots=True)
class _Lifetime:
    clock: Callable[[], float]
    ends_at: float


class TokenStore:
    """Tokens, and when each of them ends by the clock of the server that issued it."""

    def __init__(self) -> None:
        self._lifetimes: dict[str, _Lifetime] = {}
        self._lock = threading.Lock()

    def add(self, token: str, clock: Callable[[], float], lifetime_s: float) -> None:
        """Make `token` valid for `lifetime_s` seconds."""
        with self._lock:
            self._lifetimes[token] = _Lifetime(clock, clock() + lifetime_s)
            # litellm can ask for one at every call; the oldest are the first to have expired
            while len(self._lifetimes) > MOST_TOKENS:
                del self._lifetimes[next(iter(self._lifetimes))]

    def validity(self, token: str) -> Validity:
        """Return whether `token` is valid."""
        with self._lock:
            lifetime = self._lifetimes.get(token)
        if lifetime is None:
            return Validity.UNKNOWN
        return Validity.VALID if lifetime.clock() < lifetime.ends_at else Validity.ENDED

    def expire(self, token: str) -> None:
        """Make `token` an expired one."""
        with self._lock:
            if lifetime := self._lifetimes.get(token):
                self._lifetimes[token] = _Lifetime(lifetime.clock, float("-inf"))

    def remove(self, token: str) -> None:
        """Make `token` an unknown one."""
        with self._lock:
            self._lifetimes.pop(token, None)

    def clear(self) -> None:
        """Make every token an unknown one."""
        with self._lock:
            self._lifetimes.clear()


class Account:
    """One user with a key and a password, and a trusted profile; safe for threads.

    Attributes
    ----------
    id, user_id
        Of the account and its user, as in tokens and spaces.
    username, password
        For a cluster.
    profile_id
        Of the trusted profile.
    tokens, identity_tokens
        Tokens that open the service; tokens of a cluster's own IAM, which do not.
    """

    def __init__(self, kind: ServerKind) -> None:
        self.id = secrets.token_hex(16)
        self.user_id = f"IBMid-{secrets.token_hex(5).upper()}"
        self.username = f"sandbox-{secrets.token_hex(4)}"
        self.password = secrets.token_urlsafe(18) + _AWKWARD
        self._passwords = (self.password, quote(self.password, safe=""))
        self.profile_id = f"Profile-{uuid.uuid4()}"
        self.tokens = TokenStore()
        self.identity_tokens = TokenStore()
        self._key_bytes = _KEY_BYTES[kind]
        self._keys = [secrets.token_urlsafe(self._key_bytes)]
        self._is_enabled = True
        self._lock = threading.Lock()

    @property
    def api_key(self) -> str:
        """The only key that the account knows."""
        return self._keys[-1]

    def disable_key(self) -> None:
        """Refuse the key from now on; tokens that are out stay valid, as at IBM Cloud."""
        with self._lock:
            self._is_enabled = False

    def replace_key(self) -> str:
        """Return a new key and drop the old one; tokens that are out stay valid."""
        with self._lock:
            self._keys.append(secrets.token_urlsafe(self._key_bytes))
            self._is_enabled = True
            return self._keys[-1]

    def revoke_tokens(self) -> None:
        """Drop every token."""
        self.tokens.clear()
        self.identity_tokens.clear()

    def key_validity(self, key: str) -> Validity:
        """Return whether `key` is valid."""
        with self._lock:
            if not _is_same(key, self._keys[-1]):
                return Validity.UNKNOWN
            return Validity.VALID if self._is_enabled else Validity.ENDED

    def is_username(self, username: str) -> bool:
        """Return whether this is the user's name."""
        return _is_same(username, self.username)

    def is_password(self, password: str) -> bool:
        """Return whether this is the user's password."""
        return _is_same(password, self.password)

    def secrets(self) -> tuple[str, ...]:
        """Return what no log may contain: all keys, also old ones, and the password.

        The password comes in two forms, plain and encoded for a form; keys are the same in both.
        """
        with self._lock:
            return *self._keys, *self._passwords


def _is_same(value: str, known: str) -> bool:
    return hmac.compare_digest(value.encode("utf-8", "replace"), known.encode())


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token, the seconds for which it is valid, and its end in epoch seconds."""

    token: str
    lifetime_s: int
    expiration: int


class TokenIssuer:
    """Issues the tokens of one server, and checks those of its account.

    Parameters
    ----------
    account
        Its other servers accept these tokens too.
    lifetime_s
        Seconds for which a token is valid.
    clock
        Seconds that never go backwards; they decide when a token has expired.
    now
        Epoch seconds that stand in a token.
    """

    def __init__(
        self,
        account: Account,
        lifetime_s: float,
        clock: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self._account = account
        self._clock = clock
        self._now = now
        self.lifetime_s = lifetime_s

    @property
    def lifetime_s(self) -> float:
        """Seconds for which the next token is valid."""
        return self._lifetime_s

    @lifetime_s.setter
    def lifetime_s(self, seconds: float) -> None:
        self._lifetime_s = _finite(seconds)

    def issue(self, claims: Mapping[str, object], lifetime_s: float | None = None) -> IssuedToken:
        """Return a new JWT with `claims` about its bearer; it opens the service."""
        seconds = self._lifetime_s if lifetime_s is None else _finite(lifetime_s)
        issued_at = int(self._now())
        expiration = issued_at + int(seconds)
        own = {"jti": str(uuid.uuid4()), "iat": issued_at, "exp": expiration}
        token = _jwt({**claims, **own})
        self._account.tokens.add(token, self._clock, seconds)
        return IssuedToken(token, int(seconds), expiration)

    def issue_identity(self) -> IssuedToken:
        """Return a new token of a cluster's own IAM, which must be exchanged once more."""
        seconds = self._lifetime_s
        # no client reads it: nothing says that it is a JWT
        token = secrets.token_hex(32)
        self._account.identity_tokens.add(token, self._clock, seconds)
        return IssuedToken(token, int(seconds), int(self._now()) + int(seconds))

    def authenticate(self, request: Request) -> str:
        """Return the bearer token of `request`.

        Raises
        ------
        ErrorResponse
            401: there is none, or it is not valid.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        validity = self._account.tokens.validity(token)
        if scheme.lower() != "bearer" or validity is Validity.UNKNOWN:
            raise token_not_valid()
        if validity is Validity.ENDED:
            raise token_expired()
        return token

    def expire(self, token: str) -> None:
        """Make `token` an expired one."""
        self._account.tokens.expire(token)

    def revoke(self, token: str) -> None:
        """Make `token` an unknown one."""
        self._account.tokens.remove(token)


def token_not_valid() -> ErrorResponse:
    """Return the 401 of a request without a token that the service knows."""
    return _token_error("authentication_token_not_valid", "the token is missing or not valid")


def token_expired() -> ErrorResponse:
    """Return the 401 of a token that was valid once."""
    return _token_error("authentication_token_expired", "the token has expired")


def _token_error(code: str, reason: str) -> ErrorResponse:
    message = f"Failed to authenticate the request: {reason}."
    return service_error(401, code, message, target=("header", "Authorization"))


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):
        msg = f"A token cannot be valid for {seconds} seconds."
        raise ValueError(msg)
    return seconds


def _jwt(claims: Document) -> str:
    header = {"kid": "20260101-0000-sandbox", "alg": "RS256"}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    # random bytes of RS256's length. Only IBM's private key could sign; the sandbox looks a token
    # up, and no client checks it (IBM's Python SDK and SDK core decode without a key)
    parts.append(secrets.token_bytes(256))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
