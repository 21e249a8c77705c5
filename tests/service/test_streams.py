"""Answers as they arrive, whole or cut at every byte: nothing is lost, nothing passes for whole."""

from __future__ import annotations

import json

import pytest
from transport.servers import CHAT, caught, chunked, connect, events, http

from wx_notebook.errors import (
    AnswerCut,
    ModelError,
    ProjectError,
    QuotaSpent,
    RateLimited,
    ServiceDown,
    TokenRefused,
)
from wx_notebook.service import Usage

USAGE = {"completion_tokens": 4, "prompt_tokens": 18, "total_tokens": 22}


def delta(text, finish=None, **more):
    choice = {"index": 0, "finish_reason": finish, "delta": {"content": text, **more}}
    return {"id": "c-1", "model_id": "m", "choices": [choice]}


#: As section 5.1 of watsonx-api.md has it, with a character of four bytes.
CHATTING = [delta("", role="assistant"), delta("Sea "), delta("🌊 le"), delta("vel.", "stop"),
            {"id": "c-1", "model_id": "m", "choices": [], "usage": USAGE}]  # fmt: skip
GENERATING = [
    {"model_id": "m", "results": [{"generated_text": text, "generated_token_count": count,
                                   "input_token_count": read, "stop_reason": reason}]}
    for text, count, read, reason in [("", 0, 11, "not_finished"), ("Sea ", 1, 0, "NOT_FINISHED"),
                                      ("🌊 le", 2, 0, "not_finished"), ("vel.", 3, 0, "EOS_TOKEN")]
]  # fmt: skip
TEXT = "Sea 🌊 level."
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def framed(how: str, documents: list[dict]) -> tuple[bytes, int, int]:
    """Reply bytes; where the body begins; where the last event is there for certain."""
    each = [events(document).replace(b"id: 1\n", b"") for document in documents]
    body = b"".join(each)
    if how == "chunks":
        reply = chunked(*each)
        return reply, len(chunked(end=False)), len(reply) - len(b"0\r\n\r\n")
    if how == "small chunks":
        reply = chunked(*(body[at : at + 7] for at in range(0, len(body), 7)))
        return reply, len(chunked(end=False)), len(reply) - len(b"0\r\n\r\n")
    length = b"Content-Length: %d\r\n" % len(body) if how == "length" else b""
    head = HEAD + length + b"\r\n"
    return head + body, len(head), len(head) + len(body)


@pytest.mark.parametrize("how", ["chunks", "small chunks", "length", "until close"])
@pytest.mark.parametrize(
    ("documents", "generate"), [(CHATTING, False), (GENERATING, True)], ids=["chat", "generation"]
)
def test_an_answer_cut_at_any_byte_keeps_its_text_and_is_never_taken_for_whole(
    serve, how, documents, generate
):
    """Every byte for the framing that the service uses, every fifth one for the others."""
    reply, begins, whole_at = framed(how, documents)
    server = serve()
    session = connect(server)
    kept = ""
    for at in range(begins, len(reply) + 1, 1 if how == "chunks" else 5):
        server.on("/ml/", server.hang_up(reply[:at]))
        stream = session.stream("hello", model="m", generate=generate)
        problem = answer = None
        try:
            answer = stream.answer
        except AnswerCut as cut:
            problem, answer = cut, cut.answer
        if at >= whole_at:
            assert problem is None, f"all there after {at} bytes"
        if problem is None:
            # the framing of the last event may lag behind the event
            assert at >= whole_at - 4
            assert (answer.text, answer.finish_reason) == (
                TEXT,
                "eos_token" if generate else "stop",
            )
            continue
        text = answer.text if answer is not None else ""
        assert TEXT.startswith(text)
        assert text.startswith(kept), "more bytes, no less text"
        kept = text
        if answer is not None:
            assert answer.finish_reason == "cut"
            assert "wx.last()" in problem.hint
        else:
            assert problem.hint == "Nothing was received; run the cell again."
    assert kept in (TEXT, TEXT.removesuffix("vel."))


