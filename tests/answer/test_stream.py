"""An answer while it arrives: read on, closed early, interrupted, stalled."""

from __future__ import annotations

import gc

import pytest
from transport.servers import CHAT, caught, chunked, connect, events, http, interrupt_when

import wx_notebook as wx
from wx_notebook.answer import AnswerReader, AnswerStream, reader
from wx_notebook.errors import AnswerCut, Interrupted, ServiceDown
from wx_notebook.sandbox import Sandbox
from wx_notebook.service import AnswerDelta, Usage
from wx_notebook.session.process import HISTORY, METER

TEXT = "one two three four five six seven eight nine ten " * 20
PING = b"8\r\n: ping\n\n\r\n"


@pytest.fixture
def slow():
    """A sandbox that writes at a pace that leaves time to stop it."""
    with Sandbox(words_per_second=100) as sandbox:
        sandbox.say(TEXT)
        wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id)
        yield sandbox


def gone(sandbox):
    """The prompt's call as the sandbox saw it end: its client had left."""
    return sandbox.wait_for(lambda call: call.kind.endswith("_stream") and call.client_gone)


# --- closing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["with", "close", "interrupt"])
@pytest.mark.parametrize("generate", [False, True])
def test_leaving_early_ends_the_request_and_keeps_what_arrived(slow, how, generate):
    stream = wx.stream("hello", generate=generate)
    if how == "with":
        with stream:
            first = next(stream)
    else:
        first = next(stream)
        stream.close() if how == "close" else stream.interrupt()
    assert gone(slow).status == 200
    answer = stream.answer
    assert (answer.text, answer.finish_reason) == (first, "interrupted")
    assert TEXT.startswith(answer.text)
    assert wx.last() is answer
    assert "interrupted" in answer.notes[0]
    assert list(stream) == [], "nothing comes any more"
    stream.close()
    assert stream.answer is answer, "closing twice is closing once"


def test_an_error_in_the_with_block_ends_the_request_too(slow):
    def fail():
        with wx.stream("hello") as stream:
            next(stream)
            raise LookupError

    assert type(caught(fail)) is LookupError
    assert gone(slow)
    assert wx.last().finish_reason == "interrupted"


@pytest.mark.slow
def test_a_stream_that_nobody_holds_any_more_ends_its_request(slow):
    stream = wx.stream("hello")
    next(stream)
    del stream
    gc.collect()
    assert gone(slow)


def test_closing_before_the_first_piece_remembers_nothing(slow):
    before = HISTORY.last_answer
    stream = wx.stream("hello")
    stream.close()
    assert stream.answer.text == ""
    assert stream.answer.finish_reason == "interrupted"
    assert HISTORY.last_answer is before


def test_closing_after_the_end_changes_nothing(sandbox, session):
    sandbox.say("one two")
    stream = session.stream("hello")
    text = "".join(stream)
    answer = stream.answer
    stream.close()
    assert stream.interrupt() is answer
    assert (answer.text, answer.finish_reason) == (text, "stop")
    assert not any(call.client_gone for call in sandbox.calls)


def test_after_an_answer_that_was_left_early_the_session_goes_on(slow):
    with wx.stream("hello") as stream:
        next(stream)
    slow.say("whole")
    assert wx.ask("again").text == "whole"


# --- reading on --------------------------------------------------------------------------------


def test_the_answer_before_the_end_reads_on(sandbox, session):
    sandbox.say_pieces(["one ", "two ", "three"])
    stream = session.stream("hello")
    assert next(stream) == "one "
    assert stream.answer.text == "one two three"
    assert list(stream) == []


def test_a_failure_while_reading_on_carries_what_arrived(sandbox, session):
    sandbox.say_pieces(["one ", "two ", "three ", "four ", "five ", "six "])
    sandbox.fault("cut", after=4)
    stream = session.stream("hello")
    assert next(stream) == "one "
    problem = caught(lambda: stream.answer)
    assert type(problem) is AnswerCut
    assert problem.answer.text.startswith("one two ")
    assert problem.answer is wx.last()
    assert stream.answer is problem.answer, "it is told once; then it is a value"


# --- interrupts --------------------------------------------------------------------------------


def interrupted_stream(server):
    """Interrupt a prompt when it has arrived at the server; return the error."""
    session = connect(server)
    session.state.token_source.token()
    server.arrived.clear()
    stream = session.stream("hello", model="m")
    with interrupt_when(server.arrived):
        problem = caught(lambda: stream.answer)
    assert type(problem) is Interrupted
    return problem


