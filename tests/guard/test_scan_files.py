"""`wx-notebook check`: what it finds in which files, what it says, and what it leaves alone."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from credentials.keyring_stand_ins import Keeps, system
from support.cases import all_cases
from support.guard import book, code, jwt, leaks, new_key, printed, shown

from wx_notebook.cli import main
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.profiles import remember_credentials
from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.patterns import ALLOWLIST_COMMENT
from wx_notebook.guard.reports import REPLACE_KEY_HINT

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "import sys; from wx_notebook.cli import main; sys.exit(main())"]


@pytest.fixture
def check(capsys, tmp_path, monkeypatch):
    """Run the command here; return its status and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*names):
        try:
            status = main(["check", *names])
        except SystemExit as end:
            status = end.code
        return status, capsys.readouterr()

    return run


def notebook(name, *cells, **metadata):
    Path(name).write_text(json.dumps(book(*cells, **metadata), indent=1))
    return name


def said_of(printed_text):
    return [
        line for line in printed_text.out.splitlines() if line and REPLACE_KEY_HINT not in line
    ][:-1]


# --- what it finds --------------------------------------------------------------------------------


def test_a_key_of_the_environment_is_named_by_file_cell_line_and_variable(check, monkeypatch):
    key = "k" * 10 + "of no special form" + "é" * 20
    monkeypatch.setenv("WATSONX_API_KEY", key)
    notebook("one.ipynb", code("import os"), code(f"a = 1\nk = '{key}'", [printed(f"{key}\n")]))
    status, said = check("one.ipynb")
    assert status == 1
    assert said_of(said) == [
        "one.ipynb: cell 2 [7], source, line 2: an API key (WATSONX_API_KEY)",
        "one.ipynb: cell 2 [7], output, line 1: an API key (WATSONX_API_KEY)",
    ]
    assert f"2 found in 1 file. {REPLACE_KEY_HINT}" in said.out
    assert leaks(said.out + said.err, key) == []


def test_a_password_of_the_environment_is_found_as_a_word_and_not_inside_another(
    check, monkeypatch
):
    monkeypatch.setenv("WATSONX_USERNAME", "jane")
    monkeypatch.setenv("WATSONX_PASSWORD", "swordfish")
    Path("a.py").write_text("fish = 'swordfishes'\nlogin('jane', 'swordfish')\n")
    status, said = check("a.py")
    assert status == 1
    assert said_of(said) == ["a.py: line 2: a password (WATSONX_PASSWORD)"]


def test_a_key_of_a_remembered_profile_is_found(check, monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    key = "not-random-" * 4
    with system(Keeps):
        remember_credentials("work", ConnectionParams("form", Secret(key), region="eu-de"))
        Path("a.py").write_text(f"k = '{key}'")
        status, said = check("a.py")
    assert status == 1
    assert said_of(said) == ["a.py: line 1: an API key (profile work)"]


def test_where_a_profile_cannot_be_read_that_is_said_and_the_rest_is_searched(
    check, monkeypatch, tmp_path
):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    with system(Keeps):
        remember_credentials("work", ConnectionParams("form", Secret(new_key()), region="eu-de"))
    Path("a.py").write_text(f"t = '{jwt()}'")
    status, said = check("a.py")
    assert status == 1
    assert "The key of profile 'work' was not read: this machine has no system keyring" in said.err


def test_what_looks_like_a_key_and_a_token_of_iam_are_found_without_any_secret_at_hand(check):
    Path(".env").write_text(f"A=1\nWATSONX_APIKEY={new_key()}\n")
    Path("a.py").write_text(f"token = '{jwt()}'\n")
    status, said = check(".env", "a.py")
    assert status == 1
    assert said_of(said) == [
        ".env: line 2: a possible API key",
        "a.py: line 1: an access token of IBM Cloud",
    ]


def test_a_token_of_another_service_is_a_warning_and_no_failure(check):
    Path("a.py").write_text(f"token = '{jwt('https://accounts.google.com')}'\n")
    status, said = check("a.py")
    assert status == 0
    assert "a.py: warning: line 1: a token of another service" in said.out


def test_a_line_says_itself_that_it_holds_none_and_a_known_key_is_found_all_the_same(
    check, monkeypatch
):
    key = new_key()
    Path("a.py").write_text(f"nonce = '{key}'  # {ALLOWLIST_COMMENT}\n")
    assert check("a.py")[0] == 0
    monkeypatch.setenv("WATSONX_API_KEY", key)
    assert check("a.py")[0] == 1


def test_every_part_of_a_notebook_is_searched(check):
    key = new_key()
    markdown = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "x",
                "attachments": {f"is {key}": {"image/png": "aaaa"}}}  # fmt: skip
    tagged = code("x", metadata={"note": key})
    metadata = {"papermill": {"p": {"k": key}}, "widgets": {"state": {"a": {"value": key}}}}
    output = shown(text__html=f"<b>{key}</b>")
    notebook("a.ipynb", markdown, tagged, code("x", [output]), **metadata)
    _, said = check("a.ipynb")
    assert [re.sub(r"^a.ipynb: (.*), line 1: .*", r"\1", line) for line in said_of(said)] == [
        "cell 1, attachments",
        "cell 2 [7], metadata",
        "cell 3 [7], output",
        "notebook metadata",
        "widget state",
    ]


