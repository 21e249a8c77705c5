"""IBM watsonx.ai software on a cluster: the ways in.

Sources: `ibm-watsonx-ai` 1.8.1 (`icp_auth.py`), IBM's Java SDK (`CP4DAuthenticationTest`,
`DefaultZenRestClient`). Not seen against a cluster; the body of its refusals is not public.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from wx_notebook.credentials.asking import Question, Refusal, Written, ask
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import NO_END_S, Token
from wx_notebook.errors import KeyRefused, ServiceDown, WatsonxError, unframed
from wx_notebook.transport import Call, Transport

AUTHORIZE = "/icp4d-api/v1/authorize"
IDENTITY = "/idprovider/v1/auth/identitytoken"
VALIDATE = "/v1/preauth/validateAuth"
_STOPPED = "Stopped while the cluster was asked for a token."


def authorize(
    transport: Transport,
    url: str,
    username: str,
    *,
    password: Secret | None,
    api_key: Secret | None,
    clock: Callable[[], float],
) -> Token:
    """Exchange a user's password, or API key, for a token of the cluster.

    Raises
    ------
    KeyRefused
        The cluster does not accept them.
    ServiceDown, Interrupted
        It cannot be asked, or the user stopped it.
    """
    secret, field = (password, "password") if password is not None else (api_key, "api_key")
    assert secret is not None  # noqa: S101  # `way_in` has seen to it
    transport.hide(secret)
    body = Written(
        lambda: json.dumps({"username": username, field: secret.reveal()}),
        content_type="application/json",
    )
    call = Call("POST", url + AUTHORIZE, auth=body)
    question = Question(call, ("token",), "The cluster", _refused(url, field))
    return unframed(lambda: ask(transport, question, clock), _STOPPED)


def authorize_in_two_steps(
    transport: Transport,
    url: str,
    iam_url: str,
    username: str,
    password: Secret,
    *,
    clock: Callable[[], float],
) -> Token:
    """Do the same where the cluster has an IAM of its own: its token is exchanged once more.

    The life is that of the first token, which is the only one that is told.

    Raises
    ------
    KeyRefused, ServiceDown, Interrupted
        As `authorize`.
    """
    transport.hide(password)
    fields = {"grant_type": "password", "username": username, "scope": "openid"}
    form = Written(lambda: urlencode(fields | {"password": password.reveal()}))
    call = Call("POST", iam_url + IDENTITY, auth=form)
    refused = _refused(url, "password")
    question = Question(call, ("access_token",), "The cluster's IAM", refused)
    first = unframed(lambda: ask(transport, question, clock), _STOPPED)
    headers = Written(headers=lambda: {"username": username, "iam-token": first.value.reveal()})
    call = Call("GET", url + VALIDATE, auth=headers)
    question = Question(call, ("accessToken", "token"), "The cluster", refused)
    second = unframed(lambda: ask(transport, question, clock), _STOPPED)
    return replace(second, expires_at=first.expires_at, lifetime_s=first.lifetime_s)


def zen(transport: Transport, username: str, api_key: Secret, *, began: float) -> Token:
    """Return what a `ZenApiKey` header holds; nothing is asked, and it does not end.

    Without a user name the key is taken as it is: base64 of both already, as litellm's
    `WATSONX_ZENAPIKEY` is.
    """
    transport.hide(api_key)
    value = api_key
    if username:
        value = Secret(_joined(username, api_key))
        transport.hide(value)
    return Token(value, began + NO_END_S, NO_END_S, username, scheme="ZenApiKey")


def _joined(username: str, api_key: Secret) -> str:
    # an environment can hold bytes that are no UTF-8; the error would quote both
    return base64.b64encode(
        f"{username}:{api_key.reveal()}".encode("utf-8", "surrogatepass")
    ).decode()


def _refused(url: str, field: str) -> Callable[[Refusal], WatsonxError]:
    def refused(refusal: Refusal) -> WatsonxError:
        quote = refusal.quote("The cluster")
        if refusal.is_final:
            what = "API key" if field == "api_key" else "password"
            return KeyRefused(
                f"The cluster did not accept the user name and the {what}.\n{quote}",
                hint=f"Check both at {url}; where the cluster has an IAM of its own, give "
                "iam_url=, too.",
            )
        return ServiceDown(
            f"The cluster at {url} does not issue tokens at the moment.\n{quote}",
            hint="Run it again in a minute.",
        )

    return refused
