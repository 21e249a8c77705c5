"""Notebook 06 where its libraries are installed: every one of them answers."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

for name in ("ibm_watsonx_ai", "langchain_ibm", "openai"):
    pytest.importorskip(name, reason=f"{name} is not installed")

NOTEBOOK = Path(__file__).parents[2] / "notebooks/06-from-notebook-to-production.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("production")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    # the kernel of this environment, and nothing of what this machine has
    own = {name: value for name, value in os.environ.items()
           if not name.startswith(("WATSONX_", "WX_"))}  # fmt: skip
    here = {"IPYTHONDIR": str(folder / "ipython"), "JUPYTER_PREFER_ENV_PATH": "1"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
        client.execute(env=own | here)
    return notebook


@pytest.mark.parametrize(
    "used",
    [
        "wx.interop.api_client()",
        "wx.interop.chat_model(",
        "wx.interop.openai_client()",
        "from ibm_watsonx_ai import Credentials",
    ],
)
def test_each_library_answers_also_after_a_revocation_and_says_nothing_else(used, executed):
    (cell,) = [cell for cell in executed.cells
               if cell.cell_type == "code" and used in cell.source]  # fmt: skip
    (output,) = cell.outputs
    assert output.name == "stdout"
    assert "no model was asked" in output.text.lower()


def test_no_token_is_in_what_is_saved(executed):
    assert "eyJ" not in nbformat.writes(executed)
