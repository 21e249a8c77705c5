"""Chromium's own reading of what we render: its DOM, its scripts, its requests."""

from __future__ import annotations

import json
import random
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from allowed_html import ALLOWED, check_attributes
from support.payloads import PAYLOADS

from wx_notebook.render import answer_html, markdown_html, partial_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from support.fronts import BrowserThread

PAGE = b"<!doctype html><title>t</title><meta charset=utf-8><body><main id=m></main>"
FORMATS = ("auto", "markdown", "text", "code", "json", "html", "math")

#: Sets each HTML as a front end does, then reads every element and attribute back. An element is
#: read as its attributes together: what it must have can be missed as well.
READ = """async (htmls) => {
  const main = document.getElementById("m"), found = {}, depths = [];
  window.addEventListener("error", () => { document.title = "error"; });
  for (const [index, html] of htmls.entries()) {
    const host = document.createElement("section");
    main.append(host);
    host.innerHTML = html;
    for (const script of host.querySelectorAll("script")) {  // as JupyterLab does
      const again = document.createElement("script");
      again.textContent = script.textContent;
      if (script.src) again.src = script.src;
      script.replaceWith(again);
    }
    for (const el of host.querySelectorAll("*")) {
      const where = el.namespaceURI === "http://www.w3.org/1999/xhtml" ? "" : el.namespaceURI + " ";
      const own = Object.fromEntries([...el.attributes].map(({ name, value }) => [name, value]));
      (found[where + el.localName] ??= {})[JSON.stringify(own)] = index;
    }
    if (host.children.length !== 1 || host.childNodes.length !== 1)
      found["not one child"] = { [html]: index };
    if (index % 50 === 49) await new Promise((done) => setTimeout(done, 0));
    if (index < htmls.length - 200) host.remove();
  }
  await new Promise((done) => setTimeout(done, 700));
  return found;
}"""


