"""A prompt with tools: calls are run in order, their results go back, the answer goes on."""

from __future__ import annotations

import base64
import io
import json
import sys
from itertools import count
from types import SimpleNamespace

import matplotlib.figure
import pandas as pd
import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.errors import (
    AnswerCut,
    BadOption,
    Interrupted,
    ModelError,
    QuotaSpent,
    SchemaMismatch,
    WatsonxError,
)
from wx_notebook.options import Options
from wx_notebook.tools import TextReporter, ToolSet


def area(width: float, height: float) -> float:
    """Return the area of a rectangle."""
    return width * height


def now() -> str:
    """Return the time of day."""
    return "12:30"


@pytest.fixture
def asked(monkeypatch):
    """What a user is asked, and what they answer: set `replies`."""

    talk = SimpleNamespace(lines=[], replies=[])

    def ask(prompt):
        talk.lines.append(prompt)
        return talk.replies.pop(0)

    monkeypatch.setattr("builtins.input", ask)
    return talk


def bodies(sandbox):
    return [c.body_json for c in sandbox.calls if c.kind in ("chat", "chat_stream")]


def ask(*functions, prompt="What is the area?", **options):
    return wx.ask(prompt, tools=list(functions), **({"yes": True} | options))


def test_a_result_goes_back_and_the_answer_follows(session, sandbox):
    sandbox.say_calls(("area", {"width": 3, "height": "4"}))
    sandbox.say("It is 12 square metres.")
    answer = ask(area)
    assert answer.text == "It is 12 square metres."
    (call,) = answer.calls
    assert (call.name, call.arguments, call.result) == ("area", {"width": 3, "height": "4"}, "12.0")
    first, second = bodies(sandbox)
    assert first["tools"] == ToolSet([area]).documents()
    assert first["tool_choice_option"] == "auto"
    assert second["messages"] == [
        {"role": "user", "content": "What is the area?"},
        {"role": "assistant", "tool_calls": [
            {"id": call.id, "type": "function",
             "function": {"name": "area", "arguments": '{"width": 3, "height": "4"}'}}]},
        {"role": "tool", "tool_call_id": call.id, "content": "12.0"},
    ]  # fmt: skip
    assert second["tools"] == first["tools"]
    assert wx.last() is answer
    assert answer.finish_reason == "stop"


def test_several_calls_of_one_turn_run_in_order_and_tokens_are_summed(session, sandbox):
    ran = []

    def note(word: str) -> str:
        ran.append(word)
        return word.upper()

    sandbox.say_calls(("note", {"word": "a"}), ("note", {"word": "b"}), ("now", {}))
    sandbox.say("done")
    before = session.state.meter.by_model.get("ibm/granite-4-h-small")
    before = before.prompts if before else 0
    answer = ask(note, now)
    assert ran == ["a", "b"]
    assert [call.result for call in answer.calls] == ["A", "B", "12:30"]
    results = [m["content"] for m in bodies(sandbox)[1]["messages"] if m["role"] == "tool"]
    assert results == ["A", "B", "12:30"]
    counted = session.state.meter.by_model["ibm/granite-4-h-small"].prompts - before
    assert counted == 2
    single = wx.ask("What is the area?")
    assert answer.usage.input_tokens > 2 * single.usage.input_tokens


def test_the_text_of_a_stream_is_the_text_of_the_answer_in_all_rounds(session, sandbox):
    sandbox.say_calls(("now", {}))
    sandbox.say("It is half past twelve.")
    with wx.stream("What time is it?", tools=now, yes=True) as stream:
        pieces = list(stream)
    assert len(pieces) > 1
    assert "".join(pieces) == stream.answer.text == "It is half past twelve."
    assert [call.result for call in stream.answer.calls] == ["12:30"]


def test_calls_that_a_model_writes_as_text_are_run_and_no_text(session, sandbox):
    written = {"name": "area", "arguments": {"width": 2, "height": 3}}
    sandbox.say(f"<tool_call>\n{json.dumps(written)}\n</tool_call>")
    sandbox.say("Six.")
    with wx.stream("What is the area?", tools=area, yes=True) as stream:
        assert "".join(stream) == "Six."
    assert stream.answer.calls[0].result == "6.0"
    assert bodies(sandbox)[1]["messages"][1]["tool_calls"][0]["function"]["name"] == "area"


