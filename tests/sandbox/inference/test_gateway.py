"""The model gateway: OpenAI's bodies, streams with `[DONE]`, errors in a shape of its own."""

from __future__ import annotations

import base64
import json
import struct

import pytest
from support.cases import all_cases

CHAT, COMPLETIONS, EMBEDDINGS, MODELS = (
    f"/ml/gateway/v1/{name}" for name in ("chat/completions", "completions", "embeddings", "models")
)
MODEL = "ibm/granite-4-h-small"
EMBEDDER = "ibm/granite-embedding-278m-multilingual"
HELLO = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture
def ask(client):
    """Neither a version nor a project is sent, as IBM's own clients do."""

    def send(path=CHAT, body=HELLO, **more):
        whole = {**body, **more}
        sent = {name: value for name, value in whole.items() if value is not ...}
        return client.post(path, sent, version=None)

    return send


def error_of(reply):
    error = reply.json()["error"]
    assert set(reply.json()) == {"error"}
    assert set(error) == {"code", "message", "request_id"}
    return reply.status_code, error["code"]


def chunks_of(reply):
    assert reply.headers["Content-Type"] == "text/event-stream"
    *events, done, end = reply.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    assert all(event.startswith("data: {") and "\n" not in event for event in events)
    return [json.loads(event.removeprefix("data: ")) for event in events]


def test_a_chat_is_answered_as_openai_has_it(client, ask):
    client.sandbox.say("one two")
    document = ask().json()
    assert document["object"] == "chat.completion"
    assert document["model"] == MODEL
    (choice,) = document["choices"]
    assert choice["message"] == {"role": "assistant", "content": "one two", "refusal": None}
    assert choice["finish_reason"] == "stop"
    assert document["usage"] == {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}
    assert document["cached"] is False


def test_a_stream_is_bare_data_with_empty_reasons_until_the_end(client, ask):
    client.sandbox.say("one two three")
    chunks = chunks_of(ask(stream=True))
    assert all(len(chunk["choices"]) == 1 for chunk in chunks)
    choices = [chunk["choices"][0] for chunk in chunks]
    assert "".join(c["delta"].get("content", "") for c in choices) == "one two three"
    assert [c["finish_reason"] for c in choices] == ["", "", "", "", "stop"]


@all_cases("options", [..., None, {}, {"include_usage": False}])
def test_a_stream_has_no_usage_unless_it_is_asked_for(ask, options):
    chunks = chunks_of(ask(stream=True, stream_options=options))
    assert [chunk["usage"] for chunk in chunks] == [None] * len(chunks)


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
def test_the_usage_that_is_asked_for_comes_in_a_chunk_of_its_own_behind_the_end(client, ask, path):
    client.sandbox.say("one two three")
    body = {**HELLO, "prompt": "hello"}
    *before, last = chunks_of(ask(path, body, stream=True, stream_options={"include_usage": True}))
    assert [chunk["usage"] for chunk in before] == [None] * len(before)
    assert before[-1]["choices"][0]["finish_reason"] == "stop"
    assert last["usage"]["completion_tokens"] == 3
    (choice,) = last["choices"]
    assert choice["finish_reason"] == ""
    assert choice.get("text", choice.get("delta", {}).get("content")) == ""


@all_cases(("effort", "sentences"), [("minimal", 1), ("low", 1), ("medium", 2), ("high", 3)])
def test_reasoning_is_passed_whole_and_streamed(ask, effort, sentences):
    body = {"model": "openai/gpt-oss-120b", "reasoning_effort": effort}
    document = ask(**body).json()
    thought = document["choices"][0]["message"]["reasoning_content"]
    assert thought.count(".") == sentences
    assert document["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
    deltas = [c["choices"][0]["delta"] for c in chunks_of(ask(**body, stream=True))]
    assert "".join(each.get("reasoning_content", "") for each in deltas) == thought


@all_cases("effort", [..., None, "none", 5])
def test_without_an_effort_that_is_known_there_is_no_reasoning(ask, effort):
    reply = ask(model="openai/gpt-oss-120b", reasoning_effort=effort)
    assert "reasoning_content" not in reply.json()["choices"][0]["message"]


def test_several_choices_come_whole_and_in_turn(client, ask):
    client.sandbox.say("one two", "three four", "one two", "three four")
    document = ask(n=2).json()
    assert [c["message"]["content"] for c in document["choices"]] == ["one two", "three four"]
    texts = ["", ""]
    for chunk in chunks_of(ask(n=2, stream=True)):
        (choice,) = chunk["choices"]
        texts[choice["index"]] += choice["delta"].get("content", "")
    assert texts == ["one two", "three four"]


def test_log_probabilities_have_openais_layout(client, ask):
    client.sandbox.say("Four now", "Four now")
    asked = {"logprobs": True, "top_logprobs": 2}
    whole = ask(**asked).json()["choices"][0]["logprobs"]
    assert whole["refusal"] == []
    for entry in whole["content"]:
        assert entry["bytes"] == list(entry["token"].encode())
        assert len(entry["top_logprobs"]) == 2
    chunks = chunks_of(ask(**asked, stream=True))
    streamed = [c["choices"][0]["logprobs"] for c in chunks]
    assert [each for part in streamed if part for each in part["content"]] == whole["content"]


def test_it_says_that_no_model_was_asked_in_words_and_in_the_fingerprint(ask):
    document = ask().json()
    assert "no model was asked" in document["choices"][0]["message"]["content"].lower()
    assert "no-model-was-asked" in document["system_fingerprint"]


def test_the_words_of_openai_are_understood(client, ask):
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "content": [{"type": "text", "text": "7"}], "tool_call_id": "1"},
    ]  # fmt: skip
    client.sandbox.say("a b STOP c")
    reply = ask(messages=messages, stop="STOP", tool_choice="none", reasoning_effort="minimal",
                stream_options={"include_usage": True}, metadata={}, store=False)  # fmt: skip
    assert reply.json()["choices"][0]["message"]["content"] == "a b "


