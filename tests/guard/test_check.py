"""`wx-notebook check`: what it finds in which files, what it says, and what it leaves alone."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import re
import shlex
import sqlite3
import string
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import yaml
from credentials.keyring_stand_ins import Keeps, system
from guard.conftest import book, code, jwt, leaks, new_key, printed, shown

from wx_notebook.cli import main
from wx_notebook.credentials.given import Given
from wx_notebook.credentials.profiles import remember
from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.files import search_file, searching
from wx_notebook.guard.patterns import ALLOWED, like_keys
from wx_notebook.guard.reports import ROTATE

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
    return [line for line in printed_text.out.splitlines() if line and ROTATE not in line][:-1]


# --- what it finds -------------------------------------------------------------------------------


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
    assert f"2 found in 1 file. {ROTATE}" in said.out
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
        remember("work", Given("form", Secret(key), region="eu-de"))
        Path("a.py").write_text(f"k = '{key}'")
        status, said = check("a.py")
    assert status == 1
    assert said_of(said) == ["a.py: line 1: an API key (profile work)"]


def test_where_a_profile_cannot_be_read_that_is_said_and_the_rest_is_searched(
    check, monkeypatch, tmp_path
):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    with system(Keeps):
        remember("work", Given("form", Secret(new_key()), region="eu-de"))
    Path("a.py").write_text(f"t = '{jwt()}'")
    status, said = check("a.py")
    assert status == 1
    assert "The key of profile 'work' was not read: no system keyring here" in said.err


def test_what_looks_like_a_key_and_a_token_of_iam_are_found_without_any_secret_at_hand(check):
    Path(".env").write_text(f"A=1\nWATSONX_APIKEY={new_key()}\n")
    Path("a.py").write_text(f"token = '{jwt()}'\n")
    status, said = check(".env", "a.py")
    assert status == 1
    assert said_of(said) == [
        ".env: line 2: what looks like an API key",
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
    Path("a.py").write_text(f"nonce = '{key}'  # {ALLOWED}\n")
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
    assert said_of(said) == [
        ".jupyter_ystore.db: row 2 of yupdates, line 1: what looks like an API key"
    ]
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
    assert said_of(said) == ["a.db: in what was deleted: an API key (WATSONX_API_KEY)"]


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
        assert "a.db: row 1 of notes, line 1: what looks like an API key" in said.out
    finally:
        database.close()


def test_nothing_is_written(check):
    key = new_key()
    history_of_edits("a.db", key)
    notebook("a.ipynb", code(key))
    before = {path: path.read_bytes() for path in Path().rglob("*")}
    check(".")
    assert {path: path.read_bytes() for path in Path().rglob("*")} == before


def test_a_name_that_is_a_key_is_not_printed(check):
    key = new_key()
    Path(f"{key}.py").write_text("pass")
    Path(key).mkdir()
    Path(key, "a.py").write_text(f"k = '{key}'")
    status, said = check(f"{key}.py", key)
    assert status == 1
    assert "<secret>/a.py: line 1" in said.out
    status, missing = check(f"no-{key}")
    assert leaks(said.out + said.err + missing.out + missing.err, key) == []


# --- status --------------------------------------------------------------------------------------


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
    assert "pipe was not looked at: it is no ordinary file" in said.err


def test_its_help_names_the_statuses_and_fits_80_columns():
    done = subprocess.run([*COMMAND, "check", "--help"], capture_output=True, text=True, check=True)
    assert "exit status: 0 nothing found, 1 something found" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


# --- pre-commit ----------------------------------------------------------------------------------

(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


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


@pytest.mark.parametrize("name", ["a.ipynb", "x/a.py", ".env", "x/.env.local", "a.R", "a.json",
                                  ".jupyter_ystore.db", "README.md"])  # fmt: skip
def test_the_hook_takes_the_files_that_the_command_looks_at_in_a_folder(name):
    assert re.search(HOOK["files"], name.lower())


def test_the_hook_leaves_pictures_and_programs_of_others_alone():
    assert not re.search(HOOK["files"], "a.png")
    assert not re.search(HOOK["files"], "environment")


# --- false alarms --------------------------------------------------------------------------------

RANDOM = random.Random(20261125)


def words(number, alphabet=string.ascii_letters + string.digits):
    return "".join(RANDOM.choices(alphabet, k=number))


def digest(name, text, encode=base64.b64encode):
    return encode(hashlib.new(name, text.encode()).digest()).decode()


#: What public notebooks are full of, and is no key.
HARMLESS = {
    "base64 of pictures": lambda n: f'<img src="data:image/png;base64,{_base64(3000)}">',
    "base64 in lines": lambda n: "\n".join(_lines(_base64(1000 + n))),
    "the last line of base64": lambda n: "\n".join([*_lines(_base64(285)), words(44)]),
    "base64 of 32 bytes": lambda n: f'{{"digest": "{digest("sha256", str(n))}"}}',
    "a certificate": lambda n: (
        "-----BEGIN CERTIFICATE-----\n"
        + "\n".join(_lines(_base64(800 + n), 64))
        + "\n-----END CERTIFICATE-----"
    ),
    "hashes": lambda n: " ".join(hashlib.new(h, str(n).encode()).hexdigest() for h in HASHES),
    "UUIDs": lambda n: f"project_id = '{uuid.UUID(int=RANDOM.getrandbits(128))}'",
    "git SHAs": lambda n: f"git checkout {hashlib.sha1(str(n).encode()).hexdigest()}",
    "SRI": lambda n: f'integrity="sha256-{digest("sha256", str(n))}" x="sha384-'
                     f'{digest("sha384", str(n))}" y="sha512-{digest("sha512", str(n))}"',
    "docker images": lambda n: f"FROM x@sha256:{hashlib.sha256(str(n).encode()).hexdigest()}",
    "ids of Google's documents": lambda n: (
        f"SHEET = '1{words(43)}'\nhttps://docs.google.com/spreadsheets/d/1{words(43)}/edit#gid=0\n"
        f"!gdown --id 1{words(32)}\nhttps://drive.google.com/file/d/{words(44)}/view"
    ),
    "minified JavaScript": lambda n: f"!function(e,t){{var n=e.{words(3)};{words(6)}("
                                     f"'{words(20)}',function(){{return {words(5)}}})}}();" * 5,
    "long names": lambda n: "class AVeryLongNameOfAClassThatSomebodyOnceThoughtOf2Day: pass\n"
                            "my_function_with_a_name_of_forty_four_letters = 1",
    "paths": lambda n: f"/home/user/{words(44)}/x.csv s3://bucket/{words(44)} {words(44)}.parquet",
    "URLs": lambda n: f"https://example.com/{words(44)}?utm_source={words(12)}#{words(8)}",
    "numbers": lambda n: f"{RANDOM.random():.40f} 0x{RANDOM.getrandbits(200):x}",
    "DNA": lambda n: words(44, "ACGT") + " " + words(300, "ACGT"),
    "progress bars": lambda n: "Epoch 1/10 [" + "=" * 44 + ">" + "-" * 44 + "]",
    "a key of a cloud in its documentation": lambda n: 'api_key = "YOUR_API_KEY_GOES_HERE_44_CHAR"',
    "widget ids": lambda n: f"IPY_MODEL_{words(32, '0123456789abcdef')}",
    "an ssh key": lambda n: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{words(43)} me@host",
    "a table": lambda n: "| " + " | ".join(words(8) for _ in range(9)) + " |",
    "camelCase in a traceback": lambda n: (
        "\x1b[0;31mKeyError\x1b[0m: \x1b[0;32min\x1b[0m \x1b[0;36mgetColumnByNameOrRaise2\x1b[0m"
    ),
}  # fmt: skip
HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b")


def _base64(size):
    return base64.b64encode(RANDOM.randbytes(size)).decode()


def _lines(text, width=76):
    return [text[i : i + width] for i in range(0, len(text), width)]


@pytest.mark.parametrize("kind", HARMLESS)
def test_notebooks_with_what_is_no_key_raise_no_alarm(kind, tmp_path):
    texts = [HARMLESS[kind](number) for number in range(150)]
    cells = [
        code(
            text,
            [
                printed(f"{text}\n"),
                shown(text__html=f"<p>{text}</p>", text__plain=text, image__png=_base64(300)),
            ],
        )
        for text in texts
    ]
    cells.append({"cell_type": "markdown", "id": "m", "metadata": {}, "source": texts,
                  "attachments": {"image.png": {"image/png": _base64(3000)}}})  # fmt: skip
    path = tmp_path / "public.ipynb"
    path.write_text(json.dumps(book(*cells, signature=hashlib.sha256(b"x").hexdigest())))
    assert search_file(path, searching(lambda text: ())) == []
    assert list(like_keys("\n".join(texts))) == []


def test_our_own_repository_raises_none():
    files = [ROOT / name for name in ("notebooks", "README.md", "CHANGELOG.md", "wx_notebook")]
    search = searching(lambda text: ())
    for file in (found for path in files for found in ([path] if path.is_file() else
                                                        path.rglob("*.[pi][yp]*"))):  # fmt: skip
        if file.is_file() and file.suffix in (".py", ".ipynb", ".md"):
            assert search_file(file, search) == [], file


#: Where a key that nobody knows is found by how it looks.
LOOKS = [
    'api_key = "{}"', "apikey={}", "{}", "key: {}", "%env WATSONX_APIKEY={}", "<td>{}</td>",
    '{{"apikey": "{}"}}', "curl -d apikey={}&x=1", "key {}, then", "The key is {}.",
]  # fmt: skip


@pytest.mark.parametrize("around", LOOKS)
def test_of_random_keys_nearly_all_are_found_by_how_they_look(around):
    alphabet = string.ascii_letters + string.digits + "-_"
    keys = [words(44, alphabet) for _ in range(3000)]
    named = re.search("key", around, re.IGNORECASE)
    found = sum(any(True for _ in like_keys(around.format(key))) for key in keys)
    # one in 64 begins with a 1, as Google's documents do: alone it says nothing
    assert found / len(keys) > (0.997 if named else 0.97)
