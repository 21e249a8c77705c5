"""Tokens of one server: how they are made, and whether a request carries a good one."""

from __future__ import annotations

import base64
import json
import math
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wx_notebook.sandbox.account import Account, Standing
from wx_notebook.sandbox.replies import refusal
from wx_notebook.sandbox.wire import Refused, Request


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token: for how many seconds it is good, and its end in epoch seconds."""

    token: str
    lifetime_s: int
    expiration: int


class Tokens:
    """Issues tokens into the books of an account.

    Parameters
    ----------
    account
        Its other servers take these tokens too.
    lifetime_s
        Seconds for which a token is good.
    clock
        Seconds that never go backwards; decides when a token has expired.
    now
        Epoch seconds, for what tokens say of themselves.
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
        """Seconds for which the next token is good."""
        return self._lifetime_s

    @lifetime_s.setter
    def lifetime_s(self, seconds: float) -> None:
        self._lifetime_s = _finite(seconds)

    def issue(self, claims: Mapping[str, object], lifetime_s: float | None = None) -> Issued:
        """Return a new JWT that says `claims` of its bearer, and opens the service."""
        seconds = self._lifetime_s if lifetime_s is None else _finite(lifetime_s)
        issued_at = int(self._now())
        expiration = issued_at + int(seconds)
        own = {"jti": str(uuid.uuid4()), "iat": issued_at, "exp": expiration}
        token = _jwt({**claims, **own})
        self._account.tokens.enter(token, self._clock, seconds)
        return Issued(token, int(seconds), expiration)

    def issue_identity(self) -> Issued:
        """Return a new token of a cluster's own IAM, which must be exchanged once more."""
        seconds = self._lifetime_s
        # no client reads it, so that nothing says that it is a JWT
        token = secrets.token_hex(32)
        self._account.identity_tokens.enter(token, self._clock, seconds)
        return Issued(token, int(seconds), int(self._now()) + int(seconds))

    def admit(self, request: Request) -> str:
        """Return the bearer token of `request`, if it is good.

        Raises
        ------
        Refused
            401 with an error document of watsonx.ai.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        standing = self._account.tokens.standing(token)
        if scheme.lower() != "bearer" or standing is Standing.UNKNOWN:
            raise not_valid()
        if standing is Standing.ENDED:
            raise expired()
        return token

    def expire(self, token: str) -> None:
        """End the life of `token` now."""
        self._account.tokens.expire(token)

    def forget(self, token: str) -> None:
        """Make `token` one that the service does not know."""
        self._account.tokens.forget(token)


def not_valid() -> Refused:
    """Return the refusal of a request without a token that the service knows."""
    return refusal(
        401,
        "authentication_token_not_valid",
        "Failed to authenticate the request: the token is missing or not valid.",
        target=("header", "Authorization"),
    )


def expired() -> Refused:
    """Return the refusal of a token that was good once."""
    return refusal(
        401,
        "authentication_token_expired",
        "Failed to authenticate the request: the token has expired.",
        target=("header", "Authorization"),
    )


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):
        msg = f"a token cannot live for {seconds} seconds"
        raise ValueError(msg)
    return seconds


def _jwt(claims: dict[str, object]) -> str:
    header = {"kid": "20260101-0000-sandbox", "alg": "RS256"}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    # random bytes of RS256's length: only IBM's private key could sign, the sandbox finds a token
    # in its own books, and no client checks (IBM's Python SDK and SDK core decode without a key)
    parts.append(secrets.token_bytes(256))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
