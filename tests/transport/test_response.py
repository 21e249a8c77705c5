"""Bodies in every framing that HTTP has, whole and broken."""

from __future__ import annotations

import gzip
import http.client as http_client
import json
import re
import threading

from support.cases import all_cases
from transport.servers import CHAT, caught, chunked, connect, http

from wx_notebook.errors import AnswerCut, BadOption
from wx_notebook.transport import ConnectionBroken, HttpRequest, Transport
from wx_notebook.transport.chunks import whole_chunks
from wx_notebook.transport.request import LARGEST_BODY

BODY = json.dumps(CHAT).encode()
JSON = b"Content-Type: application/json\r\n"


def reply_of(server):
    return Transport(sleep=lambda _: None).open(HttpRequest("POST", f"{server.url}/", body={}))


@all_cases(
    "whole",
    [
        http(200, CHAT),
        http(200, CHAT, Connection="close"),
        b"HTTP/1.0 200 OK\r\n" + JSON + b"\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + JSON + b"\r\n" + BODY,
        chunked(BODY, kind="application/json"),
        chunked(*(BODY[i : i + 1] for i in range(len(BODY))), kind="application/json"),
        chunked(*(BODY[i : i + 7] for i in range(0, len(BODY), 7)), kind="application/json")
        .replace(b"\r\n7\r\n", b"\r\n7;a=b\r\n", 3),
        chunked(BODY, kind="application/json").replace(b"\r\n", b"\r\nConnection: close\r\n", 1),
        http(200, gzip.compress(BODY), kind="application/json", Content_Encoding="gzip"),
        chunked(gzip.compress(BODY), kind="application/json\r\nContent-Encoding: gzip"),
    ],
    ids=["length", "length, then close", "until close, 1.0", "until close, 1.1", "chunks",
         "chunks of one byte", "chunks with extensions", "chunks, then close", "gzip",
         "gzip in chunks"],
)  # fmt: skip
def test_a_whole_answer_is_read_in_every_framing(serve, whole):
    server = serve(whole)
    session = connect(server)
    for _ in range(2):
        assert session.chat("hello", model="m").text == "Four."


@all_cases("size, is_whole", [(100, True), (100_000, False)])
def test_a_short_request_leaves_in_one_piece(serve, monkeypatch, size, is_whole):
    server = serve(http(200, CHAT))
    pieces = []
    send = http_client.HTTPConnection.send

    def note(connection, data):
        pieces.append(bytes(data))
        send(connection, data)

    monkeypatch.setattr(http_client.HTTPConnection, "send", note)
    transport = Transport()
    request = HttpRequest("POST", f"{server.url}/", body={"text": "x" * size})
    for _ in range(2):
        transport.open(request).read()
    assert len(pieces) == (2 if is_whole else 4)
    assert b"".join(pieces) == b"".join(seen.raw for seen in server.seen)


CHUNKS = {
    b"": (b"", 0),
    b"3\r\nabc\r\n": (b"abc", 8),
    b"3\r\nabc\r\nA\r\n0123456789\r\n4\r\nde": (b"abc0123456789", 23),
    b"3\r\nabc": (b"", 0),
    b"3\r\nabc\r": (b"", 0),
    b"3\r\nabcd\r\n": (b"", 0),
    b"3\r\nabc\r\n0\r\n\r\n": (b"abc", 8),
    b"3;name=value\r\nabc\r\n": (b"", 0),
    b"-3\r\nabc\r\n": (b"", 0),
    b"\r\n3\r\nabc\r\n": (b"", 0),
    b"<html>\r\n": (b"", 0),
}


@all_cases("arrived", CHUNKS, ids=repr)
def test_chunks_that_are_whole_are_taken_at_once_and_all_others_are_left_to_urllib3(arrived):
    assert whole_chunks(arrived) == CHUNKS[arrived]


@all_cases("missing", [1, 10, len(BODY) - 1, len(BODY)])
def test_a_body_shorter_than_its_length_is_broken_and_not_a_wrong_answer(serve, missing):
    server = serve()
    server.on("/ml/", server.hang_up(http(200, CHAT)[:-missing]))
    problem = caught(lambda: connect(server).chat("hello", model="m"))
    assert type(problem) is AnswerCut
    assert re.search(r"ended before the answer did\.|broke \(", problem.message)
    assert problem.hint == "Nothing was received; run it again."


def test_broken_compression_is_an_error_of_ours(serve):
    server = serve(http(200, b"no gzip", kind="application/json", Content_Encoding="gzip"))
    problem = caught(lambda: connect(server).chat("hello", model="m"))
    assert type(problem) is AnswerCut
    assert (problem.__cause__, problem.__context__) == (None, None)


def test_a_body_without_end_is_an_error_before_it_fills_the_memory(serve):
    server = serve()
    megabyte = b"x" * (1 << 20)

    def pour(connection, _):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range((LARGEST_BODY >> 20) + 8):
            connection.sendall(megabyte)
        return False

    server.on("", pour)
    problem = caught(reply_of(server).read)
    assert type(problem) is ConnectionBroken
    assert problem.message == f"127.0.0.1:{server.port} sent more than 32 MiB."


def test_closing_twice_is_closing_once(serve):
    reply = reply_of(serve(http(200, CHAT)))
    reply.close()
    reply.close()


@all_cases("body", [b"", b"<html>", b"[" * 100_000, b"\xff\xfe", b"{"])
def test_a_body_that_is_no_json_reads_as_none(serve, body):
    assert reply_of(serve(http(200, body))).json() is None


def test_threads_have_connections_of_their_own(serve):
    """requests does not promise that a session may be shared."""
    server = serve()
    everybody = threading.Barrier(8, timeout=5)

    def together(connection, _):
        everybody.wait()
        connection.sendall(http(200, CHAT))
        return True

    server.on("", together)
    transport, said = Transport(), []
    call = HttpRequest("POST", f"{server.url}/", body={})
    threads = [
        threading.Thread(target=lambda: said.append(transport.open(call).json())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert said == [CHAT] * 8
    assert server.connections == 8
    transport.close()


@all_cases(
    ("content", "reason"),
    [(object(), "object"), (b"bytes", "bytes"), (float("nan"), "float"), ({1, 2}, "set")],
)
def test_a_message_that_json_cannot_hold_is_the_users_mistake_and_nothing_is_sent(
    serve, content, reason
):
    server = serve(http(200, CHAT))
    session = connect(server)
    messages = [{"role": "user", "content": content}]
    problem = caught(lambda: session.chat(messages, model="m"))
    assert type(problem) is BadOption
    assert reason in problem.message
    assert "answer.text" in problem.hint
    assert server.of("/ml/") == []


def test_a_request_carries_who_asks_and_what_is_understood(serve):
    server = serve(http(200, CHAT))
    server.on("/ml/v1/text/chat_stream", chunked(b"data: {}\n\n"))
    session = connect(server)
    session.chat("hello", model="m")
    caught(lambda: session.stream("hello", model="m").answer)
    _, chat, stream = server.seen
    assert chat.headers["user-agent"].startswith("wx-notebook/")
    assert (chat.headers["accept"], chat.headers["content-type"]) == ("application/json",) * 2
    assert stream.headers["accept"] == "text/event-stream"
    assert stream.headers["accept-encoding"] == "identity"
