"""The servers of `tests/transport/`, for a service that the sandbox cannot be."""

from __future__ import annotations

from transport.servers import serve  # noqa: F401  # a fixture
