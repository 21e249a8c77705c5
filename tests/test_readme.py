"""The README: its cells run, its commands are those that are tested, and it stays on one page."""

from __future__ import annotations

import re
from pathlib import Path

from support.cases import all_cases

from wx_notebook import __version__, errors
from wx_notebook.cli import _parser as command_line
from wx_notebook.credentials.hosts import endpoints
from wx_notebook.credentials.regions import REGIONS
from wx_notebook.magics import commands as sub_commands
from wx_notebook.magics.commands import overview

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPTIONS = README.split("<!-- options -->")[1].split("<!-- /options -->")[0]


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_it_is_one_page_besides_its_table_of_options():
    assert len(README.replace(OPTIONS, "").splitlines()) <= 150


def test_its_cells_run_from_top_to_bottom(kernel, sandbox):
    found = {"WATSONX_API_KEY": sandbox.api_key, "WATSONX_URL": sandbox.url,
             "WATSONX_PROJECT_ID": sandbox.project_id}  # fmt: skip
    kernel.run(f"import os; os.environ.update({found!r})", store_history=False).ok()
    assert len(blocks("python")) >= 5
    shown = [kernel.run(cell.rstrip("\n")).ok() for cell in blocks("python")]
    assert any("no model was asked" in ran.plain for ran in shown)
    options = next(c for c in sandbox.calls if c.kind == "chat_stream"
                   and c.body_json.get("temperature")).body_json  # fmt: skip
    assert options["messages"][1]["content"] == "Three facts about heat pumps, as a table."


#: Each command of the README and where it is run as it stands there.
COMMANDS = {
    "cd wx_notebook && python -m venv .venv && . .venv/bin/activate": "a fresh machine",
    "pip install . && wx-notebook demo": "tests/test_cli.py",
    "pip install -e '.[test]' && pytest": ".ci/run",
}


def test_its_commands_are_those_that_are_run():
    typed = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    assert typed == list(COMMANDS)
    assert 'grep -m1 -E "&& pytest$" README.md' in (ROOT / ".ci/run").read_text()


@all_cases("name", sorted(set(re.findall(r"`([A-Z][a-zA-Z]+)(?::[^`]*)?`", README))))
def test_a_class_in_its_troubleshooting_is_an_error_of_ours(name):
    assert hasattr(errors, name)


@all_cases("quoted", re.findall(r"^\| `[A-Z]\w+: (?:\.\.\. )?(.*?)(?: ?\.\.\.)?` \|",
                                            README, re.MULTILINE))  # fmt: skip
def test_what_its_troubleshooting_quotes_is_said_somewhere(quoted):
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "wx_notebook").rglob("*.py"))
    assert any(quoted in source for source in sources)


def test_the_first_row_of_its_troubleshooting_is_what_ipython_says(kernel):
    kernel.run("%unload_ext wx_notebook", store_history=False)
    ran = kernel.run("%%watsonx\nWhat is a watt?")
    kernel.run("%load_ext wx_notebook", store_history=False).ok()
    assert "Cell magic `%%watsonx` not found" in ran.everything


def test_every_region_that_it_names_is_in_the_table_and_those_not_seen_are_marked():
    regions = re.search(r"Regions: (.*?)\. \(", README, re.DOTALL)[1]
    marked = [region.region_id for region in REGIONS if region.sign_in == "mcsp"]
    assert re.findall(r"`([\w-]+)`", regions) == [region.region_id for region in REGIONS]
    assert re.findall(r"`([\w-]+)` \*", regions) == marked
    for region in REGIONS:
        for text in (region.region_id, region.place, region.url, region.platform_url):
            assert endpoints(region=text).place == region.region_id


@all_cases("line", sorted({" ".join(line.split()) for line in
                         re.findall(r"`(%watsonx [^`]+)`", README)}))  # fmt: skip
def test_a_command_in_its_text_is_one_with_the_options_that_it_has(line):
    _, command, *words = line.split()
    assert f"  %watsonx {command} " in overview()
    flags = sub_commands.parser_of(command).flags
    assert all(word in flags for word in words if word.startswith("--"))


@all_cases("line", sorted(set(re.findall(r"`(wx-notebook [^`]+)`", README))))
def test_a_command_of_the_shell_in_its_text_has_the_options_that_it_has(line):
    _, *arguments = line.split()
    assert command_line().parse_args(arguments)


def test_every_file_that_it_links_is_there():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_the_changelog_begins_with_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE)[1] == __version__
