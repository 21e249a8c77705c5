"""What goes out: a prompt byte for byte, and nothing that nobody asked for."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases
from transport.servers import CHAT, PROJECT, Server, caught, connect, http

from wx_notebook.errors import BadOption
from wx_notebook.options import DEFAULT_MAX_TOKENS, Options
from wx_notebook.service import Request, Scope, chat_request, generation_request

SCOPE = Scope(project_id=PROJECT)
GENERATED = {"results": [{"generated_text": "Four.", "stop_reason": "eos_token"}]}


def sent(serve, prompt, *, stream=False, **options):
    """The request for a prompt as it arrives: path, query, body."""
    server = serve(http(200, CHAT | GENERATED))
    session = connect(server)
    if stream:
        assert session.stream(prompt, model="m", **options).answer.text
    else:
        session.chat(prompt, model="m", **options)
    seen = server.of("/ml/")[0]
    parts = urlsplit(seen.path)
    return parts.path, parse_qs(parts.query), json.loads(seen.body)


# --- bodies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_sends_these_fields_and_no_other(serve, stream):
    path, query, body = sent(serve, "What is a watt?", stream=stream)
    assert path == ("/ml/v1/text/chat_stream" if stream else "/ml/v1/text/chat")
    assert query == {"version": ["2026-10-14"]}
    assert body == {
        "model_id": "m",
        "messages": [{"role": "user", "content": "What is a watt?"}],
        "project_id": PROJECT,
        "max_completion_tokens": DEFAULT_MAX_TOKENS,
    }


@pytest.mark.parametrize("stream", [False, True])
def test_a_generation_sends_these_fields_and_no_other(serve, stream):
    path, query, body = sent(serve, "Once upon", stream=stream, generate=True)
    assert path == ("/ml/v1/text/generation_stream" if stream else "/ml/v1/text/generation")
    assert query == {"version": ["2026-10-14"]}
    assert body == {
        "model_id": "m",
        "input": "Once upon",
        "project_id": PROJECT,
        "parameters": {"max_new_tokens": DEFAULT_MAX_TOKENS},
    }


def test_options_go_where_the_service_has_them(serve):
    _, _, body = sent(serve, "hello", system="Be brief.", temperature=0.5, max_tokens=7)
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
    ]
    assert (body["temperature"], body["max_completion_tokens"]) == (0.5, 7)
    _, _, body = sent(serve, "hello", temperature=0, max_tokens=7, generate=True)
    assert body["parameters"] == {
        "max_new_tokens": 7,
        "decoding_method": "sample",
        "temperature": 0,
    }


def test_a_temperature_of_nought_is_sent(serve):
    assert sent(serve, "hello", temperature=0)[2]["temperature"] == 0


def test_an_empty_system_message_is_sent_because_it_was_asked_for(serve):
    assert sent(serve, "hello", system="")[2]["messages"][0] == {"role": "system", "content": ""}


@given(st.text(min_size=1).filter(str.strip))
def test_any_text_arrives_as_it_was_written(prompt):
    with Server(http(200, CHAT)) as server:
        connect(server).chat(prompt, model="m")
        body = json.loads(server.of("/ml/")[0].body)
    assert body["messages"][0]["content"] == prompt


@all_cases("prompt", ["\ud800 alone", "\x00\x1b[31m", "{{ x }} $y {z} %d", "\r\n\r",
                                    "\u2028\ufeff", "'\"\\", "</script>", "é\u0301"])  # fmt: skip
def test_odd_texts_arrive_as_they_were_written(serve, prompt):
    for generate in (False, True):
        if prompt.strip():
            body = sent(serve, prompt, generate=generate)[2]
            assert prompt in (body.get("input"), body.get("messages", [{}])[0].get("content"))


def test_messages_go_out_as_they_are_and_are_not_changed(serve):
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {"role": "assistant", "content": "hello", "name": "x"},
    ]
    before = json.dumps(messages)
    assert sent(serve, messages)[2]["messages"] == messages
    with_system = sent(serve, tuple(messages), system="s")[2]["messages"]
    assert with_system == [{"role": "system", "content": "s"}, *messages]
    assert json.dumps(messages) == before


def test_the_project_wins_over_the_space():
    for build in (chat_request, generation_request):
        both = build("x", Options(), model_id="m", scope=Scope("p", "s"), stream=False).body
        assert (both["project_id"], "space_id" in both) == ("p", False)
        space = build("x", Options(), model_id="m", scope=Scope("", "s"), stream=False).body
        assert (space["space_id"], "project_id" in space) == ("s", False)


# --- what is no prompt ---------------------------------------------------------------------------


@all_cases("prompt", ["", " ", "\n\t\r\n", [], (), b""])
def test_an_empty_prompt_is_refused_before_anything_is_sent(serve, prompt):
    server = serve()
    session = connect(server)
    for ask in (session.chat, session.stream):
        problem = caught(lambda: ask(prompt, model="m"))  # noqa: B023
        assert type(problem) is BadOption
        assert problem.message == "The prompt is empty."
        assert problem.hint
    assert server.seen == []


@all_cases(
    "prompt",
    [42, None, {"role": "user"}, ["hello"], [("role", "user")], b"x", object(), 1.5, {"a", "b"},
     [{"role": "user"}, "x"]],
)  # fmt: skip
def test_something_else_than_a_text_or_messages_is_refused_with_an_example(serve, prompt):
    server = serve()
    problem = caught(lambda: connect(server).chat(prompt, model="m"))
    assert type(problem) is BadOption
    assert problem.message.startswith("A prompt is a text or a list of messages, not ")
    assert '"role": "user"' in problem.hint
    assert server.seen == []


@pytest.mark.parametrize("prompt", [[{"role": "user", "content": "x"}], 42, None])
def test_generation_takes_one_text(serve, prompt):
    problem = caught(lambda: connect(serve()).generate(prompt, model="m"))
    assert type(problem) is BadOption
    assert "one text, not messages" in problem.message


# --- a request as a value ------------------------------------------------------------------------


def test_a_request_can_be_shown_and_is_what_goes_out(serve):
    server = serve(http(200, CHAT))
    session = connect(server)
    request = session.prepare("Grüße", Options(model="m"), stream=False)
    head, _, body = request.shown(server.url).partition("\n\n")
    assert server.seen == [], "showing sends nothing"
    assert session.open(request).answer.text == "Four."
    seen = server.of("/ml/")[0]
    assert head == f"POST {server.url}{seen.path}"
    assert json.loads(body) == json.loads(seen.body)
    assert "Grüße" in body, "as a person reads it"


def test_a_request_without_a_body_is_a_get():
    request = Request("/v2/projects", params={"limit": "100"}, base="platform")
    assert request.method == "GET"
    assert request.shown("https://x") == "GET https://x/v2/projects?limit=100"
    assert request.query == {"limit": "100"}, "the platform's API has no version"


def test_a_request_is_frozen():
    request = Request("/x")
    assert isinstance(caught(lambda: setattr(request, "path", "/y")), AttributeError)
