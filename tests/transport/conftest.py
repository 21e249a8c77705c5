"""Servers for what the sandbox cannot be, and an environment without this machine's own proxies."""

from __future__ import annotations

import pytest
from transport.servers import authority, serve  # noqa: F401  # fixtures

NETWORK = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE",
           "CURL_CA_BUNDLE", "NETRC")  # fmt: skip


@pytest.fixture(autouse=True)
def _no_network_settings_of_this_machine(monkeypatch):
    for name in NETWORK:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
