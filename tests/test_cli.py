"""The command `wx-notebook`, run as its users run it."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest

from wx_notebook.sandbox import FAULTS

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-c", "import sys; from wx_notebook.cli import main; sys.exit(main())"]


def start(*arguments, **environment):
    env = {
        k: v for k, v in os.environ.items() if not k.startswith(("WATSONX_", "WX_", "IBM", "WML_"))
    }
    return subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=env | environment, start_new_session=True,
    )  # fmt: skip


def read_until(process, pattern, timeout_s=60):
    """Return the first match in what the process prints; fails after the time."""
    giving_up = threading.Timer(timeout_s, process.kill)
    giving_up.start()
    seen = ""
    try:
        for line in process.stdout:
            seen += line
            if found := re.search(pattern, line):
                return found
    finally:
        giving_up.cancel()
    raise AssertionError(f"{pattern} did not come:\n{seen}")


def processes_with(text):
    """Ids of the processes whose command line or environment holds a text."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            said = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            if text.encode() in said and (folder / "stat").read_text().split(") ")[1][0] != "Z":
                found.add(int(folder.name))
        except OSError:
            continue
    return found - {os.getpid()}


def run_help(*arguments):
    command, env = [*COMMAND, *arguments, "--help"], os.environ | {"COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout


def test_help_names_each_command_with_an_example_and_fits_80_columns():
    text = run_help()
    for command in ("demo", "sandbox"):
        assert f"  wx-notebook {command} " in text
        own = run_help(command)
        assert f"  wx-notebook {command} --" in own
        assert max(map(len, own.splitlines())) <= 80
    assert max(map(len, text.splitlines())) <= 80
    sandbox_help = run_help("sandbox")
    assert [fault for fault in FAULTS if f"  {fault} " not in sandbox_help] == []


def test_demo_run_prints_prompts_and_answers_and_ends_well(tmp_path):
    process = start("demo", "--run", TMPDIR=str(tmp_path))
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 0, said
    assert "| %%watsonx" in said
    assert "no model was asked" in said
    assert "connected to project 'Sandbox project'" in said
    (folder,) = tmp_path.glob("wx-notebook-demo-*")
    executed = (folder / "01-first-prompt.ipynb").read_text()
    assert "no model was asked" in executed
    assert not list(tmp_path.rglob("sandbox.json")), "the sandbox's key was left behind"


def test_demo_run_does_not_spend_the_users_own_account(tmp_path, sandbox):
    process = start("demo", "--run", TMPDIR=str(tmp_path), WATSONX_API_KEY=sandbox.api_key,
                    WATSONX_URL=sandbox.url, WATSONX_PROJECT_ID=sandbox.project_id)  # fmt: skip
    said, _ = process.communicate(timeout=100)
    assert process.returncode == 0, said
    assert sandbox.calls == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look for processes")
def test_ctrl_c_ends_demo_run_with_no_process_left(tmp_path):
    process = start("demo", "--run", TMPDIR=str(tmp_path))
    read_until(process, r"\| %%watsonx")
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert processes_with(str(tmp_path)) == set()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look for processes")
def test_demo_opens_jupyterlab_on_a_fresh_notebook_and_ctrl_c_ends_it_all(tmp_path):
    # jupyter-collaboration ends with a traceback of its own when no page was opened
    (tmp_path / "config").mkdir()
    (tmp_path / "config/jupyter_server_config.json").write_text(
        '{"ServerApp": {"jpserver_extensions": {"jupyter_server_ydoc": false}}}'
    )
    process = start("demo", "--no-browser", "--port", "18899", TMPDIR=str(tmp_path),
                    JUPYTER_CONFIG_DIR=str(tmp_path / "config"),
                    JUPYTER_RUNTIME_DIR=str(tmp_path / "runtime"))  # fmt: skip
    folder = Path(read_until(process, r"Example notebooks: (\S+)")[1])
    address = read_until(
        process,
        r"(http://(?:127\.0\.0\.1|localhost):18\d+)/lab/tree/01-first-prompt.ipynb\?token=(\w+)",
    )
    url = f"{address[1]}/api/contents/01-first-prompt.ipynb?token={address[2]}"
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url) as reply:
                document = json.load(reply)
            break
        except urllib.error.URLError:
            assert time.monotonic() < deadline
    assert "%watsonx login" in str(document["content"]["cells"])
    with urllib.request.urlopen(f"{address[1]}/lab?token={address[2]}") as reply:
        page = reply.read().decode()
    off = re.search(r'"disabledExtensions": ?\[[^]]*\]', page)
    assert off is not None
    assert "apputils-extension:announcements" in off[0], "its question lies over the notebook"
    assert f"static/{version('wx-notebook')}/remoteEntry.js" in page, "the extension is loaded"
    (left,) = tmp_path.rglob("sandbox.json")
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    assert stat.S_IMODE(left.parent.stat().st_mode) == 0o700
    assert folder not in left.parents, "the page can read what lies beside the notebooks"
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=40)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert processes_with(str(tmp_path)) == set()
    assert not left.exists()
    assert (folder / "01-first-prompt.ipynb").exists(), "the user's notebooks stay"


@pytest.mark.parametrize("kind", ["cloud", "software"])
def test_sandbox_prints_what_to_paste_and_it_works(kind):
    process = start("sandbox", "--words-per-second", "0", "--token-lifetime", "60", "--kind", kind)
    names = ["WATSONX_URL", "WATSONX_API_KEY", "WATSONX_PROJECT_ID"]
    if kind == "software":
        names += ["WATSONX_AI_AUTH_TYPE", "WATSONX_USERNAME"]
    found = {name: read_until(process, rf"export {name}=(\S+)")[1] for name in names}
    asked = (
        "import wx_notebook as wx; print(wx.ask('hello').text); print(wx.session().status_line())"
    )
    done = subprocess.run([sys.executable, "-c", asked], env=os.environ | found,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert "no model was asked" in done.stdout
    assert "token for 60 s" in done.stdout
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sandbox", "--port", "99999"], "not a port"),
        (["sandbox", "--fault", "nonsense"], "nonsense"),
        (["demoo"], "demo"),
    ],
)
def test_bad_input_gets_one_message_and_a_status(arguments, said):
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said():
    with __import__("socket").socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run([*COMMAND, "sandbox", "--port", port], capture_output=True, text=True,
                              check=False)  # fmt: skip
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr
