"""`wx.connect`, `wx.ask`, `wx.stream`, `wx.last`: what Python code meets."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
from fractions import Fraction

import pandas as pd
import pytest
from support.cases import all_cases
from transport.servers import KEY, caught, shown

import wx_notebook as wx
from wx_notebook.answer import Answer
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import (
    BadOption,
    KeyRefused,
    MissingName,
    NotConnected,
    ProjectError,
    ServiceDown,
)
from wx_notebook.session import current_session, disconnect, sign_in
from wx_notebook.session.process import HISTORY
from wx_notebook.session.state import SessionState


@pytest.fixture
def environment(sandbox, monkeypatch):
    """The credential of the sandbox in the environment, and no session."""
    monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("WATSONX_URL", sandbox.url)
    monkeypatch.setenv("WATSONX_PROJECT_ID", sandbox.project_id)


def said(sandbox):
    """What the last prompt said."""
    call = [call for call in sandbox.calls if call.kind in ("chat", "chat_stream")][-1]
    return call.body_json["messages"][-1]["content"]


# --- connecting --------------------------------------------------------------------------------


def test_connecting_sends_nothing_and_replaces_the_session(sandbox):
    first = wx.connect(api_key=KEY, region="eu-de")
    second = wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id)
    assert wx.session() is second is not first
    assert sandbox.calls == []


def test_without_arguments_it_is_the_environment(sandbox, environment):
    session = wx.connect()
    assert session.source == "environment (WATSONX_API_KEY)"
    assert wx.ask("hello").text
    assert sandbox.counts["chat"] == 1


def test_a_key_may_be_given_as_a_secret(sandbox):
    session = wx.connect(api_key=Secret(sandbox.api_key), url=sandbox.url,
                         project_id=sandbox.project_id)  # fmt: skip
    assert session.verify().name


def test_a_connection_that_cannot_be_made_leaves_the_old_session(session):
    for given in ({"region": "mars"}, {"url": "https://example.com"}, {"project_id": "x"},
                  {"api_key": " "}):  # fmt: skip
        caught(lambda: wx.connect(**({"api_key": KEY} | given)))  # noqa: B023
        assert wx.session() is session


def test_the_first_use_connects_with_the_environment_and_the_answer_says_so(sandbox, environment):
    answer = wx.ask("hello")
    (warning,) = [w for w in answer.warnings if "signed in" in w]
    assert "environment (WATSONX_API_KEY)" in warning
    assert sandbox.project_id in warning
    assert sandbox.api_key not in warning
    assert not [w for w in wx.ask("again").warnings if "signed in" in w], "once"


@all_cases("use", [lambda: wx.ask("hello"), lambda: wx.stream("hello"), wx.session, wx.connect])
def test_with_nothing_to_connect_with_it_is_not_connected(use):
    problem = caught(use)
    assert type(problem) is NotConnected
    assert "%watsonx login" in problem.hint
    assert current_session() is None


def test_disconnecting_forgets(session):
    disconnect()
    assert current_session() is None
    assert type(caught(session.verify)) is NotConnected
    disconnect()


# --- signing in --------------------------------------------------------------------------------


def test_signing_in_verifies_before_the_session_is_in_force(sandbox):
    made = sign_in(ConnectionParams("the form", Secret(sandbox.api_key), url=sandbox.url,
                         project_id=sandbox.project_id), {})  # fmt: skip
    assert wx.session() is made
    assert sandbox.counts["chat"] == 0, "nothing that is paid for"
    assert "connected to project 'Sandbox project'" in made.status_line()


@pytest.mark.parametrize(
    ("change", "kind"),
    [({"api_key": Secret(KEY)}, KeyRefused), ({"project_id": ""}, ProjectError),
     ({"project_id": "12345678-1234-4123-8123-123456789abc"}, ProjectError)],
    ids=["key", "no project", "unknown project"],
)  # fmt: skip
def test_a_sign_in_that_fails_keeps_the_session_that_there_was(sandbox, session, change, kind):
    given = {"api_key": Secret(sandbox.api_key), "url": sandbox.url,
             "project_id": sandbox.project_id} | change  # fmt: skip
    problem = caught(lambda: sign_in(ConnectionParams("the form", **given), {}))
    assert type(problem) is kind
    assert wx.session() is session
    assert KEY not in shown(problem)


def test_a_sign_in_that_is_interrupted_keeps_the_session_that_there_was(
    sandbox, session, monkeypatch
):
    def pressed(self):
        raise KeyboardInterrupt

    # the excuse for a patch: the button between two requests, which no server can press
    monkeypatch.setattr(SessionState, "default_model", pressed)
    given = ConnectionParams("the form", Secret(sandbox.api_key), url=sandbox.url,
                  project_id=sandbox.project_id)  # fmt: skip
    assert isinstance(caught(lambda: sign_in(given, {})), KeyboardInterrupt)
    assert wx.session() is session


# --- prompts -----------------------------------------------------------------------------------


def test_asking_returns_an_answer(sandbox, session):
    sandbox.say("A watt is a joule a second.")
    answer = wx.ask("What is a watt?")
    assert isinstance(answer, Answer)
    assert str(answer) == answer.text == "A watt is a joule a second."
    assert (answer.finish_reason, answer.model_id) == ("stop", "ibm/granite-4-h-small")
    assert answer.usage.output_tokens > 0
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer.request_id
    assert wx.last() is answer


def test_streaming_gives_the_text_and_then_the_answer(sandbox, session):
    sandbox.say("A watt is a joule a second.")
    stream = wx.stream("What is a watt?")
    pieces = list(stream)
    assert len(pieces) > 1
    assert "".join(pieces) == stream.answer.text == "A watt is a joule a second."
    assert wx.last() is stream.answer


def test_the_answer_of_a_stream_that_was_not_read_reads_it(sandbox, session):
    sandbox.say("one two three")
    assert wx.stream("hello").answer.text == "one two three"


@pytest.mark.parametrize("generate", [False, True])
def test_streamed_and_whole_answers_are_the_same(sandbox, session, generate):
    sandbox.say("one two three", "one two three")
    whole = wx.ask("hello", generate=generate)
    streamed = wx.stream("hello", generate=generate).answer
    for name in ("text", "model_id", "finish_reason", "usage", "reasoning"):
        assert getattr(whole, name) == getattr(streamed, name), name


def test_an_answer_at_the_limit_is_an_answer_with_a_note(sandbox, session):
    sandbox.say("one two three four five six seven eight nine ten")
    answer = wx.ask("hello", max_tokens=3)
    assert answer.finish_reason == "length"
    assert "raise the limit with max_tokens=" in answer.notes[0]


def test_messages_are_a_prompt_too(sandbox, session):
    wx.ask([{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"},
            {"role": "user", "content": "three"}])  # fmt: skip
    assert said(sandbox) == "three"


def test_the_seconds_of_an_answer_count_from_sending_it():
    from wx_notebook.sandbox import Sandbox

    with Sandbox(words_per_second=40) as slow:
        wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)
        slow.say("one two three four five six seven eight")
        answer = wx.ask("hello", model="ibm/granite-4-h-small")
        assert answer.seconds > 0.1, "the service took that long before the first byte"


# --- places ------------------------------------------------------------------------------------


def test_nothing_is_filled_in_unless_names_are_given(sandbox, session):
    who = "Ada"
    assert who
    wx.ask("Hello {{ who }}")
    assert said(sandbox) == "Hello {{ who }}"
    wx.ask("Hello {{ who }} {x} $x", names={"who": "Ada"})
    assert said(sandbox) == "Hello Ada {x} $x"
    wx.stream("Hello {{ who }}", names={"who": "{{ who }}"}).close()
    assert said(sandbox) == "Hello {{ who }}", "what a variable holds is never syntax"


def test_a_missing_name_is_an_error_before_anything_is_sent(sandbox, session):
    problem = caught(lambda: wx.ask("Hello {{ whom }}", names={"who": "Ada"}))
    assert type(problem) is MissingName
    assert sandbox.counts["chat"] == 0


@pytest.mark.parametrize("thing", ["secret", "session"])
def test_a_secret_or_a_session_is_never_filled_in(sandbox, session, thing):
    names = {"it": Secret(KEY) if thing == "secret" else session}
    problem = caught(lambda: wx.ask("Hello {{ it }}", names=names))
    assert type(problem) is BadOption
    assert KEY not in shown(problem)
    assert sandbox.counts["chat"] == 0


def test_messages_are_not_filled_in(sandbox, session):
    wx.ask([{"role": "user", "content": "{{ who }}"}], names={"who": "Ada"})
    assert said(sandbox) == "{{ who }}"


# --- options -----------------------------------------------------------------------------------


@all_cases(
    ("name", "near"),
    [("modle", "model"), ("tempreature", "temperature"), ("max_token", "max_tokens"),
     ("maxtokens", "max_tokens"), ("sytem", "system"), ("generat", "generate")],
)  # fmt: skip
def test_an_unknown_option_gets_the_near_name(session, name, near):
    for ask in (wx.ask, wx.stream, session.chat, session.stream, session.generate):
        problem = caught(lambda: ask("hello", **{name: 1}))  # noqa: B023
        assert type(problem) is BadOption
        assert problem.message == f"Unknown option '{name}'. Did you mean '{near}'?"
        assert problem.hint == (
            "Options: model, deployment, system, temperature, max_tokens, top_p, seed, stop, "
            "n, reasoning, format, schema, repair, param, timeout, images, image_pixels, "
            "max_images, tools, yes, max_rounds, generate, cache."
        )


def test_a_parameter_of_the_service_is_told_with_the_way_to_give_it(session):
    problem = caught(lambda: wx.ask("hello", top_k=5))
    assert problem.hint == "It is a parameter of the service: param={'top_k': ...}."


def test_an_option_like_none_gets_the_list(session):
    problem = caught(lambda: wx.ask("hello", banana=1))
    assert problem.message == "Unknown option 'banana'."


@all_cases(
    ("name", "instead"),
    [("output", "assign"), ("stream", "wx.stream()"), ("raw", "names="), ("show", "prepare")],
)
def test_an_option_of_cells_says_what_to_do_from_python(session, name, instead):
    problem = caught(lambda: wx.ask("hello", **{name: True}))
    assert type(problem) is BadOption
    assert instead in problem.message
    assert problem.hint == f"Remove {name}=."


@all_cases(
    "options",
    [{"temperature": value} for value in ("warm", -0.1, 2.1, True, float("nan"), float("inf"),
                                          10**400, [0.5], 1j, b"1")]
    + [{"max_tokens": value} for value in (0, -1, 1.5, "7", True, float("nan"), float("inf"),
                                           [7], "1e3", Fraction(3, 2))]
    + [{"model": value} for value in ("", "  ", 7, ["m"], b"m")]
    + [{"system": value} for value in (7, ["s"], b"s")]
    + [{"generate": value} for value in ("no", 1, [True])]
    + [{"generate": True, "system": "s"}],
    ids=repr,
)  # fmt: skip
def test_a_value_that_the_service_would_refuse_is_refused_before(sandbox, session, options):
    problem = caught(lambda: wx.ask("hello", **options))
    assert type(problem) is BadOption, repr(problem)
    assert next(iter(options)) in problem.message or "generate" in problem.message
    assert problem.hint
    assert sandbox.calls == []


@pytest.mark.parametrize(
    "options",
    [{"temperature": 0}, {"temperature": 2}, {"max_tokens": 1}, {"max_tokens": 7.0},
     {"model": None, "system": None}, {"generate": False}],
    ids=repr,
)  # fmt: skip
def test_values_at_the_edge_are_taken(session, options):
    assert wx.ask("hello", **options).text


def test_a_very_large_number_of_tokens_is_sent_as_it_is(sandbox, session):
    session.chat("hello", model="ibm/granite-4-h-small", max_tokens=10**17 + 1)
    body = [call for call in sandbox.calls if call.kind == "chat"][-1].body
    assert json.loads(body)["max_completion_tokens"] == 10**17 + 1, "not through a float"


# --- the last answer ---------------------------------------------------------------------------


def test_a_failure_leaves_the_last_answer_alone(sandbox, session):
    first = wx.ask("hello")
    sandbox.fault("500")
    assert type(caught(lambda: wx.ask("again"))) is ServiceDown
    assert wx.last() is first


def test_who_leaves_the_loop_over_a_stream_keeps_what_came(sandbox, session):
    sandbox.say_pieces(["One ", "two ", "three ", "four"])
    for _ in wx.stream("count"):
        break
    assert wx.last().text.startswith("One ")
    assert wx.last().finish_reason == "interrupted"
    del _


def test_a_stream_that_was_left_does_not_come_before_a_newer_answer(sandbox, session):
    sandbox.say_pieces(["One ", "two ", "three ", "four"])
    left = wx.stream("count")
    next(left)
    newer = wx.ask("hello")
    del left
    assert wx.last() is newer


def test_a_stream_that_nobody_reads_is_not_waited_for(sandbox, session):
    from wx_notebook.session.process import METER

    METER.set_budget(1_000_000, "notebook")
    try:
        wx.stream("count " * 100)
        assert METER._reserved == 0
    finally:
        METER.set_budget(None, "notebook")


def test_a_cut_answer_is_the_last_one(sandbox, session):
    wx.ask("hello")
    sandbox.say("one two three four five six")
    sandbox.fault("cut")
    problem = caught(lambda: wx.stream("again").answer)
    assert wx.last() is problem.answer
    assert problem.answer.finish_reason == "cut"


def test_an_answer_of_which_nothing_came_does_not_replace_the_last_one(sandbox, session):
    first = wx.ask("hello")
    sandbox.fault("cut", after=0)
    problem = caught(lambda: wx.stream("again").answer)
    assert problem.hint == "Nothing was received; run it again."
    assert wx.last() is first


# --- what is set after an error -----------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["key", "shape", "project", "no project", "region"])
def test_what_an_error_asked_for_is_read_by_the_next_prompt(
    environment, sandbox, monkeypatch, wrong
):
    """A session that nobody named and that never worked is looked for again."""
    name, value = {
        "key": ("WATSONX_API_KEY", "w9" * 22),
        "shape": ("WATSONX_API_KEY", "your_api_key_here"),
        "project": ("WATSONX_PROJECT_ID", "12345678-1234-4123-8123-123456789abc"),
        "no project": ("WATSONX_PROJECT_ID", ""),
        "region": ("WATSONX_URL", "https://mars.ml.cloud.ibm.com"),
    }[wrong]  # pragma: allowlist secret
    right = os.environ[name]
    monkeypatch.setenv(name, value)
    for _ in range(2):
        assert isinstance(caught(lambda: wx.ask("hello")), wx.WatsonxError)
    monkeypatch.setenv(name, right)
    assert wx.ask("hello").text


def test_a_key_that_is_refused_later_makes_place_for_the_one_that_is_set_then(
    environment, sandbox, monkeypatch
):
    assert wx.ask("hello").text
    new_key = sandbox.replace_key()
    sandbox.revoke_tokens()
    assert type(caught(lambda: wx.ask("hello"))) is KeyRefused
    monkeypatch.setenv("WATSONX_API_KEY", new_key)
    assert wx.ask("hello").text


def test_a_session_that_works_or_was_named_stays_whatever_the_environment_says(
    environment, sandbox, session, monkeypatch
):
    monkeypatch.setenv("WATSONX_API_KEY", "w9" * 22)  # pragma: allowlist secret
    assert wx.session() is session
    disconnect()
    monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
    wx.ask("hello")
    found = wx.session()
    monkeypatch.setenv("WATSONX_API_KEY", "w9" * 22)  # pragma: allowlist secret
    assert wx.session() is found


# --- what its errors say -------------------------------------------------------------------------


def no_one() -> str:
    """Return who is called."""
    return "nobody"


@all_cases(
    ("options", "hint"),
    [
        ({"temperature": 9}, "For example 0.7. help(wx.ask) lists all options."),
        ({"stop": 3}, r"For example stop=['END', '\n']."),
        ({"param": {"top_logprobs": 2}}, "Add param={'logprobs': True}."),
        ({"timeout": 0.00001}, "Raise timeout=, or ask for a shorter answer with max_tokens=."),
        ({"model": "granit"}, "wx.session().models() lists the models of the region."),
        ({"deployment": "gone"}, "generate=True"),
        ({"images": []}, "For example: images=figure"),
        ({"tools": []}, "For example: tools=[area]"),
        ({"tools": [no_one], "yes": True, "model": "gone"}, "Next: wx.session().models()"),
        ({"images": [b"\x89PNG\r\n\x1a\n"] * 11}, "raise the limit: max_images=11"),
    ],
)
def test_the_errors_of_a_call_name_what_can_be_typed_in_python(sandbox, session, options, hint):
    for call in (
        lambda: session.chat("hi", **options),
        lambda: session.stream("hi", **options).answer,
        lambda: wx.chat("words").ask("hi", **options),
    ):
        error = caught(call)
        assert hint in error.hint
        assert "--" not in str(error)
        assert "%watsonx" not in str(error)


def test_notes_of_an_answer_name_what_can_be_typed_in_python_too(sandbox, session):
    cut = wx.ask("hello", max_tokens=1)
    streamed = wx.stream("hello", max_tokens=1)
    chatted = wx.chat("words").ask("hello", max_tokens=1)
    copied = pickle.loads(pickle.dumps(cut))
    for answer in (cut, wx.last(), cut.more(), streamed.answer, chatted, copied):
        (note,) = [one for one in answer.notes if "token limit" in one]
        assert note.endswith("or raise the limit with max_tokens=")
        hint = caught(lambda answer=answer: answer.data).hint
        assert "--" not in hint
    for reason in ("tool_calls", "content_filter", "unknown", "stop_sequence"):
        lost = Answer("", finish_reason=reason, _is_for_python=True)
        assert not any("--" in note or "%watsonx" in note for note in lost.notes)
    two = wx.ask("hello", n=2, max_tokens=1)
    assert all("--" not in note for one in two.answers for note in one.notes)


def test_what_a_value_lost_and_rows_that_were_read_are_told_with_the_answer(sandbox, session):
    long = pd.DataFrame({"n": range(5_000)})
    rows = ({"n": n} for n in range(3))
    for names, said in (
        ({"v": long}, "left out of the prompt: "),
        ({"v": rows}, "v is an iterator"),
    ):
        for answer in (
            wx.ask("{{ v }}", names=names),
            wx.stream("{{ v }}", names=names).answer,
            wx.chat("told").ask("{{ v }}", names=names),
            wx.chat("told").stream("{{ v }}", names=names).answer,
        ):
            assert any(note.startswith(said) for note in answer.notes)
    assert not [note for note in wx.ask("{{ v }}", names={"v": 1}).notes if "v" in note.split()]


def test_a_comparison_and_a_batch_name_what_can_be_typed_in_python_too(sandbox, session):
    wx.compare("hello", ["ibm/granite-4-h-small", "openai/gpt-oss-120b"], max_tokens=1)
    for answer in wx.last().answers:
        assert any(note.endswith("raise the limit with max_tokens=") for note in answer.notes)
    calls = [
        lambda: wx.compare("hello", "granit,mistrl"),
        lambda: wx.batch("Hi {{ text }}", ["a", "b"], budget=1),
        lambda: asyncio.run(wx.abatch("Hi {{ value }}", ["a"], budget=1)),
        lambda: wx.classify(["a", "b"], "value", ["x", "y"], budget=1),
        lambda: wx.filter(["a"], "{{ value }} is short", max_tokens="many"),
    ]
    for call in calls:
        problem = caught(call)
        assert isinstance(problem, wx.WatsonxError)
        assert "--" not in str(problem)


def test_a_limit_below_a_hundredth_of_a_second_is_told_as_it_is(session):
    assert "the time limit of 0.001 s" in caught(lambda: session.chat("hi", timeout=0.001)).message


def test_json_is_not_asked_of_an_endpoint_that_has_no_mode_for_it(sandbox, session):
    with pytest.raises(BadOption, match="has no JSON mode, and the prompt does not ask for JSON"):
        session.generate("three colours", format="json")
    assert session.generate("three colours as JSON", format="json").text
    assert len([call for call in sandbox.calls if call.kind == "generation"]) == 1


@all_cases(("name", "near"), [("conect", "connect"), ("sesion", "session"),
                                            ("aks", "ask"), ("interopp", "interop")])  # fmt: skip
def test_a_misspelt_name_of_the_module_is_told_with_the_near_one(name, near):
    with pytest.raises(AttributeError, match=f"Did you mean '{near}'"):
        getattr(wx, name)


def test_there_is_no_last_answer_before_the_first_one(monkeypatch):
    monkeypatch.setattr(HISTORY, "last_answer", None)
    with pytest.raises(wx.WatsonxError, match="There is no answer yet") as caught_error:
        wx.last()
    assert "wx.ask(" in caught_error.value.hint


@all_cases(
    ("value", "told", "hint"),
    [(KEY, "a key without a name", "wx.connect(api_key=..., ...)"),
     ("12345678-1234-4123-8123-123456789abc", "a project ID", "wx.connect(project_id=..., ...)"),
     ("eu-de", "a region", "wx.connect(region=..., ...)"),
     ("https://us-south.ml.cloud.ibm.com", "a region", "wx.connect(region=..., ...)"),
     ("~/apikey.json", "a file", "wx.connect(credentials=..., ...)"),
     ("work", "a value", 'wx.connect(profile="work", ...)'), (7, "a value", "wx.connect(")],
)  # fmt: skip
def test_a_value_without_a_name_is_told_what_it_is_and_never_shown(value, told, hint):
    error = caught(lambda: wx.connect(value))
    assert f"wx.connect got {told}" in error.message
    assert hint in error.hint
    assert ("saved with the notebook" in error.hint) is (value == KEY)
    assert value == "work" or str(value) not in str(error)
