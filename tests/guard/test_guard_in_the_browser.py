"""The guard in a real front end, alone and where several people edit one document."""

from __future__ import annotations

import json

import pytest
from support.fronts import COLLABORATION, LabPage
from support.guard import GONE

from wx_notebook.guard.reports import EDIT_HISTORY_HINT, REPLACE_KEY_HINT
from wx_notebook.guard.scan_files import combined_search, search_file

pytestmark = pytest.mark.browser


def typed_key_is_saved(page, server, sandbox):
    """A user types the key into a cell, connects, lets Jupyter save, and goes on."""
    notebook = LabPage(page, server)
    given = ", ".join(f"{name}={value!r}" for name, value in sandbox.credentials().items())
    notebook.open("mine.ipynb", [
        f"%load_ext wx_notebook\nimport wx_notebook as wx\n_ = wx.connect({given})",
        "%watsonx version",
        "%watsonx check",
    ])  # fmt: skip
    notebook.run(0)
    warned = notebook.wait_for_output(0, "API key")
    notebook.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    notebook.wait_until(lambda: GONE in notebook.path.read_text(), "the file without the key")
    notebook.run(1)
    told = notebook.wait_for_output(1, "wx_notebook 0")
    notebook.run(2)
    checked = notebook.wait_for_output(2, "searched")
    # the page saves itself once more
    notebook.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    notebook.wait_until(lambda: "searched" in notebook.path.read_text(), "the second save")
    dialogs = notebook.page.locator(".jp-Dialog").count()
    source = notebook.cell(0).locator(".cm-content").inner_text()
    return warned, told, checked, dialogs, source, notebook.path


@pytest.mark.parametrize("front", ["lab", "lab with collaboration"])
def test_a_key_that_was_typed_is_not_in_the_file_and_the_user_reads_where_it_was(
    front, chromium, jupyter, sandbox
):
    together = "collaboration" in front
    if together:
        pytest.importorskip("jupyter_server_ydoc")
    server = jupyter(front.split()[0], **({COLLABORATION: "1"} if together else {}))
    warned, told, checked, dialogs, source, path = chromium.run(
        typed_key_is_saved, server, sandbox, limit_s=300
    )
    saved, key = path.read_text(), sandbox.api_key
    assert key not in saved
    assert len(json.loads(saved)["cells"]) == 3
    assert "This API key is in cell [1]: it is saved with the notebook" in warned
    assert "mine.ipynb was saved without these secrets:" in told
    assert "an API key: cell 1 [1], source, line 3" in told
    assert REPLACE_KEY_HINT in told
    assert (EDIT_HISTORY_HINT in told) is together
    assert "mine.ipynb as it was last saved" in checked
    assert "an API key (in use): In[1]" in checked
    assert key in source, "the page has it until the user takes it out"
    assert dialogs == 0
    for file in server.files():
        if file.suffix == ".ipynb":
            assert key not in file.read_text()
    histories = list(server.root.rglob(".jupyter_ystore.db"))
    assert bool(histories) is together
    for history in histories:
        found = search_file(history, combined_search(lambda text: ()))
        assert "a possible API key" in {finding.description for finding in found}
        assert "the edit history beside it" in checked
