"""Answers as they arrive, whole or cut at every byte: nothing is lost, nothing passes for whole."""

from __future__ import annotations

import json

import pytest
from support.cases import all_cases
from transport.servers import caught, chunked, connect, events, http

from wx_notebook.errors import (
    AnswerCut,
    ModelError,
    ProjectError,
    QuotaSpent,
    RateLimited,
    ServiceDown,
    TokenRefused,
    WatsonxError,
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
    """Reply bytes; where the body begins; where the stop reason is there for certain."""
    each = [events(document).replace(b"id: 1\n", b"") for document in documents]
    body = b"".join(each)
    # with the stop reason the text is whole, whether or not the usage comes
    whole = body[: body.index(b"\n\n", body.rindex(b"vel.")) + 2]
    if how == "chunks":
        reply = chunked(*each)
        begins = len(chunked(end=False))
        return reply, begins, reply.index(b"\n\n\r\n", reply.rindex(b"vel.")) + 4
    if how == "small chunks":
        parts = [body[at : at + 7] for at in range(0, len(body), 7)]
        until = -(-len(whole) // 7)
        return chunked(*parts), len(chunked(end=False)), len(chunked(*parts[:until], end=False))
    length = b"Content-Length: %d\r\n" % len(body) if how == "length" else b""
    head = HEAD + length + b"\r\n"
    return head + body, len(head), len(head) + len(whole)


@pytest.mark.slow
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
            # the framing of the event may lag behind the event
            assert at >= whole_at - 9
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
            assert problem.hint == "Nothing was received; run it again."
    assert kept in (TEXT, TEXT.removesuffix("vel."))


def test_the_text_that_had_arrived_is_in_the_error_and_in_last(serve):
    import wx_notebook as wx

    server = serve()
    server.on("/ml/", server.hang_up(chunked(events(*CHATTING[:2]), end=False)))
    wx.connect(api_key="k9" * 22, url=server.url, project_id="12345678-1234-4123-8123-123456789abc")
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


LAST = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
#: As some models count: what was read so far, then what was read and written so far.
ROLE = delta("", role="assistant") | {"usage": {"prompt_tokens": 18, "total_tokens": 18}}
RUNNING = [delta(text) | {"usage": {"prompt_tokens": 18, "completion_tokens": count}}
           for count, text in enumerate(["Sea ", "🌊 le", "vel."], start=2)]  # fmt: skip


@all_cases(
    "documents",
    [
        [delta("Sea"), LAST | {"usage": USAGE}],
        [{"choices": [], "usage": USAGE}, delta("Sea"), LAST],
        [delta("Sea") | {"usage": USAGE | {"completion_tokens": 1}}, LAST | {"usage": USAGE}],
        # the last one is the true one, wherever it stands
        [ROLE, *RUNNING, LAST, {"choices": [], "usage": USAGE}],
        [ROLE, delta("Sea", "stop") | {"usage": {"completion_tokens": 1}},
         {"choices": [], "usage": USAGE}],
        [ROLE, delta("Sea"), LAST | {"usage": {"prompt_tokens": 18, "total_tokens": 22}}],
        [ROLE, delta("Sea"), LAST | {"usage": {"completion_tokens": 4}}],
        [ROLE, delta("Sea"), LAST, {"choices": [], "usage": USAGE}, {"choices": [], "usage": {}}],
        [ROLE, delta("Sea"), LAST | {"usage": {"input_tokens": 18, "output_tokens": 4}}],
    ],
)  # fmt: skip
def test_the_last_usage_counts_wherever_it_stands(serve, documents):
    assert stream_of(serve, *documents).answer.usage == Usage(18, 4)


@pytest.mark.parametrize("end", ["clean", "[DONE]", "broken"])
def test_a_stream_with_its_reason_and_no_usage_is_whole(serve, end):
    server = serve()
    raw = events(*CHATTING[:-1]) + (b"data: [DONE]\n\n" if end == "[DONE]" else b"")
    reply = chunked(raw, end=end != "broken")
    server.on("/ml/", server.hang_up(reply) if end == "broken" else reply)
    answer = connect(server).stream("hello", model="m").answer
    assert (answer.text, answer.finish_reason, answer.usage) == (TEXT, "stop", None)
    assert answer.is_whole
    assert answer.notes == ("the service did not say how many tokens it used",)


@all_cases(
    "documents",
    [
        [*CHATTING[:3], {"choices": [], "usage": USAGE}],
        [delta("Sea 🌊 le"), {"choices": [{"delta": {"content": ""}}], "usage": USAGE}],
        [delta("Sea "), delta("🌊 le") | {"usage": USAGE}],
        [ROLE, *RUNNING[:2], {"choices": [], "usage": USAGE}],
    ],
)
def test_a_stream_with_its_usage_and_no_reason_is_whole_and_says_so(serve, documents):
    answer = stream_of(serve, *documents).answer
    assert (answer.text, answer.finish_reason) == ("Sea 🌊 le", "unknown")
    assert (answer.is_whole, answer.usage) == (True, Usage(18, 4))
    assert answer.notes == (
        "the service did not say why the answer ended; check that it is complete",
    )


def test_a_stream_that_says_itself_that_it_is_done_is_whole(serve):
    answer = stream_of(serve, raw=events(*CHATTING[:3]) + b"data:[DONE]\n\n").answer
    assert (answer.text, answer.finish_reason) == ("Sea 🌊 le", "unknown")


@all_cases(
    "raw",
    [
        events(*CHATTING[:3]),
        events(ROLE, *RUNNING[:2]),
        events({"choices": [], "usage": USAGE}, *CHATTING[:3]),
        events(CHATTING[0]) + b"data: [DONE]\n\n",
        b"",
    ],
)
def test_a_stream_with_neither_is_cut_however_cleanly_it_ends(serve, raw):
    problem = caught(lambda: stream_of(serve, raw=raw).answer)
    assert type(problem) is AnswerCut
    assert problem.message == "The answer was cut: the connection ended before the last event."


@pytest.mark.parametrize("generate", [False, True])
def test_a_generation_needs_its_stop_reason_or_done(serve, generate):
    assert (
        type(caught(lambda: stream_of(serve, *GENERATING[:3], generate=True).answer)) is AnswerCut
    )
    raw = events(*GENERATING[:3]) + b"data: [DONE]\n\n"
    answer = stream_of(serve, raw=raw, generate=True).answer
    assert (answer.finish_reason, answer.usage) == ("unknown", Usage(11, 2))


def test_a_whole_reply_without_reason_or_usage_is_an_answer_all_the_same(serve):
    choice = {"index": 0, "message": {"content": "Four."}, "finish_reason": None}
    answer = connect(serve(http(200, {"choices": [choice]}))).chat("hello", model="m")
    assert (answer.text, answer.finish_reason, answer.usage) == ("Four.", "unknown", None)
    assert len(answer.notes) == 2


def test_a_prompt_whose_answer_was_not_counted_is_estimated(serve):
    server = serve()
    server.on("/ml/", chunked(events(ROLE, delta("word " * 40), LAST)))
    session = connect(server)
    answer = session.stream("hello", model="m").answer
    assert answer.usage == Usage(18, 0)
    counts = session.state.meter.by_model["m"]
    assert (counts.input_tokens, counts.estimated) == (18, 1)
    assert counts.output_tokens >= 40


# --- what keeps a connection open ----------------------------------------------------------------

KEEP_ALIVES = [b"data:\n\n", b"data: \n\n", b"data\n\n", b": ping\n\n", b"retry: 10\n\n", b"\n\n",
               b"id: 7\n\n", b"event: message\ndata:\n\n", b"event: ping\ndata: ping\n\n",
               b"event: ping\ndata: {}\n\n", b"data:\r\n\r\n", b"data:\r\r", b"data:\ndata:\n\n",
               b"event: heartbeat\ndata: 17\n\n"]  # fmt: skip


@all_cases("ping", KEEP_ALIVES)
@all_cases(
    ("documents", "generate"), [(CHATTING, False), (GENERATING, True)], ids=["chat", "generation"]
)
def test_an_event_without_data_keeps_the_connection_open_and_says_nothing(
    serve, ping, documents, generate
):
    raw = ping + ping.join(events(one) for one in documents) + ping
    answer = stream_of(serve, raw=raw, generate=generate).answer
    assert (answer.text, answer.warnings) == (TEXT, ())
    assert answer.usage.total_tokens > 10


# --- characters in two halves --------------------------------------------------------------------


def escaped(*texts, field="content"):
    """Events whose texts are written as they stand, escapes and all."""
    return b"".join(
        f'data: {{"choices": [{{"delta": {{"{field}": "{text}"}}}}]}}\n\n'.encode()
        for text in texts
    )


@all_cases(
    ("texts", "whole"),
    [
        ([r"a \ud83d", r"\ude00 b"], "a 😀 b"),
        ([r"\ud83d", r"\ude00"], "😀"),
        ([r"a \ud83d", r"b \ude00"], "a \ufffdb \ufffd"),
        ([r"a \ud83d"], "a \ufffd"),
        ([r"\ud83d", r"\ud83d\ude00", r"\ud83d", "", r"\ude00"], "\ufffd😀😀"),
        ([r"<think>\ud83d", r"\ude00</think>\ud83d", r"\ude01"], "😁"),
    ],
)
def test_a_character_in_two_halves_is_whole_again_and_a_lone_half_is_replaced(serve, texts, whole):
    answer = stream_of(serve, raw=escaped(*texts) + events(LAST | {"usage": USAGE})).answer
    assert answer.text == whole
    assert answer.text.encode()
    assert answer.reasoning in ("", "😀")


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "refusal"])
def test_the_same_holds_for_thinking_and_for_a_refusal(serve, field):
    raw = escaped(r"a \ud83d", r"\ude00 b\ud83d", field=field)
    answer = stream_of(serve, raw=raw + events(LAST | {"usage": USAGE})).answer
    assert (answer.reasoning or answer.refusal) == "a 😀 b\ufffd"