def test_words_before_a_written_call_stay_and_the_call_goes(session, sandbox):
    sandbox.say('I look. <tool_call>{"name": "now", "arguments": {}}</tool_call>')
    sandbox.say("Noon.")
    assert ask(now).text == "I look.\n\nNoon."


def test_json_that_only_looks_like_a_call_is_the_answer(session, sandbox):
    sandbox.say('{"name": "Ada", "age": 36}')
    with wx.stream("Who?", tools=now, yes=True, format="json") as stream:
        assert "".join(stream) == '{"name": "Ada", "age": 36}'
    assert stream.answer.data == {"name": "Ada", "age": 36}
    assert stream.answer.calls == ()


def test_an_exception_of_a_tool_goes_to_the_model_as_its_message_and_is_shown(session, sandbox):
    def fail(n: int) -> int:
        raise ValueError(f"{n} is too small")

    sandbox.say_calls(("fail", {"n": 3}))
    sandbox.say("It failed.")
    answer = ask(fail)
    assert answer.calls[0].error == "ValueError: 3 is too small"
    assert bodies(sandbox)[1]["messages"][-1]["content"] == "Error: ValueError: 3 is too small"
    assert "[fail(n=3): ValueError: 3 is too small]" in answer.plain
    assert "fail(n=3): ValueError: 3 is too small" in answer._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (("area", {"width": 3}), "missing a required argument: 'height'"),
        (("area", {"width": "x", "height": 1}), "'x' is not of type 'number'"),
        (("aera", {}), "there is no tool 'aera'; the tools are area"),
    ],
)
def test_a_call_that_cannot_be_run_is_told_to_the_model(session, sandbox, call, error):
    sandbox.say_calls(call)
    sandbox.say("Sorry.")
    assert error in ask(area).calls[0].error
    assert error in bodies(sandbox)[1]["messages"][-1]["content"]


def test_a_model_that_never_stops_calling_is_stopped(session, sandbox):
    for _ in range(9):
        sandbox.say_calls(("now", {}))
    answer = ask(now, max_rounds=3)
    assert len(bodies(sandbox)) == 4
    assert [call.is_open for call in answer.calls] == [False, False, False, True]
    assert "raise max_rounds=" in answer.plain
    assert "not run here" in answer.plain, "the last call was not"


def test_a_long_result_is_shortened_and_its_end_says_so(session, sandbox):
    def much() -> str:
        return "x" * 50_000

    sandbox.say_calls(("much", {}))
    sandbox.say("ok")
    answer = ask(much)
    assert answer.calls[0].result.endswith("\n... (30,000 more characters are left out)")
    assert "the model did not get 30,000 of them" in answer.plain, "the reader is told, too"
    assert len(bodies(sandbox)[1]["messages"][-1]["content"]) < 21_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"), (None, "done; there is no result"), (3, "3"), ([1, "a"], '[1, "a"]'),
        ({"a": {1, }}, '{"a": [1]}'), (pd.Timestamp("2026-01-01"), '"2026-01-01 00:00:00"'),
        (3 + 4j, '"(3+4j)"'), (b"text", "text"),
    ],
)  # fmt: skip
def test_results_of_any_kind_are_text(session, sandbox, value, text):
    def give() -> object:
        return value

    sandbox.say_calls(("give", {}))
    sandbox.say("ok")
    assert ask(give).calls[0].result == text


def test_an_iterator_is_read_and_a_path_is_a_name_and_no_file(session, sandbox, tmp_path):
    (tmp_path / "notes.txt").write_text("what nobody asked for")

    def squares() -> object:
        return (n * n for n in range(4))

    def endless() -> object:
        return count()

    def path() -> object:
        return tmp_path / "notes.txt"

    sandbox.say_calls(("squares", {}), ("endless", {}), ("path", {}))
    sandbox.say("ok")
    results = [call.result for call in ask(squares, endless, path).calls]
    assert results[0] == "[0, 1, 4, 9]"
    assert results[1].startswith("[0, 1, 2, ")
    assert results[2] == str(tmp_path / "notes.txt")


