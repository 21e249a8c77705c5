"""The panel “watsonx” in JupyterLab and Notebook 7: one sign-in for all notebooks."""

from __future__ import annotations

import json
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.forms import Form
from support.fronts import BASE_URL, LabPage, start_jupyter
from support.guard import leaks, new_key
from support.lab_pages import THEMES, axe, execute, shoot
from support.signing_in import ask

pytestmark = pytest.mark.browser

OPEN = "wx-notebook:open-panel"
CELLS = ["%load_ext wx_notebook", "%%watsonx\nhello"]
FRONTS = ("lab", "notebook")
#: Everything that a page of this origin keeps in the browser.
STORED = """async () => {
    const found = [localStorage, sessionStorage].flatMap((one) => Object.entries(one));
    for (const { name } of await indexedDB.databases()) {
        const base = await new Promise((resolve, reject) => {
            const opening = indexedDB.open(name);
            opening.onsuccess = () => resolve(opening.result);
            opening.onerror = () => reject(opening.error);
        });
        for (const store of base.objectStoreNames) {
            found.push(await new Promise((resolve, reject) => {
                const asking = base.transaction(store).objectStore(store).getAll();
                asking.onsuccess = () => resolve(asking.result);
                asking.onerror = () => reject(asking.error);
            }));
        }
        base.close();
    }
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const one of await cache.keys()) found.push(await (await cache.match(one)).text());
    }
    return JSON.stringify([found, document.cookie, document.documentElement.outerHTML]);
}"""


class Panel(Form):
    """The form in the panel."""

    def __init__(
        self,
        lab: LabPage,
        name: str = "Sign in all notebooks of this server",
        command: str = OPEN,
    ) -> None:
        self.lab = lab
        self.place = lab.page.locator(".wx-panel")
        self.root = self.place.get_by_role("group", name=name)
        self.key = self.root.get_by_label("API key", exact=True)
        self.region = self.root.get_by_label("Region or URL")
        self.scope = self.root.get_by_label("Project or space", exact=True)
        self.search = self.root.get_by_role("combobox", name="Choose a project or space")
        self.options = self.root.get_by_role("option").filter(visible=True)
        self.status = self.root.get_by_role("status")
        execute(lab, command)
        self.root.first.wait_for()


def wait_for_line(lab, text):
    lab.page.locator(".wx-line button:visible").filter(has_text=text).wait_for()


@pytest.fixture(params=FRONTS)
def server(request, jupyter):
    """A server of its own: a sign-in there is for each of its kernels."""
    return jupyter(request.param, TESTS_OF="the panel")


def signed_in(page, server, sandbox):
    lab = LabPage(page, server)
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.post_data or ""))
    lab.open("one.ipynb", CELLS)
    lab.run(0)
    wait_for_line(lab, "not signed in yet")
    panel = Panel(lab, command="wx-notebook:sign-in")
    focused = "input => input === document.activeElement"
    lab.wait_until(lambda: panel.key.evaluate(focused), "the key's field has the focus")
    found: dict = {"shot": page.screenshot(), "axe": [*panel.violations(), *axe(lab, ".wx-panel")]}
    found["promises"] = panel.root.inner_text()
    found["help"] = panel.place.locator(".wx-panel-help").text_content()
    panel.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    panel.wait_for("connected to project 'Sandbox project'")
    panel.done()
    found["axe connected"] = []
    for theme in reversed(THEMES):
        lab.theme(theme)
        found["axe connected"] += [*panel.violations(), *axe(lab, ".wx-panel")]
    found["shot connected"] = page.screenshot()
    found["fields"] = page.locator("input").evaluate_all("all => all.map((one) => one.value)")
    wait_for_line(lab, "signed in by the Jupyter server")
    lab.run(1)
    found["answer"] = lab.output(1)
    lab.save()
    found["stored"] = page.evaluate(STORED)
    found["with the key"] = [body for body in bodies if leaks(body, sandbox.api_key)]
    found["frames"] = leaks(b"".join([*lab.seen.sent, *lab.seen.received]), sandbox.api_key)
    lab.reload()
    panel = Panel(lab)
    panel.wait_for("connected to project 'Sandbox project'")
    # a second notebook has a kernel that never saw a form
    other = LabPage(page, server)
    other.open("two.ipynb", CELLS)
    other.run(0)
    other.run(1)
    found["second"] = other.output(1)
    panel = Panel(other)
    panel.button("Log out").click()
    panel.key.wait_for()
    wait_for_line(other, "not signed in yet")
    other.run(1)
    found["after"] = other.output(1)
    found["errors"] = [*lab.seen.page_errors, *lab.seen.console_errors]
    return found


