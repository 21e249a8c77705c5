"""One HTTP request to another server, on a connection of its own.

The bytes of the reply are handed on as they come. A slow reader slows the other server down, and
`close` ends the request at any moment. Proxies, redirects, cookies and .netrc play no part.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tornado.httputil import HTTPHeaders, HTTPInputError, parse_response_start_line
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient
from tornado.util import TimeoutError as TornadoTimeout

#: The environment variable with the key of the upstream, if it wants one.
KEY_VARIABLE = "WX_NOTEBOOK_UPSTREAM_KEY"
CONNECT_WITHIN_S = 5.0

_VERSIONED = re.compile(r".*/v[0-9][a-z0-9]*")
_WITHOUT_SCHEME = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?(/.*)?")
# what people paste along with the base
_ENDPOINTS = ("/chat/completions", "/completions", "/models", "/embeddings")
_EXAMPLE = "Write it like http://127.0.0.1:11434"

_LONGEST_HEAD = 65_536
_PIECE = 65_536

_TOO_EARLY = "closed the connection too early"
_NO_ANSWER = "closed the connection without an answer"
_NOT_HTTP = "answered with something that is not HTTP"
_BAD_KEY = "was not asked: its key contains characters that a key cannot have"
_NETWORK = (
    (socket.gaierror, "has an unknown host name"),
    (ConnectionRefusedError, "is not running: nothing listens there"),
    (ConnectionResetError, "broke the connection off"),
)


class ConnectionFailure(Exception):
    """The other server did not answer, or not to the end; the text says how."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an upstream is.

    Attributes
    ----------
    port
        None is the default of the scheme.
    bases
        The paths at which its API can be, the likely one first.
    """

    is_https: bool
    host: str
    port: int | None
    bases: tuple[str, ...]

    @property
    def netloc(self) -> str:
        """Host and port as they stand in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def __str__(self) -> str:
        base = self.bases[-1].removesuffix("/v1")
        return f"{'https' if self.is_https else 'http'}://{self.netloc}{base}"


