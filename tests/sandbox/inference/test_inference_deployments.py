"""A deployment: asked by its id or its serving name, without a model or a project."""

from __future__ import annotations

import pytest

CHAT = {"messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(params=["id", "serving name"])
def base(request, sandbox):
    name = sandbox.deployment_id if request.param == "id" else "sandbox_chat"
    return f"/ml/v1/deployments/{name}/text"


def test_chat_and_generation_are_answered_whole_and_streamed(client, base, events_of):
    client.sandbox.say(*["one two"] * 4)
    whole = client.post(f"{base}/chat", CHAT).json()
    assert whole["choices"][0]["message"]["content"] == "one two"
    events = events_of(client.post(f"{base}/chat_stream", CHAT).content)
    assert events[-1]["data"]["usage"]["completion_tokens"] == 2
    generated = client.post(f"{base}/generation", {"input": "hello"}).json()
    assert generated["results"][0]["generated_text"] == "one two"
    events = events_of(client.post(f"{base}/generation_stream", {"input": "hello"}).content)
    assert events[-1]["data"]["results"][0]["stop_reason"] == "eos_token"


def test_extra_fields_of_litellm_are_ignored(client, base):
    assert client.post(f"{base}/chat", {**CHAT, "model": "", "stream": False}).status_code == 200


def test_what_it_is_can_be_read(client):
    one = client.get(f"/ml/v4/deployments/{client.sandbox.deployment_id}", version="2026-10-14")
    assert one.json()["metadata"]["id"] == client.sandbox.deployment_id
    assert one.json()["entity"]["status"]["state"] == "ready"
    found = client.get("/ml/v4/deployments", version="2026-10-14", serving_name="sandbox_chat")
    assert found.json()["resources"] == [one.json()]
    none = client.get("/ml/v4/deployments", version="2026-10-14", serving_name="other").json()
    assert (none["resources"], none["total_count"]) == ([], 0)


def test_an_unknown_deployment_is_404_everywhere(client, other_uuid, code_of):
    path = f"/ml/v1/deployments/{other_uuid}/text/chat"
    assert code_of(client.post(path, CHAT)) == (404, "not_found")
    reply = client.get(f"/ml/v4/deployments/{other_uuid}", version="2026-10-14")
    assert code_of(reply) == (404, "not_found")
    assert code_of(client.get("/ml/v4/deployments")) == (400, "invalid_request_entity")


def test_there_is_nothing_to_embed_with_at_a_deployment(client, base, code_of):
    assert code_of(client.post(f"{base}/embeddings", {})) == (404, "not_found")


def test_a_prompt_template_refuses_a_system_message_because_it_has_its_own(client, code_of):
    base = "/ml/v1/deployments/sandbox_template/text"
    messages = [{"role": "system", "content": "Be brief."}, *CHAT["messages"]]
    assert code_of(client.post(f"{base}/chat", {"messages": messages})) == (
        400, "json_validation_error",
    )  # fmt: skip
    answer = client.post(f"{base}/chat", CHAT).json()["choices"][0]["message"]["content"]
    assert "You answer in one line." in answer
    assert code_of(client.post(f"{base}/generation", {"input": "hello"})) == (404, "not_found")
    found = client.get("/ml/v4/deployments", version="2026-10-14", name="sandbox_template").json()
    assert "prompt_template" in found["resources"][0]["entity"]


def test_a_deployment_without_a_template_takes_a_system_message(client, base):
    messages = [{"role": "system", "content": "Be brief."}, *CHAT["messages"]]
    reply = client.post(f"{base}/chat", {"messages": messages})
    assert reply.status_code == 200
    assert "Be brief." in reply.json()["choices"][0]["message"]["content"]
