"""The example notebooks: no outputs stored, every one executed, no key in what is saved."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.parse
from base64 import b64encode
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from support.cases import all_cases
from support.kernels import Kernel

import wx_notebook as wx
from wx_notebook.cli import _parser as command_line
from wx_notebook.cli import main
from wx_notebook.interop import TARGETS
from wx_notebook.sandbox import FAULTS
from wx_notebook.sandbox.upstream.model_map import read_model_map
from wx_notebook.transport.exchange_file import RECORD_VARIABLE, REPLAY_VARIABLE

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
FIRST, CREDENTIALS = NOTEBOOKS[:2]
(SHARING,) = (path for path in NOTEBOOKS if path.name.startswith("05-"))
(PROMPTS,) = (path for path in NOTEBOOKS if path.name.startswith("03-"))
(FORMATS,) = (path for path in NOTEBOOKS if path.name.startswith("04-"))
(PRODUCTION,) = (path for path in NOTEBOOKS if path.name.startswith("06-"))
(WITHOUT_ACCOUNT,) = (path for path in NOTEBOOKS if path.name.startswith("07-"))
(PICTURES,) = (path for path in NOTEBOOKS if path.name.startswith("10-"))
(TOOLS,) = (path for path in NOTEBOOKS if path.name.startswith("11-"))
(COMPARING,) = (path for path in NOTEBOOKS if path.name.startswith("12-"))
(TABLES,) = (path for path in NOTEBOOKS if path.name.startswith("13-"))
(IN_CI,) = (path for path in NOTEBOOKS if path.name.startswith("14-"))
(TALKING,) = (path for path in NOTEBOOKS if path.name.startswith("08-"))
(TYPED,) = (path for path in NOTEBOOKS if path.name.startswith("09-"))

#: A cell of these sends more than one request: a test of their own counts them.
COUNTED_ELSEWHERE = (COMPARING, TOOLS, TABLES, IN_CI)


def execute(path, folder, *, last="", **environment):
    """Execute a notebook as it stands, and behind it a cell of a test, which is taken off again."""
    notebook = nbformat.read(path, as_version=4)
    recording = path.with_suffix(".jsonl")
    if recording.exists() and "WX_NOTEBOOK_RECORD" not in environment:
        # as in the folder of the demo
        shutil.copyfile(recording, folder / recording.name)
    if last:
        notebook.cells.append(nbformat.v4.new_code_cell(last))
    env = {
        k: v for k, v in os.environ.items() if not k.startswith(("WATSONX_", "WX_", "IBM", "WML_"))
    }
    client = NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=env | environment | {"IPYTHONDIR": str(folder / "ipython")})
    if last:
        notebook.cells.pop()
    return notebook


def credentials(sandbox):
    return {"WATSONX_APIKEY": sandbox.api_key, "WATSONX_URL": sandbox.url,
            "WATSONX_PROJECT_ID": sandbox.project_id}  # fmt: skip


@all_cases("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_carries_no_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        assert not cell.get("outputs"), "run: nbstripout notebooks/*.ipynb"
        assert cell.get("execution_count") is None


@all_cases("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_asks_one_question_and_explains_each_cell(path):
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.count("?") >= 1
    assert sum(cell.source.startswith("# ") for cell in cells if cell.cell_type == "markdown") == 1


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom_with_the_environment_set(path, sandbox, tmp_path):
    notebook = execute(path, tmp_path, **credentials(sandbox))
    saved = nbformat.writes(notebook)
    assert sandbox.api_key not in saved
    assert "eyJ" not in saved, "a token in the saved file"
    assert "widgets" not in notebook.metadata
    sources = [cell.source for cell in notebook.cells]
    answered = [
        cell.outputs
        for cell in notebook.cells
        if cell.source.startswith("%%watsonx") and not re.search("--show|--each", cell.source)
    ]
    for outputs in answered:
        (output,) = outputs
        assert output.output_type == "display_data"
        assert "no model was asked" in output.data["text/plain"].lower()
        facts = output.metadata["wx_notebook"]
        reasons = facts.get("finish_reasons") or [facts["finish_reason"]]
        assert set(reasons) <= {"stop", "length"}
    if path in COUNTED_ELSEWHERE:
        return
    starts_its_own = any("Sandbox(" in cell.source for cell in notebook.cells)
    streams = (".more()", ".stream(", "%watsonx ask")
    streamed = sum(any(word in source for word in streams) for source in sources)
    assert sandbox.counts["chat_stream"] == (0 if starts_its_own else len(answered) + streamed)


@pytest.mark.slow
def test_without_credentials_the_first_one_fails_at_once_with_the_hint(tmp_path):
    with pytest.raises(CellExecutionError, match="not connected") as caught:
        execute(FIRST, tmp_path)
    assert "set WATSONX_API_KEY" in str(caught.value)
    assert "Traceback" not in str(caught.value)


@pytest.mark.slow
def test_the_history_of_ipython_has_no_key(sandbox, tmp_path):
    execute(FIRST, tmp_path, **credentials(sandbox))
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert sandbox.api_key.encode() not in file.read_bytes(), file


# --- 03-prompts-as-values and 04-formats ---------------------------------------------------------


def outputs_of(notebook, beginning):
    """What the cell that begins so, or has this line, showed in plain text, put together."""
    cell = next(
        c for c in notebook.cells
        if c.cell_type == "code" and (c.source.startswith(beginning) or beginning in c.source)
    )  # fmt: skip
    return "\n".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs)


@pytest.mark.slow
def test_03_puts_data_in_shows_what_goes_out_and_works_on_with_what_comes_back(sandbox, tmp_path):
    book = execute(
        PROMPTS, tmp_path, **credentials(sandbox), JUPYTER_DATA_DIR=str(tmp_path / "data")
    )
    sent = [
        c.body_json["messages"][-1]["content"] for c in sandbox.calls if c.kind == "chat_stream"
    ]
    assert sent[0].startswith("What does a kettle of 2000 W cost me a year? My note: Boils a litre")
    assert sent[0].endswith('\nAnswer as {"cost": number}.')
    assert "Night: 24 ct/kWh." in sent[1], "the text of the file"
    assert sent[2].startswith("Say it in one sentence: **"), "the text of the answer"
    shown = outputs_of(book, '%%watsonx --show --system "You know')
    assert "sends the value of device.name and the value of note to sandbox" in shown
    assert "sends 24 rows of readings to sandbox" in outputs_of(book, "{{ readings }}")
    reason, first, both = ast.literal_eval(outputs_of(book, "beginning.finish_reason"))
    assert reason == "length"
    assert both > first
    settings = outputs_of(book, "%watsonx settings")
    assert re.search(r"temperature +0\.2 +%watsonx use", settings)
    assert "<- default" in outputs_of(book, "%watsonx models granite")
    assert "budget for this notebook" in outputs_of(book, "%watsonx usage")
    assert "Did you mean 'ibm/granite-4-h-small'?" in outputs_of(book, "except wx.WatsonxError")
    assert outputs_of(book, "%watsonx show").startswith("POST ")


@pytest.mark.slow
def test_04_shows_each_format_as_what_it_is(sandbox, tmp_path):
    book = execute(FORMATS, tmp_path, **credentials(sandbox))

    def html(beginning):
        cell = next(c for c in book.cells if beginning in c.source)
        return cell.outputs[0].data["text/html"]

    assert "mathjax_process" in html("%%watsonx\nWhat is the formula")
    assert outputs_of(book, "%%watsonx --format code").startswith("def power(")
    assert "<details" in html("%%watsonx --format json")
    devices = ast.literal_eval(outputs_of(book, "devices.data"))
    assert [device["name"] for device in devices["devices"]] == ["lamp", "laptop"]
    assert "<iframe" in html("%%watsonx --format html")
    assert "mathjax_process" in html("%%watsonx --format math")
    assert "mathjax_process" not in html("%%watsonx --format text")
    assert "<details" in html("--reasoning high")
    thought, said = ast.literal_eval(outputs_of(book, "considered.reasoning"))
    assert thought
    assert said


# --- 02-credentials: each way in -----------------------------------------------------------------

#: What each way in is called there, and what the last line about it says.
WAYS = {
    "%watsonx login": "connected to",
    "%watsonx login --text": "connected to",
    "export WATSONX_API_KEY": "API key •••••••• from: environment (WATSONX_API_KEY)",
    "%watsonx login --env": "API key •••••••• from: file .env",
    "%watsonx login --file": "connected to",
    '"@apikey.json", region': "API key •••••••• from: file apikey.json",
    "credentials=": "API key •••••••• from: arguments (credentials)",
    "%watsonx login --remember": "connected to",
    "token=getpass()": "the token that was given ends in 4 min",
    "token=my_function": "from: arguments",
    "trusted_profile_id=": "trusted profile Profile-",
    'region="us-east-1"': "API key •••••••• from: arguments",
    'password=getpass(), url="https://cpd.example.com", kind="software"': "password of sandbox-",
    'api_key=getpass(), url="https://cpd.example.com", kind="software"': "API key of sandbox-",
    'iam_url="https://cpd.example.com"': "password of sandbox-",
    'kind="zen"': "no token to renew: the key goes with each request",
    "wx.connect()": "from: watsonx Studio",
}
#: Run behind the notebook: every key, password and token that there was, into a file of the test.
SECRETS = """
import json, os
from base64 import b64encode as _b64
from pathlib import Path
_found = []
for _one in (SANDBOXES):
    _found += [_one.api_key, _one.password, *_one.account.tokens._lifetimes]
    _found += [*_one.account.identity_tokens._lifetimes]
    _found.append(_b64(f"{_one.username}:{_one.api_key}".encode()).decode())
