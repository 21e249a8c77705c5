"""The pytest fixture `watsonx_sandbox`, for tests of your own notebooks and programs.

The wheel has this file at its top, as `pytest_wx_notebook`: pytest loads it at every start, and
nothing else of wx_notebook is imported before a test asks for the fixture.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

#: Beginnings of the names under which a client finds a key, a URL or a project.
_PREFIXES = ("WATSONX_", "WX_API", "WX_URL", "IBM_", "IBMCLOUD_", "WML_", "WATSON_", "PM_20_")


@pytest.fixture
def watsonx_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield a running `wx_notebook.sandbox.Sandbox`, to which the environment leads.

    During the test `WATSONX_URL`, `WATSONX_API_KEY` and `WATSONX_PROJECT_ID` are those of the
    sandbox. Others with a name of IBM's are removed, so that no real account is used by mistake.
    The current session is closed before and after the test, so that each test connects anew.
    """
    from wx_notebook.sandbox import Sandbox

    for name in [name for name in os.environ if name.startswith(_PREFIXES)]:
        monkeypatch.delenv(name)
    _disconnect()
    with Sandbox() as sandbox:
        monkeypatch.setenv("WATSONX_URL", sandbox.url)
        monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
        monkeypatch.setenv("WATSONX_PROJECT_ID", sandbox.project_id)
        yield sandbox
        _disconnect()


def _disconnect() -> None:
    """Close the current session, if the code under test has one; the client is not imported."""
    session = sys.modules.get("wx_notebook.session")
    if session is not None:
        session.disconnect()
