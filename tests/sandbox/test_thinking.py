"""Thinking, the end by time, and guardrails: what a client can meet without an account."""

from __future__ import annotations

import pytest

from wx_notebook.sandbox import Sandbox

FIELD, TAGS, NONE = "openai/gpt-oss-120b", "ibm/granite-3-3-8b-instruct", "ibm/granite-4-h-small"
SWITCH = {"chat_template_kwargs": {"thinking": True}}


def message_of(reply):
    return reply.json()["choices"][0]["message"]


def deltas_of(events):
    return [choice["delta"] for event in events for choice in event["data"]["choices"]]


@pytest.mark.parametrize("effort", ["low", "medium", "high"])
def test_a_model_with_a_field_for_it_thinks_when_an_effort_is_named(client, effort):
    thought = message_of(client.chat(model_id=FIELD, reasoning_effort=effort))["reasoning_content"]
    assert thought.startswith("No model thinks here")
    assert thought.count(".") == {"low": 1, "medium": 2, "high": 3}[effort]


@pytest.mark.parametrize("switch", ["thinking", "enable_thinking"])
def test_one_that_thinks_in_its_text_does_so_when_its_template_is_switched(client, switch):
    message = message_of(client.chat(model_id=TAGS, chat_template_kwargs={switch: True}))
    assert "reasoning_content" not in message
    assert message["content"].startswith("<think>No model thinks here")
    assert "</think><response>**" in message["content"]
    assert message["content"].endswith("</response>")


def test_a_control_message_is_a_switch_too(client):
    messages = [{"role": "control", "content": "thinking"}, {"role": "user", "content": "hello"}]
    assert message_of(client.chat(model_id=TAGS, messages=messages))["content"][:7] == "<think>"


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (FIELD, {}),
        (FIELD, {"reasoning_effort": "high", "include_reasoning": False}),
        (FIELD, {"chat_template_kwargs": {"thinking": False}}),
        (TAGS, {}),
        (TAGS, {"reasoning_effort": "high"}),
        (NONE, {"reasoning_effort": "high", **SWITCH}),
    ],
)
def test_otherwise_nobody_thinks(client, model, fields):
    message = message_of(client.chat(model_id=model, **fields))
    assert "reasoning_content" not in message
    assert "<think>" not in message["content"]


def test_thinking_is_streamed_before_the_answer_and_begins_with_nothing(client, events_of):
    client.sandbox.say("Four.")
    reply = client.post(
        "/ml/v1/text/chat_stream", client.chat_body(model_id=FIELD, reasoning_effort="low")
    )
    events = events_of(reply.content)
    first, empty, *thinking, last = deltas_of(events)
    assert (first, empty) == ({"role": "assistant", "content": ""}, {"reasoning_content": ""})
    assert all(set(delta) == {"reasoning_content"} for delta in thinking)
    assert "".join(d["reasoning_content"] for d in thinking).startswith("No model thinks here")
    assert last == {"content": "Four."}
    usage = events[-1]["data"]["usage"]
    assert usage["completion_tokens_details"] == {"reasoning_tokens": len(thinking)}
    assert usage["completion_tokens"] == len(thinking) + 1


def test_thinking_counts_towards_the_limit(client):
    document = client.chat(model_id=FIELD, reasoning_effort="low", max_completion_tokens=3).json()
    (choice,) = document["choices"]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["content"] == ""
    assert document["usage"]["completion_tokens"] == 3


def test_what_is_thought_can_be_said(client):
    client.sandbox.say_thinking("Two and two", "Four.")
    message = message_of(client.chat())
    assert (message["reasoning_content"], message["content"]) == ("Two and two", "Four.")
    client.sandbox.say("<think>Two</think>Four.")
    assert message_of(client.chat())["content"] == "<think>Two</think>Four.", "as it is"


@pytest.mark.parametrize("value", ["none", "HIGH", 1])
def test_an_effort_that_is_none_is_refused(client, code_of, value):
    assert code_of(client.chat(reasoning_effort=value))[0] == 400


