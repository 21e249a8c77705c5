"""Streams, byte by byte."""

from __future__ import annotations

import json
import re

import pytest
from support.cases import all_cases

from wx_notebook.sandbox import Sandbox

NOW = 1_790_000_000.101


@pytest.fixture
def fixed(client_of):
    with Sandbox(wall_clock=lambda: NOW) as sandbox:
        yield client_of(sandbox)


def head(number: int, chat_id: str) -> str:
    return (
        f'id: {number}\nevent: message\ndata: {{"id":"{chat_id}","object":"chat.completion.chunk",'
        '"model_id":"ibm/granite-4-h-small","model":"ibm/granite-4-h-small",'
    )


STAMP = '"created":1790000000,"model_version":"4.0.0","created_at":"2026-09-21T14:13:20.101Z"'


def test_a_chat_stream_is_exactly_what_the_recordings_show(fixed):
    fixed.sandbox.say("Sea level.")
    reply = fixed.stream("2000 m", max_completion_tokens=9)
    body = reply.content.decode()
    chat_id = re.search(r'"id":"(chatcmpl-[0-9a-f]{32})"', body)[1]
    expected = (
        head(1, chat_id)
        + '"choices":[{"index":0,"finish_reason":null,"delta":{"role":"assistant","content":""}}],'
        + STAMP
        + ',"system":{"warnings":[]}}\n\n'
        + head(2, chat_id)
        + '"choices":[{"index":0,"finish_reason":null,"delta":{"content":"Sea "}}],'
        + STAMP
        + "}\n\n"
        + head(3, chat_id)
        + '"choices":[{"index":0,"finish_reason":"stop","delta":{"content":"level."}}],'
        + STAMP
        + "}\n\n"
        + head(4, chat_id)
        + '"choices":[],'
        + STAMP
        + ',"usage":{"completion_tokens":2,"prompt_tokens":5,"total_tokens":7}}\n\n'
    )
    assert body == expected
    assert reply.headers["Content-Type"] == "text/event-stream"


def test_a_generation_stream_is_exactly_what_the_recordings_show(fixed):
    fixed.sandbox.say("Blue sky.")
    body = fixed.stream_generation("The day is", max_new_tokens=9).content.decode()
    start = (
        'data: {"model_id":"ibm/granite-4-h-small","model_version":"4.0.0",'
        '"created_at":"2026-09-21T14:13:20.101Z","results":[{"generated_text":'
    )
    first, second, third = body.removesuffix("\n\n").split("\n\n")
    assert first.startswith(
        f'id: 1\nevent: message\n{start}"","generated_token_count":0,"input_token_count":3,'
        '"stop_reason":"not_finished"}],"system":{"warnings":[{'
    )
    assert '"id":"api_legacy"' in first
    assert second == (
        f'id: 2\nevent: message\n{start}"Blue ","generated_token_count":1,"input_token_count":0,'
        '"stop_reason":"not_finished"}]}'
    )
    assert third == (
        f'id: 3\nevent: message\n{start}"sky.","generated_token_count":2,"input_token_count":0,'
        '"stop_reason":"eos_token"}]}'
    )


def test_the_pieces_of_a_script_are_the_events_and_the_counts_add_up(client, events_of):
    client.sandbox.say_pieces(["a", "", "b c d"])
    client.sandbox.say_pieces(["a", "", "b c d"])
    chat = events_of(client.stream().content)
    texts = [c["delta"]["content"] for e in chat for c in e["data"]["choices"]]
    assert texts == ["", "a", "", "b c d"]
    assert chat[-1]["data"]["usage"]["completion_tokens"] == 3
    generation = [e["data"]["results"][0] for e in events_of(client.stream_generation().content)]
    assert [r["generated_text"] for r in generation] == ["", "a", "", "b c d"]
    assert [r["generated_token_count"] for r in generation] == [0, 1, 2, 3]


def test_an_empty_answer_still_ends_with_its_reason(client, events_of):
    client.sandbox.say("", "")
    chat = events_of(client.stream().content)
    assert [e["data"]["choices"][0]["finish_reason"] for e in chat[:-1]] == [None, "stop"]
    assert chat[-1]["data"]["usage"]["completion_tokens"] == 0
    generation = [e["data"]["results"][0] for e in events_of(client.stream_generation().content)]
    assert [r["stop_reason"] for r in generation] == ["not_finished", "eos_token"]
    assert generation[-1]["generated_token_count"] == 0


@all_cases(
    ("text", "written"),
    [
        ("<b>", "\\u003cb\\u003e"),
        ("a&b", "a\\u0026b"),
        ("\u2028", "\\u2028"),
        ("é日\U0001f600", "é日\U0001f600"),
        ('"\n', '\\"\\n'),
        ("\ud800", "?"),
    ],
)
def test_json_is_escaped_as_the_service_escapes_it(client, text, written):
    client.sandbox.say(text, text)
    for body in (client.stream().content, client.chat().content):
        assert f'"content":"{written}"'.encode() in body


def test_each_event_is_one_chunk_and_the_stream_ends_with_the_empty_one(client):
    client.sandbox.say("one two")
    reply = client.raw(client.raw_prompt(client.chat_body()))
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head + b"\r\n"
    assert b"Content-Length" not in head
    chunks = []
    while True:
        size, _, body = body.partition(b"\r\n")
        data, body = body[: int(size, 16)], body[int(size, 16) :]
        assert body.startswith(b"\r\n")
        body = body[2:]
        if not data:
            break
        chunks.append(data)
    assert body == b""
    assert len(chunks) == 4
    for number, chunk in enumerate(chunks, 1):
        assert re.fullmatch(rb"id: %d\nevent: message\ndata: [^\r\n]+\n\n" % number, chunk)
        json.loads(chunk.partition(b"data: ")[2])


def test_no_stream_holds_done_or_a_carriage_return_or_a_retry_line(client):
    for reply in (client.stream(), client.stream_generation()):
        body = reply.content
        assert b"[DONE]" not in body
        assert b"\r" not in body
        assert b"retry:" not in body


def test_an_old_http_client_gets_the_events_without_chunks(client):
    client.sandbox.say("one two")
    request = client.raw_prompt(client.chat_body()).replace(b"HTTP/1.1", b"HTTP/1.0")
    head, _, body = client.raw(request).partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body.startswith(b"id: 1\nevent: message\n")
    assert body.endswith(b"}\n\n")


def test_a_connection_serves_one_request_after_another(client):
    client.sign_in()
    with client.connect() as connection:
        for body in (client.chat_body(), client.chat_body()):
            request = client.raw_prompt(body).replace(b"Connection: close\r\n", b"")
            connection.sendall(request)
            reply = b""
            while not reply.endswith(b"0\r\n\r\n"):
                reply += connection.recv(65_536)
            assert reply.startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_event_arrives_while_the_next_one_is_not_written_yet(client_of):
    # one word in a thousand seconds: whatever arrives now was sent by itself
    with Sandbox(words_per_second=0.001) as sandbox:
        with client_of(sandbox).stream() as reply:
            chunk = next(reply.iter_content(None))
        assert chunk.startswith(b"id: 1\n")
        assert chunk.count(b"\n\n") == 1