def test_a_result_that_has_no_text_is_told_to_the_model_as_what_it_is(session, sandbox):
    def draw() -> object:
        return matplotlib.figure.Figure()

    def scan() -> object:
        return b"\x89PNG\r\n\x1a\n"

    def thing() -> object:
        return object()

    sandbox.say_calls(("draw", {}), ("scan", {}), ("thing", {}))
    sandbox.say("ok")
    answer = ask(draw, scan, thing)
    assert [call.result for call in answer.calls] == [
        "done; the result is a picture, and is not sent",
        "done; the result is the bytes of a PNG picture, and is not sent",
        "done; the result is an object of the class object, which has no text, and is not sent",
    ]


def test_a_tool_that_ends_python_is_a_tool_that_fails(session, sandbox):
    def leave() -> str:
        sys.exit("no such file")

    sandbox.say_calls(("leave", {}))
    sandbox.say("It failed.")
    answer = ask(leave)
    assert (answer.calls[0].error, answer.text) == ("SystemExit: no such file", "It failed.")


def test_a_table_is_sent_as_in_a_placeholder(session, sandbox):
    def table() -> object:
        return pd.DataFrame({"n": range(100_000)})

    sandbox.say_calls(("table", {}))
    sandbox.say("ok")
    result = ask(table).calls[0].result
    assert "a table of 100,000 rows and 1 column" in result
    assert len(result) < 20_000


# --- consent --------------------------------------------------------------------------------------


def test_each_call_is_shown_and_asked_for(session, sandbox, asked, capsys):
    sandbox.say_calls(("area", {"width": 1, "height": 2}), ("area", {"width": 3, "height": 4}))
    sandbox.say("ok")
    asked.replies = ["maybe", "y", "n"]
    answer = ask(area, yes=False)
    assert [line.split("\n")[0] for line in asked.lines] == [
        "area(width=1, height=2)", "area(width=1, height=2)", "area(width=3, height=4)"
    ]  # fmt: skip
    assert [call.result for call in answer.calls] == ["2.0", None]
    assert answer.calls[1].error == "The user did not allow this call."
    assert "did not allow" in bodies(sandbox)[1]["messages"][-1]["content"]
    assert capsys.readouterr().out.splitlines()[:2] == ["area(width=1, height=2)", "  → 2.0"]


def test_all_calls_of_a_prompt_can_be_allowed_at_once(session, sandbox, asked):
    sandbox.say_calls(("now", {}), ("now", {}))
    sandbox.say_calls(("now", {}))
    sandbox.say("ok")
    asked.replies = ["a"]
    assert len(ask(now, yes=False).calls) == 3
    asked.replies = ["n"]
    sandbox.say_calls(("now", {}))
    sandbox.say("ok")
    assert ask(now, yes=False).calls[0].error


def test_where_nobody_can_be_asked_it_is_an_error_before_sending(session, sandbox, nobody):
    with pytest.raises(BadOption, match="Calls of now need your consent") as caught:
        ask(now, yes=False)
    assert caught.value.hint == "To allow all calls: yes=True."
    assert bodies(sandbox) == []
    sandbox.say_calls(("now", {}))
    sandbox.say("ok")
    assert ask(now).text == "ok"


def test_the_end_of_the_input_is_a_no(session, sandbox, monkeypatch):
    """Ctrl-D in a terminal."""

    def end(_):
        raise EOFError

    monkeypatch.setattr("builtins.input", end)
    sandbox.say_calls(("now", {}))
    sandbox.say("Then not.")
    answer = ask(now, yes=False)
    assert answer.text == "Then not."
    assert answer.calls[0].error == "The user did not allow this call."


@all_cases(
    ("tools", "options", "kind", "what"),
    [
        ([42], {}, BadOption, "a tool must be a function"),
        ([area, area], {}, BadOption, "Two tools have the name 'area'"),
        ([], {}, BadOption, "tools takes a value, or a list of values"),
        ([area], {"generate": True}, BadOption, "can't be combined"),
        ([area], {"n": 2}, BadOption, "can't be combined"),
        ([area], {"max_rounds": 0}, BadOption, "max_rounds takes a whole number from 1"),
        ([area], {"model": "meta-llama/llama-2-13b-chat"}, ModelError, "it cannot call tools"),
    ],
)
def test_what_cannot_be_right_is_refused(session, sandbox, tools, options, kind, what):
    with pytest.raises(kind, match=what):
        wx.ask("hi", tools=tools, yes=True, **options)
    assert bodies(sandbox) == []


