"""The sign-in of a watsonx.ai software cluster.

Sources: `ibm-watsonx-ai` 1.8.1 (`icp_auth.py`), IBM's Java SDK (`CP4DAuthenticationTest`,
`DefaultZenRestClient`). It was never tried on a cluster; the body of its errors is not documented.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from wx_notebook.credentials.exchange.token_exchange import (
    JSON_TYPE,
    DeferredBody,
    TokenErrorResponse,
    TokenExchange,
    request_token,
)
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import NO_END_S, Token
from wx_notebook.errors import KeyRefused, ServiceDown, WatsonxError
from wx_notebook.transport import HttpRequest, Transport

AUTHORIZE_PATH = "/icp4d-api/v1/authorize"
IDENTITY_PATH = "/idprovider/v1/auth/identitytoken"
VALIDATE_PATH = "/v1/preauth/validateAuth"


def authorize(
    transport: Transport,
    url: str,
    username: str,
    *,
    password: Secret | None,
    api_key: Secret | None,
    clock: Callable[[], float],
) -> Token:
    """Exchange the password or API key of a user for a token of the cluster.

    Raises
    ------
    KeyRefused
        The cluster does not accept them.
    ServiceDown, Interrupted
        It can't be reached or fails, or the user stopped it.
    """
    secret, field = (password, "password") if password is not None else (api_key, "api_key")
    assert secret is not None  # noqa: S101  # `authenticator_for` has checked it
    transport.hide(secret)
    body = DeferredBody(
        lambda: json.dumps({"username": username, field: secret.reveal()}), content_type=JSON_TYPE
    )
    request = HttpRequest("POST", url + AUTHORIZE_PATH, auth=body)
    exchange = TokenExchange(request, ("token",), "The cluster", _error_for(url, field))
    return request_token(transport, exchange, clock)


def authorize_with_iam(
    transport: Transport,
    url: str,
    iam_url: str,
    username: str,
    password: Secret,
    *,
    clock: Callable[[], float],
) -> Token:
    """Do the same at a cluster with its own IAM: the token of that IAM is exchanged once more.

    The lifetime is that of the first token, because no other one is given.

    Raises
    ------
    KeyRefused, ServiceDown, Interrupted
        As `authorize`.
    """
    transport.hide(password)
    on_error = _error_for(url, "password")
    fields = {"grant_type": "password", "username": username, "scope": "openid"}
    form = DeferredBody(lambda: urlencode(fields | {"password": password.reveal()}))
    request = HttpRequest("POST", iam_url + IDENTITY_PATH, auth=form)
    exchange = TokenExchange(request, ("access_token",), "The cluster's IAM", on_error)
    first = request_token(transport, exchange, clock)
    headers = DeferredBody(headers={"username": lambda: username, "iam-token": first.value.reveal})
    request = HttpRequest("GET", url + VALIDATE_PATH, auth=headers)
    exchange = TokenExchange(request, ("accessToken", "token"), "The cluster", on_error)
    second = request_token(transport, exchange, clock)
    return replace(second, expires_at=first.expires_at, lifetime_s=first.lifetime_s)


def zen_token(
    transport: Transport, username: str, api_key: Secret, *, requested_at: float
) -> Token:
    """Return the content of a `ZenApiKey` header, which has no end; nothing is sent.

    Without a user name the key is used as it is: it is already base64 of both, as in litellm's
    `WATSONX_ZENAPIKEY`.
    """
    transport.hide(api_key)
    value = api_key
    if username:
        value = Secret(_zen_key(username, api_key))
        transport.hide(value)
    return Token(value, requested_at + NO_END_S, NO_END_S, username, scheme="ZenApiKey")


def _zen_key(username: str, api_key: Secret) -> str:
    # an environment can hold bytes that are not UTF-8; the error would quote both
    return base64.b64encode(
        f"{username}:{api_key.reveal()}".encode("utf-8", "surrogatepass")
    ).decode()


def _error_for(url: str, field: str) -> Callable[[TokenErrorResponse], WatsonxError]:
    def on_error(response: TokenErrorResponse) -> WatsonxError:
        quote = response.quote("The cluster")
        if not response.is_final:
            return ServiceDown(
                f"The cluster at {url} can't issue tokens at the moment.\n{quote}",
                hint="Try again in a minute.",
            )
        name = "API key" if field == "api_key" else "password"
        return KeyRefused(
            f"The cluster did not accept the user name and the {name}.\n{quote}",
            hint=f"Check both at {url}. If the cluster has its own IAM, give iam_url=, too.",
        )

    return on_error
