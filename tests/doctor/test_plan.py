"""The plan of the checks: its order, what waits for what, and an installation that is broken."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from wx_notebook.doctor import CHECKS


def test_the_plan_has_no_circle_and_no_chain_that_would_take_longer_than_fifteen_seconds():
    waits = {check.name: {*check.after, *check.needs} for check in CHECKS}

    def depth(name, seen=()):
        assert name not in seen, f"{name} waits for itself"
        return 1 + max((depth(other, (*seen, name)) for other in waits[name]), default=0)

    assert max(map(depth, waits)) * 3 <= 15


def test_the_plan_has_what_the_documentation_names_in_that_order():
    assert [check.name for check in CHECKS] == [
        "versions", "front end", "widgets", "extension", "page", "server", "keyring",
        "credential", "proxy", "certificates", "clock", "IAM", "region", "project", "runtime",
        "quota", "model",
    ]  # fmt: skip
    assert all(check.timeout_repair for check in CHECKS), (
        "each one has a repair when it does not answer"
    )


@pytest.mark.slow  # it starts a process
def test_a_library_that_cannot_be_imported_is_the_finding_of_the_checks_that_need_it():
    program = (
        "import sys; sys.modules['requests'] = None\n"
        "from wx_notebook.cli import main; sys.exit(main(['doctor', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["credential"]["found"] == "requests cannot be imported here"
    assert "-m pip install --force-reinstall wx-notebook" in checks["credential"]["repair"]
    assert checks["versions"]["verdict"] == checks["certificates"]["verdict"] == "ok"
    assert done.returncode == 1
