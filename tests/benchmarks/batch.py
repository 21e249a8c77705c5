"""Prompts over a table, beside plain requests in a thread pool and the SDK in the same run.

    python tests/benchmarks/batch.py    print the table; lanes.py has a million rows

The ideal is what the service itself allows: prompts times seconds over the number at once, or
prompts over its requests a second. The server is a process of its own, so its CPU is not ours; it
shares the two cores. The SDK takes TLS only: its CPU is compared with plain requests over TLS. It
is used as its users write it, `ModelInference.chat` in a thread pool of the same width, with the
repetitions that it makes by itself; an error of a row loses that row alone. For the refused row it
is `generate` with a list, its own way to send many prompts.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
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
from functools import partial
from pathlib import Path
from typing import Any

import requests

import wx_notebook as wx

MODEL = "ibm/granite-4-h-small"
PROMPTS, AT_ONCE, SECONDS = 1_000, 50, 0.2
LIMITED, RATE = 200, 8
REFUSED = 200
#: Answers after a fixed time, whatever is asked: the sandbox's own writer would cost what it costs.
SERVER = """
import asyncio, json, sys, time
from collections import deque
import tornado.web, tornado.httpserver, tornado.netutil
from wx_notebook.sandbox.http.tls import Certificate
seconds, rate, faults = float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
certificate = Certificate() if sys.argv[4] == "tls" else None
import random
chance, recent = random.Random(3), deque()
counts = {"prompts": 0, "refused": 0, "answered": 0}
def answer(text):
    return {"id": "x", "model_id": "m", "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": text}}],
            "results": [{"generated_text": text, "stop_reason": "eos_token",
                         "input_token_count": 9, "generated_token_count": 3}],
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
        if b"refuse me" in self.request.body:
            self.set_status(400)
            self.write({"errors": [{"code": "invalid_request_entity", "message": "too long"}]})
            return
        counts["answered"] += 1
        self.write(answer("good"))
    def get(self, *_):
        storage = {"storage": {"type": "assetfiles"}}  # of a project, which the SDK asks for
        self.write(counts if "counts" in self.request.path
                   else {"resources": [], "entity": storage, "metadata": {}})
    def log_request(self, *_): pass
class Quiet(tornado.web.Application):
    def log_request(self, handler): pass
