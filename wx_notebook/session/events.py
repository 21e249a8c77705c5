"""What happens to the session of this process, published to those who subscribe.

Subscribers live in rooms below this one: the login's output shows what the session is now, and the
guard keeps secrets out of files. Light, because the module is imported with the package.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from wx_notebook.credentials.connection_params import ConnectionParams
    from wx_notebook.credentials.exchange.authenticator import Authenticator
    from wx_notebook.credentials.secret import Secret, SecretKind
    from wx_notebook.credentials.token import Token


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """The current session is another one, has other settings, or is gone."""


@dataclass(frozen=True, slots=True)
class SecretHeld:
    """A session holds this secret from now on; each new token is published, too."""

    secret: Secret
    kind: SecretKind


Subscriber: TypeAlias = Callable[[SessionChanged | SecretHeld], None]
_subscribers: list[Subscriber] = []


def subscribe(subscriber: Subscriber) -> None:
    """Call a function with each event from now on, in the thread of the event."""
    if subscriber not in _subscribers:
        _subscribers.append(subscriber)


def unsubscribe(subscriber: Subscriber) -> None:
    """Stop calling a function; nothing happens if it is not subscribed."""
    if subscriber in _subscribers:
        _subscribers.remove(subscriber)


def emit(event: SessionChanged | SecretHeld) -> None:
    """Hand an event to all subscribers."""
    for subscriber in tuple(_subscribers):
        # a subscriber that fails is no reason not to sign in
        with contextlib.suppress(Exception):
            subscriber(event)


def with_secret_events(authenticator: Authenticator, params: ConnectionParams) -> Authenticator:
    """Publish what signs in, and return an authenticator that publishes each token it gets."""
    if authenticator.secret is not None:
        kind: SecretKind = "token" if params.token else "password" if params.password else "api_key"
        emit(SecretHeld(authenticator.secret, kind))

    def fetch() -> Token:
        token = authenticator.fetch()
        # a ZenApiKey is not a token: it is made of the user name and the API key
        if token.scheme == "Bearer":
            emit(SecretHeld(token.value, "token"))
        return token

    return replace(authenticator, fetch=fetch)
