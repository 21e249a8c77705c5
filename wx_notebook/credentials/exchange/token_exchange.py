"""One exchange of a credential for a token: the secret is written while the request is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token, new_token, parse_seconds
from wx_notebook.errors import ServiceDown, WatsonxError, strip_frames
from wx_notebook.transport import (
    ConnectionBroken,
    HttpRequest,
    SealedBody,
    SealedHeader,
    SignIn,
    Transport,
    comes_from_intermediary,
    intermediary_error,
)

#: Characters of a service's message and of its code in one of our errors.
LONGEST_QUOTE = 300
LONGEST_CODE = 80
FORM_TYPE, JSON_TYPE = "application/x-www-form-urlencoded", "application/json"


class DeferredBody(SignIn):
    """Writes the body and headers of a sign-in while it is sent, so that no frame holds them.

    Parameters
    ----------
    body
        Returns the body.
    content_type
        Its type.
    headers
        Return the values of headers, by their names.
    """

    def __init__(
        self,
        body: Callable[[], str] | None = None,
        *,
        content_type: str = FORM_TYPE,
        headers: Mapping[str, Callable[[], str]] | None = None,
    ) -> None:
        self._body = body
        self._content_type = content_type
        self._headers = headers

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with body and headers."""
        if self._body is not None:
            body = SealedBody(self._body)
            r.body = body  # type: ignore[assignment]  # urllib3 reads it like a file
            r.headers.update({"Content-Type": self._content_type, "Content-Length": str(body.size)})
        for name, write in (self._headers or {}).items():
            r.headers[name] = SealedHeader(write)
        return r


@dataclass(frozen=True, slots=True)
class TokenErrorResponse:
    """The answer of a service that issued no token.

    Attributes
    ----------
    status
        The HTTP status.
    message, details, code, request_id
        What the service says, each of them perhaps empty.
    """

    status: int
    message: str = ""
    code: str = ""
    request_id: str = ""
    details: str = ""

    @property
    def is_wrong_address(self) -> bool:
        """Whether the server issues no tokens at this address."""
        return self.status in (404, 405) and not self.code

    @property
    def is_final(self) -> bool:
        """Whether the same request would get the same answer."""
        return 400 <= self.status < 500 and self.status != 429

    def quote(self, service: str) -> str:
        """Return the answer as a sentence for an error."""
        code = f" ({self.code})" if self.code else ""
        # details name what the message does not: the property, or the IP address
        words = " ".join(filter(None, (self.message, self.details)))[:LONGEST_QUOTE]
        quote = f"{service} said: {words}{code}" if words else ""
        quote = quote or f"{service} answered HTTP {self.status}."
        return f"{quote} Request {self.request_id}." if self.request_id else quote


@dataclass(frozen=True, slots=True)
class TokenExchange:
    """One exchange: the request, where the token is in the reply, and what an error means.

    Attributes
    ----------
    token_names
        Names under which the token may stand in the reply; the first one counts.
    service
        The name of the service at the beginning of a sentence.
    on_error
        Returns the error for a refusal.
    needs_lifetime
        Whether the reply must say how long the token lives; else the token itself may say it.
    """

    request: HttpRequest
    token_names: tuple[str, ...]
    service: str
    on_error: Callable[[TokenErrorResponse], WatsonxError]
    needs_lifetime: bool = False


def request_token(
    transport: Transport, exchange: TokenExchange, clock: Callable[[], float]
) -> Token:
    """Return the token that a service issues, its lifetime counted from before the request.

    Raises
    ------
    WatsonxError
        What `exchange.on_error` returns for a refusal; `ServiceDown` if no answer comes back, or
        one without a token.
    Interrupted
        The user stopped it.
    """
    # the frames below hold the reply, and with it the token
    return strip_frames(
        lambda: _request_token(transport, exchange, clock), "Stopped while requesting a token."
    )


def _request_token(
    transport: Transport, exchange: TokenExchange, clock: Callable[[], float]
) -> Token:
    requested_at = clock()
    try:
        reply = transport.open(exchange.request)
        text = reply.read().decode("utf-8", "replace")
    except ConnectionBroken as error:
        failure: WatsonxError = ServiceDown(error.message, hint="Run it again.")
    else:
        document = _json_of(text)
        is_json = isinstance(document, dict)
        kind = reply.headers.get("Content-Type", "")
        is_wrong_address = reply.status in (404, 405)
        if not is_wrong_address and comes_from_intermediary(
            reply.status, kind, text, is_json=is_json
        ):
            # not an error of the key: a user whose key is refused would make a new one for nothing
            page = transport.redact(text)
            signs = transport.redact(reply.headers.get("Server", ""))
            raise intermediary_error(
                reply.status, reply.host, page, headers=signs, attempts=reply.attempts
            )
        if reply.status != 200:
            response = _error_response(reply.status, document, transport)
            raise (
                _wrong_address(exchange, response)
                if response.is_wrong_address
                else exchange.on_error(response)
            )
        if (token := _token(document, requested_at, exchange)) is not None:
            transport.hide(token.value)
            return token
        failure = ServiceDown(
            f"{exchange.service} at {_origin(exchange.request.url)} answered without a token.",
            hint="Check whether a proxy or a sign-in page of the network answered instead.",
        )
    raise failure


def _json_of(text: str) -> Any:  # noqa: ANN401  # JSON is any value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _wrong_address(exchange: TokenExchange, response: TokenErrorResponse) -> WatsonxError:
    # not an error of the key: a user whose key is refused would make a new one for nothing
    return ServiceDown(
        f"{_origin(exchange.request.url)} issues no tokens of this kind (HTTP {response.status}).",
        hint="Check the URL and kind=: AWS regions and clusters have other sign-in addresses.",
    )


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _token(document: Any, requested_at: float, exchange: TokenExchange) -> Token | None:  # noqa: ANN401
    fields = document if isinstance(document, dict) else {}
    lifetime_s = parse_seconds(fields.get("expires_in"))
    # IBM's SDK core reads the lifetime from the token itself, too
    if exchange.needs_lifetime and lifetime_s is None:
        return None
    for name in exchange.token_names:
        if fields.get(name) and isinstance(fields[name], str):
            return new_token(Secret(fields[name]), requested_at, lifetime_s)
    return None


def _error_response(status: int, document: Any, transport: Transport) -> TokenErrorResponse:  # noqa: ANN401
    fields = document if isinstance(document, dict) else {}
    context = fields.get("context")

    def first(*names: str, longest: int) -> str:
        texts = (" ".join(fields[n].split()) for n in names if isinstance(fields.get(n), str))
        return transport.redact(next((text for text in texts if text), ""))[:longest]

    request_id = context.get("requestId") if isinstance(context, dict) else ""
    return TokenErrorResponse(
        status,
        # the names of IAM, of a cluster, and of OAuth (RFC 6749, 5.2)
        message=first("errorMessage", "message", "error_description", longest=LONGEST_QUOTE),
        details=first("errorDetails", longest=LONGEST_QUOTE),
        code=first("errorCode", "error", longest=LONGEST_CODE),
        request_id=transport.redact(" ".join(str(request_id or "").split()))[:LONGEST_CODE],
    )
