"""Client CPU of one call and of a stream of 5,000 tokens, beside a lean `requests` in the same run.

    python tests/benchmarks/calls.py             print the table
    python tests/benchmarks/calls.py --rounds 5  fewer rounds than 9
    python tests/benchmarks/calls.py --profile   print where the CPU of a call and a stream goes

The baseline is a `requests.Session` that does not look at the environment (`trust_env=False`), with
`json.loads` over `iter_lines`. Both are measured over plain HTTP and over TLS, and the official SDK
where it is installed (it takes TLS only). The server is a process of its own: its CPU is not ours.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import json
import pstats
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import requests

import wx_notebook as wx

TOKENS = 5000
#: 29 KB of ordinary Markdown in 5,000 pieces
PIECES = [["watt ", "**is** ", "a unit ", "of power. ", "\n\n"][n % 5] for n in range(TOKENS)]
CHARACTERS = sum(map(len, PIECES))
CALLS = 100
MODEL = "ibm/granite-4-h-small"
SERVER = """
import json, sys
from wx_notebook.sandbox import Sandbox
settings = json.loads(sys.stdin.readline())
# so many a second that a client has no limit to wait for: the baseline would not wait
with Sandbox(tls=settings["tls"], requests_per_second=1_000_000) as sandbox:
    ca = str(sandbox.ca_file) if settings["tls"] else ""
    print(json.dumps({**sandbox.credentials(), "ca": ca, "token": sandbox.issue_token()}),
          flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            sandbox.say_pieces(settings["pieces"])
        print("ready", flush=True)
"""


class Server:
    """A sandbox in another process. `say(n)` makes its next `n` answers the long one."""

    def __init__(self, *, tls: bool) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._tell(json.dumps({"tls": tls, "pieces": PIECES}))
        found = json.loads(self._read())
        self.url, self.api_key, self.token = found["url"], found["api_key"], found["token"]
        self.project_id, self.ca_file = found["project_id"], found["ca"]

    def say(self, answers: int) -> None:
        self._tell(str(answers))
        assert self._read() == "ready\n"

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class Ours:
    """`Session.chat` and `Session.stream`."""

    def __init__(self, server: Server) -> None:
        self.session = wx.connect(
            api_key=server.api_key,
            url=server.url,
            project_id=server.project_id,
            ca_bundle=server.ca_file,
        )

    def call(self) -> None:
        assert self.session.chat("hi", max_tokens=20).text

    def stream(self) -> None:
        assert len("".join(self.session.stream("hi", max_tokens=100_000))) == CHARACTERS


class Plain:
    """The baseline."""

    def __init__(self, server: Server) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = server.ca_file or True
        self.session.headers["Authorization"] = f"Bearer {server.token}"
        self.url = server.url + "/ml/v1/text/{}?version=2026-10-14"
        self.body = {
            "model_id": MODEL,
            "messages": [{"role": "user", "content": "hi"}],
            "project_id": server.project_id,
        }

    def call(self) -> None:
        body = self.body | {"max_completion_tokens": 20}
        reply = self.session.post(self.url.format("chat"), json=body).json()
        assert reply["choices"][0]["message"]["content"]

    def stream(self) -> None:
        body = self.body | {"max_completion_tokens": 100_000}
        text = []
        with self.session.post(self.url.format("chat_stream"), json=body, stream=True) as reply:
            for line in reply.iter_lines():
                if line.startswith(b"data: "):
                    choices = json.loads(line[6:])["choices"]
                    if choices:
                        text.append(choices[0]["delta"].get("content", ""))
        assert len("".join(text)) == CHARACTERS


class Sdk:
    """IBM's own client."""

    def __init__(self, server: Server) -> None:
        from ibm_watsonx_ai import APIClient, Credentials
        from ibm_watsonx_ai.foundation_models import ModelInference

        credentials = Credentials(
            url=server.url,
            platform_url=server.url,
            auth_url=f"{server.url}/identity/token",
            api_key=server.api_key,
            verify=server.ca_file,
        )
        client = APIClient(credentials, project_id=server.project_id)
        self.model = ModelInference(model_id=MODEL, api_client=client)
        self.messages = [{"role": "user", "content": "hi"}]

    def call(self) -> None:
        reply = self.model.chat(messages=self.messages, params={"max_completion_tokens": 20})
        assert reply["choices"][0]["message"]["content"]

    def stream(self) -> None:
        params = {"max_completion_tokens": 100_000}
        events = self.model.chat_stream(messages=self.messages, params=params)
        text = [e["choices"][0]["delta"].get("content", "") for e in events if e["choices"]]
        assert len("".join(text)) == CHARACTERS


@dataclass(frozen=True)
class Ratio:
    """Milliseconds of CPU of the baseline, and what ours and the SDK take of it (medians)."""

    baseline_ms: float
    ours: float
    sdk: float | None = None

    def __str__(self) -> str:
        sdk = "" if self.sdk is None else f", the SDK {self.sdk:.2f}x"
        return f"{self.ours:.2f}x of {self.baseline_ms:.2f} ms{sdk}"


def cpu_s(work: Callable[[], object], times: int = 1) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def in_rounds(works: list[Callable[[], object]], times: int, rounds: int) -> Ratio:
    """Measure all in turns, so that a busy machine is busy for all; the first is the baseline."""
    for work in works:
        work()
    measured: list[list[float]] = []
    for number in range(rounds):
        order = range(len(works)) if number % 2 else reversed(range(len(works)))
        taken = {index: cpu_s(works[index], times) for index in order}
        measured.append([taken[index] for index in range(len(works))])
    ratios = [
        statistics.median(one[index] / one[0] for one in measured) for index in range(len(works))
    ]
    baseline_ms = statistics.median(one[0] for one in measured) * 1000
    return Ratio(baseline_ms, ratios[1], ratios[2] if len(works) > 2 else None)


@contextlib.contextmanager
def clients(*, tls: bool) -> Iterator[tuple[Server, list[Any]]]:
    """A server and those who ask it: the baseline, ours, and the SDK where it can be used."""
    server = Server(tls=tls)
    try:
        found: list[Any] = [Plain(server), Ours(server)]
        if tls:
            with contextlib.suppress(ImportError):
                found.append(Sdk(server))
        yield server, found
    finally:
        server.close()


def call_and_stream(rounds: int = 9) -> dict[str, tuple[Ratio, Ratio]]:
    """Return the ratios of one call and of one stream, over "plain" HTTP and over "TLS"."""
    measured = {}
    for name in ("plain", "TLS"):
        with clients(tls=name == "TLS") as (server, found):
            call = in_rounds([one.call for one in found], CALLS, rounds)
            server.say(len(found) * (rounds + 1))
            stream = in_rounds([one.stream for one in found], 1, rounds)
            measured[name] = call, stream
    return measured


def rows(measured: dict[str, tuple[Ratio, Ratio]]) -> list[tuple[str, str, str]]:
    """Return what was measured, the figures, and what is to be reached."""
    lean = "client CPU over a lean `requests`"
    return [
        (f"{what}, {lean}, {name}", str(ratios[index]), reach)
        for index, what, reach in ((0, "one call", "1.1x"), (1, "a stream of 5,000 tokens", "1.0x"))
        for name, ratios in measured.items()
    ]


def profile() -> None:
    """Print where the CPU of 500 calls and of 5 streams goes, over TLS."""
    with clients(tls=True) as (server, found):
        for title, work, times in (("call", "call", 500), ("stream", "stream", 5)):
            if work == "stream":
                server.say(5)
            profiler = cProfile.Profile(time.process_time)
            profiler.enable()
            for _ in range(times):
                getattr(found[1], work)()
            profiler.disable()
            print(f"--- {times} times one {title}")
            for order in ("tottime", "cumtime"):
                pstats.Stats(profiler).strip_dirs().sort_stats(order).print_stats(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    if chosen.profile:
        profile()
        return
    for what, here, reach in rows(call_and_stream(chosen.rounds)):
        print(f"| {what} | {here} | {reach} |")


if __name__ == "__main__":
    main()
