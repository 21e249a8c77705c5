"""A prompt with a schema: what is sent, what comes back as a value, and what a second try costs."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import threading

import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook import errors
from wx_notebook.schemas import read_schema
from wx_notebook.session.process import HISTORY


@dataclasses.dataclass
class Person:
    name: str
    age: int


ADA = '{"name": "Ada", "age": 36}'
UNFIT = '{"name": "Ada", "age": "old"}'


def prompts(sandbox):
    return [c for c in sandbox.calls if c.kind in ("chat", "chat_stream") and c.status == 200]


def test_the_answer_is_an_object_of_the_class(session, sandbox):
    sandbox.say(ADA)
    answer = wx.ask("Who was first?", schema=Person)
    assert answer.data == Person("Ada", 36)
    assert answer.text == ADA
    sent = prompts(sandbox)[0].body_json["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["name"] == "Person"


def test_the_sandbox_makes_a_value_that_fits(session):
    answer = wx.ask("Who?", schema=list[Person])
    assert all(isinstance(each, Person) for each in answer.data)
    assert answer.notes[-1].startswith("No model was asked")


def test_a_schema_is_read_once_and_used_by_many_threads(session, sandbox):
    schema, found = read_schema("name, age: int"), []

    def ask():
        found.append(session.chat("Who?", schema=schema).data["age"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 8


def test_each_of_several_answers_has_its_value(session, sandbox):
    sandbox.say(ADA, '{"name": "Eve", "age": 4}')
    answer = wx.ask("Who?", schema=Person, n=2)
    assert [one.data.name for one in answer.answers] == ["Ada", "Eve"]
    sandbox.say(ADA, UNFIT)
    with pytest.raises(errors.SchemaMismatch) as caught:
        wx.ask("Who?", schema=Person, n=2)
    assert caught.value.answer.answers[0].data == Person("Ada", 36)
    assert len(prompts(sandbox)) == 2, "several answers are not asked for again"


def test_a_stream_gives_the_text_and_then_the_value(session, sandbox):
    sandbox.say(ADA)
    stream = wx.stream("Who?", schema=Person)
    assert "".join(stream) == ADA
    assert stream.answer.data == Person("Ada", 36)
    with pytest.raises(errors.BadOption, match="does not take repair"):
        wx.stream("Who?", schema=Person, repair=False)


# --- the second request ---------------------------------------------------------------------------


def test_an_answer_that_does_not_fit_is_asked_for_once_more_with_both_costs(session, sandbox):
    sandbox.say(UNFIT, ADA)
    answer = wx.ask("Who?", schema=Person)
    first, second = prompts(sandbox)
    assert answer.data == Person("Ada", 36)
    assert [m["role"] for m in second.body_json["messages"]] == ["user", "assistant", "user"]
    assert second.body_json["messages"][1]["content"] == UNFIT
    assert "age: 'old' is not of type 'integer'" in second.body_json["messages"][2]["content"]
    assert second.body_json["response_format"] == first.body_json["response_format"]
    (note,) = [note for note in answer.notes if note.startswith("asked twice")]
    assert "in, " in note
    assert " and " in note
    assert "age: 'old' is not of type 'integer'" in note
    first_in, first_out, second_in, second_out = map(int, re.findall(r"\d+", note)[:4])
    assert answer.usage.input_tokens == first_in + second_in
    assert answer.usage.output_tokens == first_out + second_out
    assert wx.last() is answer
    assert HISTORY.last_request.body["messages"] == first.body_json["messages"]


def test_there_is_no_third_request_and_the_error_has_the_answer(session, sandbox):
    sandbox.say(UNFIT, "I don't know.", ADA)
    with pytest.raises(errors.SchemaMismatch) as caught:
        wx.ask("Who?", schema=Person)
    assert len(prompts(sandbox)) == 2
    error = caught.value
    assert error.message.startswith("The answer does not fit the schema 'Person': it is not JSON")
    assert error.hint == "Its text is in wx.last().text."
    assert error.answer.text == "I don't know." == wx.last().text
    with pytest.raises(errors.SchemaMismatch):
        _ = error.answer.data


def test_without_repair_there_is_one_request(session, sandbox):
    sandbox.say(UNFIT, ADA)
    with pytest.raises(errors.SchemaMismatch) as caught:
        wx.ask("Who?", schema=Person, repair=False)
    assert len(prompts(sandbox)) == 1
    assert caught.value.answer.text == UNFIT
    assert not hasattr(caught.value.answer, "data")


def test_a_mended_answer_needs_no_second_request_and_says_so(session, sandbox):
    sandbox.say("```json\n{'name': 'Ada', 'age': 36,}\n```")
    answer = wx.ask("Who?", schema=Person)
    assert answer.data == Person("Ada", 36)
    assert "mended in the JSON: a code fence, single quotes, a trailing comma" in answer.notes
    assert len(prompts(sandbox)) == 1


def test_a_cut_answer_is_told_apart_and_can_be_gone_on_with(session, sandbox):
    sandbox.say_pieces(['{"name": ', '"Ada", ', '"age": ', "36}"])
    with pytest.raises(errors.SchemaMismatch) as caught:
        wx.ask("Who?", schema=Person, max_tokens=2)
    assert caught.value.message == "The answer ended ('length') before its JSON was complete."
    assert caught.value.hint.startswith("Continue it with wx.last().more()")
    assert len(prompts(sandbox)) == 1, "not asked for once more"
    sandbox.say('"age": 36}')
    assert wx.last().more().data == Person("Ada", 36)
    assert "response_format" not in prompts(sandbox)[-1].body_json


def test_a_second_request_that_fails_leaves_the_first_answer(session, sandbox):
    @dataclasses.dataclass
    class Broken:
        name: str
        age: int

        def __post_init__(self):
            # between the two requests
            sandbox.fault("500", times=None)
            raise ValueError("odd")

    sandbox.say(ADA)
    with pytest.raises(errors.SchemaMismatch) as caught:
        wx.ask("Who?", schema=Broken)
    assert caught.value.message.splitlines() == [
        "The answer does not fit the schema 'Broken': ValueError: odd",
        "The model was asked once more, and that failed: ServiceDown: The model failed to answer.",
    ]
    assert caught.value.answer is wx.last()
    assert wx.last().text == ADA
    assert HISTORY.last_exchange.answer is wx.last()


def test_an_interrupt_in_the_second_request_leaves_the_first_answer(session, sandbox):
    read = []

    @dataclasses.dataclass
    class Slow:
        name: str
        age: int

        def __post_init__(self):
            read.append(self)
            if len(read) > 1:
                raise KeyboardInterrupt
            raise ValueError("odd")

    sandbox.say(ADA, ADA)
    with pytest.raises(errors.Interrupted) as caught:
        wx.ask("Who?", schema=Slow)
    assert "asked once more" in caught.value.message
    assert caught.value.answer.text == wx.last().text == ADA
    assert wx.last().finish_reason == "stop"


# --- a model that takes no response_format --------------------------------------------------------


def test_a_model_that_refuses_gets_the_schema_in_the_prompt_and_is_remembered(session, sandbox):
    sandbox.fault("no-schema", times=None)
    sandbox.say(ADA, ADA, ADA)
    answer = wx.ask("Who?", schema=Person, system="Be brief.")
    assert answer.data == Person("Ada", 36)
    assert "ibm/granite-4-h-small takes no JSON Schema as response_format: it is in the prompt" in (
        answer.notes
    )
    (sent,) = prompts(sandbox)
    assert "response_format" not in sent.body_json
    system, user = sent.body_json["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    prompt, _, schema = user["content"].partition("JSON Schema:\n")
    assert prompt.startswith("Who?\n\nAnswer with JSON alone")
    assert json.loads(schema) == read_schema(Person).document
    again = wx.ask("Who?", schema=Person)
    assert not [note for note in again.notes if "response_format" in note]
    assert [c.status for c in sandbox.calls if c.kind == "chat"] == [400, 200, 200]
    other = wx.ask("Who?", schema=Person, model="meta-llama/llama-3-3-70b-instruct")
    assert other.data == Person("Ada", 36)
    assert [c.status for c in sandbox.calls if c.kind == "chat"][3:] == [400, 200]


def test_another_400_is_an_error_as_ever(session, sandbox):
    with pytest.raises(errors.ModelError):
        wx.ask("Who?", schema=Person, model="ibm/no-such-model")
    assert session.state.plain_models == set()


def test_a_second_request_keeps_the_schema_in_the_prompt(session, sandbox):
    sandbox.fault("no-schema", times=None)
    sandbox.say(UNFIT, ADA)
    assert wx.ask("Who?", schema=Person).data == Person("Ada", 36)
    second = prompts(sandbox)[-1].body_json
    assert "response_format" not in second
    assert "JSON Schema:" in second["messages"][0]["content"]


# --- what can't be combined, and secrets ----------------------------------------------------------


@all_cases(
    ("options", "said"),
    [
        ({"schema": Person, "generate": True}, "generate and schema can't be combined"),
        ({"schema": Person, "param": {"response_format": {"type": "text"}}},
         "schema and param.response_format can't be combined"),
        ({"repair": False}, "repair needs a schema, but the prompt has none"),
        ({"schema": ""}, "schema takes the name of a class"),
        ({"schema": True}, "schema takes the name of a class"),
        ({"schema": "age: integer"}, "has the unknown type 'integer'"),
    ],
)  # fmt: skip
def test_a_schema_that_can_not_be_sent_is_refused_before_anything_is_paid(
    session, sandbox, options, said
):
    with pytest.raises(errors.BadOption) as caught:
        wx.ask("Who?", **options)
    assert said in caught.value.message
    assert not prompts(sandbox)


def test_no_schema_carries_the_key(session, sandbox):
    key = sandbox.api_key
    for schema in ({"type": "object", "properties": {"a": {"description": key}}},
                   {"type": "object", "properties": {key: {}}}, {"enum": [key, "b"]},
                   f"mood: x|{key}"):  # fmt: skip
        with pytest.raises(errors.BadOption) as caught:
            wx.ask("Who?", schema=schema)
        assert "holds the key of this session" in caught.value.message
        assert key not in str(caught.value)
    assert not prompts(sandbox)


# --- tables ---------------------------------------------------------------------------------------


def people(sandbox, schema="(name, age: int)[]"):
    sandbox.say('[{"name": "Ada", "age": 36}, {"name": "Eve", "age": 4}]')
    return wx.ask("Who?", schema=schema)


def test_a_list_is_a_table_of_the_library_that_is_loaded(session, sandbox, monkeypatch):
    import pandas as pd
    import polars as pl

    answer = people(sandbox)
    monkeypatch.setitem(sys.modules, "polars", None)
    assert isinstance(answer.df, pd.DataFrame)
    assert answer.df.to_dict("records") == answer.data
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "polars", pl)
    assert isinstance(answer.df, pl.DataFrame)
    assert answer.df.to_dicts() == answer.data
    assert people(sandbox, list[Person]).df.columns == ["name", "age"]
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(errors.SchemaMismatch, match="Neither pandas nor polars") as caught:
        _ = answer.df
    assert caught.value.hint == "Next: import pandas, then answer.df"
    assert not hasattr(answer, "df")


def test_a_value_that_is_no_list_is_no_table(session, sandbox):
    import pandas as pd  # noqa: F401

    sandbox.say(ADA)
    with pytest.raises(errors.SchemaMismatch, match="of type Person, but a table"):
        _ = wx.ask("Who?", schema=Person).df


@pytest.mark.slow
def test_without_a_schema_nothing_of_this_is_imported_and_with_one_while_the_model_writes(sandbox):
    script = (
        "import sys, threading, wx_notebook as wx\n"
        f"wx.connect(url={sandbox.url!r}, project_id={sandbox.project_id!r})\n"
        "wx.ask('hi')\n"
        "print([n for n in sys.modules if n in ('jsonschema', 'pydantic') or 'schemas' in n])\n"
        "stream = wx.stream('hi', schema=int)\n"
        "[thread.join() for thread in threading.enumerate() if thread.name == 'wx-schema']\n"
        "print('jsonschema' in sys.modules, 'pydantic' in sys.modules)\n"
        "print(stream.answer.data)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env={**os.environ, "WATSONX_API_KEY": sandbox.api_key},
    )  # fmt: skip
    assert ran.stdout.splitlines() == ["[]", "True False", "1"]
