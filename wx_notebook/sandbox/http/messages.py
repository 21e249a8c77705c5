"""Requests and replies of the sandbox, and how it writes JSON, events and error documents."""

from __future__ import annotations

import enum
import json
import secrets
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

#: A JSON object.
Document = dict[str, Any]

DOCS = "https://cloud.ibm.com/apidocs/watsonx-ai"
#: The service's code for each status that means that the whole service failed.
SERVICE_DOWN = {500: "downstream_request_failed", 503: "service_unavailable"}

#: Requests a second of a paid instance, as in IBM's Python SDK (`base_model_inference.py`).
PAID_RATE = 8

# the page of a load balancer; its script shows whether a client renders what it must not
_HTML_PAGE = b"""<html><head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center>
<script>document.title = "a script of the error page ran"</script></body></html>
"""
_GO_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
# one encoder for all: json.dumps would make a new one for each call
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read in full.

    Attributes
    ----------
    query
        The first value of each key.
    headers
        Names in lower case.
    scheme
        `http` or `https`.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    scheme: str = "http"


class Ending(enum.Enum):
    """How a stream ends after its last event."""

    PROPER = "with the last, empty HTTP chunk"
    CUT = "without it: the connection closes"
    STALL = "not at all: the connection stays open and silent"
    RESET = "with a reset of the connection"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of known length, sent after `delay_s` seconds.

    With the ending `RESET` the connection is reset in the middle of the body; the other endings
    have no effect.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    ending: Ending = Ending.PROPER


@dataclass(frozen=True, slots=True)
class Stream:
    """Server-sent events, each sent as one HTTP chunk, `interval_s` seconds apart.

    Attributes
    ----------
    length
        Number of events; None while nobody knows it.
    close
        Releases the source of the events. The server calls it at the end, however that comes.
    """

    events: AsyncIterator[bytes]
    length: int | None
    interval_s: float = 0.0
    ending: Ending = Ending.PROPER
    headers: Mapping[str, str] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Reset:
    """No reply: the connection is reset."""


Outcome = Reply | Stream | Reset


class ErrorResponse(Exception):
    """The request is answered with `reply`, an error, instead of what it asked for."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def encode_json(value: object) -> bytes:
    """Return `value` as compact JSON, written as the service's encoder writes it.

    The escapes are Go's default, as in the fixtures of IBM's Java SDK. These characters occur only
    inside strings, so plain replacement is safe. A lone surrogate has no UTF-8 form and becomes
    "?".
    """
    return _COMPACT.encode(value).translate(_GO_ESCAPES).encode("utf-8", "replace")


def json_object(body: bytes) -> Document | None:
    """Return `body` as a JSON object, None if it is not one."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def sse_event(number: int, data: bytes, name: str = "message") -> bytes:
    """Return `data` as one server-sent event (framing of IBM's Java SDK fixtures: LF, no CR)."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), data)


def timestamp(seconds: float) -> str:
    """Return epoch `seconds` as the service writes them, `2026-09-21T12:53:20.101Z`."""
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def ok(document: object, *, delay_s: float = 0) -> Reply:
    """Return the reply 200 with `document` as JSON."""
    return Reply(200, encode_json(document), delay_s=delay_s)


def text_reply(status: int, line: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply with one line of plain text."""
    return Reply(status, f"{line}\n".encode(), "text/plain; charset=utf-8", headers or {})


def error_body(
    status: int, code: str, message: str, *, anchor: str = "", target: tuple[str, str] | None = None
) -> bytes:
    """Return an error document of watsonx.ai (`ApiErrorResponse` of IBM's Node SDK).

    Parameters
    ----------
    status, code, message
        HTTP status, the service's own code, and a sentence for the reader.
    anchor
        The operation in IBM's API documentation, such as `text-chat`.
    target
        Kind (`field`, `parameter` or `header`) and name of what is wrong.
    """
    more_info = f"{DOCS}#{anchor}" if anchor else DOCS
    error: Document = {"code": code, "message": message, "more_info": more_info}
    if target is not None:
        error["target"] = {"type": target[0], "name": target[1]}
    return encode_json({"errors": [error], "trace": secrets.token_hex(16), "status_code": status})


def service_error(
    status: int,
    code: str,
    message: str,
    *,
    anchor: str = "",
    target: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ErrorResponse:
    """Return the exception with an error document of watsonx.ai; see `error_body`."""
    body = error_body(status, code, message, anchor=anchor, target=target)
    return ErrorResponse(Reply(status, body, headers=headers or {}))


def iam_error(status: int, code: str, message: str, details: str = "") -> ErrorResponse:
    """Return the exception with an error document of IBM Cloud IAM."""
    document: Document = {"errorCode": code, "errorMessage": message}
    if details:
        document["errorDetails"] = details
    document["context"] = {
        "requestId": f"sandbox-{uuid.uuid4().hex}",
        "requestType": "incoming.Identity_Token",
        "url": "https://iam.cloud.ibm.com",
        "locale": "en_US",
    }
    return ErrorResponse(Reply(status, encode_json(document)))


def html_error() -> ErrorResponse:
    """Return the exception with the HTML page of a load balancer instead of JSON."""
    return ErrorResponse(Reply(502, _HTML_PAGE, content_type="text/html"))


def method_error(method: str, allowed: str) -> ErrorResponse:
    """Return the exception for a method that a path of watsonx.ai does not have."""
    # no public source shows the service's own code for this
    message = f"The method {method} is not allowed here. Use {allowed}."
    return service_error(405, "method_not_allowed", message, headers={"Allow": allowed})


def rate_limit_headers(rate: int, left: int) -> dict[str, str]:
    """Return the two headers that IBM's Python SDK reads."""
    return {"x-requests-limit-rate": str(rate), "x-requests-limit-remaining": str(left)}


def rate_limit_error(rate: int, retry_after: float | None = None) -> ErrorResponse:
    """Return the 429 of a prompt above the limit.

    `Retry-After` is sent only on request: no public source shows that the service sends it.
    """
    headers = rate_limit_headers(rate, 0)
    if retry_after is not None:
        headers["Retry-After"] = f"{retry_after:g}"
    message = f"The limit of {rate} requests per second was reached."
    return service_error(429, "rate_limit_reached_requests", message, headers=headers)
