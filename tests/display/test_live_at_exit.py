"""A process that ends soon after its answer ends silently: no thread is left in the renderer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Runs after Python has waited for its threads, and before it takes itself apart.
AT_EXIT = """
import atexit, sys, threading
atexit.register(lambda: print([t.name for t in threading.enumerate() if t.name == "wx-wait"]))
"""
LIVE = """
from wx_notebook.display import Live, NotebookCanvas

class Publisher:
    def publish(self, **_): pass

class Slow(NotebookCanvas):
    def preload(self):
        import time
        time.sleep(0.2)  # a machine on which the imports take their time
        super().preload()
        print("rendered")

with Live(Slow(Publisher()), "waiting"):
    pass
print("main is done")
"""
SCRIPT = """%load_ext wx_notebook
answer = %watsonx ask hi
print(str(answer))
"""


def start(*arguments, **environ):
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow  # a process of its own
def test_python_waits_for_the_renderer_before_it_takes_itself_apart():
    out, err = start("-c", AT_EXIT + LIVE).communicate(timeout=60)
    assert out.split("\n") == ["main is done", "rendered", "[]", ""]
    assert err == ""


@pytest.mark.slow  # a process of its own
def test_work_in_a_thread_that_nobody_waits_for_keeps_no_process_alive():
    work = """
import threading
from wx_notebook.display import Progress, TerminalCanvas

began = threading.Event()

def work():
    with Progress(TerminalCanvas(), "waiting"):
        began.set()
        threading.Event().wait()

threading.Thread(target=work, daemon=True).start()
began.wait()
"""
    process = start("-c", work)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0


@pytest.mark.slow  # several processes
def test_short_scripts_at_once_end_silently(sandbox, tmp_path):
    script = tmp_path / "script.ipy"
    script.write_text(SCRIPT)
    ipython = str(Path(sys.executable).with_name("ipython"))
    environ = {
        "WATSONX_API_KEY": sandbox.api_key,
        "WATSONX_URL": sandbox.url,
        "WATSONX_PROJECT_ID": sandbox.project_id,
        "IPYTHONDIR": str(tmp_path),
        "JUPYTER_CONFIG_DIR": str(tmp_path),
    }
    sandbox.say(*["forty-two"] * 4)
    for process in [start(ipython, str(script), **environ) for _ in range(4)]:
        out, err = process.communicate(timeout=120)
        assert "forty-two" in out
        assert err == ""
        assert process.returncode == 0
