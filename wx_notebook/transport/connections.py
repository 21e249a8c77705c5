"""Connections that print nothing, and the proxies and authorities of this machine for them."""

from __future__ import annotations

import http.client
import io
import logging
import os
import re
import sys
import threading
from functools import cache, partial
from types import CellType, FunctionType, SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError

from wx_notebook.transport.cancel_scope import CancelScope
from wx_notebook.transport.chunks import LARGEST_READ
from wx_notebook.transport.deadline import TimedFile
from wx_notebook.transport.sealed import opened

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: On these the proxies may come from the system's settings, which change without a sign.
_HAS_SYSTEM_SETTINGS = sys.platform in ("darwin", "win32")


#: A session has about ten.
_MOST_URLS = 100
#: Bytes of a body that leaves together with its head.
_SMALL_BODY = 16_384


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine: `localhost`, 127.0.0.0/8 in dotted form, or ::1."""
    parts = host.split(".")
    dotted = len(parts) == 4 and all(part.isascii() and part.isdigit() for part in parts)
    return host in ("localhost", "::1") or (
        dotted and parts[0] == "127" and all(int(p) < 256 for p in parts)
    )


#: Whether this thread reads the head of a response to a request of ours, and whose request it is.
_OURS = threading.local()


class sending_in:  # noqa: N801  # a context manager; one of a generator takes four times as long
    """Lets a scope end what this thread sends within the block.

    urllib3 makes the connections, and takes nothing along to them.
    """

    def __init__(self, scope: CancelScope) -> None:
        self._scope = scope

    def __enter__(self) -> None:
        _OURS.scope = self._scope

    def __exit__(self, *_: object) -> None:
        _OURS.scope = None


def _scope() -> CancelScope:
    return getattr(_OURS, "scope", None) or CancelScope()


def _without_heads(record: logging.LogRecord) -> bool:
    # urllib3 quotes a head that it cannot read in a warning; a service can send a key back in one
    return not getattr(_OURS, "reading", False) or record.levelno < logging.WARNING


logging.getLogger("urllib3.connection").addFilter(_without_heads)


#: A field in the head of a response, as services write it.
_FIELD = re.compile(r"^([!-9;-~]+):[ \t]*([^\r\n]*)\r\n", re.MULTILINE)
_MOST_LINES, _LONGEST_LINE = 100, 65_536


def read_head(lines: io.BufferedIOBase, **limits: Any) -> http.client.HTTPMessage:  # noqa: ANN401
    """Return the head of a response, as `http.client.parse_headers` does.

    That one reads it as a mail, for a tenth of the CPU of a call. It still gets a head with any
    other line than plain fields, and one that is too long; `limits` are what newer Pythons hand it.
    """
    raw: list[bytes] = []
    while len(raw) <= _MOST_LINES:
        raw.append(lines.readline(_LONGEST_LINE + 1))
        if raw[-1] in (b"\r\n", b"\n", b"") or len(raw[-1]) > _LONGEST_LINE:
            break
    head = b"".join(raw)
    fields = _FIELD.findall(head.decode("latin-1"))
    message = http.client.HTTPMessage()
    if raw[-1] != b"\r\n" or len(fields) + 1 != len(raw) or len(raw) > _MOST_LINES:
        message = http.client.parse_headers(io.BytesIO(head), **limits)
    else:
        for name, value in fields:
            message.set_raw(name, value)
    return message


class _Response(http.client.HTTPResponse):
    """The standard library's own response, but for what reads its head, and how much at once."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        self.wxn_file = TimedFile(sock.makefile("rb", buffering=0), sock)
        # it makes a file of the socket, and nothing else
        file = partial(io.BufferedReader, self.wxn_file, LARGEST_READ)
        super().__init__(SimpleNamespace(makefile=lambda _: file()), *args, **kwargs)  # type: ignore[arg-type]

    # the same code, which finds our function under the name of the other one
    begin = FunctionType(
        http.client.HTTPResponse.begin.__code__,
        vars(http.client) | {"parse_headers": read_head},
    )
    begin.__kwdefaults__ = http.client.HTTPResponse.begin.__kwdefaults__


class _Quiet:
    """A connection that `http.client`'s debug switch cannot make print keys and tokens.

    Many recipes set `http.client.HTTPConnection.debuglevel = 1`; the nearer class wins.
    """

    debuglevel = 0
    response_class = _Response
    sock: Any
    _body = b""

    def request(self, *args: Any, body: Any = None, **kwargs: Any) -> None:  # noqa: ANN401  # as urllib3 calls it
        if self.sock is None:
            # before the head is written: it would wait in a frame until there is a connection
            self.connect()
        if isinstance(body, bytes) and len(body) <= _SMALL_BODY and not kwargs.get("chunked"):
            # in one piece with the head: to send two costs a twentieth of the CPU of a call
            self._body, body = body, None
        super().request(*args, body=body, **kwargs)  # type: ignore[misc]

    def send(self, data: Any) -> None:  # noqa: ANN401
        body, self._body = self._body, b""
        super().send(data + body if body else data)  # type: ignore[misc]

    def putheader(self, header: str, *values: Any) -> None:  # noqa: ANN401
        # urllib3's own only leaves out what it is told to skip
        http.client.HTTPConnection.putheader(self, header, *map(opened, values))  # type: ignore[arg-type]

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except TimeoutError as problem:
            # in the TLS handshake, or while a proxy opens the tunnel: nothing was sent yet, which
            # urllib3 does not tell apart from waiting for the answer
            raise ConnectTimeoutError(self, "no connection in time") from problem
        # the user may have logged out while this thread waited for the connection
        _scope().check()

    def getresponse(self) -> Any:  # noqa: ANN401  # urllib3's own type, seen through a mixin
        sock, scope = self.sock, _scope()
        _OURS.reading = True
        try:
            scope.add(sock)
            response = super().getresponse()  # type: ignore[misc]
        except BaseException:
            scope.discard(sock)
            raise
        finally:
            _OURS.reading = False
        # urllib3 hands no socket on, and a pause between pieces needs another limit than the head
        response.wxn_sock, response.wxn_file = sock, response._fp.wxn_file
        return response


