"""What a sign-in leaves behind, with everything switched on that could show a key: nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.forms import LOAD, LOGIN, Form, holding, to_kernel
from support.fronts import COLLABORATION, LabPage, pieces

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page
    from support.fronts import JupyterServer

    from wx_notebook.sandbox import Sandbox

pytestmark = pytest.mark.browser

LOUD = """import logging
logging.basicConfig(level=logging.DEBUG, force=True)
logging.getLogger("urllib3").setLevel(logging.DEBUG)
import http.client
http.client.HTTPConnection.debuglevel = 1
logging.debug("loud")
%xmode Verbose"""
#: A JSON Web Token: head and claims, both base64 of an object.
TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}")


def debugging(server: JupyterServer) -> None:
    """Let the server have a kernel that logs all it hears."""
    folder = server.home / "data" / "kernels" / "debugging"
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--debug"]
    spec = {"argv": command, "display_name": "Debugging", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))


def walk(page: Page, server: JupyterServer, sandbox: Sandbox, name: str) -> LabPage:
    debugging(server)
    lab = LabPage(page, server)
    path = server.write(name, [LOAD, LOUD, LOGIN, "%%watsonx\nhello", "1 / 0"])
    path.write_text(path.read_text().replace('"name": "python3"', '"name": "debugging"'))
    lab.open(name)
    lab.path = path
    lab.save_widget_state()
    for cell in (0, 1, 2):
        lab.run(cell)
    form = Form(lab, 2)
    key, url, project = sandbox.api_key, sandbox.url, sandbox.project_id
    signed_in = 0

    def by_keyboard() -> None:
        nonlocal signed_in
        form.region.focus()
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type(url)
        form.scope.focus()
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type(project)
        form.key.focus()
        before = to_kernel(lab)
        page.keyboard.type(key)
        assert to_kernel(lab) == before, "0 frames while typing"
        page.keyboard.press("Enter")
        signed_in += 1
        assert form.key.input_value() == ""

    for fault in ("iam-500", "iam-html"):
        sandbox.fault(fault, times=None)
        by_keyboard()
        form.done()
        assert form.step("key").get_attribute("data-state") == "bad"
        sandbox.clear_faults()
        lab.save()
    sandbox.fault("slow-iam", seconds=60)
    by_keyboard()
    form.wait_for("Signing in, 1 s so far.")
    lab.save()
    form.key.press("Escape")
    form.wait_for("The sign-in was interrupted.")
    sandbox.clear_faults()
    by_keyboard()
    form.wait_for("✓ connected to project 'Sandbox project'")
    lab.run(3)
    lab.wait_for_output(3, "no model was asked")
    lab.run(4)
    lab.save()
    # once more, for the checkpoint
    lab._js("() => jupyterapp.commands.execute('docmanager:save')")
    assert len([frame for frame in lab.seen.sent if key.encode() in frame]) == signed_in
    assert len(holding(lab.seen.sent, key)) == signed_in, "each time in one frame"
    assert holding(lab.seen.received, key) == []
    assert not [frame for frame in (*lab.seen.sent, *lab.seen.received) if TOKEN.search(frame)]
    return lab


def looked_through(server: JupyterServer, sandbox: Sandbox) -> list[Path]:
    """Every file that holds a piece of the key, or a token."""
    wanted = pieces(sandbox.api_key)
    found = []
    for path in server.files():
        content = path.read_bytes()
        if any(piece in content for piece in wanted) or TOKEN.search(content):
            found.append(path)
    return found


@pytest.mark.parametrize(
    ("front", "around"), [("lab", {COLLABORATION: "1"}), ("notebook", {})],
    ids=["lab with collaboration", "notebook"],
)  # fmt: skip
def test_a_sign_in_by_keyboard_leaves_neither_key_nor_token_anywhere(
    chromium, jupyter, sandbox, front, around
):
    if around:
        pytest.importorskip("jupyter_server_ydoc")
    server = jupyter(front, **around)
    name = f"leaks-{front}.ipynb"
    lab = chromium.run(walk, server, sandbox, name, limit_s=300)
    assert "comm_msg" in server.log, "the kernel did log what it heard"
    assert "DEBUG:root:loud" in lab.path.read_text(), "logging is as loud as it can be"
    if around:
        assert list(server.root.glob(".jupyter_ystore.db*")), "the history of the edits"
    exported = server.root / "exported.html"
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", "--output", exported, lab.path],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert "connected to project" in exported.read_text()
    assert looked_through(server, sandbox) == []
