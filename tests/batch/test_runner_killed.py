"""The process is killed in the middle of a table: what was finished is never paid for again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys

import pytest

from wx_notebook.journal import open_journal
from wx_notebook.sandbox import Sandbox

#: 500 rows of 25 ms, 25 at once: half a second when nothing disturbs.
ROWS, AT_ONCE, KILLS = 500, 25, 10
RUN = f"""
import json, os, sys
import wx_notebook as wx
wx.connect(api_key=sys.argv[1], url=sys.argv[2], project_id=sys.argv[3])
rows = [{{"n": n, "text": f"row {{n}}"}} for n in range({ROWS})]
kill_at = int(sys.argv[4])
done = 0
def watch(progress):
    if kill_at and progress.counts.done >= kill_at:
        os.kill(os.getpid(), 9)
from wx_notebook.batch import runner
runner._SHOW_S = 0  # looks at every turn, so that it dies where it is told to
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
            kill_at = 0 if number == KILLS else reused + chance.randrange(5, 40)
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


@pytest.mark.slow
def test_in_a_storm_of_faults_no_row_is_lost_and_the_figures_are_those_of_the_service(session):
    import wx_notebook as wx

    seen = []
    with Sandbox(requests_per_second=100_000) as sandbox:
        wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id)
        for fault in ("429", "500", "503", "502-html", "reset", "reset-after"):
            sandbox.fault(f"{fault}=0.017", times=None, on="chat")
        rows = [f"row {n}" for n in range(1_000)]
        table = wx.batch("Say: {{ value }}", rows, on_progress=seen.append)
        calls = [call for call in sandbox.calls if call.kind == "chat"]
    counts = seen[-1].counts
    assert [row["error"] for row in table] == [None] * 1_000
    assert [row["value"] for row in table] == rows
    assert counts.done == 1_000
    assert counts.sent == len(calls) == 1_000 + counts.repeated
    assert counts.resent == sum(call.status in (None, 200) for call in calls) - 1_000
