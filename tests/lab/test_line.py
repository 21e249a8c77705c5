"""The line in the toolbar, the commands, "Explain", and the texts in two languages."""

from __future__ import annotations

import json
import re

import pytest
from support.fronts import LabPage
from support.lab_pages import (
    BUSY,
    THEMES,
    axe,
    connect_cell,
    execute,
    is_enabled,
    select,
    shoot,
    sources,
)

pytestmark = pytest.mark.browser

LINE = ".wx-line button"
USAGE = "wx-notebook:usage"
LONG = "Was im Norden verkauft wurde, mit allem, was dazu in den letzten Jahren gesagt worden ist"
#: What JupyterLab notes of a kernel of another language.
SPEAKS_R = (
    "() => jupyterapp.shell.currentWidget.content.model.setMetadata('language_info', {name: 'R'})"
)
TYPE = re.compile(rb'"msg_type":\s*"(\w+)"')


def line(lab):
    texts = lab.page.locator(f"{LINE}:visible").all_inner_texts()
    return texts[0] if texts else ""


def wait_for_line(lab, text):
    lab.wait_until(lambda: text in line(lab), f"{text!r} in the line, which is {line(lab)!r}")


def kernel_messages(frames):
    """Return the types of messages; jupyter-collaboration sends frames without, now and then."""
    return [kind[1] for frame in frames if (kind := TYPE.search(frame))]


def menu(lab):
    lab.page.locator(LINE).first.click()
    return lab.page.locator(".lm-Menu").last


def at_work(page, server, sandbox, shots):
    lab = LabPage(page, server)
    lab.open("line.ipynb", ["1 + 1", connect_cell(lab, sandbox), "%%watsonx\nhello", BUSY, "1/0"])
    lab.run(0)
    explain = page.get_by_role("button", name="Explain", exact=True)
    found = {"before": line(lab), "explain before": explain.count()}
    lab.run(1)
    wait_for_line(lab, "Sandbox project")
    found["signed in"] = line(lab)
    lab.run(2)
    wait_for_line(lab, "tokens")
    found["axe"] = []
    for theme in THEMES:
        lab.theme(theme)
        found["axe"] += axe(lab, ".wx-line")
    lab.theme("light")

    # a page that is loaded while the kernel is busy asks it nothing
    before = len(lab.seen.sent)
    lab.run(3, wait=False)
    lab.wait_until(lambda: not lab.is_idle(), "a busy kernel")
    # what was sent is told a moment later
    lab.wait_until(
        lambda: b"execute_request" in kernel_messages(lab.seen.sent[before:]), "the request"
    )
    sent = len(lab.seen.sent)
    page.wait_for_timeout(300)
    found["busy"] = (line(lab), lab.is_idle(), kernel_messages(lab.seen.sent[sent:]))
    sent = len(lab.seen.sent)
    page.reload()
    wait_for_line(lab, "tokens")
    asked = [frame for frame in lab.seen.sent[sent:] if b"wx_notebook.lab" in frame]
    found["loaded anew"] = (line(lab), lab.is_idle(), asked)
    (server.root / "go").touch()
    lab.wait_until_idle()
    lab.reload()
    wait_for_line(lab, "tokens")

    # an error explains itself, by a click
    lab.run(4)
    explain = lab.cell(4).get_by_role("button", name="Explain", exact=True)
    explain.wait_for()
    found["axe of an error"] = []
    for theme in THEMES:
        lab.theme(theme)
        found["axe of an error"] += axe(lab, ".wx-buttons:not([hidden])")
        shoot(lab, shots, f"line and error {theme}")
    lab.theme("light")
    found["asked by itself"] = len(sources(lab)) != 5
    explain.click()
    lab.wait_for_output(5, "ZeroDivisionError")
    found["inserted"] = sources(lab)[5]
    lab.wait_until_idle()

    # the menu, by keyboard
    page.locator(LINE).first.focus()
    page.keyboard.press("Enter")
    items = page.locator(".lm-Menu .lm-Menu-itemLabel")
    items.first.wait_for()
    found["menu"] = items.all_inner_texts()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_for_line(lab, "signed out")
    found["signed out by"] = [source for source in sources(lab) if "logout" in source]
    lab.wait_until_idle()

    # a fresh kernel knows nothing of us, and is busy; the shortcut loads what it needs
    lab.restart()
    wait_for_line(lab, "")
    lab.run(3, wait=False)
    select(lab, 0)
    page.keyboard.press("Control+Shift+Enter")
    lab.wait_until(lambda: sources(lab)[2] == "%%watsonx\n", "a prompt cell")
    page.keyboard.type("hello")
    found["new"] = sources(lab)[1:3]
    (server.root / "go").touch()
    wait_for_line(lab, "not signed in yet")
    lab.wait_until_idle()
    # in prose nothing is offered: neither a name of Python nor a word of the cell
    before = len(lab.seen.received)
    page.keyboard.press("Tab")
    lab.wait_until(
        lambda: any(b"complete_reply" in frame for frame in lab.seen.received[before:]),
        "an answer of the kernel's completer",
    )
    page.wait_for_timeout(300)
    found["offered"] = page.locator(".jp-Completer:visible").all_inner_texts()
    select(lab, 0)
    execute(lab, "wx-notebook:model")
    lab.wait_until(lambda: sources(lab)[1] == "%watsonx use --model ", "a cell to complete")
    execute(lab, "apputils:activate-command-palette")
    page.keyboard.type("watsonx")
    entries = page.locator(".lm-CommandPalette-itemLabel")
    lab.wait_until(lambda: entries.count() >= 10, "the commands in the palette")
    found["palette"] = entries.all_inner_texts()
    page.keyboard.press("Escape")
    found["main menu"] = page.locator(".lm-MenuBar-itemLabel", has_text="watsonx").count()
    return lab, found


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_the_line_says_who_and_where_errors_explain_themselves_and_commands_are_there(
    chromium, jupyter, sandbox, front
):
    sandbox.say("hello")
    sandbox.say("You divide by zero.")
    lab, found = chromium.run(at_work, jupyter(front), sandbox, chromium.shots)
    assert (found["before"], found["explain before"]) == ("", 0)
    assert found["signed in"] == "sandbox · Sandbox project · granite-4-h-small"
    text, is_idle, asked = found["busy"]
    assert text.startswith(f"{found['signed in']} · ")
    assert (is_idle, asked) == (False, [])
    assert found["loaded anew"] == (text, False, [])
    assert found["axe"] == found["axe of an error"] == []
    assert found["asked by itself"] is False
    assert found["inserted"] == "%watsonx explain"
    assert found["menu"] == ["Sign Out", "Another Project…", "Another Model…", "Usage", "Doctor"]
    assert found["signed out by"] == ["%watsonx logout"]
    assert found["new"] == ["%load_ext wx_notebook", "%%watsonx\nhello"]
    assert found["offered"] == []
    for name in ("New Prompt Cell Below", "Copy the Answer of This Cell", "Stop the Answer",
                 "Explain the Last Error", "Sign In", "Another Model…", "Doctor"):  # fmt: skip
        assert name in found["palette"], name
    assert found["main menu"] == 1
    assert lab.seen.page_errors == lab.seen.console_errors == []


