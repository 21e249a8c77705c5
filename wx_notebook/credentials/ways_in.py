"""From what was given to a function that gets a token for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from wx_notebook.credentials import bearer, cluster, iam, mcsp
from wx_notebook.credentials.checks import checked_key
from wx_notebook.credentials.given import Given
from wx_notebook.credentials.hosts import Endpoints
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.errors import BadOption
from wx_notebook.transport import Transport


@dataclass(frozen=True, slots=True)
class WayIn:
    """How a token is got, and what there is to say about it.

    Attributes
    ----------
    fetch
        Gets a new token: takes seconds and may raise a `WatsonxError`.
    name, more
        What the credential is called ("API key", "token", "password of jane"), and as what it is
        used, "" for nothing.
    renewable
        Whether there is another token when this one has ended.
    secret
        The credential itself, for redaction and to refuse prompts that hold it; a function's is not
        known before it is called.
    """

    fetch: Callable[[], Token]
    name: str
    more: str = ""
    renewable: bool = True
    secret: Secret | None = None


def way_in(
    given: Given,
    to: Endpoints,
    transport: Transport,
    *,
    clock: Callable[[], float],
    wall_clock: Callable[[], float] = time.time,
) -> WayIn:
    """Return how a credential becomes a token there. Nothing is sent yet.

    Raises
    ------
    KeyRefused, TokenRefused
        The credential cannot be one.
    BadOption
        Something that belongs to it is missing, or does not go with it.
    """
    if given.trusted_profile_id and (to.kind != "iam" or given.api_key is None):
        raise BadOption(
            "A trusted profile is taken on with an API key of IBM Cloud.",
            hint="Give api_key= and a region of IBM Cloud, or leave trusted_profile_id away.",
        )
    if callable(given.token):
        function = given.token
        return WayIn(
            lambda: bearer.called(transport, function, clock=clock, wall_clock=wall_clock),
            "token",
            "made anew by a function",
        )
    if isinstance(given.token, Secret):
        # read now: what cannot be a token is said at once, and its life counts from here
        token = bearer.brought(transport, given.token, clock=clock, wall_clock=wall_clock)
        return WayIn(lambda: token, "token", renewable=False, secret=token.value)
    if to.kind in ("software", "zen"):
        return _into_a_cluster(given, to, transport, clock)
    key = checked_key(given.api_key or Secret(""))
    if to.kind == "mcsp":
        return WayIn(
            lambda: mcsp.exchange(transport, to.iam_url, to.token_path, key, clock=clock),
            "API key",
            secret=key,
        )
    if given.trusted_profile_id:
        return WayIn(
            lambda: iam.assume(
                transport,
                to.iam_url,
                iam.exchange(transport, to.iam_url, key, clock=clock),
                given.trusted_profile_id,
                clock=clock,
            ),
            "API key",
            f"as trusted profile {given.trusted_profile_id}",
            secret=key,
        )
    return WayIn(
        lambda: iam.exchange(transport, to.iam_url, key, clock=clock), "API key", secret=key
    )


def _into_a_cluster(
    given: Given, to: Endpoints, transport: Transport, clock: Callable[[], float]
) -> WayIn:
    user, password = given.username, given.password
    key = None if given.api_key is None else checked_key(given.api_key)
    if to.kind == "zen":
        if key is None:
            raise BadOption(
                "kind='zen' signs in with an API key, and none was given.",
                hint="Give username= and api_key=, or kind='software' for a password.",
            )
        return WayIn(
            lambda: cluster.zen(transport, user, key, began=clock()),
            "ZenApiKey" + (f" of {user}" if user else ""),
            secret=key,
        )
    if not user:
        raise BadOption(
            "A cluster wants to know whose password or API key it is.",
            hint="Give username=, or set WATSONX_USERNAME.",
        )
    if password is not None and given.iam_url:
        return WayIn(
            lambda: cluster.authorize_in_two_steps(
                transport, to.url, to.iam_url, user, password, clock=clock
            ),
            f"password of {user}",
            secret=password,
        )
    return WayIn(
        lambda: cluster.authorize(
            transport, to.url, user, password=password, api_key=key, clock=clock
        ),
        f"{'API key' if password is None else 'password'} of {user}",
        secret=password if password is not None else key,
    )