def parse_address(url: str) -> Address:
    """Return the address in `url`, with or without `/v1`; without a scheme it is http.

    Raises
    ------
    ValueError
        It is not the URL of a server, or it contains a password or a query.
    """
    text = url.strip()
    if "://" not in text and _WITHOUT_SCHEME.fullmatch(text):
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        msg = f"The URL of the upstream cannot be parsed. {_EXAMPLE}"
        raise ValueError(msg) from None
    if parts.username is not None or parts.password is not None or parts.query:
        # not quoted: it may be a key
        msg = f"The URL of an upstream has no user, password or query. {_EXAMPLE}"
        raise ValueError(msg)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        msg = f"{url[:80]!r} is not the URL of a server. {_EXAMPLE}"
        raise ValueError(msg)
    path = parts.path.rstrip("/")
    for endpoint in _ENDPOINTS:
        path = path.removesuffix(endpoint)
    bases = (path,) if _VERSIONED.fullmatch(path) else (f"{path}/v1", path)
    return Address(parts.scheme == "https", parts.hostname, port, bases)


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a reply; header names in lower case."""

    status: int
    headers: Mapping[str, str]


class Exchange:
    """One request and its reply.

    Parameters
    ----------
    address
        Of the other server.
    tls
        Settings for https; None for http.
    timeout_s
        How long the other server may be silent.
    """

    def __init__(self, address: Address, tls: ssl.SSLContext | None, timeout_s: float) -> None:
        self._address = address
        self._tls = tls
        self._timeout_s = timeout_s
        self._stream: IOStream | None = None
        self._headers: Mapping[str, str] = {}

    async def send(self, method: str, path: str, body: bytes = b"") -> Head:
        """Send a request and return the head of the reply.

        Raises
        ------
        ConnectionFailure
            There is no reply.
        """
        port = self._address.port or (443 if self._tls else 80)
        try:
            self._stream = await TCPClient().connect(
                self._address.host, port, ssl_options=self._tls, timeout=CONNECT_WITHIN_S
            )
            await self._stream.write(self._request(method, path, body))
        except (TimeoutError, TornadoTimeout):
            msg = f"did not accept the connection within {CONNECT_WITHIN_S:g} s"
            raise ConnectionFailure(msg) from None
        except OSError as error:
            raise ConnectionFailure(_describe(error)) from None
        status = 100
        while 100 <= status < 200:  # an interim reply
            status, headers = await self._read_head(self._stream)
        self._headers = {name.lower(): value for name, value in headers.items()}
        return Head(status, self._headers)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, after the head.

        Raises
        ------
        ConnectionFailure
            It did not come to its end.
        """
        if self._stream is None:
            return
        length = self._headers.get("content-length", "")
        if "chunked" in self._headers.get("transfer-encoding", "").lower():
            while size := await self._chunk_size(self._stream):
                async for piece in self._exactly(self._stream, size):
                    yield piece
                await self._read(self._stream.read_bytes(2))
        elif length.isdigit():
            async for piece in self._exactly(self._stream, int(length)):
                yield piece
        else:
            while piece := await self._until_close(self._stream):
                yield piece

    async def body(self, most: int) -> bytes:
        """Return the whole body; one of more than `most` bytes is a `ConnectionFailure`."""
        whole = bytearray()
        async for piece in self.pieces():
            whole += piece
            if len(whole) > most:
                msg = f"sent more than {most} bytes"
                raise ConnectionFailure(msg)
        return bytes(whole)

    def close(self) -> None:
        """End the request, however far it has come."""
        if self._stream:
            self._stream.close()

    def _request(self, method: str, path: str, body: bytes) -> bytes:
        headers = {
            "Host": self._address.netloc,
            "Accept": "application/json, text/event-stream",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": "wx-notebook-sandbox",
            "Connection": "close",
        }
        if key := os.environ.get(KEY_VARIABLE, "").strip():
            if not key.isascii() or not key.isprintable():
                raise ConnectionFailure(_BAD_KEY)
            headers["Authorization"] = f"Bearer {key}"
        lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + body

    async def _read_head(self, stream: IOStream) -> tuple[int, HTTPHeaders]:
        try:
            data = await self._read(stream.read_until_regex(rb"\r?\n\r?\n", _LONGEST_HEAD))
            first, _, rest = data.decode("latin-1").partition("\n")
            return parse_response_start_line(first.rstrip("\r")).code, HTTPHeaders.parse(rest)
        except HTTPInputError:
            raise ConnectionFailure(_NOT_HTTP) from None
        except ConnectionFailure as failure:
            if str(failure) != _TOO_EARLY:
                raise
            # a closed stream still returns the bytes that nobody has read
            with contextlib.suppress(StreamClosedError):
                if await stream.read_until_close():
                    raise ConnectionFailure(_NOT_HTTP) from None
            raise ConnectionFailure(_NO_ANSWER) from None

    async def _chunk_size(self, stream: IOStream) -> int:
        line = await self._read(stream.read_until(b"\r\n", _LONGEST_HEAD))
        try:
            return int(line.partition(b";")[0], 16)
        except ValueError:
            raise ConnectionFailure(_TOO_EARLY) from None

    async def _exactly(self, stream: IOStream, length: int) -> AsyncIterator[bytes]:
        while length > 0:
            piece = await self._read(stream.read_bytes(min(length, _PIECE), partial=True))
            length -= len(piece)
            yield piece

    async def _until_close(self, stream: IOStream) -> bytes:
        """Return the next piece, b"" at the end of the connection."""
        try:
            return await self._read(stream.read_bytes(_PIECE, partial=True))
        except ConnectionFailure as failure:
            if str(failure) == _TOO_EARLY:
                return b""
            raise

    async def _read(self, data: Awaitable[bytes]) -> bytes:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await data
        except TimeoutError:
            msg = f"was silent for {self._timeout_s:g} s"
            raise ConnectionFailure(msg) from None
        except StreamClosedError as error:
            raise ConnectionFailure(_describe(error)) from None


def _describe(error: BaseException) -> str:
    """Return how the other server failed, as what follows its name in a sentence."""
    if isinstance(error, StreamClosedError):
        return _describe(error.real_error) if error.real_error else _TOO_EARLY
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"has a certificate that this machine does not trust ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"does not speak proper TLS ({error.reason})"
    known = next((text for kind, text in _NETWORK if isinstance(error, kind)), "")
    reason = getattr(error, "strerror", None) or "the connection broke"
    return known or f"cannot be reached ({reason})"