def test_an_answer_that_is_cut_between_the_halves_is_a_text(serve):
    problem = caught(lambda: stream_of(serve, raw=escaped("a", r"\ud83d")).answer)
    assert problem.answer.text == "a\ufffd"


def test_a_whole_reply_has_no_half_either(serve):
    message = r'{"content": [{"type": "text", "text": "\ud83d"}, "\ude00 \ud83d"]}'
    reply = f'{{"id": "\\ud83d", "choices": [{{"message": {message}, "finish_reason": "stop"}}]}}'
    answer = connect(serve(http(200, reply.encode(), kind="application/json"))).chat("x", model="m")
    assert answer.text == "😀 \ufffd"
    assert answer.request_id.encode()


# --- content in parts, refusals, tools -----------------------------------------------------------


@all_cases(
    ("content", "text", "reasoning", "refusal"),
    [
        ([{"type": "text", "text": "Hello"}], "Hello", "", ""),
        ([{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}], "Hello", "", ""),
        ([{"type": "output_text", "text": "Hello", "annotations": []}], "Hello", "", ""),
        ({"type": "text", "text": "Hello"}, "Hello", "", ""),
        ([{"text": "Hello"}], "Hello", "", ""),
        (["Hello"], "Hello", "", ""),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, "Hello"],
         "Hello", "hm", ""),
        ([{"type": "thinking", "thinking": "hm"}], "", "hm", ""),
        ([{"type": "reasoning", "text": "hm"}], "", "hm", ""),
        ([{"type": "refusal", "refusal": "No."}], "", "", "No."),
        ([], "", "", ""),
        (None, "", "", ""),
    ],
)  # fmt: skip
@all_cases("stream", [True, False])
def test_content_may_be_a_list_of_parts(serve, content, text, reasoning, refusal, stream):
    part = "delta" if stream else "message"
    document = {"choices": [{part: {"content": content}, "finish_reason": "stop"}], "usage": USAGE}
    server = serve(chunked(events(document)) if stream else http(200, document))
    session = connect(server)
    answer = session.stream("x", model="m").answer if stream else session.chat("x", model="m")
    assert (answer.text, answer.reasoning, answer.refusal) == (text, reasoning, refusal)


