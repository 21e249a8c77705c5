"""langchain-ibm, which hangs on a client of IBM's SDK, against a sandbox with TLS."""

from __future__ import annotations

import asyncio

import pytest
from clients.asked import CHAT_MODEL, EMBEDDER, RANKER

from wx_notebook.sandbox import Sandbox

langchain_ibm = pytest.importorskip("langchain_ibm", reason="langchain-ibm is not installed")


@pytest.fixture
def arguments(api_client, tls_sandbox):
    return {"project_id": tls_sandbox.project_id, "watsonx_client": api_client}


@pytest.fixture
def chat(arguments):
    return langchain_ibm.ChatWatsonx(model_id=CHAT_MODEL, **arguments)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def test_it_starts_with_one_token(chat, tls_sandbox):
    assert tls_sandbox.counts == {"token": 1, "project": 1, "models": 1}


@pytest.mark.parametrize("kind", ["ChatWatsonx", "WatsonxLLM", "WatsonxEmbeddings"])
def test_its_ordinary_constructor_works_with_a_cluster_and_a_user_name(monkeypatch, kind):
    with Sandbox(kind="software", tls=True) as cluster:
        # what `wx-notebook sandbox --kind software --tls` prints
        monkeypatch.setenv("WATSONX_USERNAME", cluster.username)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cluster.ca_file))
        model = getattr(langchain_ibm, kind)(
            model_id=EMBEDDER if kind == "WatsonxEmbeddings" else CHAT_MODEL,
            url=cluster.url,
            apikey=cluster.api_key,
            project_id=cluster.project_id,
        )
        cluster.say("one two", "one two")
        if kind == "WatsonxEmbeddings":
            assert len(model.embed_query("hello")) == 768
        else:
            text = model.invoke("hello")
            assert getattr(text, "content", text) == "one two"
            assert len(list(model.stream("hello"))) >= 2


def test_it_chats_and_streams_with_usage(chat, tls_sandbox):
    tls_sandbox.say(*["one two three"] * 3)
    message = chat.invoke("hello")
    assert message.content == "one two three"
    assert message.usage_metadata["output_tokens"] == 3
    chunks = list(chat.stream("hello"))
    assert "".join(chunk.content for chunk in chunks) == "one two three"
    assert len(chunks) >= 3
    assert asyncio.run(chat.ainvoke("hello")).content == "one two three"


def test_it_calls_tools_whole_and_streamed_until_the_agent_comes_to_an_end(chat):
    from langchain_core.messages import HumanMessage, ToolMessage

    able = chat.bind_tools([add])
    asked = HumanMessage("Add two numbers.")
    called = able.invoke([asked])
    (call,) = called.tool_calls
    assert (call["name"], set(call["args"])) == ("add", {"a", "b"})
    first, *rest = able.stream([asked])
    for chunk in rest:
        first += chunk
    assert [each["args"] for each in first.tool_calls] == [call["args"]]
    told = able.invoke([asked, called, ToolMessage("5", tool_call_id=call["id"])])
    assert told.tool_calls == []
    assert told.content


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_it_gets_structured_output(chat, method):
    from pydantic import BaseModel, Field

    class Person(BaseModel):
        name: str = Field(max_length=10)
        age: int = Field(ge=18)

    person = chat.with_structured_output(Person, method=method).invoke("hello")
    assert person.age >= 18


def test_it_generates_and_counts_tokens(arguments, tls_sandbox):
    tls_sandbox.say("one two", "one two")
    model = langchain_ibm.WatsonxLLM(model_id=CHAT_MODEL, **arguments)
    assert model.invoke("hello") == "one two"
    assert "".join(model.stream("hello")) == "one two"
    assert model.get_num_tokens("one two three") == 3


def test_it_embeds(arguments):
    embedder = langchain_ibm.WatsonxEmbeddings(model_id=EMBEDDER, **arguments)
    assert len(embedder.embed_query("hello")) == 768
    assert [len(vector) for vector in embedder.embed_documents(["a", "b"])] == [768, 768]


def test_it_reranks(arguments):
    from langchain_core.documents import Document

    ranker = langchain_ibm.WatsonxRerank(model_id=RANKER, **arguments)
    found = ranker.compress_documents([Document("Dogs bark."), Document("A cat.")], "cat")
    assert found[0].page_content == "A cat."


def test_an_hour_later_it_works_on(chat, tls_sandbox, an_hour_later):
    chat.invoke("hello")
    an_hour_later()
    assert chat.invoke("hello").content
    assert list(chat.stream("hello"))
    assert tls_sandbox.counts["token"] == 2


def test_a_revoked_token_it_sends_four_times_and_gives_up(chat, tls_sandbox):
    from ibm_watsonx_ai.wml_client_error import WMLClientError

    tls_sandbox.revoke_tokens()
    with pytest.raises(WMLClientError, match="authentication_token_not_valid"):
        chat.invoke("hello")
    assert [call.status for call in tls_sandbox.calls if call.kind == "chat"] == [401] * 4
    assert tls_sandbox.counts["token"] == 1