def test_the_text_that_had_arrived_is_in_the_error_and_in_last(serve):
    import wx_notebook as wx

    server = serve()
    server.on("/ml/", server.hang_up(chunked(events(*CHATTING[:2]), end=False)))
    wx.connect(api_key="k" * 44, url=server.url, project_id="12345678-1234-4123-8123-123456789abc")
    problem = caught(lambda: wx.stream("hello", model="m").answer)
    assert problem.answer.text == "Sea "
    assert wx.last() is problem.answer


# --- what a stream says -------------------------------------------------------------------------


def stream_of(serve, *documents, raw=b"", generate=False):
    server = serve()
    server.on("/ml/", chunked(events(*documents) + raw))
    return connect(server).stream("hello", model="m", generate=generate)


def test_a_chat_stream_is_read_piece_by_piece(serve):
    stream = stream_of(serve, *CHATTING)
    assert list(stream) == ["Sea ", "🌊 le", "vel."]
    answer = stream.answer
    assert answer.text == TEXT
    assert answer.usage == Usage(18, 4)
    assert (answer.usage.total_tokens, answer.request_id, answer.model_id) == (22, "c-1", "m")


@pytest.mark.parametrize("order", ["with the finish", "at each step", "before the finish"])
def test_the_usage_may_come_earlier_than_in_an_event_of_its_own(serve, order):
    last = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    documents = {
        "with the finish": [delta("Sea"), last | {"usage": USAGE}],
        "at each step": [delta("Sea") | {"usage": USAGE | {"completion_tokens": 1}},
                         last | {"usage": USAGE}],
        "before the finish": [{"choices": [], "usage": USAGE}, delta("Sea"), last],
    }[order]  # fmt: skip
    answer = stream_of(serve, *documents).answer
    assert (answer.text, answer.usage) == ("Sea", Usage(18, 4))


@pytest.mark.parametrize("missing", ["finish", "usage"])
def test_a_stream_without_its_reason_or_its_usage_is_cut_however_cleanly_it_ends(serve, missing):
    documents = CHATTING[:-2] + CHATTING[-1:] if missing == "finish" else CHATTING[:-1]
    problem = caught(lambda: stream_of(serve, *documents).answer)
    assert type(problem) is AnswerCut
    assert problem.message == "The answer was cut: the connection ended before the last event."
    assert problem.answer.text in (TEXT, "Sea 🌊 le")


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "time_limit", "cancelled"])
def test_the_service_s_own_reason_is_kept(serve, reason):
    documents = [delta("Sea", reason), {"choices": [], "usage": USAGE}]
    assert stream_of(serve, *documents).answer.finish_reason == reason


def test_a_reasoning_model_s_thoughts_are_kept_apart(serve):
    thinking = [
        {"choices": [{"delta": {"reasoning_content": text}}]} for text in ("", "Hm", ", so")
    ]
    stream = stream_of(serve, *thinking, *CHATTING)
    assert "".join(stream) == TEXT
    assert stream.answer.reasoning == "Hm, so"


def test_warnings_are_told_once_each_and_cut_between_words(serve):
    warned = CHATTING[0] | {"system": {"warnings": [{"message": "be\n careful"}, {"id": "no text"},
                                                    {"message": "word " * 100}, "?"]}}  # fmt: skip
    first, second = stream_of(serve, warned, *CHATTING[1:]).answer.warnings
    assert first == "be careful"
    assert len(second) <= 304
    assert second.endswith("word ...")


def test_comments_and_other_events_say_nothing(serve):
    raw = b": ping\n\n" + events({}, name="close") + events(*CHATTING) + b"data: [DONE]\n\n"
    assert stream_of(serve, raw=raw).answer.text == TEXT


def test_a_prompt_that_moderation_stopped_has_no_text_but_its_warning(serve):
    stopped = {
        "choices": [{"index": 0, "finish_reason": "stop"}],
        "usage": USAGE,
        "system": {"warnings": [{"id": "UNSUITABLE_INPUT", "message": "Unsuitable input."}]},
    }
    answer = stream_of(serve, stopped).answer
    assert (answer.text, answer.warnings) == ("", ("Unsuitable input.",))


# --- generation --------------------------------------------------------------------------------


