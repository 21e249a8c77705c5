"""What the README claims: its cells run, its commands are those that are tested, it is current."""

from __future__ import annotations

import ast
import collections
import importlib.util
import inspect
import itertools
import pickle
import re
import stat
import sys
import tomllib
from pathlib import Path

import pytest
import requests
from credentials.keyring_stand_ins import Keeps, system

import wx_notebook as wx
from wx_notebook import __version__, errors, interop
from wx_notebook.cli import _parser as command_line
from wx_notebook.credentials import REGIONS, Given, Secret, endpoints, find, system_keyring
from wx_notebook.credentials.profiles import remember
from wx_notebook.errors import HostRefused, NotConnected
from wx_notebook.interop.bearer import HELD_ELSEWHERE, Keeper
from wx_notebook.magics import commands as sub_commands
from wx_notebook.magics.commands import usage
from wx_notebook.sandbox import faults
from wx_notebook.session import disconnect, standing

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECURITY = (ROOT / ".github/SECURITY.md").read_text(encoding="utf-8")
SIGNING_IN = README.split("## Signing in")[1].split("\n## ")[0]
KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"
PROJECT = "12345678-1234-4123-8123-123456789abc"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_its_cells_run_from_top_to_bottom(kernel, sandbox):
    found = {"WATSONX_API_KEY": sandbox.api_key, "WATSONX_URL": sandbox.url,
             "WATSONX_PROJECT_ID": sandbox.project_id}  # fmt: skip
    kernel.run(f"import os; os.environ.update({found!r})", store_history=False).ok()
    assert len(blocks("python")) >= 6
    shown = [kernel.run(cell.rstrip("\n")).ok() for cell in blocks("python")]
    assert any("no model was asked" in ran.plain for ran in shown)
    options = next(c for c in sandbox.calls if c.kind == "chat_stream"
                   and c.body_json.get("temperature")).body_json  # fmt: skip
    assert options["messages"][1]["content"] == "Three facts about heat pumps, as a table."


#: Each command of the README and where it is run as it stands there.
COMMANDS = {
    "pip install . && wx-notebook demo": "tests/test_cli.py",
    "pip install -e '.[test]' && pytest": ".ci/run",
}


def test_its_commands_are_those_that_are_run():
    typed = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    commands = [line for line in typed if not line.startswith("export ")]
    assert commands == list(COMMANDS)
    assert 'grep -m1 -E "&& pytest$" README.md' in (ROOT / ".ci/run").read_text()
    names = {re.match(r"export (\w+)=", line)[1] for line in typed if line.startswith("export ")}
    assert names == {"WATSONX_API_KEY", "WATSONX_REGION", "WATSONX_PROJECT_ID"}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([A-Z][a-zA-Z]+)(?::[^`]*)?`", README))))
def test_a_class_in_its_troubleshooting_is_an_error_of_ours(name):
    assert hasattr(errors, name)


@pytest.mark.parametrize("told", re.findall(r"^\| `[A-Z]\w+: (?:\.\.\. )?(.*?)(?: ?\.\.\.)?` \|",
                                            README, re.MULTILINE))  # fmt: skip
def test_what_its_troubleshooting_quotes_is_said_somewhere(told):
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "wx_notebook").rglob("*.py"))
    assert any(told in source for source in sources)


def test_every_region_that_it_names_is_in_the_table_and_those_not_seen_are_marked():
    told = re.search(r"Regions: (.*?)\.\n", README, re.DOTALL)[1]
    marked = [region.region_id for region in REGIONS if region.sign_in == "mcsp"]
    assert re.findall(r"`([\w-]+)`", told) == [region.region_id for region in REGIONS]
    assert re.findall(r"`([\w-]+)` \*", told) == marked
    for region in REGIONS:
        for text in (region.region_id, region.place, region.url, region.platform_url):
            assert endpoints(region=text).place == region.region_id


def test_what_was_built_from_public_facts_alone_is_marked():
    assert "Built from public facts" in SIGNING_IN
    marked = [row for row in SIGNING_IN.splitlines() if row.startswith("| ") and " *" in row]
    for word in ("AWS", "GovCloud", "cluster", "trusted profile", "Studio"):
        assert any(word in row for row in marked), word


@pytest.mark.parametrize("call", re.findall(r"`(wx\.connect\([^`]+\))`", README))
def test_a_call_of_connect_has_arguments_that_it_takes_and_says_what_is_billed(call):
    keywords = ast.parse(call, mode="eval").body.keywords
    given = {argument.arg for argument in keywords}
    assert given <= inspect.signature(wx.connect).parameters.keys()
    client = next((ast.unparse(each.value) for each in keywords if each.arg == "credentials"), "")
    # a client brings its project along; the token alone is what to do at a token's end
    assert "project_id" in given or client == "api_client" or given == {"token"}


