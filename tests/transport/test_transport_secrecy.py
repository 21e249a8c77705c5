"""Key and token in no log, no debug print and no error, whatever goes wrong."""

from __future__ import annotations

import json
import logging
import pickle
import socket
from http.client import HTTPConnection

import pytest
from support.cases import all_cases
from transport.servers import (
    CHAT,
    KEY,
    TOKEN,
    TOKEN_DOCUMENT,
    Proxy,
    caught,
    chunked,
    connect,
    events,
    http,
    interrupt_when,
    shown,
)

from wx_notebook.errors import Interrupted, UserFacingError, WatsonxError
from wx_notebook.transport import Timeouts

BEGUN = chunked(events({"choices": [{"delta": {"content": "Four"}}]}), end=False)
QUESTION = "what-nobody-else-may-read"


# --- logs and debug prints ---------------------------------------------------------------------


def talk(session):
    session.chat(QUESTION, model="m")
    session.stream(QUESTION, model="m").answer  # noqa: B018
    session.projects()


@pytest.fixture
def talking(serve):
    server = serve(http(200, CHAT))
    last = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": CHAT["usage"]}
    server.on("/ml/v1/text/chat_stream", chunked(events(last)))
    server.on("/v2/", http(200, {"resources": []}))
    return server


def test_the_debug_switch_of_http_client_prints_nothing(talking, monkeypatch, capfd):
    monkeypatch.setattr(HTTPConnection, "debuglevel", 1)
    talk(connect(talking))
    assert "".join(capfd.readouterr()) == ""


def test_nor_does_it_behind_a_proxy_and_over_tls(serve, monkeypatch, capfd, authority):
    monkeypatch.setattr(HTTPConnection, "debuglevel", 1)
    server = serve(http(200, CHAT), tls=authority.context)
    with Proxy(server) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        connect("us-south", ca_bundle=str(authority.bundle)).chat(QUESTION, model="m")
    assert "".join(capfd.readouterr()) == ""


def test_a_plain_requests_session_does_print_so_the_test_above_can_fail(
    talking, monkeypatch, capfd
):
    import requests

    monkeypatch.setattr(HTTPConnection, "debuglevel", 1)
    requests.post(f"{talking.url}/identity/token", data={"apikey": KEY}, timeout=5)
    assert KEY in "".join(capfd.readouterr())


def test_every_log_at_debug_holds_neither_key_nor_token_nor_prompt(talking, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "wx_notebook"):
        caplog.set_level(logging.DEBUG, logger=name)
    talk(connect(talking))
    text = "\n".join(f"{r.name} {r.getMessage()} {r.__dict__}" for r in caplog.records)
    assert "urllib3" in text, "the log was on"
    for secret in (KEY, TOKEN, "Authorization", "apikey", QUESTION):
        assert secret not in text


# --- errors ------------------------------------------------------------------------------------


def whole(status, document, **headers):
    return lambda server: http(status, document, **headers)


#: What goes wrong on the service's side, at the path of a prompt.
AT_THE_SERVICE = {
    "reset": lambda server: server.hang_up(),
    "silence": lambda server: server.silent(),
    "silence in the body": lambda server: server.silent(BEGUN),
    "cut": lambda server: server.hang_up(BEGUN),
    "half an answer": lambda server: server.hang_up(http(200, CHAT)[:-9]),
    "a web page": whole(502, f"<html>{KEY} {TOKEN}</html>"),
    "no json": whole(200, f'"{KEY} {TOKEN}"'.encode(), kind="application/json"),
    "no stream": whole(200, b"x", kind=f"text/x-{KEY}"),
    "401": whole(401, {"errors": [{"code": TOKEN, "message": f"Bearer {TOKEN}"}], "trace": KEY}),
    "403": whole(403, {"errors": [{"code": "authorization_rejected", "message": KEY}]}),
    "404": whole(404, {"errors": [{"code": "model_not_supported", "message": TOKEN}]}),
    "429": whole(429, {"errors": [{"message": f"apikey={KEY}"}]}),
    "500": whole(500, {"errors": [{"code": KEY, "message": TOKEN}], "trace": TOKEN}),
    "redirect": whole(307, b"", Location=f"https://{KEY}.example/{TOKEN}"),
    "error event": lambda server: chunked(
        events({"errors": [{"message": f"{KEY} {TOKEN}"}], "status_code": 500}, name="error")
    ),
    "plain error event": lambda server: chunked(f"event: error\ndata: {TOKEN}\n\n".encode()),
    "event without json": lambda server: chunked(f"data: {TOKEN}\n\n".encode()),
    "event of another shape": lambda server: chunked(events({"choices": [TOKEN]})),
    "broken chunk": lambda server: BEGUN + b"no-number\r\n" + TOKEN.encode(),
    "broken compression": whole(200, TOKEN.encode(), Content_Encoding="gzip"),
}
#: The same at the path of IAM.
AT_IAM = {
    "refused key": whole(400, {"errorCode": "BXNIM0415E", "errorMessage": f"no key {KEY}"}),
    "key everywhere": whole(
        400,
        {"errorCode": KEY, "errorMessage": KEY, "errorDetails": KEY, "context": {"requestId": KEY}},
    ),
    "web page": whole(502, f"<title>{KEY}</title>"),
    "down": whole(500, {"errorCode": KEY}),
    "no life": whole(200, {"access_token": TOKEN}),
    "wrong life": whole(200, {"access_token": TOKEN, "expires_in": "soon", "was": KEY}),
    "endless life": whole(200, {"access_token": TOKEN, "expires_in": float("inf")}),
    "no text": whole(200, {"access_token": [TOKEN], "expires_in": 3600}),
    "a list": whole(200, [TOKEN, KEY]),
    "half a token": lambda server: server.hang_up(http(200, TOKEN_DOCUMENT)[:-20]),
    "half a chunk": lambda server: server.hang_up(
        chunked(json.dumps(TOKEN_DOCUMENT).encode()[:60], kind="application/json", end=False)
    ),
    "reset": lambda server: server.hang_up(),
    "redirect": whole(308, b"", Location=f"https://{KEY}.example/"),
    "silence": lambda server: server.silent(),
}
#: Four tries end with them, and another error after one of them would be checked as well.
LIMITS = Timeouts(first_byte_s=0.1, idle_s=0.1)


