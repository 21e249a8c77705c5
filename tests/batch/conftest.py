"""A sandbox whose limit no test reaches, and a journal that no other test has written."""

from __future__ import annotations

import pytest

import wx_notebook as wx
from wx_notebook.sandbox import Sandbox


@pytest.fixture(autouse=True)
def data_folder(monkeypatch, tmp_path):
    folder = tmp_path / "data"
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def network_drive(data_folder, monkeypatch):
    """A data folder on a network drive; `network_drive()` gives our file to another kernel."""
    from wx_notebook.journal import journal, location

    for module in (journal, location):
        monkeypatch.setattr(module, "is_on_network", lambda _: True)

    def hand_over():
        (own,) = (data_folder / "wx_notebook" / "journal").glob("journal-*.sqlite")
        return own.rename(own.with_name("journal-0123abcd.sqlite"))

    return hand_over


@pytest.fixture
def sandbox():
    """Without a limit of its own the sandbox says 8 requests a second, and a batch keeps to it."""
    with Sandbox(requests_per_second=100_000) as running:
        yield running


@pytest.fixture
def slow(sandbox):
    """A service that needs 0.1 s for an answer."""
    with Sandbox(account=sandbox, requests_per_second=100_000, words_per_second=50) as one:
        wx.connect(api_key=one.api_key, url=one.url, project_id=one.project_id)
        one.say(*["a b c d e"] * 2_000)
        yield one


@pytest.fixture
def prompts(sandbox):
    """The prompts that reached the sandbox, sorted, because rows go out at once."""

    def of():
        bodies = [call.body_json for call in sandbox.calls if call.kind == "chat"]
        return sorted(body["messages"][-1]["content"] for body in bodies)

    return of
