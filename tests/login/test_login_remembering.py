"""Remember and Forget, by clicks, with a real Secret Service behind the kernel."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.forms import LOGIN, Form, holding, opened
from support.fronts import BrowserThread, JupyterServer

from wx_notebook.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    Servers = Callable[..., JupyterServer]

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        bool(MISSING), reason=f"needs {', '.join(MISSING)}: apt-get install gnome-keyring dbus"
    ),
]


@pytest.fixture
def secret_service(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What leads to a bus of its own, with a keyring that is open."""
    (tmp_path / "run").mkdir(mode=0o700)
    there = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"],
        env=there, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert bus.stdout is not None
    there["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
    keyring = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        env=there, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert keyring.stdin is not None
    keyring.stdin.write(b"pw")
    keyring.stdin.close()
    del there["HOME"]
    # the other tests have none (tests/conftest.py)
    yield there | {"PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring"}
    for process in (keyring, bus):
        process.terminate()
        process.wait(10)


def remember_and_forget(page: Page, server: JupyterServer, sandbox: Sandbox) -> None:
    lab, form = opened(page, server, "remember.ipynb", LOGIN)
    remember = form.root.get_by_label("Remember the key in this machine's keyring")
    assert remember.is_enabled()
    remember.check()
    form.connect(sandbox.api_key, sandbox.url, sandbox.project_id)
    form.wait_for("the API key in the Secret Service")
    form.wait_for("✓ connected to project 'Sandbox project'")
    files = [path.read_bytes() for path in server.files()]
    assert holding(files, sandbox.api_key, 12) == [], "in the keyring, and in no file"

    # another kernel: one click, and no key
    lab.restart()
    lab.run(0)
    lab.run(1)
    form = Form(lab)
    sent = len(holding(lab.seen.sent, sandbox.api_key))
    form.root.get_by_role("button", name="default").click()
    form.wait_for("✓ connected to project 'Sandbox project'")
    assert len(holding(lab.seen.sent, sandbox.api_key)) == sent
    form.button("Change").click()
    form.root.get_by_label("Profile").wait_for()
    assert form.root.get_by_label("Profile").input_value() == "default"
    form.button("Log out and delete the profile").click()
    form.key.wait_for()

    # nothing is left to offer
    lab.run(2)
    second = Form(lab, 2)
    assert second.root.get_by_role("button", name="default").count() == 0
    second.root.get_by_label("Remember the key").wait_for()
    lab.save()
    assert holding([lab.path.read_bytes()], sandbox.api_key) == []


def test_a_key_is_remembered_by_one_click_used_by_one_click_and_forgotten_by_one_click(
    chromium: BrowserThread, jupyter: Servers, sandbox: Sandbox, secret_service: dict[str, str]
) -> None:
    server = jupyter("lab", **secret_service)
    chromium.run(remember_and_forget, server, sandbox, limit_s=300)
