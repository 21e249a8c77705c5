"""The senders of a run: which row is next, and how often they look at the settings."""

from __future__ import annotations

import threading

from wx_notebook.batch.jobs import Job, JobQueue, Outcome
from wx_notebook.batch.sender import SenderPool
from wx_notebook.service import Request
from wx_notebook.settings import read_files


def job(name):
    return Job(name.encode(), Request("POST", "/"), name, [], 0)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_row_whose_pause_is_over_goes_before_those_that_were_never_sent():
    clock = Clock()
    jobs = JobQueue(clock)
    for name, pause_s in (("late", 2.0), ("soon", 1.0), ("new", 0.0), ("newer", 0.0)):
        jobs.put(job(name), pause_s)
    assert jobs.get().prompt == "new"
    clock.now += 2.0
    assert [jobs.get().prompt for _ in range(3)] == ["soon", "late", "newer"]


def test_one_of_the_senders_looks_at_the_settings_for_all_and_once_a_second():
    clock, seen = Clock(), []
    one_here, all_here = threading.Event(), threading.Barrier(4, timeout=20)

    def send(sent, settle):
        seen.append(read_files())
        one_here.set()
        all_here.wait()
        settle(sent, Outcome("done"))

    pool = SenderPool(send, 4, clock)
    try:
        pool.put(job("first"))
        assert one_here.wait(20)
        for second in range(2):
            for number in range(3 if second == 0 else 4):
                pool.put(job(f"{number}"))
            for _ in range(4):
                pool.settled.get(timeout=20)
            clock.now += 1.0
    finally:
        pool.close(20)
    assert len({id(files) for files in seen[:4]}) == 1
    # in the next second they look again, though several may at the same moment
    assert not {id(files) for files in seen[:4]} & {id(files) for files in seen[4:]}
