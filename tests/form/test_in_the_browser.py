"""The form in JupyterLab and Notebook 7, with a real kernel; only the desk behind it is ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fronts import BrowserThread, JupyterServer, LabPage, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

BOTH = pytest.mark.parametrize("front", ["lab", "notebook"])

#: A desk whose answer depends on the project; the form stands in the cell's output.
LOGIN = """
import time
from wx_notebook import errors
from wx_notebook.form import Offer
from wx_notebook.form.widget import LoginForm

class Desk:
    now, asked = "", 0
    def sign_in(self, api_key, region, project_id):
        self.asked += 1
        self.length = len(api_key.reveal())
        if project_id == "slow":
            time.sleep(30)
        if project_id == "refused":
            raise errors.KeyRefused("IAM does not accept this key.", hint="Make a new one.")
        if project_id == "unknown":
            raise errors.ProjectError("The project is <b>unknown</b>.", hint="Copy its ID.")
        if region == "us-s0uth":
            raise errors.UnknownRegion("No region 'us-s0uth'.", hint="Take us-south.")
        if project_id == "down":
            raise errors.ServiceDown("It cannot be reached.", hint="Connect again.")
        self.now = f"Connected to {region or 'nowhere'}, {self.length} characters"
        return self.now
    def use(self, offer, region, project_id):
        self.now = f"Connected by {offer}"
        return self.now
    def sign_out(self):
        self.now = ""
    def line(self):
        return self.now

desk = Desk()
form = LoginForm(desk, [Offer("sandbox", "Use the sandbox")], region="eu-de",
                 regions=[("us-south", "Dallas"), ("eu-de", "Frankfurt")])
