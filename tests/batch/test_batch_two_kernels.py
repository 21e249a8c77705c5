"""Two kernels run the same table at once: a row that one of them sends, the other waits for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time

import psutil
import pytest

import wx_notebook as wx
from wx_notebook.journal import BatchOwners, open_journal, owners, statements
from wx_notebook.journal.records import StartedRecord
from wx_notebook.sandbox import Sandbox

ROWS = [f"t{number}" for number in range(60)]
PROMPT = "Say this: {{ value }}"
RUN = f"""
import os, sys
import wx_notebook as wx
wx.connect(api_key=sys.argv[1], url=sys.argv[2], project_id=sys.argv[3])
wx.batch({PROMPT!r}, {ROWS!r}, concurrency=5)
"""


@pytest.mark.slow  # another process
@pytest.mark.parametrize("ends", ["by itself", "killed"])
def test_each_row_is_paid_for_once_and_a_dead_kernel_holds_up_nobody(ends, slow, data_folder):
    arguments = [slow.api_key, slow.url, slow.project_id]
    environment = os.environ | {"JUPYTER_DATA_DIR": str(data_folder)}
    with subprocess.Popen([sys.executable, "-c", RUN, *arguments], env=environment) as other:
        slow.wait_for(lambda _: slow.counts["chat"] > 10, 60)
        seen = []

        def watch(progress):
            seen.append(progress)
            if ends == "killed" and progress.counts.done > 20:
                other.kill()

        table = wx.batch(PROMPT, ROWS, concurrency=5, on_progress=watch)
        other.wait()
    assert [row["error"] for row in table] == [None] * 60
    counts = seen[-1].counts
    assert counts.reused + counts.sent == 60
    assert counts.reused > 10
    # what was under way in the process that was killed
    assert slow.counts["chat"] <= 60 + (5 if ends == "killed" else 0)


def test_two_runs_of_one_kernel_share_their_answers_too(slow):
    async def both():
        return await asyncio.gather(
            *(wx.abatch(PROMPT, ROWS[:20], concurrency=2) for _ in range(2))
        )

    one, other = asyncio.run(both())
    assert one == other
    assert slow.counts["chat"] == 20


def test_who_waits_for_another_kernel_says_so_and_fresh_waits_for_nobody(sandbox):
    # half a second for each answer
    with Sandbox(account=sandbox, requests_per_second=100_000, words_per_second=50) as slower:
        wx.connect(api_key=slower.api_key, url=slower.url, project_id=slower.project_id)
        slower.say(*["word " * 25] * 12)
        seen = []

        async def both(**options):
            sent = slower.counts["chat"]
            first = asyncio.ensure_future(wx.abatch(PROMPT, ROWS[:3], **options))
            # its first row is under way, and the others wait for that
            while slower.counts["chat"] == sent:
                await asyncio.sleep(0.01)
            return await asyncio.gather(
                first, wx.abatch(PROMPT, ROWS[:3], on_progress=seen.append, **options)
            )

        asyncio.run(both())
        assert any("another kernel sends the next rows (batch " in one.waiting for one in seen)
        assert slower.counts["chat"] == 3
        asyncio.run(both(fresh=True))
        assert slower.counts["chat"] == 9


def test_only_a_process_that_lives_and_only_for_a_while_is_waited_for(data_folder, monkeypatch):
    monkeypatch.setattr(owners, "_LOOK_S", -1)
    now, parent = time.time(), psutil.Process().parent()
    with contextlib.closing(open_journal()) as journal:
        mine, other = BatchOwners(journal, "mine"), BatchOwners(journal, "other")
        with mine.owning():
            ((*_, host, pid, since),) = journal.select(statements.GET_RUNS, ("",))
            assert (pid, since) == (os.getpid(), psutil.Process().create_time())
            assert other.sends(StartedRecord("mine", now))
            assert not mine.sends(StartedRecord("mine", now)), "its own row"
            assert not other.sends(StartedRecord("mine", now - 400)), "it was lost"
        assert not other.sends(StartedRecord("mine", now)), "its run is over"
        for where, pid, since, lives in (
            (host, parent.pid, parent.create_time(), True),
            (host, parent.pid, parent.create_time() - 100, False),
            (host, 2**22 + 1, now, False),
            ("elsewhere", parent.pid, parent.create_time(), False),
        ):
            journal.write((statements.PUT_RUN, ("theirs", where, pid, since)))
            journal.start_all([(b"k", 0)], "theirs")
            assert mine.sends(StartedRecord("theirs", now)) is lives
            # whoever is dead gives up its row
            journal.start(b"k", "mine", 0)
            assert journal.find(b"k").batch_id == ("theirs" if lives else "mine")
            assert (mine.elsewhere(b"k") is not None) is lives
            journal.forget_start(b"k")
