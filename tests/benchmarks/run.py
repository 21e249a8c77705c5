"""Figures of design.md section 8, each as a ratio against a baseline of the same run.

    python tests/benchmarks/run.py            print the table
    python tests/benchmarks/run.py --readme   and write it into the README

Not a test: a slow day is no failure.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import completion
import requests
from kernels import Kernel
from page import page_behind_kernel

import wx_notebook as wx
from wx_notebook.sandbox import Sandbox

TOKENS = 5000
#: 29 KB of ordinary Markdown in 5,000 pieces
PIECES = [["watt ", "**is** ", "a unit ", "of power. ", "\n\n"][n % 5] for n in range(TOKENS)]

SERVER = """
import sys, json
from wx_notebook.sandbox import Sandbox
pieces = json.loads(sys.stdin.readline())
with Sandbox() as sandbox:
    for _ in range(40):
        sandbox.say_pieces(pieces)
    print(json.dumps(sandbox.credentials()), flush=True)
    sys.stdin.readline()
"""


@contextlib.contextmanager
def server_elsewhere(pieces: list[str]) -> Iterator[dict[str, str]]:
    """A sandbox in a process of its own: its CPU is not ours."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(pieces) + "\n")
    process.stdin.flush()
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


def cpu_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def in_turns(
    ours: Callable[[], object], baseline: Callable[[], object], times: int
) -> tuple[float, float]:
    """Medians of both, measured in turns so that a busy machine is busy for both."""
    ours(), baseline()
    pairs = [(cpu_s(ours), cpu_s(baseline)) for _ in range(times)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def load_time() -> tuple[float, float]:
    """Seconds of `%load_ext`, and of starting bare IPython with the kernel's own packages."""
    script = (
        "import time; t = time.perf_counter()\n"
        "import ipykernel.ipkernel\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance(); bare = time.perf_counter() - t\n"
        "t = time.perf_counter(); shell.run_line_magic('load_ext', 'wx_notebook')\n"
        "print(time.perf_counter() - t, bare)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        for _ in range(7)
    ]
    values = [[float(x) for x in run.stdout.split()] for run in runs]
    return statistics.median(v[0] for v in values), statistics.median(v[1] for v in values)


def call_and_stream() -> tuple[tuple[float, float], tuple[float, float]]:  # noqa: C901  # four ways to ask, side by side
    """Client CPU of one call, and of a stream of 5,000 tokens; ours and plain requests."""
    with server_elsewhere(PIECES) as found:
        session = wx.connect(
            api_key=found["api_key"], url=found["url"], project_id=found["project_id"]
        )
        plain = requests.Session()
        token = plain.post(
            found["url"] + "/identity/token",
            data={
                "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
                "apikey": found["api_key"],
            },
        ).json()["access_token"]
        body = {
            "model_id": "ibm/granite-4-h-small",
            "messages": [{"role": "user", "content": "hi"}],
            "project_id": found["project_id"],
            "max_completion_tokens": 100_000,
        }
        url = found["url"] + "/ml/v1/text/{}?version=2026-10-14"
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}

        def our_stream() -> None:
            text = "".join(session.stream("hi", max_tokens=100_000))
            assert len(text) == sum(map(len, PIECES))

        def plain_stream() -> None:
            text = []
            with plain.post(
                url.format("chat_stream"), json=body, headers=headers, stream=True
            ) as r:
                for line in r.iter_lines():
                    if line.startswith(b"data: "):
                        choices = json.loads(line[6:])["choices"]
                        if choices:
                            text.append(choices[0]["delta"].get("content", ""))
            assert len("".join(text)) == sum(map(len, PIECES))

        stream = in_turns(our_stream, plain_stream, 15)
        short = body | {"max_completion_tokens": 20}

        def our_calls() -> None:
            for _ in range(100):
                session.chat("hi", max_tokens=20)

        def plain_calls() -> None:
            for _ in range(100):
                plain.post(url.format("chat"), json=short, headers=headers).json()

        # the scripted answers have been used up by now, so the small writer answers
        with contextlib.suppress(wx.WatsonxError):
            for _ in range(40):
                session.chat("hi", max_tokens=20)
        return in_turns(our_calls, plain_calls, 7), stream


