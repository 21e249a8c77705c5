"""Prompts over a table, beside plain requests in a thread pool and the SDK in the same run.

    python tests/benchmarks/batch.py    print the table; lanes.py has a million rows

The ideal is what the service itself allows: prompts times seconds over the number at once, or
prompts over its requests a second. The server is a process of its own, so its CPU is not ours; it
shares the two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

import wx_notebook as wx

MODEL = "ibm/granite-4-h-small"
PROMPTS, AT_ONCE, SECONDS = 1_000, 50, 0.2
LIMITED, RATE = 200, 8
#: Answers after a fixed time, whatever is asked: the sandbox's own writer would cost what it costs.
SERVER = """
import asyncio, json, sys, time
from collections import deque
import tornado.web, tornado.httpserver, tornado.netutil
seconds, rate, faults = float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
import random
chance, recent, counts = random.Random(3), deque(), {"prompts": 0, "refused": 0}
def answer(text):
    return {"id": "x", "model_id": "m", "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}}
class Handler(tornado.web.RequestHandler):
    async def post(self, *_):
        if "token" in self.request.path:
            now = int(time.time())
            self.write({"access_token": "t", "token_type": "Bearer", "expires_in": 3600,
                        "expiration": now + 3600})
            return
        counts["prompts"] += 1
        now = time.monotonic()
        while recent and recent[0] <= now - 1:
            recent.popleft()
        self.set_header("x-requests-limit-rate", str(rate))
        self.set_header("x-requests-limit-remaining", str(max(rate - len(recent) - 1, 0)))
        if len(recent) >= rate:
            counts["refused"] += 1
            self.set_status(429)
            self.write({"errors": [{"code": "rate_limit_reached_requests", "message": "slow"}]})
            return
        recent.append(now)
        if chance.random() < faults:
            self.set_status(500)
            self.write({"errors": [{"code": "downstream_request_failed", "message": "x"}]})
            return
        if seconds:
            await asyncio.sleep(seconds)
        self.write(answer("good"))
    def get(self, *_):
        self.write(counts if "counts" in self.request.path else {"resources": []})
    def log_request(self, *_): pass
class Quiet(tornado.web.Application):
    def log_request(self, handler): pass
async def main():
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1", backlog=1024)
    server = tornado.httpserver.HTTPServer(Quiet([("(.*)", Handler)]))
    server.add_sockets(sockets)
    print(json.dumps({"url": f"http://127.0.0.1:{sockets[0].getsockname()[1]}"}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
asyncio.run(main())
"""


@contextmanager
def server(seconds: float, rate: int = 1_000_000, faults: float = 0.0) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(seconds), str(rate), str(faults)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.stdin.close()
        process.wait(20)


def counts(url: str) -> dict[str, int]:
    return requests.get(f"{url}/counts", timeout=10).json()


@dataclass(frozen=True)
class Took:
    """Seconds, seconds of CPU, prompts that got no answer, and what the server counted."""

    seconds: float
    cpu_s: float
    lost: int
    prompts: int
    refused: int


def measured(url: str, work: Callable[[str, int], int], number: int) -> Took:
    before = counts(url)
    cpu, began = time.process_time(), time.perf_counter()
    lost = work(url, number)
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    after = counts(url)
    return Took(
        seconds, cpu_s, lost, after["prompts"] - before["prompts"],
        after["refused"] - before["refused"],
    )  # fmt: skip


def ours(url: str, number: int) -> int:
    """`wx.batch` with its journal on this disk."""
    wx.connect(token="t", url=url, project_id="12345678-1234-4123-8123-123456789abc")
    rows = [{"text": f"review number {n}"} for n in range(number)]
    table = wx.batch("Classify: {{ text }}", rows, concurrency=AT_ONCE, model=MODEL, fresh=True)
    return sum(row["answer"] is None for row in table)


def plain(url: str, number: int) -> int:
    """A thread pool over `requests`, a session for each thread; it repeats nothing."""
    local = threading.local()

    def send(at: int) -> bool:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
            local.session.headers["Authorization"] = "Bearer t"
        body = {
            "model_id": MODEL, "project_id": "p", "max_completion_tokens": 2048,
            "messages": [{"role": "user", "content": f"Classify: review number {at}"}],
        }  # fmt: skip
        reply = local.session.post(f"{url}/ml/v1/text/chat?version=2026-10-14", json=body)
        return reply.ok and bool(reply.json()["choices"][0]["message"]["content"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return number - sum(pool.map(send, range(number)))


def measure(rounds: int = 3) -> dict[str, float]:
    """Return the figures of `rows`."""
    ideal = PROMPTS * SECONDS / AT_ONCE
    with journal_folder():
        with server(SECONDS) as url:
            pairs = [(measured(url, ours, PROMPTS), measured(url, plain, PROMPTS))
                     for _ in range(rounds)]  # fmt: skip
        with server(SECONDS, faults=0.05) as url:
            faulty, plain_faulty = measured(url, ours, PROMPTS), measured(url, plain, PROMPTS)
        with server(SECONDS, rate=RATE) as url:
            limited, plain_limited = measured(url, ours, LIMITED), measured(url, plain, LIMITED)
    return {
        "over_ideal": median(own.seconds for own, _ in pairs) / ideal,
        "plain_over_ideal": median(other.seconds for _, other in pairs) / ideal,
        "cpu": median(own.cpu_s / other.cpu_s for own, other in pairs),
        "plain_cpu_s": median(other.cpu_s for _, other in pairs),
        "faulty_lost": faulty.lost,
        "faulty": faulty.seconds / ideal,
        "plain_faulty_lost": plain_faulty.lost,
        "limited_lost": limited.lost,
        "limited_refused": limited.refused / limited.prompts,
        "limited": limited.seconds / (LIMITED / RATE),
        "plain_limited_lost": plain_limited.lost,
    }


def rows(found: Mapping[str, float]) -> list[tuple[str, str, str]]:
    """Return what was measured, the figures, and what is to be reached."""
    beside = f"plain requests in a pool {found['plain_over_ideal']:.2f}x"
    faulty, limited = found["plain_faulty_lost"], found["plain_limited_lost"]
    refused = f"{found['limited_refused']:.1%} answered 429"
    return [
        (
            "1,000 prompts of 200 ms over a table, 50 at once, over the ideal",
            f"{found['over_ideal']:.2f}x, {beside}",
            "1.1x",
        ),
        (
            "the same, client CPU over plain requests in a pool",
            f"{found['cpu']:.2f}x of {found['plain_cpu_s']:.2f} s",
            "1.2x",
        ),
        (
            "the same with 5 % faults: lost, and over the ideal",
            f"{found['faulty_lost']:.0f} lost, {found['faulty']:.2f}x; plain {faulty:.0f} lost",
            "0 lost, 1.2x",
        ),
        (
            f"{LIMITED} prompts over a table, {RATE} a second: lost, refused, over the ideal",
            (
                f"{found['limited_lost']:.0f} lost, {refused}, {found['limited']:.2f}x; "
                f"plain {limited:.0f} lost"
            ),
            "0 lost, 3 %, 1.02x",
        ),
    ]


def median(values: Any) -> float:
    return statistics.median(list(values))


@contextmanager
def journal_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    before = os.environ.get("JUPYTER_DATA_DIR")
    os.environ["JUPYTER_DATA_DIR"] = str(folder)
    try:
        yield folder
    finally:
        os.environ.pop("JUPYTER_DATA_DIR")
        if before is not None:
            os.environ["JUPYTER_DATA_DIR"] = before
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    for row in rows(measure(chosen.rounds)):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
