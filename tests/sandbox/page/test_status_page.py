"""The page at `/` shows what was asked and answered, to this machine's user and to nobody else."""

from __future__ import annotations

import html
import re

import pytest
import requests

from wx_notebook.sandbox import FAULTS, Sandbox
from wx_notebook.sandbox.page.status_page import reply_text

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAYLOAD = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>&{{"


@pytest.fixture
def look(client):
    """Gets the page as a browser does."""

    def get(path="/", **headers):
        url = client.sandbox.url + path
        return requests.get(url, headers=BROWSER | headers, timeout=10, allow_redirects=False)

    return get


def calls_in(page):
    """Kind and outcome of each call on the page, newest first."""
    found = re.findall(r"<b>([^<]*)</b> ([^<]*)</summary>", page.text)
    return [(kind, re.sub(r"[0-9.]+ s", "N s", told)) for kind, told in found]


def test_the_page_shows_what_was_asked_and_what_was_answered(client, look):
    client.sandbox.say("An answer in words.", "A streamed one.", "Once upon a time.")
    client.chat("What is a watt?", temperature=0.25)
    assert client.stream("And a volt?").content
    client.generate("Once")
    client.chat(model_id="none")
    client.sandbox.wait_for(lambda call: call.status == 404 and call.seconds is not None)
    page = look()
    assert page.status_code == 200
    assert calls_in(page) == [
        ("chat", "404 after N s"),
        ("generation", "200 after N s"),
        ("chat_stream", "200 after N s"),
        ("chat", "200 after N s"),
        ("token", "200 after N s"),
    ]
    text = html.unescape(page.text)
    for words in ("What is a watt?", '"temperature": 0.25', "POST /ml/v1/text/chat?version=",
                  "An answer in words.", "A streamed one.", "Once upon a time.",
                  "model_not_supported: Model 'none' is not supported",
                  "user-agent: python-requests"):  # fmt: skip
        assert words in text


def test_a_call_of_a_tool_is_shown_with_its_arguments(client, look):
    schema = {"type": "object", "properties": {"city": {"const": "Paris"}}, "required": ["city"]}
    tool = {"type": "function", "function": {"name": "weather", "parameters": schema}}
    client.chat("x", tools=[tool])
    assert 'weather {"city": "Paris"}' in html.unescape(look().text)


def test_an_answer_is_shown_while_it_comes(client_of):
    with Sandbox(words_per_second=0.01) as sandbox:
        client = client_of(sandbox)
        with client.stream("slow") as reply:
            pieces = reply.iter_content(None)
            next(pieces)
            page = requests.get(sandbox.url, headers=BROWSER, timeout=10)
            assert calls_in(page)[0] == ("chat_stream", "200, in progress")
        sandbox.wait_for(lambda call: call.client_gone)
        page = requests.get(sandbox.url, headers=BROWSER, timeout=10)
    assert calls_in(page)[0] == ("chat_stream", "200 after N s, the client left")


def test_neither_keys_nor_tokens_are_on_the_page(client, look):
    sandbox = client.sandbox
    key = sandbox.api_key
    client.chat(f"my key is {key}", max_completion_tokens=1000)
    assert client.stream(f"{key} is my key", max_completion_tokens=1000).content
    assert client.stream(f"my key is {key}", max_completion_tokens=70).content
    client.exchange("A" * 44)
    client.get("/v2/projects")
    client.get(f"/v2/projects/{key}")
    headers = {"Cookie": "session=cookie-secret", "X-Api-Key": "other-secret"}
    requests.get(f"{sandbox.url}/v2/projects?apikey={key}", timeout=10, headers=headers)
    requests.post(f"{sandbox.url}/identity/token", timeout=10,
                  data={"grant_type": "urn:ibm:params:oauth:grant-type:apikey",
                        "apikey": "somebody-elses-key"})  # fmt: skip
    text = html.unescape(look().text)
    bare = text.replace("\\", "")
    for secret in (key, key[:16], client.token, sandbox.storage_secret, "cookie-secret",
                   "other-secret", "somebody-elses-key", "A" * 44):  # fmt: skip
        assert secret not in bare
    assert "<hidden>" in text
    assert "BXNIM0415E" in text or "could not be found" in text


def test_the_upstreams_key_is_not_on_the_page(monkeypatch, client_of):
    from support.upstreams import UpstreamServer

    monkeypatch.setenv("WX_NOTEBOOK_UPSTREAM_KEY", "upstream-secret-1")
    with UpstreamServer() as upstream, Sandbox(upstream=upstream.url) as sandbox:
        client_of(sandbox).chat()
        page = requests.get(sandbox.url, headers=BROWSER, timeout=10).text
    assert "upstream-secret-1" not in page
    assert upstream.url in page
    assert "Hello there!" in page


def test_foreign_text_stays_text(client, look):
    client.sandbox.say(PAYLOAD)
    client.chat(PAYLOAD)
    client.get(f"/{PAYLOAD}", **{PAYLOAD: PAYLOAD})
    client.http.get(client.sandbox.url, headers={"X-Foreign": PAYLOAD}, timeout=10)
    page = look().text
    assert "<img" not in page
    assert "onerror=alert(2)>" not in page
    assert page.count("<script") == 1
    assert '<script src="/sandbox/page.js" defer></script>' in page


def test_the_policy_of_the_page_allows_nothing_inline_and_nothing_remote(look):
    page = look()
    policy = dict(part.strip().split(" ", 1)
                  for part in page.headers["Content-Security-Policy"].split(";"))  # fmt: skip
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "data:",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in page.headers
    assert not re.search(r"(?i)<style|style=|\son[a-z]+=|javascript:|https?://(?!127\.0\.0\.1)",
                         page.text)  # fmt: skip


def test_its_files_come_with_their_types_and_fetch_nothing_from_elsewhere(look):
    page = look().text
    for path, kind in (("/sandbox/page.css", "text/css"), ("/sandbox/page.js", "text/javascript")):
        assert path in page
        reply = look(path)
        assert reply.headers["Content-Type"].startswith(kind)
        assert "://" not in reply.text
        assert not re.search(r"innerHTML\s*=[^=]|insertAdjacentHTML|eval\(", reply.text)


def test_without_scripts_it_is_a_list_that_renews_itself(look):
    page = look().text
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert '<form method="post" action="/sandbox/faults">' in page


def test_it_is_light_and_dark(look):
    style = look("/sandbox/page.css").text
    assert "color-scheme: light dark" in style
    assert "prefers-color-scheme: dark" in style


def test_a_form_switches_a_fault_and_leads_back_to_the_page(client, look):
    token = re.search(r'name="token" value="([^"]+)"', look().text)[1]
    assert all(f'<option value="{name}">' in look().text for name in FAULTS)
    url = f"{client.sandbox.url}/sandbox/faults"
    origin = {"Origin": client.sandbox.url, "Sec-Fetch-Site": "same-origin"}
    form = {"token": token, "fault": "503", "probability": "", "times": "2", "after": ""}
    reply = requests.post(url, data=form, headers=BROWSER | origin, timeout=10)
    assert [each.status_code for each in reply.history] == [303]
    assert "503 service_unavailable instead of an answer (2 more)" in reply.text
    assert client.chat().status_code == 503
    reply = requests.post(url, data={"token": token, "off": "0"}, headers=BROWSER, timeout=10)
    assert "No fault is on." in reply.text
    assert client.chat().status_code == 200


def test_the_page_shows_the_error_of_an_unknown_fault(client, look):
    url = f"{client.sandbox.url}/sandbox/faults"
    form = {"token": client.sandbox.page_token, "fault": "<b>"}
    reply = requests.post(url, data=form, headers=BROWSER, timeout=10)
    assert reply.status_code == 400
    assert '<p role="alert">Unknown fault &#x27;&lt;b&gt;&#x27;. Faults: 429' in reply.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.nip.io"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_no_page_of_another_site_reads_what_was_asked(client, look, headers):
    client.chat("a private prompt")
    page = look(**headers)
    assert page.status_code == 403
    assert "a private prompt" not in page.text
    assert client.sandbox.page_token not in page.text


def test_a_link_from_elsewhere_leads_to_the_page(look):
    page = look(**{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert page.status_code == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_every_name_of_the_loopback_is_ours_at_any_forwarded_port(look, host):
    assert look(Host=f"{host}:9999").status_code == 200


def test_clients_that_are_no_browser_get_text_or_json_at_the_root(client):
    url = client.sandbox.url
    plain = requests.get(url, timeout=10)
    assert plain.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert plain.text.startswith("The wx_notebook sandbox: a stand-in of IBM Cloud IAM")
    assert "No model is behind it." in plain.text
    asked = requests.get(url, headers={"Accept": "application/json"}, timeout=10)
    assert asked.json()["about"] == plain.text.strip()
    assert client.sandbox.counts == {"root": 2}


def test_looking_at_the_page_is_not_in_the_record_and_meets_no_fault(client, look):
    client.sandbox.fault("500", on="any", times=None)
    look()
    look("/sandbox/page.js")
    assert look().status_code == 200
    assert client.sandbox.counts == {}
    assert client.sandbox.calls == []


@pytest.mark.slow
def test_a_long_prompt_and_a_long_answer_are_shown_in_part(client, look):
    client.sandbox.say_pieces(["word "] * 30_000)
    assert client.stream("x" * 300_000, max_completion_tokens=0).content
    page = look().text
    assert len(page) < 60_000
    assert "more characters" in page
    assert "the rest is not kept" in page


def test_the_page_shows_the_last_calls_only(client, look):
    for _ in range(60):
        client.get("/", auth=False)
    assert len(calls_in(look())) == 50


@pytest.mark.browser
def test_in_a_browser_it_shows_calls_as_they_come_and_runs_nothing_of_theirs(client, chromium):
    sandbox = client.sandbox

    def scenario(page):
        problems, dialogs = [], []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: line.type == "error" and problems.append(line.text))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(sandbox.url)
        page.get_by_text("Nothing yet: run a cell.").wait_for()
        sandbox.say(PAYLOAD)
        client.chat(f"A first prompt {PAYLOAD}")
        entry = page.locator("#calls li").filter(has_text="chat")
        entry.locator("summary").click()
        entry.get_by_text("A first prompt").wait_for()
        client.chat("A second prompt")
        page.locator("#calls li").nth(2).wait_for()
        # what was opened stays open while others come
        assert entry.last.locator("details").evaluate("it => it.open")
        page.locator("select").select_option("503")
        page.get_by_role("button", name="Switch on").click()
        page.get_by_text("503 service_unavailable instead of an answer (1 more)").wait_for()
        assert client.chat().status_code == 503
        page.get_by_text("No fault is on.").wait_for()
        page.emulate_media(color_scheme="dark")
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.emulate_media(color_scheme="light")
        assert dark != page.evaluate("getComputedStyle(document.body).backgroundColor")
        return problems, dialogs

    assert chromium.run(scenario) == ([], [])


@pytest.mark.parametrize("kind", ["chat", "stream"])
def test_several_choices_are_shown_one_after_the_other(client, kind):
    client.sandbox.say("one two three", "four five six")
    reply = getattr(client, kind)(n=2).content
    shown = reply_text(reply)
    assert "[answer 1]\none two three\n\n[answer 2]\nfour five six\n\n[" in shown


def test_a_prompt_that_a_guardrail_stopped_is_shown_as_it_came(client):
    guards = {"pii": {"input": {"enabled": True}}}
    for kind in ("chat", "stream"):
        reply = getattr(client, kind)("call 3334523123", moderations=guards).content
        assert "UNSUITABLE_INPUT" in reply_text(reply)
