"""The ways of a table to the service: what each costs here, and what holds it back.

    python tests/benchmarks/lanes.py                        both ways, 20,000 rows each
    python tests/benchmarks/lanes.py --lane fast --number 1000000
                                                            a million rows from an iterator into
                                                            Parquet: minutes, and once

Not a test. Each way runs in a process of its own, for its peak of memory; what answers is another
process on the same two cores. The fast lane meets a server that answers at once, and the slow one a
sandbox whose jobs are completed as soon as they are made: what is left is our own part.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import batch
from sandbox import running

import wx_notebook as wx
from wx_notebook.journal import open_journal

SANDBOX = """
import json, sys
from wx_notebook.sandbox import Sandbox
with Sandbox(batch_seconds=float(sys.argv[1])) as sandbox:
    print(json.dumps({**sandbox.credentials(), "token": sandbox.issue_token(lifetime_s=86_400)}),
          flush=True)
    sys.stdin.readline()
"""
PROJECT = "12345678-1234-4123-8123-123456789abc"
HOUR_S = 3_600
#: Requests a second: a paid plan of the service, and a wish.
RATES = (8, 100)


def filled(number: int, folder: Path, **options: str) -> dict[str, float]:
    """Send so many rows from an iterator into a Parquet file, and return the figures."""
    rows = ({"n": n, "text": f"review number {n}"} for n in range(number))
    began, cpu = time.perf_counter(), time.process_time()
    wx.batch(
        "Classify this review as good or bad: {{ text }}", rows, to=folder / "out.parquet",
        model=batch.MODEL, max_tokens=8, **options,
    )  # fmt: skip
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    with closing(open_journal()) as journal:
        size = journal.size()
        answered = sum(one.done for one in journal.batches())
    return {
        "rows": number, "answered": answered, "seconds": seconds, "cpu_s": cpu_s, "journal": size,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def fast(number: int) -> dict[str, float]:
    with batch.journal_folder() as folder, batch.server(0) as url:
        wx.connect(token="t", url=url, project_id=PROJECT)
        return filled(number, folder)


def slow(number: int) -> dict[str, float]:
    with batch.journal_folder() as folder, running(SANDBOX) as sandbox:
        wx.connect(token=sandbox.token, url=sandbox.url, project_id=sandbox.project_id)
        before = sandbox.cpu_s()
        found = filled(number, folder, on="service")
        return {**found, "server_cpu_s": sandbox.cpu_s() - before}


LANES: dict[str, Callable[[int], dict[str, float]]] = {"fast": fast, "slow": slow}


def measured(lane: str, number: int) -> dict[str, float]:
    """Return the figures of one way, from a process of its own."""
    command = [sys.executable, __file__, "--child", "--lane", lane, "--number", str(number)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def report(lane: str, found: dict[str, float]) -> list[str]:
    """Return the figures of one way, and what they come to for a million rows."""
    rows = found["rows"]
    own = rows / found["seconds"]
    lines = [
        (
            f"{lane}: {rows:,.0f} rows ({found['answered']:,.0f} answered), {own:,.0f} a second, "
            f"{1000 * found['cpu_s'] / rows:.2f} s of client CPU for 1,000 rows, peak memory "
            f"{found['peak_mb']:.0f} MB, journal {found['journal'] / rows:,.0f} bytes a row"
        )
    ]
    if "server_cpu_s" in found:
        lines.append(f"    the sandbox itself: {found['server_cpu_s']:.1f} s of CPU beside it")
    million = [f"our own part {1e6 / own / HOUR_S:.1f} h"]
    if lane == "fast":
        million += [f"at {rate} a second {1e6 / rate / HOUR_S:.1f} h" for rate in RATES]
    lines.append(
        f"    a million rows: {', '.join(million)}, a journal of "
        f"{found['journal'] / rows / 1000:,.1f} GB"
    )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lane", choices=LANES)
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--child", action="store_true")
    chosen = parser.parse_args()
    if chosen.child:
        print(json.dumps(LANES[chosen.lane](chosen.number)))
        return
    for lane in [chosen.lane] if chosen.lane else LANES:
        print("\n".join(report(lane, measured(lane, chosen.number))), flush=True)


if __name__ == "__main__":
    main()
