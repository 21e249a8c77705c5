"""What goes wrong with a row, and what stops all of them; nothing that was paid for is lost."""

from __future__ import annotations

import contextlib
import signal
import threading
import time

import pytest

import wx_notebook as wx
from wx_notebook.batch import policy
from wx_notebook.errors import BadOption, BatchStopped, Interrupted
from wx_notebook.journal import open_journal
from wx_notebook.sandbox import Sandbox
from wx_notebook.transport import RetryPolicy

ROWS = [f"t{number}" for number in range(60)]
PROMPT = "Say this: {{ value }}"


def run(rows=ROWS, **options):
    seen = []
    table = wx.batch(PROMPT, rows, on_progress=seen.append, **options)
    return table, seen[-1].counts


SLOW_429 = pytest.param("429", marks=pytest.mark.slow)  # three refusals slow all rows


@pytest.mark.parametrize("fault", [SLOW_429, "500", "503", "reset", "reset-after", "502-html"])
def test_what_may_be_repeated_is_repeated_and_no_row_is_lost(fault, session, sandbox):
    sandbox.fault(f"{fault}=0.15", times=8, on="chat")
    table, counts = run()
    assert [row["error"] for row in table] == [None] * 60
    assert (counts.done, counts.failed) == (60, 0)
    assert counts.sent == sandbox.counts["chat"] == 60 + counts.repeated
    assert counts.resent == (counts.repeated if fault.startswith("reset") else 0)


def test_what_may_have_been_billed_is_not_sent_again_if_the_user_says_so(session, sandbox):
    sandbox.fault("reset", times=3, on="chat")
    table, counts = run(resend=False)
    failed = [row for row in table if row["error"]]
    assert len(failed) == counts.failed == 3
    assert all("may have been billed" in row["error"] for row in failed)
    assert sandbox.counts["chat"] == 60


def test_a_refused_row_is_an_error_of_its_own(session, sandbox):
    table, counts = run([*ROWS[:5], "x " * 200_000, *ROWS[5:10]])
    assert [bool(row["error"]) for row in table] == [at == 5 for at in range(11)]
    assert table[5]["error"].startswith("PromptTooLong: ")
    assert (counts.done, counts.failed) == (10, 1)


def test_a_row_that_holds_the_key_is_not_sent(session, sandbox):
    table, _ = run(["harmless", f"my key is {sandbox.api_key}"])
    assert "holds the key of this session" in table[1]["error"]
    assert sandbox.counts["chat"] == 1


def test_a_revoked_token_is_renewed_and_no_row_notices(session, sandbox):
    run(ROWS[:5])
    sandbox.revoke_tokens()
    table, _ = run()
    assert [row["error"] for row in table] == [None] * 60


@pytest.fixture
def short_pauses(monkeypatch):
    monkeypatch.setattr(policy, "_FAILED", RetryPolicy(attempts=7, first_pause_s=0.01))


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("fault", ["revoked", "expired"])
def test_a_new_token_that_is_revoked_as_well_is_renewed_once_more(fault, session, sandbox):
    sandbox.fault(fault, times=4, on="chat")
    table, counts = run(ROWS[:5])
    assert [row["error"] for row in table] == [None] * 5
    assert counts.repeated == 2


@pytest.mark.usefixtures("short_pauses")
def test_a_service_that_refuses_every_token_stops_the_run(session, sandbox):
    sandbox.fault("revoked=1", times=None, on="chat")
    with pytest.raises(BatchStopped, match="TokenRefused: "):
        run()
    assert sandbox.counts["chat"] == 8, "four times a token and the next one"


@pytest.mark.usefixtures("short_pauses")
def test_a_second_request_for_an_answer_that_fits_is_repeated_like_any_other(session, sandbox):
    sandbox.say(*["no JSON", '{"mood": "bad"}'] * 20)
    sandbox.fault("503=0.5", times=6, on="chat")
    table, counts = run(ROWS[:10], schema="mood: good|bad", concurrency=1)
    refused = [call.body_json for call in sandbox.calls if call.status == 503]
    assert any(len(body["messages"]) > 1 for body in refused), "a repair that was refused"
    assert [row["mood"] for row in table] == ["bad"] * 10
    answered = sum(call.status == 200 for call in sandbox.calls if call.kind == "chat")
    assert counts.sent == answered + 6


@pytest.fixture
def slow_service(sandbox):
    """A function that connects to a service that takes a moment for each answer.

    Progress is told every now and then: here it is told while most rows are still to come.
    """
    with Sandbox(account=sandbox, requests_per_second=100_000, words_per_second=400) as slow:
        yield lambda: wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)


@pytest.mark.slow
def test_a_dead_key_stops_the_whole_and_keeps_what_was_done(session, sandbox, slow_service):
    def kill(progress):
        if progress.counts.done >= 10:
            sandbox.disable_key()
            sandbox.revoke_tokens()

    slow_service()
    with pytest.raises(BatchStopped, match="KeyRefused: ") as caught:
        wx.batch(PROMPT, ROWS * 3, dedupe=False, concurrency=4, on_progress=kill)
    table = caught.value.table
    assert len(table) == 180
    assert sum(row["error"] is None for row in table) >= 10
    assert table[-1]["error"] == "not sent: the run was stopped before this row"


def test_what_a_dead_key_could_not_send_is_not_called_billed(session, sandbox):
    wx.batch(PROMPT, ROWS[:1])
    sandbox.disable_key()
    sandbox.revoke_tokens()
    with pytest.raises(BatchStopped, match="KeyRefused: ") as caught:
        wx.batch(PROMPT, ROWS[1:9])
    not_sent = "not sent: the run was stopped before this row"
    assert [row["error"] for row in caught.value.table] == [not_sent] * 8


