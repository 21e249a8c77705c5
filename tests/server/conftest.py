"""Fixtures of the server extension's tests."""

from __future__ import annotations

from support.guard import _servers, runtime, server_with  # noqa: F401  # fixtures
