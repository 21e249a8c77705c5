"""litellm against a sandbox over plain http."""

from __future__ import annotations

import json
import time

import jsonschema
import pytest
from clients.asked import ADD, CHAT_MODEL, EMBEDDER, HELLO, PERSON, PERSON_FORMAT, RANKER

litellm = pytest.importorskip("litellm", reason="litellm is not installed")

CHAT = f"watsonx/{CHAT_MODEL}"


@pytest.fixture
def account(sandbox, monkeypatch):
    """The address of IAM is read from the environment only, and has to be the whole path."""
    monkeypatch.setenv("WATSONX_IAM_URL", f"{sandbox.url}/identity/token")
    return {
        "api_base": sandbox.url,
        "api_key": sandbox.api_key,
        "project_id": sandbox.project_id,
    }


@pytest.fixture
def chat(account):
    def ask(**more):
        return litellm.completion(CHAT, messages=HELLO, **account, **more)

    return ask


def test_it_chats_and_keeps_its_token(chat, sandbox):
    sandbox.say("one two three")
    reply = chat()
    assert reply.choices[0].message.content == "one two three"
    assert reply.usage.completion_tokens == 3
    chat()
    assert sandbox.counts == {"token": 1, "chat": 2}


def test_it_streams(chat, sandbox):
    sandbox.say("one two three")
    chunks = list(chat(stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "one two three"
    assert sandbox.counts["chat_stream"] == 1


def test_it_takes_everything_from_the_environment_too(sandbox, account, monkeypatch):
    monkeypatch.setenv("WATSONX_URL", sandbox.url)
    monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("WATSONX_PROJECT_ID", sandbox.project_id)
    assert litellm.completion(CHAT, messages=HELLO).choices[0].message.content


def test_it_gets_an_instance_of_a_schema(chat):
    answer = chat(response_format=PERSON_FORMAT).choices[0].message.content
    jsonschema.validate(json.loads(answer), PERSON)


def test_it_calls_tools_whole_and_streamed(chat):
    pytest.importorskip("mcp", reason="litellm needs the package mcp for tools")
    (call,) = chat(tools=[ADD], tool_choice="required").choices[0].message.tool_calls
    assert set(json.loads(call.function.arguments)) == {"a", "b"}
    whole = litellm.stream_chunk_builder(list(chat(tools=[ADD], stream=True)))
    (streamed,) = whole.choices[0].message.tool_calls
    assert json.loads(streamed.function.arguments) == json.loads(call.function.arguments)


def test_it_embeds(account):
    reply = litellm.embedding(f"watsonx/{EMBEDDER}", input=["hello", "you"], **account)
    assert [len(each["embedding"]) for each in reply.data] == [768, 768]
    assert reply.usage.prompt_tokens == 2


def test_it_reranks(account):
    reply = litellm.rerank(
        f"watsonx/{RANKER}", query="cat", documents=["Dogs bark.", "A cat."], top_n=1, **account
    )
    (best,) = reply.results
    assert best["index"] == 1


def test_it_asks_a_deployment(account, sandbox):
    reply = litellm.completion(
        f"watsonx/deployment/{sandbox.deployment_id}", messages=HELLO, **account
    )
    assert reply.choices[0].message.content
    assert sandbox.counts["deployment_chat"] == 1


def test_it_counts_tokens_by_itself(sandbox):
    assert litellm.token_counter(CHAT, text="one two three") > 0
    assert sandbox.calls == []


def test_when_its_token_has_expired_it_has_another_one(chat, sandbox, clock):
    # it keeps a token until ten seconds before the end, by a clock that no test can move
    sandbox.token_lifetime_s = 11
    assert chat().choices
    clock.ahead += 11
    time.sleep(1.2)
    assert chat().choices
    assert list(chat(stream=True))
    assert sandbox.counts["token"] == 2
    assert {call.status for call in sandbox.calls} == {200}


def test_a_revoked_token_is_an_error_at_once_and_no_new_one_is_fetched(chat, sandbox):
    chat()
    sandbox.revoke_tokens()
    with pytest.raises(litellm.AuthenticationError, match="authentication_token_not_valid"):
        chat()
    assert [call.status for call in sandbox.calls if call.kind == "chat"] == [200, 401]
    assert sandbox.counts["token"] == 1


def test_a_model_that_is_not_there_is_told(account):
    with pytest.raises(litellm.NotFoundError, match="model_not_supported"):
        litellm.completion("watsonx/no/such", messages=HELLO, **account)


def test_a_ready_token_needs_no_iam(sandbox):
    reply = litellm.completion(
        CHAT, messages=HELLO, api_base=sandbox.url, token=sandbox.issue_token(),
        project_id=sandbox.project_id,
    )  # fmt: skip
    assert reply.choices[0].message.content
    assert sandbox.counts == {"chat": 1}
