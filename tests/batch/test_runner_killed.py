"""The process is killed in the middle of a table: what was finished is never paid for again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from collections import Counter

import pytest

import wx_notebook as wx
from wx_notebook.batch.summary import last_line
from wx_notebook.errors import BatchStopped
from wx_notebook.journal import open_journal
from wx_notebook.sandbox import Sandbox

#: 500 rows of 25 ms, 25 at once: half a second when nothing disturbs.
ROWS, AT_ONCE, KILLS = 500, 25, 10
RUN = f"""
import json, os, random, sys, threading
import wx_notebook as wx
wx.connect(api_key=sys.argv[1], url=sys.argv[2], project_id=sys.argv[3])
rows = [{{"n": n, "text": f"row {{n}}"}} for n in range({ROWS})]
kill_at = int(sys.argv[4])
killers = []
def watch(progress):
    if kill_at and progress.counts.done >= kill_at and not killers:
        # at any moment of the next 20 ms: while a row is sent, committed, or put into the table
        killers.append(1)
        threading.Timer(random.random() * 0.02, os.kill, (os.getpid(), 9)).start()
from wx_notebook.batch import runner
runner._SHOW_S = 0  # looks at every turn, so that it dies when it is told to
seen = []
table = wx.batch("Say: {{{{ text }}}}", rows, concurrency={AT_ONCE},
                 on_progress=lambda p: (seen.append(p), watch(p)))
