"""`--chat` and `%watsonx chats` in a real kernel."""

from __future__ import annotations

import json

import pytest
from support.kernels import refused


def messages(sandbox):
    call = [c for c in sandbox.calls if c.kind in ("chat", "chat_stream")][-1]
    return [(m["role"], m["content"]) for m in call.body_json["messages"]]


def test_a_cell_goes_on_with_the_notebooks_conversation_or_a_named_one(connected, sandbox):
    sandbox.say("The Loire.")
    connected.run("%%watsonx --chat\nName a river.").ok()
    sandbox.say("1,006 km.")
    ran = connected.run("%%watsonx -c\nHow long is it?").ok()
    assert messages(sandbox) == [
        ("user", "Name a river."), ("assistant", "The Loire."), ("user", "How long is it?")
    ]  # fmt: skip
    assert "chat: 1 earlier turn, " in ran.plain
    connected.run("%%watsonx --chat plan -t 0.5\nhello").ok()
    assert messages(sandbox) == [("user", "hello")]
    connected.run("%%watsonx\nhello").ok()
    assert messages(sandbox) == [("user", "hello")]


def test_in_an_ask_line_a_name_is_given_with_an_equals_sign(connected, sandbox):
    connected.run("%watsonx ask --chat=plan Name a river.").ok()
    connected.run("%watsonx ask --chat plan the tour").ok()
    assert messages(sandbox) == [("user", "plan the tour")]
    connected.run("%watsonx ask --chat=plan And another.").ok()
    assert len(messages(sandbox)) == 3


def test_a_cell_that_runs_again_replaces_its_turn(connected, sandbox):
    for cell_id, text in (("a", "one"), ("b", "two"), ("a", "one again")):
        connected.run(f"%%watsonx --chat\n{text}", cell_id=cell_id).ok()
    assert messages(sandbox) == [("user", "one again")]
    shown = connected.run("%watsonx chats show").ok().plain
    assert "[1] one again" in shown
    assert "two" not in shown
    assert "1 replaced: %watsonx chats show --all" in shown
    everything = connected.run("%watsonx chats show --all").ok().plain
    assert "[1] one\n" in everything
    assert "[2] two\n" in everything


def test_show_prints_the_whole_conversation_and_its_tokens_and_sends_nothing(connected, sandbox):
    connected.run("%%watsonx --chat plan --system 'Be brief.'\none").ok()
    sent = sandbox.counts["chat_stream"]
    shown = connected.run("%%watsonx --chat plan --show\ntwo").ok().plain
    for text in ('"content": "Be brief."', '"content": "one"', '"content": "two"'):
        assert text in shown
    assert "chat 'plan': 1 earlier turn " in shown
    assert sandbox.counts["chat_stream"] == sent


def test_show_without_a_connection_prints_the_conversation_too(kernel, connected):
    connected.run("%%watsonx --chat plan\none").ok()
    connected.run("from wx_notebook.session import disconnect as _d; _d()").ok()
    shown = kernel.run("%%watsonx --chat plan --show\ntwo").ok().plain
    assert '"content": "one"' in shown
    assert "(not connected)" in shown


def test_what_was_interrupted_is_a_turn_with_what_had_arrived(connected, sandbox):
    sandbox.say("word " * 200)
    sandbox.fault("stall")
    started = connected.start("%%watsonx --chat\none", cell_id="a")
    while "word" not in str(connected.next_message()):
        pass
    connected.interrupt()
    assert connected.finish(started).status == "error"
    turns = connected.value("[(t.prompt, t.finish_reason, t.answer[:4]) for t in wx.chat().turns]")
    assert turns == [["one", "interrupted", "word"]]


def test_the_command_lists_forks_clears_exports_and_imports(connected, sandbox, tmp_path):
    assert "no chats yet" in connected.run("%watsonx chats").ok().plain
    for text in ("one", "two"):
        connected.run(f"%watsonx ask --chat=plan {text}").ok()
    listed = connected.run("%watsonx chats").ok().plain
    assert "plan  2 turns, " in listed
    assert "· two" in listed
    forked = connected.run("%watsonx chats fork plan --turn 1 --as other").ok().plain
    assert "chat 'other' begins with 1 of the 2 turns of chat 'plan'" in forked
    assert "%%watsonx --chat other" in forked
    file = tmp_path / "chat.json"
    assert str(file) in connected.run(f"%watsonx chats export {file} other").ok().plain
    assert [m["role"] for m in json.loads(file.read_text())] == ["user", "assistant"]
    assert "2 turns forgotten" in connected.run("%watsonx chats clear plan").ok().plain
    connected.run(f"%watsonx chats import {file} again").ok()
    connected.run("%watsonx ask --chat=again three").ok()
    assert [text for role, text in messages(sandbox) if role == "user"] == ["one", "three"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("%%watsonx --chat a/b\nhi", "--chat takes at most 64 letters"),
        ("%%watsonx --chat --generate\nhi", "can't be combined"),
        ("%%watsonx --chat .x\nhi", "--chat takes at most 64 letters"),
        ("wx.ask('hi', chat='plan')", "wx.chat(NAME).ask()"),
        ("%watsonx chats shwo", "Did you mean 'show'?"),
        ("%watsonx chats show nobody", "chat 'nobody' has no turns yet."),
        ("%watsonx chats export", "needs a file"),
        ("%watsonx chats import nofile.json", "nofile.json is not there"),
        ("%watsonx chats --turn 3", "--turn goes with fork"),
        ("%watsonx chats show a b", "got too many words"),
    ],
)
def test_a_mistake_is_a_failing_cell_that_says_what_to_type(connected, sandbox, line, what):
    assert what in refused(connected, sandbox, line)


def test_in_a_terminal_and_under_nbclient_no_cell_is_known_and_each_run_adds_a_turn(connected):
    connected.run("%%watsonx --chat\none").ok()
    connected.run("%%watsonx --chat\none").ok()
    assert connected.value("len(wx.chat().turns)") == 2
