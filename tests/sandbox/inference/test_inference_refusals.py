"""The errors of the service, each with its own code."""

from __future__ import annotations

import pytest
import requests
from support.cases import all_cases

CHATS = ("/ml/v1/text/chat", "/ml/v1/text/chat_stream")
GENERATIONS = ("/ml/v1/text/generation", "/ml/v1/text/generation_stream")

MISSING = (400, "invalid_request_entity")
INVALID = (400, "json_validation_error")
WRONG_TYPE = (400, "json_type_error")


def user(content: object) -> dict[str, object]:
    return {"role": "user", "content": content}


def tool_call(**function: object) -> dict[str, object]:
    return {
        "role": "assistant",
        "tool_calls": [{"id": "1", "type": "function", "function": function}],
    }


PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
CHAT_CASES = [
    ({"model_id": ...}, MISSING, "model_id"),
    ({"model_id": None}, MISSING, "model_id"),
    ({"model_id": 5}, WRONG_TYPE, "model_id"),
    ({"messages": ...}, MISSING, "messages"),
    ({"messages": []}, MISSING, "messages"),
    ({"messages": "hello"}, WRONG_TYPE, "messages"),
    ({"messages": ["hello"]}, WRONG_TYPE, "messages[0]"),
    ({"messages": [{"content": "x"}]}, MISSING, "messages[0].role"),
    ({"messages": [{"role": "developer", "content": "x"}]}, INVALID, "messages[0].role"),
    ({"messages": [{"role": "User", "content": "x"}]}, INVALID, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, MISSING, "messages[0].content"),
    ({"messages": [user(None)]}, MISSING, "messages[0].content"),
    ({"messages": [user(5)]}, WRONG_TYPE, "messages[0].content"),
    ({"messages": [user([])]}, MISSING, "messages[0].content"),
    ({"messages": [user("a"), user([{"type": "text"}])]}, MISSING, "messages[1].content[0].text"),
    ({"messages": [user([{"type": "smell"}])]}, INVALID, "messages[0].content[0].type"),
    (
        {"messages": [user([{"type": "image_url", "image_url": {}}])]},
        MISSING,
        "messages[0].content[0].image_url.url",
    ),
    ({"messages": [{"role": "system", "content": []}]}, MISSING, "messages[0].content"),
    ({"messages": [{"role": "system", "content": 5}]}, WRONG_TYPE, "messages[0].content"),
    (
        {"messages": [{"role": "system", "content": [PICTURE]}]},
        INVALID,
        "messages[0].content[0].type",
    ),
    (
        {"messages": [{"role": "assistant", "content": [PICTURE]}]},
        INVALID,
        "messages[0].content[0].type",
    ),
    ({"messages": [{"role": "assistant"}]}, MISSING, "messages[0].content"),
    (
        {"messages": [tool_call(name="f")]},
        MISSING,
        "messages[0].tool_calls[0].function.arguments",
    ),
    (
        {"messages": [tool_call(name="f", arguments={})]},
        WRONG_TYPE,
        "messages[0].tool_calls[0].function.arguments",
    ),
    ({"messages": [{"role": "tool", "content": "7"}]}, MISSING, "messages[0].tool_call_id"),
    ({"temperature": 2.1}, INVALID, "temperature"),
    ({"temperature": -0.1}, INVALID, "temperature"),
    ({"temperature": 1e400}, (400, "invalid_request_entity"), None),
    ({"temperature": "0.5"}, WRONG_TYPE, "temperature"),
    ({"temperature": True}, WRONG_TYPE, "temperature"),
    ({"top_p": 1.1}, INVALID, "top_p"),
    ({"frequency_penalty": -3}, INVALID, "frequency_penalty"),
    ({"presence_penalty": 3}, INVALID, "presence_penalty"),
    ({"max_completion_tokens": -1}, INVALID, "max_completion_tokens"),
    ({"max_completion_tokens": 5.0}, WRONG_TYPE, "max_completion_tokens"),
    ({"max_tokens": "5"}, WRONG_TYPE, "max_tokens"),
    ({"n": 0}, INVALID, "n"),
    ({"seed": "x"}, WRONG_TYPE, "seed"),
    ({"stop": "x"}, WRONG_TYPE, "stop"),
    ({"stop": ["x", 5]}, WRONG_TYPE, "stop"),
    ({"time_limit": 0}, INVALID, "time_limit"),
    ({"reasoning_effort": "huge"}, INVALID, "reasoning_effort"),
    ({"logprobs": 1}, WRONG_TYPE, "logprobs"),
    ({"top_logprobs": 3}, INVALID, "top_logprobs"),
    ({"logprobs": True, "top_logprobs": 21}, INVALID, "top_logprobs"),
    ({"tool_choice_option": "any"}, INVALID, "tool_choice_option"),
    ({"tool_choice_option": "auto", "tool_choice": {}}, INVALID, "tool_choice"),
    ({"tools": [{"type": "function"}]}, MISSING, "tools[0].function"),
    ({"tools": [{"type": "function", "function": {}}]}, MISSING, "tools[0].function.name"),
    ({"parallel_tool_calls": "no"}, WRONG_TYPE, "parallel_tool_calls"),
    ({"response_format": {}}, MISSING, "response_format.type"),
    ({"response_format": {"type": "xml"}}, INVALID, "response_format.type"),
    ({"response_format": {"type": "json_schema"}}, MISSING, "response_format.json_schema"),
    ({"project_id": ...}, MISSING, None),
    ({"project_id": "my-project"}, INVALID, "project_id"),
    ({"project_id": "2c1d5b64-7a1e-11ee-b962-0242ac120002"}, INVALID, "project_id"),
    ({"project_id": 5}, WRONG_TYPE, "project_id"),
    ({"project_id": ..., "space_id": "x"}, INVALID, "space_id"),
]


