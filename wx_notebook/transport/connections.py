"""Connections that print nothing, and the addresses that are this machine."""

from __future__ import annotations

import logging
import threading
from functools import cache
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine: `localhost`, 127.0.0.0/8 in dotted form, or ::1."""
    parts = host.split(".")
    dotted = len(parts) == 4 and all(part.isascii() and part.isdigit() for part in parts)
    return host in ("localhost", "::1") or (
        dotted and parts[0] == "127" and all(int(p) < 256 for p in parts)
    )


#: Whether this thread reads the head of a reply to a request of ours.
_OURS = threading.local()


def _without_heads(record: logging.LogRecord) -> bool:
    # urllib3 quotes a head that it cannot read in a warning; a service can send a key back in one
    return not getattr(_OURS, "reading", False) or record.levelno < logging.WARNING


logging.getLogger("urllib3.connection").addFilter(_without_heads)


class _Quiet:
    """A connection that `http.client`'s debug switch cannot make print keys and tokens.

    Many recipes set `http.client.HTTPConnection.debuglevel = 1`; the nearer class wins.
    """

    debuglevel = 0
    sock: Any

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except TimeoutError as problem:
            # in the TLS handshake, or while a proxy opens the tunnel: nothing was sent yet, which
            # urllib3 does not tell apart from waiting for the answer
            raise ConnectTimeoutError(self, "no connection in time") from problem

    def getresponse(self) -> Any:  # noqa: ANN401  # urllib3's own type, seen through a mixin
        sock = self.sock
        _OURS.reading = True
        try:
            response = super().getresponse()  # type: ignore[misc]
        finally:
            _OURS.reading = False
        # urllib3 hands no socket on, and a pause between pieces needs another limit than the head
        response.wxn_sock = sock
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
