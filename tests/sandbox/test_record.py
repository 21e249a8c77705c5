"""What the sandbox remembers of its calls, and what it must not."""

from __future__ import annotations

import threading

import pytest

from wx_notebook.sandbox import Call
from wx_notebook.sandbox import calls as record


def test_a_call_holds_what_came_and_what_went(client):
    client.chat("hello", temperature=0.5)
    token, chat = client.sandbox.calls
    assert isinstance(chat, Call)
    assert (token.kind, token.method, token.path) == ("token", "POST", "/identity/token")
    assert (chat.kind, chat.method, chat.path) == ("chat", "POST", "/ml/v1/text/chat")
    assert chat.query == {"version": "2026-10-14"}
    assert chat.headers["content-type"] == "application/json"
    assert chat.body_json["temperature"] == 0.5
    assert (token.status, chat.status) == (200, 200)


def test_a_body_that_is_no_json_has_none(client):
    client.exchange()
    assert client.sandbox.calls[0].body_json is None


def test_neither_key_nor_token_is_recorded(client):
    key = client.sandbox.api_key
    client.sign_in()
    client.chat(f"my key is {key}")
    client.get(f"/v2/projects/{key}", name=key)
    client.http.get(client.sandbox.url, headers={"X-Key": key}, auth=("u", key), timeout=10)
    client.http.post(
        f"{client.sandbox.url}/identity/token",
        data=f"apikey={key}&grant_type=x",
        headers={"Authorization": client.token},
        timeout=10,
    )
    seen = repr(client.sandbox.calls)
    assert key not in seen
    assert client.token not in seen
    assert client.sandbox.calls[1].headers["authorization"] == "Bearer <hidden>"
    assert client.sandbox.calls[3].headers["authorization"] == "Basic <hidden>"
    assert client.sandbox.calls[4].headers["authorization"] == "<hidden>"


@pytest.mark.parametrize(
    ("sent", "recorded"),
    [
        ("grant_type=g&apikey=REAL", b"grant_type=g&apikey=<hidden>"),
        ("apikey=REAL&grant_type=g", b"apikey=<hidden>&grant_type=g"),
        ('{"apikey": "REAL"}', b"<hidden>"),
        ("", b""),
    ],
)
def test_a_key_that_is_not_ours_is_not_recorded_either(client, sent, recorded):
    client.http.post(f"{client.sandbox.url}/identity/token", data=sent, timeout=10)
    assert client.sandbox.calls[0].body == recorded


def test_counts_hold_what_came_and_answer_nought_for_the_rest(client):
    client.sign_in()
    client.chat()
    client.chat(model_id="none")
    client.generate()
    client.stream().close()
    client.stream_generation().close()
    client.get("/v2/projects")
    client.get(f"/v2/projects/{client.sandbox.project_id}")
    client.get("/v2/spaces")
    client.get("/v2/spaces/x")
    client.get("/ml/v1/foundation_model_specs")
    client.get("/")
    client.get("/favicon.ico")
    assert client.sandbox.counts == {
        "token": 1,
        "chat": 2,
        "chat_stream": 1,
        "generation": 1,
        "generation_stream": 1,
        "projects": 1,
        "project": 1,
        "spaces": 1,
        "space": 1,
        "models": 1,
        "root": 1,
        "other": 1,
    }
    assert client.sandbox.counts["nothing"] == 0


def test_counts_and_calls_are_copies(client):
    client.exchange()
    client.sandbox.counts["token"] = 9
    client.sandbox.calls.clear()
    assert client.sandbox.counts == {"token": 1}
    assert len(client.sandbox.calls) == 1


def test_waiting_ends_when_the_call_comes(client):
    found: list[Call] = []

    def wait() -> None:
        found.append(client.sandbox.wait_for(lambda call: call.kind == "chat", timeout_s=10))

    waiting = threading.Thread(target=wait)
    waiting.start()
    client.chat()
    waiting.join(10)
    assert found[0].kind == "chat"


def test_waiting_in_vain_tells_what_was_seen(client):
    client.exchange()
    with pytest.raises(TimeoutError, match=r"within 0.01 s; the sandbox saw: token 1"):
        client.sandbox.wait_for(lambda call: call.kind == "chat", timeout_s=0.01)


def test_the_record_forgets_its_oldest_calls_but_counts_them(client, monkeypatch):
    monkeypatch.setattr(record, "MOST_CALLS", 3)
    for _ in range(5):
        client.get("/", auth=False)
    client.get("/last", auth=False)
    assert [call.path for call in client.sandbox.calls] == ["/", "/", "/last"]
    assert client.sandbox.counts == {"root": 5, "other": 1}


def test_the_record_keeps_no_more_bodies_than_fit(client, monkeypatch):
    client.sign_in()
    monkeypatch.setattr(record, "MOST_BODY_BYTES", 10_000)
    for _ in range(5):
        client.chat("x" * 4_000)
    assert 1 <= len(client.sandbox.calls) <= 2
    client.chat("x" * 20_000)
    assert len(client.sandbox.calls) == 1