@all_cases("path", CHATS)
@all_cases(("change", "expected", "field"), CHAT_CASES)
def test_a_chat_that_breaks_a_rule_is_refused_and_the_field_named(
    client, code_of, path, change, expected, field
):
    body = client.chat_body(**change)
    if change.get("temperature") == 1e400:
        body["temperature"] = float("nan")
    reply = post_any(client, path, body)
    assert code_of(reply) == expected
    target = reply.json()["errors"][0].get("target")
    assert target == ({"type": "field", "name": field} if field else None)


def post_any(client, path, body):
    """Like `client.post`, also for what is no JSON, such as NaN."""
    import json

    return client.http.post(
        f"{client.sandbox.url}{path}?version=2026-10-14",
        data=json.dumps(body),
        headers={"Authorization": f"Bearer {client.token or client.sign_in()}"},
        timeout=10,
    )


GENERATION_CASES = [
    ({"input": ...}, MISSING, "input"),
    ({"input": None}, MISSING, "input"),
    ({"input": ["x"]}, WRONG_TYPE, "input"),
    ({"model_id": ...}, MISSING, "model_id"),
    ({"project_id": ...}, MISSING, None),
    ({"parameters": []}, WRONG_TYPE, "parameters"),
    ({"parameters": {"max_new_tokens": -1}}, INVALID, "parameters.max_new_tokens"),
    ({"parameters": {"max_new_tokens": "5"}}, WRONG_TYPE, "parameters.max_new_tokens"),
    ({"parameters": {"decoding_method": "beam"}}, INVALID, "parameters.decoding_method"),
    ({"parameters": {"random_seed": 0}}, INVALID, "parameters.random_seed"),
    ({"parameters": {"top_k": 101}}, INVALID, "parameters.top_k"),
    ({"parameters": {"top_p": 0}}, INVALID, "parameters.top_p"),
    ({"parameters": {"temperature": 2.5}}, INVALID, "parameters.temperature"),
    ({"parameters": {"repetition_penalty": 0.9}}, INVALID, "parameters.repetition_penalty"),
    ({"parameters": {"stop_sequences": list("abcdefg")}}, INVALID, "parameters.stop_sequences"),
    ({"parameters": {"stop_sequences": ["a", "a"]}}, INVALID, "parameters.stop_sequences"),
    ({"parameters": {"truncate_input_tokens": 0}}, INVALID, "parameters.truncate_input_tokens"),
    ({"parameters": {"return_options": []}}, WRONG_TYPE, "parameters.return_options"),
    (
        {"parameters": {"return_options": {"token_ranks": 1}}},
        WRONG_TYPE,
        "parameters.return_options.token_ranks",
    ),
    (
        {"parameters": {"return_options": {"top_n_tokens": 6}}},
        INVALID,
        "parameters.return_options.top_n_tokens",
    ),
]


@all_cases("path", GENERATIONS)
@all_cases(("change", "expected", "field"), GENERATION_CASES)
def test_a_generation_that_breaks_a_rule_is_refused_and_the_field_named(
    client, code_of, path, change, expected, field
):
    reply = client.post(path, client.generation_body(**change))
    assert code_of(reply) == expected
    target = reply.json()["errors"][0].get("target")
    assert target == ({"type": "field", "name": field} if field else None)


def both(client) -> list[tuple[str, dict[str, object]]]:
    return [(path, client.chat_body()) for path in CHATS] + [
        (path, client.generation_body()) for path in GENERATIONS
    ]


