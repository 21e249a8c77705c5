"""How a credential becomes a token at its endpoints."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from wx_notebook.credentials.connection_params import NAMED_SOURCES, ConnectionParams
from wx_notebook.credentials.exchange import cluster, iam
from wx_notebook.credentials.hosts import CLUSTER_KINDS, Endpoints
from wx_notebook.credentials.parsing.pasted import validate_key
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.server_sign_in import ServerSignIn
from wx_notebook.credentials.token import Token, token_from_function, user_token
from wx_notebook.errors import BadOption, KeyRefused
from wx_notebook.transport import Transport


@dataclass(frozen=True, slots=True)
class Authenticator:
    """How to get a token, and how to describe it.

    Attributes
    ----------
    fetch
        Returns a new token: it takes seconds and may raise a `WatsonxError`.
    name, details
        What the credential is ("API key", "token", "password of jane"), and how it is used, ""
        for nothing.
    renewable
        Whether there is another token after this one has expired.
    secret
        The credential itself, for redaction and to refuse prompts that hold it; None for a
        function, whose token is not known before it is called.
    check
        Called before each use of a token; it raises `NotConnected` if that is over.
    """

    fetch: Callable[[], Token]
    name: str
    details: str = ""
    renewable: bool = True
    secret: Secret | None = None
    check: Callable[[], object] = bool  # which does nothing


def naming_source(fetch: Callable[[], Token], source: str) -> Callable[[], Token]:
    """Return a function that fetches a token; an error for a refused key names its source.

    A user who typed the key knows where it is from; variables, files and profiles have to be found.
    """
    if not source.startswith(NAMED_SOURCES):
        return fetch

    def fetch_and_tell() -> Token:
        try:
            return fetch()
        except KeyRefused as error:
            refused = error
        first, *more = refused.message.split("\n")
        raise KeyRefused("\n".join([f"{first} It is from: {source}.", *more]), hint=refused.hint)

    return fetch_and_tell


def authenticator_for(
    params: ConnectionParams,
    endpoints: Endpoints,
    transport: Transport,
    *,
    clock: Callable[[], float],
    wall_clock: Callable[[], float] = time.time,
) -> Authenticator:
    """Return how the credential becomes a token at these endpoints. Nothing is sent yet.

    Raises
    ------
    KeyRefused, TokenRefused
        The credential can't be a key or a token.
    BadOption
        Something that belongs to it is missing, or does not fit.
    """
    if params.trusted_profile_id and (endpoints.kind != "iam" or params.api_key is None):
        raise BadOption(
            "A trusted profile needs an IBM Cloud API key.",
            hint="Give api_key= and a region of IBM Cloud, or leave trusted_profile_id out.",
        )
    if isinstance(params.token, ServerSignIn):
        sign_in = params.token
        return Authenticator(
            sign_in.token_fetcher(transport, clock=clock), "access token", check=sign_in.check
        )
    if callable(params.token):
        function = params.token
        return Authenticator(
            lambda: token_from_function(transport, function, clock=clock, wall_clock=wall_clock),
            "token",
            "from a function",
        )
    if isinstance(params.token, Secret):
        # read now: an invalid token is an error at once, and its lifetime counts from here
        token = user_token(transport, params.token, clock=clock, wall_clock=wall_clock)
        return Authenticator(lambda: token, "token", renewable=False, secret=token.value)
    if endpoints.kind in CLUSTER_KINDS:
        return _for_cluster(params, endpoints, transport, clock)
    return _for_key(params, endpoints, transport, clock)


def _for_key(
    params: ConnectionParams,
    endpoints: Endpoints,
    transport: Transport,
    clock: Callable[[], float],
) -> Authenticator:
    key, iam_url = validate_key(params.api_key or Secret("")), endpoints.iam_url
    profile_id = params.trusted_profile_id

    def from_account_iam() -> Token:
        return iam.exchange_account_key(transport, iam_url, endpoints.token_path, key, clock=clock)

    def from_iam() -> Token:
        return iam.exchange_api_key(transport, iam_url, key, clock=clock)

    def for_profile() -> Token:
        return iam.assume_profile(transport, iam_url, from_iam(), profile_id, clock=clock)

    if endpoints.kind == "mcsp":
        return Authenticator(from_account_iam, "API key", secret=key)
    if profile_id:
        return Authenticator(for_profile, "API key", f"as trusted profile {profile_id}", secret=key)
    return Authenticator(from_iam, "API key", secret=key)


def _for_cluster(
    params: ConnectionParams,
    endpoints: Endpoints,
    transport: Transport,
    clock: Callable[[], float],
) -> Authenticator:
    user, password, url = params.username, params.password, endpoints.url
    key = None if params.api_key is None else validate_key(params.api_key)
    if endpoints.kind == "zen":
        if key is None:
            raise BadOption(
                "kind='zen' needs an API key.",
                hint="Give username= and api_key=, or kind='software' for a password.",
            )
        return Authenticator(
            lambda: cluster.zen_token(transport, user, key, requested_at=clock()),
            "ZenApiKey" + (f" of {user}" if user else ""),
            secret=key,
        )
    if not user:
        raise BadOption(
            "A cluster needs the user name that belongs to the password or API key.",
            hint="Give username=, or set WATSONX_USERNAME.",
        )
    if password is not None and params.iam_url:
        return Authenticator(
            lambda: cluster.authorize_with_iam(
                transport, url, endpoints.iam_url, user, password, clock=clock
            ),
            f"password of {user}",
            secret=password,
        )
    return Authenticator(
        lambda: cluster.authorize(
            transport, url, user, password=password, api_key=key, clock=clock
        ),
        f"{'API key' if password is None else 'password'} of {user}",
        secret=password if password is not None else key,
    )
