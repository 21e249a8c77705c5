"""The exchange of an API key for an access token at IBM Cloud IAM."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import requests
from requests.auth import AuthBase

from wx_notebook.credentials.checks import WHERE_KEYS_ARE_MADE
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import KeyRefused, ServiceDown, WatsonxError
from wx_notebook.transport import Call, ConnectionBroken, Transport, one_line

_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
#: What the service said, as far as an error quotes it.
LONGEST_QUOTE = 300
LONGEST_CODE = 80


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and until when it is good by our own clock."""

    value: Secret = field(repr=False)
    #: seconds on the clock that was passed to `exchange`, not wall time
    expires_at: float
    lifetime_s: float
    #: who it was issued to: a name or an address, else an IAM id
    subject: str = ""


class _KeyForm(AuthBase):
    """Writes the form with the key while the request is being sent, so that no frame holds it."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.prepare_body(
            urlencode({"grant_type": _GRANT, "apikey": self._key.reveal()}).encode(), None
        )
        r.headers["Content-Type"] = "application/x-www-form-urlencoded"
        return r


def exchange(
    transport: Transport, iam_url: str, key: Secret, *, clock: Callable[[], float]
) -> Token:
    """Exchange an API key for an access token.

    The lifetime is `expires_in`, in seconds, counted by `clock` from before the request: a wrong
    wall clock on either side does no harm. (IBM Cloud docs, "Generating an IBM Cloud IAM token by
    using an API key": an hour at most; an account can lower it.)

    Raises
    ------
    KeyRefused
        IAM does not know the key (BXNIM0415E), or it is disabled (BXNIM0420E).
    ServiceDown
        IAM cannot be reached, fails, or answers with something that is no token.
    """
    transport.hide(key)
    outcome: Token | WatsonxError
    try:
        outcome = _asked(transport, iam_url, key, clock)
    except ConnectionBroken as problem:
        outcome = ServiceDown(problem.message, hint="Run it again.")
    if isinstance(outcome, WatsonxError):
        raise outcome
    transport.hide(outcome.value)
    return outcome


def _asked(
    transport: Transport, iam_url: str, key: Secret, clock: Callable[[], float]
) -> Token | WatsonxError:
    """Return the token or the error.

    An answer of IAM is never raised here: some tracebacks show the names of each frame that an
    error passed, and the reply that this one reads holds the token, or quotes the key.
    """
    began = clock()
    reply = transport.open(Call("POST", f"{iam_url}/identity/token", auth=_KeyForm(key)))
    document = reply.json()
    if reply.status != 200:
        return _refusal(reply.status, document, iam_url, transport)
    return _token(document, began) or ServiceDown(
        f"IAM at {iam_url} answered without a token.",
        hint="Check whether a proxy or a sign-in page of the network stands in between.",
    )


def _token(document: Any, began: float) -> Token | None:  # noqa: ANN401  # JSON is any value
    try:
        lifetime_s = float(document["expires_in"])
        text = document["access_token"]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    # JSON as Python reads it has NaN and Infinity, with which a token would never or always be due
    if not text or not isinstance(text, str) or not 0 < lifetime_s < math.inf:
        return None
    value = Secret(text)
    return Token(value, began + lifetime_s, lifetime_s, _subject(value))


def _subject(token: Secret) -> str:
    """Read whom a JWT was issued to; "" when it cannot be read. Nothing depends on it."""
    try:
        payload = token.reveal().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        for name in ("name", "email", "iam_id", "sub"):
            if isinstance(claims.get(name), str) and claims[name].strip():
                return one_line(token.hide_in(claims[name]), 100)
    except (IndexError, ValueError, AttributeError, RecursionError):
        pass
    return ""


def _refusal(status: int, document: Any, iam_url: str, transport: Transport) -> WatsonxError:  # noqa: ANN401
    found = document if isinstance(document, dict) else {}
    context = found.get("context")
    said = transport.redact(_text(found.get("errorMessage")))[:LONGEST_QUOTE]
    code = transport.redact(_text(found.get("errorCode")))[:LONGEST_CODE]
    request_id = _text(context.get("requestId")) if isinstance(context, dict) else ""
    request_id = transport.redact(request_id)[:LONGEST_CODE]
    quote = f"IAM said: {said} ({code})" if said else f"IAM answered HTTP {status}."
    if request_id:
        quote += f" Request {request_id}."
    if 400 <= status < 500 and status != 429:
        what = (
            "The API key is disabled."
            if code == "BXNIM0420E"
            else "IBM Cloud does not know this API key."
            if code == "BXNIM0415E"
            else "IBM Cloud did not accept the API key."
        )
        return KeyRefused(f"{what}\n{quote}", hint=f"Make a new one at {WHERE_KEYS_ARE_MADE}.")
    return ServiceDown(
        f"IAM at {iam_url} does not issue tokens at the moment.\n{quote}",
        hint="Run it again in a minute.",
    )


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
