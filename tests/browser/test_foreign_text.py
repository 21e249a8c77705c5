"""An answer is foreign text: in a front end it runs nothing, requests nothing, changes nothing.

Each front end gets one notebook with the whole corpus of payloads in every format. It is looked at
while the answers stream, when they are there, after a reload (stored outputs, trusted), as the
notebook of somebody else (not trusted), and as a page that nbconvert exported.
"""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import nbformat
import pytest
from support.fronts import LabPage
from support.payloads import PAGES, PAYLOADS

pytestmark = pytest.mark.browser

#: Nothing that answers the question "what would a page of an attacker be made of".
BAD = (
    "script,img,object,embed,form,input,textarea,select,button,base,meta,link,style,svg,video,audio"
    ",[id],[onerror],[onload],[onclick],[data-commandlinker-command],[contenteditable],[autofocus]"
    ",iframe:not([sandbox='']),iframe[src]"
)
#: The extension's own button over a block of code: just this, without any other attribute.
OWN_BUTTON = '<button type="button" class="wx-button">Copy code</button>'
#: Looks at every element that ever appears in an output, also in a frame that is replaced soon.
WATCH = """bad => {
    window.everBad = [];
    const look = root => {
        const outputs = root.closest?.(".wxn-answer")
            ? [root] : [...(root.querySelectorAll?.(".wxn-answer") ?? [])];
        for (const output of outputs)
            for (const e of [output, ...output.querySelectorAll(bad)])
                if (e.matches(bad) && !e.closest("mjx-container"))
                    window.everBad.push(e.outerHTML.slice(0, 200));
    };
    new MutationObserver(changes => {
        for (const change of changes) change.addedNodes.forEach(look);
    }).observe(document.querySelector(".jp-Notebook"), {childList: true, subtree: true});
}"""
EXAMINE = """bad => {
    const outputs = [...document.querySelectorAll(".wxn-answer")];
    const links = outputs.flatMap(o => [...o.querySelectorAll("a")]);
    return {
        outputs: outputs.length,
        pages: outputs.flatMap(o => [...o.querySelectorAll("iframe")]).length,
        bad: outputs.flatMap(o => [...o.querySelectorAll(bad)])
            .filter(e => !e.closest("mjx-container")).map(e => e.outerHTML.slice(0, 200)),
        everBad: window.everBad ?? [],
        links: links.map(a => [a.href, a.target, a.rel, a.textContent
            + (a.nextSibling?.textContent ?? "")]),
        over: outputs.flatMap(o => [...o.querySelectorAll("*")])
            .filter(e => ["fixed", "sticky"].includes(getComputedStyle(e).position)).length,
        pwned: window.pwned ?? null,
        base: document.baseURI,
        equations: [...document.querySelectorAll("mjx-container")]
            .filter(e => !e.closest(".wxn-answer")).map(e => e.innerHTML),
    };
}"""


class Leak(NamedTuple):
    """A server that nobody may ask or call, and what it was asked."""

    url: str
    asked: list[str]


@pytest.fixture
def leak() -> Iterator[Leak]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET  # noqa: N815  # http.server's name

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        def verify_request(self, *_):
            asked.append("a connection")
            return True

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    ).start()
    yield Leak(f"http://127.0.0.1:{server.server_port}", asked)
    server.shutdown()
    server.server_close()


def groups(texts: list[str], how_many: int) -> list[str]:
    """A few answers instead of one each: each is a document of its own all the same."""
    return ["\n\n".join(texts[start::how_many]) for start in range(how_many)]


def answers(url: str) -> dict[str, list[str]]:
    """What is answered in each format."""
    # Lab's own address in a text is no matter of ours: everything leads to the counter
    texts = [text.replace("{leak}", url) for text in PAYLOADS.values()]
    tex = [text for name, text in PAYLOADS.items() if name.startswith("tex ")]
    languages = zip(["python", "html", "mermaid"], groups(texts, 3), strict=True)
    return {
        "auto": groups(texts, 8),
        "markdown": groups(texts[::-1], 3),
        "text": groups(texts, 2),
        "json": [json.dumps({text: [text] for text in texts})],
        "math": [text.replace("{leak}", url).strip("$") for text in tex],
        "html": [*(text.replace("{leak}", url) for text in PAGES.values()), *groups(texts, 4)],
        "code": [f"words\n\n````{name}\n{text}\n````" for name, text in languages],
    }


