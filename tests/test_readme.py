"""What the README claims: its cells run, its commands are those that are tested, it is current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wx_notebook import __version__, errors
from wx_notebook.credentials import REGIONS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


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


def test_every_region_that_it_names_is_in_the_table():
    told = re.search(r"Regions: (.*?)\.\n", README, re.DOTALL)[1]
    assert re.findall(r"`([\w-]+)`", told) == [r.region_id for r in REGIONS if r.sign_in == "iam"]


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
