"""IBM's SDK, `ibm-watsonx-ai`, against a sandbox with TLS."""

from __future__ import annotations

import json
import time
from pathlib import Path

import jsonschema
import pytest
from clients.asked import ADD, CHAT_MODEL, EMBEDDER, HELLO, PERSON, PERSON_FORMAT, RANKER

pytestmark = pytest.mark.slow

sdk = pytest.importorskip("ibm_watsonx_ai", reason="IBM's SDK is not installed")


@pytest.fixture
def model(api_client):
    from ibm_watsonx_ai.foundation_models import ModelInference

    return ModelInference(model_id=CHAT_MODEL, api_client=api_client)


@pytest.fixture
def deployed(api_client, tls_sandbox):
    from ibm_watsonx_ai.foundation_models import ModelInference

    return ModelInference(deployment_id=tls_sandbox.deployment_id, api_client=api_client)


@pytest.fixture
def gateway(api_client):
    from ibm_watsonx_ai.gateway import Gateway

    return Gateway(api_client=api_client)


def content_of(reply) -> str:
    return reply["choices"][0]["message"]["content"]


def deltas_of(events) -> str:
    return "".join(c["delta"].get("content") or "" for e in events for c in e["choices"])


def test_it_starts_with_one_token_and_one_look_at_the_project(model, tls_sandbox):
    assert tls_sandbox.counts == {"token": 1, "project": 1, "models": 1}


def test_a_space_does_as_well_as_a_project(credentials, tls_sandbox):
    client = sdk.APIClient(credentials, space_id=tls_sandbox.space_id)
    assert client.default_space_id == tls_sandbox.space_id
    assert tls_sandbox.counts["space"] == 1


def test_it_lists_models_projects_and_spaces(api_client, tls_sandbox):
    models = api_client.foundation_models.get_chat_model_specs()["resources"]
    assert CHAT_MODEL in {each["model_id"] for each in models}
    projects = api_client.projects.get_details()["resources"]
    assert tls_sandbox.project_id in {each["metadata"]["guid"] for each in projects}
    spaces = api_client.spaces.get_details()["resources"]
    assert tls_sandbox.space_id in {each["metadata"]["id"] for each in spaces}


def test_it_chats_and_streams(model, tls_sandbox):
    tls_sandbox.say("one two three", "one two three")
    reply = model.chat(messages=HELLO)
    assert content_of(reply) == "one two three"
    assert reply["usage"]["completion_tokens"] == 3
    events = list(model.chat_stream(messages=HELLO))
    assert deltas_of(events) == "one two three"
    assert events[-1]["usage"] == reply["usage"]


def test_it_generates_and_streams(model, tls_sandbox):
    tls_sandbox.say("one two three", "one two three")
    assert model.generate_text("hello") == "one two three"
    assert "".join(model.generate_text_stream("hello")) == "one two three"


def test_it_gets_an_instance_of_a_schema_and_a_tool_call(model):
    answer = model.chat(messages=HELLO, params={"response_format": PERSON_FORMAT})
    jsonschema.validate(json.loads(content_of(answer)), PERSON)
    answer = model.chat(messages=HELLO, tools=[ADD], tool_choice_option="required")
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert set(json.loads(call["function"]["arguments"])) == {"a", "b"}


def test_it_counts_tokens(model):
    result = model.tokenize("one two three", return_tokens=True)["result"]
    assert result["token_count"] == len(result["tokens"]) == 3


def test_it_embeds_and_similar_texts_are_nearer(api_client):
    from ibm_watsonx_ai.foundation_models import Embeddings

    embedder = Embeddings(model_id=EMBEDDER, api_client=api_client)
    cat, kitten, money = embedder.embed_documents(
        ["A cat sat on a mat.", "The cat is sitting on the mat.", "Revenue grew in Europe."]
    )
    assert len(embedder.embed_query("hello")) == len(cat) == 768
    near, far = (sum(a * b for a, b in zip(cat, other, strict=True)) for other in (kitten, money))
    assert near > far


def test_it_reranks(api_client):
    from ibm_watsonx_ai.foundation_models import Rerank

    ranker = Rerank(model_id=RANKER, api_client=api_client)
    reply = ranker.generate(query="Where do cats sleep?", inputs=["Dogs bark.", "Cats sleep here."])
    assert [result["index"] for result in reply["results"]] == [1, 0]


def test_a_deployment_chats_streams_and_generates(deployed, tls_sandbox):
    tls_sandbox.say(*["one two"] * 4)
    assert content_of(deployed.chat(messages=HELLO)) == "one two"
    assert deltas_of(deployed.chat_stream(messages=HELLO)) == "one two"
    assert deployed.generate_text("hello") == "one two"
    assert "".join(deployed.generate_text_stream("hello")) == "one two"


def test_the_gateway_chats_streams_completes_embeds_and_lists(gateway, tls_sandbox):
    tls_sandbox.say(*["one two"] * 3)
    assert content_of(gateway.chat.completions.create(CHAT_MODEL, HELLO)) == "one two"
    events = gateway.chat.completions.create(CHAT_MODEL, HELLO, stream=True)
    assert deltas_of(each if isinstance(each, dict) else json.loads(each) for each in events) == (
        "one two"
    )
    completed = gateway.completions.create(CHAT_MODEL, "hello")
    assert completed["choices"][0]["text"] == "one two"
    embedded = gateway.embeddings.create(EMBEDDER, "hello")
    assert len(embedded["data"][0]["embedding"]) == 768
    assert CHAT_MODEL in gateway.models.list().to_string()