async def main():
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1", backlog=1024)
    tls = certificate and certificate.context
    server = tornado.httpserver.HTTPServer(Quiet([("(.*)", Handler)]), ssl_options=tls)
    server.add_sockets(sockets)
    place = f"{'https' if tls else 'http'}://127.0.0.1:{sockets[0].getsockname()[1]}"
    print(json.dumps({"url": place, "ca": tls and str(certificate.ca_file)}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    if tls: certificate.close()
asyncio.run(main())
"""


class Url(str):
    """The address of a server, and the file with its authority, None without TLS."""

    __slots__ = ("ca",)
    ca: str | None


@contextmanager
def server(
    seconds: float, rate: int = 1_000_000, faults: float = 0.0, *, tls: bool = False
) -> Iterator[Url]:
    way = "tls" if tls else "plain"
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(seconds), str(rate), str(faults), way],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        found = json.loads(process.stdout.readline())
        url = Url(found["url"])
        url.ca = found["ca"]
        yield url
    finally:
        process.stdin.close()
        process.wait(20)


def counts(url: Url) -> dict[str, int]:
    return requests.get(f"{url}/counts", timeout=10, verify=url.ca or True).json()


@dataclass(frozen=True)
class Took:
    """Seconds, seconds of CPU, prompts that got no answer, and what the server counted."""

    seconds: float
    cpu_s: float
    lost: int
    prompts: int
    refused: int
    answered: int


def measured(url: Url, work: Callable[[Url, int], int], number: int) -> Took:
    before = counts(url)
    cpu, began = time.process_time(), time.perf_counter()
    lost = work(url, number)
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    after = counts(url)
    served = (after[name] - before[name] for name in ("prompts", "refused", "answered"))
    return Took(seconds, cpu_s, lost, *served)


def ours(url: Url, number: int, *, refused: bool = False) -> int:
    """`wx.batch` with its journal on this disk."""
    wx.connect(token="t", url=url, project_id="12345678-1234-4123-8123-123456789abc")
    table = wx.batch(
        "Classify: {{ text }}", [{"text": text} for text in texts(number, refused=refused)],
        concurrency=AT_ONCE, model=MODEL, fresh=True,
    )  # fmt: skip
    return sum(row["answer"] is None for row in table)


def plain(url: Url, number: int) -> int:
    """A thread pool over `requests`, a session for each thread; it repeats nothing."""
    local = threading.local()

    def send(text: str) -> bool:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
            local.session.verify = url.ca or True
            local.session.headers["Authorization"] = "Bearer t"
        body = {
            "model_id": MODEL, "project_id": "p", "max_completion_tokens": 2048,
            "messages": [{"role": "user", "content": f"Classify: {text}"}],
        }  # fmt: skip
        reply = local.session.post(f"{url}/ml/v1/text/chat?version=2026-10-14", json=body)
        return reply.ok and bool(reply.json()["choices"][0]["message"]["content"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return number - sum(pool.map(send, texts(number)))


def sdk(url: Url, number: int) -> int:
    """The SDK in a thread pool."""
    model = sdk_model(url)

    def send(text: str) -> bool:
        messages = [{"role": "user", "content": f"Classify: {text}"}]
        with contextlib.suppress(Exception):
            reply = model.chat(messages=messages, params={"max_completion_tokens": 2048})
            return bool(reply["choices"][0]["message"]["content"])
        return False

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return number - sum(pool.map(send, texts(number)))


def sdk_list(url: Url, number: int) -> int:
    """The SDK with a list, one of whose prompts is refused."""
    prompts = [f"Classify: {text}" for text in texts(number, refused=True)]
    with contextlib.suppress(Exception):
        return number - len(sdk_model(url).generate(prompt=prompts))
    return number


def sdk_model(url: Url) -> Any:
    from ibm_watsonx_ai import APIClient, Credentials
    from ibm_watsonx_ai.foundation_models import ModelInference

    credentials = Credentials(
        url=str(url), platform_url=str(url), auth_url=f"{url}/identity/token",
        token="t", verify=url.ca,
    )  # fmt: skip
    client = APIClient(credentials, project_id="12345678-1234-4123-8123-123456789abc")
    return ModelInference(model_id=MODEL, api_client=client, validate=False)


def texts(number: int, *, refused: bool = False) -> list[str]:
    found = [f"review number {at}" for at in range(number)]
    if refused:
        found[number // 2] = "refuse me"
    return found


def has_sdk() -> bool:
    return importlib.util.find_spec("ibm_watsonx_ai") is not None


def measure(rounds: int = 3) -> dict[str, float]:
    """Return the figures of `rows`."""
    ideal = PROMPTS * SECONDS / AT_ONCE
    with journal_folder():
        with server(SECONDS) as url:
            pairs = [(measured(url, ours, PROMPTS), measured(url, plain, PROMPTS))
                     for _ in range(rounds)]  # fmt: skip
            refused = measured(url, partial(ours, refused=True), REFUSED)
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
        "refused_lost": refused.lost,
        "limited_lost": limited.lost,
        "limited_refused": limited.refused / limited.prompts,
        "limited": limited.seconds / (LIMITED / RATE),
        "plain_limited_lost": plain_limited.lost,
        **(measure_sdk(rounds, ideal) if has_sdk() else {}),
    }


def measure_sdk(rounds: int, ideal: float) -> dict[str, float]:
    """Return the SDK's figures, each with the prefix "sdk_"."""
    with server(SECONDS, tls=True) as url:
        pairs = [(measured(url, sdk, PROMPTS), measured(url, plain, PROMPTS))
                 for _ in range(rounds)]  # fmt: skip
        refused = measured(url, sdk_list, REFUSED)
    with server(SECONDS, faults=0.05, tls=True) as url:
        faulty = measured(url, sdk, PROMPTS)
    with server(SECONDS, rate=RATE, tls=True) as url:
        limited = measured(url, sdk, LIMITED)
    return {
        "sdk_over_ideal": median(own.seconds for own, _ in pairs) / ideal,
        "sdk_cpu": median(own.cpu_s / other.cpu_s for own, other in pairs),
        "sdk_refused_lost": refused.lost,
        "sdk_refused_paid": refused.answered,
        "sdk_faulty_lost": faulty.lost,
        "sdk_faulty": faulty.seconds / ideal,
        "sdk_limited_lost": limited.lost,
        "sdk_limited_refused": limited.refused / limited.prompts,
        "sdk_limited": limited.seconds / (LIMITED / RATE),
    }


def rows(found: Mapping[str, float]) -> list[tuple[str, str, str]]:
    """Return what was measured, the figures, and what is to be reached."""
    faulty, limited = found["plain_faulty_lost"], found["plain_limited_lost"]

    def sdk_says(text: str) -> str:
        return f"; the SDK {text.format_map(found)}" if "sdk_cpu" in found else ""

    return [
        (
            "1,000 prompts of 200 ms over a table, 50 at once, over the ideal",
            (f"{found['over_ideal']:.2f}x; plain requests in a pool "
            f"{found['plain_over_ideal']:.2f}x{sdk_says('{sdk_over_ideal:.2f}x')}"),
            "1.1x",
        ),
        (
            "the same, client CPU over plain requests in a pool",
            (f"{found['cpu']:.2f}x of {found['plain_cpu_s']:.2f} s"
            f"{sdk_says('{sdk_cpu:.2f}x of plain requests over TLS')}"),
            "1.2x",
        ),
        (
            "the same with 5 % faults: lost, and over the ideal",
            (f"{found['faulty_lost']:.0f} lost, {found['faulty']:.2f}x; plain {faulty:.0f} lost"
            f"{sdk_says('{sdk_faulty_lost:.0f} lost, {sdk_faulty:.2f}x')}"),
            "0 lost, 1.2x",
        ),
        (
            f"{REFUSED} prompts, of which one is refused: lost",
            (f"{found['refused_lost']:.0f} lost"
            f"{sdk_says('{sdk_refused_lost:.0f} lost, {sdk_refused_paid:.0f} of them paid')}"),
            "1 lost",
        ),
        (
            f"{LIMITED} prompts over a table, {RATE} a second: lost, refused, over the ideal",
            f"{found['limited_lost']:.0f} lost, {found['limited_refused']:.1%} answered 429, "
            f"{found['limited']:.2f}x; plain {limited:.0f} lost"
            + sdk_says("{sdk_limited_lost:.0f} lost, {sdk_limited_refused:.1%} answered 429, "
                       "{sdk_limited:.2f}x"),
            "0 lost, 3 %, 1.02x",
        ),
    ]  # fmt: skip


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
        # the counts of tokens are written half a second after the last answer
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    for row in rows(measure(chosen.rounds)):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