def test_a_tool_is_called_whole_and_in_pieces(ask):
    numbers = {"a": {"type": "integer"}, "b": {"type": "integer"}}
    function = {"name": "add", "parameters": {"type": "object", "properties": numbers}}
    tool = {"type": "function", "function": function}
    (choice,) = ask(tools=[tool], tool_choice="required").json()["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    (call,) = choice["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"a": 1, "b": 1}
    chunks = chunks_of(ask(tools=[tool], stream=True))
    deltas = [call for c in chunks for call in c["choices"][0]["delta"].get("tool_calls", [])]
    assert "".join(call["function"]["arguments"] for call in deltas) == '{"a": 1, "b": 1}'
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_text_completions_are_answered_too(client, ask):
    client.sandbox.say("one two", "one two", "one two")
    body = {"model": MODEL, "prompt": "hello"}
    document = ask(COMPLETIONS, body).json()
    assert document["object"] == "text_completion"
    assert document["choices"][0]["text"] == "one two"
    assert ask(COMPLETIONS, body, prompt=["hello"]).status_code == 200
    chunks = chunks_of(ask(COMPLETIONS, body, stream=True))
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "one two"


def test_embeddings_come_as_numbers_or_in_base64(ask):
    numbers = ask(EMBEDDINGS, {"model": EMBEDDER, "input": ["a", "b"]}).json()
    packed = ask(EMBEDDINGS, {"model": EMBEDDER, "input": "a", "encoding_format": "base64"}).json()
    assert [each["index"] for each in numbers["data"]] == [0, 1]
    assert numbers["usage"] == {"prompt_tokens": 2, "total_tokens": 2}
    vector = struct.unpack("<768f", base64.b64decode(packed["data"][0]["embedding"]))
    assert vector == pytest.approx(numbers["data"][0]["embedding"])


def test_models_are_listed_and_found_by_uuid_and_by_id(client):
    models = client.get(MODELS).json()
    assert models["object"] == "list"
    assert {MODEL, EMBEDDER} <= {model["id"] for model in models["data"]}
    for model in models["data"]:
        assert set(model) == {"uuid", "id", "object", "created", "owned_by", "alias",
                              "description", "metadata"}  # fmt: skip
    first = models["data"][0]
    assert client.get(f"{MODELS}/{first['uuid']}").json() == first
    assert client.get(f"{MODELS}/{first['id'].replace('/', '%2F')}").json() == first
    assert error_of(client.get(f"{MODELS}/no/such")) == (404, "model_not_found")


@all_cases(
    ("path", "change", "expected"),
    [
        (CHAT, {"model": ...}, (400, "invalid_request_entity")),
        (CHAT, {"messages": ...}, (400, "invalid_request_entity")),
        (CHAT, {"messages": []}, (400, "invalid_request_entity")),
        (CHAT, {"messages": [5]}, (400, "json_type_error")),
        (CHAT, {"temperature": 3}, (400, "json_validation_error")),
        (CHAT, {"model": "no/such"}, (404, "model_not_found")),
        (CHAT, {"model": EMBEDDER}, (404, "model_not_found")),
        (COMPLETIONS, {"prompt": ["a", "b"]}, (400, "json_type_error")),
        (COMPLETIONS, {}, (400, "invalid_request_entity")),
        (EMBEDDINGS, {"model": EMBEDDER}, (400, "invalid_request_entity")),
        (EMBEDDINGS, {"model": EMBEDDER, "input": [5]}, (400, "invalid_request_entity")),
        (EMBEDDINGS, {"input": "x"}, (404, "model_not_found")),
        ("/ml/gateway/v1/providers", {}, (404, "not_found")),
    ],
)
def test_errors_have_the_shape_of_the_gateway(ask, path, change, expected):
    assert error_of(ask(path, **change)) == expected


def test_a_body_that_is_not_json_is_refused_by_name(client):
    client.sign_in()
    reply = client.http.post(f"{client.sandbox.url}{CHAT}", data=b"{",
                             headers={"Authorization": f"Bearer {client.token}"})  # fmt: skip
    assert error_of(reply) == (400, "invalid_request_entity")


def test_a_bad_token_and_a_fault_have_it_too(client, ask):
    client.sandbox.fault("429", retry_after=2)
    reply = ask()
    assert error_of(reply) == (429, "rate_limit_reached_requests")
    assert reply.headers["Retry-After"] == "2"
    client.sandbox.revoke_tokens()
    assert error_of(ask()) == (401, "authentication_token_not_valid")


def test_its_streams_can_be_cut(client, ask):
    import requests

    client.sandbox.fault("cut")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(stream=True)
    with pytest.raises(ValueError, match="cannot hit"):
        client.sandbox.fault("error-event", on="gateway_chat")