def test_a_sign_in_in_the_panel_holds_for_each_notebook_until_a_log_out_there(
    chromium, server, sandbox
):
    found = chromium.run(signed_in, server, sandbox)
    for name in ("shot", "shot connected"):
        (Path(chromium.shots) / f"panel-{server.front}-{name}.png").write_bytes(found[name])
    assert found["axe"] == found["axe connected"] == []
    assert "the sign-in ends with this server" in found["promises"]
    assert "can get access tokens, but not the key" in found["help"]
    assert "signed in by the Jupyter server: project" in found["answer"]
    assert "signed in by the Jupyter server: project" in found["second"]
    assert "The Jupyter server's sign-in has ended" in found["after"]
    assert "panel “watsonx”" in found["after"]
    assert found["errors"] == []
    # the key crossed once, to the server, and stayed nowhere in the page
    (sent,) = found["with the key"]
    assert json.loads(sent)["secret"] == sandbox.api_key
    assert found["frames"] == []
    assert leaks(found["stored"], sandbox.api_key) == []
    assert sandbox.api_key not in found["fields"]
    assert sandbox.counts["token"] == 1
    for path in server.files():
        assert leaks(path.read_bytes(), sandbox.api_key) == [], path


def chosen(page, server, sandbox, other):
    lab = LabPage(page, server)
    lab.open("choose.ipynb", CELLS)
    panel = Panel(lab)
    panel.connect(new_key(), sandbox.url)
    panel.wait_for("IBM Cloud does not know this API key")
    panel.done()
    found = {"refused": panel.said("key"), "axe refused": panel.violations()}
    panel.connect(sandbox.api_key, sandbox.url)
    panel.search.wait_for()
    found["axe"] = panel.violations()
    panel.search.fill("another")
    panel.search.press("Enter")
    panel.wait_for("connected to project 'Another one'")
    panel.done()
    lab.run(0)
    lab.run(1)
    lab.wait_for_output(1)
    panel.button("Change").click()
    panel.search.wait_for()
    panel.search.press("Escape")
    panel.wait_for("connected to project 'Another one'")
    panel.button("Log out").click()
    panel.key.wait_for()
    return found


def test_the_panel_tells_a_refused_key_and_offers_the_projects(chromium, jupyter, sandbox):
    other = sandbox.add_project("Another one")
    server = jupyter("lab", TESTS_OF="the panel")
    found = chromium.run(chosen, server, sandbox, other)
    assert "IBM Cloud does not know this API key" in found["refused"]
    assert found["axe"] == found["axe refused"] == []
    bodies = [call.body_json for call in sandbox.calls if call.kind == "chat_stream"]
    assert [body["project_id"] for body in bodies] == [other]


def stopped(page, server, sandbox, shots):
    lab = LabPage(page, server)
    lab.open("stop.ipynb", CELLS)
    panel = Panel(lab)
    panel.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    panel.button("Stop").wait_for()
    found = []
    for theme in THEMES:
        lab.theme(theme)
        found += [*panel.violations(), *axe(lab, ".wx-panel")]
        shoot(lab, shots, f"panel works {theme}")
    panel.button("Stop").click()
    panel.wait_for("The sign-in was interrupted.")
    for theme in reversed(THEMES):
        lab.theme(theme)
        found += [*panel.violations(), *axe(lab, ".wx-panel")]
        shoot(lab, shots, f"panel {theme}")
    return found


def test_a_sign_in_that_hangs_is_stopped_in_the_panel(chromium, jupyter, sandbox):
    sandbox.fault("slow-iam", times=None, seconds=60)
    server = jupyter("lab", TESTS_OF="the panel")
    assert chromium.run(stopped, server, sandbox, chromium.shots) == []


#: As behind a proxy that serves several people.
BELOW = {BASE_URL: "/user/x/"}


