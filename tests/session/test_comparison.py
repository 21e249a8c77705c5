"""`wx.compare`: one prompt, several models at the same time, a table with one row for each."""

from __future__ import annotations

import sys
import threading

import pandas as pd
import polars as pl
import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.answer import as_table
from wx_notebook.errors import BadOption, Interrupted, ModelError, WatsonxError
from wx_notebook.options import Options
from wx_notebook.session.comparison import Comparison

GRANITE, MISTRAL, OSS = MODELS = [
    "ibm/granite-4-h-small", "mistralai/mistral-medium-2505", "openai/gpt-oss-120b"
]  # fmt: skip


@pytest.fixture
def plain(monkeypatch):
    """A process that has loaded neither pandas nor polars."""
    monkeypatch.delitem(sys.modules, "pandas")
    monkeypatch.delitem(sys.modules, "polars")


def comparison(session, models=MODELS):
    return Comparison(session, "Name a unit.", Options(), models)


def test_each_model_is_sent_the_same_prompt_and_gets_a_row(session, sandbox, plain):
    rows = wx.compare("Name a {{ what }}.", MODELS, names={"what": "unit"}, temperature=0.5)
    sent = {call.body_json["model_id"]: call.body_json for call in sandbox.calls
            if call.kind == "chat_stream"}  # fmt: skip
    assert set(sent) == set(MODELS)
    for body in sent.values():
        assert body["messages"] == [{"role": "user", "content": "Name a unit."}]
        assert body["temperature"] == 0.5
    assert [row["model"] for row in rows] == MODELS
    for row in rows:
        assert "no model was asked" in row["text"].lower()
        assert 0 < row["first_word_s"] <= row["seconds"]
        assert row["input_tokens"] > 0
        assert row["output_tokens"] > 0
        assert (row["finish_reason"], row["error"]) == ("stop", "")


def test_the_answers_themselves_are_those_of_the_last_one(session, sandbox):
    table = wx.compare("Name a unit.", MODELS)
    answers = wx.last().answers
    assert [answer.model_id for answer in answers] == MODELS
    assert [answer.text for answer in answers] == list(table["text"])
    for model in MODELS:  # each has its own line below it
        assert f"[{model} · " in wx.last().plain
        assert f"{model} · " in wx.last()._repr_mimebundle_()[0]["text/html"]


def test_the_table_is_a_frame_of_the_library_that_is_loaded(monkeypatch):
    rows = [{"model": "a", "text": "x"}]
    assert isinstance(as_table(rows), pd.DataFrame)
    monkeypatch.delitem(sys.modules, "pandas")
    assert isinstance(as_table(rows), pl.DataFrame)
    monkeypatch.delitem(sys.modules, "polars")
    assert as_table(rows) == rows


def test_all_are_asked_at_the_same_time_and_an_interrupt_keeps_what_has_come(session, sandbox):
    sandbox.say(*["one two three " * 20] * 3)
    running = comparison(session)
    # two streams hang: the third one could never end if they were read one after the other
    sandbox.fault("stall", times=2, after=5)

    def stop_when_one_is_done():
        texts = ["".join(run.texts) for run in running.runs]
        if any(run.is_done for run in running.runs) and all(texts):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="Stopped: 1 of 3 answers are complete") as caught:
        running.run(stop_when_one_is_done)
    table = caught.value.table
    assert sorted(table["finish_reason"]) == ["interrupted", "interrupted", "stop"]
    assert all(table["text"])
    assert [answer.text for answer in wx.last().answers] == list(table["text"])
    gone = sandbox.wait_for(lambda call: call.client_gone)
    sandbox.wait_for(lambda call: call.client_gone and call != gone)


def test_a_model_that_fails_is_a_row_with_its_error_and_the_others_stay(session, sandbox):
    sandbox.fault("error-event", after=3)
    table = wx.compare("Name a unit.", MODELS)
    failed = table[table.error != ""]
    assert len(failed) == 1
    assert list(failed.finish_reason) == ["cut"]
    assert set(table.finish_reason) == {"cut", "stop"}


def test_where_no_model_answers_the_first_error_is_raised(session, sandbox):
    sandbox.fault("500", times=None)
    with pytest.raises(WatsonxError, match="downstream_request_failed"):
        wx.compare("Name a unit.", MODELS[:2])


def test_what_is_used_is_counted_for_each_model(session, sandbox):
    before = {m: session.state.meter.by_model[m].prompts if m in session.state.meter.by_model
              else 0 for m in MODELS}  # fmt: skip
    wx.compare("Name a unit.", MODELS)
    assert [session.state.meter.by_model[m].prompts - before[m] for m in MODELS] == [1, 1, 1]


ADA, UNFIT = '{"name": "Ada", "age": 36}', '{"name": "Eve", "age": "old"}'