def test_project_and_space_at_once_are_refused(client, code_of):
    for path, body in both(client):
        assert code_of(client.post(path, {**body, "space_id": client.sandbox.space_id})) == MISSING


def test_an_unknown_project_or_space_is_not_found(client, code_of, other_uuid):
    for path, body in both(client):
        reply = client.post(path, {**body, "project_id": other_uuid})
        assert code_of(reply) == (404, "container_not_found")
        assert other_uuid in reply.json()["errors"][0]["message"]
        body.pop("project_id")
        # the id of a project is no id of a space
        reply = client.post(path, {**body, "space_id": client.sandbox.project_id})
        assert code_of(reply) == (404, "container_not_found")


def test_a_project_without_a_runtime_is_refused(client, code_of):
    for path, body in both(client):
        reply = client.post(path, {**body, "project_id": client.sandbox.bare_project_id})
        assert code_of(reply) == (403, "no_associated_service_instance_error")
        told = f"{client.sandbox.bare_project_id} is not associated with a WML instance"
        assert told in reply.json()["errors"][0]["message"]


@pytest.mark.parametrize("model_id", ["ibm/granite-9", "mistralai/mixtral-8x7b-instruct-v01"])
def test_an_unknown_or_withdrawn_model_is_not_supported_and_named(client, code_of, model_id):
    for path, body in both(client):
        reply = client.post(path, {**body, "model_id": model_id})
        assert code_of(reply) == (404, "model_not_supported")
        assert model_id in reply.json()["errors"][0]["message"]


def test_a_model_that_cannot_do_it_is_refused_with_the_name_of_the_function(client, code_of):
    embedding = "ibm/granite-embedding-278m-multilingual"
    chat_only = "openai/gpt-oss-120b"
    chat = client.chat(model_id=embedding)
    body = client.generation_body(model_id=chat_only)
    generation = client.post("/ml/v1/text/generation", body)
    for reply, function in ((chat, "text_chat"), (generation, "text_generation")):
        assert code_of(reply) == (400, "model_no_support_for_function")
        assert function in reply.json()["errors"][0]["message"]


def test_a_prompt_longer_than_the_models_context_is_an_invalid_argument(client, code_of):
    old = {"model_id": "meta-llama/llama-2-13b-chat"}
    assert client.chat("word " * 4093, **old).status_code == 200
    assert code_of(client.chat("word " * 4094, **old)) == (400, "invalid_input_argument")
    body = client.generation_body("word " * 4097, **old)
    reply = client.post("/ml/v1/text/generation", body)
    assert code_of(reply) == (400, "invalid_input_argument")


@all_cases("version", [None, "", "today", "2026-13-01", "20261014", "2026-10-14x"])
def test_without_a_version_no_call_of_the_api_is_answered(client, code_of, version):
    for path, body in both(client):
        reply = client.post(path, body, version=version)
        assert code_of(reply) == MISSING
        assert reply.json()["errors"][0]["target"] == {"type": "parameter", "name": "version"}
    query = {} if version is None else {"version": version}
    assert code_of(client.get("/ml/v1/foundation_model_specs", **query)) == MISSING


@all_cases(
    "body", [b"", b"{", b"hello", b"\xff\xfe", b"[" * 100_000, b'{"a": 1}{"b": 2}', b"9" * 5000]
)
def test_a_body_that_is_not_json_is_refused(client, body):
    url = f"{client.sandbox.url}/ml/v1/text/chat?version=2026-10-14"
    headers = {"Authorization": f"Bearer {client.sign_in()}"}
    reply: requests.Response = client.http.post(url, data=body, headers=headers, timeout=10)
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["code"] in ("invalid_request_entity", "json_type_error")


@all_cases("body", ["[]", '"text"', "null", "5"])
def test_a_body_that_is_not_an_object_has_the_wrong_type(client, code_of, body):
    url = f"{client.sandbox.url}/ml/v1/text/chat?version=2026-10-14"
    headers = {"Authorization": f"Bearer {client.sign_in()}"}
    assert code_of(client.http.post(url, data=body, headers=headers, timeout=10)) == WRONG_TYPE


@all_cases("path", ["/ml/v1/text/detection", "/ml/v1/text/chat/", "/x", "/v2/projects/a/b"])
def test_what_is_not_there_is_not_found(client, code_of, path):
    assert code_of(client.get(path)) == (404, "not_found")
    assert code_of(client.post(path, {})) == (404, "not_found")


def test_the_error_of_a_wrong_method_names_the_right_one(client, code_of):
    reply = client.get("/ml/v1/text/chat", version="2026-10-14")
    assert code_of(reply) == (405, "method_not_allowed")
    assert reply.headers["Allow"] == "POST"
    assert code_of(client.post("/v2/projects", {})) == (405, "method_not_allowed")
