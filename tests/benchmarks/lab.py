"""What the front-end extension costs; by hand: ``python tests/benchmarks/lab.py [notebook]``.

Prints its bytes and requests, the time to the first editor with and without it, the time that
recognising 200 prompt cells takes, the time from a click on Stop to an idle kernel beside that of a
plain cell, and the token requests of 8 kernels and of 64 clients that need a token at once.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.fronts import BrowserThread, Front, JupyterServer, LabPage, start_jupyter
from support.guard import Server
from support.lab_pages import connect_cell
from support.signing_in import SigningServer, renewals_for_clients, renewals_for_kernels

from wx_notebook.sandbox import Sandbox

LOADS, CELLS = 6, 200
#: The documents are new to the extension, as those of a notebook that is opened.
RECOGNISE = """async folder => {
    const { headLine } = await import(`${folder}prompt_source.js`);
    const editor = jupyterapp.shell.currentWidget.content.activeCell.editor;
    const { doc } = editor.editor.state;
    const docs = Array.from({length: 200}, () => doc.replace(0, 0, doc.slice(0, 0)));
    const fresh = docs.map(one => one.constructor.of(one.toString().split("\\n")));
    const started = performance.now();
    const found = fresh.filter(one => headLine(one) > 0).length;
    return [performance.now() - started, found];
}"""


def load_times(page: Any, server: JupyterServer, off: bool) -> dict[str, Any]:
    """Seconds to the first editor, and what was fetched of the extension."""
    fetched: dict[str, int] = {}
    seconds = []
    for _ in range(LOADS):
        one = page.context.browser.new_context().new_page()
        lab = LabPage(one, server)
        one.on("response", lambda response: _note(fetched, response))
        if off:
            one.route("**/extensions/wx-notebook/**", lambda route: route.abort())
        server.write("plain.ipynb", ["1 + 1", "%%watsonx\nhello"])
        started = time.perf_counter()
        one.goto(server.address("plain.ipynb"))
        one.locator(".jp-Notebook .cm-content").first.wait_for()
        seconds.append(time.perf_counter() - started)
        lab.wait_until_idle()
        one.context.close()
    return {"median": statistics.median(seconds), "fetched": fetched}


def _note(fetched: dict[str, int], response: Any) -> None:
    if "/extensions/wx-notebook/" in response.url:
        fetched[response.url.rpartition("/")[2]] = len(response.body())


PROMPT = "# a comment\n\n%%watsonx --max-tokens 20\n" + "A line of prose.\n" * 20
PYTHON = "# a comment\n\nimport os\n" + "print(os.name)\n" * 20


def many_cells(page: Any, server: JupyterServer, source: str) -> list[float]:
    """Milliseconds for 200 cells, and how many were recognised as prompts."""
    lab = LabPage(page, server)
    lab.open("many.ipynb", [source] * CELLS)
    folder = page.evaluate("() => document.querySelector('link[href*=wx-notebook]').href")
    found: list[float] = page.evaluate(RECOGNISE, folder.rpartition("/")[0] + "/")
    return found


def stop(page: Any, server: JupyterServer, sandbox: Sandbox) -> tuple[float, float]:
    """Seconds from a click to an idle kernel: on Stop, and on Jupyter's own for a plain cell."""
    lab = LabPage(page, server)
    plain = "print('word word', flush=True)\nimport time; time.sleep(60)"
    lab.open("stop.ipynb", [connect_cell(lab, sandbox), "%%watsonx\nGo on.", plain])
    lab.run(0)
    seconds = []
    jupyters = page.locator("[data-command='notebook:interrupt-kernel']").first
    for cell, button in (
        (1, lab.cell(1).get_by_role("button", name="Stop", exact=True)),
        (2, jupyters),
    ):
        lab.run(cell, wait=False)
        lab.wait_for_output(cell, "word word")
        started = time.perf_counter()
        button.click()
        lab.wait_until(lab.is_idle, "an idle kernel")
        seconds.append(time.perf_counter() - started)
    return seconds[0], seconds[1]


def token_requests(server: JupyterServer) -> tuple[int, int]:
    """Token requests at IAM of 8 kernels, and of 64 clients, that need one at once."""
    signing = SigningServer(Server(server))
    with Sandbox() as sandbox:
        signing.sign_in(sandbox)
        kernels = renewals_for_kernels(signing, sandbox, 8)
        clients = renewals_for_clients(signing, sandbox, 64)
        signing.sign_out()
    return kernels, clients


def main(front: Front) -> None:
    """Measure one application and print the figures."""
    home = Path(tempfile.mkdtemp()) / "home"
    server = start_jupyter(front, home, {})
    browser = BrowserThread(Path(tempfile.mkdtemp()))
    browser.start()
    try:
        with_it = browser.run(load_times, server, False)
        without = browser.run(load_times, server, True)
        milliseconds, found = browser.run(many_cells, server, PROMPT)
        plain_ms, _ = browser.run(many_cells, server, PYTHON)
        of_kernels, of_clients = token_requests(server)
        with Sandbox(words_per_second=150) as sandbox:
            sandbox.say("word " * 4000)
            seconds, plain_s = browser.run(stop, server, sandbox)
    finally:
        browser.close()
        server.end()
    sizes = with_it["fetched"]
    figures = {
        "front end": front,
        "requests": len(sizes),
        "KB": round(sum(sizes.values()) / 1024, 1),
        "first editor with it, ms": round(1000 * with_it["median"]),
        "first editor without it, ms": round(1000 * without["median"]),
        f"recognising {found:.0f} prompt cells, ms": round(milliseconds, 2),
        f"looking at {CELLS} Python cells, ms": round(plain_ms, 2),
        "Stop to idle, s": round(seconds, 2),
        "Jupyter's own stop of a plain cell to idle, s": round(plain_s, 2),
        "token requests of 8 kernels at once": of_kernels,
        "token requests of 64 clients at once": of_clients,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main("notebook" if sys.argv[1:] == ["notebook"] else "lab")
