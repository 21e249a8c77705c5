"""The page's half of the form alone, with a stand-in for the kernel behind it: what it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fronts import BrowserThread

from wx_notebook.form.page import module
from wx_notebook.form.steps import View, as_json

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

#: A model of one view, whose kernel acknowledges nothing by itself; what is sent is kept.
SHOW = """view => {
    const listeners = {};
    window.leave?.();
    window.sent = [];
    window.model = {
        get: name => ({ view, regions: [], offers: [], no_keyring: "", line_id: "x" })[name],
        send: content => sent.push(content),
        on: (name, listener) => (listeners[name] ??= []).push(listener),
        off() {},
        say: (act, of) => listeners["msg:custom"].forEach(listener => listener({ act, of })),
        widget_manager: { kernel: { status: "idle", connectionStatus: "connected" } },
    };
    document.body.innerHTML = "<div id=el></div>";
    window.leave = form.default.render({ model, el: document.getElementById("el") });
    model.say("ack", "ping");
    model.say("done", "ping");
}"""
LINE = "connected to project 'Mine'"


def shown(**view: Any) -> dict[str, Any]:
    return as_json(View()) | view


def loaded(page: Page) -> None:
    page.set_content("<!doctype html>")
    exported = "window.form = { enliven, adopt }; form.default = {"
    code = module().replace("export default {", exported)
    page.add_script_tag(content=f"{{{code}}}")


def place(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "kind": "project", "region": "eu-de", "ready": True,
            "last": False}  # fmt: skip


def changing(page: Page) -> None:
    loaded(page)
    models = {"models": ["m1", "m2"], "model": "m1", "profiles": [], "profile": ""}
    page.evaluate(SHOW, shown(phase="choosing", line=LINE, places=[place("a"), place("b")],
                              lists=models | {"place": "mine"}))  # fmt: skip
    selected = page.locator("[role=option][aria-selected=true]")
    use = page.get_by_role("button", name="Use")
    use.click()
    assert page.get_by_text("Choose one of the list.").is_visible()
    assert selected.count() == 0, "what is in use is not among them"
    assert page.evaluate("sent.length") == 1, "the ping"
    page.get_by_label("Model").select_option("m2")
    use.click()
    sent = page.evaluate("({...sent.at(-1), view: 0})")
    assert sent == {"act": "choose", "place": "", "model": "m2", "profile": "", "view": 0}

    page.evaluate(SHOW, shown(phase="choosing", line=LINE, places=[place("a"), place("b")],
                              lists=models | {"place": "b"}))  # fmt: skip
    assert selected.inner_text().startswith("b")
    search = page.get_by_role("combobox", name="Choose a project or space")
    search.fill("a")
    assert selected.inner_text().startswith("a")
    search.fill("")
    assert selected.inner_text().startswith("b")

    # what a failed change says stands beside the line
    step = {"name": "project", "field": "billed_to", "state": "bad", "text": "Project or space",
            "why": "It cannot be reached.", "repair": "Run it again.", "link": None,
            "invalid": False}  # fmt: skip
    page.evaluate(SHOW, shown(phase="connected", line=LINE, steps=[step]))
    assert page.get_by_text(LINE).is_visible()
    assert page.get_by_role("alert").filter(has_text="It cannot be reached.").is_visible()

    # and what it waits for is no sign-in
    page.get_by_role("button", name="Change").click()
    page.evaluate("model.say('queued', 'change')")
    status = page.locator(".wxn-status")
    assert status.inner_text().endswith("busy with a running cell; it goes on when that ends.")
    page.evaluate("model.say('ack', 'change')")
    assert status.inner_text().startswith("Asking watsonx.ai.")

    # a view that goes says so, by itself and with its page; each message says whose it is
    page.evaluate("window.dispatchEvent(new Event('pagehide')); leave(); leave = null")
    sent = page.evaluate("sent")
    assert [one["act"] for one in sent] == ["ping", "change", "bye", "bye"]
    assert len({one["view"] for one in sent}) == 1


def test_the_lists_choose_nothing_by_themselves_and_the_line_says_why_a_change_failed(
    chromium: BrowserThread,
) -> None:
    chromium.run(changing)


def refused(page: Page) -> None:
    loaded(page)
    # a cell has signed in meanwhile, and the form's own sign-in fails
    page.evaluate(SHOW, shown())
    page.get_by_label("API key", exact=True).fill("k" * 44)
    page.get_by_role("button", name="Connect").click()
    step = {"name": "key", "field": "secret", "state": "bad", "text": "Key",
            "why": "It is not known.", "repair": "", "link": None, "invalid": True}  # fmt: skip
    page.evaluate(
        """view => {
            const before = model.get;
            model.get = name => name === "view" ? view : before(name);
            model.say("ack", "connect");
            model.say("done", "connect");
        }""",
        shown(phase="connected", line=LINE, steps=[step]),
    )
    assert page.get_by_label("API key", exact=True).is_visible()
    assert page.get_by_text("It is not known.").is_visible()
    page.get_by_role("button", name="Cancel").click()
    assert page.get_by_text(LINE).is_visible()


def test_who_typed_a_key_that_is_refused_goes_on_typing_beside_an_earlier_session(
    chromium: BrowserThread,
) -> None:
    chromium.run(refused)


#: The notebook around the form, as JupyterLab writes it; a cell in it runs, or none does.
AROUND = """prompt => {
    const prompts = document.createElement("div");
    prompts.className = "jp-Notebook";
    prompts.innerHTML = `<div class="jp-InputPrompt">${prompt}</div>`;
    const here = document.getElementById("el");
    here.replaceWith(prompts);
    prompts.append(here);
}"""


def kept_waiting(page: Page) -> None:
    page.clock.install()
    loaded(page)
    status = page.locator(".wxn-status")
    # JupyterLab says "idle" of a kernel whose cell runs as soon as another message is done
    for prompt, told in (("[*]:", "The kernel is busy with a running cell"),
                         ("[7]:", "The kernel is gone or was restarted")):  # fmt: skip
        page.evaluate(SHOW, shown())
        page.evaluate(AROUND, prompt)
        page.get_by_label("API key", exact=True).fill("k" * 44)
        page.get_by_role("button", name="Connect").click()
        page.clock.run_for(5_000)
        assert status.inner_text().startswith(told)


def test_a_kernel_that_does_not_answer_is_busy_while_a_cell_runs_and_gone_else(
    chromium: BrowserThread,
) -> None:
    chromium.run(kept_waiting)


#: Lines whose clock is moved by hand.
COUNT = """([seconds, renewed, minutes]) => {
    document.body.innerHTML = `<div id=line><p>✓ <span data-wxn-seconds="${seconds}"
        ${renewed ? 'data-wxn-renewed="true"' : ""}>token for ${seconds / 60} min</span>, x</p>
        </div>`;
    const [now, every] = [Date.now, window.setInterval];
    let passed = 0;
    let tick;
    const began = now();
    Date.now = () => began + passed;
    window.setInterval = listener => { tick = listener; };
    form.enliven(document.getElementById("line"), "x", {});
    window.setInterval = every;
    const said = minutes.map(minute => {
        passed = minute * 60_000;
        tick();
        return document.querySelector("#line p").textContent;
    });
    Date.now = now;
    return said;
}"""
#: The same line drawn anew again and again, in a form that is opened again and again.
REDRAWN = """async () => {
    const signal = () => {
        const slots = new Set();
        return { slots, connect: slot => slots.add(slot), disconnect: slot => slots.delete(slot) };
    };
    const kernel = { statusChanged: signal(), disposed: signal() };
    let watching = 0;
    const Observer = window.MutationObserver;
    window.MutationObserver = class extends Observer {
        observe(...all) { watching += 1; super.observe(...all); }
        disconnect() { watching -= 1; super.disconnect(); }
    };
    document.body.innerHTML = "<div id=area></div>";
    const area = document.getElementById("area");
    let arrived = 0;
    for (let opened = 0; opened < 3; opened += 1) {
        form.adopt(area, "x", kernel, () => { arrived += 1; });
        for (let drawn = 0; drawn < 3; drawn += 1) {
            area.innerHTML = '<div data-wxn-line="x"><p>✓ connected</p></div>';
            await new Promise(resolve => setTimeout(resolve));
        }
    }
    // the cell is run again: another form, and another line
    area.innerHTML = "";
    form.adopt(area, "y", kernel, () => {});
    area.innerHTML = '<div data-wxn-line="y"><p>✓ connected</p></div>';
    await new Promise(resolve => setTimeout(resolve));
    window.MutationObserver = Observer;
    return [arrived, watching, kernel.statusChanged.slots.size, kernel.disposed.slots.size];
}"""


def lines(page: Page) -> None:
    loaded(page)
    assert page.evaluate(COUNT, [3600, False, [1, 54, 56, 60, 90]]) == [
        "✓ token for 59 min, x", "✓ token for 6 min, x", "✓ token ends soon, x",
        "✓ token has ended, x", "✓ token has ended, x",
    ]  # fmt: skip
    assert page.evaluate(COUNT, [3600, True, [1, 56, 90]]) == [
        "✓ token for 59 min, x", "✓ token, x", "✓ token, x"
    ]  # fmt: skip
    # the status of the kernel by one line, that it goes by the line and by who waits for it
    assert page.evaluate(REDRAWN) == [9, 1, 1, 2]


def test_a_line_tells_how_long_a_token_lives_and_what_is_drawn_anew_leaves_nothing_behind(
    chromium: BrowserThread,
) -> None:
    chromium.run(lines)