def test_the_numbers_of_a_generation_stream_are_cumulative_and_the_input_s_comes_once(serve):
    answer = stream_of(serve, *GENERATING, generate=True).answer
    assert answer.usage == Usage(11, 3), "neither 0 + 1 + 2 + 3 nor the last event's 0"
    assert (answer.text, answer.finish_reason) == (TEXT, "eos_token")


@pytest.mark.parametrize("reason", ["MAX_TOKENS", "eos_token", "stop_sequence", "token_limit",
                                    "time_limit", "cancelled", "error"])  # fmt: skip
def test_a_stop_reason_is_compared_without_case(serve, reason):
    documents = json.loads(json.dumps(GENERATING))
    documents[-1]["results"][0]["stop_reason"] = reason
    assert stream_of(serve, *documents, generate=True).answer.finish_reason == reason.lower()


def test_a_generation_without_its_stop_reason_is_cut_and_knows_what_was_paid(serve):
    problem = caught(lambda: stream_of(serve, *GENERATING[:-1], generate=True).answer)
    assert type(problem) is AnswerCut
    assert problem.answer.usage == Usage(11, 2)
    assert problem.answer.text == "Sea 🌊 le"


def test_a_whole_generation_is_read(serve):
    document = json.loads(json.dumps(GENERATING[-1]))
    document["results"][0] |= {"generated_text": TEXT, "input_token_count": 7}
    server = serve(http(200, document))
    answer = connect(server).generate("hello", model="m")
    assert (answer.text, answer.usage) == (TEXT, Usage(7, 3))


# --- errors in a stream -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(500, "downstream_request_failed", ServiceDown), (503, "service_unavailable", ServiceDown),
     (429, "rate_limit_reached_requests", RateLimited), (403, "token_quota_reached", QuotaSpent),
     (401, "authentication_token_expired", TokenRefused), (404, "model_not_supported", ModelError),
     (404, "container_not_found", ProjectError), (500, "", ServiceDown), (429, "?", RateLimited)],
)  # fmt: skip
@pytest.mark.parametrize("generate", [False, True])
def test_an_error_event_is_the_error_of_its_status_and_keeps_the_text(
    serve, status, code, kind, generate
):
    first = GENERATING[:2] if generate else CHATTING[:2]
    error = {"errors": [{"code": code, "message": "As it says."}], "trace": "5d0c",
             "status_code": status}  # fmt: skip
    raw = events(*first) + events(error, name="error")
    problem = caught(lambda: stream_of(serve, raw=raw, generate=generate).answer)
    assert type(problem) is kind
    assert "As it says." in problem.message
    assert f"HTTP {status}, request 5d0c." in problem.message
    assert (problem.answer.text, problem.answer.finish_reason) == ("Sea ", "cut")


def test_an_error_without_the_event_s_name_is_one_too(serve):
    error = {"errors": [{"code": "c", "message": "m"}], "status_code": 429}
    assert type(caught(lambda: stream_of(serve, error).answer)) is RateLimited


@pytest.mark.parametrize(
    "data",
    ["the model stopped", "", "[]", "7", "null", '{"status_code": "x"}', '{"errors": 7}',
     '{"errors": [7]}', '{"errors": [{"message": 7, "code": [], "target": "x"}]}', "[" * 9999],
)  # fmt: skip
def test_an_error_event_of_any_form_is_a_failure_of_the_service(serve, data):
    raw = events(*CHATTING[:2]) + f"event: error\ndata: {data}\n\n".encode()
    problem = caught(lambda: stream_of(serve, raw=raw).answer)
    assert type(problem) is ServiceDown
    assert problem.answer.text == "Sea "
    assert len(problem.message) < 700


MALFORMED = [
    "no json", "", "{", "null", "7", '"text"', "[]", "[{}]", "[" * 9999, '{"choices": 7}',
    '{"choices": "x"}', '{"choices": {"0": {}}}', '{"choices": ["x"]}', '{"choices": [null]}',
    '{"choices": [{"delta": "x"}]}', '{"choices": [{"delta": ["x"]}]}',
    '{"choices": [{"delta": {"content": 7}}]}',
    '{"choices": [{"delta": {"content": [{"text": "x"}]}}]}',
    '{"choices": [{"delta": {"reasoning_content": {}}}]}',
    '{"choices": [{"delta": {}, "finish_reason": {"a": 1}}]}', '{"model_id": 7}', '{"id": []}',
]  # fmt: skip


