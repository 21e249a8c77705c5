"""What the tests of the login form share."""

import secrets
import string

import pytest
from fronts import chromium, jupyter  # noqa: F401 (fixtures)


@pytest.fixture
def canary() -> str:
    """A key as IBM makes them: 44 characters, and nowhere else in the world."""
    letters = string.ascii_letters + string.digits + "_-"
    return "".join(secrets.choice(letters) for _ in range(44))
