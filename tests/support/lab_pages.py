"""What tests of the front-end extension look at and do in a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.fronts import axe_in

if TYPE_CHECKING:
    from pathlib import Path

    from support.fronts import LabPage, Theme

#: Connects a kernel without a form; the file is written by `connect_cell`.
CONNECT = (
    "%load_ext wx_notebook\n"
    "import json, wx_notebook as wx\n"
    "_ = wx.connect(**json.load(open('../sandbox.json'))).verify()"
)
#: A cell that runs until the test lets it go.
BUSY = """
import pathlib, time
while not pathlib.Path("go").exists():
    time.sleep(0.02)
pathlib.Path("go").unlink()
"""
#: The themes of JupyterLab itself.
THEMES: tuple[Theme, ...] = ("light", "dark", "dark high contrast")
#: Rules of the whole page say nothing about a part of it.
_OF_A_PAGE = ("region", "page-has-heading-one", "landmark-one-main", "bypass", "document-title")


def connect_cell(lab: LabPage, sandbox: Any) -> str:
    """Leave the sandbox's credentials beside the notebooks, and return the cell that reads them."""
    (lab.server.home / "sandbox.json").write_text(json.dumps(sandbox.credentials()))
    return CONNECT


def execute(lab: LabPage, command: str, args: Any = None) -> Any:
    """Run a command of the application."""
    return lab.page.evaluate(
        "async ([name, args]) => { await jupyterapp.commands.execute(name, args ?? {}); }",
        [command, args],
    )


def is_enabled(lab: LabPage, command: str) -> bool:
    """Return whether menu and palette offer a command now."""
    return bool(lab.page.evaluate("name => jupyterapp.commands.isEnabled(name)", command))


def sources(lab: LabPage) -> list[str]:
    """Return the source of each cell."""
    found: list[str] = lab.page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.widgets"
        ".map(cell => cell.model.sharedModel.getSource())"
    )
    return found


def select(lab: LabPage, cell: int) -> None:
    """Make a cell the active one."""
    lab.page.evaluate(
        """cell => {
            const { content } = jupyterapp.shell.currentWidget;
            content.activeCellIndex = cell;
            content.deselectAll();
            content.mode = "command";
            content.activate();
        }""",
        cell,
    )


def shoot(lab: LabPage, shots: Path, name: str) -> None:
    """Keep a screenshot that somebody can look at."""
    lab.page.screenshot(path=shots / f"{name}-{lab.server.front}.png")


def axe(lab: LabPage, selector: str) -> list[str]:
    """Return what axe-core finds wrong within the elements of a selector."""
    rules = {rule: {"enabled": False} for rule in _OF_A_PAGE}
    options = {"rules": rules, "resultTypes": ["violations"]}
    context = {"include": [[selector]]}
    result = axe_in(lab.page).run(lab.page, context=context, options=options)
    return [
        f"{violation['id']}: {node['html'][:120]}"
        for violation in result.response["violations"]
        for node in violation["nodes"]
    ]