def say(sandbox: Any, url: str) -> list[str]:
    """Queue the answers, in random pieces, and return the cells that ask for them, in order."""
    chance = random.Random(11)
    of_format = answers(url)
    code = of_format.pop("code")
    cells = [_cell_of(sandbox, chance, format_, texts) for format_, texts in of_format.items()]
    for text in groups([text.replace("{leak}", url) for text in PAYLOADS.values()], 3):
        sandbox.say_thinking(text, "thought")
    cells.append("for _ in range(3):\n    get_ipython().run_cell_magic('watsonx', '', 'think')")
    # this one fails, and quotes its answer
    sandbox.say(f"<script>fetch('{url}')</script>")
    cells.append("%%watsonx -f json\nno json")
    return [*cells, _cell_of(sandbox, chance, "code", code)]


def _cell_of(sandbox: Any, chance: random.Random, format_: str, texts: list[str]) -> str:
    for text in texts:
        cuts = sorted(chance.sample(range(len(text)), min(len(text) // 30, 1_500)))
        sandbox.say_pieces(
            text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)
        )
    return (
        f"for _ in range({len(texts)}):\n"
        f"    get_ipython().run_cell_magic('watsonx', '-f {format_}', 'answer')"
    )


EQUATION = "from IPython.display import Math; Math(r'\\alpha + \\beta')"


def connecting(server: Any, sandbox: Any) -> str:
    """Return a cell that connects; a key in its text would be a matter for the guard."""
    (server.home / "sandbox.json").write_text(json.dumps(sandbox.credentials()))
    return "import json, wx_notebook as wx\nwx.connect(**json.load(open('../sandbox.json'))); 0"


def walk(page: Any, server: Any, sandbox: Any, leak: Leak) -> dict[str, Any]:
    """Go through all moments in one page; return what was there at each of them."""
    heard: list[str] = []
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.on("popup", lambda popup: heard.append(popup.url))
    refused: list[str] = []
    page.on("requestfailed", lambda request: refused.append(request.url)
            if "csp" in str(request.failure) else None)  # fmt: skip
    lab = LabPage(page, server)
    cells = say(sandbox, leak.url)
    connect = connecting(server, sandbox)
    # the cell of code puts a new one below itself: it stands last
    lab.open("foreign.ipynb", ["%load_ext wx_notebook", connect, EQUATION, *cells[:-1], EQUATION,
                               cells[-1]])  # fmt: skip
    page.on("framenavigated", lambda frame: heard.append(frame.url) if frame.url not in
            ("about:blank", "about:srcdoc") else None)  # fmt: skip
    page.evaluate(WATCH, BAD)
    for cell in range(len(cells) + 4):
        lab.run(cell)
    lab.wait_for_output(len(cells) + 3)
    seen = {"live": moment(page, 2), "typed": type_into_fields(page)}
    inserted = lab.cell(len(cells) + 4).locator(".cm-content").inner_text()
    seen["error"] = lab.cell(len(cells) + 1).locator(".jp-OutputArea-output").last.inner_html()
    saved = lab.save()
    heard_live = list(heard)
    lab.reload()
    seen["reloaded"] = moment(page, 2)

    saved.cells.append(nbformat.v4.new_markdown_cell("by somebody else"))
    nbformat.write(saved, server.root / "theirs.ipynb")
    lab.open("theirs.ipynb")
    seen["untrusted"] = moment(page, 2)
    seen["trust"] = page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.widgets.map(w => w.model.trusted)"
    )
    # (going to another page is a navigation of ours)
    return seen | {"heard": heard_live, "inserted": inserted, "foreign": lab.seen.foreign,
                   "refused": refused,
                   "errors": lab.seen.page_errors, "saved": saved}  # fmt: skip


def moment(page: Any, equations: int) -> dict[str, Any]:
    """Look at the page once the user's equations are typeset."""
    page.wait_for_function(
        """n => [...document.querySelectorAll("mjx-container")]
            .filter(e => !e.closest(".wxn-answer")).length >= n""",
        arg=equations,
    )
    found: dict[str, Any] = page.evaluate(EXAMINE, BAD)
    return found


def type_into_fields(page: Any) -> list[str]:
    """Type into each field of the pages that the model wrote; return what they hold then."""
    held = []
    for frame in page.frames[1:]:
        for field in frame.locator("input:not([type]), input[type=password], textarea").all():
            field.focus()
            page.keyboard.type("s3cret")
            held.append(field.input_value())
    return held


def look_at_export(
    page: Any, files: list[str]
) -> list[tuple[dict[str, Any], list[str], list[str]]]:
    """Open exported pages without a network; return elements, dialogs and requests of each."""
    looked = []
    dialogs: list[str] = []
    asked: list[str] = []
    refused: set[str] = set()
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    # what a policy refuses reaches no wire
    page.on("requestfailed", lambda request: refused.add(request.url)
            if "csp" in str(request.failure) else None)  # fmt: skip
    # (the loopback is not kept from being asked: the counter is there)
    page.route(re.compile(r"https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
    for file in files:
        dialogs.clear()
        asked.clear()
        page.goto(file)
        found = page.evaluate(EXAMINE, BAD)
        page.wait_for_load_state("networkidle")
        others = [u for u in asked if urlsplit(u).scheme != "file" and u not in refused]
        looked.append((found, list(dialogs), others))
    return looked


def check(found: dict[str, Any], expected: int, *, pages: int) -> None:
    """Fail at the first thing that may not be there."""
    assert found["outputs"] == expected
    assert found["pages"] == pages
    assert [html for html in found["bad"] if html != OWN_BUTTON] == []
    assert [html for html in found["everBad"] if html != OWN_BUTTON] == []
    assert found["pwned"] is None
    assert found["over"] == 0
    assert len(found["links"]) > 10
    for address, target, rel, words in found["links"]:
        url = urlsplit(address)
        assert url.scheme in {"http", "https", "mailto"}, address
        assert "@" not in url.netloc
        assert (target, rel.split()[0]) == ("_blank", "noopener"), address
        host = url.path if url.scheme == "mailto" else url.hostname
        assert str(host)[-100:] in words.lower(), f"{address} says {words!r}"


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_no_payload_does_anything_in_any_format_at_any_moment(
    chromium, jupyter, sandbox, leak, front, tmp_path
):
    expected = sum(map(len, answers(leak.url).values())) + 3 + 1
    pages = len(answers(leak.url)["html"])
    seen = chromium.run(walk, jupyter(front), sandbox, leak, limit_s=300, fresh=True)
    for name in ("live", "reloaded"):
        check(seen[name], expected, pages=pages)
    # who does not trust a notebook sees no page of a model at all
    check(seen["untrusted"], expected, pages=0)
    assert False in seen["trust"]
    equations = [
        each for name in ("live", "reloaded", "untrusted") for each in seen[name]["equations"]
    ]
    assert len(equations) == 6
    # (elements are numbered anew each time)
    assert len({strip_numbers(each) for each in equations}) == 1, (
        "an equation of the user was changed"
    )
    assert seen["live"]["base"] == seen["reloaded"]["base"]
    assert seen["heard"] == []
    # what the policy of a page refuses is told to a debugger, and reaches no wire
    assert set(seen["foreign"]) <= set(seen["refused"])
    assert seen["errors"] == []
    assert len(seen["typed"]) >= 3
    assert not any("s3cret" in held for held in seen["typed"])
    assert "SchemaMismatch" in seen["error"]
    assert "<script" not in seen["error"]
    assert seen["inserted"].startswith("# generated by ")
    assert leak.asked == []

    exported = [export(seen["saved"], tmp_path / "answers.html")]
    # an earlier test may have switched widget state on, for which the template asks for a script
    empty = nbformat.v4.new_notebook(metadata=seen["saved"].metadata)
    exported.append(export(empty, tmp_path / "empty.html"))
    (found, dialogs, asked), (_, _, by_itself) = chromium.run(look_at_export, exported)
    check(found, expected, pages=pages)
    assert dialogs == []
    assert set(asked) <= set(by_itself), "more than what nbconvert's own template asks for"
    assert leak.asked == []


def strip_numbers(html: str) -> str:
    return "".join(character for character in html if not character.isdigit())


def export(book: Any, path: Any) -> str:
    from nbconvert import HTMLExporter

    body, _ = HTMLExporter().from_notebook_node(book)
    path.write_text(body)
    return path.as_uri()


def as_others_show_it(page: Any, server: Any, url: str) -> None:
    lab = LabPage(page, server)
    page.on("dialog", lambda dialog: dialog.dismiss())
    texts = [PAYLOADS[name].replace("{leak}", url) for name in ("img onerror", "image")]
    lab.open("others.ipynb", [f"from IPython.display import Markdown; Markdown({text!r})"
                              for text in texts])  # fmt: skip
    for cell in range(len(texts)):
        lab.run(cell)
        lab.wait_for_output(cell)
    lab.wait_until(lambda: lab.seen.foreign, "nothing was asked for")


def test_the_same_payloads_as_ipython_shows_markdown_do_ask(chromium, jupyter, leak):
    """Else the test above would prove nothing."""
    chromium.run(as_others_show_it, jupyter("lab"), leak.url, fresh=True)
    assert leak.asked
