"""Reading a request: its URL, its headers, and a body of any framing, up to a limit."""

from __future__ import annotations

from email.message import Message
from io import BufferedIOBase
from urllib.parse import parse_qsl, urlsplit

from wx_notebook.sandbox.replies import refusal
from wx_notebook.sandbox.wire import Refused, Request, WaitFor, patiently

LARGEST_BODY = 32 * 1024 * 1024
_LONGEST_LINE = 65_536


def read(
    method: str,
    target: str,
    headers: Message,
    body: BufferedIOBase,
    scheme: str = "http",
    wait_for: WaitFor = patiently,
) -> Request:
    """Return the request whose first line and headers have been read.

    `wait_for` is what whoever answers it can wait with while its client stays.

    Raises
    ------
    Refused
        400 or 413; what follows on the connection cannot be told apart from the body.
    ConnectionAbortedError
        The client left before the body was complete.
    """
    names = {name.lower(): value for name, value in headers.items()}
    try:
        url = urlsplit(target)
        pairs = parse_qsl(url.query, keep_blank_values=True)
    except ValueError:
        raise _wrong("The URL cannot be read.") from None
    # of two values the first one counts
    query = dict(reversed(pairs))
    if "chunked" in names.get("transfer-encoding", "").lower():
        content = _chunked(body)
    else:
        content = _exactly(body, _size(names.get("content-length", "0").strip(), 10))
    return Request(method, url.path, query, names, content, scheme, wait_for)


def _chunked(body: BufferedIOBase) -> bytes:
    content = bytearray()
    while length := _size(_line(body).split(b";")[0].decode("latin-1").strip(), 16):
        if len(content) + length > LARGEST_BODY:
            raise _too_large()
        content += _exactly(body, length)
        _line(body)
    while _line(body).strip():
        pass  # trailers
    return bytes(content)


def _line(body: BufferedIOBase) -> bytes:
    return body.readline(_LONGEST_LINE)


def _size(text: str, base: int) -> int:
    # int() refuses thousands of digits with an error of its own
    if len(text) > 16:
        raise _too_large()
    try:
        size = int(text, base)
    except ValueError:
        size = -1
    if size < 0:
        raise _wrong("The length of the request body is not a number.")
    if size > LARGEST_BODY:
        raise _too_large()
    return size


def _exactly(body: BufferedIOBase, length: int) -> bytes:
    content = body.read(length)
    if len(content) < length:
        raise ConnectionAbortedError
    return content


def _wrong(message: str) -> Refused:
    return refusal(400, "invalid_request_entity", message)


def _too_large() -> Refused:
    message = f"The request body is larger than {LARGEST_BODY} bytes."
    return refusal(413, "request_entity_too_large", message)
