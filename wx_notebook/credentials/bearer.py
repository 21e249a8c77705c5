"""A bearer token that the user brings, or a function of theirs that returns one."""

from __future__ import annotations

import time
from collections.abc import Callable

from wx_notebook.credentials.given import TokenFunction
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import (
    UNKNOWN_LIFE_S,
    Token,
    claims_of,
    new_token,
    remaining_life,
)
from wx_notebook.errors import TokenRefused, WatsonxError, unframed
from wx_notebook.transport import Transport

#: What to do when a token that was brought has ended: nobody but its maker can make another one.
GO_ON = (
    "Make a new one and give it by wx.connect(token=...), or sign in with an API key, which renews "
    "its tokens: %watsonx login"
)


def brought(
    transport: Transport,
    token: Secret,
    *,
    clock: Callable[[], float],
    wall_clock: Callable[[], float] = time.time,
) -> Token:
    """Return a token that the user made, good for as long as it says itself.

    Raises
    ------
    TokenRefused
        It is empty, or no token at all.
    """
    value = _checked(token)
    transport.hide(value)
    left_s = remaining_life(claims_of(value), wall_clock)
    return new_token(value, clock(), left_s if left_s is not None else UNKNOWN_LIFE_S)


def called(
    transport: Transport,
    function: TokenFunction,
    *,
    clock: Callable[[], float],
    wall_clock: Callable[[], float] = time.time,
) -> Token:
    """Return a token that the user's function returns now.

    Raises
    ------
    TokenRefused
        It raised, or returned something that is no token.
    Interrupted
        The user stopped it.
    """
    return unframed(
        lambda: brought(transport, _called(function), clock=clock, wall_clock=wall_clock),
        "Stopped while the function that returns tokens ran.",
    )


def _called(function: TokenFunction) -> Secret:
    refused: WatsonxError
    try:
        found = function()
        if isinstance(found, str):
            found = Secret(found)
    except WatsonxError as problem:
        # one of ours, as the reader of watsonx Studio's token is: it knows what to say
        refused = problem
    except (Exception, SystemExit) as problem:  # noqa: BLE001
        # its words may quote a secret: only its name. (What is made of a command ends by `exit`.)
        refused = TokenRefused(
            f"The function that returns tokens failed ({type(problem).__name__}).",
            hint="Call it by itself to see why.",
        )
    else:
        if isinstance(found, Secret):
            return found
        refused = TokenRefused(
            f"The function that returns tokens returned {type(found).__name__}, not a text.",
            hint="It has to return the token as a str.",
        )
    raise refused


def _checked(token: Secret) -> Secret:
    """Return a token without "Bearer" and blanks around it."""
    value = Secret(_bare(token))
    if not value:
        raise TokenRefused("The token is empty.", hint=GO_ON)
    if not value.reveal().isascii() or any(c.isspace() or ord(c) < 32 for c in value.reveal()):
        raise TokenRefused(
            "The token has a blank or a character inside that no token has.",
            hint="Copy it once more: a token is one piece.",
        )
    return value


def _bare(token: Secret) -> str:
    # expressions only: a name in this frame would hold the token
    if token.reveal().split(maxsplit=1)[:1] and token.reveal().split()[0].lower() == "bearer":
        return token.reveal().strip()[len("bearer") :].strip()
    return token.reveal().strip()