def test_an_answer_is_handed_over_when_its_time_is_up(client_of, events_of):
    with Sandbox(words_per_second=1000) as sandbox:
        client = client_of(sandbox)
        sandbox.say(*["word " * 200] * 3)
        document = client.chat(time_limit=50).json()
        (choice,) = document["choices"]
        assert (choice["finish_reason"], document["usage"]["completion_tokens"]) == (
            "time_limit", 50,
        )  # fmt: skip
        events = events_of(client.stream(time_limit=50).content)
        assert [c["finish_reason"] for e in events for c in e["data"]["choices"]][
            -1
        ] == "time_limit"
        (result,) = client.generate(time_limit=50, max_new_tokens=500).json()["results"]
        assert (result["stop_reason"], result["generated_token_count"]) == ("time_limit", 50)


def test_the_nearer_of_two_limits_ends_it(client_of):
    with Sandbox(words_per_second=1000) as sandbox:
        client = client_of(sandbox)
        sandbox.say("word " * 200, "word " * 20)
        (choice,) = client.chat(time_limit=50, max_completion_tokens=5).json()["choices"]
        assert choice["finish_reason"] == "length"
        (choice,) = client.chat(time_limit=50).json()["choices"]
        assert choice["finish_reason"] == "stop"


GUARDS = {"pii": {"input": {"enabled": True}, "output": {"enabled": True, "threshold": 0.5}}}
PROMPT = "write to jane.doe@example.com"


def test_personal_data_is_found_in_the_prompt_and_in_the_answer(client, events_of):
    client.sandbox.say(*["call +44 20 7946 0958 now"] * 4)
    document = client.chat(PROMPT, moderations=GUARDS).json()
    first, second = document["moderations"]["pii"]
    assert first == {
        "score": 0.8, "input": True, "position": {"start": 9, "end": 29},
        "entity": "EmailAddress", "word": "jane.doe@example.com",
    }  # fmt: skip
    assert (second["input"], second["entity"]) == (False, "PhoneNumber")
    assert document["detections"]["input"][0]["results"][0]["detection"] == "EmailAddress"
    assert document["detections"]["output"][0]["choice_index"] == 0
    body = client.chat_body(PROMPT, moderations=GUARDS)
    events = events_of(client.post("/ml/v1/text/chat_stream", body).content)
    assert events[-1]["data"]["moderations"] == document["moderations"]
    body = client.generation_body(PROMPT, moderations=GUARDS, parameters={"max_new_tokens": 50})
    (result,) = client.post("/ml/v1/text/generation", body).json()["results"]
    assert result["moderations"] == document["moderations"]
    events = events_of(client.post("/ml/v1/text/generation_stream", body).content)
    assert events[-1]["data"]["results"][0]["moderations"] == document["moderations"]


@pytest.mark.parametrize(
    "guards", [{}, {"pii": {}}, {"pii": {"input": {"enabled": False}}}, {"hap": GUARDS["pii"]}]
)
def test_what_is_not_looked_for_is_not_found(client, guards):
    document = client.chat(PROMPT, moderations=guards).json()
    assert {"moderations", "detections"} & set(document) == set()


@pytest.mark.parametrize(
    "guards",
    ["pii", {"pii": True}, {"pii": {"input": True}}, {"pii": {"input": {"enabled": "yes"}}},
     {"hap": {"output": {"threshold": 2}}}],
)  # fmt: skip
def test_guards_of_another_shape_are_refused(client, code_of, guards):
    assert code_of(client.chat(moderations=guards))[0] == 400


def test_a_long_text_is_searched_at_once(client):
    text = "x" * 300_000 + " 1" * 50_000
    assert client.chat(text, moderations=GUARDS).status_code in (200, 400)


def test_a_deployment_takes_no_system_message(client, code_of):
    path = f"/ml/v1/deployments/{client.sandbox.deployment_id}/text/chat"
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]
    assert code_of(client.post(path, {"messages": messages})) == (400, "json_validation_error")
    assert client.post(path, {"messages": messages[1:]}).status_code == 200