def test_a_log_out_stops_the_whole(session, slow_service):
    from wx_notebook.session import end_sessions

    slow_service()
    with pytest.raises(BatchStopped, match="NotConnected: ") as caught:
        wx.batch(PROMPT, ROWS * 3, dedupe=False, concurrency=4,
                 on_progress=lambda now: now.counts.done > 5 and end_sessions())  # fmt: skip
    assert len(caught.value.table) == 180


def batch():
    with contextlib.closing(open_journal()) as journal:
        return journal.batches()[0]


def test_what_is_under_way_at_a_log_out_is_open_and_the_next_run_says_so(slow):
    from wx_notebook.session import end_sessions

    with pytest.raises(BatchStopped) as caught:
        wx.batch(PROMPT, ROWS, concurrency=4,
                 on_progress=lambda now: now.counts.done > 5 and end_sessions())  # fmt: skip
    told = [row for row in caught.value.table if "may have been billed" in (row["error"] or "")]
    assert told
    assert batch().open == len(told)
    wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)
    assert run()[1].unknown == len(told)


@pytest.mark.parametrize(
    ("faults", "error", "still_open"),
    [
        (["429"], "not sent: the run was stopped before this row", 0),
        (["reset"], "stopped while it was under way; it may have been billed", 1),
        (["reset", "429"], "stopped while it was under way; it may have been billed", 1),
    ],
    ids=["refused", "lost", "lost, then refused"],
)
def test_a_row_that_is_stopped_between_two_attempts_is_open_if_one_was_billed(
    faults, error, still_open, session, sandbox
):
    for fault in faults:
        sandbox.fault(fault, on="chat")

    def stop(progress):
        if progress.counts.repeated == len(faults):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        wx.batch(PROMPT, ROWS[:1], on_progress=stop)
    assert [row["error"] for row in caught.value.table] == [error]
    assert batch().open == still_open


def test_a_share_of_errors_stops_a_prompt_that_is_wrong(session, sandbox):
    rows = [None if at % 5 == 0 else f"t{at}" for at in range(200)]
    with pytest.raises(BatchStopped, match="rows failed, and max_errors= allows 10 %") as caught:
        # with eight at once, few are under way when the twentieth row is done
        wx.batch(PROMPT, rows, max_errors="10%", concurrency=8)
    assert sandbox.counts["chat"] < 60
    assert len(caught.value.table) == 200


def test_errors_among_the_first_rows_count_as_soon_as_there_are_twenty(session, sandbox):
    rows = [*[None] * 10, *[f"t{at}" for at in range(90)]]
    with pytest.raises(BatchStopped, match="10 of 20 rows failed, and max_errors= allows 10 %"):
        wx.batch(PROMPT, rows, max_errors="10%", concurrency=4)
    assert sandbox.counts["chat"] < 30


def test_a_budget_is_not_exceeded(session, sandbox):
    sandbox.say(*["four words of text"] * 60)
    with pytest.raises(BatchStopped, match="The budget of 800 tokens has no room") as caught:
        wx.batch(PROMPT, ROWS, budget=800, max_tokens=500)
    answered = [row for row in caught.value.table if row["error"] is None]
    assert len(answered) > 10
    with pytest.raises(BatchStopped, match="0 are used, and the next one may take"):
        wx.batch(PROMPT, ["x"], budget=100)


def test_an_unknown_model_stops_at_the_first_row(session, sandbox):
    with pytest.raises(BatchStopped, match="ModelError"):
        wx.batch(PROMPT, ROWS, model="ibm/none-at-all")
    assert sandbox.counts["chat"] == 1, "the first request goes alone"


def test_a_service_that_is_down_ends_the_run(session, sandbox, monkeypatch):
    monkeypatch.setattr(policy, "_FAILED", RetryPolicy(attempts=1))
    sandbox.fault("500", times=None, on="chat")
    with pytest.raises(BatchStopped, match="did not answer the last 10 rows"):
        run()


@pytest.mark.slow
def test_an_interrupt_keeps_what_is_done_and_closes_the_connections(session, sandbox):
    # with half a second for each answer: the first alone, then four at a time
    with Sandbox(account=sandbox, requests_per_second=100_000, words_per_second=100) as slow:
        wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)
        slow.say(*["word " * 40] * 60)

        def press_stop(progress):
            if progress.counts.done >= 5:
                signal.raise_signal(signal.SIGINT)

        with pytest.raises(Interrupted, match="Stopped") as caught:
            wx.batch(PROMPT, ROWS, concurrency=4, on_progress=press_stop)
        began = time.monotonic()
        table = caught.value.table
        gone = [slow.wait_for(lambda call: call.client_gone, 2)]
        assert time.monotonic() - began < 1
    assert gone
    done = [row for row in table if row["error"] is None]
    assert len(table) == 60
    assert len(done) >= 5
    states = {row["error"] for row in table} - {None}
    assert states == {
        "stopped while it was under way; it may have been billed",
        "not sent: the run was stopped before this row",
    }
    until = time.monotonic() + 5
    while any(thread.name == "wx-row" for thread in threading.enumerate()):
        assert time.monotonic() < until, "a thread of the run goes on"
        time.sleep(0.01)


def test_an_option_that_the_service_refuses_is_told_with_each_row(session, sandbox):
    with pytest.raises(BadOption):
        wx.batch(PROMPT, ROWS, temperature=7)
    assert sandbox.counts["chat"] == 0