@pytest.fixture
def counter() -> Iterator[tuple[str, list[str]]]:
    """A page on the loopback, and every other path that was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in ("/", "/favicon.ico"):
                asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        do_POST = do_GET  # noqa: N815 (the base class's name)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def show(page: Page, url: str, htmls: list[str]) -> tuple[dict[str, Any], list[str], list[str]]:
    """Show `htmls` in one page; give its elements, the dialogs, and the requests it made."""
    dialogs: list[str] = []
    requests: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(url + "/")
    page.on("request", lambda request: requests.append(request.url))
    found = page.evaluate(READ, htmls)
    if page.title() != "t":
        dialogs.append(page.title())
    return found, dialogs, [request for request in requests if request != "about:srcdoc"]


def check(found: dict[str, dict[str, int]], htmls: list[str]) -> None:
    """Compare the DOM with the list of what may be in it; name the HTML that broke it."""
    for tag, every in found.items():
        for attributes, index in every.items():
            assert tag in ALLOWED, f"<{tag}> in {htmls[index]!r}"
            try:
                check_attributes(tag, json.loads(attributes))
            except AssertionError as problem:
                raise AssertionError(f"{problem} in {htmls[index]!r}") from problem


def renderings(url: str) -> list[str]:
    """Each payload in each place: formats, thinking, notes, and as a text on its way."""
    htmls = []
    for number, payload in enumerate(PAYLOADS.values()):
        text = payload.replace("{leak}", f"{url}/leak")
        htmls += [markdown_html(text), markdown_html(text, typeset=False)]
        htmls += [partial_html(text[:end]) for end in range(1, len(text) + 7, 7)]
        htmls += [answer_html(text, format=format_) for format_ in FORMATS]
        htmls.append(answer_html("x", footer=text, notes=[text], reasoning=text, summary=text))
        htmls.append(partial_html("", reasoning=text, seconds=1.0))
        htmls.append(partial_html(text, reasoning=text, format=FORMATS[number % len(FORMATS)]))
        fence = "````"
        htmls += [
            answer_html(f"x\n\n{fence}{language}\n{text}\n{fence}", format=format_)
            for language in ("python", "html")
            for format_ in ("auto", "code", "html")
        ]
        htmls.append(answer_html(json.dumps({"a": [text, None], text: {text: 1.5}})))
    return htmls


MARKS = r"""
    * ** _ ` `` ``` ~~~ ~~ $ $$ \( \) \[ \] [ ]( ) ![ < > & | # \ --- {} " ' : , {"a": &lt;
    <br> </p> </div> </code> </span> </pre> </details> <!-- --> <style> <svg> <iframe srcdoc="
    <math> &#x202e;
"""
BLANKS = "\n", "\n\n", "\n- ", "\n> ", "\n    ", " ", "\t"
HIDDEN = "\u202e", "\u200d", "\ud800", "\x1b[", "\x00"


def mutants(url: str, number: int) -> list[str]:
    """Pieces of payloads and of markup put together at random, each in a place at random."""
    chance = random.Random(20_261_125)
    texts = [payload.replace("{leak}", f"{url}/leak") for payload in PAYLOADS.values()]
    marks = MARKS.split()

    def piece() -> str:
        kind = chance.random()
        if kind < 0.45:
            text = chance.choice(texts)
            start = chance.randrange(len(text))
            return text[start : start + chance.randint(1, 40)]
        return chance.choice(marks) if kind < 0.8 else chance.choice(BLANKS + HIDDEN)

    htmls = []
    for _ in range(number):
        text = "".join(piece() for _ in range(chance.randint(1, 14)))
        format_ = chance.choice(FORMATS)
        place = chance.randrange(5)
        if place == 0:
            htmls.append(answer_html(text, format=format_, reasoning=text[::-1]))
        elif place == 1:
            htmls.append(answer_html(f"```html\n{text}", format=format_, notes=[text]))
        elif place == 2:
            htmls.append(answer_html(json.dumps([text, {text: text}]), format=format_))
        else:
            htmls.append(partial_html(text, format=format_ if place == 3 else "auto"))
    return htmls


@pytest.mark.browser
def test_in_chromium_no_payload_runs_asks_or_becomes_an_element(
    chromium: BrowserThread, counter: tuple[str, list[str]]
) -> None:
    url, asked = counter
    htmls = renderings(url)
    found, dialogs, requests = chromium.run(show, url, htmls, limit_s=300)
    assert (asked, dialogs, requests) == ([], [], [])
    check(found, htmls)
    # what may come out does come out: else the list would say nothing
    assert {"a", "iframe", "details", "summary", "pre", "code", "span", "td"} <= found.keys()
    assert any("mathjax_process" in attributes for attributes in found["span"])
    assert any("var(--wxn-" in attributes for attributes in found["span"])


@pytest.mark.browser
def test_in_chromium_no_mixture_of_payloads_and_markup_does_either(
    chromium: BrowserThread, counter: tuple[str, list[str]]
) -> None:
    url, asked = counter
    htmls = mutants(url, 3_000)
    found, dialogs, requests = chromium.run(show, url, htmls, limit_s=300)
    assert (asked, dialogs, requests) == ([], [], [])
    check(found, htmls)


@pytest.mark.browser
def test_the_same_payloads_without_the_renderer_do_ask_and_run(
    chromium: BrowserThread, counter: tuple[str, list[str]]
) -> None:
    """Else the tests above would prove nothing."""
    url, asked = counter
    harmless_to_the_test = [
        payload.replace("{leak}", f"{url}/leak")
        for name, payload in PAYLOADS.items()
        if "surrogate" not in name and "refresh" not in name and "sends itself" not in name
    ]
    _found, dialogs, _requests = chromium.run(show, url, harmless_to_the_test)
    assert "/leak" in asked
    assert "1" in dialogs


def painted(page: Page, url: str, html: str) -> list[list[str]]:
    page.goto(url + "/")
    return page.evaluate(
        """html => [["black", ""], ["white", ""], ["white", "#4caf50"]].map(([text, keyword]) => {
            const main = document.getElementById("m");
            main.style.color = text;
            if (keyword) main.style.setProperty("--jp-mirror-editor-keyword-color", keyword);
            main.innerHTML = html;
            const names = [...main.querySelectorAll("span")];
            return names.map(name => getComputedStyle(name).color);
        })""",
        html,
    )


@pytest.mark.browser
def test_in_chromium_code_has_its_colours_in_the_light_the_dark_and_by_jupyter_s_variables(
    chromium: BrowserThread, counter: tuple[str, list[str]]
) -> None:
    html = answer_html("```python\nimport x  # y\n```")
    light, dark, jupyter = chromium.run(painted, counter[0], html)
    assert len(light) == 2, "a keyword and a comment"
    for plain, colours in (("rgb(0, 0, 0)", light), ("rgb(255, 255, 255)", dark)):
        assert plain not in colours, "the browser does not know the colour: it inherits"
        assert len(set(colours)) == 2
    assert light[0] != dark[0]
    assert jupyter[0] != dark[0]
    assert jupyter[1] == dark[1]


# --- a page that a model wrote ----------------------------------------------------------------

#: Each asks for something, or gets a connection made before anybody asks.
ASKING = """
<img src={url}/1><img srcset="{url}/2 1x"><picture><source srcset={url}/3><img src=x></picture>
<link rel=stylesheet href={url}/4><link rel=preconnect href={url}><link rel=dns-prefetch href={url}>
<link rel=prefetch href={url}/5><link rel=modulepreload href={url}/6><link rel=icon href={url}/7>
<style>@import url({url}/8); body {{ background: url({url}/9) }} @font-face {{ src: url({url}/10) }}
</style><p style="background:url({url}/11)">styled</p>
<iframe src={url}/12></iframe><iframe srcdoc="<iframe src={url}/13></iframe>"></iframe>
<object data={url}/14></object><embed src={url}/15><frameset><frame src={url}/16></frameset>
<video src={url}/17 poster={url}/18 autoplay></video><audio src={url}/19 autoplay></audio>
<script src={url}/20></script><script>fetch("{url}/21"); alert(1)</script>
<svg><image href={url}/22 /><use href="{url}/23#a" /><script href={url}/24 /></svg>
<form action={url}/25><input autofocus onfocus="fetch('{url}/26')"><button>send</button></form>
<meta http-equiv=refresh content="0;url={url}/27"><base href={url}/>
<a href={url}/28 ping={url}/29>a link</a> <body background={url}/30 onload="alert(1)">
<math href={url}/31><mi xlink:href={url}/32>x</mi></math>
"""


@pytest.fixture
def callers() -> Iterator[tuple[str, list[str]]]:
    """An address, and everybody who made as much as a connection to it."""
    seen: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            seen.append("connected")
            connection.close()

    thread = threading.Thread(target=accept)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    # (closing does not wake a thread that accepts)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def show_page(page: Page, url: str, html: str) -> tuple[list[str], str]:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(url + "/")
    page.evaluate("html => { document.getElementById('m').innerHTML = html; }", html)
    frame = page.frame_locator("iframe").first
    frame.locator("body").wait_for(state="attached")
    text = frame.locator("body").inner_text()
    links = frame.locator("a")
    for place in range(links.count()):
        links.nth(place).click()
    page.wait_for_timeout(700)
    return dialogs, text


@pytest.mark.browser
def test_a_page_that_a_model_wrote_makes_no_connection_even_when_its_links_are_clicked(
    chromium: BrowserThread, counter: tuple[str, list[str]], callers: tuple[str, list[str]]
) -> None:
    url, seen = callers
    html = answer_html(ASKING.format(url=url), format="html")
    dialogs, text = chromium.run(show_page, counter[0], html)
    assert "styled" in text
    assert "a link" in text
    assert dialogs == []
    assert seen == []


@pytest.mark.browser
def test_sandbox_and_policy_alone_do_not_keep_an_inner_frame_from_connecting(
    chromium: BrowserThread, counter: tuple[str, list[str]], callers: tuple[str, list[str]]
) -> None:
    """Why a page is cleaned as well; and the test above can see a connection."""
    from html import escape

    from wx_notebook.render.page import HEAD

    url, seen = callers
    inner = escape(f"{HEAD}<iframe src={url}/12></iframe>")
    chromium.run(show_page, counter[0], f'<iframe sandbox="" srcdoc="{inner}"></iframe>')
    assert seen != []