def test_an_interrupt_while_waiting_for_the_next_piece_keeps_the_text_and_ends_the_request(serve):
    server = serve()
    server.on("/ml/", server.silent(chunked(events({"choices": [{"delta": {"content": "Four"}}]}),
                                            end=False)))  # fmt: skip
    problem = interrupted_stream(server)
    assert (problem.answer.text, problem.answer.finish_reason) == ("Four", "interrupted")
    assert problem.hint.startswith("What was received is in wx.last()")
    assert server.gone.wait(2)


def test_an_interrupt_before_the_first_piece_says_that_nothing_came(serve):
    server = serve()
    server.on("/ml/", server.silent(chunked(end=False)))
    problem = interrupted_stream(server)
    assert problem.answer is None
    assert problem.hint == "Nothing was received; run it again."


def test_an_interrupt_that_comes_as_a_plain_one_is_made_ours():
    stream, log = in_memory(pieces("Four"), fails=KeyboardInterrupt())
    assert next(stream) == "Four"
    problem = caught(lambda: next(stream))
    assert type(problem) is Interrupted
    assert (problem.__cause__, problem.__context__) == (None, None)
    assert problem.answer.text == "Four"
    assert sorted(log) == ["closed", "remembered"]


# --- callbacks that fail -------------------------------------------------------------------------


def fail(*_):
    raise ValueError("no page to paint on")


