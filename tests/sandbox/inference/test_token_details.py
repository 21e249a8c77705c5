"""Log probabilities of a chat, and what text generation returns beside its text."""

from __future__ import annotations

import pytest
from support.cases import all_cases

END = "<|end_of_text|>"


def test_a_chat_lists_each_token_with_its_log_probability_and_the_end_too(client):
    client.sandbox.say("Four of them.")
    (choice,) = client.chat(logprobs=True).json()["choices"]
    content = choice["logprobs"]["content"]
    assert [each["token"] for each in content] == ["Four ", "of ", "them.", END]
    for entry in content:
        assert set(entry) == {"token", "logprob"}
        assert -1 < entry["logprob"] <= 0


@pytest.mark.parametrize("top", [1, 5, 20])
def test_alternatives_begin_with_the_token_itself_and_fall(client, top):
    client.sandbox.say("Four the ")
    (choice,) = client.chat(logprobs=True, top_logprobs=top).json()["choices"]
    for entry in choice["logprobs"]["content"]:
        alternatives = entry["top_logprobs"]
        assert alternatives[0] == {"token": entry["token"], "logprob": entry["logprob"]}
        values = [each["logprob"] for each in alternatives]
        assert values == sorted(values, reverse=True)
        assert len({each["token"] for each in alternatives}) == top


@pytest.mark.parametrize(
    "more", [{}, {"n": 2}, {"moderations": {"hap": {"output": {"enabled": True}}}}]
)
def test_a_stream_carries_those_of_its_tokens_event_by_event(client, events_of, more):
    client.sandbox.say(*["Four. Of them."] * 4)
    whole = client.chat(logprobs=True, top_logprobs=2, **more).json()["choices"]
    streamed = [[] for _ in whole]
    events = events_of(client.stream(logprobs=True, top_logprobs=2, **more).content)
    for event in events:
        for choice in event["data"]["choices"]:
            content = choice.get("logprobs", {}).get("content", [])
            tokens = [each["token"] for each in content if each["token"] != END]
            assert "".join(tokens) == choice["delta"].get("content", "")
            streamed[choice["index"]] += content
    assert streamed == [each["logprobs"]["content"] for each in whole]


def test_an_answer_that_is_cut_has_no_end_token(client):
    client.sandbox.say("one two three")
    (choice,) = client.chat(logprobs=True, max_completion_tokens=2).json()["choices"]
    assert [each["token"] for each in choice["logprobs"]["content"]] == ["one ", "two "]


@pytest.mark.parametrize("more", [{}, {"logprobs": False}, {"logprobs": None}])
def test_what_is_not_asked_for_is_not_sent(client, more):
    (choice,) = client.chat(**more).json()["choices"]
    assert "logprobs" not in choice


def generated(client, events_of, prompt="the sky is", **options):
    """The result of a generation with these options, and the results of the same as a stream."""
    client.sandbox.say("blue today", "blue today")
    whole = client.generate(prompt, return_options=options).json()["results"][0]
    reply = client.stream_generation(prompt, return_options=options)
    return whole, [event["data"]["results"][0] for event in events_of(reply.content)]


def test_the_input_is_put_in_front_of_the_text(client, events_of):
    whole, streamed = generated(client, events_of, input_text=True)
    assert whole["generated_text"] == "the sky isblue today"
    assert "".join(each["generated_text"] for each in streamed) == "the sky isblue today"
    assert whole["generated_token_count"] == 2


def test_tokens_come_with_what_is_asked_of_them(client, events_of):
    whole, streamed = generated(
        client, events_of, generated_tokens=True, input_tokens=True, token_logprobs=True,
        token_ranks=True, top_n_tokens=3,
    )  # fmt: skip
    assert [each["text"] for each in whole["generated_tokens"]] == ["blue ", "today"]
    first, *rest = whole["input_tokens"]
    assert first == {"text": "the "}, "nothing comes before it"
    assert [each["text"] for each in rest] == ["sky ", "is"]
    for record in (*rest, *whole["generated_tokens"]):
        assert record["rank"] == 1
        assert record["top_tokens"][0] == {"text": record["text"], "logprob": record["logprob"]}
        assert len(record["top_tokens"]) == 3
    parts = [token for each in streamed for token in each.get("generated_tokens", [])]
    assert parts == whole["generated_tokens"]
    assert streamed[0]["input_tokens"] == whole["input_tokens"]
    assert all("input_tokens" not in each for each in streamed[1:])


@all_cases(
    ("options", "keys"),
    [
        ({"generated_tokens": True}, {"text"}),
        ({"generated_tokens": True, "token_logprobs": True}, {"text", "logprob"}),
        ({"generated_tokens": True, "token_ranks": True}, {"text", "rank"}),
        # the Python SDK says true or false; ours is a number
        ({"generated_tokens": True, "top_n_tokens": True}, {"text", "top_tokens"}),
        ({"generated_tokens": True, "top_n_tokens": 0}, {"text"}),
    ],
)
def test_each_detail_is_sent_for_itself(client, events_of, options, keys):
    whole, _ = generated(client, events_of, **options)
    assert all(set(each) == keys for each in whole["generated_tokens"])
    assert "input_tokens" not in whole


@pytest.mark.parametrize("options", [{}, {"generated_text": True}, {"token_logprobs": True}])
def test_without_a_list_of_tokens_there_are_no_details(client, events_of, options):
    whole, streamed = generated(client, events_of, **options)
    for each in (whole, *streamed):
        assert {"generated_tokens", "input_tokens"} & set(each) == set()
    assert whole["generated_text"] == "blue today"


def test_the_tokens_of_a_truncated_input_are_those_that_were_read(client):
    options = {"input_tokens": True}
    reply = client.generate("one two three", truncate_input_tokens=2, return_options=options)
    (result,) = reply.json()["results"]
    assert [each["text"] for each in result["input_tokens"]] == ["two ", "three"]