form
"""
SLEEP = "import time\ntime.sleep(3)"


class Form:
    """One view of the form, found as its user finds it: by labels and roles."""

    def __init__(self, lab: LabPage, cell: int = 0) -> None:
        self.lab = lab
        self.root: Locator = lab.cell(cell).get_by_role("group", name="Sign in to IBM watsonx.ai")
        self.key = self.root.get_by_label("API key")
        self.region = self.root.get_by_label("Region or URL")
        self.project = self.root.get_by_label("Project ID")
        self.status = self.root.get_by_role("status")
        self.alert = self.root.get_by_role("alert")
        self.root.wait_for()

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name)

    def connect(self, key: str, project: str = "p1", region: str = "eu-de") -> None:
        self.region.fill(region)
        self.project.fill(project)
        self.key.fill(key)
        self.key.press("Enter")

    def wait_for(self, text: str) -> None:
        self.root.get_by_text(text).wait_for()


def opened(page: Page, server: JupyterServer, name: str, *cells: str) -> tuple[LabPage, Form]:
    lab = LabPage(page, server)
    lab.open(name, [LOGIN, *cells])
    lab.run(0)
    return lab, Form(lab)


def holding(frames: list[bytes], key: str, length: int = 6) -> list[bytes]:
    return [frame for frame in frames if any(piece in frame for piece in pieces(key, length))]


def to_widgets(lab: LabPage) -> int:
    return sum(b"comm_msg" in frame for frame in lab.seen.sent)


def key_crosses_once(page: Page, server: JupyterServer, key: str) -> None:
    lab, form = opened(page, server, "crossing.ipynb")
    lab.save_widget_state()
    form.key.press_sequentially(key, delay=3)
    page.wait_for_timeout(300)
    assert form.key.input_value() == key
    assert holding(lab.seen.sent, key) == []

    form.key.press("Enter")
    form.wait_for("Connected to eu-de, 44 characters")
    assert form.key.input_value() == ""
    assert len(holding(lab.seen.sent, key)) == 1
    assert holding(lab.seen.received, key) == []

    book = lab.save()
    state = json.dumps(book.metadata["widgets"])
    assert "Connected to eu-de" in state  # it was saved at all
    form.button("Change").click()
    form.connect(key, "refused")
    form.wait_for("IAM does not accept this key.")
    lab.save()
    kept = [path for path in server.files() if holding([path.read_bytes()], key, 12)]
    assert kept == []
    storage = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert holding([storage.encode()], key) == []
    assert lab.seen.foreign == lab.seen.page_errors == lab.seen.console_errors == []


@BOTH
def test_the_key_crosses_the_wire_once_and_is_written_nowhere(
    chromium: BrowserThread, jupyter: Callable[..., JupyterServer], canary: str, front: str
) -> None:
    chromium.run(key_crosses_once, jupyter(front), canary)


def errors_and_states(page: Page, server: JupyterServer, key: str) -> None:
    lab, form = opened(page, server, "states.ipynb", "print(desk.asked)")

    # an empty key is refused on the spot, and a key elsewhere is not sent
    sent = to_widgets(lab)
    form.connect("   ")
    assert form.alert.inner_text() == "An API key is needed. Paste it here."
    assert form.key.get_attribute("aria-invalid") == "true"
    form.connect("something", project=key)
    assert "looks like an API key" in form.alert.inner_text()
    assert form.project.input_value() == ""
    assert to_widgets(lab) == sent

    for project, region, field, words in [
        ("refused", "eu-de", form.key, "IAM does not accept this key.\nMake a new one."),
        ("unknown", "eu-de", form.project, "The project is <b>unknown</b>.\nCopy its ID."),
        ("p1", "us-s0uth", form.region, "No region 'us-s0uth'.\nTake us-south."),
    ]:
        form.connect(key, project, region)
        form.wait_for(words.split("\n")[0])
        assert form.alert.inner_text() == words
        assert field.get_attribute("aria-invalid") == "true"
        assert form.alert.get_attribute("id") in field.get_attribute("aria-describedby").split()
        assert field.evaluate("field => field === document.activeElement")
        below = field.bounding_box(), form.alert.bounding_box()
        assert 0 <= below[1]["y"] - below[0]["y"] - below[0]["height"] < 20
        assert form.region.input_value() == region
    form.connect(key, "down")
    form.wait_for("It cannot be reached.")
    assert form.root.locator("[aria-invalid]").count() == 0

    form.key.fill("half a key")
    form.key.press("Escape")
    assert form.key.input_value() == ""

    form.button("Use the sandbox").click()
    form.wait_for("Connected by sandbox")
    assert not form.key.is_visible()
    form.button("Change").click()
    assert form.key.evaluate("field => field === document.activeElement")
    form.button("Cancel").click()
    assert form.root.get_by_text("Connected by sandbox").is_visible()
    form.button("Log out").click()
    form.key.wait_for()
    lab.run(1)
    assert lab.wait_for_output(1) == "4"
    assert lab.seen.foreign == lab.seen.page_errors == lab.seen.console_errors == []


def test_every_error_stands_beside_its_field(
    chromium: BrowserThread, jupyter: Callable[..., JupyterServer], canary: str
) -> None:
    chromium.run(errors_and_states, jupyter("lab"), canary)


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

    form.key.focus()
    order = []
    for _ in range(4):
        page.keyboard.press("Tab")
        order.append(
            page.evaluate(
                "document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText"
            )
        )
    assert order == ["Region or URL", "Project ID", "Connect", "Use the sandbox"]
    # a letter typed into a field is no shortcut of the notebook
    form.region.fill("")
    form.region.press_sequentially("abdd")
    assert form.region.input_value() == "abdd"
    assert lab.cell(0).is_visible()

    for theme in ("light", "dark"):
        lab.theme(theme)
        for width in (400, 800, 1600):
            page.set_viewport_size({"width": width, "height": 900})
            assert form.root.evaluate("root => root.scrollWidth <= root.clientWidth")
            assert form.button("Connect").is_visible()


def test_the_form_is_labelled_ordered_and_fits(
    chromium: BrowserThread, jupyter: Callable[..., JupyterServer]
) -> None:
    chromium.run(for_everyone, jupyter("lab"))


def busy_and_interrupted(page: Page, server: JupyterServer, key: str) -> None:
    lab, form = opened(page, server, "busy.ipynb", SLEEP, "print(desk.asked)")
    busy = "The kernel is busy with a running cell; it signs in when that ends."
    # a second time: by then JupyterLab talks to the form in a thread of its own
    for _ in range(2):
        lab.run(1, wait=False)
        lab.wait_until(lambda: not lab.is_idle(), "the cell runs")
        form.connect(key)
        form.wait_for(busy)
        assert form.button("Connect").is_disabled()
        assert form.key.input_value() == ""
        form.wait_for("Connected to eu-de, 44 characters")
        assert form.status.inner_text() == ""
        form.button("Log out").click()
        form.key.wait_for()

    for _ in range(2):
        form.connect(key, "slow")
        form.wait_for("To stop it, interrupt the kernel.")
        form.lab.wait_until(lambda: form.root.get_attribute("aria-busy") == "true", "it waits")
        page.wait_for_timeout(500)
        lab.interrupt()
        form.wait_for("Interrupted before the sign-in was done.")
        assert form.button("Connect").is_enabled()
    lab.run(2)
    assert lab.wait_for_output(2) == "4"
    form.connect(key)
    form.wait_for("Connected to eu-de, 44 characters")
    assert lab.seen.page_errors == lab.seen.console_errors == []


def test_a_busy_kernel_is_told_and_an_interrupt_ends_a_sign_in(
    chromium: BrowserThread, jupyter: Callable[..., JupyterServer], canary: str
) -> None:
    chromium.run(busy_and_interrupted, jupyter("lab"), canary)


GONE = "The kernel is gone or was restarted: run this cell again."


def kernel_goes(page: Page, server: JupyterServer, key: str) -> None:
    lab, form = opened(page, server, "gone.ipynb", "form")
    lab.run(1)
    second = Form(lab, 1)
    form.key.fill(key)
    second.key.fill(key)
    lab.restart()
    for view in (form, second):
        view.wait_for(GONE)
        assert view.key.is_disabled()
        assert view.key.input_value() == ""
        assert view.button("Connect").is_disabled()
        assert view.button("Use the sandbox").is_disabled()
    assert holding(lab.seen.sent, key) == []

    # run again, as it says: a form that works
    lab.run(0)
    form.connect(key)
    form.wait_for("Connected to eu-de, 44 characters")

    # a file with the state of the widgets, opened without running it
    lab.save_widget_state()
    lab.save()
    lab.shut_down()
    form.wait_for(GONE)
    assert form.button("Change").is_disabled()
    again = LabPage(page, server)
    again.open("gone.ipynb")
    restored = Form(again)
    restored.wait_for(GONE)
    assert restored.root.locator("button:enabled, input:enabled").count() == 0


def test_a_form_whose_kernel_is_gone_says_so_and_sends_nothing(
    chromium: BrowserThread, jupyter: Callable[..., JupyterServer], canary: str
) -> None:
    chromium.run(kernel_goes, jupyter("lab"), canary)


def two_views(page: Page, server: JupyterServer, key: str) -> None:
    lab, form = opened(page, server, "views.ipynb", "form", "desk.now = 'renewed'")
    lab.run(1)
    second = Form(lab, 1)
    ids = page.evaluate("[...document.querySelectorAll('.wxn-root [id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))
    second.connect(key)
    for view in (form, second):
        view.wait_for("Connected to eu-de, 44 characters")
    # a page that is loaded anew shows what is, and the line of now
    lab.run(2)
    lab.save()
    lab.reload()
    Form(lab, 1).wait_for("renewed")
    Form(lab, 0).wait_for("renewed")
    Form(lab, 1).button("Log out").click()
    Form(lab, 0).key.wait_for()
    assert lab.seen.page_errors == lab.seen.console_errors == []


def test_two_views_of_a_form_show_the_same(
    chromium: BrowserThread, jupyter: Callable[..., JupyterServer], canary: str
) -> None:
    chromium.run(two_views, jupyter("lab"), canary)
