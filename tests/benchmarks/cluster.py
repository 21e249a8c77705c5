"""A prompt over a table on a cluster, beside the same from the kernel's own threads.

    python tests/benchmarks/cluster.py       print two rows: minutes, so it is no part of run.py

Two workers, the scheduler, the kernel and the server share the two cores. What this shows is the
overhead of the way over the scheduler, and not what more machines would bring.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import distributed
from batch import AT_ONCE, MODEL, Took, journal_folder, measured, median, server

import wx_notebook as wx

PROMPTS, SECONDS, ROUNDS = 1_000, 0.2, 3
PROJECT = "12345678-1234-4123-8123-123456789abc"


def send(on: Any) -> Callable[[str, int], int]:
    def work(url: str, number: int) -> int:
        wx.connect(token="t", url=url, project_id=PROJECT)
        rows = [{"text": f"review number {n}"} for n in range(number)]
        where = {} if on is None else {"on": on}
        table = wx.batch("Classify: {{ text }}", rows, concurrency=AT_ONCE, model=MODEL, fresh=True,
                         **where)  # fmt: skip
        return sum(row["answer"] is None for row in table)

    return work


def rate(runs: list[Took]) -> float:
    assert not any(run.lost for run in runs)
    return PROMPTS / median(run.seconds for run in runs)


def main() -> None:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        journal_folder(),
    ):
        client.wait_for_workers(2)
        for seconds in (SECONDS, 0.0):
            with server(seconds) as url:
                send(client)(url, 100)  # the workers import the package
                time.sleep(1)
                pairs = [(measured(url, send(client), PROMPTS), measured(url, send(None), PROMPTS))
                         for _ in range(ROUNDS)]  # fmt: skip
            there, here = ([pair[at] for pair in pairs] for at in (0, 1))
            cpu_s = median(run.cpu_s for run in there)
            cpu = f"{cpu_s:.2f} s, {cpu_s / median(run.cpu_s for run in here):.2f}x"
            what = f"{PROMPTS:,} prompts of {seconds * 1000:.0f} ms, {AT_ONCE} at once, two workers"
            rates = f"{rate(there):,.0f} rows a second, from the kernel {rate(here):,.0f}"
            print(f"| {what} | {rates}; CPU of the kernel and the scheduler {cpu} |")


if __name__ == "__main__":
    main()
