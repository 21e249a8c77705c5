"""TLS: a certificate made at the start, for clients that refuse plain http."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from wx_notebook.sandbox import Sandbox

COMMAND = [sys.executable, "-c", "import sys; from wx_notebook.cli import main; sys.exit(main())"]


@pytest.fixture
def sandbox():
    with Sandbox(tls=True) as running:
        yield running


@pytest.fixture
def client(sandbox, client_of):
    client = client_of(sandbox)
    client.http.verify = str(sandbox.ca_file)
    return client


def raw_connection(sandbox) -> socket.socket:
    address = urlsplit(sandbox.url)
    return socket.create_connection((address.hostname, address.port), timeout=10)


def tls_connection(sandbox) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=sandbox.ca_file)
    return context.wrap_socket(raw_connection(sandbox), server_hostname="127.0.0.1")


def test_everything_is_as_without_it(client, events_of):
    assert client.sandbox.url.startswith("https://127.0.0.1:")
    assert client.chat().json()["choices"][0]["finish_reason"] == "stop"
    assert len(events_of(client.stream().content)) > 10
    assert client.get("/v2/projects").status_code == 200


def test_the_certificate_is_good_for_the_name_of_this_machine_too(sandbox):
    url = sandbox.url.replace("127.0.0.1", "localhost")
    assert requests.get(url, verify=str(sandbox.ca_file), timeout=10).status_code == 200


def test_a_client_that_does_not_trust_it_fails_and_nothing_is_printed(client, capfd):
    for _ in range(3):
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(client.sandbox.url, timeout=10)
    assert client.chat().status_code == 200
    assert capfd.readouterr() == ("", "")


def test_two_sandboxes_do_not_trust_each_other(sandbox):
    with Sandbox(tls=True) as other, pytest.raises(requests.exceptions.SSLError):
        requests.get(other.url, verify=str(sandbox.ca_file), timeout=10)


def test_plain_http_gets_an_error_that_names_https(client):
    reply = requests.get(client.sandbox.url.replace("https:", "http:"), timeout=10)
    assert reply.status_code == 400
    assert "begins with https://" in reply.text
    assert client.chat().status_code == 200


@pytest.mark.parametrize("said", [b"", b"\x16", b"\x16\x03\x01\x02\x00rubbish", b"\x00" * 99])
def test_a_failed_handshake_disturbs_no_other_client_and_prints_nothing(client, capfd, said):
    with raw_connection(client.sandbox) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65_536) is not None
    assert client.chat().status_code == 200
    assert capfd.readouterr() == ("", "")


def test_a_silent_client_keeps_no_other_client_waiting(client):
    with raw_connection(client.sandbox), raw_connection(client.sandbox):
        assert client.chat().status_code == 200


def test_a_client_that_leaves_a_stream_is_seen(client_of):
    with Sandbox(words_per_second=0.001, tls=True) as sandbox:
        client = client_of(sandbox)
        client.http.verify = str(sandbox.ca_file)
        with client.stream() as reply:
            next(reply.iter_content(None))
        assert sandbox.wait_for(lambda call: call.client_gone).kind == "chat_stream"


def test_a_next_request_sent_early_is_answered(client_of):
    with Sandbox(words_per_second=200, tls=True) as sandbox:
        client = client_of(sandbox)
        client.http.verify = str(sandbox.ca_file)
        sandbox.say("one two three", "four")
        first = client.raw_prompt(client.chat_body()).replace(b"Connection: close\r\n", b"")
        second = client.raw_prompt(client.chat_body())
        with tls_connection(sandbox) as connection:
            connection.sendall(first)
            sandbox.wait_for(lambda call: call.kind == "chat_stream")
            connection.sendall(second)
            both = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert both.count(b"HTTP/1.1 200 OK") == 2
        assert both.index(b'"three"') < both.index(b'"four"')
        assert not any(call.client_gone for call in sandbox.calls)


@pytest.mark.parametrize("fault", ["reset", "cut", pytest.param("stall", marks=pytest.mark.slow)])
def test_faults_of_the_connection_are_faults_under_tls_too(client, fault):
    client.sign_in()
    client.sandbox.fault(fault)
    with pytest.raises(requests.exceptions.RequestException):
        client.http.post(
            f"{client.sandbox.url}/ml/v1/text/chat_stream?version=2026-10-14",
            json=client.chat_body(),
            headers={"Authorization": f"Bearer {client.token}"},
            timeout=1,
        )
    assert client.chat().status_code == 200


def test_a_list_leads_on_to_the_same_scheme(client):
    page = client.get("/ml/v1/foundation_model_specs", version="2026-10-14", limit=1).json()
    assert page["next"]["href"].startswith(client.sandbox.url)


def test_the_file_to_trust_is_this_users_alone_holds_no_key_and_goes_with_the_sandbox():
    sandbox = Sandbox(tls=True)
    with pytest.raises(RuntimeError, match="after the start"):
        sandbox.ca_file  # noqa: B018
    with sandbox:
        path = sandbox.ca_file
        assert "PRIVATE" not in path.read_text()
        assert path.read_text().count("BEGIN CERTIFICATE") == 1
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.parent.exists()


def test_closing_ends_streams_and_half_shaken_hands(client_of):
    before = {*threading.enumerate()}
    sandbox = Sandbox(words_per_second=0.001, tls=True).start()
    client = client_of(sandbox)
    client.http.verify = str(sandbox.ca_file)
    client.sign_in()
    silent, streaming = raw_connection(sandbox), tls_connection(sandbox)
    streaming.sendall(client.raw_prompt(client.chat_body()))
    assert streaming.recv(10)
    sandbox.close()
    client.http.close()
    # a thread of an earlier test may end meanwhile
    assert {*threading.enumerate()} <= before
    silent.close()
    streaming.close()


def test_without_tls_there_is_no_file_to_trust():
    with Sandbox() as sandbox, pytest.raises(RuntimeError, match="tls=True"):
        sandbox.ca_file  # noqa: B018


def test_a_port_that_is_taken_leaves_nothing_behind(tmp_path, monkeypatch, sandbox):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(OSError, match="in use"):
        Sandbox(port=urlsplit(sandbox.url).port, tls=True).start()
    assert list(tmp_path.iterdir()) == []


def test_without_trustme_the_error_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'wx-notebook\[sandbox\]'"):
        Sandbox(tls=True).start()


def test_the_command_without_trustme_says_what_to_type():
    code = "import sys; sys.modules['trustme'] = None; from wx_notebook.cli import main; "
    done = subprocess.run(
        [sys.executable, "-c", f"{code}sys.exit(main(['sandbox', '--tls']))"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "TLS needs the package trustme. Install it: pip install 'wx-notebook[sandbox]'"
    ]


@pytest.mark.slow
def test_the_command_prints_the_file_to_trust_and_the_two_ways_which_work():
    process = subprocess.Popen(
        [*COMMAND, "sandbox", "--tls", "--words-per-second", "0"],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    said = ""
    for line in iter(process.stdout.readline, ""):
        said += line
        if "Ctrl-C" in line:
            break
    found = dict(re.findall(r"export (\w+)=(\S+)", said))
    assert found["WATSONX_URL"].startswith("https://127.0.0.1:")
    assert f"verify='{found['REQUESTS_CA_BUNDLE']}'" in said
    asked = "import wx_notebook as wx; print(wx.ask('hello').text)"
    done = subprocess.run([sys.executable, "-c", asked], env=os.environ | found,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert "no model was asked" in done.stdout.lower()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=10) == 0
    assert not Path(found["REQUESTS_CA_BUNDLE"]).exists()
