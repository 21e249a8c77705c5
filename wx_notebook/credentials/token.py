"""Access tokens: what a token says about itself, how long it is valid, and those of the user.

Times are counted on the clock of this machine, which is passed in.
"""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wx_notebook.credentials.connection_params import TokenFunction
from wx_notebook.credentials.parsing.key_shapes import has_only_characters_of_a_key, recognise
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import TokenRefused, WatsonxError, strip_frames
from wx_notebook.hints import login_hint
from wx_notebook.transport import Transport, one_line

#: For a token that does not say its lifetime: the shortest one that IBM's own client assumes in the
#: cloud (ibm-watsonx-ai 1.8.1, `refreshable_token_auth.py`).
UNKNOWN_LIFE_S = 900.0
#: For a credential without an end: longer than any program runs, and still a number.
NO_END_S = 100 * 365 * 86400.0


def new_token_hint() -> str:
    """Return what to do when a token of the user has expired: only its maker can make another."""
    return (
        "Make a new token and give it as wx.connect(token=...), or use an API key, which renews "
        f"its tokens. {login_hint(otherwise='set WATSONX_API_KEY')}"
    )


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and until when it is valid.

    Attributes
    ----------
    value
        The token itself.
    expires_at
        Seconds on the clock that was passed in when it was requested; not wall time.
    lifetime_s
        Seconds from the request to the end.
    subject
        Whom it was issued to: a name or an address, else an ID; "" if it does not say.
    scheme
        The word before it in the header `Authorization`.
    """

    value: Secret = field(repr=False)
    expires_at: float
    lifetime_s: float
    subject: str = ""
    scheme: str = "Bearer"

    @property
    def requested_at(self) -> float:
        """When it was requested, on the same clock."""
        return self.expires_at - self.lifetime_s


def new_token(value: Secret, requested_at: float, lifetime_s: float | None = None) -> Token:
    """Return a token that was just issued, with the lifetime that its issuer gave.

    Without one, the lifetime is `exp` minus `iat` of the token: two times of one clock, so it does
    not matter whether that clock is right.
    """
    claims = read_claims(value)
    if lifetime_s is None:
        lifetime_s = _lifetime(claims) or UNKNOWN_LIFE_S
    return Token(value, requested_at + lifetime_s, lifetime_s, _subject(value, claims))


def parse_seconds(value: Any) -> float | None:  # noqa: ANN401  # a value of a JSON document
    """Return a number of seconds that a service gave, None if it is not a positive number."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    # Python's JSON has NaN and Infinity, with which a token would always or never be due
    return number if 0 < number < math.inf else None


def read_claims(token: Secret) -> dict[str, Any]:
    """Return the claims of a JWT without verifying them, {} if it can't be read."""
    try:
        claims = json.loads(_payload(token))
    except (ValueError, IndexError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _lifetime(claims: dict[str, Any]) -> float | None:
    """Return the lifetime of a token with these claims in seconds, None if they do not say it."""
    expires, issued = parse_seconds(claims.get("exp")), parse_seconds(claims.get("iat"))
    return None if expires is None or issued is None else parse_seconds(expires - issued)


def _remaining_life(claims: dict[str, Any], wall_clock: Callable[[], float]) -> float | None:
    """Return for how many seconds a token of the user is still valid, None if unknown.

    Only the wall clock can say when it was made. If that clock is obviously wrong (the token would
    have expired, or come from the future), the whole lifetime is returned: the service decides.
    """
    whole, expires = _lifetime(claims), parse_seconds(claims.get("exp"))
    if expires is None:
        return None
    left = expires - wall_clock()
    if whole is not None and not 0 < left <= whole:
        return whole
    return parse_seconds(left)


def user_token(
    transport: Transport,
    token: Secret,
    *,
    clock: Callable[[], float],
    wall_clock: Callable[[], float] = time.time,
) -> Token:
    """Return a token that the user gave, valid for as long as it says itself.

    Raises
    ------
    TokenRefused
        It is empty, or can't be a token.
    """
    value = _validate(token)
    transport.hide(value)
    left_s = _remaining_life(read_claims(value), wall_clock)
    return new_token(value, clock(), left_s if left_s is not None else UNKNOWN_LIFE_S)


def token_from_function(
    transport: Transport,
    function: TokenFunction,
    *,
    clock: Callable[[], float],
    wall_clock: Callable[[], float] = time.time,
) -> Token:
    """Return the token that the user's function returns now.

    Raises
    ------
    TokenRefused
        The function raised an error, or returned something that is not a token.
    Interrupted
        The user stopped it.
    """
    return strip_frames(
        lambda: user_token(transport, _call(function), clock=clock, wall_clock=wall_clock),
        "Stopped while the function that returns tokens was running.",
    )


def _call(function: TokenFunction) -> Secret:
    refusal: WatsonxError
    try:
        token = function()
        if isinstance(token, str):
            token = Secret(token)
    except WatsonxError as error:
        # one of ours, for example from watsonx Studio's function: its message says what to do
        refusal = error
    except (Exception, SystemExit) as error:  # noqa: BLE001
        # its message may quote a secret, so only its name; a function made of a command may `exit`
        refusal = TokenRefused(
            f"The function that returns tokens failed ({type(error).__name__}).",
            hint="Call the function directly to see the error.",
        )
    else:
        if isinstance(token, Secret):
            return token
        refusal = TokenRefused(
            f"The function that returns tokens returned {type(token).__name__}, not a text.",
            hint="The function must return the token as a str.",
        )
    raise refusal


def _validate(token: Secret) -> Secret:
    """Return a token without "Bearer" and the blanks around it."""
    value = Secret(_bare(token))
    if not value:
        raise TokenRefused("The token is empty.", hint=new_token_hint())
    if (wrong := recognise(value)) is not None:
        raise TokenRefused(f"This is not a token: it is {wrong.kind}.", hint=new_token_hint())
    if not has_only_characters_of_a_key(value):
        raise TokenRefused(
            "The token has a blank inside, or a character that no token has.",
            hint="Copy it again: a token is one piece.",
        )
    return value


def _bare(token: Secret) -> str:
    # expressions only: tracebacks show local variables
    if token.reveal().split(maxsplit=1)[:1] and token.reveal().split()[0].lower() == "bearer":
        return token.reveal().strip()[len("bearer") :].strip()
    return token.reveal().strip()


def _payload(token: Secret) -> bytes:
    # in one expression: a local variable would hold half of a token
    return base64.urlsafe_b64decode((token.reveal().split(".")[1] + "===").encode("ascii"))


def _subject(token: Secret, claims: dict[str, Any]) -> str:
    """Return whom a token was issued to, for display only."""
    for name in ("name", "email", "username", "iam_id", "sub"):
        if isinstance(claims.get(name), str) and claims[name].strip():
            return one_line(token.hide_in(claims[name]), 100)
    return ""
