"""The form is open to everyone: axe-core finds nothing in any of its states.

One walk through all of them, in both front ends and in both themes, so that none is left out. The
styles are the same in both front ends: in the second one a state is looked at in one theme, and the
next state in the other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.forms import GONE, LOGIN, PASTE, RUNS, Form, opened
from support.fronts import BrowserThread, JupyterServer, LabPage

from wx_notebook.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Servers = Callable[..., JupyterServer]

pytestmark = pytest.mark.browser

NONE = "No project or space matches."
NOBODY = "12345678-1234-4123-8123-123456789abc"
FOUND = """
import os, pathlib
os.environ |= {"WATSONX_API_KEY": pathlib.Path("a-key").read_text(), "WATSONX_URL": ADDRESS}
"""


def every_state(page: Page, server: JupyterServer, sandbox: Sandbox) -> list[str]:
    (server.root / "a-key").write_text(sandbox.api_key)
    found = FOUND.replace("ADDRESS", repr(sandbox.url))
    lab, form = opened(page, server, f"access-{server.front}.ipynb", RUNS, found, LOGIN)
    key, url = sandbox.api_key, sandbox.url
    themes = ["light", "dark"]
    states = []

    def fine(state: str, form: Form = form) -> None:
        states.append(state)
        if server.front == "lab":
            assert form.violations() == [], (state, themes[0])
        # the next state begins with the theme in which this one ends
        themes.reverse()
        lab.theme(themes[0])
        assert form.violations() == [], (state, themes[0])

    kind = form.root.get_by_label("Kind of account")
    fine("empty")
    form.button("Not an IBM Cloud key?").click()
    for other in ("watsonx.ai on AWS", "Self-managed cluster (watsonx.ai software)",
                  "Access token"):  # fmt: skip
        kind.select_option(other)
        fine(other)
    kind.select_option("IBM Cloud")
    form.connect("", url)
    assert form.alerts() == "An API key is needed. Paste it here."
    fine("no key")
    form.connect("something", url, key)
    assert "looks like an API key" in form.alerts()
    fine("a key in the wrong field")
    page.evaluate(PASTE, [form.key.element_handle(), json.dumps({"apikey": key})])
    assert form.root.locator(".wxn-note").inner_text()
    fine("pasted")

    for given, step, words in [
        (("w9" * 22, url, ""), "key", "BXNIM0415E"),
        ((key, "mars", ""), "region", "'mars' is not a region"),
        ((key, url, NOBODY), "project", "was not found"),
    ]:
        form.connect(*given)
        form.step(step).get_by_text(words).wait_for()
        fine(f"{step} refused")
        if step == "project":
            # the list of those that there are
            form.search.press("Escape")
            form.key.wait_for()
    sandbox.fault("iam-html", times=None)
    form.connect(key, url)
    form.done()
    sandbox.clear_faults()
    fine("garbage from IAM")
    form.connect(key, url, "Sandbox projct")
    form.wait_for("Did you mean 'Sandbox project'?")
    fine("a name that is none")
    form.search.fill("nothing of this name")
    form.root.get_by_text(NONE).wait_for()
    fine("nothing found in the list")
    # first out of the search, then out of the list
    form.search.press("Escape")
    form.search.press("Escape")
    form.key.wait_for()

    sandbox.fault("slow-iam", seconds=60)
    form.connect(key, url)
    form.wait_for("Signing in, 1 s so far.")
    fine("waits for IAM")
    form.button("Stop").click()
    form.wait_for("The sign-in was interrupted.")
    sandbox.clear_faults()
    fine("interrupted")
    lab.run(2, wait=False)
    lab.wait_until(lambda: not lab.is_idle(), "the cell runs")
    form.connect(key, url)
    form.wait_for("The kernel is running a cell")
    fine("behind a running cell")
    (server.root / "go").touch()

    form.options.first.wait_for()
    fine("choosing")
    form.search.press("Enter")
    form.button("Change").wait_for()
    fine("the line of a session")
    form.button("Change").click()
    form.options.first.wait_for()
    fine("changing")
    form.button("Enter another key").click()
    form.button("Cancel").wait_for()
    fine("another key")
    form.button("Cancel").click()
    form.button("Log out").click()
    form.key.wait_for()
    form.connect(key, url, sandbox.bare_project_id)
    form.wait_for("has no watsonx.ai Runtime associated.")
    form.button("Change").wait_for()
    fine("a line with a word of warning")

    # a second form takes over: what was a line says so
    lab.run(3)
    lab.run(4)
    second = Form(lab, 4)
    second.root.and_(page.locator(".wxn-saved")).wait_for()
    second.button("Log out").click()
    second.key.wait_for()
    second.root.get_by_role("button", name="WATSONX_API_KEY").wait_for()
    fine("with an offer", second)
    form.wait_for("logged out")
    fine("logged out elsewhere")
    second.root.get_by_role("button", name="WATSONX_API_KEY").click()
    second.options.first.wait_for()
    second.search.press("Enter")
    second.button("Change").wait_for()
    lab.run(1)
    form = Form(lab)
    form.root.and_(page.locator(".wxn-saved")).wait_for()
    fine("a form that finds a session", form)

    lab.restart()
    for view in (form, second):
        view.wait_for(GONE)
        fine("gone", view)
    return states


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_axe_finds_nothing_in_any_state_of_the_form_in_either_theme(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox, front: str
) -> None:
    states = chromium.run(every_state, jupyter(front), sandbox, limit_s=300)
    assert len(states) == 26


# --- opened again without running it --------------------------------------------------------------


def opened_again(page: Page, server: JupyterServer, sandbox: Sandbox) -> None:
    name = f"again-{server.front}.ipynb"
    lab, form = opened(page, server, name)
    # the default, which another test of this server may have changed
    lab.save_widget_state(on=False)
    lab.save()
    # the kernel lives: it is the same form
    lab.reload()
    form = Form(lab)
    form.connect(sandbox.api_key, sandbox.url)
    form.options.first.wait_for()
    lab.save()
    lab.shut_down()

    # the front end did not save the state of its widgets, as is its default
    again = LabPage(page, server)
    again.open(name)
    output = again.cell(1).locator(".jp-OutputArea")
    output.get_by_text(GONE).wait_for()
    assert output.inner_text().strip() == GONE
    picture = "e => getComputedStyle(e, '::before').display"
    lost = output.locator(".jupyter-widgets-disconnected")

    def pictures() -> list[str]:
        return [lost.nth(number).evaluate(picture) for number in range(lost.count())]

    # the widget gets its class, and so its rule of style, a moment after its text
    again.wait_until(lambda: pictures() == ["none"], "the picture of a broken link is hidden")
    live = output.locator("button, input, img")
    again.wait_until(lambda: live.count() == 0, "nothing can be typed or clicked")
    again.run(0)
    again.run(1)
    form = Form(again)
    form.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    form.wait_for("✓ connected to project")
    form.button("Change").wait_for()
    again.save()
    # nothing is left of it once somebody has signed in
    assert "widget" not in again.path.read_text()


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_a_form_that_is_opened_again_without_running_it_is_disabled_and_says_to_run_the_cell(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox, front: str
) -> None:
    chromium.run(opened_again, jupyter(front), sandbox, limit_s=300)
