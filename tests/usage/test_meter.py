"""What prompts cost, by cell, notebook and day; and the budget that stops the next one unsent."""

from __future__ import annotations

import datetime as dt
import gc
import threading
from dataclasses import replace

import pytest
from support.cases import all_cases
from transport.servers import (
    CHAT,
    KEY,
    PROJECT,
    TOKEN,
    caught,
    chunked,
    events,
    http,
    interrupt_when,
)

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import AnswerCut, Interrupted, QuotaSpent, ServiceDown
from wx_notebook.options import Options
from wx_notebook.service import Request
from wx_notebook.session import Session
from wx_notebook.transport import Timeouts, Transport
from wx_notebook.usage.ledger import Ledger, TokenCounts
from wx_notebook.usage.meter import UsageMeter
from wx_notebook.usage.reservation import UsageReservation, prompt_tokens

TODAY = dt.date(2026, 6, 15)
GRANITE = "ibm/granite-4-h-small"


class Days:
    """A day that a test turns."""

    def __init__(self):
        self.today = TODAY

    def __call__(self):
        return self.today


@pytest.fixture
def days():
    return Days()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "usage"


@pytest.fixture
def meter(days, folder):
    return UsageMeter(Ledger(lambda: folder, host="here"), today=days)


def connect(server, meter, *, sleep=lambda seconds: None, timeouts=None):
    given = ConnectionParams(
        "arguments", Secret(KEY), url=server.url, project_id=PROJECT, model=GRANITE
    )
    return Session(given, transport=Transport(sleep=sleep, timeouts=timeouts), meter=meter)


def answering(serve, meter, reply=None, **usage):
    told = {"usage": {"prompt_tokens": 21, "completion_tokens": 3}} | usage
    server = serve(reply or http(200, CHAT | told))
    return server, connect(server, meter)


def prompts(server):
    return len(server.of("/ml/v1/text"))


DELTA = {"choices": [{"delta": {"content": "some words of an answer "}}], "model_id": GRANITE}


# --- counting ----------------------------------------------------------------------------------


def test_tokens_are_counted_by_model_by_cell_and_by_day(serve, meter):
    _, session = answering(serve, meter)
    meter.cell = iter([3, 3, 4]).__next__
    session.chat("one")
    session.chat("two")
    session.stream("three", model="a/b").close()
    assert meter.by_cell[3] == TokenCounts(2, 42, 6)
    assert meter.by_model[GRANITE] == TokenCounts(2, 42, 6)
    assert meter.by_cell[4].prompts == 1
    assert meter.used("notebook") == meter.used("day") > 48


def test_the_day_ends_at_midnight_and_the_notebook_does_not(serve, meter, days):
    _, session = answering(serve, meter)
    session.chat("one")
    days.today += dt.timedelta(days=1)
    assert (meter.used("notebook"), meter.used("day")) == (24, 0)
    session.chat("two")
    assert (meter.used("notebook"), meter.used("day")) == (48, 24)


def test_what_another_notebook_spends_counts_for_the_day_only(serve, meter, days, folder):
    other = UsageMeter(Ledger(lambda: folder, host="here"), today=days)
    answering(serve, other)[1].chat("hi")
    answering(serve, meter)[1].chat("hi")
    other.flush()
    assert (meter.used("notebook"), meter.used("day")) == (24, 48)


def test_a_prompt_that_is_refused_costs_nothing(serve, meter):
    refused = {"errors": [{"code": "invalid_request_entity", "message": "No."}]}
    _, session = answering(serve, meter, http(400, refused))
    caught(lambda: session.chat("hi"))
    assert meter.used("notebook") == 0
    assert meter.by_model == {}


def test_an_answer_that_is_cut_is_counted_by_estimate_and_marked(serve, meter):
    _, session = answering(serve, meter, chunked(events(DELTA, DELTA), end=False))
    problem = caught(lambda: list(session.stream("a prompt of some words")))
    assert type(problem) is AnswerCut
    spent = meter.by_model[GRANITE]
    assert spent.estimated == 1
    assert spent.input_tokens > 3
    assert spent.output_tokens > 8
    assert meter.day_by_model()[GRANITE].estimated == 1


def test_an_answer_that_is_closed_early_is_counted_by_what_had_come(serve, meter):
    server = serve()
    server.on("/ml/v1/text", server.silent(chunked(events(DELTA), end=False)))
    stream = connect(server, meter).stream("a prompt of some words")
    assert next(stream) == "some words of an answer "
    assert meter.by_model == {}
    stream.close()
    assert meter.by_model[GRANITE].output_tokens > 4
    assert meter.by_model[GRANITE].estimated == 1