@cache
def _quiet(pool: type) -> type:
    """Return a class of pools whose connections are quiet; `pool` may speak to a SOCKS proxy."""
    connection = type(f"Quiet{pool.ConnectionCls.__name__}", (_Quiet, pool.ConnectionCls), {})  # type: ignore[attr-defined]
    return type(f"Quiet{pool.__name__}", (pool,), {"ConnectionCls": connection})


def _hush(manager: Any) -> None:  # noqa: ANN401  # PoolManager, ProxyManager or SOCKSProxyManager
    known = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _quiet(pool) for scheme, pool in known.items()}


class QuietAdapter(HTTPAdapter):
    """requests' adapter with our quiet connections, also behind a proxy."""

    #: the last request's URL, authorities and proxies, and the pool for these
    _last: CellType | None = None

    def get_connection_with_tls_context(
        self,
        request: Any,  # noqa: ANN401
        verify: Any,  # noqa: ANN401
        proxies: Any = None,  # noqa: ANN401
        cert: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Return the pool of connections for a request.

        Mostly it is the last one's. To look for it urllib3 makes a key of thirty fields, which
        takes a tenth of the CPU of a call.
        """
        if self._last is not None:
            url, authorities, ways, pool = self._last.cell_contents
            if url == request.url and authorities == verify and ways is proxies:
                return pool
        pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
        # in a cell, as in `NetworkSettings`
        self._last = CellType((request.url, verify, proxies, pool))
        return pool

    def close(self) -> None:
        """Close the connections: those of a pool end when nobody holds it any more."""
        self._last = None
        super().close()

    def request_url(self, request: Any, proxies: Any) -> str:  # noqa: ANN401
        """Return what stands in the first line of a request; a proxy may need all of its URL."""
        url: str = super().request_url(request, proxies) if proxies else request.path_url
        return url

    def build_response(self, req: Any, resp: Any) -> Any:  # noqa: ANN401
        """Return urllib3's response itself.

        requests' own would look for cookies, which takes a tenth of the CPU of a call, and keep the
        request, with it the key or the token.
        """
        return resp

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Make the pools of direct connections ours."""
        super().init_poolmanager(*args, **kwargs)
        _hush(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401
        """Make the pools of connections through a proxy ours."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not known:
            _hush(manager)
        return manager


class NetworkSettings:
    """The proxies and the certificate authorities of one transport.

    requests finds them out, from names of the environment and on some systems from their settings,
    and reads the whole environment for it: a fifth of the cost of a request. So the result is kept
    for as long as those names have the same values.

    Parameters
    ----------
    ca_bundle
        Path of a PEM file with the authorities to trust, instead of requests' own choice.
    """

    def __init__(self, ca_bundle: str | None = None) -> None:
        self._ca_bundle = ca_bundle
        # in cells: the URL of a proxy can have a password, and printing this shows no value
        self._by_url: dict[str, CellType] = {}

    def send_options(self, url: str, session: requests.Session) -> dict[str, Any]:
        """Return proxies, stream, verify and cert, as the `send` of an adapter takes them."""
        kept = self._by_url.get(url)
        if kept is not None and not _HAS_SYSTEM_SETTINGS:
            names, values, options = kept.cell_contents
            if values == tuple(map(os.environ.get, names)):
                return options  # type: ignore[no-any-return]
        parts = urlsplit(url)
        names = self._names_for(parts.scheme, parts.hostname or "")
        values = tuple(map(os.environ.get, names))
        origin = f"{parts.scheme}://{parts.netloc}"
        found = session.merge_environment_settings(origin, {}, True, self._ca_bundle, None)
        options = dict(found)
        if is_loopback(parts.hostname or ""):
            options["proxies"] = {}
        # an empty path of a bundle must not switch verification off
        options["verify"] = options["verify"] or True
        if len(self._by_url) >= _MOST_URLS:
            self._by_url.clear()
        self._by_url[url] = CellType((names, values, options))
        return options

    def _names_for(self, scheme: str, host: str) -> tuple[str, ...]:
        """Return the names of the environment that decide about the way to a host."""
        bundles = _BUNDLES if scheme == "https" and not self._ca_bundle else ()
        if is_loopback(host):
            return bundles
        proxies = (f"{scheme}_proxy", "all_proxy", "no_proxy")
        # with REQUEST_METHOD, HTTP_PROXY may be what a client of a CGI script said
        script = ("REQUEST_METHOD",) if scheme == "http" else ()
        return (*proxies, *map(str.upper, proxies), *script, *bundles)
