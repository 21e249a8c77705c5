"""The page's half of the form alone, with a stand-in for the kernel behind it: what it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.fronts import BrowserThread

from wx_notebook.login.page import module, styles
from wx_notebook.login.static_line import line_bundle
from wx_notebook.login.view import FormView, as_json

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

#: A model of one view, whose kernel acknowledges nothing by itself; what is sent is kept.
SHOW = """view => {
    const listeners = {};
    window.leave?.();
    window.sent = [];
    window.model = {
        get: name => ({ view, regions: [], detected: [], no_keyring: window.noKeyring ?? "",
                        line_id: "x" })[name],
        send: content => sent.push(content),
        on: (name, listener) => (listeners[name] ??= []).push(listener),
        off() {},
        say: (action, of) => listeners["msg:custom"].forEach(listener => listener({ action, of })),
        widget_manager: { kernel: { status: "idle", connectionStatus: "connected" } },
    };
    document.body.innerHTML = "<div id=el></div>";
    window.leave = form.default.render({ model, el: document.getElementById("el") });
    model.say("ack", "ping");
    model.say("done", "ping");
}"""
LINE = "connected to project 'Mine'"


def shown(**view: Any) -> dict[str, Any]:
    return as_json(FormView()) | view


def loaded(page: Page) -> None:
    page.set_content("<!doctype html>")
    exported = "window.form = { addButtons, waitForLine }; form.default = {"
    code = module().replace("export default {", exported)
    page.add_script_tag(content=f"{{{code}}}")


def scope(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "kind": "project", "region": "eu-de", "has_runtime": True,
            "was_last_used": False}  # fmt: skip


def changing(page: Page) -> None:
    loaded(page)
    models = {"models": ["m1", "m2"], "model": "m1", "profiles": [], "profile": ""}
    page.evaluate(SHOW, shown(phase="choosing", line=LINE, scopes=[scope("a"), scope("b")],
                              choices=models | {"scope_id": "mine"}))  # fmt: skip
    selected = page.locator("[role=option][aria-selected=true]")
    use = page.get_by_role("button", name="Use")
    use.click()
    assert page.get_by_text("Choose one from the list.").is_visible()
    assert selected.count() == 0, "what is in use is not among them"
    assert page.evaluate("sent.length") == 1, "the ping"
    page.get_by_label("Model").select_option("m2")
    use.click()
    sent = page.evaluate("({...sent.at(-1), view: 0})")
    assert sent == {"action": "choose", "scope_id": "", "model": "m2", "profile": "", "view": 0}

    page.evaluate(SHOW, shown(phase="choosing", line=LINE, scopes=[scope("a"), scope("b")],
                              choices=models | {"scope_id": "b"}))  # fmt: skip
    assert selected.inner_text().startswith("b")
    search = page.get_by_role("combobox", name="Choose a project or space")
    search.fill("a")
    assert selected.inner_text().startswith("a")
    search.fill("")
    assert selected.inner_text().startswith("b")

    # what a failed change says stands beside the line
    step = {"name": "project", "field": "scope_text", "state": "bad", "text": "Project or space",
            "message": "It cannot be reached.", "hint": "Run it again.", "link": None,
            "is_invalid": False}  # fmt: skip
    page.evaluate(SHOW, shown(phase="connected", line=LINE, steps=[step]))
    assert page.get_by_text(LINE).is_visible()
    assert page.get_by_role("alert").filter(has_text="It cannot be reached.").is_visible()

    # and what it waits for is no sign-in
    page.get_by_role("button", name="Change").click()
    page.evaluate("model.say('queued', 'change')")
    status = page.locator(".wxn-status")
    assert status.inner_text().endswith("running a cell. It continues when the cell ends.")
    page.evaluate("model.say('ack', 'change')")
    assert status.inner_text().startswith("Waiting for watsonx.ai.")

    # a view that goes says so, by itself and with its page; each message says whose it is
    page.evaluate("window.dispatchEvent(new Event('pagehide')); leave(); leave = null")
    sent = page.evaluate("sent")
    assert [one["action"] for one in sent] == ["ping", "change", "closed", "closed"]
    assert len({one["view"] for one in sent}) == 1


def test_the_lists_choose_nothing_by_themselves_and_the_line_says_why_a_change_failed(
    chromium: BrowserThread,
) -> None:
    chromium.run(changing)


def refused(page: Page) -> None:
    loaded(page)
    # a cell has signed in meanwhile, and the form's own sign-in fails
    page.evaluate(SHOW, shown())
    page.get_by_label("API key", exact=True).fill("k9" * 22)
    page.get_by_role("button", name="Connect").click()
    step = {"name": "key", "field": "secret", "state": "bad", "text": "Key",
            "message": "It is not known.", "hint": "", "link": None,
            "is_invalid": True}  # fmt: skip
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
    for prompt, told in (("[*]:", "The kernel is running a cell"),
                         ("[7]:", "The kernel has stopped or was restarted")):  # fmt: skip
        page.evaluate(SHOW, shown())
        page.evaluate(AROUND, prompt)
        page.get_by_label("API key", exact=True).fill("k9" * 22)
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
    form.addButtons(document.getElementById("line"), "x", {});
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
        form.waitForLine(area, "x", kernel, () => { arrived += 1; });
        for (let drawn = 0; drawn < 3; drawn += 1) {
            area.innerHTML = '<div data-wxn-line="x"><p>✓ connected</p></div>';
            await new Promise(resolve => setTimeout(resolve));
        }
    }
    // the cell is run again: another form, and another line
    area.innerHTML = "";
    form.waitForLine(area, "y", kernel, () => {});
    area.innerHTML = '<div data-wxn-line="y"><p>✓ connected</p></div>';
    await new Promise(resolve => setTimeout(resolve));
    window.MutationObserver = Observer;
    return [arrived, watching, kernel.statusChanged.slots.size, kernel.disposed.slots.size];
}"""


