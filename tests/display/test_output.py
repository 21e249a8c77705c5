"""Output that stays: importing the room is light; the copy button works in a real front end."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.fronts import LabPage

LOADED = """
import sys
import wx_notebook.display
heavy = ("requests", "markdown_it", "nh3", "pygments", "anywidget", "ipywidgets", "IPython")
print(*[name for name in heavy if name in sys.modules])
"""
CELLS = ["%load_ext wx_notebook", "%%watsonx\nsay \"hi\" & 'bye'", "%watsonx code --for curl"]


def copied(page, server):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab = LabPage(page, server)
    lab.open("code.ipynb", CELLS)
    for cell in range(3):
        lab.run(cell)
    lab.wait_for_output(2, "Copy")
    button = lab.cell(2).get_by_role("button", name="Copy", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("Copied.").wait_for()
    return page.evaluate("navigator.clipboard.readText()"), lab.save()


@pytest.mark.browser
@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_it_copies_the_program_as_it_is_also_by_keyboard(front, chromium, jupyter, sandbox):
    around = {
        "WATSONX_API_KEY": sandbox.api_key, "WATSONX_URL": sandbox.url,
        "WATSONX_PROJECT_ID": sandbox.project_id,
    }  # fmt: skip
    text, saved = chromium.run(copied, jupyter(front, **around))
    outputs = saved.cells[2].outputs
    shown, button = (output["data"] for output in outputs)
    assert text == shown["text/plain"] + "\n"
    assert 'say \\\\"hi\\\\"' in text
    # a front end without widgets has a line in its place
    assert button["text/plain"].startswith("%watsonx code --for curl --cell")
    assert sandbox.api_key not in json.dumps(saved)


def test_without_a_front_end_there_is_no_button(connected):
    connected.run("%%watsonx\nhello").ok()
    assert len(connected.run("%watsonx code").ok().outputs) == 1
    # a kernel with a front end is asked with leave to ask back
    ran = connected.run("%watsonx code", allow_stdin=True).ok()
    shown, button = ran.outputs
    assert "application/vnd.jupyter.widget-view+json" in button["data"]
    assert shown["data"]["text/plain"].startswith("# A prompt of wx_notebook.")


def test_importing_the_room_loads_no_http_client_no_parser_and_no_widget():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
