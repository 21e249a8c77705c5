"""Who gets nothing of the sign-in for all notebooks: other users, pages, and older secrets."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import http.cookiejar
import json
import logging
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from support.signing_in import SigningServer, ask, with_host

from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.server_sign_in import find_server_sign_in, from_server
from wx_notebook.server import kernel_listener
from wx_notebook.server.held_sign_in import HeldSignIn

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65534


@pytest.fixture
def server(signed_in):
    """A server that holds a sign-in."""
    return signed_in


@pytest.fixture
def as_its_kernel(server, monkeypatch):
    """Let this process find the server as its kernels do."""
    monkeypatch.setattr("wx_notebook.credentials.server_sign_in.parent_pid", lambda: server.pid)
    assert from_server() is not None
    return server


# --- the handlers of the Jupyter server -----------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"Authorization": "token wrong"}])
@pytest.mark.parametrize("path", ["", "/form"])
def test_without_the_user_s_sign_in_to_jupyter_its_handlers_give_and_do_nothing(
    server, headers, path
):
    for body in (None, {"action": "sign_out"}):
        reply = ask(server.address + path, body, headers=headers)
        assert reply.status in (403, 405)
        assert b"connected" not in reply.body
    assert server.state()["form"]["view"]["phase"] == "connected"


class Browser:
    """Sends the cookies of a user who is signed in to Jupyter, as a browser does."""

    def __init__(self, server: SigningServer) -> None:
        self._server = server
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._cookies)
        )
        # any page of Jupyter's sets both cookies
        jupyter = server.server.jupyter
        with self._opener.open(f"{jupyter.url}login?token={jupyter.token}", timeout=30):
            pass

    @property
    def xsrf(self) -> str:
        return next(one.value for one in self._cookies if one.name == "_xsrf")

    def post(self, content: dict[str, str], **headers: str) -> int:
        """Send what a page sends; return the status."""
        request = urllib.request.Request(
            self._server.address, json.dumps(content).encode(),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )  # fmt: skip
        try:
            with self._opener.open(request, timeout=30) as reply:
                return reply.status
        except urllib.error.HTTPError as refusal:
            return refusal.code


def test_a_page_without_jupyter_s_xsrf_token_changes_nothing_and_ours_can(server):
    browser = Browser(server)
    log_out = {"action": "sign_out"}
    assert browser.post(log_out) == 403
    assert browser.post(log_out, X_XSRFToken="1" * 32) == 403
    assert server.state()["form"]["view"]["phase"] == "connected"
    assert browser.post({"action": "ping"}, X_XSRFToken=browser.xsrf) == 202


def test_the_handlers_of_jupyter_answer_no_other_host_name(server):
    address = urlsplit(server.address)
    for host in ("evil.example", f"evil.example:{address.port}"):
        for method in ("GET", "POST"):
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
            body = '{"action": "sign_out"}' if method == "POST" else None
            connection.request(method, address.path, body, server.auth | {"Host": host})
            reply = connection.getresponse()
            assert reply.status == 403
            assert b"connected" not in reply.read()
            connection.close()
    assert server.state()["form"]["view"]["phase"] == "connected"


def test_a_page_of_another_origin_changes_nothing_even_with_cookie_and_xsrf_token(server):
    browser = Browser(server)
    for origin in ("http://evil.example", "null", server.server.jupyter.url.replace("127", "128")):
        assert browser.post({"action": "sign_out"}, X_XSRFToken=browser.xsrf, Origin=origin) in (
            403, 404,
        )  # fmt: skip
    assert server.state()["form"]["view"]["phase"] == "connected"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"1" * 2_000_000, b'{"secret": ["x"]}'])
def test_a_request_that_is_none_is_refused_and_not_quoted(server, body):
    reply = ask(server.address, body, headers=server.auth)
    # a secret in the wrong shape belongs to a request that asks for nothing
    assert reply.status == (202 if body.startswith(b'{"') else 400)
    if reply.status == 400:
        assert reply.json()["message"] == "This is not a request of the form."
    assert server.click(action="nonsense")["phase"] == "connected"


# --- the listener for kernels ---------------------------------------------------------------------


def test_the_listener_gives_tokens_to_who_shows_the_secret_of_the_file_and_to_nobody_else(server):
    assert server.ask_token().status == 200
    earlier = HeldSignIn(logging.getLogger()).secret.reveal()
    for secret in ("", "wrong", earlier, server.server.jupyter.token, "\u00e9"):
        reply = server.ask_token(secret)
        assert (reply.status, reply.body) == (401, b"")
    address = server.written()["url"]
    assert ask(f"{address}/token", {}).status == 401
    for method, path in (("GET", "/token"), ("GET", "/"), ("POST", "/"), ("PUT", "/token")):
        secret = {"Authorization": f"Bearer {server.written()['secret']}"}
        reply = ask(address + path, {} if method != "GET" else None, method=method, headers=secret)
        assert reply.status in (404, 405)
        assert reply.body == b""


def test_the_listener_answers_no_page_and_no_other_host_name(server):
    known = server.written()
    port = known["url"].rpartition(":")[2]
    assert with_host(known, f"127.0.0.1:{port}") == 200
    for host in ("evil.example", f"evil.example:{port}", f"localhost:{port}", "127.0.0.1", ""):
        assert with_host(known, host) in (400, 403), host
    for header in ("Origin", "Referer", "Cookie"):
        assert server.ask_token(**{header: "http://127.0.0.1"}).status == 403
    asks = {"Origin": "http://x", "Access-Control-Request-Method": "POST"}
    preflight = ask(f"{known['url']}/token", method="OPTIONS", headers=asks)
    assert preflight.status == 403


def test_the_listener_is_on_this_machine_only_and_takes_no_large_request(server):
    known = server.written()
    assert known["url"].startswith("http://127.0.0.1:")
    shown = {"Authorization": f"Bearer {known['secret']}"}
    large = {"seen": "x" * 10_000}
    # nobody reads the rest of it, and the end of the connection may overtake the reply
    with contextlib.suppress(ConnectionResetError):
        assert ask(f"{known['url']}/token", large, headers=shown).status in (400, 413)
    assert server.ask_token().status == 200


def test_the_listener_has_no_way_to_the_key(server, sandbox):
    known = server.written()
    shown = {"Authorization": f"Bearer {known['secret']}"}
    said = server.ask_token().body
    for path in ("/key", "/sign-in", "/session", "/token?key=1", "/"):
        said += ask(known["url"] + path, {}, headers=shown).body
    assert sandbox.api_key.encode() not in said
    assert set(server.ask_token().json()) == {"token", "expires_in"}


def test_who_sends_half_a_request_to_the_listener_is_let_go(monkeypatch):
    monkeypatch.setattr(kernel_listener, "_PATIENCE_S", 0.1)
    places = []
    held = SimpleNamespace(secret=Secret("s"), listen_at=places.append)

    async def attack():
        listener = kernel_listener.KernelListener(held)
        listener.start()
        port = places[0].rpartition(":")[2]
        head = b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
        for half in (b"", head[:20], head):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(half)
            assert await asyncio.wait_for(reader.read(), 20) == b""
            writer.close()

    asyncio.run(attack())


# --- the file -------------------------------------------------------------------------------------


def test_a_file_that_others_can_read_or_write_is_ignored(as_its_kernel):
    for mode in (0o644, 0o640, 0o604, 0o660, 0o602):
        as_its_kernel.file.chmod(mode)
        assert find_server_sign_in() is None
    as_its_kernel.file.chmod(0o600)
    assert find_server_sign_in() is not None


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a file to another user")
def test_a_file_of_another_user_is_ignored_and_another_user_can_t_read_ours(as_its_kernel):
    file = as_its_kernel.file
    read = subprocess.run(["cat", str(file)], user=NOBODY, capture_output=True, check=False)
    assert read.returncode != 0
    assert read.stdout == b""
    os.chown(file, NOBODY, NOBODY)
    assert find_server_sign_in() is None
    os.chown(file, 0, 0)
    assert find_server_sign_in() is not None


def test_a_link_in_its_place_is_ignored(as_its_kernel, tmp_path):
    file, real = as_its_kernel.file, tmp_path / "real.json"
    file.rename(real)
    file.symlink_to(real)
    assert find_server_sign_in() is None
    file.unlink()
    real.rename(file)
    assert find_server_sign_in() is not None


def test_a_file_that_names_another_machine_or_is_damaged_is_ignored(as_its_kernel):
    file = as_its_kernel.file
    good = file.read_text()
    for url in ("https://evil.example", "http://evil.example:80", "http://127.0.0.1.evil.example"):
        file.write_text(json.dumps(json.loads(good) | {"url": url}))
        assert find_server_sign_in() is None
    for text in ("", "[]", "{}", good[:40], good.replace('"version": 1', '"version": 99')):
        file.write_text(text)
        assert find_server_sign_in() is None
    file.unlink()
    opened = len(list(Path("/dev/fd").iterdir()))
    for make, remove in ((os.mkfifo, os.unlink), (os.mkdir, os.rmdir)):
        make(file, 0o700)
        assert find_server_sign_in() is None
        remove(file)
    assert len(list(Path("/dev/fd").iterdir())) == opened
    file.touch(0o600)
    file.write_text(good)
    assert find_server_sign_in() is not None


def test_a_new_server_removes_the_file_of_a_killed_one_with_its_process_id(runtime):
    from wx_notebook.credentials.sign_in_file import sign_in_path

    runtime.mkdir()
    left = sign_in_path(os.getpid())
    left.write_text("{}")
    HeldSignIn(logging.getLogger())
    assert not left.exists()
