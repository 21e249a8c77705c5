"""How far a page in JupyterLab lags behind the kernel while an answer streams."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.fronts import BrowserThread, LabPage, start_jupyter

from wx_notebook.sandbox import Sandbox

PIECES_PER_S = 280
#: Ordinary Markdown, 4 characters a piece, as tokens are.
PIECES = ["watt", " **i", "s** ", "one ", "unit", " of ", "powe", "r.\n\n"]

SET_UP = """
import time, wx_notebook as wx
get_ipython().events.register("post_run_cell",
    lambda _: open("done", "w").write(str(time.time())))
%load_ext wx_notebook
wx.connect(api_key={api_key!r}, url={url!r}, project_id={project_id!r}); None
"""
EVERY_PIECE = """
from IPython.display import display, Markdown
shown, text = display(Markdown(""), display_id=True), ""
for piece in wx.stream("hi", max_tokens=100_000):
    text += piece
    shown.update(Markdown(text))
"""
#: Notes when the last words are in the page and painted.
WATCH = """([cell, words]) => {
    const output = document.querySelectorAll(".jp-CodeCell")[cell].querySelector(".jp-OutputArea");
    window.doneAt = 0;
    const look = () => {
        if (output.textContent.includes(words)) window.doneAt = Date.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def pieces(characters: int) -> list[str]:
    """Pieces of so many characters, the last of them a word that comes only once."""
    made, size = [], 0
    while size < characters:
        made.append(PIECES[len(made) % len(PIECES)])
        size += len(made[-1])
    return [*made, "thelastword"]


def _behind(lab: LabPage, cell: int, folder: Path) -> float:
    lab.page.evaluate(WATCH, [cell, "thelastword"])
    lab.run(cell)
    lab.page.wait_for_function("() => window.doneAt > 0", timeout=240_000)
    kernel_done = float((folder / "done").read_text())
    return float(lab.page.evaluate("() => window.doneAt")) / 1000 - kernel_done


def _measure(page: Any, server: Any, sandbox: Sandbox) -> tuple[float, float]:
    lab = LabPage(page, server)
    set_up = SET_UP.format(**sandbox.credentials())
    lab.open("page.ipynb", [set_up, "%%watsonx --max-tokens 100000\nhi", EVERY_PIECE])
    lab.run(0)
    sandbox.say_pieces(pieces(16_000))
    ours = _behind(lab, 1, server.root)
    sandbox.say_pieces(pieces(6_000))
    return ours, _behind(lab, 2, server.root)


def page_behind_kernel() -> tuple[float, float]:
    """Seconds: ours with 16,000 characters; updating Markdown at every piece, with 6,000."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(words_per_second=PIECES_PER_S) as sandbox:
        server = start_jupyter("lab", Path(folder) / "home", {})
        browser = BrowserThread(Path(folder))
        try:
            browser.start()
            return browser.run(_measure, server, sandbox, limit_s=400)
        finally:
            browser.close()
            server.end()


if __name__ == "__main__":
    ours, every = page_behind_kernel()
    print(f"16,000 characters: {ours:.2f} s behind; at every piece, 6,000: {every:.2f} s")
