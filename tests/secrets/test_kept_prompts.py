"""What `cache` keeps on disk, and what `%watsonx history` shows of it: no key and no token."""

from __future__ import annotations

import stat

import pytest

import wx_notebook as wx
from wx_notebook.errors import BadOption

from .leaks import found


def test_neither_the_journal_nor_its_history_has_a_secret(connected, sandbox, tmp_path):
    connected.run(
        "import os; _data = os.environ['JUPYTER_DATA_DIR']\n"
        f"os.environ['JUPYTER_DATA_DIR'] = {str(tmp_path)!r}"
    ).ok()
    try:
        # a model that repeats the key
        sandbox.say(f"Your key is {sandbox.api_key}.")
        connected.run("%%watsonx --cache --output kept\nWhat do you know?").ok()
        again = connected.run("%%watsonx --cache\nWhat do you know?").ok()
        assert "from the journal" in again.plain
        listed = connected.run("%watsonx history").ok().plain
        name = listed.partition(" ")[0]
        shown = connected.run(f"%watsonx history --show {name}").ok().plain
    finally:
        connected.run("os.environ['JUPYTER_DATA_DIR'] = _data")
    secrets = [sandbox.api_key, *sandbox.account.tokens._lifetimes]
    assert len(secrets) > 1
    files = [one for one in tmp_path.rglob("*") if one.is_file() and "journal" in str(one)]
    assert files
    for file in files:
        assert found(file.read_bytes().decode("latin-1"), *secrets) == [], file
        assert sandbox.project_id.encode() not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert found(listed + shown + again.everything, *secrets) == []
    assert "Your key is <secret>." in shown


def test_a_prompt_with_the_key_is_refused_and_not_kept(session, sandbox, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    with pytest.raises(BadOption):
        wx.ask(f"Is {sandbox.api_key} good?", cache=True)
    assert not list(tmp_path.rglob("*.sqlite"))
