"""What a kernel tells the front-end extension, and hears from it, in the messages themselves."""

from __future__ import annotations

import pytest
from transport.servers import KEY

import wx_notebook as wx
from wx_notebook.magics.lab_link import COMM, line_facts


def said(ran):
    return [
        message["content"]["data"]
        for message in ran.messages
        if message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == COMM
    ]


def greet(kernel, version=wx.__version__):
    """Say hello as a page does; return what the kernel says to that."""
    session = kernel.client.session
    content = {
        "comm_id": COMM,
        "data": {"hello": {"version": version, "application": "JupyterLab 4"}},
    }
    message = session.msg("comm_msg", content)
    kernel.client.shell_channel.send(message)
    while True:
        answer = kernel.next_message()
        if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if answer["msg_type"] == "comm_msg":
            return answer["content"]["data"]["line"]


def test_it_tells_after_a_cell_what_has_changed_and_nothing_else(kernel, sandbox):
    assert said(kernel.run("1 + 1").ok()) == []
    connect = (
        f"import wx_notebook as wx\n_ = wx.connect(api_key={sandbox.api_key!r}, "
        f"url={sandbox.url!r}, project_id={sandbox.project_id!r}).verify()"
    )
    *_, last = said(kernel.run(connect).ok())
    line = last["line"]
    assert {key: line[key] for key in ("version", "account", "place", "scope", "who")} == {
        "version": wx.__version__, "account": "in", "place": "sandbox",
        "scope": "Sandbox project", "who": "Sandbox User",
    }  # fmt: skip
    assert line["model"] == "ibm/granite-4-h-small"
    assert "state" not in line, "nbclient would take that for a widget"
    assert said(kernel.run("1 + 1").ok()) == []
    before = line["tokens"]
    *_, last = said(kernel.run("%%watsonx\nhello").ok())
    assert last["line"]["tokens"] > before
    (signed_out,) = said(kernel.run("%watsonx logout").ok())[-1:]
    assert signed_out["line"]["account"] == "out"
    assert "scope" not in signed_out["line"]


def test_a_page_that_greets_is_told_and_gets_the_next_cell_by_message(connected, sandbox):
    for _ in range(3):
        sandbox.say("```python\nx = 1\n```")
    ran = connected.run("%%watsonx --format code\nWrite it.", cell_id="asks").ok()
    assert [p["source"] for p in ran.reply["payload"]] == ["set_next_input"]
    assert greet(connected)["account"] == "in"
    ran = connected.run("%%watsonx --format code\nWrite it.", cell_id="asks").ok()
    assert ran.reply["payload"] == []
    (cell,) = [data["cell"] for data in said(ran) if "cell" in data]
    assert cell["cell_id"] == "asks"
    assert cell["text"].endswith("x = 1")
    # a front end that names no cell
    ran = connected.run("%%watsonx --format code\nWrite it.").ok()
    assert [p["source"] for p in ran.reply["payload"]] == ["set_next_input"]


def test_nothing_that_a_page_may_send_harms_the_kernel(kernel):
    session = kernel.client.session
    for data in ({}, {"hello": None}, {"hello": {"version": 1}}, {"hello": "x" * 10_000}, {"a": 1}):
        content = {"comm_id": COMM, "data": data}
        kernel.client.shell_channel.send(session.msg("comm_msg", content))
    assert kernel.run("1 + 1").ok().printed == ""
    assert len(greet(kernel, "9" * 10_000)["version"]) < 20


def test_it_says_which_cell_can_be_explained(connected):
    *_, last = said(connected.run("1/0", cell_id="divides"))
    assert last["line"]["failed"] == "divides"
    *_, last = said(connected.run("raise KeyboardInterrupt", cell_id="stopped"))
    assert last["line"]["failed"] == "", "the user knows why"


def test_at_unload_it_says_so_and_tells_nothing_more(connected, sandbox):
    ran = connected.run("%unload_ext wx_notebook").ok()
    assert said(ran)[-1] == {"line": None}
    assert said(connected.run("wx.ask('hello')")) == []


def test_no_secret_is_in_what_it_tells(connected, sandbox):
    ran = connected.run("%%watsonx\nhello").ok()
    text = str(said(ran))
    assert "sandbox" in text
    assert sandbox.api_key not in text
    assert "eyJ" not in text


@pytest.mark.parametrize("name", [f"notes {KEY}", "a\x1b[31m\u202ename", "n" * 900])
def test_a_name_of_the_service_is_shown_without_keys_and_control_characters(session, sandbox, name):
    session.verify()
    import dataclasses

    project = dataclasses.replace(session.state.project, name=name)
    session.state = dataclasses.replace(session.state, project=project)
    scope = line_facts("1")["scope"]
    assert KEY not in scope
    assert scope.isprintable()
    assert len(scope) <= 80