@pytest.mark.parametrize("data", MALFORMED)
def test_an_event_that_cannot_be_understood_cuts_the_answer_and_loses_nothing_in_silence(
    serve, data
):
    raw = events(*CHATTING[:2]) + f"data: {data}\n\n".encode() + events(*CHATTING[2:])
    problem = caught(lambda: stream_of(serve, raw=raw).answer)
    assert type(problem) is AnswerCut
    assert problem.message.startswith("The answer was cut: the service sent ")
    assert problem.answer.text == "Sea "
    assert (problem.__cause__, problem.__context__) == (None, None)


@pytest.mark.parametrize("data", ['{"results": 7}', '{"results": ["x"]}', '{"results": {"0": {}}}',
                                  '{"results": [{"generated_text": 7}]}',
                                  '{"results": [{"stop_reason": 7}]}'])  # fmt: skip
def test_the_same_holds_for_generation(serve, data):
    raw = events(*GENERATING[:2]) + f"data: {data}\n\n".encode()
    problem = caught(lambda: stream_of(serve, raw=raw, generate=True).answer)
    assert type(problem) is AnswerCut
    assert problem.answer.text == "Sea "


@pytest.mark.parametrize(
    "more", [{"usage": 7}, {"usage": [1]}, {"usage": None}, {"system": 7},
             {"system": {"warnings": 7}}, {"system": {"warnings": [7, {}]}}],
)  # fmt: skip
def test_a_number_or_warning_that_cannot_be_read_does_not_cost_the_answer(serve, more):
    answer = stream_of(serve, CHATTING[1] | more, *CHATTING[3:]).answer
    assert answer.text == "Sea vel."
    assert answer.usage == Usage(18, 4)


def test_a_reply_without_an_answer_is_cut(serve):
    for document in ({}, {"choices": []}, {"choices": None}, {"results": []}):
        server = serve(http(200, document))
        for generate in (False, True):
            problem = caught(lambda: connect(server).chat("hello", model="m", generate=generate))  # noqa: B023
            assert type(problem) is AnswerCut
            assert "the reply holds no answer" in problem.message


@pytest.mark.parametrize("kind", ["application/json", "text/html", "", "text/plain; charset=x"])
def test_something_other_than_a_stream_is_said(serve, kind):
    server = serve(http(200, json.dumps(CHAT).encode(), kind=kind))
    problem = caught(lambda: connect(server).stream("hello", model="m").answer)
    assert type(problem) is ServiceDown
    assert "where a stream was expected" in problem.message
    assert "--no-stream" in problem.hint


def test_a_sign_in_page_instead_of_a_stream_is_said(serve):
    server = serve(http(200, "<html><body>Sign in to the hotel</body></html>"))
    problem = caught(lambda: connect(server).stream("hello", model="m").answer)
    assert type(problem) is ServiceDown
    assert "no JSON (HTTP 200)" in problem.message


# --- the sandbox's own faults --------------------------------------------------------------------


@pytest.mark.parametrize("generate", [False, True])
@pytest.mark.parametrize("fault", ["cut", "cut-clean", "malformed-event"])
def test_a_stream_that_the_sandbox_spoils_is_cut(sandbox, session, fault, generate):
    sandbox.say("one two three four five six")
    sandbox.fault(fault)
    problem = caught(lambda: session.stream("hello", generate=generate).answer)
    assert type(problem) is AnswerCut
    assert problem.answer.text
    assert "one two three four five six".startswith(problem.answer.text)
    assert session.stream("again", generate=generate).answer.finish_reason


def test_a_stream_without_usage_and_one_with_an_error_event(sandbox, session):
    sandbox.fault("usage-missing")
    assert type(caught(lambda: session.stream("hello").answer)) is AnswerCut
    sandbox.fault("error-event")
    problem = caught(lambda: session.stream("hello").answer)
    assert type(problem) is ServiceDown
    assert problem.answer.finish_reason == "cut"
