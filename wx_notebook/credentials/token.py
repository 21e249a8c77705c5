"""An access token, what it says of itself, and how long it is good by our own clock."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wx_notebook.credentials.secret import Secret
from wx_notebook.transport import one_line

#: Of a token that does not say how long it lives: the shortest life that IBM's own client reckons
#: with in the cloud (ibm-watsonx-ai 1.8.1, `refreshable_token_auth.py`).
UNKNOWN_LIFE_S = 900.0
#: Of what does not end: long enough for every program, and still a number to calculate with.
NO_END_S = 100 * 365 * 86400.0


@dataclass(frozen=True, slots=True)
class Token:
    """What opens the service, and until when it is good by our own clock.

    Attributes
    ----------
    value
        The token itself.
    expires_at
        Seconds on the clock that was passed in when it was asked for, not wall time.
    lifetime_s
        Seconds from asking for it to its end.
    subject
        Who it was issued to: a name or an address, else an id; "" when it does not say.
    scheme
        The word before it in the header `Authorization`.
    """

    value: Secret = field(repr=False)
    expires_at: float
    lifetime_s: float
    subject: str = ""
    scheme: str = "Bearer"

    @property
    def asked_at(self) -> float:
        """When it was asked for, on the same clock."""
        return self.expires_at - self.lifetime_s


def new_token(value: Secret, began: float, lifetime_s: float | None = None) -> Token:
    """Return a token just issued: asked for at `began`, with the life that its issuer said.

    Where nobody said it, the token's own `exp` less its `iat` does: two times of one clock, so that
    it does not matter whether that clock is right.
    """
    claims = claims_of(value)
    if lifetime_s is None:
        lifetime_s = life_of(claims) or UNKNOWN_LIFE_S
    return Token(value, began + lifetime_s, lifetime_s, _subject(value, claims))


def seconds_of(value: Any) -> float | None:  # noqa: ANN401  # a value of a JSON document
    """Return a number of seconds that a service gave, None when it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    # JSON as Python reads it has NaN and Infinity, with which a token would never or always be due
    return number if 0 < number < math.inf else None


def claims_of(token: Secret) -> dict[str, Any]:
    """Return what a JWT says of itself, unproven; {} when it cannot be read."""
    try:
        claims = json.loads(_payload(token))
    except (ValueError, IndexError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def life_of(claims: dict[str, Any]) -> float | None:
    """Return for how many seconds a token with these claims was made, None when they do not say."""
    expires, issued = seconds_of(claims.get("exp")), seconds_of(claims.get("iat"))
    return None if expires is None or issued is None else seconds_of(expires - issued)


def remaining_life(claims: dict[str, Any], wall_clock: Callable[[], float]) -> float | None:
    """Return for how many seconds a token that somebody brought is still good, as far as one knows.

    When it was made only the wall clock can say. Where that is evidently wrong (the token would
    have ended, or come from the future) the whole life is taken: the service has the last word.
    """
    whole, expires = life_of(claims), seconds_of(claims.get("exp"))
    if expires is None:
        return None
    left = expires - wall_clock()
    if whole is not None and not 0 < left <= whole:
        return whole
    return seconds_of(left)


def _payload(token: Secret) -> bytes:
    # in one expression: a name in this frame would be half of a token
    return base64.urlsafe_b64decode((token.reveal().split(".")[1] + "===").encode("ascii"))


def _subject(token: Secret, claims: dict[str, Any]) -> str:
    """Return whom a token was issued to. Nothing depends on it."""
    for name in ("name", "email", "username", "iam_id", "sub"):
        if isinstance(claims.get(name), str) and claims[name].strip():
            return one_line(token.hide_in(claims[name]), 100)
    return ""