def check(problem):
    """What holds for every error: ours, alone, without a request, without a secret."""
    assert isinstance(problem, UserFacingError), repr(problem)
    assert (problem.__cause__, problem.__context__) == (None, None)
    assert not hasattr(problem, "request")
    assert not hasattr(problem, "response")
    text = shown(problem)
    for name, secret in {"key": KEY, "token": TOKEN}.items():
        for at in range(0, len(secret) - 12, 4):
            assert secret[at : at + 12] not in text, f"a piece of the {name}"
    again = pickle.loads(pickle.dumps(problem))
    assert (type(again), str(again)) == (type(problem), str(problem))
    assert 1 <= len(problem._render_traceback_()) <= 6


@all_cases("how", ["at once", "streamed", "generated"])
@all_cases("fault", AT_THE_SERVICE)
def test_an_error_of_the_service_shows_no_secret(serve, fault, how):
    server = serve()
    server.on("/ml/", AT_THE_SERVICE[fault](server))
    session = connect(server, timeouts=LIMITS)
    ask = {
        "at once": lambda: session.chat("hello", model="m"),
        "streamed": lambda: session.stream("hello", model="m").answer,
        "generated": lambda: session.stream("hello", model="m", generate=True).answer,
    }
    check(caught(ask[how]))


@pytest.mark.slow  # two silences, three ways to ask, four tries
@all_cases("what", ["projects", "project", "models"])
@all_cases("fault", AT_THE_SERVICE)
def test_an_error_of_a_list_shows_no_secret(serve, fault, what):
    server = serve()
    server.on("/ml/", AT_THE_SERVICE[fault](server))
    server.on("/v2/", AT_THE_SERVICE[fault](server))
    session = connect(server, timeouts=LIMITS)
    session.state.token_source.token()
    ask = {"projects": session.projects, "project": session.verify, "models": session.models}
    check(caught(ask[what]))


@all_cases("fault", AT_IAM)
def test_an_error_of_iam_shows_no_secret(serve, fault):
    server = serve(http(200, CHAT), token=False)
    server.on("/identity/", AT_IAM[fault](server))
    session = connect(server, timeouts=LIMITS)
    problem = caught(lambda: session.chat("hello", model="m"))
    check(problem)
    assert isinstance(problem, WatsonxError)
    assert server.of("/ml/v1/text") == []


def test_an_unreachable_host_shows_no_secret():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    session = connect("us-south", url=url, region="")
    check(caught(lambda: session.chat("hello", model="m")))


def test_an_unverified_certificate_shows_no_secret(serve, authority):
    session = connect(serve(http(200, CHAT), tls=authority.context))
    check(caught(lambda: session.chat("hello", model="m")))


def test_a_refusing_proxy_shows_no_secret(monkeypatch):
    with Proxy(refuses=403) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        check(caught(lambda: connect("us-south").chat("hello", model="m")))


# --- interrupts --------------------------------------------------------------------------------


@all_cases("where", ["/identity/", "/ml/"])
@all_cases("first", [b"", BEGUN], ids=["before the head", "in the body"])
def test_an_interrupt_while_a_read_blocks_shows_no_secret_and_closes_the_connection(
    serve, where, first
):
    server = serve(token=False)
    if where == "/identity/":
        half = http(200, TOKEN_DOCUMENT)[:-9]
        server.on(where, server.silent(half if first else b""))
        session = connect(server)
    else:
        server.on("/identity/", http(200, TOKEN_DOCUMENT))
        server.on(where, server.silent(first))
        session = connect(server)
        session.state.token_source.token()
        server.arrived.clear()
    with interrupt_when(server.arrived):
        problem = caught(lambda: session.stream("hello", model="m").answer)
    assert type(problem) is Interrupted
    assert isinstance(problem, KeyboardInterrupt), "so Jupyter and scripts see one"
    check(problem)
    assert server.gone.wait(2)
    assert (problem.answer is not None) == (where == "/ml/" and bool(first))
