"""`--schema` in a real kernel: a class of the notebook, what is shown, what a failing cell says."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from support.kernels import Kernel, refused

import wx_notebook as wx
from wx_notebook.errors import BadOption
from wx_notebook.sandbox import Sandbox

CLASS = "import dataclasses\n@dataclasses.dataclass\nclass Person:\n    name: str\n    age: int\n"
ADA = '{"name": "Ada", "age": 36}'
FAULT = "age: 'old' is not of type 'integer'"
UNFIT = '{"name": "Ada", "age": "old"}'


@pytest.fixture
def notebook(connected):
    connected.run(CLASS).ok()
    return connected


def prompts(sandbox):
    return [c for c in sandbox.calls if c.kind in ("chat", "chat_stream") and c.status == 200]


def test_a_class_of_the_notebook_is_the_type_of_the_value(notebook, sandbox):
    sandbox.say(ADA)
    ran = notebook.run("%%watsonx --schema Person --output ada\nWho was first?").ok()
    assert notebook.value("[ada.data == Person('Ada', 36), ada.text]") == [True, ADA]
    assert len(ran.outputs) == 1
    assert json.loads(ran.plain.partition("\n\n")[0]) == json.loads(ADA)
    assert "<details" in ran.html


def test_a_list_is_shown_as_a_table_and_is_one(notebook, sandbox):
    people = [{"name": f"<b>{n}</b>", "age": n} for n in range(3)]
    sandbox.say(json.dumps({"value": people}))
    ran = notebook.run("%%watsonx --schema list[Person] -o people\nWho?").ok()
    assert "<table>" in ran.html
    assert "&lt;b&gt;1&lt;/b&gt;" in ran.html
    assert ran.plain.splitlines()[:2] == ["name      age", "<b>0</b>    0"]
    assert notebook.value("[p.age for p in people.data]") == [0, 1, 2]
    notebook.run("import pandas").ok()
    assert notebook.value("people.df.age.sum().item()") == 3


def test_ask_takes_a_short_form_and_a_function_its_own_class(notebook, sandbox):
    sandbox.say('{"mood": "good"}', '{"x": 1}')
    notebook.run("told = %watsonx ask --schema 'mood: good|bad' How is it?").ok()
    assert notebook.value("told.data") == {"mood": "good"}
    notebook.run(
        "def ask():\n"
        "    from typing import TypedDict\n"
        "    Point = TypedDict('Point', {'x': int})\n"
        "    return get_ipython().run_line_magic('watsonx', 'ask --schema Point Where?')\n"
        "point = ask()"
    ).ok()
    assert notebook.value("point.data") == {"x": 1}


def test_the_second_request_is_shown_below_the_first_answer(notebook, sandbox):
    sandbox.say(UNFIT, ADA)
    ran = notebook.run("%%watsonx --schema Person -o ada\nWho?").ok()
    first, second = ran.outputs
    assert (
        "it does not fit the schema: age: 'old' is not of type 'integer'"
        in (first["data"]["text/plain"])
    )
    assert "asked twice (" in second["data"]["text/plain"]
    assert notebook.value("[ada.data.age, ada is _, ada is wx.last()]") == [36, True, True]
    notebook.run("%watsonx usage").ok()
    assert len(prompts(sandbox)) == 2


def test_a_cell_whose_answer_does_not_fit_fails_and_keeps_the_answer(notebook, sandbox):
    sandbox.say(UNFIT, UNFIT)
    ran = notebook.run("%%watsonx --schema Person --output kept\nWho?")
    assert ran.error == [
        f"SchemaMismatch: The answer does not fit the schema 'Person': {FAULT}",
        "Its text is in kept.text.",
    ]
    assert notebook.value("[kept.text, kept is wx.last(), hasattr(kept, 'data')]") == [
        UNFIT, True, False
    ]  # fmt: skip
    sandbox.say(UNFIT)
    assert "SchemaMismatch" in notebook.run("%%watsonx --schema Person --no-repair\nWho?").error[0]
    assert len(prompts(sandbox)) == 3


def test_a_cut_answer_is_gone_on_with(notebook, sandbox):
    sandbox.say_pieces(['{"name": ', '"Ada", ', '"age": ', "36}"])
    ran = notebook.run("%%watsonx --schema Person --max-tokens 2\nWho?")
    assert ran.error == [
        "SchemaMismatch: The answer ended ('length') before its JSON was complete.",
        "Continue it with wx.last().more(), or run it again with a higher --max-tokens.",
    ]
    sandbox.say('"age": 36}')
    ran = notebook.run("whole = wx.last().more()").ok()
    assert notebook.value("whole.data == Person('Ada', 36)") is True
    assert "36" in ran.plain


def test_what_is_gone_on_with_is_not_in_the_variable_of_its_first_part(notebook, sandbox):
    sandbox.say_pieces(['{"name": ', '"Ada"', "}"])
    notebook.run("%%watsonx --schema Person --max-tokens 1 -o part\nWho?")
    sandbox.say('"Ada"}')
    assert notebook.run("part.more()").error[1] == "Its text is in wx.last().text."
    assert notebook.value("[part.text, wx.last().text]") == ['{"name": ', '{"name": "Ada"}']


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--schema 'age: integer'", "has the unknown type 'integer'. Did you mean 'int'?"),
        ("--schema Persn", "There is no 'Persn' in this notebook. Did you mean 'Person'?"),
        ("--schema get_ipython", "of type method in this notebook, which can't be a schema"),
        ("--schema Person --generate", "--generate and --schema can't be combined"),
        ("--schema", "--schema needs a value"),
        ("--no-repair", "--no-repair needs a schema, but the prompt has none"),
        ("--schema name, age", "--schema takes one word or a text in quotes"),
    ],
)
def test_bad_input_fails_the_cell_before_anything_is_sent(notebook, sandbox, line, said):
    assert said in refused(notebook, sandbox, f"%%watsonx {line}\nWho?")


def test_show_says_where_the_schema_goes_and_sends_nothing(notebook, sandbox):
    ran = notebook.run("%%watsonx --show --schema Person --no-repair\nWho?").ok()
    assert '"response_format": {' in ran.plain
    assert "schema Person: sent as response_format; in the prompt instead, if" in ran.plain
    assert "not asked again (--no-repair)" in ran.plain
    assert not prompts(sandbox)
    sandbox.fault("no-schema", times=None)
    sandbox.say(ADA)
    told = notebook.run("%%watsonx --schema Person\nWho?").ok().plain
    assert "takes no JSON Schema as response_format: it is in the prompt" in told
    ran = notebook.run("%%watsonx --show --schema Person\nWho?").ok()
    assert "response_format" not in ran.plain.partition("schema Person:")[0]
    assert "schema Person: sent at the end of the prompt, because" in ran.plain
    assert "asked once more" in ran.plain
    tokens = ran.plain.partition("tokens, ")[2]
    assert any(line.split()[:1] == ["schema"] for line in tokens.splitlines())


def test_without_a_login_show_has_the_schema_too(kernel):
    ran = kernel.run("%%watsonx --show --schema 'name, age: int'\nWho?").ok()
    assert '"response_format": {' in ran.plain
    assert "schema name, age: int: sent as response_format" in ran.plain


# --- chats and programs ---------------------------------------------------------------------------


def test_a_chat_keeps_the_answer_that_counts(notebook, sandbox):
    sandbox.say(UNFIT, ADA, "Bye.")
    notebook.run("%%watsonx --chat typed --schema Person\nWho?").ok()
    assert notebook.value("[(t.prompt, t.answer) for t in wx.chat('typed').turns]") == [
        ["Who?", ADA]
    ]
    notebook.run("%%watsonx --chat typed\nAnd?").ok()
    assert [m["content"] for m in prompts(sandbox)[-1].body_json["messages"]] == [
        "Who?", ADA, "And?"
    ]  # fmt: skip


@pytest.mark.parametrize("target", ["sdk", "langchain", "openai", "requests", "curl"])
def test_a_program_asks_for_the_schema_of_the_cell_also_after_a_second_request(
    notebook, sandbox, target
):
    sandbox.say(UNFIT, ADA)
    notebook.run("%%watsonx --schema Person\nWho?").ok()
    text = notebook.run(f"%watsonx code --for {target}").ok().plain
    assert "response_format" in text
    assert '"name": "Person"' in text
    assert "Your answer does not fit" not in text


def test_a_chat_from_python_asks_once_more_too(session, sandbox):
    sandbox.say(UNFIT, ADA)
    plan = wx.chat("python")
    answer = plan.ask("Who?", schema="name, age: int")
    assert answer.data == {"name": "Ada", "age": 36}
    assert [turn.answer for turn in plan.turns] == [ADA]
    with pytest.raises(BadOption, match="does not take repair"):
        plan.stream("Who?", schema="name", repair=False)


@pytest.mark.slow
def test_an_interrupt_in_the_second_request_leaves_the_first_answer_as_a_value(tmp_path):
    with Sandbox(words_per_second=20) as sandbox, Kernel(tmp_path) as kernel:
        kernel.run("%load_ext wx_notebook").ok()
        kernel.connect(sandbox)
        sandbox.say("no")
        sandbox.say('{"name": "' + "one two three four " * 40 + '"}')
        running = kernel.start("%%watsonx --schema 'name, age: int' --output kept\nWho?")
        while "one two" not in str(kernel.next_message()["content"].get("data", "")):
            pass
        kernel.interrupt()
        ran = kernel.finish(running)
        assert ran.error == [
            "Interrupted: Stopped while the model was asked once more for an answer that fits.",
            "The first answer is in wx.last().",
        ]
        assert kernel.value("[kept.text, wx.last().text]") == ["no", "no"]


def test_the_tab_key_offers_the_schemas_of_the_notebook(notebook):
    notebook.run(
        "import enum, typing\n"
        "class Mood(enum.Enum):\n    GOOD = 1\n"
        "class Station(typing.TypedDict):\n    name: str\n"
        "class Plain: pass\n"
        "people = list[Person]\n"
        "form = {'type': 'object'}\n"
        "number, table = 3, {'a': 1}"
    ).ok()
    line = "%%watsonx --schema "
    reply = notebook.client.complete(line, len(line), reply=True, timeout=30)
    offered = reply["content"]["matches"]
    assert {"Mood", "Station", "Person", "people", "form"} <= set(offered)
    assert not {"Plain", "number", "table"} & set(offered)


def test_a_typed_answer_can_be_copied_and_pickled(session, sandbox):
    sandbox.say('[{"name": "Ada"}]')
    answer = wx.ask("Who?", schema="(name)[]")
    for other in (copy.copy(answer), copy.deepcopy(answer), pickle.loads(pickle.dumps(answer))):
        assert other.data == [{"name": "Ada"}]
        assert other == answer
