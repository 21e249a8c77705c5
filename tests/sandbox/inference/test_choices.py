"""Several choices: whole side by side, and streamed in turn, each with its index."""

from __future__ import annotations

from support.cases import all_cases

from wx_notebook.sandbox import Sandbox


def test_a_whole_answer_has_n_choices_and_one_usage(client):
    client.sandbox.say("one", "one two", "one two three")
    document = client.chat(n=3, max_completion_tokens=2).json()
    assert [
        (each["index"], each["message"]["content"], each["finish_reason"])
        for each in document["choices"]
    ] == [(0, "one", "stop"), (1, "one two", "stop"), (2, "one two ", "length")]
    usage = document["usage"]
    assert usage["completion_tokens"] == 1 + 2 + 2
    assert usage["total_tokens"] == usage["prompt_tokens"] + 5


def test_a_stream_has_one_choice_an_event_and_they_come_in_turn(client, events_of):
    client.sandbox.say("a b c", "d")
    *events, last = [event["data"] for event in events_of(client.stream(n=2).content)]
    assert all(len(event["choices"]) == 1 for event in events)
    seen = [(c["index"], c["delta"], c["finish_reason"]) for e in events for c in e["choices"]]
    begin = {"role": "assistant", "content": ""}
    # each ends with an event of its own; the second one before the first (recorded)
    assert seen == [
        (0, begin, None),
        (1, begin, None),
        (0, {"content": "a "}, None),
        (1, {"content": "d"}, None),
        (0, {"content": "b "}, None),
        (1, {}, "stop"),
        (0, {"content": "c"}, None),
        (0, {}, "stop"),
    ]
    assert ["system" in event for event in events].count(True) == 1
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == 4


def test_the_choices_that_the_sandbox_writes_differ(client):
    choices = client.chat(n=5, max_completion_tokens=500).json()["choices"]
    texts = [each["message"]["content"] for each in choices]
    assert len(set(texts)) == 5
    assert all("no model was asked" in text.lower() for text in texts)
    assert (
        texts[0]
        == client.chat(max_completion_tokens=500).json()["choices"][0]["message"]["content"]
    ), "the first is the one that comes alone"


def test_each_choice_has_its_own_reasoning_and_its_own_call(client, events_of):
    more = {"model_id": "openai/gpt-oss-120b", "reasoning_effort": "low"}
    choices = client.chat(n=2, **more).json()["choices"]
    assert all(each["message"]["reasoning_content"] for each in choices)
    tool = {"type": "function", "function": {"name": "now"}}
    choices = client.chat(n=2, tools=[tool]).json()["choices"]
    first, second = (each["message"]["tool_calls"][0] for each in choices)
    assert first["id"] != second["id"]
    events = events_of(client.stream(n=2, tools=[tool]).content)
    calls = [
        (choice["index"], part["index"])
        for event in events
        for choice in event["data"]["choices"]
        for part in choice["delta"].get("tool_calls", [])
    ]
    assert {index for index, _ in calls} == {0, 1}
    assert {number for _, number in calls} == {0}


def test_the_choices_of_a_list_take_turns(client):
    choices = client.chat(n=3, guided_choice=["yes", "no"]).json()["choices"]
    assert [each["message"]["content"] for each in choices] == ["yes", "no", "yes"]


def test_two_choices_take_no_longer_than_one(client_of, clock):
    with Sandbox(words_per_second=100) as sandbox:
        client = client_of(sandbox)
        client.sign_in()
        sandbox.say(*["word " * 20] * 4)
        times = [client.chat(n=n).elapsed.total_seconds() for n in (1, 2)]
        assert times[1] < 2 * times[0]


@all_cases("n", [0, -1, 1.5, "2", True])
def test_another_number_is_refused(client, code_of, n):
    assert code_of(client.chat(n=n))[0] == 400
