"""Reasoning and the time limit: what a client can meet without an account."""

from __future__ import annotations

import pytest
from support.cases import all_cases

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


@all_cases(
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
def test_otherwise_there_is_no_reasoning(client, model, fields):
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


def test_a_test_can_set_the_reasoning(client):
    client.sandbox.say_thinking("Two and two", "Four.")
    message = message_of(client.chat())
    assert (message["reasoning_content"], message["content"]) == ("Two and two", "Four.")
    client.sandbox.say("<think>Two</think>Four.")
    assert message_of(client.chat())["content"] == "<think>Two</think>Four.", "as it is"


@pytest.mark.parametrize("value", ["none", "HIGH", 1])
def test_an_unknown_effort_is_refused(client, code_of, value):
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


def test_a_time_limit_above_that_of_the_plan_is_lowered_with_a_warning(client):
    warning = {
        "message": "The value of 'time_limit' for this model must be larger than 0 and not larger "
        "than 10m0s; it was set to 10m0s",
        "id": "time_limit_out_of_range",
        "additional_properties": {
            "limit": 600_000, "new_value": 600_000, "parameter": "time_limit", "value": 999_000,
        },
    }  # fmt: skip
    chat = client.chat(time_limit=999_000, max_completion_tokens=9)
    assert chat.json()["system"]["warnings"] == [warning]
    generation = client.generate(time_limit=999_000).json()["system"]["warnings"]
    assert warning in generation
    within = client.chat(time_limit=600_000, max_completion_tokens=9)
    assert within.json()["system"]["warnings"] == []
