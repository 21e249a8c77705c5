"""What the notebooks claim in words and tables: sources, clients, extras, commands."""

from __future__ import annotations

import ast
import inspect
import itertools
import os
import re
import tomllib
from pathlib import Path

import nbformat
import pytest
import requests
from credentials.keyring_stand_ins import Keeps, system
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook import interop
from wx_notebook.cli import _parser as command_line
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.profiles import remember_credentials
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.sign_in_file import SignInFile, sign_in_path
from wx_notebook.credentials.variables import VARIABLES
from wx_notebook.errors import NotConnected
from wx_notebook.sandbox.http.faults import parse_fault
from wx_notebook.session import status

ROOT = Path(__file__).parents[1]
KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
PROJECT = "12345678-1234-4123-8123-123456789abc"


def cells_of(number, cell_type):
    (path,) = (ROOT / "notebooks").glob(f"{number}-*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == cell_type)


SIGNING_IN, SIGNING_IN_CODE = cells_of("02", "markdown"), cells_of("02", "code")
PRODUCTION, WITHOUT_ACCOUNT = cells_of("06", "markdown"), cells_of("07", "markdown")
DOCUMENTS = cells_of("10", "markdown") + cells_of("11", "markdown")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


# --- 02: ways to sign in -------------------------------------------------------------------------


def test_what_was_built_from_public_documents_alone_is_named():
    sentence = re.search(r"^.* were built from public documents .*$", SIGNING_IN, re.MULTILINE)[0]
    for word in ("rusted profile", "AWS", "GovCloud", "cluster", "Studio"):
        assert word in sentence, word


@all_cases("call", re.findall(r"^# yours: (wx\.connect\(.+\))$", SIGNING_IN_CODE, re.MULTILINE))
def test_a_call_of_connect_has_arguments_that_it_takes_and_says_what_is_billed(call):
    keywords = {each.arg for each in ast.parse(call, mode="eval").body.keywords}
    assert keywords <= inspect.signature(wx.connect).parameters.keys()
    # Studio brings its project along
    assert "project_id" in keywords or call == "wx.connect()"


def test_sources_come_in_the_order_that_it_tells(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    # as the server of a kernel writes it
    of_server = sign_in_path(os.getppid())
    SignInFile("1", "http://127.0.0.1:1", Secret("s"), 1, {"region": "eu-de"}).write(of_server)
    named, lying = tmp_path / "named.env", tmp_path / ".env"
    named.write_text(f"WATSONX_API_KEY={KEY}")
    lying.write_text(f"WATSONX_API_KEY={KEY}")
    sources = {
        "IBM_CREDENTIALS_FILE": str(named), "USER_ACCESS_TOKEN": "eyJh.eyJl.c2ln",
        "WATSONX_API_KEY": KEY,
    }  # fmt: skip
    key = Secret(KEY)
    with system(Keeps):
        remember_credentials(
            "work", ConnectionParams("form", key, region="eu-de", project_id=PROJECT)
        )
        shadowed = find_credentials(ConnectionParams("arguments", key), sources).shadowed
        won = [
            find_credentials(ConnectionParams("arguments", key), sources).source,
            find_credentials(ConnectionParams("x"), sources).source,
        ]
        of_server.unlink()
        won.append(find_credentials(ConnectionParams("x"), sources).source)
        del sources["WATSONX_API_KEY"]
        won.append(find_credentials(ConnectionParams("x"), sources).source)
    (tmp_path / "wx_notebook.toml").unlink()
    for name in ("IBM_CREDENTIALS_FILE", "USER_ACCESS_TOKEN"):
        won.append(find_credentials(ConnectionParams("x"), sources).source)
        del sources[name]
    with pytest.raises(NotConnected, match=r"\.env in this folder was not read"):
        find_credentials(ConnectionParams("x"), sources)
    assert [*shadowed] == won[1:]
    told = re.findall(r"^\| \d \| (.*) \|$", SIGNING_IN, re.MULTILINE)
    assert len(told) == len(won)
    words = (
        *("arguments", "Jupyter server", "environment"),
        *("profile", "IBM_CREDENTIALS_FILE", "Studio"),
    )
    for row, source, word in zip(told, won, words, strict=True):
        assert word in row
        assert word in source


def test_a_region_and_project_that_a_file_lacks_come_from_the_environment(tmp_path, monkeypatch):
    (tmp_path / "apikey.json").write_text(f'{{"apikey": "{KEY}"}}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATSONX_REGION", "eu-de")
    monkeypatch.setenv("WATSONX_PROJECT_ID", PROJECT)
    made = wx.connect(api_key="@apikey.json")
    assert (made.source, made.endpoints.place) == ("file apikey.json", "eu-de")
    assert made.scope.project_id == PROJECT


def test_the_last_five_minutes_of_a_token_are_announced(sandbox):
    assert "answers warn you in the last five minutes" in SIGNING_IN
    assert status.EXPIRY_WARNING_S == 5 * 60
    for left_s, told in ((290, True), (310, False)):
        where = {"url": sandbox.url, "project_id": sandbox.project_id}
        wx.connect(token=sandbox.issue_token(lifetime_s=left_s), **where)
        answer = wx.ask("hello")
        assert any("wx.connect(token=...)" in said for said in answer.warnings) is told


# --- 06: other libraries --------------------------------------------------------------------------


@all_cases("call", sorted(set(re.findall(r"`(wx\.interop\.\w+)\(\)`", PRODUCTION))))
def test_a_hand_over_that_it_names_is_there_and_wants_nothing_but_a_session(call):
    function = getattr(interop, call.rpartition(".")[2])
    parameters = inspect.signature(function).parameters.values()
    assert all(each.default is not each.empty or each.kind is each.VAR_KEYWORD
               for each in parameters)  # fmt: skip


def test_its_extras_and_targets_are_those_that_there_are():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"\| `(\w+)` \|$", PRODUCTION, re.MULTILINE)
    named += re.findall(
        r"wx-notebook\[(\w+)\]", PRODUCTION + WITHOUT_ACCOUNT + DOCUMENTS + CHANGELOG
    )
    assert set(named) == set(project["optional-dependencies"]) - {"test", "dev"}
    program = next(row for row in PRODUCTION.splitlines() if row.startswith("| a program"))
    assert re.findall(r"`(?:%watsonx code --for )?(\w+)`", program) == [*interop.TARGETS]


# --- 07: the sandbox and its clients -------------------------------------------------------------

COMMANDS = re.findall(r"^(wx-notebook .+)$", WITHOUT_ACCOUNT, re.MULTILINE)


@all_cases("line", COMMANDS)
def test_a_command_of_the_shell_has_the_options_that_it_has(line):
    _, *arguments = line.split()
    assert command_line().parse_args(arguments)
    for name, value in itertools.pairwise(arguments):
        if name == "--fault":
            parse_fault(value)


def test_at_the_sandboxs_address_there_is_a_page(sandbox):
    reply = requests.get(f"{sandbox.url}/", headers={"Accept": "text/html"}, timeout=30)
    assert reply.ok
    assert reply.headers["Content-Type"].startswith("text/html")


CLIENTS = WITHOUT_ACCOUNT.split("<!-- clients -->")[1].split("<!-- /clients -->")[0]
SDK, LANGCHAIN, LITELLM, OPENAI = "test_sdk", "test_langchain", "test_litellm", "test_openai"
#: Each cell of the table, and the tests in tests/clients that it stands for.
PROOFS = {
    "chat, streaming": {
        SDK: ["test_it_chats_and_streams"],
        LANGCHAIN: ["test_it_chats_and_streams_with_usage"],
        LITELLM: ["test_it_chats_and_keeps_its_token", "test_it_streams"],
        OPENAI: ["test_it_chats_and_streams"],
    },
    "text generation": {
        SDK: ["test_it_generates_and_streams"],
        LANGCHAIN: ["test_it_generates_and_counts_tokens"],
        OPENAI: ["test_it_lists_models_and_completes_text"],
    },
    "tools, JSON schemas": {
        SDK: ["test_it_gets_an_instance_of_a_schema_and_a_tool_call"],
        LANGCHAIN: [
            "test_it_calls_tools_whole_and_streamed_until_the_agent_comes_to_an_end",
            "test_it_gets_structured_output",
        ],
        LITELLM: [
            "test_it_calls_tools_whole_and_streamed",
            "test_it_gets_an_instance_of_a_schema",
        ],
        OPENAI: ["test_it_calls_tools_and_parses_instances_of_a_schema"],
    },
    "embeddings": {
        SDK: ["test_it_embeds_and_similar_texts_are_nearer"],
        LANGCHAIN: ["test_it_embeds"],
        LITELLM: ["test_it_embeds"],
        OPENAI: ["test_it_embeds_in_the_packed_form_that_it_asks_for"],
    },
    "rerank": {
        SDK: ["test_it_reranks"],
        LANGCHAIN: ["test_it_reranks"],
        LITELLM: ["test_it_reranks"],
    },
    "tokens counted": {
        SDK: ["test_it_counts_tokens"],
        LANGCHAIN: ["test_it_generates_and_counts_tokens"],
        LITELLM: ["test_it_counts_tokens_by_itself"],
    },
    "a deployment": {
        SDK: ["test_a_deployment_chats_streams_and_generates"],
        LITELLM: ["test_it_asks_a_deployment"],
    },
    "works after a token expired": {
        SDK: ["test_an_hour_later_it_has_another_token_and_works_on"],
        LANGCHAIN: ["test_an_hour_later_it_works_on"],
        LITELLM: ["test_when_its_token_has_expired_it_has_another_one"],
        OPENAI: ["test_a_function_in_place_of_the_key_outlives_a_token_and_a_revocation"],
    },
    "works after a revocation": {
        SDK: ["test_interop_sdk::test_a_revocation_is_not_noticed"],
        LANGCHAIN: ["test_interop_langchain::test_a_revocation_is_not_noticed"],
        OPENAI: ["test_interop_openai::test_a_revocation_is_not_noticed"],
    },
}
ROWS = {
    name: dict(zip((SDK, LANGCHAIN, LITELLM, OPENAI), cells, strict=True))
    for name, *cells in (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in CLIENTS.strip().splitlines()[2:]
    )
}


def test_every_cell_of_the_table_of_clients_is_a_test_and_an_empty_one_is_none():
    filled = {name: {client for client, cell in row.items() if cell} for name, row in ROWS.items()}
    assert filled == {name: set(tests) for name, tests in PROOFS.items()}
    assert set(re.findall(r"`(\w+)\(\)`", CLIENTS)) <= set(interop.__all__)


@all_cases("proof", sorted({f"{client}::{test}" if "::" not in test else test
                         for row in PROOFS.values() for client, tests in row.items()
                         for test in tests}))  # fmt: skip
def test_the_test_of_a_cell_is_there_and_is_run(proof):
    file, _, name = proof.partition("::")
    tree = ast.parse((ROOT / f"tests/clients/{file}.py").read_text(encoding="utf-8"))
    (found,) = [node for node in tree.body
                if isinstance(node, ast.FunctionDef) and node.name == name]  # fmt: skip
    decorators = [ast.unparse(decorator) for decorator in found.decorator_list]
    assert not any("skip" in decorator or "xfail" in decorator for decorator in decorators)
    assert "tests/clients" in (ROOT / ".ci/run").read_text()


def test_the_table_of_variables_names_each_that_is_read():
    table = re.search(r"<!-- variables -->\n(.*?)<!-- /variables -->", SIGNING_IN, re.DOTALL)[1]
    told = [re.findall(r"`(\w+)`", line) for line in table.splitlines()[2:]]
    assert sorted(told) == sorted(
        list(names) for field, names in VARIABLES.items() if field != "instance_id"
    )
