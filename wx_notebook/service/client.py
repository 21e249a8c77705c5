"""Requests to one region of the service, in the name of one user."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import requests
from requests.auth import AuthBase

from wx_notebook.credentials.hosts import Endpoints
from wx_notebook.credentials.token import Token
from wx_notebook.credentials.token_source import TokenSource
from wx_notebook.errors import SECRET_MASK, ServiceDown, WatsonxError, strip_frames
from wx_notebook.service.chat import chat_deltas, chat_reply_deltas
from wx_notebook.service.deltas import AnswerDelta
from wx_notebook.service.error_mapping import raise_service_error, refusal
from wx_notebook.service.events import events_of_body
from wx_notebook.service.generation import generation_deltas, generation_reply_deltas
from wx_notebook.service.rate_limit import RateLimiter
from wx_notebook.service.request import Request
from wx_notebook.service.sse import Event, iter_events
from wx_notebook.transport import (
    FREE,
    PAID,
    PAID_ONCE,
    ConnectionBroken,
    HttpRequest,
    NoAuth,
    OnWait,
    Response,
    RetryPolicy,
    SealedHeader,
    Transport,
    comes_from_intermediary,
    intermediary_error,
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
        token = self._token
        r.headers["Authorization"] = SealedHeader(
            lambda: f"{token.scheme} {token.value.reveal()}", f"{token.scheme} {SECRET_MASK}"
        )
        return r


class _PaidGate:
    """Lets a paid request pass when the limiter of its session does."""

    def __init__(self, limiter: RateLimiter, request: Request) -> None:
        self._limiter = limiter
        self._request = request

    def enter(self, check: Callable[[], None]) -> float:
        """Wait until the request may be sent; then call its `on_send`."""
        request = self._request
        return self._limiter.enter(check, background=request.background, on_send=request.on_send)

    def leave(self, status: int, headers: Mapping[str, str]) -> None:
        """Hand the head of the reply to the limiter."""
        self._limiter.leave(status, headers)


class Service:
    """One region's service.

    Parameters
    ----------
    transport, endpoints, tokens
        The way to the network, the addresses, and where tokens come from.
    free
        How often what costs nothing is sent.
    limiter
        Paces what is paid; all services of one session share it.
    """

    def __init__(
        self,
        transport: Transport,
        endpoints: Endpoints,
        tokens: TokenSource,
        *,
        free: RetryPolicy = FREE,
        limiter: RateLimiter | None = None,
    ) -> None:
        self.transport = transport
        self.endpoints = endpoints
        self.tokens = tokens
        self.limiter = limiter or RateLimiter()
        self._free = free

    def send(self, request: Request, *, on_wait: OnWait | None = None) -> Response:
        """Send a request and return its reply, of which the head has arrived and is good.

        A token that the service rejects is renewed and the request sent once more: a 401 was
        refused before anything was done for it.

        Raises
        ------
        WatsonxError
            The class that fits what the service said; see `service.error_mapping`.
        """
        return strip_frames(
            lambda: self._sent(request, on_wait), "Stopped while it was being sent."
        )

    def _sent(self, request: Request, on_wait: OnWait | None) -> Response:
        began = self.transport.clock()
        token = self.tokens.token() if request.authorized else None
        reply = self._open(request, token, on_wait, began)
        # once, as a rule; a token that was being asked for while its forerunner was revoked may be
        # revoked as well, of one that was asked for afterwards the service means what it says
        for _ in range(_MOST_TOKENS):
            if reply.status != 401 or token is None or not self.tokens.renewable:
                break
            if reply.says(FREE.final_words):
                break
            reply.close()
            rejected_at = self.tokens.clock()
            self.tokens.discard(token.value)
            token = self.tokens.token()
            reply = self._open(request, token, on_wait, began)
            if token.requested_at >= rejected_at:
                break
        if token is not None:
            if reply.status == 401:
                self.tokens.discard(token.value)
            else:
                self.tokens.accepted()
        if not 200 <= reply.status < 300:
            raise self._refusal(reply)
        return reply

    def document(self, request: Request) -> dict[str, Any]:
        """Send a request and return the JSON object of the reply.

        Raises
        ------
        ServiceDown
            The reply is something else, such as a proxy's web page.
        """
        return strip_frames(
            lambda: self._document(request), "Stopped while the answer was arriving."
        )

    def _document(self, request: Request) -> dict[str, Any]:
        reply = self._sent(request, None)
        try:
            return self.read_document(reply)
        except ConnectionBroken as problem:
            broken = problem.message
        raise ServiceDown(broken, hint="Run it again.")

    def read_document(self, reply: Response) -> dict[str, Any]:
        """Return the JSON object of a reply that is good; raises as `document`."""
        document = reply.json()
        if isinstance(document, dict):
            return document
        raise_service_error(document, self.transport.redact)
        is_json = document is not None
        # a debugger's traceback shows the names of a frame, and this one may quote a secret
        del document
        kind = reply.headers.get("Content-Type", "")
        if "html" in kind:
            raise intermediary_error(reply.status, reply.host, headers=_signs(reply))
        what = "JSON that is not an object" if is_json else "something that is not JSON"
        raise ServiceDown(
            f"{reply.host} answered with {what} (HTTP {reply.status}).",
            hint="Check the region, and whether a proxy or sign-in page stands in between.",
        )

    def deltas(self, request: Request, reply: Response) -> Iterator[AnswerDelta]:
        """Yield the deltas of the answer in a reply to a prompt, as they arrive.

        Raises
        ------
        AnswerCut
            The answer ended before its last event.
        PromptBlocked
            A guardrail stopped the prompt.
        WatsonxError
            An error arrived instead of a part of the answer.
        """
        is_chat = request.endpoint == "chat"
        if request.stream:
            yield from (chat_deltas if is_chat else generation_deltas)(self.events(reply), request)
        else:
            document = self.read_document(reply)
            raise_service_error(document, self.transport.redact)
            read = chat_reply_deltas if is_chat else generation_reply_deltas
            yield from read(document, request)

    def events(self, reply: Response) -> Iterator[Event]:
        """Return the events of a streamed reply, which are read as they arrive."""
        kind = self.transport.redact(reply.headers.get("Content-Type", ""))
        first = reply.read_some()
        if "event-stream" in kind and not first.lstrip().startswith((b"{", b"[")):
            found: Iterator[Event] | None = iter_events(chain([first], iter(reply.read_some, b"")))
        else:
            # the prompt is paid: whatever holds its answer is read
            found = events_of_body(first + reply.read())
        # a debugger's traceback shows the names of a frame, and this one may quote a secret
        del first
        if found is not None:
            return map(self._without_secrets, found)
        if "html" in kind:
            raise intermediary_error(reply.status, reply.host, headers=_signs(reply))
        said = f"{reply.host} answered with '{kind[:80]}' where a stream was expected."
        raise ServiceDown(said, hint="Try again with --no-stream.")

    def _without_secrets(self, event: Event) -> Event:
        """Return an event; one that tells an error without secrets, for its message may be cut."""
        name, text = event
        if (
            name != "error"
            and '"error' not in text
            and ('"choices"' in text or '"results"' in text)
        ):
            return event
        with contextlib.suppress(ValueError, RecursionError):
            text = json.dumps(_redacted(json.loads(text), self.transport.redact))
        return name, self.transport.redact(text)

    def base_url(self, request: Request) -> str:
        """Return the base that this request goes to."""
        bases = {"inference": self.endpoints.url, "platform": self.endpoints.platform_url}
        return bases[request.base]

    def _open(
        self, request: Request, token: Token | None, on_wait: OnWait | None, began: float
    ) -> Response:
        paid = PAID_ONCE if request.background else PAID
        call = HttpRequest(
            request.method,
            self.base_url(request) + request.path,
            params=request.query,
            body=request.body,
            headers=request.headers,
            data=request.data,
            largest_reply=request.largest_reply,
            auth=Bearer(token) if token is not None else NoAuth(),
            stream=request.stream,
            policy=paid if request.paid else self._free,
            whole_s=request.timeout_s,
            since=None if request.timeout_s is None else began,
            gate=_PaidGate(self.limiter, request) if request.paid else None,
        )
        return self.transport.open(call, on_wait=on_wait)

    def _refusal(self, reply: Response) -> WatsonxError:
        try:
            text = reply.read().decode("utf-8", "replace")
        except ConnectionBroken:
            # the status says enough
            text = ""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        redact, kind = self.transport.redact, reply.headers.get("Content-Type", "")
        is_json = isinstance(document, dict | list)
        if comes_from_intermediary(reply.status, kind, text, is_json=is_json):
            page, signs = redact(text), redact(_signs(reply))
            error: WatsonxError = intermediary_error(
                reply.status, reply.host, page, headers=signs, attempts=reply.attempts
            )
            # its lines are one by now, and "Password:" in it says nothing of the next word
            redact = self.transport.redaction.without_secrets
        else:
            error = refusal(reply.status, document, text, reply.attempts, redact)
        # only now: in the body a secret may be written with JSON's or HTML's escapes
        redacted = type(error)(redact(error.message), hint=error.hint)
        redacted.retry_after = reply.headers.get("Retry-After")
        redacted.refuses_schema = error.refuses_schema
        return redacted


def _signs(reply: Response) -> str:
    """Return the headers in which a proxy or filter names itself."""
    names = ("Server", "Via", "X-Squid-Error", "X-Cache", "Proxy-Authenticate")
    return " ".join(f"{name} {reply.headers[name]}" for name in names if name in reply.headers)


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:  # noqa: ANN401  # JSON is any value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(name): _redacted(inner, redact) for name, inner in value.items()}
    return [_redacted(inner, redact) for inner in value] if isinstance(value, list) else value
