"""`answer.more()`: an answer that was cut goes on, and both parts are one answer."""

from __future__ import annotations

import copy
import pickle

import pytest
from transport.servers import caught

import wx_notebook as wx
from wx_notebook.errors import AnswerCut, BadOption, RateLimited


def last_body(sandbox):
    return sandbox.calls[-1].body_json


@pytest.fixture
def halves(sandbox, session):
    """An answer in two halves, the first cut by its limit of tokens."""
    sandbox.say_pieces(["One ", "two ", "three ", "four"])
    sandbox.say_pieces(["three ", "four."])
    return session


def test_both_parts_are_one_answer(halves, sandbox):
    first = halves.chat("Count.", max_tokens=2)
    assert (first.text, first.finish_reason) == ("One two ", "length")
    assert "answer.more()" in first.notes[0]
    whole = first.more()
    assert (whole.text, whole.finish_reason) == ("One two three four.", "stop")
    assert whole.usage.output_tokens == 4
    assert whole.usage.input_tokens > first.usage.input_tokens
    assert whole.seconds >= first.seconds
    assert wx.last() is whole
    assert whole.is_whole


def test_a_chat_is_sent_the_conversation_so_far_and_asked_to_go_on(halves, sandbox):
    halves.chat("Count.", system="Be brief.", temperature=0.5, max_tokens=2).more()
    body = last_body(sandbox)
    assert [m["role"] for m in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["messages"][2]["content"] == "One two "
    assert "Go on exactly where it ended" in body["messages"][3]["content"]
    assert (body["temperature"], body["max_completion_tokens"]) == (0.5, 2)


def test_a_generation_goes_on_from_its_text(halves, sandbox):
    first = halves.generate("Count: ", max_tokens=2)
    assert first.finish_reason == "max_tokens"
    assert first.more().text == "One two three four."
    assert last_body(sandbox)["input"] == "Count: One two "


def test_what_is_still_cut_goes_on_again(sandbox, session):
    for _ in range(3):
        sandbox.say_pieces(["a", "b", "c"])
    answer = session.chat("x", max_tokens=2)
    answer = answer.more().more()
    assert answer.text == "ababab"
    messages = last_body(sandbox)["messages"]
    assert [m["content"] for m in messages[:2]] == ["x", "abab"]
    assert len(messages) == 3, "the prompt of before, not a pile of requests to go on"


def test_an_interrupted_answer_goes_on_too(halves, sandbox):
    with halves.stream("Count.") as stream:
        next(stream)
    assert stream.answer.finish_reason == "interrupted"
    assert stream.answer.more().text.endswith("three four.")


def test_a_whole_answer_has_no_more(sandbox, session):
    problem = caught(lambda: session.chat("x").more())
    assert type(problem) is BadOption
    assert "The answer is complete" in str(problem)


def test_an_answer_from_elsewhere_says_that_its_prompt_must_run_again(halves):
    first = halves.chat("Count.", max_tokens=2)
    for again in (pickle.loads(pickle.dumps(first)), copy.copy(first), copy.deepcopy(first)):
        problem = caught(again.more)
        assert type(problem) is BadOption
        assert "Run its prompt again" in str(problem)


def test_an_answer_cut_before_its_first_word_has_nothing_to_go_on_from(sandbox, session):
    sandbox.say_pieces(["<think>", "hm ", "hm ", "</think>", "x"])
    first = session.chat("x", max_tokens=3)
    assert (first.text, first.reasoning, first.finish_reason) == ("", "hm hm ", "length")
    assert "higher max_tokens=" in str(caught(first.more))


def test_a_continuation_that_is_cut_keeps_both_parts(sandbox, session):
    sandbox.say_pieces(["One ", "two ", "three"])
    first = session.stream("Count.", max_tokens=2).answer
    sandbox.say_pieces(["three ", "four ", "five ", "six ", "seven "])
    sandbox.fault("cut", after=2)
    problem = caught(first.more)
    assert type(problem) is AnswerCut
    assert problem.answer.text.startswith("One two ")
    assert problem.answer is wx.last()


def test_a_refused_continuation_leaves_the_first_part_as_it_was(sandbox, session):
    sandbox.say_pieces(["One ", "two ", "three"])
    first = session.chat("Count.", max_tokens=2)
    sandbox.fault("429", retry_after=3600)
    problem = caught(first.more)
    assert type(problem) is RateLimited
    assert wx.last() is first
    assert first.text == "One two "
