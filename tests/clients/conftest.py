"""The clients that people have, as they are installed, against the sandbox and nothing else."""

from __future__ import annotations

import os
import socket
import time

# litellm fetches a list of prices when it is imported, unless told otherwise
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import pytest

from wx_notebook.sandbox import Sandbox


class Clock:
    """The sandbox's time, which runs on and which a test can move ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.wall_ahead = 0.0

    def seconds(self) -> float:
        return time.monotonic() + self.ahead

    def of_the_wall(self) -> float:
        return time.time() + self.wall_ahead


def _is_here(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    return str(address[0]).startswith("127.") or address[0] in ("::1", "localhost")


@pytest.fixture(autouse=True)
def _nothing_leaves_this_machine(monkeypatch):
    """Every look-up of a name and every connection that leads elsewhere fails, and is told."""
    left = []
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    def looking_up(host, *more, **others):
        if host not in (None, "localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1"):
            left.append(host)
            raise OSError("nothing leaves this machine")
        return look_up(host, *more, **others)

    def connecting(self, address):
        if not _is_here(address):
            left.append(address)
            raise OSError("nothing leaves this machine")
        return connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", looking_up)
    monkeypatch.setattr(socket.socket, "connect", connecting)
    yield
    assert left == []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sandbox(clock):
    """Over plain http, for the clients that take it."""
    with Sandbox(clock=clock.seconds, wall_clock=clock.of_the_wall) as running:
        yield running


@pytest.fixture
def tls_sandbox(clock):
    """Over https, as IBM's SDK demands."""
    with Sandbox(clock=clock.seconds, wall_clock=clock.of_the_wall, tls=True) as running:
        yield running


@pytest.fixture
def credentials(tls_sandbox):
    """What the command `wx-notebook sandbox --tls` prints for IBM's SDK."""
    sdk = pytest.importorskip("ibm_watsonx_ai", reason="IBM's SDK is not installed")
    base = tls_sandbox.url
    return sdk.Credentials(
        url=base,
        platform_url=base,
        auth_url=f"{base}/identity/token",
        api_key=tls_sandbox.api_key,
        verify=str(tls_sandbox.ca_file),
    )


@pytest.fixture
def api_client(credentials, tls_sandbox):
    from ibm_watsonx_ai import APIClient

    return APIClient(credentials, project_id=tls_sandbox.project_id)


@pytest.fixture
def an_hour_later(monkeypatch, clock):
    """Moves the sandbox's clock and that of IBM's SDK: every token that is out is dead."""
    from datetime import datetime, timedelta

    from ibm_watsonx_ai.utils.auth.base_auth import refreshable_token_auth

    def pass_an_hour():
        clock.ahead += 3600
        clock.wall_ahead += 3600

        class Later(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + timedelta(hours=1)

        monkeypatch.setattr(refreshable_token_auth, "datetime", Later)

    return pass_an_hour