@pytest.fixture
def to_be_ended(tmp_path):
    """A server of one test's own: a second try of the test gets another one."""
    server = start_jupyter("lab", tmp_path / "home", BELOW)
    yield server
    server.end()


def restarted(page, server, sandbox):
    lab = LabPage(page, server)
    lab.open("restart.ipynb", CELLS)
    lab.run(0)
    panel = Panel(lab)
    panel.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    panel.wait_for("connected to project 'Sandbox project'")
    lab.run(1)
    found = {"before": lab.output(1)}
    server.end()
    # not with the mouse: sooner or later a dialog of JupyterLab about the server lies over the page
    panel.button("Log out").dispatch_event("click")
    page.locator(".wx-panel").get_by_text("can't be reached").first.wait_for()
    again = start_jupyter("lab", server.home, BELOW, before=server)
    try:
        # as when the user comes back to the tab
        page.evaluate("() => window.dispatchEvent(new Event('focus'))")
        panel.key.wait_for()
        note = page.locator(".wx-panel-note")
        note.filter(has_text="was restarted").wait_for()
        found["lost"], found["axe"] = note.inner_text(), axe(lab, ".wx-panel")
        lab.reload()
        lab.run(0)
        lab.run(1)
        found["after"] = lab.output(1)
        panel = Panel(lab)
        note.filter(has_text="was restarted").wait_for()
        panel.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
        panel.wait_for("connected to project 'Sandbox project'")
        lab.wait_until(lambda: not note.inner_text(), "nothing is lost any more")
        lab.run(1)
        found["signed in again"] = lab.output(1)
    finally:
        again.end()
    return found


def test_after_a_restart_of_the_server_its_sign_in_is_gone_and_panel_and_prompt_say_so(
    chromium, to_be_ended, sandbox
):
    found = chromium.run(restarted, to_be_ended, sandbox, fresh=True)
    assert "signed in by the Jupyter server: project" in found["before"]
    assert "restarted or has ended, and its sign-in is gone with it." in found["after"]
    assert "Next: run %watsonx login, or sign in in JupyterLab's panel" in found["after"]
    assert found["lost"] == (
        "The Jupyter server was restarted, and the sign-in that it held is gone. Sign in again."
    )
    assert found["axe"] == []
    assert "signed in by the Jupyter server: project" in found["signed in again"]


#: JupyterLab adds the time to the address.
ADDRESS = re.compile(r"/wx-notebook/sign-in(\?|$)")
#: What the server answers, and what the panel says to it.
BAD_DAYS = {
    "extension off": (404, {}, "its extension wx_notebook.server is off. Run %watsonx login"),
    "switched off": (200, {"enabled": False}, "An administrator has switched off"),
    "no leave": (403, {}, "The Jupyter server refuses this."),
    "broken": (500, {}, "The Jupyter server can't be reached. Try again in a moment."),
}


def answer_with(status, state):
    return lambda route: route.fulfill(status=status, json=state)


def on_bad_days(page, server):
    lab = LabPage(page, server)
    lab.open("bad.ipynb", ["6 * 7"])
    note = page.locator(".wx-panel-note")
    for status, state, said in BAD_DAYS.values():
        page.route(ADDRESS, answer_with(status, state))
        # asks anew whenever it is shown
        execute(lab, OPEN)
        note.filter(has_text=said).wait_for()
        page.unroute(ADDRESS)
        page.evaluate("() => jupyterapp.shell.collapseLeft()")
    Panel(lab)
    form = page.locator(".wx-panel-form")
    assert form.is_visible()
    for name in ("extension off", "switched off"):
        # a server that was restarted so, while the form was open
        status, state, said = BAD_DAYS[name]
        page.route(ADDRESS, answer_with(status, state))
        page.evaluate("() => window.dispatchEvent(new Event('focus'))")
        note.filter(has_text=said).wait_for()
        assert not form.is_visible(), "its buttons would do nothing"
        page.unroute(ADDRESS)
    # nothing else of the page minds
    lab.run(0)
    found = {"cell": lab.output(0), "page errors": lab.seen.page_errors}
    page.route(ADDRESS, share)
    Panel(lab)
    note.filter(has_text="Several people share this server").wait_for()
    found["axe"] = axe(lab, ".wx-panel")
    return found


def share(route):
    if route.request.method == "GET":
        route.fulfill(json=route.fetch().json() | {"shared": True})
    else:
        route.continue_()