counts = seen[-1].counts
print(json.dumps([table, counts.unknown, counts.reused, counts.sent]))
"""


@pytest.mark.slow  # eleven processes
def test_after_ten_kills_no_finished_row_was_sent_twice_and_none_is_missing(data_folder):
    chance = random.Random(13)
    finished: list[tuple[int, set[str]]] = []
    environment = os.environ | {"JUPYTER_DATA_DIR": str(data_folder)}
    unknown = 0
    with Sandbox(requests_per_second=100_000, words_per_second=200) as sandbox:
        sandbox.say(*["a b c d e"] * (2 * ROWS))
        arguments = [sandbox.api_key, sandbox.url, sandbox.project_id]
        reused, killed = 0, 0
        for number in range(KILLS + 1):
            # a little further each time, and never at the same place
            kill_at = 0 if number == KILLS else reused + chance.randrange(5, 25)
            ran = subprocess.run(
                [sys.executable, "-c", RUN, *arguments, str(kill_at)],
                env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            killed += ran.returncode == -9
            with contextlib.closing(open_journal()) as journal:
                done = {a.prompt for one in journal.batches() for a in journal.answers(one.id)}
            finished.append((sandbox.counts["chat"], done))
            reused = kill_at or reused
        assert ran.returncode == 0, ran.stderr
        table, unknown, reused, sent = json.loads(ran.stdout)
        calls = [call for call in sandbox.calls if call.kind == "chat"]
    assert killed == KILLS
    assert [row["n"] for row in table] == list(range(ROWS))
    assert [row["error"] for row in table] == [None] * ROWS
    assert {row["answer"] for row in table} == {"a b c d e"}
    assert reused + sent == ROWS
    prompts = [call.body_json["messages"][-1]["content"] for call in calls]
    for sent_before, done in finished:
        assert done.isdisjoint(prompts[sent_before:]), "a finished row was sent again"
    assert all(len(done) > at * 5 for at, (_, done) in enumerate(finished))
    # whatever was sent twice was under way when a process died, and never more than fits at once
    assert len(set(prompts)) == ROWS
    assert len(calls) - ROWS <= KILLS * AT_ONCE
    assert unknown <= AT_ONCE


#: All that the sandbox can do to a row that is not streamed, and to the tokens for it, that ends
#: with an answer in the same run. Tokens are revoked in earnest, so that the figures add up; the
#: next test has the faults that refuse a token, that stop a run, and that change its prompts. What
#: hits streams can't hit a row: rows are not streamed. Files and batch jobs of the service have a
#: storm of their own, in `test_service_run.py`.
ON_ROWS = ("429", "500", "503", "502-html", "reset", "reset-after")
ON_TOKENS = ("iam-500", "iam-html", "slow-iam,seconds=0.5")


@pytest.mark.slow  # SOAK_ROWS=5000 makes it longer still
def test_in_a_storm_of_faults_no_row_is_lost_and_the_figures_are_those_of_the_service(session):
    number, seen, revoked = int(os.environ.get("SOAK_ROWS", "1000")), [], []

    def watch(progress):
        seen.append(progress)
        if len(revoked) < 3 and progress.counts.done > (len(revoked) + 1) * number / 4:
            sandbox.fault(ON_TOKENS[len(revoked)], times=1, on="token")
            sandbox.revoke_tokens()
            revoked.append(progress.counts.done)

    with Sandbox(requests_per_second=100_000) as sandbox:
        sandbox.say(*["one two three"] * 2 * number)
        service = wx.connect(**sandbox.credentials())
        usage = service.chat("Say: row 00000").usage
        tokens = usage.input_tokens + usage.output_tokens
        for fault in ON_ROWS:
            sandbox.fault(f"{fault}={0.1 / len(ON_ROWS)}", times=None, on="chat")
        rows = [f"row {n:05}" for n in range(number)]
        table = wx.batch("Say: {{ value }}", rows, on_progress=watch)
        statuses = Counter(call.status for call in sandbox.calls if call.kind == "chat")
        renewed = Counter(call.status for call in sandbox.calls if call.kind == "token")
    counts, line = seen[-1].counts, last_line(seen[-1].counts, seen[-1].seconds)
    assert [row["error"] for row in table] == [None] * number
    assert [row["value"] for row in table] == rows
    assert {row["answer"] for row in table} == {"one two three"}
    assert {200, 401, 429, 500, 502, 503, None} == set(statuses), "a kind of fault that hit no row"
    assert {200, 500, 502} == set(renewed)
    # each figure that is shown, beside what the service counted without the call that came first
    answered, lost = statuses[200] - 1, statuses[None]
    assert counts.done == number
    assert (counts.failed, counts.reused, counts.equal, counts.unknown) == (0, 0, 0, 0)
    assert counts.tokens == number * tokens
    assert counts.sent == statuses.total() - 1
    # a token that is refused is renewed, and the row sent with the new one at once
    assert counts.repeated == counts.sent - number - statuses[401]
    assert counts.resent == answered + lost - number
    assert line.startswith(f"{number:,} rows answered · {number * tokens:,} tokens · ")
    assert line.endswith(
        f" · {counts.repeated:,} sent twice, {counts.resent:,} of them may be billed twice"
    )


@pytest.mark.slow
def test_what_stops_a_run_or_changes_its_prompts_loses_no_row_either(session):
    number = int(os.environ.get("SOAK_ROWS", "1000")) // 2
    rows, runs, stops = [f"row {n:05}" for n in range(number)], [], []

    def watch(progress):
        seen.append(progress)
        if progress.counts.finished > number / 2 and len(faults) == 3:
            # from now on the model takes no schema: its field is left out, the prompt has it
            faults.append(sandbox.fault("no-schema", times=None, on="chat"))

    with Sandbox(requests_per_second=100_000) as sandbox:
        wx.connect(**sandbox.credentials())
        sandbox.say(*['{"mood": "good"}'] * 2 * number)
        faults = ["revoked=0.02", "expired=0.02", "redirect=0.01"]
        for fault in faults:
            sandbox.fault(fault, times=None, on="chat")
        table = None
        while table is None:
            seen = []
            try:
                table = wx.batch(
                    "Say: {{ value }}", rows, schema="mood: good|bad", on_progress=watch
                )
            except BatchStopped as stopped:
                stops.append(stopped)
            runs.append(seen[-1].counts)
        statuses = Counter(call.status for call in sandbox.calls if call.kind == "chat")
    assert len(faults) == 4
    assert {200, 307, 400, 401} <= set(statuses)
    assert [row["error"] for row in table] == [None] * number
    assert [row["value"] for row in table] == rows
    assert {row["mood"] for row in table} == {"good"}
    assert len(stops) > 1
    for stopped in stops:
        assert "HostRefused" in stopped.message
        assert len(stopped.table) == number
    # a run that stops leaves open what is under way, and the next one says so
    unknown = sum(counts.unknown for counts in runs)
    assert number <= statuses[200] <= number + unknown
    # and what was kept is not paid again, whatever became of the prompt meanwhile
    assert sum(counts.done - counts.reused for counts in runs) <= number
    assert runs[-1].done == number
