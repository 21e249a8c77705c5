"""What was asked about tokens by `-p` is in the answer, or refused before it is sent."""

from __future__ import annotations

import pytest
from support.cases import all_cases
from transport.servers import connect, http

import wx_notebook as wx
from wx_notebook.errors import BadOption
from wx_notebook.session import current_session


@pytest.fixture(params=["whole", "streamed"])
def ask(request, session):
    """Asks by `wx.ask` and by `wx.stream`."""

    def send(**options):
        if request.param == "whole":
            return wx.ask("hello you", **options)
        return wx.stream("hello you", **options).answer

    return send


def test_log_probabilities_of_a_chat_are_in_the_answer(ask, sandbox):
    sandbox.say("Four of them.")
    answer = ask(param={"logprobs": True, "top_logprobs": 2})
    assert [each["token"] for each in answer.logprobs][:3] == ["Four ", "of ", "them."]
    for each in answer.logprobs:
        assert each["logprob"] < 0
        assert each["top_logprobs"][0]["token"] == each["token"]


def test_each_of_several_answers_has_its_own(session, sandbox):
    sandbox.say("one two", "three")
    answer = wx.ask("hello", n=2, param={"logprobs": True})
    tokens = [[each["token"] for each in one.logprobs][:-1] for one in answer.answers]
    assert tokens == [["one ", "two"], ["three"]]


def test_what_a_generation_returns_beside_its_text_is_in_the_answer(ask, sandbox):
    sandbox.say("blue today")
    options = {
        "generated_tokens": True, "input_tokens": True, "token_logprobs": True,
        "token_ranks": True, "top_n_tokens": 2,
    }  # fmt: skip
    answer = ask(generate=True, param={"return_options": options})
    assert [each["text"] for each in answer.logprobs] == ["blue ", "today"]
    assert [each["text"] for each in answer.prompt_logprobs] == ["hello ", "you"]
    for each in answer.logprobs:
        assert each["rank"] == 1
        assert each["top_tokens"][0]["logprob"] == each["logprob"]


def test_the_prompt_in_front_of_a_generation_stands_there_once_when_it_goes_on(ask, sandbox):
    sandbox.say("one two three", "three")
    answer = ask(generate=True, max_tokens=2, param={"return_options": {"input_text": True}})
    assert answer.text == "hello youone two "
    assert answer.more().text == "hello youone two three"
    assert sandbox.calls[-1].body_json["input"] == "hello youone two "


def test_without_being_asked_for_there_are_none(ask, sandbox):
    answer = ask()
    assert (answer.logprobs, answer.prompt_logprobs) == ((), ())


def test_a_model_that_sends_none_is_told(serve):
    server = serve()
    choice = {"index": 0, "message": {"content": "Sea"}, "finish_reason": "stop"}
    server.on("/ml/", http(200, {"choices": [choice], "usage": {"prompt_tokens": 1}}))
    answer = connect(server).chat("hello", model="m", param={"logprobs": True})
    assert "the model sent no log probabilities, though they were asked for" in answer.warnings


@all_cases("logprobs", [None, [], {"content": None}, {"content": [5]}, 7])
def test_log_probabilities_of_another_shape_lose_no_text(serve, logprobs):
    server = serve()
    choice = {"index": 0, "message": {"content": "Sea"}, "finish_reason": "stop"}
    server.on("/ml/", http(200, {"choices": [{**choice, "logprobs": logprobs}]}))
    answer = connect(server).chat("hello", model="m", param={"logprobs": True})
    assert (answer.text, answer.logprobs) == ("Sea", ())


@all_cases(
    ("options", "message"),
    [
        (
            {"param": {"return_options": {"generated_tokens": True}}},
            "return_options is a parameter of the generation endpoint, and a chat ignores it.",
        ),
        ({"param": {"top_logprobs": 2}}, "top_logprobs has no effect without logprobs."),
        (
            {"param": {"logprobs": False, "top_logprobs": 2}},
            "top_logprobs has no effect without logprobs.",
        ),
        (
            {"generate": True, "param": {"logprobs": True}},
            "generate and param.logprobs can't be combined: there it is return_options.",
        ),
        (
            {"generate": True, "param": {"return_options": {"token_ranks": True}}},
            "return_options asks for token_ranks, but for no list of tokens.",
        ),
        (
            {"generate": True, "n": 2},
            "generate and n can't be combined: that endpoint writes one answer.",
        ),
        ({"param": {"n": 2}}, "param does not take 'n': use the option n=."),
        ({"n": 0}, "n takes a whole number from 1, not 0."),
    ],
)
def test_what_would_bring_nothing_is_refused_before_it_is_sent(session, sandbox, options, message):
    with pytest.raises(BadOption) as refused:
        wx.ask("hello", **options)
    assert refused.value.message == message
    assert refused.value.hint
    assert current_session() is session
    assert sandbox.counts["chat"] == sandbox.counts["generation"] == 0