@pytest.mark.parametrize("line", sorted({" ".join(line.split()) for line in
                         re.findall(r"`(%watsonx [^`]+)`", README)}))  # fmt: skip
def test_a_command_in_its_text_is_one_with_the_options_that_it_has(line):
    _, command, *words = line.split()
    assert f"  %watsonx {command} " in usage()
    takes = sub_commands.COMMANDS[command].takes
    assert all(word in takes for word in words if word.startswith("--"))


OTHER_TOOLS = README.split("## With other tools")[1].split("\n## ")[0]


@pytest.mark.parametrize("line", sorted({" ".join(line.split()) for line in [
                         *re.findall(r"`(wx-notebook [^`]+)`", README),
                         *(f"wx-notebook sandbox {option}" for option in
                           re.findall(r"`(--[^`]+)`", OTHER_TOOLS))]}))  # fmt: skip
def test_a_command_of_the_shell_in_its_text_has_the_options_that_it_has(line):
    _, *arguments = line.split()
    assert command_line().parse_args(arguments)
    for name, value in itertools.pairwise(arguments):
        if name == "--fault":
            faults.parse(value)


# --- with other tools ----------------------------------------------------------------------------

CLIENTS = README.split("<!-- clients -->")[1].split("<!-- /clients -->")[0]
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
    "outlives a token": {
        SDK: ["test_an_hour_later_it_has_another_token_and_works_on"],
        LANGCHAIN: ["test_an_hour_later_it_works_on"],
        LITELLM: ["test_when_its_token_has_expired_it_has_another_one"],
        OPENAI: ["test_a_function_in_place_of_the_key_outlives_a_token_and_a_revocation"],
    },
    "outlives a revocation": {
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


@pytest.mark.parametrize("proof", sorted({f"{client}::{test}" if "::" not in test else test
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


@pytest.mark.parametrize("call", sorted(set(re.findall(r"`(wx\.interop\.\w+)\(\)`", README))))
def test_a_hand_over_that_it_names_is_there_and_wants_nothing_but_a_session(call):
    function = getattr(interop, call.rpartition(".")[2])
    parameters = inspect.signature(function).parameters.values()
    assert all(each.default is not each.empty or each.kind is each.VAR_KEYWORD
               for each in parameters)  # fmt: skip


def test_its_extras_and_targets_are_those_that_there_are():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    named = re.findall(r"\| `(\w+)` \|$", OTHER_TOOLS, re.MULTILINE)
    named += re.findall(r"\(extra `(\w+)`\)", OTHER_TOOLS)
    named += re.findall(r"wx-notebook\[(\w+)\]", OTHER_TOOLS)
    assert set(named) == set(extras) - {"test", "dev"}
    program = next(row for row in OTHER_TOOLS.splitlines() if row.startswith("| a program"))
    assert re.findall(r"`(?:%watsonx code --for )?(\w+)`", program) == [*interop.TARGETS]


def test_its_figures_are_of_what_is_measured_today(monkeypatch):
    folder = Path(__file__).parent / "benchmarks"
    monkeypatch.syspath_prepend(str(folder))
    spec = importlib.util.spec_from_file_location("benchmarks_run", folder / "run.py")
    run = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, run)
    spec.loader.exec_module(run)
    figures = collections.defaultdict(lambda: 1.0)
    rows = run.table(run.Measured((1, 1), (1, 1), (1, 1), figures, (1, 1), figures))
    table = README.split("<!-- benchmarks -->\n")[1].split("\n<!-- /benchmarks -->")[0]
    told = [line.strip("| ").split(" | ") for line in table.split("\n")[2:]]
    assert [(what, reach) for what, _, reach in told] == [(what, reach) for what, _, reach in rows]


def test_at_the_sandboxs_address_there_is_a_page(sandbox):
    reply = requests.get(f"{sandbox.url}/", headers={"Accept": "text/html"}, timeout=30)
    assert reply.ok
    assert reply.headers["Content-Type"].startswith("text/html")


def test_what_is_handed_over_holds_what_security_says():
    told = SECURITY.split("## What is handed over")[1].split("\n## ")[0]
    for name in set(interop.__all__) - {"TARGETS", "program"}:
        assert f"`{name}`" in told
    assert HELD_ELSEWHERE in told


def test_sources_come_in_the_order_that_it_tells(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    named, lying = tmp_path / "named.env", tmp_path / ".env"
    named.write_text(f"WATSONX_API_KEY={KEY}")
    lying.write_text(f"WATSONX_API_KEY={KEY}")
    sources = {
        "IBM_CREDENTIALS_FILE": str(named), "USER_ACCESS_TOKEN": "eyJh.eyJl.c2ln",
        "WATSONX_API_KEY": KEY,
    }  # fmt: skip
    key = Secret(KEY)
    with system(Keeps):
        remember("work", Given("form", key, region="eu-de", project_id=PROJECT))
        shadowed = find(Given("arguments", key), sources).shadowed
        won = [find(Given("arguments", key), sources).source, find(Given("x"), sources).source]
        del sources["WATSONX_API_KEY"]
        won.append(find(Given("x"), sources).source)
    (tmp_path / "wx_notebook.toml").unlink()
    for name in ("IBM_CREDENTIALS_FILE", "USER_ACCESS_TOKEN"):
        won.append(find(Given("x"), sources).source)
        del sources[name]
    with pytest.raises(NotConnected, match=r"\.env in this folder: not read"):
        find(Given("x"), sources)
    assert [*shadowed] == won[1:]
    told = re.findall(r"^\| \d \| (.*) \|$", SIGNING_IN, re.MULTILINE)
    assert len(told) == len(won)
    words = ("arguments", "environment", "profile", "IBM_CREDENTIALS_FILE", "Studio")
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
    assert "the last five minutes are announced" in README
    assert standing.ENDING_S == 5 * 60
    for left_s, told in ((290, True), (310, False)):
        where = {"url": sandbox.url, "project_id": sandbox.project_id}
        wx.connect(token=sandbox.issue_token(lifetime_s=left_s), **where)
        answer = wx.ask("hello")
        assert any("wx.connect(token=...)" in said for said in answer.warnings) is told


def test_a_pickled_session_has_no_secret_and_finds_one_where_it_arrives(session, monkeypatch):
    key, sent = session.given.api_key.reveal(), pickle.dumps(session)
    assert key.encode() not in sent
    with pytest.raises(NotConnected, match="none was found"):
        pickle.loads(sent).chat("hello")
    monkeypatch.setenv("WATSONX_API_KEY", key)
    monkeypatch.setenv("WATSONX_URL", session.endpoints.url)
    assert pickle.loads(sent).chat("hello").text


def test_the_keyrings_that_security_names_are_those_of_the_allow_list():
    named = re.search(r"keyring of the operating system: (.*?)\.\n", SECURITY, re.DOTALL)[1]
    assert set(re.split(r",\s+", named)) == set(system_keyring.SYSTEM_KEYRINGS.values())


def test_a_profiles_file_has_the_modes_that_security_names(tmp_path, monkeypatch):
    folder = tmp_path / "jupyter"
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder))
    with system(Keeps):
        remember("work", Given("form", Secret(KEY), region="eu-de", project_id=PROJECT))
    modes = [f"{stat.S_IMODE(p.stat().st_mode):04o}" for p in (folder / "wx_notebook.toml", folder)]
    assert modes == ["0600", "0700"]
    told = re.search(r"the file is (\d+)\s.*?a folder made for it (\d+)", SECURITY, re.DOTALL)
    assert [*told.groups()] == modes
    assert KEY not in (folder / "wx_notebook.toml").read_text()


def test_a_cluster_gets_a_credential_only_together_as_security_says(monkeypatch):
    monkeypatch.setenv("WATSONX_URL", "https://cpd.example.com")
    with pytest.raises(HostRefused):
        wx.connect(api_key=KEY, username="jane", kind="software", project_id=PROJECT)
    monkeypatch.setenv("WATSONX_API_KEY", KEY)
    monkeypatch.setenv("WATSONX_USERNAME", "jane")
    with pytest.raises(HostRefused):
        wx.connect(project_id=PROJECT)
    for name, word in re.findall(r"`(WATSONX_\w+)=(\w+)`", SECURITY):
        with monkeypatch.context() as told:
            told.setenv(name, word)
            assert wx.connect(project_id=PROJECT).endpoints.place == "cpd.example.com"
    monkeypatch.delenv("WATSONX_API_KEY")
    monkeypatch.setenv("WATSONX_ZENAPIKEY", "amFuZTprZXk=")
    assert wx.connect(project_id=PROJECT).endpoints.place == "cpd.example.com"
    fields = {"url": "https://cpd.example.com", "username": "jane", "apikey": KEY, "version": "5.2"}
    assert wx.connect(credentials=fields).endpoints.place == "cpd.example.com"


def test_every_file_that_it_links_is_there():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_its_table_of_figures_has_been_measured():
    table = README.split("<!-- benchmarks -->")[1].split("<!-- /benchmarks -->")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 5
    assert all(re.search(r"\d", row.split("|")[2]) for row in rows)


def test_the_changelog_begins_with_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE)[1] == __version__


def test_logout_ends_what_was_made_of_the_current_session_and_a_new_one_does_not(sandbox):
    first = Keeper(wx.connect(**sandbox.credentials()))
    second = Keeper(wx.connect(**sandbox.credentials()))
    assert first.token()
    disconnect()
    assert first.token()
    with pytest.raises(NotConnected):
        second.token()