def test_an_answer_that_is_interrupted_is_counted_once(serve, meter):
    server = serve()
    server.on("/ml/v1/text", server.silent(chunked(events(DELTA), end=False)))
    session = connect(server, meter)
    session.state.catalogue.models = list
    with interrupt_when(server.arrived, 0.3):
        problem = caught(lambda: list(session.stream("a prompt of some words")))
    assert type(problem) is Interrupted
    assert meter.by_model[GRANITE].prompts == 1
    assert meter.by_model[GRANITE].estimated == 1


def test_a_prompt_that_is_interrupted_before_its_first_word_is_counted_by_its_estimate(
    serve, meter
):
    """The service may have been at work, and who stops cannot know."""
    server = serve()
    server.on("/ml/v1/text", server.silent())
    session = connect(server, meter)
    with interrupt_when(server.arrived, 0.3):
        problem = caught(lambda: session.chat("a prompt of some words", model=GRANITE))
    assert type(problem) is Interrupted
    spent = meter.by_model[GRANITE]
    assert (spent.prompts, spent.output_tokens, spent.estimated) == (1, 0, 1)
    assert spent.input_tokens > 3


@pytest.mark.parametrize("how", ["closed", "silent", "late"])
def test_a_prompt_that_was_sent_and_got_no_answer_is_counted_and_said_to_be_perhaps_billed(
    serve, meter, how
):
    server = serve()
    server.on("/ml/v1/text", (lambda *_: False) if how == "closed" else server.silent())
    session = connect(server, meter, timeouts=Timeouts(first_byte_s=0.3))
    session.state.token_source.token()  # the limit would count it, too
    limit = {"timeout": 0.25} if how == "late" else {}
    problem = caught(lambda: session.chat("a prompt of some words", **limit))
    assert type(problem) is ServiceDown
    assert problem.message.endswith("; the prompt may have been billed.")
    spent = meter.by_model[GRANITE]
    assert (spent.prompts, spent.output_tokens, spent.estimated) == (1, 0, 1)
    assert spent.input_tokens > 3


def test_a_prompt_that_did_not_leave_costs_nothing(serve, meter):
    server, session = answering(serve, meter)
    session.chat("one")
    server.__exit__()
    problem = caught(lambda: session.chat("a prompt of some words"))
    assert "cannot be reached" in problem.message
    assert "billed" not in problem.message
    assert meter.by_model[GRANITE].prompts == 1


def test_an_interrupt_while_waiting_for_the_next_attempt_costs_nothing(serve, meter):
    def stop(seconds):
        raise KeyboardInterrupt

    meter.set_budget(10_000, "notebook")
    session = connect(serve(http(429, {})), meter, sleep=stop)
    problem = caught(lambda: session.chat("a prompt of some words"))
    assert type(problem) is Interrupted
    assert "waiting for the next attempt" in problem.message
    assert (meter.by_model, meter._reserved) == ({}, 0)


def test_an_interrupt_while_signing_in_costs_nothing(serve, meter):
    server = serve(token=False)
    server.on("/identity/", server.silent())
    session = connect(server, meter)
    with interrupt_when(server.arrived, 0.3):
        problem = caught(lambda: session.chat("a prompt of some words"))
    assert type(problem) is Interrupted
    assert "billed" not in problem.message
    assert meter.by_model == {}


def test_a_stream_that_was_closed_unread_is_counted_once_and_no_more_on_its_way(serve, meter):
    meter.set_budget(10_000, "notebook")
    server = serve()
    server.on("/ml/v1/text", server.silent(chunked(events(DELTA), end=False)))
    stream = connect(server, meter).stream("a prompt of some words")
    assert meter._reserved > 0
    stream.close()
    stream.close()
    assert meter._reserved == 0
    assert meter.by_model[GRANITE].prompts == 1


def test_an_answer_that_is_let_go_in_the_middle_of_counting_is_counted(meter):
    request = Request("/x", body={"model_id": GRANITE, "input": "a prompt"})
    reservation = UsageReservation(meter, request, str)
    with meter._lock:
        reservation.settle()
    assert meter.used("notebook") > 0
    assert meter.by_model[GRANITE].prompts == 1


def locks(meter):
    """The locks of counting and writing."""
    return [meter._lock, meter._writer._lock, meter._writer._disk_lock]


