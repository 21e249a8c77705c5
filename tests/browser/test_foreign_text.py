"""An answer is foreign text: in JupyterLab it runs nothing, requests nothing, changes nothing."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fronts import LabPage
from payloads import PAYLOADS

pytestmark = pytest.mark.browser

NAMED = r"""
Before <img src=x onerror="window.pwned = 'img'"> and <img src="{leak}/html.png">

![remote]({leak}/markdown.png) and <base href="{leak}/"> <script>window.pwned = 'script'</script>

$\def\alpha{HACKED}$ and $\newcommand{\beta}{HACKED}$ and $x^2$

[link](javascript:window.pwned='link') <form action="{leak}/form"><input type=password></form>

After
"""


@pytest.fixture
def leak():
    """A server that nobody may ask, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET  # noqa: N815  # http.server's name

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def show(page, server, sandbox, prompts):
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    lab = LabPage(page, server)
    equation = "from IPython.display import Math; Math(r'\\alpha + \\beta')"
    connect = (
        "import wx_notebook as wx; wx.connect("
        f"api_key={sandbox.api_key!r}, url={sandbox.url!r}, project_id={sandbox.project_id!r}); 0"
    )
    prompt = "%%watsonx\nanswer"
    lab.open(
        "foreign.ipynb", ["%load_ext wx_notebook", connect, equation, *[prompt] * prompts, equation]
    )
    base = page.evaluate("() => document.baseURI")
    for cell in (0, 1, 2):
        lab.run(cell)
    typeset = "mjx-container"
    lab.cell(2).locator(typeset).wait_for()
    before = lab.cell(2).locator(typeset).inner_html()
    for cell in range(3, 3 + prompts):
        lab.run(cell)
        lab.wait_for_output(cell)
    last = 3 + prompts
    lab.run(last)
    lab.cell(last).locator(typeset).wait_for()
    seen = {
        "live": examine(page, lab, prompts),
        "equation": (before, lab.cell(2).locator(typeset).inner_html(),
                     lab.cell(last).locator(typeset).inner_html()),
        "base": (base, page.evaluate("() => document.baseURI")),
    }  # fmt: skip
    lab.save()
    lab.reload()
    page.locator("mjx-container").first.wait_for()
    seen["reloaded"] = examine(page, lab, prompts)
    return seen, dialogs, lab


def examine(page, lab, prompts):
    found = page.evaluate(
        """() => {
            const outputs = [...document.querySelectorAll(".jp-CodeCell .wxn-answer")];
            const bad = "script,img,iframe,object,embed,form,input,button,base,meta,link,style,svg,"
                + "[id],[onerror],[onload],[onclick]";
            return {
                outputs: outputs.length,
                bad: outputs.flatMap(o => [...o.querySelectorAll(bad)])
                    .filter(e => !e.closest("mjx-container")).map(e => e.outerHTML.slice(0, 200)),
                links: outputs.flatMap(o => [...o.querySelectorAll("a")]).map(a => a.protocol),
                pwned: window.pwned ?? null,
            };
        }"""
    )
    assert found["outputs"] == prompts
    return found


def check(seen, dialogs, lab, asked):
    assert dialogs == []
    assert asked == []
    assert lab.seen.foreign == []
    for moment in ("live", "reloaded"):
        assert seen[moment]["pwned"] is None
        assert seen[moment]["bad"] == []
        assert set(seen[moment]["links"]) <= {"http:", "https:", "mailto:"}
    assert len(set(seen["equation"])) == 1, "an equation of the user was changed"
    assert len(set(seen["base"])) == 1


def test_an_answer_with_scripts_images_base_and_macros_does_nothing(
    chromium, jupyter, sandbox, leak
):
    url, asked = leak
    sandbox.say(NAMED.replace("{leak}", url))
    check(*chromium.run(show, jupyter("lab"), sandbox, 1), asked)


def test_no_payload_of_the_corpus_does_anything(chromium, jupyter, sandbox, leak):
    url, asked = leak
    texts = [text.replace("{leak}", url) for text in PAYLOADS.values()]
    # a few answers instead of one each: each is a document of its own all the same
    answers = ["\n\n".join(texts[start::8]) for start in range(8)]
    for answer in answers:
        sandbox.say(answer)
    check(*chromium.run(show, jupyter("lab"), sandbox, len(answers)), asked)
