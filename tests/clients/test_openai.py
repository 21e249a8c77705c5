"""OpenAI's client on the model gateway."""

from __future__ import annotations

import json
import ssl

import pytest
from clients.asked import ADD, CHAT_MODEL, EMBEDDER, HELLO

openai = pytest.importorskip("openai", reason="openai is not installed")


@pytest.fixture
def client(sandbox):
    return openai.OpenAI(base_url=f"{sandbox.url}/ml/gateway/v1", api_key=sandbox.issue_token())


def test_it_chats_and_streams(client, sandbox):
    sandbox.say("one two three")
    reply = client.chat.completions.create(model=CHAT_MODEL, messages=HELLO)
    assert reply.choices[0].message.content == "one two three"
    assert reply.usage.completion_tokens == 3
    for more, usage in ({}, None), ({"stream_options": {"include_usage": True}}, reply.usage):
        sandbox.say("one two three")
        chunks = list(
            client.chat.completions.create(model=CHAT_MODEL, messages=HELLO, stream=True, **more)
        )
        assert "".join(c.choices[0].delta.content or "" for c in chunks) == "one two three"
        assert chunks[-1].usage == usage


def test_it_calls_tools_and_parses_instances_of_a_schema(client):
    from pydantic import BaseModel

    class Person(BaseModel):
        name: str
        age: int

    reply = client.chat.completions.create(model=CHAT_MODEL, messages=HELLO, tools=[ADD])
    (call,) = reply.choices[0].message.tool_calls
    assert set(json.loads(call.function.arguments)) == {"a", "b"}
    reply = client.chat.completions.parse(model=CHAT_MODEL, messages=HELLO, response_format=Person)
    assert isinstance(reply.choices[0].message.parsed, Person)


def test_it_embeds_in_the_packed_form_that_it_asks_for(client, sandbox):
    reply = client.embeddings.create(model=EMBEDDER, input=["hello", "you"])
    assert [len(each.embedding) for each in reply.data] == [768, 768]
    (call,) = sandbox.calls
    assert call.body_json["encoding_format"] == "base64"


def test_it_lists_models_and_completes_text(client):
    assert CHAT_MODEL in {model.id for model in client.models.list()}
    assert client.models.retrieve(CHAT_MODEL).owned_by == "IBM"
    assert client.completions.create(model=CHAT_MODEL, prompt="hello").choices[0].text


def test_a_token_that_was_given_is_not_renewed_and_says_so(client, clock, sandbox):
    clock.ahead += 3600
    # openai 3 shows the message alone, openai 2 the whole body
    with pytest.raises(openai.AuthenticationError, match="expired"):
        client.chat.completions.create(model=CHAT_MODEL, messages=HELLO)
    assert sandbox.counts == {"gateway_chat": 1}


def test_a_function_in_place_of_the_key_outlives_a_token_and_a_revocation(sandbox, clock):
    client = openai.OpenAI(base_url=f"{sandbox.url}/ml/gateway/v1", api_key=sandbox.issue_token)
    for later in (0, 3600, 7200):
        clock.ahead = later
        assert client.chat.completions.create(model=CHAT_MODEL, messages=HELLO).choices
    sandbox.revoke_tokens()
    assert client.chat.completions.create(model=CHAT_MODEL, messages=HELLO).choices


def test_a_model_that_is_not_there_is_told(client):
    with pytest.raises(openai.NotFoundError, match="no/such") as caught:
        client.chat.completions.create(model="no/such", messages=HELLO)
    assert caught.value.code == "model_not_found"


def test_it_trusts_the_file_of_a_sandbox_with_tls(tls_sandbox):
    import httpx

    context = ssl.create_default_context(cafile=tls_sandbox.ca_file)
    client = openai.OpenAI(
        base_url=f"{tls_sandbox.url}/ml/gateway/v1",
        api_key=tls_sandbox.issue_token(),
        http_client=httpx.Client(verify=context),
    )
    assert client.chat.completions.create(model=CHAT_MODEL, messages=HELLO).choices
