"""What the machine around us adds to a request: `.netrc`, cookies, proxies, authorities."""

from __future__ import annotations

import http.client as http_client
import inspect
import io
import re

import pytest
import requests
from support.cases import all_cases
from transport.servers import CHAT, KEY, TOKEN, Proxy, caught, connect, http, shown

from wx_notebook.errors import ServiceDown
from wx_notebook.transport import Transport
from wx_notebook.transport.connections import NetworkSettings, read_head

SEALED = "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"


# --- .netrc and cookies ------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ["machine 127.0.0.1", "default"])
def test_an_entry_in_netrc_never_replaces_our_token_or_joins_our_key(
    serve, monkeypatch, tmp_path, entry
):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"{entry} login somebody password of-somebody\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(http(200, CHAT))
    session = connect(server)
    assert session.chat("hello", model="m").text == "Four."
    server.on("/ml/v1/foundation", http(200, {"resources": []}))
    session.models()
    token, chat, models = server.seen
    assert "authorization" not in token.headers
    assert chat.headers["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in models.headers


def test_a_cookie_is_not_sent_back(serve):
    server = serve(http(200, CHAT, Set_Cookie="visitor=42; Path=/"))
    session = connect(server)
    for _ in range(2):
        session.chat("hello", model="m")
    assert len(server.seen) == 3
    assert not any("cookie" in seen.headers for seen in server.seen)


# --- proxies -----------------------------------------------------------------------------------


@all_cases("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_the_loopback_is_reached_without_the_proxy(serve, monkeypatch, name):
    server = serve(http(200, CHAT))
    with Proxy(server) as proxy:
        monkeypatch.setenv(name, proxy.url)
        assert connect(server).chat("hello", model="m").text == "Four."
        assert (proxy.connections, proxy.carried) == (0, b"")


@pytest.mark.parametrize("name", SEALED)
def test_a_proxy_carries_a_session_but_cannot_read_it(serve, monkeypatch, authority, name):
    """The tunnel ends at our server: a company that inspects TLS with an authority of its own."""
    server = serve(http(200, CHAT), tls=authority.context)
    with Proxy(server) as proxy:
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
        assert connect("us-south").chat("my-secret-question", model="m").text == "Four."
    tunnels = re.findall(rb"CONNECT (\S+) HTTP", proxy.carried)
    assert tunnels == [b"iam.cloud.ibm.com:443", b"us-south.ml.cloud.ibm.com:443"]
    assert [seen.path.partition("?")[0] for seen in server.seen] == [
        "/identity/token",
        "/ml/v1/text/chat",
    ]
    assert KEY.encode() in server.seen[0].body
    for secret in (KEY, TOKEN, "my-secret-question", "Authorization", "apikey"):
        assert secret.encode() not in proxy.carried


def test_a_proxy_that_is_set_later_in_the_life_of_a_session_carries_what_comes_then(
    serve, monkeypatch, authority
):
    server = serve(http(200, CHAT), tls=authority.context)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    with Proxy(server) as first, Proxy(server) as second:
        monkeypatch.setenv("HTTPS_PROXY", first.url)
        session = connect("us-south")
        session.chat("hello", model="m")
        carried = first.connections
        monkeypatch.setenv("HTTPS_PROXY", second.url)
        session.chat("hello", model="m")
        assert (first.connections, second.connections) == (carried, 1)
        monkeypatch.setenv("NO_PROXY", "us-south.ml.cloud.ibm.com")
        assert type(caught(lambda: session.chat("hello", model="m"))) is ServiceDown
        assert second.connections == 1


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_is_named_and_has_seen_no_secret(monkeypatch, status):
    with Proxy(refuses=status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        problem = caught(lambda: connect("us-south").chat("hello", model="m"))
        assert KEY.encode() not in proxy.carried
        assert proxy.carried.startswith(b"CONNECT iam.cloud.ibm.com:443 ")
    assert type(problem) is ServiceDown
    assert problem.message.startswith(
        "The proxy on the way to iam.cloud.ibm.com refused the connection."
    )
    assert "HTTPS_PROXY" in problem.hint
    assert KEY not in shown(problem)


def test_a_proxy_that_cannot_be_reached_is_named_without_its_password(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://somebody:proxy-password@127.0.0.1:1")
    problem = caught(lambda: connect("us-south").chat("hello", model="m"))
    assert problem.message.startswith("The proxy on the way to iam.cloud.ibm.com refused")
    assert "proxy-password" not in shown(problem)


def test_a_proxy_whose_address_cannot_be_read_is_named(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://[::bad")
    problem = caught(lambda: connect("us-south").chat("hello", model="m"))
    assert problem.message == (
        "The address of the proxy on the way to iam.cloud.ibm.com cannot be read."
    )
    assert problem.hint == "Correct HTTPS_PROXY, for example: http://proxy.example.com:3128"


def test_a_socks_proxy_without_its_package_says_which_one(monkeypatch):
    # the excuse for a patch: what requests does without PySocks, also where it is installed
    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", _without_pysocks)
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:1")
    problem = caught(lambda: connect("us-south").chat("hello", model="m"))
    assert "SOCKS" in problem.message
    assert problem.hint == "Next: pip install pysocks, then restart the kernel."


def _without_pysocks(*_, **__):
    from requests.exceptions import InvalidSchema

    raise InvalidSchema("Missing dependencies for SOCKS support.")


# --- certificate authorities -------------------------------------------------------------------


def chat_over_tls(serve, authority, **how):
    server = serve(http(200, CHAT), tls=authority.context)
    return lambda: connect(server, **how).chat("hello", model="m").text


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_companys_authority_is_trusted_by_the_environment(serve, authority, monkeypatch, name):
    monkeypatch.setenv(name, str(authority.bundle))
    assert chat_over_tls(serve, authority)() == "Four."


def test_a_companys_authority_is_trusted_by_argument_over_the_environment(
    serve, authority, monkeypatch
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")
    assert chat_over_tls(serve, authority, ca_bundle=str(authority.bundle))() == "Four."


@pytest.mark.parametrize(
    "switch",
    [{}, {"REQUESTS_CA_BUNDLE": ""}, {"PYTHONHTTPSVERIFY": "0"},
     {"WX_CLIENT_VERIFY_REQUESTS": "false"}, {"CURL_CA_BUNDLE": ""}],
    ids=lambda switch: next(iter(switch), "nothing set"),
)  # fmt: skip
def test_an_unknown_authority_is_refused_and_no_switch_turns_that_off(
    serve, authority, monkeypatch, switch
):
    for name, value in switch.items():
        monkeypatch.setenv(name, value)
    server = serve(http(200, CHAT), tls=authority.context)
    problem = caught(lambda: connect(server).chat("hello", model="m"))
    assert type(problem) is ServiceDown
    assert problem.message == (
        f"The TLS certificate of 127.0.0.1:{server.port} could not be verified: "
        "unable to get local issuer certificate."
    )
    assert "REQUESTS_CA_BUNDLE" in problem.hint
    assert KEY not in shown(problem)
    assert server.seen == []
    assert server.connections == 1, "tried once: it does not get better"


def test_a_certificate_for_another_name_is_refused(serve, authority):
    """The certificate names 127.0.0.1, not localhost."""
    server = serve(http(200, CHAT), tls=authority.context)
    url = f"https://localhost:{server.port}"
    session = connect(server, ca_bundle=str(authority.bundle), url=url)
    problem = caught(lambda: session.chat("hello", model="m"))
    assert "certificate of localhost" in problem.message
    assert server.seen == []


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_a_bundle_that_does_not_exist_is_said(monkeypatch, by):
    if by == "environment":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")
    bundle = "/no/such/file.pem" if by == "argument" else None
    problem = caught(lambda: connect("us-south", ca_bundle=bundle).chat("hello", model="m"))
    assert problem.message == "The file with the certificate authorities does not exist."
    assert problem.hint == "Correct REQUESTS_CA_BUNDLE or ca_bundle=."


def test_there_is_no_switch_in_the_signature_either():
    names = set(inspect.signature(Transport).parameters)
    assert names == {"timeouts", "ca_bundle", "clock", "sleep"}


def test_the_password_of_a_proxy_is_in_no_attribute(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://jane:proxy-hunter2@proxy.example:3128")
    network = NetworkSettings()
    options = network.send_options("https://us-south.ml.cloud.ibm.com/x", requests.Session())
    assert "proxy-hunter2" in options["proxies"]["https"]
    assert network._by_url
    assert "proxy-hunter2" not in repr(vars(network))


#: Names of the environment, and what each of them changes on the way to a service.
CHANGES = {
    "https_proxy": "http://proxy.example:1", "HTTPS_PROXY": "http://proxy.example:2",
    "all_proxy": "http://proxy.example:3", "ALL_PROXY": "http://proxy.example:4",
    "REQUESTS_CA_BUNDLE": "/bundle.pem", "CURL_CA_BUNDLE": "/other.pem",
}  # fmt: skip


@all_cases("name", CHANGES)
def test_a_setting_that_changes_between_two_requests_counts_for_the_second(name):
    network, session = NetworkSettings(), requests.Session()
    url = "https://us-south.ml.cloud.ibm.com/x"
    with pytest.MonkeyPatch.context() as patch:
        before = network.send_options(url, session)
        assert CHANGES[name] not in (before["verify"], *before["proxies"].values())
        patch.setenv(name, CHANGES[name])
        after = network.send_options(url, session)
        assert CHANGES[name] in (after["verify"], *after["proxies"].values())
        patch.setenv("no_proxy", "cloud.ibm.com")
        assert not network.send_options(url, session)["proxies"]
    assert network.send_options(url, session) == before


def test_no_proxy_counts_on_the_way_to_this_machine(monkeypatch):
    network, session = NetworkSettings(), requests.Session()
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:1")
    for url in ("http://127.0.0.1:1/x", "https://localhost:1/x"):
        assert network.send_options(url, session)["proxies"] == {}
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/bundle.pem")
    assert network.send_options("https://localhost:1/x", session)["verify"] == "/bundle.pem"


# --- the head of a response ----------------------------------------------------------------------

#: What is not a plain field, and what only looks as if it were none.
HEADS = [
    b"", b"\r\n", b"\n", b"Name: value\r\n", b"Name: value\n\n",
    b"A: 1\r\nB:2\r\nC:  3 \t\r\nA: again\r\n\r\nthe body: \r\n",
    b"Folded: one\r\n two\r\n\tthree\r\nNext: 1\r\n\r\n",
    b" Folded: first\r\n\r\n", b"No colon\r\nA: 1\r\n\r\n", b": no name\r\nA: 1\r\n\r\n",
    b"Blank in name : 1\r\nA: 1\r\n\r\n", b"From somebody\r\nA: 1\r\n\r\n",
    b"From: somebody\r\n\r\n", b"Empty:\r\nA: 1\r\n\r\n", b"Colons: a:b: c\r\n\r\n",
    b"Return: a\rb: c\r\nA: 1\r\n\r\n", b"A: 1\r\r\nB: 2\r\n\r\n", b"A: 1\nB: 2\r\n\r\n",
    "Latin: \xe9\x85\xa0\r\nZero: \0\x0b\x0c\x1c\r\nA: 1\r\n\r\n".encode("latin-1"),
    b"N\xe9me: 1\r\nA: 1\r\n\r\n", b"Content-Type: multipart/mixed; boundary=x\r\n\r\n",
    b"Content-Type: message/rfc822\r\nA: 1\r\n\r\n", b"x: 1\r\n" * 99 + b"\r\n",
    b"x: 1\r\n" * 100 + b"\r\n", b"x: 1\r\n" * 200, b"x: " + b"a" * 65_531 + b"\r\n\r\n",
    b"x: " + b"a" * 65_532 + b"\r\n\r\n", b"x: " + b"a" * 70_000,
]  # fmt: skip


@all_cases("head", HEADS, ids=lambda head: repr(head[:40]))
def test_the_head_of_a_response_is_what_the_standard_library_reads_in_it(head):
    def read(by):
        lines = io.BytesIO(head)
        try:
            message = by(lines)
        except http_client.HTTPException as error:
            return repr(error)
        # a head has no parts: urllib3 looks at no defect of those either
        defects = [] if message.is_multipart() or b"multipart" in head else message.defects
        return message.items(), list(map(type, defects)), lines.tell()

    assert read(read_head) == read(http_client.parse_headers)


def test_a_plain_head_is_not_read_as_a_mail(serve, monkeypatch):
    def refuse(*_):
        raise AssertionError("read as a mail")

    session = connect(serve(http(200, CHAT)))
    session.state.token_source.token()
    monkeypatch.setattr(http_client, "parse_headers", refuse)
    assert session.chat("hello", model="m").text == "Four."
