"""Requests to one region of the service, in the name of one user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import requests
from requests.auth import AuthBase

from wx_notebook.credentials import Endpoints, Token, TokenSource
from wx_notebook.errors import ServiceDown, WatsonxError, unframed
from wx_notebook.service.failures import refusal
from wx_notebook.service.request import Request
from wx_notebook.service.sse import Event, iter_events
from wx_notebook.transport import (
    FREE,
    PAID,
    Call,
    ConnectionBroken,
    NoAuth,
    OnWait,
    Reply,
    RetryPolicy,
    Transport,
)

#: Of one request, each rejected and renewed.
_MOST_TOKENS = 3


class Bearer(AuthBase):
    """Adds the token while the request is being sent, so that no frame holds it.

    As an `auth` object: a header alone would lose against an entry in `.netrc`.
    """

    def __init__(self, token: Token) -> None:
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with the token."""
        r.headers["Authorization"] = f"{self._token.scheme} {self._token.value.reveal()}"
        return r


class Service:
    """One region's service.

    Parameters
    ----------
    transport, endpoints, tokens
        The way to the network, where to, and who asks.
    free
        How often what costs nothing is sent.
    """

    def __init__(
        self,
        transport: Transport,
        endpoints: Endpoints,
        tokens: TokenSource,
        *,
        free: RetryPolicy = FREE,
    ) -> None:
        self.transport = transport
        self.endpoints = endpoints
        self.tokens = tokens
        self._free = free

    def send(self, request: Request, *, on_wait: OnWait | None = None) -> Reply:
        """Send a request and return its reply, of which the head has arrived and is good.

        A token that the service rejects is renewed and the request sent once more: a 401 was
        refused before anything was done for it.

        Raises
        ------
        WatsonxError
            The class that fits what the service said; see `service.failures`.
        """
        return unframed(lambda: self._sent(request, on_wait), "Stopped while it was being sent.")

    def _sent(self, request: Request, on_wait: OnWait | None) -> Reply:
        began = self.transport.clock()
        token = self.tokens.token() if request.authorized else None
        reply = self._open(request, token, on_wait, began)
        # once, as a rule; a token that was being asked for while its forerunner was revoked may be
        # revoked as well, of one that was asked for afterwards the service means what it says
        for _ in range(_MOST_TOKENS):
            if reply.status != 401 or token is None or not self.tokens.renewable:
                break
            reply.close()
            rejected_at = self.tokens.clock()
            self.tokens.discard(token.value)
            token = self.tokens.token()
            reply = self._open(request, token, on_wait, began)
            if token.asked_at >= rejected_at:
                break
        if token is not None:
            if reply.status == 401:
                self.tokens.discard(token.value)
            else:
                self.tokens.accepted()
        if not 200 <= reply.status < 300:
            raise self._refusal(reply)
        return reply

    def document(self, request: Request, *, on_wait: OnWait | None = None) -> dict[str, Any]:
        """Send a request and return the JSON object of the reply.

        Raises
        ------
        ServiceDown
            The reply is something else, such as a proxy's web page.
        """
        return unframed(
            lambda: self._document(request, on_wait), "Stopped while the answer was arriving."
        )

    def _document(self, request: Request, on_wait: OnWait | None) -> dict[str, Any]:
        reply = self._sent(request, on_wait)
        try:
            return self.read_document(reply)
        except ConnectionBroken as problem:
            broken = problem.message
        raise ServiceDown(broken, hint="Run it again.")

    def read_document(self, reply: Reply) -> dict[str, Any]:
        """Return the JSON object of a reply that is good; raises as `document`."""
        document = reply.json()
        if isinstance(document, dict):
            return document
        # a debugger's traceback shows the names of a frame, and this one may quote a secret
        del document
        raise ServiceDown(
            f"{reply.host} answered with something that is no JSON (HTTP {reply.status}).",
            hint="Check the region, and whether a proxy or sign-in page stands in between.",
        )

    def events(self, reply: Reply) -> Iterator[Event]:
        """Yield the events of a streamed reply as they arrive."""
        kind = self.transport.redact(reply.headers.get("Content-Type", ""))
        if "event-stream" not in kind:
            self.read_document(reply)  # a web page has its own error
            raise ServiceDown(
                f"{reply.host} answered with '{kind[:80]}' where a stream was expected.",
                hint="Try again with --no-stream.",
            )
        return iter_events(iter(reply.read_some, b""))

    def base_url(self, request: Request) -> str:
        """Return the base that this request goes to."""
        bases = {"inference": self.endpoints.url, "platform": self.endpoints.platform_url}
        return bases[request.base]

    def _open(
        self, request: Request, token: Token | None, on_wait: OnWait | None, began: float
    ) -> Reply:
        call = Call(
            request.method,
            self.base_url(request) + request.path,
            params=request.query,
            body=request.body,
            auth=Bearer(token) if token is not None else NoAuth(),
            stream=request.stream,
            policy=PAID if request.paid else self._free,
            whole_s=request.timeout_s,
            since=None if request.timeout_s is None else began,
        )
        return self.transport.open(call, on_wait=on_wait)

    def _refusal(self, reply: Reply) -> WatsonxError:
        try:
            text = reply.read().decode("utf-8", "replace")
        except ConnectionBroken:
            # the status says enough
            text = ""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        error = refusal(reply.status, document, text, reply.attempts, self.transport.redact)
        # only now: in the body a secret may be written with JSON's or HTML's escapes
        return type(error)(self.transport.redact(error.message), hint=error.hint)
