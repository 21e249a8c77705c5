"""One question to a service that issues tokens: the secret is written while the request is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.auth import AuthBase

from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token, new_token, seconds_of
from wx_notebook.errors import ServiceDown, WatsonxError
from wx_notebook.transport import Call, ConnectionBroken, Transport

#: What the service said, as far as an error quotes it.
LONGEST_QUOTE = 300
LONGEST_CODE = 80


class Written(AuthBase):
    """Writes body and headers of a sign-in while it is being sent, so that no frame holds them."""

    def __init__(
        self,
        body: Callable[[], str] | None = None,
        *,
        content_type: str = "application/x-www-form-urlencoded",
        headers: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        self._body = body
        self._content_type = content_type
        self._headers = headers

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with what it was given to write."""
        if self._body is not None:
            r.prepare_body(self._body().encode(), None)
            r.headers["Content-Type"] = self._content_type
        if self._headers is not None:
            r.headers.update(self._headers())
        return r


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a service that issues tokens said when it issued none."""

    status: int
    said: str = ""
    code: str = ""
    request_id: str = ""

    #: whether it spoke JSON, as every one of these services does
    is_json: bool = True

    @property
    def is_elsewhere(self) -> bool:
        """Whether this is a server that issues no tokens at this address."""
        return self.status in (404, 405) and not self.code

    @property
    def is_foreign(self) -> bool:
        """Whether something in between spoke: a proxy, a sign-in page of the network."""
        return not self.is_json or self.status in (407, 408)

    @property
    def is_final(self) -> bool:
        """Whether the same question would get the same answer."""
        return 400 <= self.status < 500 and self.status != 429

    def quote(self, who: str) -> str:
        """Return what it said as a sentence for an error."""
        code = f" ({self.code})" if self.code else ""
        quote = f"{who} said: {self.said}{code}" if self.said else ""
        quote = quote or f"{who} answered HTTP {self.status}."
        return f"{quote} Request {self.request_id}." if self.request_id else quote


@dataclass(frozen=True, slots=True)
class Question:
    """One exchange: what is sent, where its token stands, and what a refusal of it means."""

    call: Call
    #: the names under which the token may stand, the first that is there counts
    token_names: tuple[str, ...]
    who: str
    refused: Callable[[Refusal], WatsonxError]
    #: the reply must say how long the token lives; else the token itself may
    says_its_life: bool = field(default=False)


def ask(transport: Transport, question: Question, clock: Callable[[], float]) -> Token:
    """Return the token that a service issues, its life counted by `clock` from before the request.

    Call it inside `unframed`: the frames below hold the reply, and with it the token.

    Raises
    ------
    WatsonxError
        What `question.refused` makes of a refusal; `ServiceDown` where nothing, or something else
        than a token, comes back.
    """
    began = clock()
    try:
        reply = transport.open(question.call)
        document = reply.json()
    except ConnectionBroken as problem:
        broken: WatsonxError = ServiceDown(problem.message, hint="Run it again.")
    else:
        if reply.status != 200:
            refusal = _refusal(reply.status, document, transport)
            raise (
                _elsewhere(question, refusal) if refusal.is_elsewhere else question.refused(refusal)
            )
        if (token := _token(document, began, question)) is not None:
            transport.hide(token.value)
            return token
        broken = ServiceDown(
            f"{question.who} at {_origin(question.call.url)} answered without a token.",
            hint="Check whether a proxy or a sign-in page of the network stands in between.",
        )
    raise broken


def _elsewhere(question: Question, refusal: Refusal) -> WatsonxError:
    # not the key's fault: who is told that it is refused makes a new one for nothing
    return ServiceDown(
        f"{_origin(question.call.url)} issues no tokens of this kind (HTTP {refusal.status}).",
        hint="Check the URL, and kind=: an AWS region and a cluster sign people in elsewhere.",
    )


def _foreign(question: Question, refusal: Refusal) -> WatsonxError:
    return ServiceDown(
        f"Something on the way to {_origin(question.call.url)} answered in its place "
        f"(HTTP {refusal.status}).",
        hint="Check the proxy (HTTPS_PROXY) and whether the network wants a sign-in of its own.",
    )


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _token(document: Any, began: float, question: Question) -> Token | None:  # noqa: ANN401
    found = document if isinstance(document, dict) else {}
    lifetime_s = seconds_of(found.get("expires_in"))
    # IBM's SDK core reads the life from the token itself; so may we, where it is not said
    if question.says_its_life and lifetime_s is None:
        return None
    for name in question.token_names:
        if found.get(name) and isinstance(found[name], str):
            return new_token(Secret(found[name]), began, lifetime_s)
    return None


def _refusal(status: int, document: Any, transport: Transport) -> Refusal:  # noqa: ANN401
    found = document if isinstance(document, dict) else {}
    context = found.get("context")

    def first(*names: str, longest: int) -> str:
        texts = (" ".join(found[n].split()) for n in names if isinstance(found.get(n), str))
        return transport.redact(next((text for text in texts if text), ""))[:longest]

    request_id = context.get("requestId") if isinstance(context, dict) else ""
    return Refusal(
        status,
        # IAM's names, a cluster's, and OAuth's (RFC 6749, 5.2)
        said=first("errorMessage", "message", "error_description", longest=LONGEST_QUOTE),
        code=first("errorCode", "error", longest=LONGEST_CODE),
        request_id=transport.redact(" ".join(str(request_id or "").split()))[:LONGEST_CODE],
        is_json=isinstance(document, dict),
    )
