"""Fixtures of the server extension's tests."""

from __future__ import annotations

import pytest
from support.guard import _servers, runtime, server_with  # noqa: F401  # fixtures
from support.signing_in import SETTINGS, SigningServer


@pytest.fixture
def nobody_in(server_with):  # noqa: F811  # the fixture
    """A server at which nobody is signed in; it logs everything."""
    running = SigningServer(server_with(SETTINGS))
    yield running
    running.sign_out()


@pytest.fixture
def signed_in(nobody_in, sandbox):
    """The same, with a sign-in to the sandbox."""
    nobody_in.sign_in(sandbox)
    return nobody_in
