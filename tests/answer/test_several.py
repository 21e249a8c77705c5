"""Several answers to one prompt: kept apart by their number, and all of them in the first."""

from __future__ import annotations

import copy
import pickle

import pytest
from transport.servers import caught, chunked, connect, events, http

import wx_notebook as wx
from wx_notebook.errors import AnswerCut, BadOption
from wx_notebook.service import Usage

USAGE = {"completion_tokens": 9, "prompt_tokens": 18, "total_tokens": 27}


def step(index, text="", finish=None, **more):
    delta = {"content": text, **more} if text or more else {}
    return {"choices": [{"index": index, "finish_reason": finish, "delta": delta}]}


def end(**more):
    return {"choices": [], "usage": USAGE, **more}


ALTERNATELY = [
    step(0, role="assistant"), step(1, role="assistant"),
    step(0, "Sea "), step(1, "Salt "), step(0, "level."), step(1, "water."),
]  # fmt: skip


def answer_to(serve, *documents, **options):
    server = serve()
    server.on("/ml/", chunked(events(*documents)))
    return connect(server).stream("hello", model="m", **options).answer


@pytest.mark.parametrize(
    "ends",
    [
        [step(0, finish="stop"), step(1, finish="stop")],
        [step(1, finish="stop"), step(0, finish="stop")],
    ],
)
def test_two_choices_that_are_streamed_alternately_are_kept_apart(serve, ends):
    answer = answer_to(serve, *ALTERNATELY, *ends, end())
    assert [each.text for each in answer.answers] == ["Sea level.", "Salt water."]
    assert [each.finish_reason for each in answer.answers] == ["stop", "stop"]
    assert answer.answers[0] is answer
    assert (answer.usage, answer.answers[1].usage) == (Usage(18, 9), None)


def test_a_choice_may_go_on_long_after_another_one_has_ended(serve):
    more = [step(0, f"{number} ") for number in range(200)]
    answer = answer_to(
        serve, step(0, "Sea "), step(1, "Salt", "stop"), *more, step(0, "level.", "length"), end()
    )
    first, second = answer.answers
    assert first.text.startswith("Sea 0 1 2 ")
    assert first.text.endswith("199 level.")
    assert (second.text, second.finish_reason) == ("Salt", "stop")
    assert any("token limit" in note for note in first.notes)
    assert second.notes == ()


def test_an_event_may_hold_both_choices(serve):
    both = [{"index": n, "delta": {"content": text}, "finish_reason": "stop"}
            for n, text in enumerate(["Sea", "Salt"])]  # fmt: skip
    answer = answer_to(serve, {"choices": both}, end())
    assert [each.text for each in answer.answers] == ["Sea", "Salt"]


def test_a_stream_that_breaks_before_the_second_choice_ended_is_cut(serve):
    server = serve()
    broken = chunked(events(*ALTERNATELY, step(0, finish="stop")), end=False)
    server.on("/ml/", server.hang_up(broken))
    problem = caught(lambda: connect(server).stream("hello", model="m").answer)
    assert isinstance(problem, AnswerCut)
    first, second = problem.answer.answers
    assert (first.text, first.finish_reason) == ("Sea level.", "stop")
    assert (second.text, second.finish_reason) == ("Salt water.", "cut")
    assert "answer.answers[1].more()" in second.notes[0]


def test_each_choice_has_its_own_reasoning_refusal_and_half_characters(serve):
    answer = answer_to(
        serve,
        step(0, "<think>hm"), step(1, "a \ud83d"), step(0, "</think>Sea"), step(1, "\ude00 b"),
        step(2, refusal="no"), step(0, finish="stop"), step(1, finish="stop"),
        step(2, finish="stop"), end(),
    )  # fmt: skip
    assert [(each.text, each.reasoning, each.refusal) for each in answer.answers] == [
        ("Sea", "hm", ""),
        ("a 😀 b", "", ""),
        ("", "", "no"),
    ]


def test_a_choice_of_another_number_alone_is_the_answer(serve):
    answer = answer_to(serve, step(3, "Sea", "stop"), end())
    assert (answer.text, len(answer.answers)) == ("Sea", 1)
    assert answer.usage == Usage(18, 9)


@pytest.fixture
def asked(session, sandbox):
    """Asks for answers, of which the sandbox writes these."""

    def ask(*texts, **options):
        sandbox.say(*texts)
        return wx.ask("hello", n=len(texts), **options)

    return ask


def test_n_answers_are_asked_for_and_all_are_in_the_first(asked, sandbox):
    answer = asked("one", "one two", "one two three")
    assert sandbox.calls[-1].body_json["n"] == 3
    assert [each.text for each in answer.answers] == ["one", "one two", "one two three"]
    assert answer.usage.output_tokens == 1 + 2 + 3
    assert answer == answer.answers[0]
    assert wx.last() is answer


def test_one_answer_is_the_only_one(session, sandbox):
    answer = wx.ask("hello", n=1)
    assert answer.answers == (answer,)
    assert "n" not in sandbox.calls[-1].body_json


def test_they_stay_together_in_a_copy_and_in_a_pickle(asked):
    answer = asked("one", "two")
    for other in (copy.copy(answer), pickle.loads(pickle.dumps(answer))):
        assert [each.text for each in other.answers] == ["one", "two"]


def test_each_one_that_was_cut_goes_on_by_itself_and_asks_for_one(asked, sandbox):
    answer = asked("one two three", "four five six", max_tokens=2)
    sandbox.say("six")
    whole = answer.answers[1].more()
    assert whole.text == "four five six"
    body = sandbox.calls[-1].body_json
    assert "n" not in body
    assert body["messages"][-2]["content"] == "four five "
    sandbox.say("three")
    first = answer.more()
    assert [each.text for each in first.answers] == ["one two three", "four five "]


def test_they_are_shown_one_below_the_other(asked):
    answer = asked("# one", "# two")
    bundle, metadata = answer._repr_mimebundle_()
    plain, html = bundle["text/plain"], bundle["text/html"]
    for text in (plain, html):
        parts = ["answer 1 of 2", "one", "answer 2 of 2", "two", " in, "]
        places = [text.index(part) for part in parts]
        assert places == sorted(places)
        assert text.count(" in, ") == 1, "one usage for both"
    assert html.count("<h1") == 2
    assert metadata["wx_notebook"]["finish_reasons"] == ["stop", "stop"]


def test_fewer_answers_than_were_asked_for_are_told(serve):
    server = serve()
    choice = {"index": 0, "message": {"content": "Sea"}, "finish_reason": "stop"}
    server.on("/ml/", http(200, {"choices": [choice], "usage": USAGE}))
    answer = connect(server).chat("hello", model="m", n=2)
    assert answer.text == "Sea"
    assert "2 answers were asked for, and 1 came" in answer.warnings


@pytest.mark.parametrize("method", ["stream", "session"])
def test_a_stream_is_the_text_of_one_answer(session, sandbox, method):
    stream = wx.stream if method == "stream" else session.stream
    problem = caught(lambda: stream("hello", n=2))
    assert isinstance(problem, BadOption)
    assert problem.message == "stream() returns the text of one answer, so it does not take n."
    assert problem.hint == "wx.ask(..., n=2).answers holds two answers."
    assert sandbox.counts["chat_stream"] == 0
    assert stream("hello", n=1).answer.text