@all_cases("writes_at_once", [False, True])
@all_cases("pair", [(a, b) for a in range(3) for b in range(3) if a != b])
def test_two_threads_that_let_answers_go_under_different_locks_do_not_wait_for_each_other(
    pair, writes_at_once, tmp_path
):
    meter = UsageMeter(Ledger(lambda: tmp_path), today=lambda: TODAY)
    meter._writer._is_child = writes_at_once
    request = Request("/x", body={"model_id": GRANITE, "input": "a prompt"})
    reservations = [UsageReservation(meter, request, str) for _ in pair]
    both_hold = threading.Barrier(2, timeout=10)

    def let_go(lock, reservation):
        # as garbage collection does, in the middle of anything
        with locks(meter)[lock]:
            both_hold.wait()
            reservation.settle()

    threads = [threading.Thread(target=let_go, args=each, daemon=True)
               for each in zip(pair, reservations, strict=True)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert meter.used("notebook") > 0
    meter.flush()
    assert meter.by_model[GRANITE].prompts == 2
    assert Ledger(lambda: tmp_path).by_model(TODAY)[GRANITE].prompts == 2


def test_a_stream_that_nobody_reads_to_its_end_is_counted_when_it_is_let_go(serve, meter):
    server = serve()
    server.on("/ml/v1/text", server.silent(chunked(events(DELTA), end=False)))
    stream = connect(server, meter).stream("a prompt of some words")
    next(stream)
    del stream
    gc.collect()
    assert meter.by_model[GRANITE].prompts == 1


def test_of_a_generation_that_ends_early_the_service_s_own_count_so_far_is_taken(serve, meter):
    result = {"generated_text": "so far", "generated_token_count": 2, "input_token_count": 9,
              "stop_reason": "not_finished"}  # fmt: skip
    event = {"model_id": GRANITE, "results": [result]}
    _, session = answering(serve, meter, chunked(events(event), end=False))
    caught(lambda: list(session.stream("hi", generate=True)))
    assert meter.by_model[GRANITE] == TokenCounts(1, 9, 2)


@all_cases(
    ("body", "least"),
    [({"messages": [{"role": "user", "content": "four words of prose"}]}, 4),
     ({"messages": [{"content": "a b c"}, {"content": "four words of prose"}]}, 5),
     ({"messages": [{"content": [{"type": "text", "text": "four words of prose"},
                                 {"type": "image_url", "image_url": {}}]}]}, 4),
     ({"input": "four words of prose"}, 4), ({"messages": [{"content": None}]}, 0), ({}, 0)],
)  # fmt: skip
def test_the_texts_of_a_prompt_are_estimated_in_each_form_that_it_has(body, least):
    assert least <= prompt_tokens(Request("/x", body=body)) <= least + 6


# --- the budget --------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["notebook", "day"])
def test_a_budget_stops_a_prompt_before_it_is_sent(serve, meter, scope):
    server, session = answering(serve, meter)
    session.chat("hello")
    meter.set_budget(25, scope)
    problem = caught(lambda: session.chat("a prompt that has no room in one token"))
    assert type(problem) is QuotaSpent
    assert prompts(server) == 1
    whose, day = {"notebook": ("this notebook", ""), "day": ("today", " --day")}[scope]
    assert problem.message == (f"The budget for {whose} is used up: 24 of 25 tokens, and this "
                               "prompt has about 9. It was not sent.")  # fmt: skip
    assert problem.hint == (f"Next: %watsonx usage --budget 3000{day} raises it, "
                            f"%watsonx usage --budget off{day} ends it.")  # fmt: skip
    meter.set_budget(None, scope)
    session.chat("a prompt that has no room in one token")
    assert prompts(server) == 2


def test_every_way_of_a_prompt_meets_the_budget(serve, meter):
    server, session = answering(serve, meter)
    meter.set_budget(1, "notebook")
    messages = [{"role": "user", "content": "a prompt of some length"}]
    for ask in (lambda: session.chat("a prompt of some length"), lambda: session.chat(messages),
                lambda: session.stream("a prompt of some length"),
                lambda: session.generate("a prompt of some length")):  # fmt: skip
        assert type(caught(ask)) is QuotaSpent
    assert prompts(server) == 0
    # a session made from this one is no way around it
    other = session.with_params(session.state.params)
    assert type(caught(lambda: other.chat("a prompt"))) is QuotaSpent


def test_the_last_answer_may_pass_the_budget_and_then_nothing_is_sent(serve, meter):
    server, session = answering(serve, meter, usage={"prompt_tokens": 2, "completion_tokens": 500})
    meter.set_budget(100, "notebook")
    session.chat("hi")
    assert meter.used("notebook") == 502
    assert type(caught(lambda: session.chat("hi"))) is QuotaSpent
    assert prompts(server) == 1


def test_prompts_reserved_count_before_their_answers_have_come(serve, meter):
    asked, gate = threading.Event(), threading.Event()

    def wait(connection, seen):
        asked.set()
        gate.wait(20)
        connection.sendall(http(200, CHAT))
        return True

    server = serve()
    server.on("/ml/v1/text", wait)
    session = connect(server, meter)
    prompt = "a prompt of some length"
    estimate = prompt_tokens(Request("/x", body={"input": prompt}))
    meter.set_budget(estimate + 1, "notebook")
    first = threading.Thread(target=lambda: session.chat(prompt))
    first.start()
    assert asked.wait(20)
    problem = caught(lambda: session.chat(prompt))
    assert type(problem) is QuotaSpent
    assert f"{estimate} more are reserved" in problem.message
    gate.set()
    first.join(20)
    assert meter.used("notebook") == 24
    # what was on its way has arrived: it does not count twice
    meter.set_budget(24 + estimate, "notebook")
    session.chat(prompt)


def test_a_prompt_that_failed_or_was_stopped_is_no_more_on_its_way(serve, meter):
    meter.set_budget(10_000, "notebook")
    _, session = answering(serve, meter, http(400, {}))
    caught(lambda: session.chat("hi"))
    assert meter._reserved == 0
    meter.set_budget(1, "notebook")
    caught(lambda: session.chat("a prompt of some length"))
    assert meter._reserved == 0


def test_a_budget_of_a_file_holds_until_something_else_is_typed(serve, days):
    meter = UsageMeter(today=days, default_budget=lambda: (5, "pyproject.toml"))
    _, session = answering(serve, meter)
    problem = caught(lambda: session.chat("a prompt of some length"))
    assert type(problem) is QuotaSpent
    assert problem.message.startswith("The budget for this notebook (pyproject.toml) is used up: ")
    assert meter.budgets()["notebook"] is meter.budgets()["notebook"], "it is told of once"
    meter.set_budget(None, "notebook")
    session.chat("a prompt of some length")
    assert meter.budgets() == {}


def test_from_four_fifths_on_one_answer_says_so_and_the_next_ones_do_not(serve, meter):
    _, session = answering(serve, meter)
    meter.set_budget(100, "notebook")
    said = [session.chat("hi").warnings for _ in range(4)]
    note = "96 % of the budget for this notebook is used: 96 of 100 tokens"
    assert said == [(), (), (), (note,)]
    meter.set_budget(120, "notebook")
    assert session.chat("hi").warnings == (
        "100 % of the budget for this notebook is used: 120 of 120 tokens",
    )


# --- a disk that fails -------------------------------------------------------------------------


def test_a_disk_that_fails_is_told_once_and_no_answer_is_lost(serve, days, tmp_path):
    (tmp_path / "in the way").write_text("a file where the folder would be")
    meter = UsageMeter(Ledger(lambda: tmp_path / "in the way" / "usage"), today=days)
    _, session = answering(serve, meter)
    said = []
    for _ in range(3):
        said.append(session.chat("hi"))
        meter.flush()
    assert [answer.text for answer in said] == ["Four."] * 3
    assert [len(answer.warnings) for answer in said] == [0, 1, 0]
    assert said[1].warnings[0] == (
        "the tokens of this day are counted in this notebook only: "
        "Jupyter's data folder cannot be written (Not a directory)"
    )
    # they still count here
    assert (meter.used("notebook"), meter.used("day")) == (72, 72)


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), RuntimeError("odd")])
def test_whatever_goes_wrong_with_the_ledger_the_answer_is_there(serve, days, problem):
    def fail():
        raise problem

    meter = UsageMeter(Ledger(fail), today=days)
    _, session = answering(serve, meter)
    assert session.chat("hi").text == "Four."
    assert meter.used("day") == 24


