"""A table with a schema: its fields are columns; and the verbs on top of it."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.errors import BadOption, BatchStopped

REVIEWS = pd.DataFrame({"text": ["fine", "broken", "odd"], "n": [1, 2, 3]})


@pytest.fixture
def answer(sandbox):
    """Answer each prompt by a function of it, whichever arrives first."""

    def by(function):
        for text in REVIEWS.text:
            sandbox.say(json.dumps(function(text)) if not isinstance(function(text), str)
                        else function(text))  # fmt: skip

    return by


def test_the_fields_of_a_schema_are_columns(session, answer):
    answer(lambda _: {"sentiment": "good", "topics": ["a", "b"]})
    out = wx.batch("Classify {{ text }}", REVIEWS, schema="sentiment: good|bad, topics[]")
    assert list(out.columns) == ["text", "n", "sentiment", "topics", "error"]
    assert list(out.sentiment) == ["good"] * 3
    assert out.topics[0] == ["a", "b"]
    assert list(out.error) == [None] * 3


def test_a_value_that_is_no_object_is_the_answer(session, sandbox):
    sandbox.say(*['{"value": 7}'] * 3)
    out = wx.batch("Count {{ text }}", REVIEWS, schema=int)
    assert list(out.answer) == [7, 7, 7]


def test_an_answer_that_does_not_fit_is_asked_for_once_more(session, sandbox):
    sandbox.say('{"label": "grand"}', '{"label": "good"}')
    seen = []
    out = wx.batch("{{ text }}", REVIEWS, rows=1, schema="label: good|bad", on_progress=seen.append)
    assert list(out.label) == ["good"]
    assert seen[-1].counts.sent == sandbox.counts["chat"] == 2


def test_a_schema_that_is_never_met_is_an_error_of_the_row_and_is_counted(session, sandbox):
    sandbox.say(*['{"label": "grand"}'] * 2)
    seen = []
    out = wx.batch("{{ text }}", REVIEWS, rows=1, schema="label: good|bad", on_progress=seen.append)
    assert out.label[0] is None
    assert out.error[0].startswith("SchemaMismatch: ")
    assert (seen[-1].counts.failed, sandbox.counts["chat"]) == (1, 2)
    assert seen[-1].counts.tokens > 0


def test_a_second_run_takes_typed_answers_from_the_journal(session, sandbox):
    sandbox.say(*['{"label": "good"}'] * 3)
    first = wx.batch("{{ text }}", REVIEWS, schema="label: good|bad")
    again = wx.batch("{{ text }}", REVIEWS, schema="label: good|bad")
    pd.testing.assert_frame_equal(first, again)
    assert sandbox.counts["chat"] == 3


def test_rows_are_not_paid_again_when_the_model_turns_out_to_take_no_schema(session, sandbox):
    def run(rows=("a", "b", "c")):
        return wx.batch("{{ value }}", list(rows), schema="n: int")

    sandbox.say(*['{"n": 1}'] * 9)
    run()
    sandbox.fault("no-schema", times=None, on="chat")
    run(["d"])  # is refused, so from now on the schema goes in the prompt
    paid = sandbox.counts["chat"]
    assert run(["a", "b", "c", "d"])[3]["n"] == 1
    wx.connect(**sandbox.credentials())  # as after a restart: nobody knows that of the model
    assert run(["a", "b", "c", "d"])[0]["n"] == 1
    assert sandbox.counts["chat"] == paid


def test_classify_gives_one_of_the_labels(session, sandbox):
    sandbox.say(*['{"label": "bad"}'] * 3)
    out = wx.classify(REVIEWS, "text", ["good", "bad"], examples=[("It {{ n }} broke.", "bad")])
    assert list(out.label) == ["bad"] * 3
    body = sandbox.calls[-1].body_json
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["label"]["enum"] == ["good", "bad"]
    asked = body["messages"][-1]["content"]
    assert 'Text: It {{ n }} broke.\nAnswer: {"label": "bad"}' in asked, "an example is no syntax"
    assert asked.endswith(f"Text: {asked.rpartition('Text: ')[2]}")


@all_cases(
    ("labels", "examples", "says"),
    [
        (["good"], (), "two labels or more"),
        ("good", (), "two labels or more"),
        (["good", "bad"], [("x", "ugly")], "not one of the labels"),
        (["good", "bad"], ["x"], "a pair of a text and its result"),
    ],
)
def test_labels_and_examples_that_cannot_be_right(labels, examples, says, session, sandbox):
    with pytest.raises(BadOption, match=says):
        wx.classify(REVIEWS, "text", labels, examples=examples)
    assert sandbox.counts["chat"] == 0


def test_extract_reads_values_into_columns(session, sandbox):
    sandbox.say(*['{"who": "Ada", "year": 1843}'] * 3)
    out = wx.extract(
        ["a", "b"], "value", "who, year: int", examples=[("In 1900 Bo.", {"who": "Bo"})]
    )
    assert out[0] == {"value": "a", "who": "Ada", "year": 1843, "error": None}


def test_filter_keeps_the_rows_of_which_it_is_true(session, sandbox):
    sandbox.say('{"matches": false}', '{"matches": true}', '{"matches": true}')
    out = wx.filter(REVIEWS, "{{ text }} is a complaint", concurrency=1)
    assert list(out.n) == [2, 3]
    assert list(out.columns) == ["text", "n"]
    assert list(wx.filter(iter(REVIEWS.to_dict("records")), "{{ text }} is a complaint")) == (
        out.to_dict("records")
    )


def test_filter_says_of_which_rows_nobody_knows(session, sandbox):
    rows = [{"text": "fine"}, {"text": None}]
    sandbox.say('{"matches": true}')
    with pytest.raises(BatchStopped, match="1 rows have no answer") as caught:
        wx.filter(rows, "{{ text }} is a complaint")
    assert caught.value.table == [{"text": "fine"}]
