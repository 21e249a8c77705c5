"""Four limits, each with its own message: connect, first byte, idle, whole."""

from __future__ import annotations

import socket
import time

import pytest
from transport.servers import (
    CHAT,
    KEY,
    PROJECT,
    TOKEN_DOCUMENT,
    caught,
    chunked,
    connect,
    events,
    http,
)

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import AnswerCut, ServiceDown
from wx_notebook.session import Session
from wx_notebook.transport import FREE, PAID, HttpRequest, Timeouts, Transport

BEGUN = chunked(events({"choices": [{"delta": {"content": "Four"}}]}), end=False)
LAST = events(
    {"choices": [{"delta": {"content": "Four."}, "finish_reason": "stop"}], "usage": CHAT["usage"]}
)
#: what a comment is on the wire, in an HTTP chunk
PING = b"8\r\n: ping\n\n\r\n"


@pytest.fixture
def full():
    """A port of which the queue is full: the system answers no further connection."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = []
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for client in waiting:
            client.close()


def test_no_connection_in_time(full):
    pauses = []
    transport = Transport(timeouts=Timeouts(connect_s=0.1), sleep=pauses.append)
    problem = caught(lambda: transport.open(HttpRequest("POST", f"{full}/", body={}, policy=PAID)))
    host = full.removeprefix("http://")
    assert problem.message == f"{host} did not accept a connection in 0.1 s. Attempts: 5."
    assert problem.hint == "Check the network, the region and the proxy, then run it again."
    assert len(pauses) == 4, "nothing was sent, so a prompt may be tried again"


def test_a_tls_handshake_that_hangs_counts_as_no_connection():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pauses = []
        limits = Timeouts(connect_s=0.1, first_byte_s=5)
        transport = Transport(timeouts=limits, sleep=pauses.append)
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        problem = caught(lambda: transport.open(HttpRequest("POST", url, body={}, policy=PAID)))
    assert "did not accept a connection in 0.1 s. Attempts: 5." in problem.message


def test_no_first_byte_in_time_and_the_prompt_is_not_sent_again(serve):
    server = serve()
    server.on("/ml/", server.silent())
    session = connect(server, timeouts=Timeouts(first_byte_s=0.6))
    problem = caught(lambda: session.chat("hello", model="m"))
    assert type(problem) is ServiceDown
    assert problem.message == (
        f"127.0.0.1:{server.port} did not answer in 0.6 s; the prompt may have been billed."
    )
    assert "max_tokens=" in problem.hint
    assert len(server.of("/ml/")) == 1
    assert server.gone.wait(2), "the connection is closed"


def test_no_first_byte_of_the_body_in_time(serve):
    server = serve()
    server.on("/ml/", server.silent(chunked(end=False)))
    session = connect(server, timeouts=Timeouts(first_byte_s=0.6))
    problem = caught(lambda: session.stream("hello", model="m").answer)
    assert f"127.0.0.1:{server.port} sent nothing for 0.6 s." in problem.message
    assert server.gone.wait(2)


def test_silence_in_the_middle_ends_the_answer_and_keeps_the_text(serve):
    server = serve()
    server.on("/ml/", server.silent(BEGUN))
    session = connect(server, timeouts=Timeouts(idle_s=0.6))
    problem = caught(lambda: session.stream("hello", model="m").answer)
    assert type(problem) is AnswerCut
    assert problem.message == (
        f"The answer was cut. 127.0.0.1:{server.port} sent nothing for 0.6 s."
    )
    assert (problem.answer.text, problem.answer.finish_reason) == ("Four", "cut")
    assert server.gone.wait(2)


def test_a_body_that_drips_for_ever_is_ended_by_the_whole_limit(serve):
    server = serve()
    server.on("/ml/", server.drip(BEGUN, PING, every_s=0.02))
    session = connect(server, timeouts=Timeouts(idle_s=5, whole_s=0.3))
    began = time.monotonic()
    problem = caught(lambda: session.stream("hello", model="m").answer)
    assert time.monotonic() - began < 2
    assert problem.message == (
        f"The answer was cut. The answer of 127.0.0.1:{server.port} took longer than 0.3 s."
    )
    assert problem.answer.text == "Four"
    assert server.gone.wait(2)


def test_a_head_that_drips_for_ever_is_ended_by_the_limit_of_the_first_byte(serve):
    server = serve()
    server.on("/ml/", server.drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a", every_s=0.02))
    session = connect(server, timeouts=Timeouts(first_byte_s=0.3))
    began = time.monotonic()
    problem = caught(lambda: session.chat("hello", model="m"))
    assert time.monotonic() - began < 2
    assert "did not answer in 0.3 s; the prompt may have been billed." in problem.message
    assert server.gone.wait(2)


@pytest.mark.parametrize("begun", [b"", BEGUN], ids=["first chunk", "later chunk"])
def test_a_chunk_that_drips_for_ever_is_ended_by_the_whole_limit(serve, begun):
    server = serve()
    server.on("/ml/", server.drip((begun or chunked(end=False)) + b"fffff\r\n", b":", every_s=0.02))
    session = connect(server, timeouts=Timeouts(idle_s=5, whole_s=0.3))
    began = time.monotonic()
    problem = caught(lambda: session.stream("hello", model="m").answer)
    assert time.monotonic() - began < 2
    assert f"The answer of 127.0.0.1:{server.port} took longer than 0.3 s." in problem.message
    assert server.gone.wait(2)


def test_silence_that_lasts_until_the_whole_limit_is_said_to_be_that(serve):
    server = serve()
    server.on("/ml/", server.silent(BEGUN))
    session = connect(server, timeouts=Timeouts(idle_s=5, whole_s=0.6))
    problem = caught(lambda: session.stream("hello", model="m").answer)
    assert "took longer than 0.6 s." in problem.message


def test_the_whole_limit_holds_while_the_head_is_awaited(serve):
    server = serve()
    server.on("/ml/", server.silent())
    session = connect(server, timeouts=Timeouts(first_byte_s=5, whole_s=0.6))
    began = time.monotonic()
    problem = caught(lambda: session.chat("hello", model="m"))
    assert time.monotonic() - began < 2
    assert "did not answer in 0.6 s; the prompt may have been billed." in problem.message


@pytest.mark.parametrize("fails", ["429", "refused"])
def test_a_pause_that_leads_beyond_the_whole_limit_is_not_waited_for(serve, fails):
    url = serve(http(429, b"")).url if fails == "429" else "http://127.0.0.1:1"
    pauses = []
    transport = Transport(timeouts=Timeouts(whole_s=0.3), sleep=pauses.append)
    call = HttpRequest("POST", url + "/", body={}, policy=PAID)
    if fails == "429":
        assert transport.open(call).attempts == 1
    else:
        assert "cannot be reached" in caught(lambda: transport.open(call)).message
    assert pauses == [], "the shortest pause is half a second"


def test_the_whole_limit_counts_by_the_clock_that_was_passed_in(serve):
    server = serve(http(200, CHAT))
    now = iter(range(0, 10**6, 1000))
    transport = Transport(clock=lambda: next(now))
    reply = transport.open(HttpRequest("POST", f"{server.url}/", body={}))
    assert "took longer than 1800 s." in caught(reply.read).message


def test_what_is_unpaid_waits_shorter_than_a_token_lives_on_after_its_early_renewal():
    from wx_notebook.credentials.token_source import TokenSource

    longest = FREE.attempts * FREE.first_byte_s + (FREE.attempts - 1) * FREE.longest_pause_s * 1.25
    assert longest < TokenSource.LEAD_S
    assert Timeouts().within(1800, FREE.first_byte_s) == (10, 30)
    assert Timeouts().within(1800, PAID.first_byte_s) == (10, 120)


@pytest.mark.parametrize("after", ["silent", "pinging"])
def test_what_follows_the_last_event_is_not_waited_for(serve, after):
    """Some models leave the connection open; some servers keep it warm with comments."""
    server = serve()
    first = chunked(LAST, end=False)
    server.on("/ml/", server.silent(first) if after == "silent" else server.drip(first, PING, 0.02))
    began = time.monotonic()
    answer = connect(server).stream("hello", model="m").answer
    assert time.monotonic() - began < 1
    assert (answer.text, answer.finish_reason) == ("Four.", "stop")
    assert server.gone.wait(2)


def test_a_slow_rest_of_a_refusal_does_not_hold_up_the_next_attempt(serve):
    server = serve()
    refusal = http(503, b"x" * 1000)[:-990]
    server.on("/ml/", server.drip(refusal, b"x", 0.02), http(200, CHAT))
    began = time.monotonic()
    assert connect(server).chat("hello", model="m").text == "Four."
    assert time.monotonic() - began < 1


def test_waiting_for_iam_is_limited_too(serve):
    server = serve(token=False)
    server.on("/identity/", server.silent(), http(200, TOKEN_DOCUMENT))
    server.on("/ml/", http(200, CHAT))
    session = connect(server, timeouts=Timeouts(first_byte_s=0.6))
    assert session.chat("hello", model="m").text == "Four.", "a token is free: asked again"
    assert len(server.of("/identity/")) == 2


# --- the time that a prompt was given ------------------------------------------------------------


def test_a_prompt_may_take_as_long_as_it_was_given_and_the_error_names_the_option(serve):
    server = serve()
    server.on("/ml/", server.silent())
    session = connect(server)
    problem = caught(lambda: session.chat("hello", model="m", timeout=0.5))
    assert type(problem) is ServiceDown
    assert problem.message == (
        f"127.0.0.1:{server.port} did not answer within the time limit of 0.5 s; "
        "the prompt may have been billed."
    )
    assert problem.hint.startswith("Raise timeout=")
    assert len(server.of("/ml/")) == 1, "a prompt that was sent is not sent again"
    assert server.gone.wait(2)


def test_an_answer_that_has_begun_ends_there_too_and_what_came_is_kept(serve):
    server = serve()
    server.on("/ml/", server.drip(BEGUN, PING, every_s=0.02))
    problem = caught(lambda: connect(server).stream("hello", model="m", timeout=0.5).answer)
    assert type(problem) is AnswerCut
    assert "took longer than the time limit of 0.5 s." in problem.message
    assert problem.answer.text == "Four"
    assert server.gone.wait(2)


def test_waiting_for_a_token_counts_and_nothing_is_sent_when_the_time_is_up(serve):
    server = serve(token=False)
    server.on("/identity/", http(200, TOKEN_DOCUMENT))
    server.on("/ml/", http(200, CHAT))
    # each look at the clock is a second later: the exchange takes more than the prompt was given
    now = iter(range(10**6))
    given = ConnectionParams("arguments", Secret(KEY), url=server.url, project_id=PROJECT)
    session = Session(given, transport=Transport(clock=lambda: float(next(now))))
    problem = caught(lambda: session.chat("hello", model="m", timeout=4))
    assert "within the time limit of 4 s." in problem.message
    assert server.of("/ml/") == []


def test_with_more_time_an_answer_may_begin_later_than_usual():
    usual = Timeouts()
    given = usual.with_whole(600)
    assert (given.whole_s, given.first_byte_s, given.idle_s) == (600, 600, usual.idle_s)
    assert given.within(600)[1] == 600
    assert usual.with_whole(5).within(5)[1] == 5
    assert usual.with_whole(None) is usual


@pytest.mark.slow
def test_a_silence_says_which_option_gives_a_prompt_more_time(serve):
    server = serve()
    server.on("/ml/", server.silent())
    session = connect(server, timeouts=Timeouts(first_byte_s=0.6))
    assert "timeout=" in caught(lambda: session.chat("hello", model="m")).hint
    transport = Transport(timeouts=Timeouts(first_byte_s=0.2), sleep=lambda _: None)
    assert (
        caught(lambda: transport.open(HttpRequest("GET", f"{server.url}/ml/"))).hint
        == "Run it again."
    )


def test_a_service_that_is_busy_is_asked_again_only_while_there_is_time(serve):
    server = serve()
    server.on("/ml/", http(429, {"errors": [{"code": "rate_limit_reached_requests"}]}))
    problem = caught(lambda: connect(server).chat("hello", model="m", timeout=0.4))
    assert type(problem).__name__ == "RateLimited"
    assert len(server.of("/ml/")) == 1, "the shortest pause is half a second"
