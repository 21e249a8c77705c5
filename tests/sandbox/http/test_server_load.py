"""Many clients at once, and for long: memory stays bounded. Figures: tests/benchmarks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.upstreams import UpstreamServer

from wx_notebook.sandbox import Sandbox
from wx_notebook.sandbox.http import request_log
from wx_notebook.sandbox.http.request_log import ReplyLog
from wx_notebook.sandbox.iam import account
from wx_notebook.sandbox.iam.account import TokenStore, Validity

pytestmark = pytest.mark.slow

STREAMS = 200


@pytest.mark.parametrize("with_upstream", [False, True])
def test_two_hundred_streams_at_once_all_come_whole(client_of, events_of, with_upstream):
    with (
        UpstreamServer() as upstream,
        Sandbox(upstream=upstream.url if with_upstream else None) as sandbox,
    ):
        token = client_of(sandbox).sign_in()
        start = threading.Barrier(STREAMS)

        def one(number: int) -> bool:
            client = client_of(sandbox)
            client.token = token
            start.wait(30)
            events = events_of(client.stream(f"prompt {number}").content)
            return events[-1]["data"]["usage"]["completion_tokens"] > 0

        with ThreadPoolExecutor(STREAMS) as pool:
            assert all(pool.map(one, range(STREAMS)))
        assert sandbox.counts["chat_stream"] == STREAMS


def test_tokens_that_are_asked_for_at_every_call_do_not_pile_up(client, monkeypatch):
    monkeypatch.setattr(account, "MOST_TOKENS", 3)
    first = client.sign_in()
    for _ in range(4):
        client.sign_in()
    assert client.chat().status_code == 200
    client.token = first
    assert client.chat().status_code == 401


def test_a_book_forgets_its_oldest_first(clock, monkeypatch):
    monkeypatch.setattr(account, "MOST_TOKENS", 2)
    store = TokenStore()
    for token in ("a", "b", "c"):
        store.add(token, clock, 10)
    assert [store.validity(token) for token in ("a", "b", "c")] == [
        Validity.UNKNOWN, Validity.VALID, Validity.VALID,
    ]  # fmt: skip


def test_replies_are_kept_up_to_a_number_and_up_to_a_size(monkeypatch):
    monkeypatch.setattr(request_log, "MOST_REPLIES", 3)
    monkeypatch.setattr(request_log, "MOST_REPLY_BYTES", 10)
    kept = ReplyLog()
    for number in range(5):
        kept.open(number)
        kept.add(number, b"12345")
        kept.add(number, b"1234567")
    assert [kept.reply(number) for number in range(5)] == [b"", b""] + [b"1234512345"] * 3
    # one that is forgotten and still going on does not come back
    kept.add(0, b"more")
    assert kept.reply(0) == b""
    monkeypatch.setattr(request_log, "MOST_REPLIES_BYTES", 25)
    kept.open(5)
    kept.add(5, b"1234567890")
    assert [bool(kept.reply(number)) for number in range(6)] == [False] * 4 + [True, True]


def test_a_sandbox_keeps_no_threads_of_its_calls(client_of):
    with UpstreamServer() as upstream:
        with Sandbox(upstream=upstream.url) as sandbox:
            client = client_of(sandbox)
            for _ in range(20):
                assert client.chat().status_code == 200
            names = [thread.name for thread in threading.enumerate()]
        assert names.count("wx-sandbox-upstream") <= 1
        assert names.count("wx-sandbox-connection") <= 1
