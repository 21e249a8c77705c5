"""Telling whoever must keep them out of files which secrets a session holds.

That is the room `guard`, which lies below this one: it is told, not imported. Light, since it is
imported with the package.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from wx_notebook.credentials.secret import Secret

if TYPE_CHECKING:
    from wx_notebook.credentials import Given, Token, WayIn

_observer: Callable[[Secret, str], None] | None = None


def observe_secrets(observer: Callable[[Secret, str], None]) -> None:
    """Have a function told of each secret that a session holds, also of each new token.

    Its second argument says what it is: "api_key", "token" or "password". It is called in whichever
    thread gets the token.
    """
    global _observer  # noqa: PLW0603  # there is one in a process
    _observer = observer


def observed(found: WayIn, given: Given) -> WayIn:
    """Return a way in that tells the observer of what signs in, now, and of each token it gets."""
    what = "token" if given.token else "password" if given.password else "api_key"
    if found.secret is not None:
        _tell(found.secret, what)

    def fetch() -> Token:
        token = found.fetch()
        # a ZenApiKey is no token: it is made of a user's name and key
        if token.scheme == "Bearer":
            _tell(token.value, "token")
        return token

    return replace(found, fetch=fetch)


def _tell(secret: Secret, what: str) -> None:
    if _observer is not None:
        # whatever it does is no reason not to sign in
        with contextlib.suppress(Exception):
            _observer(secret, what)
