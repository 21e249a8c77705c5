"""The form's twins: in a terminal, and where there is nobody to ask."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time

import nbclient
import nbformat
import pytest


def read_until(terminal: int, pattern: str, seconds: float = 60.0) -> str:
    """What the terminal showed until it showed this."""
    shown, deadline = "", time.monotonic() + seconds
    while not re.search(pattern, shown):
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 65536).decode("utf-8", "replace")
    return shown


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals here")
def test_in_a_terminal_the_key_is_hidden_and_a_project_is_chosen_by_its_number(sandbox, tmp_path):
    ours, theirs = pty.openpty()
    environment = os.environ | {"IPYTHONDIR": str(tmp_path), "TERM": "dumb", "COLUMNS": "300"}
    process = subprocess.Popen(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=tmp_path, close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    shown = ""
    try:
        for wait, answer in [
            (r"In \[1\]: ", "%load_ext wx_notebook"),
            (r"In \[2\]: ", "%watsonx login"),
            (r"API key \(hidden\): ", sandbox.api_key),
            (r"leave empty to search all regions\): ", sandbox.url),
            (r"by number or name \[1\]: ", "2"),
            (r"In \[3\]: ", "%watsonx use"),
            (r"In \[4\]: ", "%watsonx ask hello"),
            (r"In \[5\]: ", "%watsonx logout"),
        ]:
            shown += read_until(ours, wait)
            os.write(ours, f"{answer}\n".encode())
        shown += read_until(ours, r"In \[6\]: ")
    finally:
        process.kill()
        process.wait(20)
        os.close(ours)
    said = " ".join(shown.split())
    assert "✓ Key accepted for Sandbox User" in said
    assert "1 Sandbox project" in said
    assert "2 Sandbox space space" in said
    assert "✓ Space Sandbox space ✓ watsonx.ai Runtime is associated" in said
    assert "connected to space 'Sandbox space'" in said
    assert "projects and spaces: 1 Sandbox space" in said, "the last used first"
    assert "no model was asked" in said
    assert sandbox.api_key not in shown, "hidden"
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or sandbox.api_key.encode() not in file.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["%watsonx login", "%watsonx login --text", "%watsonx use"])
def test_where_nobody_can_answer_an_error_names_the_variables_at_once(tmp_path, cell):
    cells = [nbformat.v4.new_code_cell(source) for source in ("%load_ext wx_notebook", cell)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = nbclient.NotebookClient(notebook, timeout=30, kernel_name="python3")
    with pytest.raises(nbclient.exceptions.CellExecutionError) as caught:
        client.execute(cwd=str(tmp_path))
    said = str(caught.value)
    assert "NotConnected" in said
    for name in ("WATSONX_API_KEY", "WATSONX_REGION", "WATSONX_PROJECT_ID"):
        assert name in said
    assert "widgets" not in notebook.metadata


@pytest.mark.slow
def test_where_nobody_can_answer_what_is_found_is_used(sandbox, tmp_path, monkeypatch):
    for name, value in (("API_KEY", sandbox.api_key), ("URL", sandbox.url),
                        ("PROJECT_ID", sandbox.project_id)):  # fmt: skip
        monkeypatch.setenv(f"WATSONX_{name}", value)
    sources = ("%load_ext wx_notebook", "%watsonx login", "%watsonx use")
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=30, kernel_name="python3").execute(cwd=str(tmp_path))
    said = ["\n".join(o["data"]["text/plain"] for o in cell.outputs) for cell in notebook.cells]
    assert said[1].startswith("connected to project 'Sandbox project'")
    assert "projects and spaces:" in said[2]
    assert "widgets" not in notebook.metadata
    assert sandbox.api_key not in nbformat.writes(notebook)
