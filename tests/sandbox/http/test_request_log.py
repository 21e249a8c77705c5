"""The log of requests: what it holds, and what it must not hold."""

from __future__ import annotations

import base64
import itertools
import json
import threading

import pytest
from support.cases import all_cases

from wx_notebook.sandbox import Call
from wx_notebook.sandbox.http import request_log as record


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


def test_a_body_that_is_not_json_has_no_parsed_form(client):
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


@all_cases(
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
    assert client.sandbox.calls[-1].body == recorded


SECRET = "hunter2-AbC9xYz8QwE7rTy6UiO5pAs4"
BASIC = base64.b64encode(f"jane:{SECRET}".encode()).decode()
#: Where a client may put a secret that the sandbox does not know: what it sends beside a prompt.
PLACES = {
    "X-Auth-Token": {"headers": {"X-Auth-Token": SECRET}},
    "api-key": {"headers": {"api-key": SECRET}},
    "a key of another cloud": {"headers": {"Ocp-Apim-Subscription-Key": SECRET}},
    "a header of unknown meaning": {"headers": {"X-Acme-Thing": SECRET}},
    "a header with an address": {"headers": {"Referer": f"https://x.example/?apikey={SECRET}"}},
    "Authorization: Basic": {"headers": {"Authorization": f"Basic {BASIC}"}},
    "Authorization without a scheme": {"headers": {"Authorization": SECRET}},
    "Authorization, the secret first": {"headers": {"Authorization": f"{SECRET} x"}},
    "another authorization": {"headers": {"X-Forwarded-Authorization": f"Bearer {SECRET}"}},
    "a cookie": {"headers": {"Cookie": f"sid={SECRET}; a=b"}},
    "?apikey=": {"params": {"apikey": SECRET}},
    "?X-Access-Token=": {"params": {"X-Access-Token": SECRET}},
    "?key=": {"params": {"key": SECRET}},
    "?sig=, random": {"params": {"sig": SECRET}},
    "the name of a parameter": {"params": {SECRET: ""}},
    "JSON api_key": {"json": {"api_key": SECRET}},
    "JSON, deep": {"json": {"a": [{"b": {"clientSecret": SECRET}}]}},
    "JSON, a list": {"json": {"passwords": [SECRET, "x"]}},
    "JSON, an object": {"json": {"credentials": {"value": SECRET}}},
    "JSON in a string": {"json": {"arguments": json.dumps({"apiKey": SECRET})}},
    "JSON with names as values": {"json": {"headers": [{"name": "X-Api-Key", "value": SECRET}]}},
    "JSON with a header as value": {"json": {"header": f"Authorization: Bearer {SECRET}"}},
    "JSON that breaks off": {"data": '{"a": 1, "api_key": "' + SECRET},
    "JSON nested too deeply": {"data": '{"api_key": "' + SECRET + '", "x": ' + "[" * 9000},
    "JSON nested deeply": {
        "data": '{"api_key": "' + SECRET + '", "x": ' + "[" * 450 + "]" * 450 + "}"
    },
    "a form": {"data": {"client_secret": SECRET, "a": "b"}},
    "a form, its name in escapes": {"data": f"api%5Fkey={SECRET}&a=b"},
    "a form with files": {"files": {"password": (None, SECRET), "a": (None, "b")}},
    "YAML": {"data": f"a: b\napi-key: {SECRET}\n"},
}


PATHS = ("/ml/v1/text/chat", "/identity/token", "/elsewhere/v3")


@all_cases(
    ("place", "path"),
    [*zip(PLACES, itertools.cycle(PATHS)), *(("JSON api_key", path) for path in PATHS)],
)
def test_a_secret_of_a_client_is_concealed_by_its_name_at_any_path(client, place, path):
    sent = {"headers": {"Authorization": f"Bearer {client.token}"}}
    client.http.post(f"{client.sandbox.url}{path}", timeout=10, **(sent | PLACES[place]))
    call = client.sandbox.calls[-1]
    page = client.http.get(client.sandbox.url, headers={"Accept": "text/html"}, timeout=10).text
    for seen in (repr(call), page):
        assert SECRET not in seen
        assert BASIC not in seen
    assert "<hidden>" in repr((call.query, call.headers, call.body))


def test_a_secret_in_a_path_is_concealed(client):
    client.http.get(f"{client.sandbox.url}/v1/keys/{SECRET}/x", timeout=10)
    assert client.sandbox.calls[-1].path == "/v1/keys/<hidden>/x"


@all_cases("before", ["", "u:", "ab:", "a-name:"])
def test_the_sandboxs_own_key_is_concealed_in_base64_too(client, before):
    key = client.sandbox.api_key
    text = base64.b64encode(f"{before}{key}".encode()).decode()
    client.http.post(f"{client.sandbox.url}/x", timeout=10, json={"note": f"is {text}"},
                     headers={"X-Note": text})  # fmt: skip
    call = client.sandbox.calls[-1]
    for each in (call.headers["x-note"], call.body.decode()):
        assert text not in each
        assert not any(text[at : at + 20] in each for at in range(len(before), len(text) - 24))


#: What a prompt has and is no secret.
HARMLESS = [
    {"max_tokens": 20, "messages": [{"role": "user", "content": "What is a token? key: value"}]},
    {"parameters": {"max_new_tokens": 5, "stop_sequences": ["tokens"]}, "model_id": "ibm/x-3-8b"},
    {"tools": [{"type": "function", "function": {"name": "sign_in", "parameters": {
        "type": "object", "properties": {"password": {"type": "string"}, "api_key": {}}}}}]},
    {"tool_choice_option": "auto", "keywords": ["a"], "author": "jane", "primary_key": "id"},
    {"truncate_input_tokens": "512", "token_type": "x", "return_options": {"input_tokens": True}},
]  # fmt: skip


@all_cases("number", range(len(HARMLESS)))
def test_a_prompt_is_recorded_byte_for_byte(client, number):
    body = json.dumps(HARMLESS[number], indent=1, ensure_ascii=False).encode()
    project = "0fe6cb29-5cd8-4f2b-aabb-a7bb8a4b3a95"
    client.http.post(f"{client.sandbox.url}/ml/v1/text/chat", data=body, timeout=10,
                     params={"version": "2025-10-01", "project_id": project, "limit": "100",
                             "filters": "modelid_ibm/granite-4-h-small,function_text_generation"},
                     headers={"X-Request-Id": "Ab3" * 12, "User-Agent": "A/1 b-c-d-e"})  # fmt: skip
    call = client.sandbox.calls[-1]
    assert call.body == body
    assert call.query["project_id"] == project
    assert "<hidden>" not in repr((call.query, call.headers))


def test_a_bug_of_the_sandbox_is_answered_without_what_it_was_about(client, monkeypatch):
    from wx_notebook.sandbox import service

    async def fail(*_):
        raise KeyError(SECRET)

    monkeypatch.setattr(service.Service, "answer", fail)
    said = client.http.get(f"{client.sandbox.url}/v2/projects", timeout=10)
    assert said.status_code == 500
    assert SECRET not in said.text
    assert "The sandbox itself failed (KeyError)." in said.text


def test_counts_hold_what_came_and_are_zero_for_the_rest(client):
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


def test_the_error_of_a_wait_lists_what_was_seen(client):
    client.exchange()
    with pytest.raises(TimeoutError, match=r"within 0.01 s. The sandbox saw: token 1"):
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
