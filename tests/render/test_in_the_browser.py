"""Chromium's own reading of what we render: its DOM, its scripts, its requests."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from payloads import PAYLOADS

from wx_notebook.render import answer_html, markdown_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fronts import BrowserThread
    from playwright.sync_api import Page

PAGE = b"<!doctype html><title>t</title><meta charset=utf-8><body><main id=m></main>"

#: Sets each HTML as a front end does, then reads every element and attribute back.
READ = """async (htmls) => {
  const main = document.getElementById("m"), found = {};
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
      (found[where + el.localName] ??= {});
      for (const { name, value } of el.attributes)
        ((found[where + el.localName])[name] ??= {})[value] = index;
    }
    if (host.children.length !== 1) found["more than one child"] = { "": { [html]: index } };
  }
  await new Promise((done) => setTimeout(done, 700));
  return found;
}"""

ANY = None
ALLOWED: dict[str, dict[str, set[str] | None]] = {
    "div": {
        "class": {"wxn-answer mathjax_ignore tex2jax_ignore", "wxn-footer", "wxn-note"},
        "style": ANY,
    },
    "small": {},
    "a": {"href": ANY, "title": ANY, "rel": {"noopener noreferrer nofollow"}, "target": {"_blank"}},
    "span": {"class": {"mathjax_process tex2jax_process"}},
    "code": {"class": ANY},
    "pre": {"style": {"white-space: pre-wrap; overflow-wrap: anywhere"}},
    "ol": {"start": ANY},
    "td": {"style": {"text-align:left", "text-align:right", "text-align:center"}},
    "th": {"style": {"text-align:left", "text-align:right", "text-align:center"}},
} | {
    tag: {}
    for tag in ("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s",
                "blockquote", "ul", "li", "table", "thead", "tbody", "tr")
}  # fmt: skip


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
    return found, dialogs, requests


def renderings(url: str) -> list[str]:
    htmls = []
    for payload in PAYLOADS.values():
        text = payload.replace("{leak}", f"{url}/leak")
        htmls += [markdown_html(text), markdown_html(text, typeset=False)]
        htmls += [markdown_html(text[:end]) for end in range(1, len(text), 7)]
        htmls += [answer_html("x", footer=text, notes=[text]), answer_html(text, format="text")]
    return htmls


@pytest.mark.browser
def test_in_chromium_no_payload_runs_asks_or_becomes_an_element(
    chromium: BrowserThread, counter: tuple[str, list[str]]
) -> None:
    url, asked = counter
    found, dialogs, requests = chromium.run(show, url, renderings(url))
    assert (asked, dialogs, requests) == ([], [], [])
    assert found.keys() <= ALLOWED.keys()
    for tag, attributes in found.items():
        assert attributes.keys() <= ALLOWED[tag].keys(), tag
        for name, values in attributes.items():
            expected = ALLOWED[tag][name]
            assert expected is ANY or values.keys() <= expected, f"{tag} {name}"
    for address in found["a"]["href"]:
        assert address.startswith(("http://", "https://", "mailto:")), address
    for name in found["code"]["class"]:
        assert name.startswith("language-"), name
    assert len(found["div"]["style"]) == 2, (
        "the styles of answers, notes and footers are ours alone"
    )


@pytest.mark.browser
def test_the_same_payloads_without_the_renderer_do_ask_and_run(
    chromium: BrowserThread, counter: tuple[str, list[str]]
) -> None:
    """Else the test above would prove nothing."""
    url, asked = counter
    harmless_to_the_test = [
        payload.replace("{leak}", f"{url}/leak")
        for name, payload in PAYLOADS.items()
        if "surrogate" not in name and "refresh" not in name and "sends itself" not in name
    ]
    _found, dialogs, _requests = chromium.run(show, url, harmless_to_the_test)
    assert "/leak" in asked
    assert "1" in dialogs