def stop(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize(("callback", "kind"), [(fail, ValueError), (stop, Interrupted)])
def test_text_that_turns_out_to_be_reasoning_loses_nothing_when_its_callback_fails(
    sandbox, session, callback, kind
):
    """A chat template opened the reasoning: its end alone shows what the text before was."""
    sandbox.say_pieces(["I ponder. ", "</think>", "42"])
    stream = session.stream("hello")
    stream.on_reset = callback
    assert type(caught(lambda: list(stream))) is kind
    answer = wx.last()
    assert (answer.text, answer.reasoning) == ("42", "I ponder. ")
    assert answer is stream.answer


@pytest.mark.parametrize(("callback", "kind"), [(fail, ValueError), (stop, Interrupted)])
def test_a_whole_reply_is_kept_with_its_usage_when_a_callback_fails(
    sandbox, session, callback, kind
):
    sandbox.say_pieces(["<think>", "hm", "</think>", "Four."])
    stream = session.open(session.prepare("hello", session.state.options({}), stream=False))
    stream.on_reasoning = callback
    assert type(caught(lambda: list(stream))) is kind
    answer = wx.last()
    assert (answer.text, answer.reasoning) == ("Four.", "hm")
    assert answer.usage.output_tokens


def test_a_callback_that_fails_is_not_called_once_more_for_what_was_held_back(sandbox, session):
    """A mark that had begun is reasoning at the end; the tokens are counted all the same."""
    sandbox.say_pieces(["<think>", "abc </", "think>", "Hello"])
    METER.set_budget(METER.used("notebook") + 1_000_000, "notebook")
    try:
        stream = session.stream("hello")
        stream.on_reasoning = fail
        assert type(caught(lambda: list(stream))) is ValueError
        assert METER._reserved == 0
    finally:
        METER.set_budget(None, "notebook")
    assert stream.answer is wx.last()
    assert stream.answer.reasoning.startswith("abc ")


# --- what follows the stop reason ----------------------------------------------------------------

FINISH = {"choices": [{"delta": {"content": "Four."}, "finish_reason": "stop"}]}


@pytest.mark.parametrize("after", ["silence", "pings"])
def test_an_answer_whose_usage_never_comes_is_whole_with_a_warning(serve, monkeypatch, after):
    # the excuse for a patch: five seconds, twice
    monkeypatch.setattr(reader, "LAST_EVENT_S", 0.2)
    server = serve()
    begun = chunked(events(FINISH), end=False)
    server.on(
        "/ml/", server.silent(begun) if after == "silence" else server.drip(begun, PING, 0.02)
    )
    answer = connect(server).stream("hello", model="m").answer
    assert (answer.text, answer.finish_reason, answer.usage) == ("Four.", "stop", None)
    assert answer.warnings == ("the service did not say how many tokens it used",)
    assert server.gone.wait(2)


def test_the_connection_of_a_whole_answer_serves_the_next_one(serve):
    server = serve()
    server.on("/ml/", keeps(chunked(events(FINISH | {"usage": CHAT["usage"]}))))
    session = connect(server)
    for _ in range(3):
        assert session.stream("hello", model="m").answer.text == "Four."
    assert server.connections == 1


def keeps(reply):
    def say(connection, _):
        connection.sendall(reply)
        return True

    return say


# --- the stream by itself ------------------------------------------------------------------------


def pieces(*texts):
    return [AnswerDelta(text) for text in texts]


class Unread:
    """A response with nothing behind the last delta."""

    def drain(self):
        pass

    def expect_end_within(self, limit_s):
        pass


class Context:
    """A session's side of one request, which writes down what happens to it."""

    model_id, format, default_model = "asked", "auto", False

    def __init__(self, seconds=0.0):
        self.log = []
        self.seconds = lambda: seconds

    def redact(self, text):
        return text.replace("secret", "***")

    def opening_notices(self):
        return []

    def closing_notices(self, usage, uncounted_text):
        return []

    def missing(self, count, *, has_details):
        return []

    def is_news(self, recurring):
        return True

    def close(self, usage, uncounted_text, model_id):
        self.log.append("closed")

    def read(self, answer):
        return answer

    def keep(self, answer):
        self.log.append("remembered")

    def go_on(self, answer):
        raise NotImplementedError


def in_memory(given, *, fails=None, seconds=0.0):
    """A stream of these pieces, and what happened to it."""

    def arriving():
        yield from given
        if fails is not None:
            raise fails

    context = Context(seconds)
    return AnswerStream(AnswerReader(arriving(), Unread()), context), context.log


def test_pieces_without_text_are_not_handed_out_but_counted():
    stream, _ = in_memory(
        [AnswerDelta(), AnswerDelta("a"), AnswerDelta(usage=Usage(1, 2)),
         AnswerDelta(reasoning="hm"), AnswerDelta("b", finish_reason="stop"),
         AnswerDelta(request_id="r", model_id="m")]
    )  # fmt: skip
    assert list(stream) == ["a", "b"]
    answer = stream.answer
    assert (answer.text, answer.reasoning, answer.finish_reason) == ("ab", "hm", "stop")
    assert (answer.usage, answer.request_id, answer.model_id) == (Usage(1, 2), "r", "m")


def test_the_model_that_was_asked_stands_until_the_service_names_one():
    stream, _ = in_memory(pieces("a"))
    assert stream.answer.model_id == "asked"


def test_the_seconds_are_those_of_the_clock_that_was_passed_in():
    stream, _ = in_memory(pieces("a"), seconds=7.5)
    assert stream.answer.seconds == 7.5


def test_warnings_and_errors_pass_through_redaction():
    stream, _ = in_memory([AnswerDelta("a", warnings=("a secret", "b"))])
    assert stream.answer.warnings == ("a ***", "b")
    stream, _ = in_memory(pieces("a"), fails=ServiceDown("no secret", hint="Wait."))
    problem = caught(lambda: stream.answer)
    assert problem.message == "no ***"


def test_an_error_in_the_middle_keeps_its_class_and_names_the_part_that_arrived():
    stream, log = in_memory(pieces("a"), fails=ServiceDown("down", hint="Wait."))
    problem = caught(lambda: stream.answer)
    assert type(problem) is ServiceDown
    assert problem.answer is stream.answer
    assert problem.hint == (
        "What was received is in wx.last(), and wx.last().more() continues it. Wait."
    )
    assert sorted(log) == ["closed", "remembered"]


def test_an_error_before_the_first_piece_has_no_answer():
    stream, log = in_memory([], fails=ServiceDown("down"))
    assert caught(lambda: stream.answer).answer is None
    assert log == ["closed"]


def test_an_answer_without_text_is_remembered_when_it_ended_well():
    stream, log = in_memory([AnswerDelta(finish_reason="stop")])
    assert stream.answer.text == ""
    assert sorted(log) == ["closed", "remembered"]


def test_thoughts_alone_are_worth_keeping():
    stream, _ = in_memory([AnswerDelta(reasoning="hm")], fails=AnswerCut("cut"))
    assert caught(lambda: stream.answer).answer.reasoning == "hm"


def test_a_whole_reply_is_a_stream_of_one_piece(serve):
    session = connect(serve(http(200, CHAT)))
    stream = session.open(session.prepare("hello", wx_options(), stream=False))
    assert list(stream) == ["Four."]


def wx_options():
    from wx_notebook.options import Options

    return Options(model="m")