def test_a_folder_is_searched_with_its_checkpoints_and_hidden_settings_and_not_what_is_foreign(
    check,
):
    key = new_key()
    ours = ["a.ipynb", ".ipynb_checkpoints/a-checkpoint.ipynb", ".env", ".env.local", "x/b.py"]
    foreign = [".git/x.txt", ".venv/a.py", "x/node_modules/a.json", "picture.png", "a.pyc"]
    for name in (*ours, *foreign):
        path = Path("all") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(book(code(f"k = '{key}'"))) if "ipynb" in name else f"k={key}")
    status, said = check("all")
    assert status == 1
    assert sorted(line.split(": ")[0] for line in said_of(said)) == sorted(
        f"all/{name}" for name in ours
    )
    assert "5 found in 5 files." in said.out
    assert check("all/picture.png")[0] == 1, "what is named is searched whatever it is"


def test_what_powershell_writes_and_a_notebook_that_is_no_json_are_searched_as_text(check):
    Path(".env").write_bytes(f"\ufeffWATSONX_APIKEY={new_key()}\r\n".encode("utf-16-le"))
    Path("half.ipynb").write_text('{"cells": [\n "k = \'' + new_key() + "'")
    status, said = check(".env", "half.ipynb")
    assert status == 1
    assert [line.rsplit(": ", 1)[0] for line in said_of(said)] == [
        ".env: line 1", "half.ipynb: line 2"
    ]  # fmt: skip


def history_of_edits(path, *edits):
    """As jupyter-collaboration keeps them."""
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE yupdates (path TEXT, yupdate BLOB, timestamp REAL)")
        database.executemany(
            "INSERT INTO yupdates VALUES ('a.ipynb', ?, 1.0)",
            [(b"\x01\x02\x84\xff" + edit.encode() + b"\x00\xfe",) for edit in edits],
        )
    database.close()


def test_an_edit_history_is_searched_row_by_row(check):
    key = new_key()
    history_of_edits(".jupyter_ystore.db", "x = 1", f"api_key = '{key}'")
    status, said = check(".jupyter_ystore.db")
    assert status == 1
    assert said_of(said) == [".jupyter_ystore.db: row 2 of yupdates, line 1: a possible API key"]
    assert check(".")[0] == 1, "also in a folder"


def test_what_was_deleted_from_a_database_and_is_still_in_its_file_is_found(check, monkeypatch):
    key = "of-no-special-form-" * 3
    monkeypatch.setenv("WATSONX_API_KEY", key)
    history_of_edits("a.db", *["x" * 3000] * 5, f"api_key = '{key}'")
    with sqlite3.connect("a.db") as database:
        # some builds of SQLite overwrite what they delete, others do not
        database.execute("PRAGMA secure_delete=OFF")
        database.execute("DELETE FROM yupdates")
    database.close()
    assert key.encode() in Path("a.db").read_bytes()
    status, said = check("a.db")
    assert status == 1
    assert said_of(said) == ["a.db: in deleted data: an API key (WATSONX_API_KEY)"]


def test_a_database_that_is_being_written_is_searched_with_what_is_not_yet_filed(check):
    database = sqlite3.connect("a.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE notes (text)")
    database.commit()
    database.execute("INSERT INTO notes VALUES (?)", (f"k = '{new_key()}'",))
    database.commit()
    try:
        assert Path("a.db-wal").exists()
        status, said = check("a.db")
        assert status == 1
        assert "a.db: row 1 of notes, line 1: a possible API key" in said.out
    finally:
        database.close()


def test_nothing_is_written(check):
    key = new_key()
    history_of_edits("a.db", key)
    notebook("a.ipynb", code(key))
    before = {path: path.read_bytes() for path in Path().rglob("*")}
    check(".")
    assert {path: path.read_bytes() for path in Path().rglob("*")} == before


@pytest.mark.parametrize("before", ["", "no-", "backup_of_"])
def test_a_name_that_is_a_key_is_not_printed(check, before):
    # not a random one: what one in 1,400 looks like behind "no-" is another test's matter
    key = "Zq7kEyCaNaRy-0123h4b6J89abXdefG7hijK1mn0pQrT"  # pragma: allowlist secret
    Path(f"{key}.py").write_text("pass")
    Path(key).mkdir()
    Path(key, "a.py").write_text(f"k = '{key}'")
    status, said = check(f"{key}.py", key)
    assert status == 1
    assert "<secret>/a.py: line 1" in said.out
    Path(f"{before}{key}.txt").write_text(f"k = '{key}'")
    status, named = check(f"{before}{key}.txt")
    assert "<secret>.txt: line 1" in named.out
    assert leaks(named.out + named.err, key) == []
    status, missing = check(f"missing-{before}{key}")
    assert leaks(said.out + said.err + missing.out + missing.err, key) == []