def in_german(page, server, sandbox):
    lab = LabPage(page, server)
    long = f"%watsonx use --project {sandbox.add_project(LONG)}"
    lab.open("german.ipynb", [connect_cell(lab, sandbox), "%%watsonx\nhallo", long])
    lab.run(0)
    wait_for_line(lab, "Sandbox project")
    lab.run(1)
    lab.run(2)
    buttons = lab.cell(1).locator(".wx-buttons button:visible")
    buttons.first.wait_for()
    found = {"buttons": buttons.all_inner_texts()}
    # a second place for the line, by the user's settings
    execute(lab, "settingeditor:open", {"query": "watsonx"})
    page.locator(".jp-PluginList-entry", has_text="watsonx").first.click()
    page.get_by_role("checkbox", name="Zeile in der Statusleiste").check()
    found["prompts"] = [page.locator(".wx-prompt").count()]
    page.get_by_role("checkbox", name="Prompt-Zellen").uncheck()
    page.get_by_role("checkbox", name="Schaltflächen an Antworten").uncheck()
    # the notebook is behind the settings
    found["enabled"] = [is_enabled(lab, USAGE)]
    execute(lab, "docmanager:open", {"path": "german.ipynb"})
    page.locator("#jp-main-statusbar .wx-line button:visible").wait_for()
    found["lines"] = page.locator(f"{LINE}:visible").all_inner_texts()
    found["title"] = page.locator(LINE).first.get_attribute("title")
    lab.wait_until(lambda: page.locator(".wx-prompt").count() == 0, "no prompt cell looks like one")
    # those of its code, too
    lab.wait_until(lambda: page.locator(".wx-button:visible").count() == 0, "no buttons")
    found["enabled"].append(is_enabled(lab, USAGE))
    page.evaluate(SPEAKS_R)
    found["enabled"].append(is_enabled(lab, USAGE))
    return lab, found


def test_texts_are_in_the_language_of_jupyterlab_and_settings_hold_at_once(
    chromium, jupyter, sandbox, tmp_path
):
    name = "@jupyterlab/translation-extension"
    (tmp_path / "labconfig").mkdir()
    overrides = {f"{name}:plugin": {"locale": "de_DE"}}
    (tmp_path / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(overrides))
    sandbox.say("```python\nprint(1)\n```")
    server = jupyter("lab", JUPYTER_CONFIG_PATH=str(tmp_path))
    lab, found = chromium.run(in_german, server, sandbox, fresh=True)
    assert found["buttons"] == ["Kopieren", "Als Zelle einfügen", "Noch einmal fragen"]
    assert len(found["lines"]) == 2
    for text in found["lines"]:
        assert text.startswith("sandbox · Was im Norden verkauft… · granite-4-h-small · ")
        assert text.endswith(" Token")
    assert f"{LONG[:79]}…" in found["title"]
    assert found["prompts"] == [1]
    assert found["enabled"] == [False, True, False], "in front, and with Python"
    assert lab.seen.page_errors == []
