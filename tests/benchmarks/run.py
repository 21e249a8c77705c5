"""Figures of design.md section 8, each as a ratio against a baseline of the same run.

    python tests/benchmarks/run.py            print the table; calls.py prints its first rows
    python tests/benchmarks/run.py --write    and write it into CONTRIBUTING.md

Not a test: a slow day is no failure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import batch
import calls
import completion
from calls import PIECES, Ratio
from page import page_behind_kernel
from support.kernels import Kernel

from wx_notebook.sandbox import Sandbox


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
    """What one run measured: seconds and bytes, ours beside the baseline; ratios of CPU."""

    load: tuple[float, float]
    calls: dict[str, tuple[Ratio, Ratio]]
    kernel: dict[str, float]
    page: tuple[float, float]
    completion: dict[str, float]
    batch: dict[str, float]


def measured() -> Measured:
    """Measure all of it; a few minutes."""
    return Measured(
        load_time(),
        calls.call_and_stream(),
        in_a_kernel(),
        page_behind_kernel(),
        completion.completion(),
        batch.measure(),
    )


def table(found: Measured) -> list[tuple[str, str, str]]:
    """Return what was measured, the figure beside its baseline, and what is to be reached."""
    (load_s, bare_s), kernel, (behind_s, every_s) = found.load, found.kernel, found.page
    return [
        (
            "`%load_ext`, above bare IPython with the kernel's packages",
            f"{load_s:.3f} s, {load_s / bare_s:.2f} of the {bare_s:.2f} s that those take",
            "0.1 s",
        ),
        *calls.rows(found.calls),
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
        *batch.rows(found.batch),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    rows = table(measured())
    lines = ["| what | here | to reach |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    print("\n".join(lines))
    if chosen.write:
        document = Path(__file__).parents[2] / ".github" / "CONTRIBUTING.md"
        text = document.read_text(encoding="utf-8")
        before, rest = text.split("<!-- benchmarks -->\n")
        after = rest.split("<!-- /benchmarks -->")[1]
        written = "\n".join(lines)
        document.write_text(
            f"{before}<!-- benchmarks -->\n{written}\n<!-- /benchmarks -->{after}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
