"""The servers of `tests/transport/`, and nothing of this machine's network settings."""

from __future__ import annotations

from transport.conftest import _no_network_settings_of_this_machine  # noqa: F401  # a fixture
from transport.servers import authority, serve  # noqa: F401  # fixtures