#: A line of the kernel in a page, and after the kernel is gone.
HISTORY = """html => {
    document.body.innerHTML = html;
    const line = document.querySelector("[data-wxn-line]");
    const first = line.querySelector("p").textContent;
    const slots = [];
    const kernel = { statusChanged: { connect: slot => slots.push(slot) } };
    form.addButtons(line, "x", kernel);
    const now = line.querySelector("p").textContent;
    slots.forEach(slot => slot(null, "dead"));
    return [first, now, line.querySelector("p").textContent];
}"""


def lines(page: Page) -> None:
    loaded(page)
    for line, history in (
        ("connected to project 'A · B' · eu-de · token for 60 min, renewed by itself",
         "was connected to project 'A · B' · eu-de"),
        ("set up for project 1 · eu-de · not verified yet, the first prompt does that",
         "was set up for project 1 · eu-de"),
        ("not connected to space 1 · eu-de · its token is refused",
         "was connected to space 1 · eu-de"),
    ):  # fmt: skip
        html = line_bundle(line, line_id="x")["text/html"]
        assert page.evaluate(HISTORY, html) == [history, f"✓ {line}", history]
    assert page.evaluate(COUNT, [3600, False, [1, 54, 56, 60, 90]]) == [
        "✓ token for 59 min, x", "✓ token for 6 min, x", "✓ token expires soon, x",
        "✓ token has expired, x", "✓ token has expired, x",
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


# --- the key's field ------------------------------------------------------------------------------


def typing(page: Page) -> None:
    loaded(page)
    page.evaluate(SHOW, shown())
    key = page.get_by_label("API key", exact=True)
    region = page.get_by_label("Region or URL")
    for undone_in in (key, region):
        page.evaluate(SHOW, shown())
        region.press_sequentially("eu")
        key.press_sequentially("k9" * 22)
        key.press("Enter")
        page.evaluate("model.say('ack', 'connect'); model.say('done', 'connect')")
        assert key.input_value() == ""
        assert key.evaluate("e => e === document.activeElement"), "one can go on typing"
        for press in ["Control+z"] * 50 + ["Control+Shift+z"] * 50 + ["Control+y"] * 50:
            undone_in.press(press)
            assert key.input_value() == ""
    # nor what Escape has cleared, or another kind of account
    key.press_sequentially("k9" * 22)
    key.press("Escape")
    key.press("Control+z")
    assert key.input_value() == ""
    key.press_sequentially("k9" * 22)
    page.get_by_role("button", name="Not an IBM Cloud key?").click()
    page.get_by_label("Kind of account").select_option("token")
    token = page.get_by_label("Access token", exact=True)
    token.press("Control+z")
    assert token.input_value() == ""


@pytest.mark.slow  # hundreds of keys
def test_no_undo_and_no_redo_brings_a_key_back(chromium: BrowserThread) -> None:
    chromium.run(typing)


def escaping(page: Page) -> None:
    loaded(page)
    page.evaluate(SHOW, shown())
    key = page.get_by_label("API key", exact=True)
    scope_field = page.get_by_label("Project or space", exact=True)
    key.fill("k9" * 22)
    scope_field.fill("Mine")
    others = [page.get_by_label("Region or URL"), scope_field,
              page.get_by_role("button", name="Connect"),
              page.get_by_role("button", name="Not an IBM Cloud key?")]  # fmt: skip
    for other in others:
        other.press("Escape")
        assert key.input_value() == "k9" * 22
    key.press("Escape")
    assert key.input_value() == ""
    assert scope_field.input_value() == "Mine"
    # in the search it clears the search first, and closes the lists then
    page.evaluate(SHOW, shown(phase="choosing", scopes=[scope("a"), scope("b")]))
    search = page.get_by_role("combobox")
    search.fill("a")
    search.press("Escape")
    assert search.input_value() == ""
    assert page.get_by_role("option").count() == 2
    search.press("Escape")
    assert page.evaluate("sent.at(-1).action") == "back"


def test_escape_clears_the_field_that_it_is_pressed_in_and_no_other(
    chromium: BrowserThread,
) -> None:
    chromium.run(escaping)


def asking_for_three(page: Page) -> None:
    loaded(page)
    page.add_style_tag(content=styles())
    page.evaluate(SHOW, shown())
    labels = "label.wxn-label"
    visible = page.locator(labels).filter(visible=True)
    assert visible.all_inner_texts() == ["API key", "Region or URL", "Project or space"]
    boxes = [page.get_by_label(name, exact=True).bounding_box()
             for name in ("API key", "Region or URL", "Project or space")]  # fmt: skip
    assert boxes[0]["y"] < boxes[1]["y"], "what is needed stands first"
    assert abs(boxes[1]["y"] - boxes[2]["y"]) < 2, "what is not needed side by side"
    other = page.get_by_role("button", name="Not an IBM Cloud key?")
    other.click()
    kind = page.get_by_label("Kind of account")
    assert kind.evaluate("e => e === document.activeElement")
    assert not other.is_visible()
    kind.select_option("cluster")
    assert "User name" in visible.all_inner_texts()
    # a form that is opened for another kind shows which one
    page.evaluate(SHOW, shown(values={"kind": "token"}))
    assert kind.is_visible()
    # where nothing can be remembered, a sentence says so: nothing is there that cannot be used
    page.evaluate("window.noKeyring = 'There is no keyring.'")
    page.evaluate(SHOW, shown())
    said = page.get_by_text("No system keyring can be used here")
    assert said.is_visible()
    assert said.get_attribute("title") == "There is no keyring."
    assert page.locator("input[type=checkbox]").count() == 0
    assert page.locator(":disabled").filter(visible=True).count() == 0


def test_it_asks_for_key_region_and_project_and_hides_the_rest(chromium: BrowserThread) -> None:
    chromium.run(asking_for_three)


def going_on(page: Page) -> None:
    loaded(page)
    page.evaluate(SHOW, shown(keeps_key=True))
    key = page.get_by_label("API key", exact=True)
    assert key.get_attribute("placeholder") == "accepted, kept for this attempt"
    page.get_by_label("Project or space", exact=True).fill("Mine")
    key.press("Enter")
    assert page.evaluate("sent.at(-1).scope_text") == "Mine"
    page.evaluate(SHOW, shown())
    key.press("Enter")
    assert page.get_by_text("An API key is needed. Paste it here.").is_visible()
    assert page.evaluate("sent.length") == 1, "the ping"


def test_an_accepted_key_is_not_asked_for_again(chromium: BrowserThread) -> None:
    chromium.run(going_on)


#: The kernel is gone, by what Jupyter says.
LOSE = "model.widget_manager.kernel.status = 'dead'"


def left(page: Page) -> None:
    loaded(page)
    for view in (shown(), shown(phase="choosing", scopes=[scope("a")]),
                 shown(phase="connected", line=LINE)):  # fmt: skip
        page.evaluate(SHOW, view)
        page.evaluate(f"{LOSE}; leave()")
        page.evaluate(SHOW, view)
        page.evaluate("""() => {
            model.widget_manager.kernel.status = 'dead';
            (document.querySelector('.wxn-accept:not([hidden])') ?? document.body).click();
            document.querySelectorAll('.wxn-bar .wxn-button').forEach(b => b.click());
        }""")
        said = page.locator("#el").inner_text().split("\n")
        assert [line for line in said if line] == [
            "The kernel has stopped or was restarted. Run this cell again."
        ]


def test_a_form_without_its_kernel_is_one_line_of_text(chromium: BrowserThread) -> None:
    chromium.run(left)
