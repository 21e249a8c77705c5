"""Without a front end: each row of the table in notebook 06.

The same value in each of them, plain text and safe HTML in the file, no widget state, and a prompt
that fails fails the run, with an exit status and a message that says what to type.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from support.terminals import terminal

from wx_notebook.render import ANSWER_TYPE
from wx_notebook.sandbox import Sandbox

pytestmark = pytest.mark.slow

PROMPT = "What is a {{ unit }}?"
KEEP = (
    "import json, pathlib; pathlib.Path('value.json').write_text(json.dumps("
    "[answer.text, answer.model_id, answer.finish_reason, answer.usage.total_tokens]))"
)
CELLS = ["unit = 'watt'", "%load_ext wx_notebook", "%watsonx login",
         f"%%watsonx --output answer\n{PROMPT}", KEEP]  # fmt: skip
FAILING = [*CELLS[:3], "%%watsonx --model ibm/granite-4-h-smal\nhello", "print('NEVER REACHED')"]
SCRIPT = f"unit = 'watt'\n%load_ext wx_notebook\n%watsonx login\nanswer = %watsonx ask {PROMPT}\n"

NBCLIENT = """
import nbformat
from nbclient import NotebookClient
book = nbformat.read("in.ipynb", 4)
try:
    NotebookClient(book, kernel_name="python3").execute()
finally:
    nbformat.write(book, "out.ipynb")
