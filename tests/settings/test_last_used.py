"""What was used last is kept by its id alone, in a file that is the user's."""

from __future__ import annotations

import os
import stat

import pytest
from support.cases import all_cases

from wx_notebook.settings import UsedProject, account_hash, last_used, save_last_used
from wx_notebook.settings.last_used import last_used_file

ID = "12345678-1234-4123-8123-12345678{:04}"


@pytest.fixture(autouse=True)
def _folder(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))


def used(number, region="eu-de"):
    return UsedProject(region, "project", ID.format(number))


def test_the_last_comes_first_and_once_for_each_account():
    jane, joe = account_hash("https://iam", "jane@example.com"), account_hash("https://iam", "joe")
    for number in (1, 2, 1, 3):
        save_last_used(jane, used(number))
    save_last_used(joe, used(9))
    assert last_used(jane) == [used(3), used(1), used(2)]
    assert last_used(joe) == [used(9)]
    for number in range(30):
        save_last_used(jane, used(number))
    assert len(last_used(jane)) == 8


def test_the_file_is_the_users_alone_and_says_nobodys_name():
    save_last_used(account_hash("https://iam", "jane@example.com"), used(1))
    text = last_used_file().read_text()
    assert "jane" not in text
    assert "iam" not in text
    if os.name == "posix":
        assert stat.S_IMODE(last_used_file().stat().st_mode) == 0o600


@all_cases(
    "text",
    ["", "{", "[]", '{"accounts": 5}', '{"accounts": {"a": 5}}', '{"accounts": {"a": [[1]]}}',
     "[" * 100_000, '{"accounts": {}}' + " " * 300_000],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_one_without_an_entry(text):
    last_used_file().parent.mkdir(exist_ok=True)
    last_used_file().write_text(text)
    assert last_used("a") == []
    save_last_used("a", used(1))
    assert last_used("a") == [used(1)]


def test_a_folder_that_cannot_be_written_is_no_fault(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "file"))
    save_last_used("a", used(1))
    assert last_used("a") == []
