"""The clock that the tests of this room pass in."""

from __future__ import annotations

import pytest
from display.recording import Clock


@pytest.fixture
def clock():
    return Clock()
