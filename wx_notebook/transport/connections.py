"""Connections that print nothing, and the addresses that are this machine."""

from __future__ import annotations

from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine: `localhost`, 127.0.0.0/8 in dotted form, or ::1."""
    parts = host.split(".")
    dotted = len(parts) == 4 and all(part.isascii() and part.isdigit() for part in parts)
    return host in ("localhost", "::1") or (
        dotted and parts[0] == "127" and all(int(p) < 256 for p in parts)
    )


class _Quiet:
    """A connection that `http.client`'s debug switch cannot make print keys and tokens.

    Many recipes set `http.client.HTTPConnection.debuglevel = 1`; the nearer class wins.
    """

    debuglevel = 0
    sock: Any

    def getresponse(self) -> Any:  # noqa: ANN401  # urllib3's own type, seen through a mixin
        sock = self.sock
        response = super().getresponse()  # type: ignore[misc]
        # urllib3 hands no socket on, and a pause between pieces needs another limit than the head
        response.wxn_sock = sock
        return response


class _HTTP(_Quiet, HTTPConnection):
    pass


class _HTTPS(_Quiet, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS


class QuietAdapter(HTTPAdapter):
    """requests' adapter with our quiet connections, also behind a proxy."""

    _pools: ClassVar = {"http": _HTTPPool, "https": _HTTPSPool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Make the pools of direct connections ours."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Make the pools of connections through a proxy ours."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager
