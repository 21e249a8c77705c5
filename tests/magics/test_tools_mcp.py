"""`--tool mcp:NAME` and `%watsonx tools` in a real kernel."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

SERVER = str(Path(__file__).parents[1] / "support" / "mcp_server.py")


@pytest.fixture
def served(connected):
    """A kernel whose user has named a server."""
    file = connected.folder / "config" / "wx_notebook.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"[mcp.files]\ncommand = {sys.executable!r}\nargs = [{SERVER!r}]\n")
    file.chmod(0o600)
    yield connected
    file.unlink()
    connected.run("from wx_notebook.tools.mcp_servers import CONNECTIONS as _c; _c.close()").ok()


def test_a_cell_names_a_server_and_its_tools_are_listed(served, sandbox):
    served.run("def area(width: float) -> float:\n    'The area of a square.'").ok()
    listed = served.run("%watsonx tools").ok().plain
    for text in ("area(width)  The area of a square.", "MCP server files: --tool mcp:files",
                 "  add(a, b)  Add two numbers."):  # fmt: skip
        assert text in listed
    sandbox.say_calls(("add", {"a": 3, "b": 4}))
    sandbox.say("Seven.")
    ran = served.run("%%watsonx --tool mcp:files --tool area --yes\nHow much?").ok()
    assert "mcp:files: add, environment" in ran.plain
    assert "[add(a=3, b=4) → 7]\nSeven." in ran.plain


def test_its_calls_are_asked_for_like_all_others(served, sandbox):
    ran = served.run("%%watsonx --tool mcp:files\nHow much?")
    assert ran.error[0].endswith("need your consent, and nobody can be asked here.")
    assert sandbox.counts["chat_stream"] == 0


def test_a_name_that_there_is_not_is_told(served, sandbox):
    ran = served.run("%%watsonx --tool mcp:flies --yes\nHow much?")
    assert "Did you mean 'files'?" in ran.error[0]
    assert sandbox.counts["chat_stream"] == 0


def test_the_tab_key_offers_servers(served):
    reply = served.client.complete("%%watsonx --tool mc", reply=True, timeout=30)
    assert reply["content"]["matches"] == ["mcp:files"]