def test_its_own_async_calls_work(model, tls_sandbox):
    import asyncio

    tls_sandbox.say("one two")
    assert content_of(asyncio.run(model.achat(messages=HELLO))) == "one two"


def test_an_hour_later_it_has_another_token_and_works_on(model, tls_sandbox, an_hour_later):
    model.chat(messages=HELLO)
    assert tls_sandbox.counts["token"] == 1
    an_hour_later()
    assert content_of(model.chat(messages=HELLO))
    assert list(model.chat_stream(messages=HELLO))
    assert tls_sandbox.counts["token"] == 2
    assert {call.status for call in tls_sandbox.calls} == {200}


def test_of_a_token_that_lives_a_minute_it_takes_a_new_one_for_each_call(
    credentials, tls_sandbox, clock
):
    from ibm_watsonx_ai import APIClient
    from ibm_watsonx_ai.foundation_models import ModelInference

    tls_sandbox.token_lifetime_s = 60
    client = APIClient(credentials, project_id=tls_sandbox.project_id)
    model = ModelInference(model_id=CHAT_MODEL, api_client=client)
    for _ in range(3):
        clock.ahead += 61
        assert content_of(model.chat(messages=HELLO))
    assert tls_sandbox.counts["token"] >= 4
    assert {call.status for call in tls_sandbox.calls} == {200}


def test_a_revoked_token_it_sends_four_times_and_gives_up(model, tls_sandbox):
    model.chat(messages=HELLO)
    tls_sandbox.revoke_tokens()
    with pytest.raises(sdk.wml_client_error.WMLClientError, match="authentication_token_not_valid"):
        model.chat(messages=HELLO)
    refused = [call for call in tls_sandbox.calls if call.status == 401]
    assert [call.kind for call in refused] == ["chat"] * 4
    assert tls_sandbox.counts["token"] == 1


def test_a_new_client_works_after_a_revocation(api_client, credentials, tls_sandbox):
    from ibm_watsonx_ai.foundation_models import ModelInference

    tls_sandbox.revoke_tokens()
    again = sdk.APIClient(credentials, project_id=tls_sandbox.project_id)
    model = ModelInference(model_id=CHAT_MODEL, api_client=again)
    assert content_of(model.chat(messages=HELLO))


def test_a_wrong_key_is_told_and_the_sandbox_stays_up(credentials, tls_sandbox):
    credentials.api_key = "x9" * 22
    with pytest.raises(sdk.wml_client_error.WMLClientError, match="BXNIM0415E"):
        sdk.APIClient(credentials, project_id=tls_sandbox.project_id)
    credentials.api_key = tls_sandbox.api_key
    assert sdk.APIClient(credentials, project_id=tls_sandbox.project_id)


def test_a_model_that_is_not_there_is_told_with_those_that_are(api_client):
    from ibm_watsonx_ai.foundation_models import ModelInference

    with pytest.raises(sdk.wml_client_error.WMLClientError, match=CHAT_MODEL):
        ModelInference(model_id="ibm/granite-4-h-smal", api_client=api_client)


def test_plain_http_it_refuses_which_is_why_the_sandbox_has_tls(sandbox):
    credentials = sdk.Credentials(url=sandbox.url, platform_url=sandbox.url, api_key="x")
    with pytest.raises(sdk.wml_client_error.WMLClientError, match="https://"):
        sdk.APIClient(credentials)
    assert sandbox.calls == []


def test_it_has_a_file_of_prompts_answered_by_a_batch_job(api_client, tls_sandbox, tmp_path):
    batch_inference = pytest.importorskip("ibm_watsonx_ai.foundation_models.batch_inference")
    body = {"model": CHAT_MODEL, "messages": [{"role": "user", "content": "hello"}]}
    line = {"method": "POST", "url": "/v1/chat/completions", "body": body}
    lines = [json.dumps({"custom_id": name, **line}) for name in ("a", "b", "c")]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    batches = batch_inference.BatchInference(api_client)
    job = batches.create(
        "/v1/chat/completions", "24h", {"made_by": "a test"}, str(tmp_path / "in.jsonl")
    )
    name = batches.get_id(job)
    until = time.monotonic() + 30
    while (status := batches.get_status(name)) != "completed":
        assert status in ("validating", "in_progress", "finalizing")
        assert time.monotonic() < until
        time.sleep(0.1)
    output = batches.get_output_file_id(batches.get_details(name))
    path = batches.files.download(output, str(tmp_path / "out.jsonl"))
    written = Path(path).read_text(encoding="utf-8").splitlines()
    found = {one["custom_id"]: one["response"] for one in map(json.loads, written)}
    assert set(found) == {"a", "b", "c"}
    assert all(content_of(one["body"]) for one in found.values())
    assert len(batches.files.get_details()["data"]) == 2
    assert len(batches.list()) == 1
