"""The form in JupyterLab and Notebook 7, with a real kernel and a sandbox behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.forms import GONE, LOGIN, PASTE, RUNS, Form, holding, opened, to_kernel
from support.fronts import BrowserThread, JupyterServer, LabPage

from wx_notebook.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Servers = Callable[..., JupyterServer]

pytestmark = pytest.mark.browser

BOTH = pytest.mark.parametrize("front", ["lab", "notebook"])


def clean(lab: LabPage) -> None:
    assert lab.seen.foreign == lab.seen.page_errors == lab.seen.console_errors == []


def widget_models(book: Any) -> dict[str, Any]:
    """What a saved notebook holds of widgets."""
    state = book.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    return state.get("state", {})


# --- one field is enough, and every state is open to everyone ------------------------------------


def by_keyboard_alone(page: Page, server: JupyterServer, sandbox: Sandbox) -> None:
    lab, form = opened(page, server, f"keyboard-{server.front}.ipynb", "6 * 7")
    lab.save_widget_state()
    form.key.focus()
    order = []
    for _ in range(5):
        page.keyboard.press("Tab")
        order.append(
            page.evaluate(
                "(document.activeElement.labels?.[0] ?? document.activeElement).innerText"
            )
            .split("(")[0]
            .strip()
        )
    assert order == ["or a file …", "Create a key at cloud.ibm.com", "Region or URL",
                     "Project or space", "Where to find its ID"]  # fmt: skip
    form.region.fill(sandbox.url)
    form.key.focus()
    before = to_kernel(lab)
    page.keyboard.type(sandbox.api_key, delay=2)
    assert form.key.input_value() == sandbox.api_key
    assert to_kernel(lab) == before, "0 frames while typing"
    assert holding(lab.seen.sent, sandbox.api_key) == []

    # the rest is found out; what there is to choose from has names
    page.keyboard.press("Enter")
    form.options.first.wait_for()
    assert form.key.input_value() == ""
    assert form.said("key") == "done: Key accepted for Sandbox User"
    assert form.said("region") == f"done: Region {sandbox.url}"
    assert [text.split("\n")[0] for text in form.options.all_inner_texts()] == [
        "Sandbox project", "Sandbox space", "Project without a runtime"
    ]  # fmt: skip
    assert form.search.evaluate("field => field === document.activeElement")
    page.keyboard.type("space")
    assert form.options.all_inner_texts()[0].startswith("Sandbox space")
    assert form.root.get_by_text("1 of 3").is_visible()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.press("Delete")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    form.wait_for("✓ connected to project 'Sandbox project'")
    assert len(holding(lab.seen.sent, sandbox.api_key)) == 1
    assert holding(lab.seen.received, sandbox.api_key) == []

    # one line, of which the file has text and HTML, and nothing of a widget
    form.button("Change").wait_for()
    book = lab.save()
    (output,) = book.cells[1].outputs
    assert set(output.data) == {"text/plain", "text/html"}
    assert output.data["text/plain"].startswith("was connected to project 'Sandbox project' · ")
    assert "token for" not in output.data["text/plain"], "it reads as history"
    assert "%watsonx status" in output.data["text/html"]
    # the page hears a moment later that the widget is closed
    lab.wait_until(lambda: not widget_models(lab.save()), "nothing of a widget is left")

    # Change opens the same lists, without a new login; Escape goes back
    exchanges = sandbox.counts["token"]
    assert "Sandbox project" in page.evaluate("document.activeElement.innerText"), "the focus"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    form.options.first.wait_for()
    assert "last used" in form.options.first.inner_text()
    form.root.get_by_label("Model").select_option("mistralai/mistral-medium-2505")
    form.wait_for("Until you choose: connected to project 'Sandbox project'")
    form.search.fill("space")
    form.search.press("Enter")
    form.wait_for("✓ connected to space 'Sandbox space'")
    assert "model mistralai/mistral-medium-2505" in form.root.inner_text()
    form.button("Change").press("Enter")
    form.options.first.wait_for()
    form.search.press("Escape")
    form.wait_for("✓ connected to space 'Sandbox space'")
    assert sandbox.counts["token"] == exchanges
    (output,) = lab.save().cells[1].outputs
    assert set(output.data) == {"text/plain", "text/html"}

    form.button("Log out").press("Enter")
    form.key.wait_for()
    lab.run(2)
    assert lab.wait_for_output(2) == "42"
    clean(lab)


@BOTH
def test_one_field_is_enough_by_keyboard_alone_and_the_file_keeps_a_line_of_text(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox, front: str
) -> None:
    chromium.run(by_keyboard_alone, jupyter(front), sandbox, limit_s=300)


# --- what goes wrong stands beside its field -----------------------------------------------------


def wrong(page: Page, server: JupyterServer, sandbox: Sandbox) -> None:
    lab, form = opened(page, server, f"wrong-{server.front}.ipynb")
    key, url = sandbox.api_key, sandbox.url

    # what can be seen at once is not sent
    sent = to_kernel(lab)
    form.connect("   ", url)
    assert form.alerts() == "An API key is needed. Paste it here."
    assert form.key.get_attribute("aria-invalid") == "true"
    form.connect("something", url, key)
    assert "looks like an API key" in form.alerts()
    assert form.scope.input_value() == ""
    form.connect("something", "https://admin:hunter2@cpd.example.com")
    assert "contains a user name or a password" in form.alerts()
    assert form.region.input_value() == ""
    assert to_kernel(lab) == sent

    bare = sandbox.bare_project_id
    nobody = "12345678-1234-4123-8123-123456789abc"
    for given, step, field, words, link in [
        (("w9" * 22, url, ""), "key", form.key, "BXNIM0415E", "cloud.ibm.com/iam/apikeys"),
        ((key, "mars", ""), "region", form.region, "'mars' is not a region", ""),
        ((key, "https://evil.example", ""), "region", form.region, "not an IBM host", ""),
        ((key, url, "no/id"), "project", form.scope, "is not a UUID", "/projects?context=wx"),
    ]:
        form.connect(*given)
        form.step(step).get_by_text(words).wait_for()
        form.done()
        line = form.step(step)
        assert form.said(step).startswith("failed: ")
        assert field.get_attribute("aria-invalid") == "true"
        described = page.evaluate(
            "([input, line]) => input.getAttribute('aria-describedby').split(' ')"
            ".some(id => document.getElementById(id).contains(line))",
            [field.element_handle(), line.element_handle()],
        )
        assert described, "a screen reader finds the reason from the field"
        assert field.evaluate("field => field === document.activeElement")
        distance = line.bounding_box()["y"] - field.bounding_box()["y"]
        assert 0 < distance < 60, "it stands below its field"
        if link:
            assert link in line.get_by_role("link").get_attribute("href")
        else:
            assert line.get_by_role("link").count() == 0
        assert form.region.input_value() == given[1]
        # what was found to be wrong before the key went anywhere asks for no key again
        assert form.key.input_value() == ("" if words == "BXNIM0415E" else key)

    # a project that is not there leads to the list: the key was accepted
    for scope, words in ((nobody, "was not found"), ("Sandbox projct", "Did you mean 'Sandbox ")):
        form.connect(key, url, scope)
        form.wait_for(words)
        form.done()
        assert form.options.count() == 3
        form.search.press("Escape")
        form.key.wait_for()

    # IAM fails, and answers garbage: no field is to blame
    for fault in ("iam-500", "iam-html"):
        sandbox.fault(fault, times=None)
        form.connect(key, url, sandbox.project_id)
        form.done()
        assert form.step("key").get_attribute("data-state") == "bad"
        assert "eyJ" not in form.said("key")
        sandbox.clear_faults()
    assert form.root.locator("[aria-invalid]").count() == 0

    # a project without a runtime is no error of the sign-in, and is said for good
    form.connect(key, url, bare)
    form.wait_for("has no watsonx.ai Runtime associated.")
    form.wait_for("✓ connected to project 'Project without a runtime'")
    assert "Associate service" in lab.save().cells[1].outputs[0].data["text/plain"]
    clean(lab)


def test_what_is_wrong_stands_beside_its_field_with_its_repair(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox
) -> None:
    chromium.run(wrong, jupyter("lab"), sandbox, limit_s=300)


# --- paste anything ------------------------------------------------------------------------------


def pasting(page: Page, server: JupyterServer, sandbox: Sandbox, folder: object) -> None:
    lab, form = opened(page, server, "pasting.ipynb")
    key, url, project = sandbox.api_key, sandbox.url, sandbox.project_id

    def paste(text: str) -> str:
        page.evaluate(PASTE, [form.key.element_handle(), text])
        return form.root.locator(".wxn-note").inner_text()

    console = f"https://eu-de.dataplatform.cloud.ibm.com/projects/{project}/overview?context=wx"
    assert paste(console) == (
        "Found: the URL https://eu-de.dataplatform.cloud.ibm.com, a project ID."
    )
    assert form.key.input_value() == ""
    assert form.region.input_value() == "https://eu-de.dataplatform.cloud.ibm.com"
    assert form.scope.input_value() == project
    assert paste("https://eu-gb.ml.cloud.ibm.com/ml/v1/text/chat") == (
        "Found: the URL https://eu-gb.ml.cloud.ibm.com."
    )
    assert paste(f"apikey={key}") == "Found: a key."
    # the address after the key, in the same field
    form.key.fill(key)
    paste(console)
    assert form.key.input_value() == key
    assert form.scope.input_value() == project
    paste(json.dumps({"apikey": key}))
    hidden = form.key.input_value()
    paste(console)
    assert form.key.input_value() == hidden != ""
    form.key.press("Escape")

    env = f"WATSONX_API_KEY={key}\nWATSONX_URL={url}\nWATSONX_PROJECT_ID={project}\n"
    document = json.dumps({"name": "mine", "apikey": key})
    apikey = folder / "apikey.json"  # type: ignore[operator]
    apikey.write_text(document)
    sent = to_kernel(lab)
    for text, region in [
        (f" \t{key}  \n", url), (f"apikey={key}", url), (document, url), (env, ""), ("", url)
    ]:  # fmt: skip
        form.region.fill(region)
        form.scope.fill(project)
        if text:
            paste(text)
        else:
            form.root.get_by_label("or a file").set_input_files(apikey)
            form.wait_for("Found: the file apikey.json, which is read when you connect.")
        if text == env:
            assert form.region.input_value() == url
        assert key not in page.content(), "not as an attribute either"
        form.key.press("Enter")
        form.wait_for("✓ connected to project 'Sandbox project'")
        form.button("Log out").click()
        form.key.wait_for()
    assert to_kernel(lab) > sent
    assert len(holding(lab.seen.sent, key)) == 5, "each once"
    assert holding(lab.seen.received, key) == []
    storage = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert holding([storage.encode()], key) == []

    # who goes on typing, or presses Escape, has given up the pasted text
    paste(env)
    form.key.press("Escape")
    assert form.key.input_value() == ""
    paste(env)
    form.key.press("x")
    assert form.key.input_value() == "x"
    clean(lab)


def test_whatever_is_pasted_or_chosen_as_a_file_fills_the_right_fields(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox, tmp_path: object
) -> None:
    chromium.run(pasting, jupyter("lab"), sandbox, tmp_path, limit_s=300)


# --- other kinds ---------------------------------------------------------------------------------


def kinds(page: Page, server: JupyterServer, sandbox: Sandbox, aws: Sandbox, cp: Sandbox) -> None:
    lab, form = opened(page, server, "kinds.ipynb")
    kind = form.root.get_by_label("Kind of account")

    def labels() -> list[str]:
        shown = form.root.locator("label.wxn-label").filter(visible=True).all_inner_texts()
        return [label for label in shown if label != "Kind of account"]

    def log_out() -> None:
        form.button("Log out").click()
        kind.wait_for()

    assert labels() == ["API key", "Region or URL", "Project or space"]
    form.button("Not an IBM Cloud key?").click()
    kind.select_option("Access token")
    assert form.root.get_by_text("or a file").is_hidden()
    assert labels() == ["Access token", "Region or URL", "Project or space"]
    form.region.fill(sandbox.url)
    form.scope.fill("sandbox project")
    token = form.root.get_by_label("Access token", exact=True)
    token.fill(sandbox.issue_token())
    token.press("Enter")
    form.wait_for("✓ connected to project 'Sandbox project'")
    assert "cannot be renewed" in form.root.inner_text()
    log_out()

    kind.select_option("watsonx.ai on AWS")
    page.evaluate(PASTE, [form.key.element_handle(), json.dumps({"apikey": aws.api_key})])
    form.region.fill(aws.url)
    form.scope.fill(aws.project_id)
    form.key.press("Enter")
    form.wait_for("✓ connected to project 'Sandbox project'")
    log_out()
    assert form.root.get_by_text("or a file").is_visible()
    form.connect(aws.api_key, aws.url, aws.project_id)
    form.wait_for("✓ connected to project 'Sandbox project'")
    log_out()

    kind.select_option("Self-managed cluster (watsonx.ai software)")
    assert form.root.get_by_text("or a file").is_hidden()
    assert labels() == [
        "URL of the cluster", "User name", "Type of secret", "Password or API key",
        "Project or space",
    ]  # fmt: skip
    secret = form.root.get_by_label("Password or API key")
    for is_what, given in (("Password", cp.password), ("API key", cp.api_key)):
        form.root.get_by_label("URL of the cluster").fill(cp.url)
        form.root.get_by_label("User name").fill(cp.username)
        form.root.get_by_label("Type of secret").select_option(is_what)
        form.scope.fill(cp.project_id)
        secret.fill(given)
        secret.press("Enter")
        form.wait_for("✓ connected to project 'Sandbox project'")
        assert holding(lab.seen.received, given) == []
        log_out()
    clean(lab)


def test_each_kind_of_account_has_just_its_own_fields(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox
) -> None:
    with Sandbox(kind="mcsp") as aws, Sandbox(kind="software") as cluster:
        chromium.run(kinds, jupyter("lab"), sandbox, aws, cluster, limit_s=300)


# --- states that people really meet --------------------------------------------------------------


def busy_and_slow(page: Page, server: JupyterServer, sandbox: Sandbox) -> None:
    lab, form = opened(page, server, "busy.ipynb", RUNS)
    given = (sandbox.api_key, sandbox.url, sandbox.project_id)
    busy = "The kernel is running a cell. It signs in when the cell ends."

    def a_cell_runs() -> None:
        lab.run(2, wait=False)
        lab.wait_until(lambda: not lab.is_idle(), "the cell runs")

    def it_ends() -> None:
        (server.root / "go").touch()

    # a second time: by then JupyterLab talks to the form in a thread of its own
    for before in range(2):
        a_cell_runs()
        form.connect(*given)
        form.wait_for(busy)
        assert form.button("Connect").is_disabled()
        assert form.key.input_value() == ""
        assert sandbox.counts["token"] == before, "nothing happens beside the cell"
        it_ends()
        form.wait_for("✓ connected to project")
        form.button("Log out").click()
        form.key.wait_for()

    # what waits behind a cell can be taken back, and the cell goes on
    a_cell_runs()
    form.connect(*given)
    form.wait_for(busy)
    form.button("Stop").click()
    lab.wait_until(lambda: any(b'"cancel"' in one for one in lab.seen.sent), "it was sent")
    it_ends()
    form.wait_for("The sign-in was cancelled before it began.")
    assert "KeyboardInterrupt" not in lab.output(2)

    # IAM is slow: the seconds are told, and Stop, or Jupyter's own, ends it
    for stop in (lambda: form.button("Stop").click(), lab.interrupt):
        sandbox.fault("slow-iam", seconds=30)
        form.connect(*given)
        form.wait_for("Signing in, 1 s so far.")
        assert form.said("key") == "in progress: Checking the key"
        stop()
        form.wait_for("The sign-in was interrupted.")
        sandbox.clear_faults()
        form.done()
        assert form.button("Connect").is_enabled()
    form.connect(*given)
    form.wait_for("✓ connected to project")

    # a log out behind a running cell
    a_cell_runs()
    form.button("Log out").click()
    form.wait_for("It logs out when the cell ends")
    it_ends()
    form.key.wait_for()
    clean(lab)


def test_a_busy_kernel_and_a_slow_iam_are_told_and_can_be_stopped(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox
) -> None:
    chromium.run(busy_and_slow, jupyter("lab"), sandbox, limit_s=300)


def kernel_goes(page: Page, server: JupyterServer, sandbox: Sandbox) -> None:
    lab, form = opened(page, server, "gone.ipynb", LOGIN)
    lab.run(2)
    second = Form(lab, 2)
    form.key.fill(sandbox.api_key)
    second.key.fill(sandbox.api_key)
    lab.restart()
    for view in (form, second):
        view.wait_for(GONE)
        assert view.key.is_disabled()
        assert view.key.input_value() == ""
        assert view.root.locator("button:enabled, input:enabled, select:enabled").count() == 0
    assert holding(lab.seen.sent, sandbox.api_key) == []

    # run again, as it says: a form that works; and a line whose kernel is gone says so, too
    lab.run(0)
    lab.run(1)
    form.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    form.wait_for("✓ connected to project")
    form.button("Change").wait_for()
    lab.restart()
    form.wait_for(GONE)
    assert form.root.get_by_role("button").count() == 0

    # a file with the state of a form, opened without running it
    lab.run(0)
    lab.run(1)
    form.key.wait_for()
    lab.save_widget_state()
    lab.save()
    lab.shut_down()
    form.wait_for(GONE)
    again = LabPage(page, server)
    again.open("gone.ipynb")
    restored = Form(again)
    restored.wait_for(GONE)
    assert restored.root.locator("button:enabled, input:enabled, select:enabled").count() == 0
    # JupyterLab draws a broken link before each widget without a kernel; the words are enough
    lost = again.cell(1).locator(".jupyter-widgets-disconnected")
    assert lost.evaluate("e => getComputedStyle(e, '::before').display") == "none"


def test_a_form_whose_kernel_is_gone_says_so_and_sends_nothing(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox
) -> None:
    chromium.run(kernel_goes, jupyter("lab"), sandbox, limit_s=300)


def several(page: Page, server: JupyterServer, sandbox: Sandbox) -> None:
    lab, form = opened(page, server, "several.ipynb", LOGIN, "%watsonx logout")
    lab.save_widget_state()
    lab.run(2)
    second = Form(lab, 2)
    ids = page.evaluate("[...document.querySelectorAll('.wxn-root [id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))
    # a second tab, which shows what the first has saved
    lab.save()
    other = LabPage(page.context.new_page(), server)
    other.open("several.ipynb")
    there = Form(other)
    second.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    second.wait_for("✓ connected to project")
    # the other form, and the other tab, show it as well
    form.wait_for("connected to project 'Sandbox project'")
    there.wait_for("connected to project 'Sandbox project'")
    assert form.button("Log out").is_visible()
    form.root.and_(page.locator(".wxn-saved")).wait_for()
    # a cell takes it back
    lab.run(3)
    for line in (form, second):
        line.wait_for("logged out")
    there.key.wait_for()
    # run twice: the form of the first time has gone, and the kernel holds one of each cell
    lab.run(1)
    lab.run(1)
    form = Form(lab)
    form.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    form.wait_for("✓ connected to project")
    # a form that finds somebody signed in is the line at once, in the file as well
    lab.run(2)
    second.root.and_(page.locator(".wxn-saved")).wait_for()
    second.wait_for("✓ connected to project")
    # so is one whose lists were left, and the fields for another key
    second.button("Change").click()
    second.button("Enter another key").click()
    second.key.wait_for()
    second.button("Cancel").click()
    second.root.and_(page.locator(".wxn-saved")).wait_for()
    book = lab.save()
    for output in (book.cells[1].outputs[0], book.cells[2].outputs[0]):
        assert set(output.data) == {"text/plain", "text/html"}
    # once the other tab has given up its view, too
    lab.wait_until(lambda: not widget_models(lab.save()), "nothing of a widget is left")
    lab.reload()
    lab.cell(1).get_by_text("was connected to project").wait_for()
    clean(lab)


def test_two_forms_two_tabs_and_a_cell_run_twice_show_one_session(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox
) -> None:
    chromium.run(several, jupyter("lab"), sandbox, limit_s=300, fresh=True)


RECONNECT = "() => { jupyterapp.shell.currentWidget.sessionContext.session.kernel.reconnect(); }"


def out_of_reach(page: Page, server: JupyterServer, sandbox: Sandbox) -> None:
    lab, form = opened(page, server, "reach.ipynb", "%watsonx use", "%%watsonx\nhi")
    # a machine without a network
    form.connect(sandbox.api_key, "http://127.0.0.1:9")
    form.step("key").get_by_text("cannot be reached").wait_for()
    form.done()
    assert form.button("Connect").is_enabled()

    # a page without its server: what is clicked is not kept for whichever kernel answers first
    sent = to_kernel(lab)
    page.context.set_offline(True)
    page.evaluate(RECONNECT)
    form.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    form.wait_for("This page is not connected to the kernel right now.")
    assert to_kernel(lab) == sent
    page.context.set_offline(False)
    page.evaluate(RECONNECT)
    lab.wait_until_idle()
    form.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    form.wait_for("✓ connected to project 'Sandbox project'")
    form.button("Change").wait_for()

    # the same lists by a cell, in its own output
    exchanges = sandbox.counts["token"]
    lab.run(2)
    lists = Form(lab, 2)
    lists.options.first.wait_for()
    lists.search.fill("space")
    lists.search.press("Enter")
    lists.wait_for("✓ connected to space 'Sandbox space'")
    form.wait_for("✓ connected to space 'Sandbox space'")
    assert sandbox.counts["token"] == exchanges

    # a prompt that is on its way is not disturbed by who changes the sign-in meanwhile
    sandbox.fault("stall")
    lab.run(3, wait=False)
    lab.wait_until(lambda: sandbox.counts["chat_stream"], "the prompt is on its way")
    lab.cell(3).get_by_text("“hi”").wait_for()
    form.button("Log out").click()
    form.wait_for("It logs out when the cell ends")
    lab.interrupt()
    form.key.wait_for()
    assert "interrupted" in lab.output(3)


def test_without_a_network_beside_a_running_prompt_and_by_a_cell_the_form_does_what_it_says(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox
) -> None:
    chromium.run(out_of_reach, jupyter("lab"), sandbox, limit_s=300, fresh=True)


# --- belongs into Jupyter -------------------------------------------------------------------------

COLOURS = """root => {
    const lab = document.createElement("div");
    document.body.append(lab);
    const of = value => { lab.style.color = value; return getComputedStyle(lab).color; };
    const theirs = name => of(`var(${name})`);
    const input = getComputedStyle(root.querySelector("input.wxn-input"));
    const found = {
        font: getComputedStyle(root).fontFamily,
        text: getComputedStyle(root).color,
        field: input.backgroundColor,
        fieldText: input.color,
    };
    lab.style.fontFamily = "var(--jp-ui-font-family)";
    const wanted = {
        font: getComputedStyle(lab).fontFamily,
        text: theirs("--jp-ui-font-color1"),
        field: theirs("--jp-layout-color1"),
        fieldText: theirs("--jp-ui-font-color0"),
    };
    lab.remove();
    return [found, wanted];
}"""


def for_everyone(page: Page, server: JupyterServer) -> None:
    lab, form = opened(page, server, "access.ipynb")
    assert form.key.get_attribute("type") == "password"
    for name in ("autocomplete", "spellcheck", "autocapitalize", "data-form-type"):
        assert form.key.get_attribute(name) in {"off", "false", "other"}
    # what a screen reader is given of a key
    form.key.fill("not to be read")
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    assert "not to be read" not in json.dumps(tree)
    form.key.fill("")
    # a letter typed into a field is no shortcut of the notebook
    form.region.press_sequentially("abdd")
    assert form.region.input_value() == "abdd"
    assert lab.cell(0).is_visible()

    for theme in ("light", "dark"):
        lab.theme(theme)
        found, wanted = form.root.evaluate(COLOURS)
        assert found == wanted, theme
        for width in (400, 640, 800, 1600):  # 640: what is left of 1,280 at a zoom of 200 %
            page.set_viewport_size({"width": width, "height": 900})
            assert form.root.evaluate("root => root.scrollWidth <= root.clientWidth")
            assert form.button("Connect").is_visible()
    page.emulate_media(reduced_motion="reduce")
    assert form.root.evaluate(
        """root => {
            const status = root.querySelector(".wxn-status");
            status.classList.add("wxn-waits");
            return getComputedStyle(status, "::before").animationName;
        }"""
    ) == "none"  # fmt: skip
    # no link is followed by itself
    links = form.root.get_by_role("link").all()
    assert all(link.get_attribute("rel") == "noopener noreferrer" for link in links)
    clean(lab)


def test_the_form_is_labelled_fits_and_looks_as_jupyter_does(
    chromium: BrowserThread, jupyter: Servers
) -> None:
    chromium.run(for_everyone, jupyter("lab"), fresh=True)
