"""The login form as its user finds it: by labels and roles, in JupyterLab and Notebook 7."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.fronts import LabPage, axe_in, pieces

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page
    from support.fronts import JupyterServer

NAME = "Sign in to IBM watsonx.ai"
LOAD = "%load_ext wx_notebook"
LOGIN = "%watsonx login"
GONE = "The kernel has stopped or was restarted. Run this cell again."
#: A cell that runs until the test lets it go.
RUNS = """
import pathlib, time
while not pathlib.Path("go").exists():
    time.sleep(0.02)
pathlib.Path("go").unlink()
"""
#: Pastes a text into a field as a browser does.
PASTE = """([input, text]) => {
    const data = new DataTransfer();
    data.setData("text", text);
    const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true,
                                               cancelable: true});
    // a browser pastes by itself unless it is told not to
    if (input.dispatchEvent(event)) {
        input.value = text.replaceAll("\\n", "");
        input.dispatchEvent(new Event("input", {bubbles: true}));
    }
}"""
#: Rules of the whole page say nothing about a part of it.
_OF_A_PAGE = ("region", "page-has-heading-one", "landmark-one-main", "bypass", "document-title")


class Form:
    """One view of the form, or the line that it has become."""

    def __init__(self, lab: LabPage, cell: int = 1) -> None:
        self.lab = lab
        self.root: Locator = lab.cell(cell).get_by_role("group", name=NAME)
        self.key = self.root.get_by_label("API key", exact=True)
        self.region = self.root.get_by_label("Region or URL")
        self.scope = self.root.get_by_label("Project or space", exact=True)
        self.search = self.root.get_by_role("combobox", name="Choose a project or space")
        self.options = self.root.get_by_role("option").filter(visible=True)
        self.status = self.root.get_by_role("status")
        self.root.first.wait_for()

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def fill(self, key: str, region: str = "", scope: str = "") -> None:
        self.region.fill(region)
        self.scope.fill(scope)
        self.key.fill(key)

    def connect(self, key: str, region: str = "", scope: str = "") -> None:
        self.fill(key, region, scope)
        self.key.press("Enter")

    def done(self) -> None:
        """Wait until what was begun has ended: the form is busy from the click on."""
        self.root.and_(self.lab.page.locator("[aria-busy=false]")).wait_for()

    def wait_for(self, text: str) -> None:
        self.root.get_by_text(text).filter(visible=True).first.wait_for()

    def step(self, name: str) -> Locator:
        return self.root.locator(f"[id$=step-{name}]")

    def said(self, name: str) -> str:
        """What a step says, to a screen reader as well."""
        return " ".join(self.step(name).inner_text().split())

    def alerts(self) -> str:
        texts = self.root.get_by_role("alert").filter(visible=True).all_inner_texts()
        return "\n".join(text for text in texts if text)

    def violations(self) -> list[str]:
        """What axe-core finds wrong within the form."""
        self.root.first.evaluate("root => root.setAttribute('data-under-test', '')")
        rules = {name: {"enabled": False} for name in _OF_A_PAGE}
        # without `resultTypes` all that is right comes along, with each element
        options = {"rules": rules, "resultTypes": ["violations"]}
        results = axe_in(self.lab.page).run(
            self.lab.page, context="[data-under-test]", options=options
        )
        self.root.first.evaluate("root => root.removeAttribute('data-under-test')")
        found: list[dict[str, Any]] = results.response["violations"]
        return [f"{v['id']}: {n['html']} {n['failureSummary']}" for v in found for n in v["nodes"]]


def opened(page: Page, server: JupyterServer, name: str, *cells: str) -> tuple[LabPage, Form]:
    """A notebook whose first cells load the extension and show the form."""
    lab = LabPage(page, server)
    lab.open(name, [LOAD, LOGIN, *cells])
    lab.run(0)
    lab.run(1)
    return lab, Form(lab)


def holding(frames: list[bytes], key: str, length: int = 6) -> list[bytes]:
    return [frame for frame in frames if any(piece in frame for piece in pieces(key, length))]


def to_kernel(lab: LabPage) -> int:
    """How many messages of a widget or of the line the page has sent so far.

    That something was typed is not counted: such a message says so, and never what.
    """
    sent = [frame for frame in lab.seen.sent if b"comm_msg" in frame or b"comm_open" in frame]
    return sum(b'"begun"' not in frame for frame in sent)
