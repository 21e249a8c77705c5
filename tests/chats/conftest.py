"""Each test begins without chats."""

from __future__ import annotations

import pytest

from wx_notebook.chats import registry


@pytest.fixture(autouse=True)
def _no_chat_of_another_test():
    registry._CHATS.clear()
    yield
    registry._CHATS.clear()
