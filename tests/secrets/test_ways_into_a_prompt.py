"""The key of a session goes into no request, by whatever way it came, and is shown in none."""

from __future__ import annotations

import json

import pytest

from .leaks import found

#: What asks for an answer or a count: kinds of request that a key must not come with.
ASKING = {"chat", "chat_stream", "generation", "generation_stream", "tokenization", "deployment"}

CELLS = {
    "a variable": "%%watsonx\n{{ key }}",
    "an attribute": "%%watsonx\n{{ holder.key }}",
    "a cell of a table": "%%watsonx\n{{ df }}",
    "a column's name": "%%watsonx\n{{ by_key }}",
    "a file": "%%watsonx\n{{ path }}",
    "an answer": "%%watsonx\n{{ answer }}",
    "a filter": "%%watsonx\n{{ key | truncate(500) }}",
    "--show": "%%watsonx --show\n{{ key }}",
    "--show of a model": "%%watsonx --show --model=KEY\nhello",
    "--show of a deployment": "%%watsonx --show --deployment=KEY\nhello",
    "--system": "%%watsonx --system=KEY\nhello",
    "--model": "%%watsonx --model=KEY\nhello",
    "a part of --model": "%%watsonx -m ibm/KEY\nhello",
    "--deployment": "%%watsonx --deployment=KEY\nhello",
    "--stop": "%%watsonx --stop=KEY\nhello",
    "the value of -p": "%%watsonx -p user=KEY\nhello",
    "deep within -p": '%%watsonx -p \'user=[{"a": "KEY"}]\'\nhello',
    "--generate": "%%watsonx --generate\n{{ key }}",
    "%config": "%config WatsonxMagics.model = 'KEY'\nget_ipython().run_cell_magic('watsonx', "
    "'', 'hello')",
    "ask": "wx.ask(key)",
    "messages": "wx.ask([{'role': 'user', 'content': key}])",
    "the parts of a message": "wx.ask([{'role': 'user', 'content': "
    "[{'type': 'text', 'text': key}]}])",
    "the role of a message": "wx.ask([{'role': key, 'content': 'hello'}])",
    "stream": "list(wx.stream([{'role': 'user', 'content': key}]))",
    "a keyword": "wx.ask('hello', model=key)",
    "generate": "wx.session().generate(key)",
    "a count of tokens": "wx.session().pipeline.count_tokens(key, model_id='ibm/granite-4-h')",
}

READ = (
    "import json, types, pathlib, dataclasses, pandas as pd, wx_notebook as wx\n"
    "key = json.load(open({file!r}))['key']\n"
    "holder = types.SimpleNamespace(key=key)\n"
    "df, by_key = pd.DataFrame({{'a': [key]}}), pd.DataFrame({{key: [1]}})\n"
    "path = pathlib.Path({text!r})\n"
    "answer = dataclasses.replace(wx.ask('hello'), text=f'it is {{key}}')\nNone"
)


@pytest.fixture
def holding(connected, sandbox, tmp_path):
    """The kernel, in whose variables the key lies, in no cell's text."""
    (tmp_path / "key.json").write_text(json.dumps({"key": sandbox.api_key}))
    (tmp_path / "notes.txt").write_text(f"the key is {sandbox.api_key}")
    names = {"file": str(tmp_path / "key.json"), "text": str(tmp_path / "notes.txt")}
    connected.run(READ.format(**names)).ok()
    yield connected
    connected.run("%config WatsonxMagics.model = None\n%reset -f").ok()


def test_the_key_of_the_session_goes_nowhere_with_a_prompt(holding, sandbox):
    # one kernel for all of them: each is a cell
    for way, cell in CELLS.items():
        before = len(sandbox.calls)
        ran = holding.run(cell.replace("KEY", sandbox.api_key), store_history=False)
        assert ran.status == "error", way
        assert "never sent to a model" in "\n".join(ran.error), way
        said = [message for message in ran.messages if message["msg_type"] != "execute_input"]
        assert found(json.dumps([said, ran.reply], default=str), sandbox.api_key) == [], way
        assert not {call.kind for call in sandbox.calls[before:]} & ASKING, way


def test_the_same_prompts_with_another_text_are_sent(holding, sandbox):
    """Else the test above would prove nothing."""
    holding.run("key = holder.key = 'no secret'").ok()
    sent = [CELLS[way].replace("KEY", "harmless") for way in ("a variable", "--stop", "messages")]
    for cell in sent:
        holding.run(cell).ok()
    assert len([call for call in sandbox.calls if call.kind in ASKING]) == 1 + len(sent)


def test_a_name_that_looks_like_a_key_is_not_repeated(holding, sandbox):
    ran = holding.run("%%watsonx\n{{ " + "aB3" * 15 + " }}", store_history=False)
    assert "uses '<secret>', which does not exist" in ran.error[-2]


def test_no_key_comes_out_by_what_tells_of_requests_and_their_cost(holding, sandbox):
    holding.run("%%watsonx\nhello").ok()
    lines = ["show", "code", "usage", "settings", "models", "status"]
    ran = [holding.run(f"%watsonx {line}") for line in lines]
    said = "".join(one.everything for one in ran)
    assert found(said, sandbox.api_key, *sandbox.account.tokens._lifetimes) == []
    for file in holding.folder.rglob("*"):
        if file.is_file():
            assert sandbox.api_key.encode() not in file.read_bytes(), file