Path(os.environ["SECRETS_FOR_THE_TEST"]).write_text(json.dumps(_found))
"""


def yours(cell):
    """The line of a cell that a user would write, "" where it has none."""
    found = re.search(r"^# yours(?:, in the shell)?: (.*)$", cell.source, re.MULTILINE)
    return found[1] if found else ""


def plain(cell):
    texts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs]
    return "\n".join(texts)


def cell_of(notebook, way):
    (found,) = [
        cell for cell in notebook.cells
        if cell.cell_type == "code" and (yours(cell) == way or
           (way not in ("%watsonx login", "%watsonx login --text", "wx.connect()")
            and way in yours(cell)))
    ]  # fmt: skip
    return found


def alone(path, folder, sandboxes, **more):
    """A notebook as it ran on a machine without account, environment and keyring."""
    nothing = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "HOME": str(folder),
               "JUPYTER_CONFIG_DIR": str(folder / "config"), "TMPDIR": str(folder / "tmp"),
               "SECRETS_FOR_THE_TEST": str(folder / "secrets.json")}  # fmt: skip
    (folder / "tmp").mkdir()
    last = SECRETS.replace("SANDBOXES", f"{', '.join(sandboxes)},")
    notebook = execute(path, folder, last=last, **nothing, **more)
    file = folder / "secrets.json"
    secrets = json.loads(file.read_text())
    file.unlink()
    return notebook, folder, secrets


def leaves_no_secret(notebook, folder, secrets):
    """Neither in what is saved nor in IPython's history or beside the notebook, in any form."""
    saved = nbformat.writes(notebook)
    left = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    for secret in secrets:
        forms = (secret, urllib.parse.quote(secret, safe=""), b64encode(secret.encode()).decode())
        for form in forms:
            assert form not in saved
            assert form.encode() not in left
    assert "eyJ" not in saved