def test_a_part_that_is_no_text_is_named(serve):
    picture = {"type": "image_url", "image_url": {"url": "data:..."}}
    answer = stream_of(serve, delta(["Hello", picture], "stop") | {"usage": USAGE}).answer
    assert answer.text == "Hello"
    assert answer.notes == ("left out of the answer: a part that is not text (image_url)",)


@all_cases("finish", ["stop", "content_filter"])
@all_cases("stream", [True, False])
def test_a_refusal_is_shown_as_what_it_is(serve, stream, finish):
    part = "delta" if stream else "message"
    said = {"role": "assistant", "content": None, "refusal": "I can't\nhelp with that."}
    document = {"choices": [{part: said, "finish_reason": finish}], "usage": USAGE}
    server = serve(chunked(events(document)) if stream else http(200, document))
    session = connect(server)
    answer = session.stream("x", model="m").answer if stream else session.chat("x", model="m")
    assert (answer.text, answer.refusal) == ("", "I can't\nhelp with that.")
    assert answer.notes[0] == "the model refused: I can't help with that."
    assert "the model refused: I can't help with that." in answer.plain


def test_a_refusal_comes_in_parts_too(serve):
    parts = [{"choices": [{"delta": {"refusal": text}}]} for text in ("I can't ", "do that.")]
    answer = stream_of(serve, *parts, LAST | {"usage": USAGE}).answer
    assert answer.refusal == "I can't do that."
    assert answer.notes == ("the model refused: I can't do that.",)