def test_with_a_schema_each_row_has_the_value_of_its_model(session, sandbox, plain):
    sandbox.say(ADA, ADA)
    rows = wx.compare("Who?", MODELS[:2], schema="name, age: int, mail?")
    for row in rows:
        assert list(row)[:5] == ["model", "name", "age", "mail", "text"]
        assert (row["name"], row["age"], row["mail"]) == ("Ada", 36, None)
        assert (row["text"], row["error"]) == (ADA, "")
    assert [answer.data["age"] for answer in wx.last().answers] == [36, 36]
    for call in sandbox.calls:
        if call.kind == "chat_stream":
            assert call.body_json["response_format"]["type"] == "json_schema"
    sandbox.say("[1, 2]", "[3]")
    rows = wx.compare("Which?", MODELS[:2], schema=list[int])
    assert sorted(row["value"] for row in rows) == [[1, 2], [3]]


def test_an_answer_that_does_not_fit_is_a_row_with_its_error_and_is_not_asked_for_again(
    session, sandbox, plain
):
    sandbox.say(ADA, UNFIT)
    rows = wx.compare("Who?", MODELS[:2], schema="name, age: int")
    (good,) = (row for row in rows if not row["error"])
    (bad,) = (row for row in rows if row["error"])
    assert (good["name"], good["age"]) == ("Ada", 36)
    assert (bad["name"], bad["age"], bad["text"]) == (None, None, UNFIT)
    assert "does not fit the schema" in bad["error"]
    assert "age: 'old' is not of type 'integer'" in bad["error"]
    assert sandbox.counts["chat_stream"] == 2


def test_a_model_that_takes_no_schema_has_it_in_its_prompt(session, sandbox, plain):
    sandbox.fault("no-schema", times=None)
    sandbox.say(ADA, ADA)
    rows = wx.compare("Who?", MODELS[:2], schema="name, age: int")
    assert [row["age"] for row in rows] == [36, 36]


def test_an_alias_is_a_name_of_a_model(session, sandbox, plain, tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.wx_notebook]\nmodel = "{OSS}"\n[tool.wx_notebook.aliases]\nbig = "{MISTRAL}"\n'
    )
    monkeypatch.chdir(tmp_path)
    rows = wx.compare("Name a unit.", f"big, {GRANITE}")
    assert [row["model"] for row in rows] == [MISTRAL, GRANITE]


@all_cases(
    ("models", "options", "kind", "what"),
    [
        (GRANITE, {}, BadOption, "models takes 2 to 8 models"),
        ([GRANITE, GRANITE], {}, BadOption, "each model once"),
        (["m"] * 9, {}, BadOption, "models takes 2 to 8 models"),
        ([GRANITE, None], {}, BadOption, "models takes 2 to 8 models"),
        ([GRANITE, "ibm/granite-4-h-smal"], {}, ModelError, f"Did you mean '{GRANITE}'"),
        ([GRANITE, "intfloat/multilingual-e5-large"], {}, ModelError, "does not answer chats"),
        ([GRANITE, MISTRAL], {"model": OSS}, BadOption, "no model="),
        ([GRANITE, MISTRAL], {"n": 2}, BadOption, "no n="),
        ([GRANITE, MISTRAL], {"temperature": 9}, BadOption, "temperature"),
        (
            [GRANITE, MISTRAL],
            {"schema": "a", "repair": True},
            BadOption,
            "once; it takes no repair=",
        ),
        ([GRANITE, MISTRAL], {"schema": "age: integer"}, BadOption, "unknown type 'integer'"),
        ([GRANITE, MISTRAL], {"schema": "name, seconds: int"}, BadOption, "a field 'seconds', and"),
        ([GRANITE, MISTRAL], {"schema": print}, BadOption, "can't be a schema"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(
    session, sandbox, models, options, kind, what
):
    with pytest.raises(kind, match=what):
        wx.compare("Name a unit.", models, **options)
    assert sandbox.counts["chat_stream"] == 0


@pytest.mark.slow
def test_without_a_list_of_models_none_is_refused(session, sandbox):
    sandbox.fault("500", on="models", times=None)
    assert list(wx.compare("Name a unit.", [GRANITE, MISTRAL])["error"]) == ["", ""]


def test_a_prompt_with_the_key_goes_to_no_model(session, sandbox):
    with pytest.raises(BadOption, match="holds the key"):
        wx.compare(f"Is {sandbox.api_key} good?", MODELS)
    assert sandbox.counts["chat_stream"] == 0


def test_a_session_that_is_closed_ends_its_comparisons(session, sandbox):
    sandbox.say("one two three four five six " * 20, "one two three four five six " * 20)
    sandbox.fault("stall", times=2, after=5)
    running = comparison(session, MODELS[:2])
    ended = threading.Event()
    found = []

    def work():
        found.append(running.run())
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not all(run.texts for run in running.runs):
        assert not ended.wait(0.05)
    session.close()
    assert ended.wait(10)
    thread.join()
    assert set(found[0]["finish_reason"]) == {"cut"}
    with pytest.raises(BadOption, match="was closed"):
        wx.last().answers[0].more()