#: Characters that a name may have and that a terminal would obey, and how they are shown.
STEERING = {"\x1b[2J": r"\x1b[2J", "a\nb: line 1: an API key": r"a\nb", "\r": r"\r",
            "\u202egnp": r"\u202egnp", "\u2066x": r"\u2066x", "\x9b1m": r"\x9b1m", "\x07": r"\x07",
            "\u200b": r"\u200b", "\u2028": r"\u2028", "\udcff": r"\udcff"}  # fmt: skip


@pytest.mark.parametrize("number", range(len(STEERING)))
def test_a_name_that_steers_a_terminal_is_made_visible_wherever_it_is_printed(check, number):
    steering, shown_as = list(STEERING.items())[number]
    Path("all").mkdir()
    Path("all", f"{steering}.py").write_text(f"k = '{new_key()}'")
    os.mkfifo(f"{steering}.pipe")
    printed_texts = [check("all")[1], check(f"{steering}.pipe")[1], check(f"{steering}.no")[1]]
    database = sqlite3.connect("a.db")
    if steering.isascii() or "\udcff" not in steering:
        database.execute(f'CREATE TABLE "{steering}" (x)')
        database.execute(f'INSERT INTO "{steering}" VALUES (?)', (f"k = '{new_key()}'",))
        database.commit()
        printed_texts.append(check("a.db")[1])
    database.close()
    for said in printed_texts:
        text = said.out + said.err
        assert shown_as in text
        assert steering not in text
        assert all(character.isprintable() or character == "\n" for character in text)
    assert len(printed_texts[0].out.splitlines()) == 4


def test_what_the_history_of_ipython_names_its_rows_is_made_visible(check):
    database = sqlite3.connect("history.sqlite")
    database.execute("CREATE TABLE history (session, line, source)")
    row = ("\x1b[2J", new_key(), f"k = '{new_key()}'")
    database.execute("INSERT INTO history VALUES (?, ?, ?)", row)
    database.commit()
    database.close()
    said = check("history.sqlite")[1]
    assert "\x1b" not in said.out
    assert row[1] not in said.out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_name_that_the_terminal_cannot_show_is_no_traceback(tmp_path, encoding):
    (tmp_path / "日本é.py").write_text(f"k = '{new_key()}'")
    env = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run([*COMMAND, "check", str(tmp_path)], env=env, capture_output=True,
                          check=False)  # fmt: skip
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


# --- status ---------------------------------------------------------------------------------------


def test_clean_files_are_said_to_be_clean_with_status_0(check):
    notebook("a.ipynb", code("1 + 1", [printed("2\n")]))
    status, said = check("a.ipynb", ".")
    assert status == 0
    assert said.out == "No key and no token of yours in 1 file.\n"


@pytest.mark.parametrize("arguments", [(), ("missing.ipynb",), ("--strange", ".")])
def test_bad_usage_has_status_2_and_one_message(check, arguments):
    status, said = check(*arguments)
    assert status == 2
    assert "usage: wx-notebook" in said.err
    assert "Traceback" not in said.err


def test_a_file_that_cannot_be_read_is_said_and_is_no_success(check):
    os.mkfifo("pipe")
    status, said = check("pipe")
    assert status == 2
    assert "pipe was not searched: it is not a regular file" in said.err


def test_its_help_names_the_statuses_and_fits_80_columns():
    done = subprocess.run([*COMMAND, "check", "--help"], capture_output=True, text=True, check=True)
    assert "exit status: 0 nothing found, 1 something found" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


# --- pre-commit -----------------------------------------------------------------------------------


(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.mark.slow
def test_the_hook_for_pre_commit_runs_the_command_on_the_files_that_it_is_given(tmp_path):
    assert (HOOK["id"], HOOK["language"]) == ("wx-notebook-check", "python")
    name, *arguments = shlex.split(HOOK["entry"])
    assert name == "wx-notebook"
    (tmp_path / "a.py").write_text(f"k = '{new_key()}'")
    (tmp_path / "b.py").write_text("pass")
    for files, status in ((["a.py", "b.py"], 1), (["b.py"], 0)):
        done = subprocess.run([*COMMAND, *arguments, *files], cwd=tmp_path, capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr


@all_cases("name", ["a.ipynb", "x/a.py", ".env", "x/.env.local", "a.R", "a.json",
                                  ".jupyter_ystore.db", "README.md"])  # fmt: skip
def test_the_hook_takes_the_files_that_the_command_looks_at_in_a_folder(name):
    assert re.search(HOOK["files"], name.lower())


def test_the_hook_leaves_pictures_and_programs_of_others_alone():
    assert not re.search(HOOK["files"], "a.png")
    assert not re.search(HOOK["files"], "environment")