@all_cases(
    "said",
    [
        {"tool_calls": [{"index": 0, "function": {"name": "add", "arguments": ""}}]},
        {"tool_calls": [{"function": {"name": "add", "arguments": "{}"}}], "content": ""},
        {"function_call": {"name": "add", "arguments": "{}"}},
    ],
)
@all_cases("finish", ["tool_calls", "stop"])
def test_a_call_of_a_tool_is_named_whatever_the_reason_says(serve, said, finish):
    more = {"tool_calls": [{"index": 0, "function": {"name": "", "arguments": "{"}}]}
    documents = [{"choices": [{"delta": one}]} for one in (said, more)]
    end = {"choices": [{"delta": {}, "finish_reason": finish}], "usage": USAGE}
    answer = stream_of(serve, *documents, end).answer
    assert "the model called the tool 'add', which is not run here" in answer.notes
    assert len(answer.notes) == 2


def test_the_thinking_s_other_names(serve):
    for name in ("reasoning_content", "reasoning", "thinking"):
        thought = {"choices": [{"delta": {"reasoning_content": "", name: "hm"}}]}
        assert stream_of(serve, thought, *CHATTING).answer.reasoning == "hm"
    for thought in ({"text": "hm"}, {"content": "hm"}, [{"text": "hm"}]):
        document = {"choices": [{"delta": {"reasoning": thought}}]}
        assert stream_of(serve, document, *CHATTING).answer.reasoning == "hm"


@all_cases("reason", ["stop", "length", "tool_calls", "time_limit", "cancelled"])
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


# --- generation --------------------------------------------------------------------------------


def test_the_numbers_of_a_generation_stream_are_cumulative_and_the_input_s_comes_once(serve):
    answer = stream_of(serve, *GENERATING, generate=True).answer
    assert answer.usage == Usage(11, 3), "neither 0 + 1 + 2 + 3 nor the last event's 0"
    assert (answer.text, answer.finish_reason) == (TEXT, "eos_token")