@pytest.fixture(scope="module")
def without_anything(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nothing")
    return alone(CREDENTIALS, folder, ("cloud", "aws", "cluster"))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_each_way_in_ends_connected_on_a_machine_without_anything(way, without_anything):
    said = plain(cell_of(without_anything[0], way))
    assert re.search(r"^connected to project 'Sandbox project' · sandbox ", said, re.MULTILINE)
    assert WAYS[way] in said


@pytest.mark.slow
def test_every_cell_that_signs_in_has_a_line_of_yours_and_is_one_of_the_ways(without_anything):
    signs_in = re.compile(r"^\s*(?:wx\.connect\(|%watsonx (?:login|use))", re.MULTILINE)
    cells = [cell for cell in without_anything[0].cells
             if cell.cell_type == "code" and signs_in.search(cell.source)]  # fmt: skip
    assert all(yours(cell) for cell in cells)
    assert len(cells) == len(WAYS) + 1, "and %watsonx use"


@pytest.mark.slow
def test_status_in_between_shows_what_is_shadowed_and_what_is_inherited(without_anything):
    said = plain(cell_of(without_anything[0], "%watsonx login --env"))
    assert "not used: environment (WATSONX_API_KEY)" in said
    assert "WATSONX_API_KEY: programs started from this kernel inherit it" in said


@pytest.mark.slow
def test_no_key_token_or_password_is_in_the_executed_notebook_or_left_anywhere(without_anything):
    notebook, _, secrets = without_anything
    assert len(secrets) > 12
    assert len({*secrets}) >= len(secrets) - 3
    leaves_no_secret(*without_anything)
    assert "getpass()" in nbformat.writes(notebook), "so that nobody types a key into a cell"


@pytest.mark.slow
def test_what_it_wrote_is_gone_at_its_end_and_nothing_of_the_users_was_touched(without_anything):
    _, folder, _ = without_anything
    assert not list((folder / "tmp").iterdir())
    assert not list(folder.rglob("wx_notebook.toml"))


@pytest.mark.slow
def test_without_a_keyring_one_line_says_so_and_the_sign_in_stands(without_anything):
    said = plain(cell_of(without_anything[0], "%watsonx login --remember"))
    assert "this machine has no system keyring: the sign-in ends with this kernel" in said
    assert "connected to project" in said


@pytest.mark.slow
def test_with_a_keyring_the_profile_is_remembered_used_and_forgotten(tmp_path):
    # a stand-in under a name of the allow-list, in the kernel's own process
    (tmp_path / "sitecustomize.py").write_text(
        "import keyring.core\n"
        "from keyring.backends import SecretService\n"
        "class Keyring:\n"
        "    kept = {}\n"
        "    def get_password(self, *where): return self.kept.get(where)\n"
        "    def set_password(self, service, name, text): self.kept[service, name] = text\n"
        "    def delete_password(self, *where): del self.kept[where]\n"
        "Keyring.__module__ = SecretService.__name__\n"
        "SecretService.Keyring = Keyring\n"
        "keyring.core._keyring_backend = Keyring()\n"
    )
    notebook = execute(
        CREDENTIALS, tmp_path, PYTHONPATH=str(tmp_path),
        last="from keyring.backends import SecretService\nprint(SecretService.Keyring.kept)\n",
    )  # fmt: skip
    remembered = plain(cell_of(notebook, "%watsonx login --remember"))
    assert "profile 'example-of-notebook-02' is remembered as the default" in remembered
    assert "example-of-notebook-02  http://127.0.0.1" in remembered
    used = next(cell for cell in notebook.cells if "%watsonx use example" in cell.source)
    assert "connected to project 'Sandbox project'" in plain(used)
    gone = next(cell for cell in notebook.cells if cell.source == "%watsonx logout")
    assert "profile 'example-of-notebook-02'" in plain(gone)
    assert "system keyring" in plain(gone)


@pytest.mark.slow
def test_in_the_demo_its_form_takes_the_sandbox_of_the_demo(sandbox, tmp_path):
    file = tmp_path / "sandbox.json"
    file.write_text(json.dumps(sandbox.credentials()))
    notebook = execute(CREDENTIALS, tmp_path, WX_NOTEBOOK_SANDBOX=str(file))
    assert sandbox.url in plain(cell_of(notebook, "%watsonx login"))
    assert sandbox.api_key not in nbformat.writes(notebook)


@pytest.mark.slow
def test_all_of_its_cells_run_where_a_front_end_could_answer_and_none_waits_for_it(tmp_path):
    with Kernel(tmp_path) as kernel:
        said = {}
        for cell in nbformat.read(CREDENTIALS, as_version=4).cells:
            if cell.cell_type == "code":
                ran = kernel.run(cell.source, allow_stdin=True).ok()
                said[yours(cell)] = ran.plain
    assert "No form here?" in said["%watsonx login"]
    assert "connected to project 'Sandbox project'" in said["%watsonx login --text"]


@all_cases("line", [yours(cell) for cell in
                         nbformat.read(CREDENTIALS, as_version=4).cells
                         if cell.cell_type == "code" and "wx.connect" in yours(cell)])  # fmt: skip
def test_a_line_of_yours_has_the_arguments_of_connect_and_no_key(line):
    call = ast.parse(line, mode="eval").body
    assert {given.arg for given in call.keywords} <= inspect.signature(wx.connect).parameters.keys()
    texts = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
    assert all(len(text) < 40 for text in texts), "a key would be as long"


# --- 05-sharing-a-notebook-safely ----------------------------------------------------------------


@pytest.fixture(scope="module")
def sharing(tmp_path_factory):
    """05 on a machine without account, environment and keyring."""
    return alone(SHARING, tmp_path_factory.mktemp("sharing"), ["sandbox"])


@pytest.mark.slow
def test_what_was_shared_carelessly_is_found_with_cell_and_line(sharing):
    notebook, _, _ = sharing
    assert "no key and no token was found" in plain(cell_with(notebook, "%watsonx check\n"))
    assert plain(cell_with(notebook, "%watsonx check careless")).splitlines()[2:5] == [
        "  an API key (in use): cell 1, source, line 1",
        "  an API key (in use): cell 2, output, line 1",
        "  an API key (in use): cell 3, source, line 1",
    ]


@pytest.mark.slow
def test_the_command_has_the_status_that_it_tells_and_does_not_find_what_it_says(sharing):
    found, encoded = (plain(cell_with(sharing[0], text)) for text in ('"."', "b64encode"))
    assert "careless.ipynb: cell 1, source, line 1: a possible API key" in found
    assert found.splitlines()[-1] == "1"
    assert encoded.splitlines()[-1] == "0"


@pytest.mark.slow
def test_no_key_is_in_it_although_it_is_careless_with_one(sharing):
    leaves_no_secret(*sharing)
    assert not list((sharing[1] / "tmp").iterdir())


def test_its_configuration_for_pre_commit_names_a_hook_that_there_is():
    (config,) = blocks(SHARING, "yaml")
    (hook,) = yaml.safe_load(config)["repos"][0]["hooks"]
    hooks = yaml.safe_load((SHARING.parents[1] / ".pre-commit-hooks.yaml").read_text())
    assert hook["id"] in {each["id"] for each in hooks}


# --- 06-from-notebook-to-production, 07-without-an-account ---------------------------------------

#: A kernel's own process in which the big packages are not installed, whatever this machine has.
BARE = """
import importlib.metadata, sys

absent = {"ibm-watsonx-ai", "langchain-ibm", "openai", "trustme"}
sys.modules |= dict.fromkeys(["ibm_watsonx_ai", "langchain_ibm", "openai", "trustme"])
there = importlib.metadata.version

def version(name):
    if name in absent:
        raise importlib.metadata.PackageNotFoundError(name)
    return there(name)

importlib.metadata.version = version
"""
#: What a cell of 06 needs, and what it says without it.
EXTRAS = {
    "wx.interop.api_client()": "pip install 'wx-notebook[sdk]'",
    "wx.interop.chat_model(": "pip install 'wx-notebook[langchain]'",
    "wx.interop.openai_client()": "pip install 'wx-notebook[openai]'",
    "from ibm_watsonx_ai import Credentials": "ibm_watsonx_ai",
}


def cell_with(notebook, text):
    (found,) = [cell for cell in notebook.cells
                if cell.cell_type == "code" and text in f"{cell.source}\n"]  # fmt: skip
    return found


def blocks(path, language):
    """The code blocks of a language in a notebook's explanations."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    """06 where none of the big packages is installed."""
    folder = tmp_path_factory.mktemp("production")
    (folder / "sitecustomize.py").write_text(BARE)
    return alone(PRODUCTION, folder, ["cloud"], PYTHONPATH=str(folder))


@pytest.mark.slow
@pytest.mark.parametrize("used", EXTRAS)
def test_a_cell_whose_package_is_absent_says_how_to_get_it_and_the_next_one_goes_on(
    used, production
):
    said = plain(cell_with(production[0], used))
    assert EXTRAS[used] in said
    assert len(said.strip().splitlines()) <= 2


@pytest.mark.slow
def test_the_prompt_is_printed_as_programs_that_hold_names_of_variables_only(production):
    notebook, _, secrets = production
    printed = [cell for cell in notebook.cells if cell.source.startswith("%watsonx code")]
    assert len(printed) == 3
    for cell in printed:
        assert "Three facts about heat pumps, as a table." in plain(cell)
        assert "WATSONX_API_KEY" in plain(cell)
        assert not any(secret in plain(cell) for secret in secrets)


@pytest.mark.slow
def test_the_targets_of_code_that_06_names_are_there(production):
    saved = nbformat.writes(production[0])
    assert {*re.findall(r"--for (\w+)", saved)} == {*TARGETS}


@pytest.mark.slow
def test_every_worker_answers_with_a_credential_that_it_found_itself(production):
    said = plain(cell_with(production[0], "ProcessPoolExecutor(2"))
    assert all(count > 0 for count in json.loads(said))


@pytest.mark.slow
def test_06_leaves_no_secret_behind(production):
    assert len(production[2]) >= 3
    leaves_no_secret(*production)


@pytest.fixture(scope="module")
def without_account(tmp_path_factory):
    folder = tmp_path_factory.mktemp("without-account")
    return alone(WITHOUT_ACCOUNT, folder, ("sandbox", "local", "between"))


#: What a cell of 07 is known by, and what it shows.
SHOWN = {
    "sandbox.say(": "A watt is a joule a second.",
    "sandbox.calls[-1].body_json": "'content': 'What is a watt?'",
    "times=2": "sent 3 times",
    "times=None": "Too many requests",
    '"cut"': "What was received is in wx.last()",
    "revoke_tokens": "[('chat', 401), ('token', 200), ('chat', 200)]",
    '"tokenization"': "{'token_count': 3}",
    "upstream=": "I am the local model.\n\n'meta-llama/llama-3-3-70b-instruct'",
}


@pytest.mark.slow
@pytest.mark.parametrize("cell", SHOWN)
def test_a_cell_of_07_shows_what_its_text_promises(cell, without_account):
    assert SHOWN[cell] in plain(cell_with(without_account[0], cell))


@pytest.mark.slow
def test_similar_texts_are_nearer_and_ranked_first(without_account):
    near, far = ast.literal_eval(plain(cell_with(without_account[0], "def nearness")))
    assert near > far
    ranked = ast.literal_eval(plain(cell_with(without_account[0], '"rerank"')))
    assert ranked[-1] == "Revenue grew in Europe."


@pytest.mark.slow
def test_every_fault_that_there_is_is_told(without_account):
    said = plain(cell_with(without_account[0], "FAULTS.items()"))
    assert [line.split()[0] for line in said.splitlines() if line] == [*FAULTS]


@pytest.mark.slow
def test_07_leaves_no_secret_behind(without_account):
    assert len(without_account[2]) >= 9
    leaves_no_secret(*without_account)


def test_the_commands_of_07_are_commands_with_the_options_that_they_have():
    typed = [line.split() for block in blocks(WITHOUT_ACCOUNT, "sh") for line in block.splitlines()]
    assert len(typed) >= 6
    for name, *arguments in typed:
        assert name == "wx-notebook"
        assert command_line().parse_args(arguments)


def test_the_table_of_models_in_07_is_one_that_the_sandbox_reads(tmp_path):
    (table,) = blocks(WITHOUT_ACCOUNT, "toml")
    (tmp_path / "models.toml").write_text(table)
    assert dict(read_model_map(tmp_path / "models.toml")).keys() == tomllib.loads(table).keys()


@pytest.mark.slow
def test_the_tests_of_07_pass_as_they_stand_there(tmp_path):
    (text,) = blocks(WITHOUT_ACCOUNT, "python")
    (tmp_path / "test_theirs.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout


# --- 08-talking -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_08_goes_on_with_two_conversations_forks_one_and_keeps_its_messages(sandbox, tmp_path):
    book = execute(TALKING, tmp_path, **credentials(sandbox))
    chats = [c.body_json["messages"] for c in sandbox.calls if c.kind in ("chat", "chat_stream")]
    assert [len(messages) for messages in chats] == [2, 4, 1, 3, 3, 1, 3, 3]
    assert chats[1][0] == {"role": "system", "content": "You plan journeys. Be brief."}
    assert "packing" in outputs_of(book, "%watsonx chats")
    assert "chat 'packing': 2 earlier turns" in outputs_of(book, "%%watsonx --chat packing --show")
    exported = json.loads((tmp_path / "packing.json").read_text())
    assert [m["role"] for m in exported] == ["user", "assistant"] * 2
    assert "forgotten" in outputs_of(book, "%watsonx chats clear")


# --- 09-typed-values ------------------------------------------------------------------------------


@pytest.mark.slow
def test_09_has_values_of_its_own_types_tables_and_an_error_with_the_answer(sandbox, tmp_path):
    book = execute(TYPED, tmp_path, **credentials(sandbox))
    asked = [
        c.body_json["response_format"]["json_schema"]["name"]
        for c in sandbox.calls
        if c.kind in ("chat", "chat_stream")
    ]
    assert asked[2:] == ["Device", "list_Device", "list_Device"]
    watts, room = ast.literal_eval(outputs_of(book, 'kettle.data["watts"]'))
    assert isinstance(watts, int | float)
    assert room in ("kitchen", "office")
    table = next(c for c in book.cells if '"(name, watts: int)[]"' in c.source).outputs[0]
    assert "<table>" in table.data["text/html"]
    assert "watts" in outputs_of(book, "devices.df")
    assert "Device, <Room." in outputs_of(book, "type(lamp.data)")
    shown = outputs_of(book, "%%watsonx --show --schema Device")
    assert "schema Device: sent as response_format" in shown
    assert '"description": "A device in a household."' in shown
    assert outputs_of(book, "max_tokens=3") == "SchemaMismatch length\n"


# --- 10-pictures-and-documents --------------------------------------------------------------------


@pytest.mark.slow
def test_10_sends_pictures_in_their_place_and_says_what_each_takes(sandbox, tmp_path):
    book = execute(PICTURES, tmp_path, **credentials(sandbox))
    sent = [c.body_json["messages"][0]["content"] for c in sandbox.calls
            if c.kind in ("chat", "chat_stream")]  # fmt: skip
    assert [
        parts if isinstance(parts, str) else [part["type"] for part in parts] for parts in sent
    ] == [
        ["text", "image_url", "text"], ["text", "image_url", "image_url"],
        ["text", "image_url"], ["text", "image_url", "text"],
        ("Sum up in one sentence: [page 1]\nSales grew by 12 percent.\n\n[page 2]\n"
        "Heat pumps lead.\n\n[page 3]\nThe end."),
    ]  # fmt: skip
    assert "2 pages of report.pdf" in plain(cell_with(book, "report | pages(2)"))
    assert "picture sold.png" in plain(cell_with(book, "sold.png --show"))
    assert "256 x 154 pixels of 500 x 300" in plain(cell_with(book, "--image-pixels 256"))


# --- 11-tools -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_11_calls_functions_shows_what_they_returned_and_tells_a_failure(sandbox, tmp_path):
    book = execute(TOOLS, tmp_path, **credentials(sandbox))
    assert "[area(width=1" in plain(cell_with(book, "--tool area --yes --output"))
    assert "'1.0')" in outputs_of(book, "[(call.name")
    assert "LookupError: there is no item" in plain(cell_with(book, "--tool stock"))
    assert "estimated; area, which the model may call" in plain(
        cell_with(book, "--tool area --show")
    )
    assert outputs_of(book, "import wx_notebook as wx").endswith("1")
    rounds = [len(c.body_json["messages"]) for c in sandbox.calls if "tools" in (c.body_json or {})]
    assert rounds == [1, 3] * 3
    assert "area(width, height)  Return the area of a rectangle" in outputs_of(
        book, "%watsonx tools"
    )


# --- 12-compare -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_12_asks_each_model_once_and_works_on_with_their_table(sandbox, tmp_path):
    book = execute(COMPARING, tmp_path, **credentials(sandbox))
    asked = [c.body_json["model_id"] for c in sandbox.calls if c.kind == "chat_stream"]
    assert sorted(asked[:3]) == [
        "ibm/granite-4-h-small", "mistralai/mistral-medium-2505", "openai/gpt-oss-120b"
    ]  # fmt: skip
    assert len(asked) == 3 + 2 + 2 + 2
    cell = cell_with(book, "%%watsonx --compare ibm/granite-4-h-small,mistralai")
    assert cell.outputs[0].data["text/html"].count('wxn-column"') == 3
    assert "('ibm/granite-4-h-small', 0." in outputs_of(book, "rows = answers")
    assert "('ibm/granite-4-h-small', '" in outputs_of(book, "rows = kettles")
    assert "the same goes to openai/gpt-oss-120b" in plain(cell_with(book, "--show\nName"))
    assert "Name a unit of energy." in str(sandbox.calls[-1].body_json["messages"])


# --- 13-a-prompt-over-a-table ---------------------------------------------------------------------


@pytest.mark.slow
def test_13_answers_each_row_and_sends_nothing_twice(sandbox, tmp_path):
    environment = credentials(sandbox) | {"JUPYTER_DATA_DIR": str(tmp_path / "data")}
    notebook = execute(TABLES, tmp_path, **environment)
    plain = ["\n".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)
             for cell in notebook.cells if cell.cell_type == "code"]  # fmt: skip
    assert "6 rows, 4 distinct prompts, 1 without one" in "\n".join(plain)
    assert "5 rows answered · 1 failed" in "\n".join(plain)
    assert "5 from the journal" in "\n".join(plain)
    written = (tmp_path / "answers.csv").read_text()
    assert written.startswith("product,text,answer,error\n")
    bodies = [call.body_json["messages"][-1]["content"] for call in sandbox.calls
              if call.kind == "chat"]  # fmt: skip
    assert len(bodies) == len(set(bodies)), "a prompt was sent twice"


# --- 14-notebooks-in-ci ---------------------------------------------------------------------------

RECORDING = IN_CI.with_suffix(".jsonl")


def requests_in(recording):
    """What was asked, in any order: rows of a table go out at once."""
    lines = recording.read_text(encoding="utf-8").splitlines()[1:]
    return sorted(json.dumps(json.loads(line)["request"], sort_keys=True) for line in lines)


@pytest.mark.slow
def test_14_runs_without_a_key_and_without_a_network(tmp_path):
    # a machine that reaches nothing: each connection fails
    unreachable = {"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    book = execute(IN_CI, tmp_path, **unreachable, JUPYTER_DATA_DIR=str(tmp_path / "data"))
    said = outputs_of(book, "%watsonx login")
    assert said.startswith(
        "connected to project 'Sandbox project' · recording 14-notebooks-in-ci.jsonl"
    )
    status = outputs_of(book, "%watsonx status")
    assert "no credential is needed" in status
    assert "answers come from the recording 14-notebooks-in-ci.jsonl" in status
    assert "no model was asked" in outputs_of(book, "%%watsonx --output answer").lower()
    assert "2 rows answered" in outputs_of(book, "%%watsonx --each reviews")
    missing = outputs_of(book, "except wx.WatsonxError").splitlines()
    assert len(missing) <= 6
    assert '  now:      "What is a joule? One sentence."' in missing
    assert missing[-1].startswith("Next: run the notebook once with WX_NOTEBOOK_RECORD=")
    assert outputs_of(book, "recording = ").count("POST /ml/v1/text/chat") == 3


@pytest.mark.slow
def test_14_recorded_anew_asks_what_is_in_its_recording(sandbox, tmp_path):
    name = RECORDING.name
    execute(IN_CI, tmp_path, **credentials(sandbox), WX_NOTEBOOK_RECORD=name)
    assert requests_in(tmp_path / name) == requests_in(RECORDING)
    assert sandbox.api_key not in (tmp_path / name).read_text()


def test_the_recording_of_14_holds_no_secret_and_no_id():
    text = RECORDING.read_text(encoding="utf-8")
    assert not re.search(r"eyJ[\w-]{8}|[A-Za-z0-9_-]{44}|crn:|IBMid|bss_account|\"trace\"", text)
    assert set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)) <= {
        "00000000-0000-4000-8000-000000000001"
    }
    assert command_line().parse_args(["check", str(RECORDING)])
    assert main(["check", str(RECORDING)]) == 0


def test_the_workflow_of_14_sets_the_variable_that_there_is():
    (text,) = blocks(IN_CI, "yaml")
    (job,) = yaml.safe_load(text)["jobs"].values()
    assert list(job["env"]) == [REPLAY_VARIABLE]
    (line,) = blocks(IN_CI, "sh")
    assert line.startswith(f"{RECORD_VARIABLE}=")