# --- what ends it early ---------------------------------------------------------------------------


def test_an_interrupt_in_a_tool_leaves_what_is_done_as_a_value(session, sandbox):
    def stop() -> str:
        raise KeyboardInterrupt

    sandbox.say_calls(("now", {}), ("stop", {}), ("now", {}))
    with pytest.raises(Interrupted, match="Stopped while a tool was running") as caught:
        ask(now, stop)
    answer = caught.value.answer
    assert answer is wx.last()
    assert answer.finish_reason == "interrupted"
    assert [(call.name, call.result) for call in answer.calls] == [
        ("now", "12:30"), ("stop", None), ("now", None)
    ]  # fmt: skip
    assert len(bodies(sandbox)) == 1
    # there is no text yet that could be gone on with
    assert caught.value.hint == "What was received is in wx.last(); run it again."
    assert answer.notes[:3] == (
        "interrupted before the first word of the answer; run it again",
        "the call of the tool 'stop' has not ended: the model got no result of it",
        "the call of the tool 'now' has not ended: the model got no result of it",
    )


def test_a_prompt_of_a_tool_that_is_stopped_is_no_part_of_the_answer(session, sandbox):
    def stop(*_):
        raise KeyboardInterrupt

    def think() -> str:
        """Ask somebody else."""
        stream = wx.stream("What do you think?")
        stream.on_reasoning = stop
        return stream.answer.text

    chat = wx.chat()
    sandbox.say_calls(("think", {}))
    sandbox.say_pieces(["<think>", "A thought of its own.", "</think>", "Words of its own."])
    with pytest.raises(Interrupted) as caught:
        chat.ask("What now?", tools=[think], yes=True)
    answer = caught.value.answer
    assert [call.name for call in answer.calls] == ["think"]
    assert (answer.text, answer.reasoning) == ("", "")
    assert list(chat.turns) == []


def test_a_question_that_fails_leaves_each_round_counted_once(session, sandbox, monkeypatch):
    """A front end may refuse to ask at all."""

    def fail(_):
        raise RuntimeError("no input here")

    monkeypatch.setattr("builtins.input", fail)
    sandbox.say('I look. <tool_call>{"name": "now", "arguments": {}}</tool_call>')
    stream = wx.stream("What time is it?", tools=now)
    with pytest.raises(RuntimeError, match="no input here"), stream:
        list(stream)
    answer = wx.last()
    assert (answer.text, answer.finish_reason) == ("I look.", "interrupted")
    assert [(call.name, call.is_open) for call in answer.calls] == [("now", True)]
    assert answer.usage == stream._inner.answer.usage
    assert stream.answer is answer


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_stop_while_a_written_call_is_taken_off_the_page_keeps_the_turn(
    session, sandbox, earlier
):
    """The round that is read has ended, and is none of those before it yet."""

    def stop(*_):
        raise KeyboardInterrupt

    for _ in range(earlier):
        sandbox.say_calls(("now", {}))
    sandbox.say('I look. <tool_call>{"name": "now", "arguments": {}}</tool_call>')
    chat = wx.chat("stopped")
    try:
        stream = chat.stream("What time is it?", tools=now, yes=True)
        stream.on_reset = stop
        with pytest.raises(Interrupted) as caught:
            list(stream)
        assert [turn.answer for turn in chat.turns] == ["I look."]
    finally:
        chat.clear()
    answer = caught.value.answer
    assert answer is wx.last()
    assert (answer.text, answer.finish_reason) == ("I look.", "interrupted")
    assert [call.is_open for call in answer.calls] == [False] * earlier + [True]
    assert caught.value.message == "Stopped while the answer was arriving."


def test_a_stream_with_tools_that_is_closed_before_its_first_word_is_no_last_answer(
    session, sandbox
):
    first = wx.ask("hello")
    wx.stream("What time is it?", tools=now, yes=True).close()
    assert wx.last() is first