@all_cases("reason", ["MAX_TOKENS", "eos_token", "stop_sequence", "token_limit",
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


@all_cases(
    ("status", "code", "kind"),
    [(500, "downstream_request_failed", ServiceDown), (503, "service_unavailable", ServiceDown),
     (429, "rate_limit_reached_requests", RateLimited), (403, "token_quota_reached", QuotaSpent),
     (401, "authentication_token_expired", TokenRefused), (404, "model_not_supported", ModelError),
     (404, "container_not_found", ProjectError), (500, "", ServiceDown), (429, "?", RateLimited)],
)  # fmt: skip
@all_cases("generate", [False, True])
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


IN_A_200 = [
    ({"errors": [{"code": "rate_limit_reached_requests", "message": "As it says."}],
      "status_code": 429}, RateLimited),
    ({"errors": [{"code": "downstream_request_failed", "message": "As it says."}]}, ServiceDown),
    ({"error": {"code": 429, "message": "As it says."}}, RateLimited),
    ({"error": {"code": "model_not_supported", "message": "As it says.", "status_code": 404}},
     WatsonxError),
    ({"error": "As it says."}, ServiceDown),
    # of servers behind a deployment, of API Connect and other gates
    ({"detail": "As it says."}, ServiceDown),
    ({"errors": "As it says."}, ServiceDown),
    ({"errors": ["As it says."]}, ServiceDown),
    ({"httpCode": "429", "httpMessage": "Too Many Requests", "moreInformation": "As it says."},
     RateLimited),
    ({"fault": {"faultstring": "As it says.", "detail": {"errorcode": "x"}}}, ServiceDown),
]  # fmt: skip


@all_cases(("document", "kind"), IN_A_200)
@all_cases("how", ["whole", "an event", "json where a stream was asked for"])
@all_cases("generate", [False, True])
def test_an_error_in_a_reply_of_status_200_is_the_service_s_error(
    serve, document, kind, how, generate
):
    server = serve(chunked(events(document)) if how == "an event" else http(200, document))
    session = connect(server)
    if how == "whole":
        problem = caught(lambda: session.chat("hello", model="m", generate=generate))
    else:
        problem = caught(lambda: session.stream("hello", model="m", generate=generate).answer)
    assert isinstance(problem, kind)
    assert "As it says." in problem.message
    assert "HTTP 500" not in problem.message
    assert problem.answer is None


@all_cases("error", [None, [], {}, ""])
def test_a_field_for_an_error_that_is_empty_is_none(serve, error):
    documents = [one | {"error": error, "errors": error} for one in CHATTING]
    assert stream_of(serve, *documents).answer.text == TEXT


@all_cases(
    "data",
    ["the model stopped", "", "[]", "7", "null", '{"status_code": "x"}', '{"errors": 7}',
     '{"errors": [7]}', '{"errors": [{"message": 7, "code": [], "target": "x"}]}', "[" * 9999],
)  # fmt: skip
def test_an_error_event_of_any_form_is_a_failure_of_the_service(serve, data):
    raw = events(*CHATTING[:2]) + f"event: error\ndata: {data}\n\n".encode()
    problem = caught(lambda: stream_of(serve, raw=raw).answer)
    assert type(problem) is ServiceDown
    assert problem.message.endswith("HTTP 200, with an error inside.")
    assert problem.answer.text == "Sea "
    assert len(problem.message) < 700


MALFORMED = [
    "no json", "{", "7", '"text"', "true", "[{}]", "[" * 9999, '{"choices": 7}',
    '{"choices": "x"}', '{"choices": {"0": {}}}', '{"choices": ["x"]}', '{"choices": [null]}',
    '{"choices": [{"delta": "x"}]}', '{"choices": [{"delta": ["x"]}]}',
    '{"choices": [{"delta": {"content": 7}}]}',
    '{"choices": [{"delta": {"content": [{"text": {}}]}}]}',
    '{"choices": [{"delta": {"content": {}}}]}', '{"choices": [{"delta": {"content": [[]]}}]}',
    '{"choices": [{"delta": {"reasoning_content": {"a": 1}}}]}',
    '{"choices": [{"delta": {}, "finish_reason": {"a": 1}}]}', '{"model_id": 7}', '{"id": []}',
]  # fmt: skip


@all_cases("data", MALFORMED)
def test_an_event_that_cannot_be_understood_cuts_the_answer_and_loses_nothing_in_silence(
    serve, data
):
    raw = events(*CHATTING[:2]) + f"data: {data}\n\n".encode() + events(*CHATTING[2:])
    problem = caught(lambda: stream_of(serve, raw=raw).answer)
    assert type(problem) is AnswerCut
    assert problem.message.startswith("The answer was cut: the service sent ")
    assert problem.answer.text == "Sea "
    assert (problem.__cause__, problem.__context__) == (None, None)


@all_cases("data", ['{"results": 7}', '{"results": ["x"]}', '{"results": {"0": {}}}',
                                  '{"results": [{"generated_text": 7}]}',
                                  '{"results": [{"stop_reason": 7}]}'])  # fmt: skip
def test_the_same_holds_for_generation(serve, data):
    raw = events(*GENERATING[:2]) + f"data: {data}\n\n".encode()
    problem = caught(lambda: stream_of(serve, raw=raw, generate=True).answer)
    assert type(problem) is AnswerCut
    assert problem.answer.text == "Sea "


@all_cases(
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


@all_cases("body", ["what", "", '"text"', "7", '{"choices": ['])
def test_something_other_than_a_stream_is_said(serve, body):
    server = serve(http(200, body.encode(), kind="text/plain; charset=x"))
    problem = caught(lambda: connect(server).stream("hello", model="m").answer)
    assert type(problem) is ServiceDown
    assert "where a stream was expected" in problem.message
    assert problem.hint == "Try again with wx.ask."


def test_a_sign_in_page_instead_of_a_stream_is_said(serve):
    server = serve(http(200, "<html><body>Sign in to the hotel</body></html>"))
    problem = caught(lambda: connect(server).stream("hello", model="m").answer)
    assert type(problem) is ServiceDown
    assert "A proxy or filter on the way to" in problem.message


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
    answer = session.stream("hello").answer
    assert (answer.is_whole, answer.usage) == (True, None)
    sandbox.fault("error-event")
    problem = caught(lambda: session.stream("hello").answer)
    assert type(problem) is ServiceDown
    assert problem.answer.finish_reason == "cut"


# --- other shapes of what gateways send ----------------------------------------------------------


def choice(**fields):
    return {"choices": [{"index": 0, **fields}]}


END = choice(delta={}, finish_reason="stop") | {"usage": USAGE}
WHOLE = choice(message={"role": "assistant", "content": TEXT}, finish_reason="stop") | {
    "usage": USAGE
}
SHAPES = {
    "a message in place of a delta": [choice(message={"content": "Sea "}),
                                      choice(message={"content": "🌊 level."}), END],
    "a whole message in one event": [WHOLE],
    "a whole message behind the deltas": [*CHATTING[:3], delta("vel."), WHOLE],
    "the text of a completion": [choice(text="Sea "), choice(text="🌊 level.", delta=None),
                                 choice(text="", finish_reason="stop") | {"usage": USAGE}],
    "parts whose text is an object": [
        delta([{"type": "text", "text": {"value": "Sea ", "annotations": []}}]),
        delta([{"type": "output_text", "text": "🌊 "}, {"type": "text", "content": "level."}]),
        delta([{"type": "text"}]), END],
    "a number of the choice as text": [{"choices": [{"index": "0", "delta": {"content": TEXT}}]},
                                       END],
    "usage as texts": [delta(TEXT, "stop"), {"choices": [], "usage": {
        "prompt_tokens": "18", "completion_tokens": "4", "total_tokens": "22"}}],
    "usage as floats": [delta(TEXT, "stop"), {"choices": [], "usage": {
        "prompt_tokens": 18.0, "completion_tokens": 4.0}}],
}  # fmt: skip


@all_cases("documents", SHAPES.values(), ids=SHAPES)
def test_a_stream_is_read_in_the_shapes_that_gateways_send(serve, documents):
    answer = stream_of(serve, *documents).answer
    assert (answer.text, answer.finish_reason, answer.usage) == (TEXT, "stop", Usage(18, 4))
    assert answer.notes == ()


@all_cases("data", ["null", "[]", "ping", ": ping", "PING 3", "keep-alive", '"ok"', "{}"])
def test_data_that_only_keeps_the_connection_open_is_ignored(serve, data):
    raw = events(*CHATTING[:2]) + f"data: {data}\n\n".encode() + events(*CHATTING[2:])
    assert stream_of(serve, raw=raw).answer.text == TEXT


@all_cases("word", ["[DONE]", "[done]", " [DONE] ", '"[DONE]"', "DONE"])
def test_the_word_that_ends_a_stream_is_known_in_each_spelling(serve, word):
    answer = stream_of(serve, raw=events(*CHATTING[:3]) + f"data:{word}\n\n".encode()).answer
    assert (answer.text, answer.finish_reason) == ("Sea 🌊 le", "unknown")


@all_cases(
    ("kind", "body"),
    [("application/json", json.dumps(WHOLE)), ("", json.dumps(WHOLE)),
     ("text/html", json.dumps(WHOLE)), ("application/json", f"\ufeff\n{json.dumps(WHOLE)}"),
     ("text/event-stream", json.dumps(WHOLE)), ("text/plain", json.dumps(WHOLE, indent=1)),
     ("application/json", events(*CHATTING).decode()), ("text/plain", events(*CHATTING).decode()),
     ("application/x-ndjson", "\n".join(map(json.dumps, CHATTING)))],
)  # fmt: skip
def test_an_answer_that_comes_whole_where_a_stream_was_asked_for_is_read(serve, kind, body):
    server = serve()
    server.on("/ml/", http(200, body.encode(), kind=kind))
    answer = connect(server).stream("hello", model="m").answer
    assert (answer.text, answer.finish_reason, answer.usage) == (TEXT, "stop", Usage(18, 4))


@all_cases("stream", [True, False])
@all_cases(
    ("document", "kind", "said"),
    [({"code": 401, "description": "jwt expired"}, TokenRefused, "jwt expired"),
     ({"errorCode": "BXN1", "errorMessage": "no"}, ServiceDown, "no (BXN1)"),
     ({"statusCode": 429, "message": "slow down"}, RateLimited, "slow down"),
     ({"status": 403, "title": "Forbidden", "detail": "not you"}, ProjectError, "not you"),
     ({"statusCode": "503", "exception": "gone"}, ServiceDown, "gone"),
     ({"code": "model_not_supported", "description": "no m"}, ModelError, "no m"),
     ([{"code": 401, "message": "jwt expired"}], TokenRefused, "jwt expired"),
     ([{"error": {"code": 429, "message": "slow down"}}], RateLimited, "slow down"),
     ({"error": "it broke"}, ServiceDown, "it broke")],
)  # fmt: skip
def test_an_error_with_the_status_of_an_answer_is_the_services_error(
    serve, stream, document, kind, said
):
    def read(reply):
        server = serve()
        server.on("/ml/", reply)
        session = connect(server)
        if not stream:
            return caught(lambda: session.chat("hello", model="m"))
        return caught(lambda: session.stream("hello", model="m").answer)

    errors = [read(http(200, document))]
    if stream:
        errors.append(read(chunked(f"data: {json.dumps(document)}\n\n".encode())))
    for error in errors:
        assert type(error) is kind
        assert f"The service said: {said}" in error.message


def test_a_list_that_is_no_error_is_no_answer_either(serve):
    server = serve()
    server.on("/ml/", http(200, [1, 2]))
    error = caught(lambda: connect(server).chat("hello", model="m"))
    assert "JSON that is not an object" in error.message


ERROR_EVENT = b'event: error\ndata: {"errors": [{"code": "x", "message": "late"}]}\n\n'


def test_an_error_behind_the_end_of_a_whole_answer_is_only_a_note(serve):
    answer = stream_of(serve, raw=events(*CHATTING) + ERROR_EVENT).answer
    assert (answer.text, answer.finish_reason, answer.usage) == (TEXT, "stop", Usage(18, 4))
    assert any("an error behind it" in note and "late" in note for note in answer.notes)


@pytest.mark.parametrize("documents", [CHATTING[:3], [delta("Sea ", "error")]])
def test_an_error_before_the_end_fails_the_answer(serve, documents):
    stream = stream_of(serve, raw=events(*documents) + ERROR_EVENT)
    assert "late" in caught(lambda: stream.answer).message