"""

#: How each runs `in.ipynb` and where the outcome is; the words are those of notebook 06.
RUNS = {
    "jupyter execute": (["jupyter", "execute", "in.ipynb", "--output=out.ipynb"], "out.ipynb"),
    "jupyter nbconvert --execute": (
        ["jupyter", "nbconvert", "--to=notebook", "--execute", "in.ipynb", "--output=out.ipynb"],
        "out.ipynb",
    ),
    "papermill": (
        ["papermill", "in.ipynb", "out.ipynb", "-p", "unit", "watt"],
        "out.ipynb",
    ),
    "nbclient": (
        [sys.executable, "-c", NBCLIENT],
        "out.ipynb",
    ),
    "ipython FILE.ipynb": ([sys.executable, "-m", "IPython", "--colors=NoColor", "in.ipynb"], ""),
    "ipython FILE.ipy": ([sys.executable, "-m", "IPython", "--colors=NoColor", "in.ipy"], ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def shared():
    """One sandbox; its small writer always answers the same prompt in the same way."""
    with Sandbox() as running:
        yield running


def around(sandbox, folder):
    known = {name: value for name, value in os.environ.items() if not name.startswith("WATSONX_")}
    return known | {
        "WATSONX_API_KEY": sandbox.api_key, "WATSONX_URL": sandbox.url,
        "WATSONX_PROJECT_ID": sandbox.project_id, "IPYTHONDIR": str(folder / "ipython"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_CONFIG_DIR": str(folder / "config"), "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }  # fmt: skip


def write(folder, cells):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.cells[0].metadata["tags"] = ["parameters"]
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(book, folder / "in.ipynb")


def run(command, sandbox, folder, without=()):
    env = {name: value for name, value in around(sandbox, folder).items() if name not in without}
    return subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def expected(shared):
    """What a plain Python program gets for the same prompt."""
    import wx_notebook as wx

    session = wx.connect(api_key=shared.api_key, url=shared.url, project_id=shared.project_id)
    answer = session.chat("What is a watt?")
    return [answer.text, answer.model_id, answer.finish_reason, answer.usage.total_tokens]


def test_each_row_of_the_table_in_notebook_06_is_run_here():
    folder = Path(__file__).parents[1] / "notebooks"
    book = nbformat.read(folder / "06-from-notebook-to-production.ipynb", as_version=4)
    text = next(cell.source for cell in book.cells if "<!-- headless -->" in cell.source)
    table = text.split("<!-- headless -->")[1].split("<!-- /headless -->")[0]
    typed = [row.split("`")[-2] for row in table.strip().splitlines()[2:]]
    run = {" ".join(command).replace(f"{sys.executable} -m IPython --colors=NoColor", "ipython")
           for command, _ in RUNS.values()}  # fmt: skip
    assert len(typed) == len(RUNS) + 1, "and the terminal"
    for line in typed:
        in_a_terminal = line == "ipython"
        assert in_a_terminal or any(line in command for command in run), line


@pytest.mark.parametrize("way", RUNS)
def test_the_same_value_everywhere_and_a_file_that_is_safe(way, shared, expected, tmp_path):
    command, outcome = RUNS[way]
    write(tmp_path, CELLS)
    (tmp_path / "in.ipy").write_text(SCRIPT + KEEP.replace("\n", "; ") + "\n")
    done = run(command, shared, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "value.json").read_text()) == expected
    assert shared.api_key not in done.stdout + done.stderr
    if not outcome:
        assert expected[0].split("\n")[0][:40] in done.stdout
        return
    book = nbformat.read(tmp_path / outcome, as_version=4)
    assert "widgets" not in book.metadata
    (output,) = next(c for c in book.cells if c.source.startswith("%%watsonx")).outputs
    assert set(output.data) == {"text/plain", "text/html", ANSWER_TYPE}
    assert output.data["text/plain"].startswith(expected[0][:40])
    assert "<script" not in output.data["text/html"]
    assert output.metadata["wx_notebook"]["finish_reason"] == "stop"
    assert shared.api_key not in nbformat.writes(book)
    assert not any("widget-view" in str(cell.outputs) for cell in book.cells if "outputs" in cell)


@pytest.mark.parametrize("way", [way for way in RUNS if way != "ipython FILE.ipy"])
def test_a_failing_prompt_fails_the_run_and_says_what_to_type(way, shared, tmp_path):
    command, _ = RUNS[way]
    write(tmp_path, FAILING)
    done = run(command, shared, tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "ModelError" in said
    assert "Did you mean 'ibm/granite-4-h-small'?" in said
    assert "NEVER REACHED" not in done.stdout.replace(FAILING[-1], "")
    assert shared.api_key not in said


@pytest.mark.parametrize("way", ["papermill", "nbclient"])
def test_a_login_with_nothing_to_sign_in_with_fails_at_once_and_names_the_variables(
    way, shared, tmp_path
):
    command, _ = RUNS[way]
    write(tmp_path, CELLS)
    done = run(command, shared, tmp_path, without={"WATSONX_API_KEY"})
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "NotConnected" in said
    assert "WATSONX_API_KEY" in said
    assert "Nobody can fill in a form here." in said
    assert not (tmp_path / "value.json").exists()


def test_a_failing_script_does_too(shared, tmp_path):
    (tmp_path / "in.ipy").write_text(
        "%load_ext wx_notebook\nanswer = %watsonx ask \nprint('NEVER REACHED')\n"
    )
    done = run(RUNS["ipython FILE.ipy"][0], shared, tmp_path)
    assert done.returncode != 0
    assert "BadOption: The prompt is empty." in done.stdout + done.stderr
    assert "NEVER REACHED\n" not in done.stdout


def test_an_exported_page_has_the_answer_and_nothing_that_runs(shared, expected, tmp_path):
    write(tmp_path, CELLS)
    command = ["jupyter", "nbconvert", "--to=html", "--template=basic", "--execute", "in.ipynb"]
    done = run(command, shared, tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "in.html").read_text()
    assert 'class="wxn-answer' in page
    assert "<script" not in page
    assert shared.api_key not in page


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals here")
def test_in_a_plain_terminal_the_cell_streams_as_text(shared, expected, tmp_path):
    # a cell magic ends at its second empty line
    steps = [*CELLS[:3], f"{CELLS[3]}\n\n", KEEP]
    with terminal(tmp_path, around(shared, tmp_path)) as typed:
        said = typed("", r"In \[1\]: ")
        for number, step in enumerate(steps, start=2):
            said += typed(step, rf"In \[{number}\]: ")
        said += typed(f"{FAILING[3]}\n\n", r"Did you mean[^\n]*\n")
    assert json.loads((tmp_path / "value.json").read_text()) == expected
    assert " ".join(expected[0].split()[:6]) in " ".join(said.split())
    assert "ModelError: " in said
    assert shared.api_key not in said
