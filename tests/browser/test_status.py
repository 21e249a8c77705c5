"""`%watsonx status` in JupyterLab, in a terminal and in nbclient: the same lines, no key."""

from __future__ import annotations

import os
import sys

import nbclient
import nbformat
import pytest
from support.fronts import LabPage
from support.terminals import terminal

CELLS = ["%load_ext wx_notebook", "%%watsonx\nhello", "%watsonx status"]
WANTED = [
    "connected to ",
    "as Sandbox User",
    "renewed by itself",
    "API key •••••••• from: environment (WATSONX_API_KEY)",
    "not used: environment (WATSONX_TOKEN)",
    "WATSONX_API_KEY and WATSONX_TOKEN: programs started from this kernel inherit it",
]


def around(sandbox):
    return {
        "WATSONX_API_KEY": sandbox.api_key, "WATSONX_URL": sandbox.url,
        "WATSONX_PROJECT_ID": sandbox.project_id, "WATSONX_TOKEN": "t9" * 20,
    }  # fmt: skip


def shown_in_the_browser(page, server):
    lab = LabPage(page, server)
    lab.open("status.ipynb", CELLS)
    for cell in range(3):
        lab.run(cell)
    return lab.wait_for_output(2, "inherit"), lab.save()


@pytest.mark.browser
def test_in_jupyterlab(chromium, jupyter, sandbox):
    said, saved = chromium.run(shown_in_the_browser, jupyter("lab", **around(sandbox)))
    for words in WANTED:
        assert words in said
    assert sandbox.api_key not in nbformat.writes(saved)


@pytest.mark.slow
def test_in_nbclient(sandbox, tmp_path, monkeypatch):
    for name, value in around(sandbox).items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute(cwd=str(tmp_path))
    said = "\n".join(output["data"]["text/plain"] for output in notebook.cells[2].outputs)
    for words in WANTED:
        assert words in said
    assert sandbox.api_key not in nbformat.writes(notebook)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals here")
def test_in_a_terminal(sandbox, tmp_path):
    with terminal(tmp_path, os.environ | around(sandbox)) as typed:
        said = typed("", r"In \[1\]: ")
        for number, line in enumerate(
            ["%load_ext wx_notebook", "%watsonx ask hello", "%watsonx status"], start=2
        ):
            said = typed(line, rf"In \[{number}\]: ")
    # a terminal breaks long lines
    said = " ".join(said.split())
    for words in WANTED:
        assert words in said, said
    assert sandbox.api_key not in said