def test_when_the_disk_is_well_again_nothing_counts_twice(serve, days, tmp_path):
    folder = tmp_path / "usage"
    folder.write_text("in the way")
    meter = UsageMeter(Ledger(lambda: folder), today=days)
    _, session = answering(serve, meter)
    session.chat("hi")
    meter.flush()
    folder.unlink()
    session.chat("hi")
    meter.flush()
    assert meter.used("day") == 48


# --- secrets -----------------------------------------------------------------------------------


def test_neither_key_token_project_prompt_nor_answer_is_on_the_disk(serve, meter, folder):
    _, session = answering(serve, meter)
    session.chat("The prompt that must not be written.")
    meter.flush()
    (path,) = folder.iterdir()
    written = path.read_text() + path.name
    for secret in (KEY, TOKEN, PROJECT, "prompt", "Four"):
        assert secret not in written
    assert GRANITE in written


@pytest.mark.parametrize("asked", ["a/b", ""])
def test_a_model_id_with_the_key_in_it_does_not_take_it_to_the_disk(serve, meter, folder, asked):
    """Also where only the service says which model answers, as with a deployment."""
    server = serve(http(200, CHAT | {"model_id": f"a/{KEY}"}))
    session = connect(server, meter)
    request = session.prepare("hi", Options(model="a/b"), stream=False)
    session.open(replace(request, body={**request.body, "model_id": asked})).answer  # noqa: B018
    meter.flush()
    (path,) = folder.iterdir()
    assert KEY not in path.read_text()
    assert KEY not in repr(meter.by_model)
