"""The server copes with any input, notices a client that leaves, and stops on request."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.sandbox import Sandbox

LIMIT = 32 * 1024 * 1024


def alive(client) -> bool:
    return client.chat().status_code == 200


@pytest.mark.slow
def test_fifty_streams_at_once_all_come_whole(client_of, events_of):
    with Sandbox(words_per_second=200) as sandbox:
        token = client_of(sandbox).sign_in()
        start = threading.Barrier(50)

        def one(number: int) -> tuple[str, str]:
            client = client_of(sandbox)
            client.token = token
            start.wait(10)
            events = events_of(client.stream(f"prompt {number}").content)
            assert events[-1]["data"]["usage"]["completion_tokens"] == len(events) - 2
            texts = [c["delta"]["content"] for e in events for c in e["data"]["choices"]]
            return f"“prompt {number}”", "".join(texts)

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(one, range(50)))
    assert all(quote in answer for quote, answer in answers)
    assert sandbox.counts == {"token": 1, "chat_stream": 50}


def test_a_client_that_leaves_a_stream_is_seen_at_once(client_of):
    with Sandbox(words_per_second=0.001) as sandbox:
        client = client_of(sandbox)
        with client.stream() as reply:
            next(reply.iter_content(None))
        left = time.monotonic()
        call = sandbox.wait_for(lambda call: call.client_gone)
        assert time.monotonic() - left < 1
        assert (call.kind, call.status) == ("chat_stream", 200)
        assert call.seconds is not None


def test_a_client_that_leaves_while_a_whole_answer_is_written_is_seen_too(client_of):
    with Sandbox(words_per_second=0.001) as sandbox:
        client = client_of(sandbox)
        request = client.raw_prompt(client.chat_body(), "/ml/v1/text/chat")
        with client.connect() as connection:
            connection.sendall(request)
            sandbox.wait_for(lambda call: call.kind == "chat")
        assert sandbox.wait_for(lambda call: call.client_gone).status is None


def test_a_client_that_leaves_a_stream_without_pauses_is_seen_by_the_writing(client):
    client.sandbox.say_pieces(["x" * 100_000] * 500)
    with client.stream(max_completion_tokens=0) as reply:
        next(reply.iter_content(1))
    assert client.sandbox.wait_for(lambda call: call.client_gone).kind == "chat_stream"


def test_a_client_that_stays_to_the_end_is_not_gone(client):
    assert client.stream().content
    call = client.sandbox.wait_for(lambda c: c.kind == "chat_stream" and c.seconds is not None)
    assert not call.client_gone


def test_a_next_request_sent_early_does_not_look_like_leaving(client_of):
    with Sandbox(words_per_second=100) as sandbox:
        client = client_of(sandbox)
        sandbox.say("one two three", "four")
        first = client.raw_prompt(client.chat_body()).replace(b"Connection: close\r\n", b"")
        both = client.raw(first + client.raw_prompt(client.chat_body()))
        assert both.count(b"HTTP/1.1 200 OK") == 2
        assert both.index(b'"three"') < both.index(b'"four"')
        assert not any(call.client_gone for call in sandbox.calls)


def test_the_pace_is_that_of_the_words(client_of):
    with Sandbox(words_per_second=100) as sandbox:
        client = client_of(sandbox)
        for ask in (client.chat, client.stream, client.stream_generation):
            sandbox.say("one two three four five")
            begun = time.monotonic()
            assert ask().content
            assert time.monotonic() - begun >= 0.05


def test_the_human_pace_can_be_read_along():
    assert 10 < Sandbox.HUMAN_PACE < 100


def test_closing_ends_paced_and_stalled_streams_and_idle_connections_within_two_seconds(client_of):
    before = {*threading.enumerate()}
    sandbox = Sandbox(words_per_second=0.001).start()
    client = client_of(sandbox)
    client.sign_in()
    request = client.raw_prompt(client.chat_body())
    connections = [client.connect() for _ in range(12)]
    for connection in connections[:8]:
        connection.sendall(request)
    connections[8].sendall(b"POST /ml/v1/text/chat HTTP/1.1\r\nContent-Le")
    connections[9].sendall(b"POST /ml/v1/text/chat HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
    for connection in connections[:8]:
        assert connection.recv(10)
    begun = time.monotonic()
    sandbox.close()
    assert time.monotonic() - begun < 2
    # a thread of an earlier test may end meanwhile
    assert {*threading.enumerate()} <= before
    for connection in connections:
        connection.close()
    assert not any(call.client_gone for call in sandbox.calls)


def test_after_closing_nothing_listens(client_of):
    with Sandbox() as sandbox:
        client = client_of(sandbox)
    with pytest.raises(ConnectionRefusedError):
        client.connect()
    assert sandbox.counts == {}


@all_cases(
    "request_bytes",
    [
        b"\r\n\r\n",
        b"garbage\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"GET /%ff%00?%ff=%00 HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n",
    ],
)
def test_garbage_gets_a_refusal_or_nothing_and_disturbs_no_other_client(client, request_bytes):
    with client.connect() as connection:
        connection.sendall(request_bytes)
        connection.shutdown(1)
        connection.settimeout(10)
        reply = b"".join(iter(lambda: connection.recv(65_536), b""))
    status = reply.split(b"\r\n")[0]
    assert reply == b"" or b" 200 " in status or b" 400 " in status or b"rror" in reply
    assert alive(client)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_make_the_sandbox_fail(client, data):
    with client.connect() as connection:
        connection.sendall(data)
        connection.shutdown(1)
        reply = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert b"sandbox_failed" not in reply


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    *("model_id", "messages", "project_id", "tools", "tool_choice", "response_format", "stop"),
    *("temperature", "max_completion_tokens", "n", "input", "parameters", "logit_bias"),
)


@given(st.dictionaries(st.sampled_from(FIELDS), json_values), st.booleans())
def test_no_json_at_all_makes_the_sandbox_fail(client, change, chat):
    body = {**(client.chat_body() if chat else client.generation_body()), **change}
    reply = client.post(f"/ml/v1/text/{'chat' if chat else 'generation'}", body)
    assert reply.status_code in (200, 400, 404)


def test_a_body_may_come_in_chunks(client):
    import json

    data = json.dumps(client.chat_body()).encode()
    client.sign_in()
    reply = client.http.post(
        f"{client.sandbox.url}/ml/v1/text/chat?version=2026-10-14",
        data=iter([data[:10], data[10:]]),
        headers={"Authorization": f"Bearer {client.token}"},
        timeout=10,
    )
    assert reply.status_code == 200


def test_a_body_above_the_limit_is_refused_and_the_refusal_arrives(client, code_of):
    client.sign_in()
    url = f"{client.sandbox.url}/ml/v1/text/chat?version=2026-10-14"
    headers = {"Authorization": f"Bearer {client.token}"}
    for body in (b" " * (LIMIT + 1), iter([b" " * (LIMIT // 2)] * 3)):
        reply = client.http.post(url, data=body, headers=headers, timeout=20)
        assert code_of(reply) == (413, "request_entity_too_large")
    assert alive(client)


def test_a_client_that_sends_all_of_a_body_above_the_limit_before_it_reads_gets_the_refusal(client):
    head = f"POST / HTTP/1.1\r\nContent-Length: {LIMIT + 1}\r\n\r\n".encode()
    reply = client.raw(head + b" " * (LIMIT + 1))
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert b"request_entity_too_large" in reply


def test_a_client_that_never_reads_holds_up_no_other_client(client):
    client.sandbox.say_pieces(["x" * 100_000] * 200)
    with client.connect() as connection:
        connection.sendall(client.raw_prompt(client.chat_body(max_completion_tokens=0)))
        client.sandbox.wait_for(lambda call: call.kind == "chat_stream")
        assert alive(client)


def test_head_gets_the_head_only(client):
    reply = client.raw(b"HEAD /nothing HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 404 ")
    assert reply.endswith(b"\r\n\r\n")


def test_a_bug_of_the_sandbox_is_reported_as_one(client, code_of, monkeypatch):
    monkeypatch.setattr("wx_notebook.sandbox.inference.sample_answers.write", lambda *_: 1 / 0)
    reply = client.chat()
    assert code_of(reply) == (500, "sandbox_failed")
    assert "ZeroDivisionError" in reply.text
