"""The key of a sign-in at the server stays in the server's memory, and the tokens in memory."""

from __future__ import annotations

import json
import sys

import pytest
from support.guard import GONE, book, code, leaks
from support.signing_in import environment_of, files_below, memory_of

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="the memory is read by /proc")


@pytest.fixture
def server(signed_in):
    """A server that holds a sign-in and logs everything."""
    return signed_in


@pytest.fixture
def token(server):
    return server.ask_token().json()["token"]


@needs_proc
def test_the_key_is_in_the_server_s_memory_and_in_none_of_a_kernel(server, sandbox, token):
    with server.kernel() as kernel:
        kernel.run("%%watsonx\nhello").ok()
        kernel.run("%watsonx status").ok()
        memory = memory_of(kernel.pid)
        # what is searched is the memory: the token is there
        assert token.encode() in memory
        assert sandbox.api_key.encode() not in memory
        assert sandbox.api_key.encode("utf-16-le") not in memory
        assert sandbox.api_key.encode("utf-32-le") not in memory
    assert sandbox.api_key.encode() in memory_of(server.pid)


@needs_proc
def test_no_environment_holds_key_token_or_the_listener_s_secret(server, sandbox, token):
    secret = server.written()["secret"]
    with server.kernel() as kernel:
        kernel.run("%%watsonx\nhello").ok()
        kernel.run("import subprocess; child = subprocess.Popen(['sleep', '60'])").ok()
        child = kernel.value("child.pid")
        for pid in (server.pid, kernel.pid, child):
            assert leaks(environment_of(pid), sandbox.api_key, token, secret) == []
        inside = kernel.value("dict(__import__('os').environ)")
        assert leaks(json.dumps(inside), sandbox.api_key, token, secret) == []
        kernel.run("child.kill(); child.wait()").ok()


def test_no_file_holds_key_or_token_although_the_server_logs_everything(server, sandbox, token):
    failing = server.click(sandbox.api_key, action="connect", kind="cloud",
                           region="https://evil.example")  # fmt: skip
    assert failing["steps"] or failing["error"]["message"]
    server.sign_in(sandbox)
    token = server.ask_token().json()["token"]
    with server.kernel() as kernel:
        kernel.run("%%watsonx\nhello").ok()
        kernel.run(f"%%watsonx\nthis holds {token}")
        shown = kernel.run("import wx_notebook as wx\n"
                           "print(wx.session(), vars(wx.session().pipeline))")  # fmt: skip
        assert leaks(shown.everything, sandbox.api_key, token, server.written()["secret"]) == []
    server.server.save("signed.ipynb", book(code("1"), code(f"k = '{sandbox.api_key}'")))
    home = server.server.home
    assert "wx-notebook/sign-in" in server.server.log, "requests are logged here"
    for path, data in files_below(home).items():
        # IPython's history keeps what was typed into a cell
        if path.name.startswith("history.sqlite"):
            continue
        assert leaks(data, sandbox.api_key, token) == [], path


def test_a_key_of_the_panel_that_is_pasted_into_a_cell_is_removed_from_the_file(server, sandbox):
    saved = server.server.save("pasted.ipynb", book(code(f"key = '{sandbox.api_key}'")))
    assert sandbox.api_key.encode() not in saved
    assert GONE.encode() in saved


def test_nothing_that_a_page_or_a_kernel_can_ask_for_shows_the_key(server, sandbox, token):
    said = json.dumps(server.state())
    assert leaks(said, sandbox.api_key, token, server.written()["secret"]) == []
