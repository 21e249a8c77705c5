"""A conversation in Python: each prompt is sent with the turns before it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.errors import AnswerCut, BadOption, WatsonxError
from wx_notebook.options import Options
from wx_notebook.session.process import RUNNING_CELL, Execution


@pytest.fixture
def cell():
    """Run a function as a cell of a notebook does."""
    numbers = iter(range(100))

    def run(cell_id, work):
        execution = Execution(cell_id, f"run {next(numbers)}")
        RUNNING_CELL.find = lambda: execution
        try:
            return work()
        finally:
            RUNNING_CELL.find = Execution

    return run


def messages(sandbox):
    return [(m["role"], m["content"]) for m in sandbox.calls[-1].body_json["messages"]]


def prompts(chat):
    return [turn.prompt for turn in chat.turns]


def test_a_prompt_is_sent_with_the_turns_before_it(session, sandbox):
    sandbox.say("The Loire.")
    sandbox.say("1,006 km.")
    plan = wx.chat("plan")
    first = plan.ask("Name a river.")
    second = plan.ask("How long is it?")
    assert messages(sandbox) == [
        ("user", "Name a river."),
        ("assistant", "The Loire."),
        ("user", "How long is it?"),
    ]
    assert first.warnings == ("chat 'plan': the first turn",)
    tokens = first.usage.total_tokens
    assert second.warnings == (f"chat 'plan': 1 earlier turn, {tokens} tokens",)
    assert wx.chat("plan") is plan
    assert wx.chat().turns == (), "the notebook's own conversation is another one"


def test_without_a_chat_nothing_is_remembered(session, sandbox):
    wx.chat().ask("one")
    wx.ask("two")
    assert messages(sandbox) == [("user", "two")]
    assert prompts(wx.chat()) == ["one"]


def test_a_stream_is_a_turn_once_it_has_ended_or_was_left(session, sandbox):
    chat = wx.chat()
    with chat.stream("one") as stream:
        text = "".join(stream)
    assert chat.turns[0].answer == text
    sandbox.say("word " * 500)
    with chat.stream("two") as stream:
        next(stream)
    assert chat.turns[1].finish_reason == "interrupted"
    assert ("word " * 500).startswith(chat.turns[1].answer)


def test_a_system_message_stays_until_another_one_is_given(session, sandbox):
    chat = wx.chat()
    chat.ask("one", system="You are a pirate.")
    chat.ask("two")
    assert messages(sandbox)[0] == ("system", "You are a pirate.")
    chat.ask("three", system="Be brief.")
    chat.ask("four")
    assert [m for m in messages(sandbox) if m[0] == "system"] == [("system", "Be brief.")]


def test_a_prompt_that_fails_is_no_turn_and_the_chat_goes_on(session, sandbox):
    chat = wx.chat()
    chat.ask("one")
    sandbox.fault("500", times=None)
    with pytest.raises(WatsonxError):
        chat.ask("two")
    sandbox.clear_faults()
    chat.ask("three")
    assert prompts(chat) == ["one", "three"]
    assert ("user", "two") not in messages(sandbox)


def test_a_cut_answer_is_a_turn_and_more_makes_it_longer(session, sandbox):
    chat = wx.chat()
    sandbox.say("The Loire is long. " * 20)
    sandbox.fault("cut")
    with pytest.raises(AnswerCut) as caught:
        list(chat.stream("one"))
    (turn,) = chat.turns
    assert turn.finish_reason == "cut"
    sandbox.say("And the rest.")
    whole = caught.value.answer.more()
    (turn,) = chat.turns
    assert turn.answer == whole.text
    assert turn.answer.endswith("And the rest.")
    assert turn.finish_reason == "stop"


def test_of_several_answers_the_first_is_the_turn_and_more_of_another_one_changes_nothing(
    session, sandbox
):
    chat = wx.chat()
    sandbox.say("Loire and Seine", "Rhine and Elbe")
    answer = chat.ask("Name rivers.", n=2, max_tokens=2)
    sandbox.say("Elbe")
    other = answer.answers[1].more()
    assert (other.text, chat.turns[0].answer) == ("Rhine and Elbe", "Loire and ")
    sandbox.say("Seine")
    answer.more()
    assert [turn.answer for turn in chat.turns] == ["Loire and Seine"]
    chat.ask("And now?")
    assert messages(sandbox)[1] == ("assistant", "Loire and Seine")


def test_more_of_an_answer_that_was_asked_for_once_more_makes_the_turn_longer(session, sandbox):
    """The first answer did not fit its schema; the second one did as far as it came."""
    chat = wx.chat()
    sandbox.say("Twelve.")
    sandbox.say_pieces(['{"area": ', "12", "}"])
    with pytest.raises(WatsonxError) as caught:
        chat.ask("How large is it?", schema="area: int", max_tokens=2)
    assert [turn.answer for turn in chat.turns] == ['{"area": 12']
    sandbox.say("}")
    whole = caught.value.answer.more()
    assert whole.data == {"area": 12}
    assert [turn.answer for turn in chat.turns] == [whole.text]


def test_a_cell_that_runs_again_replaces_its_turn_and_those_behind_it(session, sandbox, cell):
    chat = wx.chat()
    for name in "abc":
        cell(name, lambda name=name: chat.ask(f"{name} first"))
    cell("b", lambda: chat.ask("b again"))
    assert messages(sandbox) == [
        ("user", "a first"), ("assistant", chat.turns[0].answer), ("user", "b again")
    ]  # fmt: skip
    assert prompts(chat) == ["a first", "b again"]
    (replaced,) = chat.replaced
    assert [turn.prompt for turn in replaced] == ["a first", "b first", "c first"]
    cell("c", lambda: chat.ask("c again"))
    assert prompts(chat) == ["a first", "b again", "c again"]


def test_two_prompts_of_one_run_are_two_turns_and_both_are_replaced(session, cell):
    chat = wx.chat()

    def ask_twice():
        chat.ask("one")
        chat.ask("two")

    cell("a", ask_twice)
    cell("a", ask_twice)
    assert prompts(chat) == ["one", "two"]
    assert len(chat.replaced) == 1


def test_a_cell_that_fails_when_it_runs_again_replaces_nothing(session, sandbox, cell):
    chat = wx.chat()
    cell("a", lambda: chat.ask("one"))
    sandbox.fault("500", times=None)
    with pytest.raises(WatsonxError):
        cell("a", lambda: chat.ask("again"))
    assert prompts(chat) == ["one"]
    assert chat.replaced == ()


def test_where_no_cell_is_known_each_run_adds_a_turn(session):
    chat = wx.chat()
    chat.ask("one")
    chat.ask("one")
    assert prompts(chat) == ["one", "one"]


def test_threads_that_ask_at_once_lose_no_turn(session):
    chat = wx.chat()
    threads = [threading.Thread(target=chat.ask, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(prompts(chat)) == [str(n) for n in range(8)]
    assert chat.replaced == ()


def test_a_fork_begins_with_the_first_turns_and_goes_its_own_way(session):
    plan = wx.chat("plan")
    for prompt in ("one", "two", "three"):
        plan.ask(prompt)
    other = plan.fork(2)
    other.ask("four")
    assert (other.name, prompts(other)) == ("plan-2", ["one", "two", "four"])
    assert prompts(plan) == ["one", "two", "three"]
    assert plan.fork().name == "plan-3"
    with pytest.raises(BadOption, match="3 turns, so it cannot be forked at turn 7"):
        plan.fork(7)
    with pytest.raises(BadOption, match="There is a chat 'plan' already"):
        other.fork(name="plan")


#: About half of the context of the default model, by our estimate.
def half_of_the_context(session):
    session.models()
    model = session.state.catalogue.find(session.state.default_model())
    return "word " * int(model.context_tokens * 0.4 / (5 / 4.5))


def test_the_oldest_turns_go_when_the_context_of_the_model_is_full(session, sandbox):
    chat = wx.chat("long")
    long = half_of_the_context(session)
    for number in range(3):
        sandbox.say("yes")
        answer = chat.ask(f"{number} {long}")
    sent = [text.split(" ")[0] for role, text in messages(sandbox) if role == "user"]
    assert sent == ["1", "2"], "the newest stay"
    assert answer.warnings[0] == (
        f"chat 'long': the oldest turn does not fit into the context of {answer.model_id} and is "
        "not sent"
    )
    assert len(chat.turns) == 3, "it stays in the conversation"


def test_where_the_list_of_models_is_not_known_nothing_is_left_out(session, sandbox):
    long = half_of_the_context(session)
    chat = wx.chat()
    for number in range(2):
        sandbox.say("yes")
        chat.ask(f"{number} {long}")
    other = wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id)
    options = Options(model="ibm/granite-4-h-small")
    prepared = chat.prepare(other, long, options, stream=False, dry=True)
    assert len(prepared.request.body["messages"]) == 5
    assert prepared.news == ""


@all_cases("name", ["a/b", "../x", ".hidden", "a" * 65, "x\ny", "a.", "C:\\x"])
def test_a_name_that_is_no_name_of_a_file_is_refused(name):
    with pytest.raises(BadOption, match="name of a chat") as caught:
        wx.chat(name)
    assert name not in str(caught.value)


@all_cases("prompt", ["", "  ", None, [{"role": "user", "content": "hi"}], 7])
def test_what_is_no_text_is_refused_before_anything_is_sent(session, sandbox, prompt):
    chat = wx.chat()
    with pytest.raises(BadOption):
        chat.ask(prompt)
    assert sandbox.counts["chat"] == 0
    assert chat.turns == ()


def test_no_key_becomes_part_of_a_chat(session, sandbox, tmp_path):
    chat = wx.chat()
    with pytest.raises(BadOption):
        chat.ask(f"my key is {sandbox.api_key}")
    # a model, or whoever answers in its place, says the key
    sandbox.say(f"your key is {sandbox.api_key}, is it not?")
    chat.ask("one")
    path = chat.save(tmp_path / "chat.json")
    assert sandbox.api_key not in path.read_text()
    assert sandbox.api_key not in repr(chat.turns)


def test_a_chat_is_exported_as_messages_of_the_api(session, sandbox, tmp_path):
    chat = wx.chat()
    sandbox.say("The Loire.")
    chat.ask("Name a river.", system="Be brief.")
    path = chat.save(tmp_path / "chat.json")
    assert json.loads(path.read_text()) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Name a river."},
        {"role": "assistant", "content": "The Loire."},
    ]
    assert path.stat().st_mode & 0o077 == 0


def test_importing_the_package_does_not_import_chats():
    program = "import wx_notebook, sys; print([m for m in sys.modules if 'chats' in m])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_code_is_sent_again_as_it_was(session, sandbox):
    code = "def login(user: str, password: Optional[str] = None, api_key=Depends(x)): ..."
    chat = wx.chat()
    chat.ask(code)
    chat.ask("And now?")
    assert messages(sandbox)[0] == ("user", code)


@pytest.mark.parametrize("where", ["prompt", "answer", "system", "far behind"])
def test_a_text_in_the_form_of_a_key_is_not_kept(session, sandbox, tmp_path, where):
    key = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG"  # pragma: allowlist secret
    texts = {"prompt": "a", "answer": "b", "system": "c"}
    texts["prompt" if where == "far behind" else where] = f"it is {key}"
    if where == "far behind":
        texts["prompt"] = "x " * 4_000 + key
    sandbox.say(texts["answer"])
    chat = wx.chat()
    chat.ask(texts["prompt"], system=texts["system"])
    assert key not in chat.save(tmp_path / "chat.json").read_text()


def test_a_file_that_is_no_conversation_is_not_replaced(session, tmp_path):
    chat = wx.chat()
    chat.ask("one")
    notebook = tmp_path / "work.ipynb"
    notebook.write_text("{}")
    with pytest.raises(BadOption, match="exists, and is not a conversation"):
        chat.save(notebook)
    assert notebook.read_text() == "{}"
    path = chat.save(tmp_path / "chat.json")
    chat.ask("two")
    assert chat.save(path) == path, "an older form of it is replaced"
