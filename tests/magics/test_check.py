"""`%watsonx check`: the notebook, what is kept of it, IPython's history, the kernel's variables."""

from __future__ import annotations

import json
import sqlite3

import pytest
from support.guard import book, code, leaks, new_key
from support.kernels import Kernel

from wx_notebook.guard.reports import REPLACE_KEY_HINT

pytestmark = pytest.mark.slow

NOTHING = "no key and no token was found"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A kernel whose history nobody else has written into."""
    with Kernel(tmp_path_factory.mktemp("check")) as kernel:
        kernel.run("%load_ext wx_notebook", store_history=False).ok()
        yield kernel


@pytest.fixture
def notebook(fresh, tmp_path):
    """An empty notebook, which is the one of this kernel."""
    path = tmp_path / "mine.ipynb"
    path.write_text(json.dumps(book(code("1 + 1"))))
    fresh.run(
        f"import os as _os; _os.environ['JPY_SESSION_NAME'] = {str(path)!r}", store_history=False
    ).ok()
    yield path
    fresh.run("%reset -f\ndel __import__('os').environ['JPY_SESSION_NAME']", store_history=False)


def checked(kernel, line="%watsonx check", **options):
    return kernel.run(line, store_history=False, **options).ok().plain.split("\n")


def test_where_nothing_is_found_it_says_at_what_it_looked(fresh, notebook):
    said = checked(fresh)
    assert said[0].startswith(
        "searched: this kernel's variables, mine.ipynb as it was last saved, IPython's history ("
    )
    assert said[-1] == NOTHING


def test_a_key_in_use_is_found_in_file_checkpoint_edit_history_and_variables(
    fresh, notebook, sandbox
):
    fresh.connect(sandbox)
    key = sandbox.api_key
    notebook.write_text(json.dumps(book(code("x"), code(f"a = 1\nk = '{key}'"))))
    checkpoint = notebook.parent / ".ipynb_checkpoints" / "mine-checkpoint.ipynb"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(notebook.read_bytes())
    with sqlite3.connect(notebook.parent / ".jupyter_ystore.db") as database:
        database.execute("CREATE TABLE yupdates (yupdate BLOB)")
        database.execute("INSERT INTO yupdates VALUES (?)", (f"k = '{key}'".encode(),))
    database.close()
    fresh.run(
        f"class Client: pass\nclient = Client(); client.key = {key!r}\nmine = [1, {{'a': client}}]",
        store_history=False,
    ).ok()
    said = checked(fresh)
    assert said[1:] == [
        "this kernel's variables:",
        "  an API key (in use): variable client.key",
        "mine.ipynb as it was last saved:",
        "  an API key (in use): cell 2 [7], source, line 2",
        "its checkpoint:",
        "  an API key (in use): cell 2 [7], source, line 2",
        "the edit history beside it:",
        "  an API key (in use): row 1 of yupdates, line 1",
        "an edit history cannot be cleaned: stop the server and delete .jupyter_ystore.db",
        REPLACE_KEY_HINT,
    ]
    assert leaks("\n".join(said), key) == []


def test_a_key_in_the_history_of_an_earlier_session_is_found(notebook, fresh, tmp_path):
    key = new_key()
    with Kernel(tmp_path) as other:
        other.run(f"k = '{key}'").ok()
        other.run("get_ipython().history_manager.writeout_cache()", store_history=False).ok()
    history = fresh.value("str(get_ipython().history_manager.hist_file)")
    earlier = other.ipython_dir / "profile_default" / "history.sqlite"
    fresh.run(f"get_ipython().history_manager.hist_file = {str(earlier)!r}", store_history=False)
    try:
        said = checked(fresh)
        assert f"IPython's history ({earlier}):" in said
        assert "  a possible API key: input 1 of session 1, line 1" in said
    finally:
        fresh.run(f"get_ipython().history_manager.hist_file = {history!r}", store_history=False)


def test_files_that_are_named_are_looked_at_and_nothing_else(fresh, notebook):
    other = notebook.parent / "other file.py"
    other.write_text(f"k = '{new_key()}'")
    said = checked(fresh, f"%watsonx check '{other}'")
    assert said == [
        f"searched: {other}",
        f"{other}:",
        "  a possible API key: line 1",
        REPLACE_KEY_HINT,
    ]


def test_a_notebook_whose_file_is_not_known_is_asked_for(fresh):
    said = checked(fresh)
    assert said[1].startswith("not searched: the notebook's file, which is unknown here; name")


def test_visual_studio_code_names_its_notebook_by_a_variable(fresh, tmp_path):
    path = tmp_path / "code.ipynb"
    path.write_text(json.dumps(book(code("1"))))
    fresh.run(f"__vsc_ipynb_file__ = {str(path)!r}", store_history=False).ok()
    try:
        assert "code.ipynb as it was last saved" in checked(fresh)[0]
    finally:
        fresh.run("del __vsc_ipynb_file__", store_history=False).ok()


def test_a_file_that_is_not_there_is_an_error(fresh):
    ran = fresh.run("%watsonx check missing.ipynb", store_history=False)
    assert ran.error == [
        "BadOption: There is no file 'missing.ipynb'.",
        "Next: %watsonx check, or %watsonx check FILE.",
    ]


def test_when_time_is_up_it_says_what_it_has_not_looked_at(fresh, notebook):
    fresh.run(
        "import wx_notebook.magics.check as _c; _was = _c.BUDGET_S; _c.BUDGET_S = -1",
        store_history=False,
    ).ok()
    try:
        said = checked(fresh)
        assert said[0] == "searched: nothing"
        assert "not searched, because the time was up: this kernel's variables" in said
        assert any(line.startswith("not searched, because the time was up: mine") for line in said)
    finally:
        fresh.run("_c.BUDGET_S = _was", store_history=False).ok()


def test_it_is_interrupted_by_jupyters_own_button_and_shows_what_was_found(fresh, notebook):
    # variables come first; the notebook's file is one that never comes to an end
    fresh.run(
        f"k = {new_key()!r}\n"
        "import wx_notebook.magics.check as _f, threading as _t\n"
        "_search, _begun = _f.search_file, _t.Event()\n"
        "def _endless(*a):\n    print('begun', flush=True)\n    _t.Event().wait()\n"
        "_f.search_file = _endless",
        store_history=False,
    ).ok()
    try:
        sent = fresh.start("%watsonx check", store_history=False)
        while fresh.next_message()["content"].get("text") != "begun\n":
            pass
        fresh.interrupt()
        ran = fresh.finish(sent)
        assert ran.error == [
            "Interrupted: Stopped before everything was searched.", "Run it again."
        ]  # fmt: skip
        assert "  a possible API key: variable k" in ran.plain.split("\n")
    finally:
        fresh.run("_f.search_file = _search", store_history=False).ok()