def in_a_kernel() -> dict[str, float]:
    """Bytes on iopub for a 29 KB answer at 1 ms a token, first words, interrupt."""
    found: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(words_per_second=1000) as sandbox,
        Kernel(Path(folder)) as kernel,
    ):
        kernel.run("%load_ext wx_notebook").ok()
        kernel.connect(sandbox)
        kernel.run("%%watsonx\nwarm up").ok()

        def bytes_of(code: str) -> tuple[float, float]:
            sandbox.say_pieces(PIECES)
            running, began = kernel.start(code), time.perf_counter()
            ran = kernel.finish(running, 300)
            assert ran.status == "ok", ran.error
            frames = [m for m in ran.messages if "display" in m["msg_type"]]
            size = sum(len(json.dumps(m, default=str)) for m in frames)
            return float(size), time.perf_counter() - began

        found["iopub"], found["cell_s"] = bytes_of("%%watsonx --max-tokens 100000\nhi")
        found["iopub_every"], _ = bytes_of(
            "from IPython.display import display, Markdown\n"
            "h, t = display(Markdown(''), display_id=True), ''\n"
            "for piece in wx.stream('hi', max_tokens=100_000):\n"
            "    t += piece; h.update(Markdown(t))"
        )

        def first_words(code: str) -> float:
            """Seconds from the request's arrival, answered at once, to the first words on iopub."""
            taken = []
            for _ in range(9):
                sandbox.say_pieces(["first ", *["more "] * 20])
                running = kernel.start(code)
                while "first" not in str(kernel.next_message()["content"].get("data", "")):
                    pass
                seen_at = time.time()
                taken.append(seen_at - sandbox.calls[-1].at)
                kernel.finish(running)
            return statistics.median(taken)

        found["first_words_s"] = first_words("%%watsonx\nhi")
        found["first_print_s"] = first_words(
            "from IPython.display import display\n"
            "for piece in wx.stream('hi'):\n"
            "    display({'text/plain': piece}, raw=True)"
        )

        # in a fresh kernel, as a person meets it
        for _ in range(3):
            with Kernel(Path(tempfile.mkdtemp(dir=folder))) as fresh:
                fresh.run("%load_ext wx_notebook").ok()
                fresh.connect(sandbox)
                sandbox.say_pieces(["first ", *["more "] * 400])
                running = fresh.start("%%watsonx\nhi")
                while "first" not in str(fresh.next_message()["content"].get("data", "")):
                    pass
                began = time.perf_counter()
                fresh.interrupt()
                fresh.finish(running)
                taken = time.perf_counter() - began
                found["interrupt_s"] = max(found.get("interrupt_s", 0.0), taken)
    return found


@dataclass(frozen=True)
class Measured:
    """What one run measured: seconds, bytes, and pairs of ours with the baseline."""

    load: tuple[float, float]
    call: tuple[float, float]
    stream: tuple[float, float]
    kernel: dict[str, float]
    page: tuple[float, float]
    completion: dict[str, float]


def measured() -> Measured:
    """Measure all of it; a few minutes."""
    call, stream = call_and_stream()
    return Measured(
        load_time(), call, stream, in_a_kernel(), page_behind_kernel(), completion.completion()
    )


def table(found: Measured) -> list[tuple[str, str, str]]:
    """Return what was measured, the figure beside its baseline, and what is to be reached."""
    (load_s, bare_s), kernel, (behind_s, every_s) = found.load, found.kernel, found.page
    (call, call_plain), (stream, stream_plain) = found.call, found.stream
    return [
        (
            "`%load_ext`, above bare IPython with the kernel's packages",
            f"{load_s:.3f} s, {load_s / bare_s:.2f} of the {bare_s:.2f} s that those take",
            "0.1 s",
        ),
        ("one call, client CPU over plain `requests`", f"{call / call_plain:.2f}x", "1.1x"),
        (
            "a stream of 5,000 tokens, client CPU over plain `requests`",
            f"{stream / stream_plain:.2f}x",
            "1.0x",
        ),
        (
            "that stream in a cell, 29 KB at 1 ms a token: bytes on iopub",
            (
                f"{kernel['iopub'] / 1e6:.2f} MB, 1/{kernel['iopub_every'] / kernel['iopub']:.0f} "
                "of updating at every token"
            ),
            "0.7 MB",
        ),
        (
            "first words of that stream behind its first token",
            (
                f"{kernel['first_words_s'] * 1000:.0f} ms, a plain `display` of the piece "
                f"{kernel['first_print_s'] * 1000:.0f} ms"
            ),
            "50 ms",
        ),
        (
            "16,000 characters at 280 pieces a second: page behind the kernel",
            f"{behind_s:.1f} s; Markdown at every piece {every_s:.1f} s, of 6,000 characters",
            "1 s",
        ),
        (
            "interrupt in a fresh kernel's first cell, until it is idle",
            f"{kernel['interrupt_s']:.2f} s",
            "0.2 s",
        ),
        *completion.rows(found.completion),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readme", action="store_true")
    chosen = parser.parse_args()
    rows = table(measured())
    lines = ["| what | here | to reach |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    print("\n".join(lines))
    if chosen.readme:
        readme = Path(__file__).parents[2] / "README.md"
        text = readme.read_text(encoding="utf-8")
        before, rest = text.split("<!-- benchmarks -->\n")
        after = rest.split("<!-- /benchmarks -->")[1]
        written = "\n".join(lines)
        readme.write_text(
            f"{before}<!-- benchmarks -->\n{written}\n<!-- /benchmarks -->{after}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