def test_on_bad_days_the_panel_says_what_to_do_and_the_page_goes_on(chromium, jupyter):
    found = chromium.run(on_bad_days, jupyter("lab", TESTS_OF="the panel"))
    assert found == {"cell": "42", "page errors": [], "axe": []}


def in_german(page, server):
    lab = LabPage(page, server)
    lab.open("german.ipynb", [*CELLS[:1], "%watsonx login"])
    panel = Panel(lab, "Alle Notebooks dieses Servers anmelden")
    lab.run(0)
    lab.run(1)
    in_a_cell = lab.wait_for_output(1, "im Notebook gespeichert")
    help_text = panel.place.locator(".wx-panel-help").text_content()
    return panel.place.inner_text(), help_text, in_a_cell


def test_the_panel_and_its_form_speak_the_language_of_jupyterlab(chromium, jupyter):
    server = jupyter("lab", TESTS_OF="the panel")
    address = f"{server.url}lab/api/settings/@jupyterlab/translation-extension:plugin"
    for raw in ('{"locale": "de_DE"}', "{}"):
        if raw == "{}":
            shown, help_text, in_a_cell = chromium.run(in_german, server, fresh=True)
        set_to = ask(address, {"raw": raw}, method="PUT",
                     headers={"Authorization": f"token {server.token}"})  # fmt: skip
        assert set_to.status == 204
    assert "Der Schlüssel bleibt im Jupyter-Server." in shown
    assert "Verbinden" in shown
    assert "Verbinden" in in_a_cell
    assert "kann jedes Programm desselben Benutzers" in help_text


#: What a page of another origin can try; cookies are sent along to any port of the same host.
ATTEMPTS = """async ([jupyter, listener, secret]) => {
    const attempt = async (url, init) => {
        try {
            const reply = await fetch(url, { credentials: "include", ...init });
            return [reply.type, await reply.text()];
        } catch (error) {
            return ["failed", ""];
        }
    };
    const body = JSON.stringify({ action: "sign_out" });
    const shown = { Authorization: `Bearer ${secret}` };
    return Promise.all([
        attempt(`${jupyter}wx-notebook/sign-in`, {}),
        attempt(`${jupyter}wx-notebook/sign-in`, { mode: "no-cors" }),
        attempt(`${jupyter}wx-notebook/sign-in`, { method: "POST", body }),
        attempt(`${jupyter}wx-notebook/sign-in`, { method: "POST", body, mode: "no-cors" }),
        attempt(`${listener}/token`, { method: "POST", body: "{}", headers: shown }),
        attempt(`${listener}/token`, { method: "POST", body: "{}", mode: "no-cors" }),
        attempt(`${listener}/log-out`, { method: "POST", body: "{}", mode: "no-cors" }),
    ]);
}"""


def from_elsewhere(page, server, sandbox, elsewhere):
    lab = LabPage(page, server)
    lab.open("attack.ipynb", CELLS)
    panel = Panel(lab)
    panel.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    panel.wait_for("connected to project 'Sandbox project'")
    (file,) = (server.home / "runtime").glob("wx-notebook-server-*.json")
    known = json.loads(file.read_text())
    page.goto(elsewhere)
    found = page.evaluate(ATTEMPTS, [server.url, known["url"], known["secret"]])
    # and the user's own page goes on as before
    lab.open("attack.ipynb")
    panel = Panel(lab)
    panel.wait_for("connected to project 'Sandbox project'")
    after = json.loads(file.read_text())
    panel.button("Log out").click()
    panel.key.wait_for()
    return found, known, after


@pytest.fixture
def elsewhere(tmp_path):
    """The address of a page of another origin; a real one, for browsers know where a page is."""
    (tmp_path / "index.html").write_text("<p>evil</p>")
    serve = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_page_of_another_origin_reads_nothing_and_ends_nothing(
    chromium, jupyter, sandbox, elsewhere
):
    found, known, after = chromium.run(
        from_elsewhere, jupyter("lab", TESTS_OF="the panel"), sandbox, elsewhere, fresh=True
    )
    assert len(found) == 7
    assert {kind for kind, _ in found} <= {"failed", "opaque"}
    assert {said for _, said in found} == {""}
    assert after == known
