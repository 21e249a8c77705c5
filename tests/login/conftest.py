"""What the tests of the login form share."""

import secrets
import string

import pytest
from magics.conftest import keyring  # noqa: F401 (a fixture)
from transport.servers import serve  # noqa: F401 (a fixture)


@pytest.fixture
def canary() -> str:
    """A key as IBM makes them: 44 characters, and nowhere else in the world."""
    letters = string.ascii_letters + string.digits + "_-"
    return "".join(secrets.choice(letters) for _ in range(44))
