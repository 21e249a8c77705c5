"""How long the guard holds a save up: a notebook of 20 MB, 18 of them pictures, and bad cases.

    python tests/benchmarks/guard.py

Not a test: a slow day is no failure. It fails where a figure is off by a factor.
"""

from __future__ import annotations

import base64
import logging
import os
import random
import secrets
import tempfile
import time
from collections.abc import Callable

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.kernel_fingerprints import KernelFingerprints
from wx_notebook.server.notebook_guard import NotebookGuard

#: Seconds; what is promised is one, on a machine that has nothing else to do.
GENEROUS_S = 5.0
WORDS = "df.groupby('country_name')['value'].mean() # the quick brown fox, 0.123456789 and so on"


def code(source: str, *outputs: dict[str, object]) -> dict[str, object]:
    return {"cell_type": "code", "id": secrets.token_hex(4), "execution_count": 1, "metadata": {},
            "source": source, "outputs": list(outputs)}  # fmt: skip


def picture(size: int) -> dict[str, object]:
    data = {"image/png": base64.b64encode(os.urandom(size * 3 // 4)).decode()}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def printed(text: str) -> dict[str, object]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def prose(size: int) -> str:
    words = WORDS.split()
    return " ".join(random.choice(words) for _ in range(size // 4))[:size]


def lines_of(size: int, make: Callable[[], str]) -> str:
    text = ""
    while len(text) < size:
        text += "\n".join(make() for _ in range(1000)) + "\n"
    return text[:size]


def cases(key: str) -> dict[str, list[dict[str, object]]]:
    base64_lines = lines_of(1_000_000, lambda: base64.b64encode(os.urandom(57)).decode())
    return {
        "20 MB, 18 of them pictures": [
            *(code(f"plot({n})", picture(1_000_000)) for n in range(18)),
            *(code(prose(2_000), printed(prose(18_000))) for _ in range(100)),
            code(f"k = '{key}'"),
        ],
        "1 MB of words": [code("x", printed(prose(1_000_000)))],
        "1 MB of base64 in lines": [code("x", printed(base64_lines))],
        "1 MB of hashes": [code("x", printed(lines_of(1_000_000, lambda: secrets.token_hex(32))))],
        "1 MB of URLs with 100 random characters, the worst case": [
            code("x", printed(lines_of(1_000_000, lambda: f"x.com/?q={secrets.token_urlsafe(75)}")))
        ],
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_RUNTIME_DIR"] = folder
        key = secrets.token_urlsafe(33)
        kernels = [KernelFingerprints() for _ in range(3)]
        guard = NotebookGuard(mode=lambda: "redact", has_collaboration=lambda: False,
                      save_report=lambda _: None, log=logging.getLogger("nowhere"))  # fmt: skip
        logging.disable(logging.CRITICAL)
        print("| a save of | one kernel | three kernels |\n| --- | --- | --- |")
        for name, cells in cases(key).items():
            row = []
            for number in (1, 3):
                for kernel in kernels[:number]:
                    kernel.add(Secret(key), "api_key")
                model = {"type": "notebook", "content": {"cells": cells, "metadata": {}}}
                began = time.perf_counter()
                guard.before_save(model, f"{name}-{number}.ipynb")
                taken = time.perf_counter() - began
                assert taken < GENEROUS_S, f"{name}: {taken:.2f} s"
                assert key not in str(model["content"]["cells"][-1])  # type: ignore[index]
                row.append(f"{taken:.2f} s")
                for kernel in kernels[:number]:
                    kernel.remove()
            print(f"| {name} | {' | '.join(row)} |")


if __name__ == "__main__":
    main()