def test_an_answer_that_is_cut_after_a_tool_keeps_the_calls(session, sandbox):
    def cut_the_next() -> str:
        sandbox.fault("cut")
        return "12:30"

    sandbox.say_calls(("cut_the_next", {}))
    sandbox.say("one two three four five six")
    with pytest.raises(AnswerCut) as caught:
        list(wx.stream("hi", tools=cut_the_next, yes=True))
    answer = caught.value.answer
    assert answer.calls[0].result == "12:30"
    assert "one two three four five six".startswith(answer.text.strip())
    assert answer.finish_reason == "cut"


def test_a_refused_second_request_keeps_the_first_answer(session, sandbox):
    def break_it() -> str:
        sandbox.fault("500", times=None)
        return "broken"

    sandbox.say_calls(("break_it", {}))
    with pytest.raises(WatsonxError, match="downstream_request_failed") as caught:
        ask(break_it)
    assert caught.value.answer.calls[0].result == "broken"
    assert wx.last().calls[0].result == "broken"


def test_a_budget_stops_the_next_round(session, sandbox):
    def much() -> str:
        return "word " * 3_000

    session.state.meter.set_budget(session.state.meter.used("notebook") + 1_000, "notebook")
    try:
        sandbox.say_calls(("much", {}))
        with pytest.raises(QuotaSpent) as caught:
            ask(much)
    finally:
        session.state.meter.set_budget(None, "notebook")
    assert caught.value.answer.calls[0].result.startswith("word word")


# --- with other abilities -------------------------------------------------------------------------


def test_in_a_chat_the_final_answer_is_the_turn(session, sandbox):
    sandbox.say_calls(("now", {}))
    sandbox.say("Noon.")
    chat = wx.chat("with-tools")
    try:
        answer = chat.ask("What time is it?", tools=now, yes=True)
        assert [(turn.prompt, turn.answer) for turn in chat.turns] == [
            ("What time is it?", "Noon.")
        ]  # fmt: skip
        assert answer.calls[0].result == "12:30"
        chat.ask("And now?")
        assert [m["role"] for m in bodies(sandbox)[-1]["messages"]] == [
            "user", "assistant", "user"
        ]  # fmt: skip
    finally:
        chat.clear()


def test_what_is_cut_by_its_limit_goes_on_without_tools(session, sandbox):
    sandbox.say_calls(("now", {}))
    sandbox.say("one two three four five six seven eight nine ten eleven twelve")
    answer = ask(now, max_tokens=6)
    assert answer.finish_reason == "length"
    sandbox.say(" and the rest")
    whole = answer.more()
    assert whole.text.endswith("and the rest")
    assert whole.calls == answer.calls
    assert "tools" not in bodies(sandbox)[-1]


def test_in_a_chat_what_goes_on_after_calls_makes_the_turn_longer(session, sandbox):
    sandbox.say_calls(("now", {}))
    sandbox.say_pieces(["one ", "two ", "three"])
    sandbox.say_pieces(["three ", "four ", "five"])
    sandbox.say_pieces(["five"])
    chat = wx.chat("goes-on")
    try:
        answer = chat.ask("Count.", tools=now, yes=True, max_tokens=2)
        assert [turn.answer for turn in chat.turns] == ["one two "]
        answer = answer.more()
        assert [turn.answer for turn in chat.turns] == [answer.text] == ["one two three four "]
        answer = answer.more()
        assert [turn.answer for turn in chat.turns] == ["one two three four five"]
        assert chat.turns[0].finish_reason == "stop"
    finally:
        chat.clear()


# --- secrets --------------------------------------------------------------------------------------

