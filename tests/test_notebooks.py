"""The example notebooks: no outputs stored, every one executed, no key in what is saved."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def execute(path, folder, **environment):
    import os

    notebook = nbformat.read(path, as_version=4)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WATSONX_", "WX_"))}
    client = NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=env | environment | {"IPYTHONDIR": str(folder / "ipython")})
    return notebook


def credentials(sandbox):
    return {"WATSONX_APIKEY": sandbox.api_key, "WATSONX_URL": sandbox.url,
            "WATSONX_PROJECT_ID": sandbox.project_id}  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_carries_no_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        assert not cell.get("outputs"), "run: nbstripout notebooks/*.ipynb"
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom_with_the_environment_set(path, sandbox, tmp_path):
    notebook = execute(path, tmp_path, **credentials(sandbox))
    assert sandbox.counts["chat_stream"] >= 1
    saved = nbformat.writes(notebook)
    assert sandbox.api_key not in saved
    assert "eyJ" not in saved, "a token in the saved file"
    assert "widgets" not in notebook.metadata
    answered = [cell.outputs for cell in notebook.cells if cell.source.startswith("%%watsonx")]
    for outputs in answered:
        (output,) = outputs
        assert output.output_type == "display_data"
        assert "no model was asked" in output.data["text/plain"]
        assert output.metadata["wx_notebook"]["finish_reason"] in ("stop", "length")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_without_credentials_it_fails_at_once_with_the_hint(path, tmp_path):
    with pytest.raises(CellExecutionError, match="not connected") as caught:
        execute(path, tmp_path)
    assert "set WATSONX_API_KEY" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_the_history_of_ipython_has_no_key(sandbox, tmp_path):
    execute(NOTEBOOKS[0], tmp_path, **credentials(sandbox))
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert sandbox.api_key.encode() not in file.read_bytes(), file
