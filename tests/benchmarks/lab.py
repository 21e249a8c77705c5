"""What the front-end extension costs; by hand: ``python tests/benchmarks/lab.py [notebook]``.

Prints its bytes and requests, the time to the first editor with and without it, the time that
recognising 200 prompt cells takes, and the time from a click on Stop to an idle kernel.
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
from support.lab_pages import connect_cell

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


def many_cells(page: Any, server: JupyterServer) -> list[float]:
    """Milliseconds for 200 prompt cells, and how many were recognised."""
    lab = LabPage(page, server)
    source = "# a comment\n\n%%watsonx --max-tokens 20\n" + "A line of prose.\n" * 20
    lab.open("many.ipynb", [source] * CELLS)
    folder = page.evaluate("() => document.querySelector('link[href*=wx-notebook]').href")
    found: list[float] = page.evaluate(RECOGNISE, folder.rpartition("/")[0] + "/")
    return found


def stop(page: Any, server: JupyterServer, sandbox: Sandbox) -> float:
    """Seconds from a click on Stop to an idle kernel."""
    lab = LabPage(page, server)
    lab.open("stop.ipynb", [connect_cell(lab, sandbox), "%%watsonx\nGo on."])
    lab.run(0)
    lab.run(1, wait=False)
    lab.wait_for_output(1, "word word")
    started = time.perf_counter()
    lab.cell(1).get_by_role("button", name="Stop", exact=True).click()
    lab.wait_until(lab.is_idle, "an idle kernel")
    return time.perf_counter() - started


def main(front: Front) -> None:
    """Measure one application and print the figures."""
    home = Path(tempfile.mkdtemp()) / "home"
    server = start_jupyter(front, home, {})
    browser = BrowserThread(Path(tempfile.mkdtemp()))
    browser.start()
    try:
        with_it = browser.run(load_times, server, False)
        without = browser.run(load_times, server, True)
        milliseconds, found = browser.run(many_cells, server)
        with Sandbox(words_per_second=150) as sandbox:
            sandbox.say("word " * 4000)
            seconds = browser.run(stop, server, sandbox)
    finally:
        browser.close()
        server.end()
    sizes = with_it["fetched"]
    figures = {
        "front end": front,
        "requests": len(sizes),
        "KB": round(sum(sizes.values()) / 1024, 1),
        "first editor with it, s": round(with_it["median"], 2),
        "first editor without it, s": round(without["median"], 2),
        f"recognising {found:.0f} prompt cells, ms": round(milliseconds, 2),
        "Stop to idle, s": round(seconds, 2),
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main("notebook" if sys.argv[1:] == ["notebook"] else "lab")