FORMS = {
    "as it is": lambda key: key,
    "in JSON": lambda key: json.dumps({"headers": [{"apikey": key}]}),
    "in base64": lambda key: base64.b64encode(key.encode()).decode(),
    "a header": lambda key: f"Authorization: Bearer {key}",
    "in a list": lambda key: [1, {"k": key}],
    "in a table": lambda key: pd.DataFrame({"k": [key]}),
    "behind much text": lambda key: "x" * 19_990 + key,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("which", ["key", "access token"])
def test_no_live_secret_goes_from_a_tool_to_model_or_page(session, sandbox, capsys, form, which):
    wx.ask("sign in")
    secret = session.state.secrets()[which]
    live = secret.reveal()
    assert secret.hide_in(live) != live

    def leak() -> object:
        return FORMS[form](live)

    def fail() -> object:
        raise ValueError(FORMS[form](live))

    sandbox.say_calls(("leak", {}), ("fail", {}))
    sandbox.say("ok")
    answer = ask(leak, fail)
    sent = json.dumps(bodies(sandbox)[-1])
    shown = [*answer._repr_mimebundle_()[0].values(), repr(answer), repr(answer.calls),
             answer.plain, capsys.readouterr().out]  # fmt: skip
    for text in (sent, *shown):
        assert live not in text
        assert base64.b64encode(live.encode()).decode() not in text
        assert live[:20] not in text, "nor its beginning, where a result is cut"
    assert "<secret>" in sent or form == "behind much text"


def test_a_key_of_another_account_is_taken_out_too(session, sandbox):
    other = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kL9nP2rS"  # pragma: allowlist secret

    def leak() -> str:
        return f"export API_KEY={other}"

    sandbox.say_calls(("leak", {}))
    sandbox.say("ok")
    assert ask(leak).calls[0].result == "export API_KEY=<secret>"


def test_what_is_no_secret_reaches_the_model_as_it_is(session, sandbox):
    text = "password=None; token: str; sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709"

    def read() -> str:
        return text

    sandbox.say_calls(("read", {}))
    sandbox.say("ok")
    assert ask(read).calls[0].result == text


def test_what_a_model_writes_into_a_call_steers_no_terminal(session, sandbox):
    out = io.StringIO()
    tools = ToolSet([area], TextReporter(out))
    sandbox.say_calls(("area", {"width": "\x1b[2J\u202e", "height": 1}))
    sandbox.say("ok")
    request = session.prepare("hi", Options(tools=(tools,), yes=True), stream=True)
    session.open(request).answer  # noqa: B018
    assert "\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue()


# --- a value of a schema at the end ---------------------------------------------------------------

SIZE = '{"area": 12, "unit": "m2"}'


def test_after_the_calls_the_answer_is_a_value_of_the_schema(session, sandbox):
    sandbox.say_calls(("area", {"width": 3, "height": 4}))
    sandbox.say(SIZE)
    answer = ask(area, schema="area: float, unit")
    assert answer.data == {"area": 12.0, "unit": "m2"}
    assert [call.result for call in answer.calls] == ["12.0"]
    for body in bodies(sandbox):
        assert "response_format" not in body, "no source says that a model does both"
        assert "fits this JSON Schema" in body["messages"][0]["content"]
        assert body["tools"]


def test_an_answer_after_calls_that_does_not_fit_is_asked_for_once_more_without_tools(
    session, sandbox
):
    sandbox.say_calls(("area", {"width": 3, "height": 4}))
    sandbox.say("Twelve.", SIZE)
    answer = ask(area, schema="area: float, unit")
    assert answer.data == {"area": 12.0, "unit": "m2"}
    assert [call.name for call in answer.calls] == ["area"]
    *_, last = bodies(sandbox)
    assert len(bodies(sandbox)) == 3
    assert "tools" not in last
    assert "tool_choice_option" not in last
    assert last["response_format"]["type"] == "json_schema"
    assert [m["role"] for m in last["messages"]] == ["user", "assistant", "user"]
    assert last["messages"][1]["content"] == "Twelve."
    assert any(note.startswith("asked twice (") for note in answer.notes)


def test_a_model_that_never_stops_calling_has_no_value_and_is_not_asked_again(session, sandbox):
    for _ in range(3):
        sandbox.say_calls(("now", {}))
    with pytest.raises(SchemaMismatch) as caught:
        ask(now, schema="time", max_rounds=2)
    assert caught.value.message == "The model still calls tools, so there is no value yet."
    assert "--max-rounds" in caught.value.hint or "max_rounds" in caught.value.hint
    assert len(caught.value.answer.calls) == 3
    assert len(bodies(sandbox)) == 3


def test_a_stream_with_tools_and_a_schema_asks_once(session, sandbox):
    sandbox.say_calls(("now", {}))
    sandbox.say("No.")
    stream = wx.stream("When?", tools=[now], yes=True, schema="time")
    assert "".join(stream) == "No."
    assert "it does not fit the schema" in " ".join(stream.answer.notes)
    with pytest.raises(SchemaMismatch):
        _ = stream.answer.data
