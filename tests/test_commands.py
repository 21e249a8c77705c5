"""The commands of a developer: hatch names them, `.ci/run` calls them, the workflows call that."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SCRIPTS = PROJECT["tool"]["hatch"]["envs"]["default"]["scripts"]
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_hatch_names_each_command():
    assert {"fast", "test", "browser", "lint", "types", "cov", "bench", "docs"} <= set(SCRIPTS)


@pytest.mark.parametrize("name", ["lint", "types", "test"])
def test_ci_calls_the_command_behind_the_name(name):
    assert name in SCRIPTS
    assert f"\nnamed {name}\n" in CI, "the name is looked up in pyproject.toml"


def test_pytest_alone_runs_everything_in_parallel():
    assert SCRIPTS["test"].split()[0] == "pytest"
    options = PROJECT["tool"]["pytest"]["ini_options"]["addopts"]
    assert options[options.index("-n") + 1] == "auto"
    assert options[options.index("--dist") + 1] == "loadgroup"
    assert "-m" not in options, "nothing is left out"
    extra = PROJECT["project"]["optional-dependencies"]["test"]
    assert any(entry.startswith("pytest-xdist") for entry in extra)


def test_the_hooks_check_what_hatch_checks():
    (hooks,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert hooks["repo"] == "local", "a commit fetches nothing"
    entries = {
        hook["id"]: hook["entry"].removesuffix(" --force-exclude") for hook in hooks["hooks"]
    }
    lint, formatting = SCRIPTS["lint"]
    assert entries["ruff-check"].startswith(lint.removesuffix(" ."))
    assert entries["ruff-format"].startswith(formatting.removesuffix(" --check ."))
    assert entries["mypy"] == SCRIPTS["types"]
    assert entries["wx-notebook-check"] == "wx-notebook check"


def run(module: str, *arguments: str) -> None:
    pytest.importorskip(module, reason="pip install -e '.[dev]'")
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_workflows_are_what_their_reader_takes():
    # the schema lies in the package: nothing is fetched
    schema = ["--builtin-schema", "vendor.github-workflows"]
    run("check_jsonschema", *schema, *map(str, WORKFLOWS))


def test_the_hooks_are_what_their_reader_takes():
    run("pre_commit", "validate-config", str(ROOT / ".pre-commit-config.yaml"))


def test_a_change_and_a_release_have_to_pass_ci():
    assert [path.stem for path in WORKFLOWS] == ["ci", "release"]
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {"contents": "read"}
        jobs = workflow["jobs"].values()
        assert all(job["timeout-minutes"] <= 60 for job in jobs)
        assert any(step.get("run") == ".ci/run" for job in jobs for step in job["steps"])


def test_a_tag_publishes_without_a_stored_secret():
    text = WORKFLOWS[1].read_text()
    workflow = yaml.safe_load(text)
    # YAML 1.1 reads the key `on` as a truth value
    assert workflow[True] == {"push": {"tags": ["v*"]}}
    assert workflow["jobs"]["publish"]["needs"] == "build"
    assert workflow["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in text


def test_tests_that_share_a_server_are_in_one_group(request):
    shared = [item for item in request.session.items if "jupyter" in item.fixturenames]
    assert all(item.get_closest_marker("xdist_group") for item in shared)
    # xdist writes the group behind the name, in its workers only
    if hasattr(request.config, "workerinput"):
        assert all("@" in item.nodeid for item in shared)
