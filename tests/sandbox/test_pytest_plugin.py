"""The fixture `watsonx_sandbox`: users test their own notebooks as we test ours."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

USERS_TEST = """
import os
import wx_notebook as wx

def test_an_answer(watsonx_sandbox):
    assert os.environ["WATSONX_URL"] == watsonx_sandbox.url
    assert "WATSONX_TOKEN" not in os.environ
    watsonx_sandbox.say("A watt is a joule a second.")
    assert "joule" in wx.ask("What is a watt?").text
    assert watsonx_sandbox.counts["chat_stream"] + watsonx_sandbox.counts["chat"] == 1

def test_another_test_connects_anew(watsonx_sandbox):
    assert wx.ask("What is a watt?").text
    assert watsonx_sandbox.counts["chat_stream"] + watsonx_sandbox.counts["chat"] == 1

def test_the_environment_is_as_before():
    assert os.environ["WATSONX_API_KEY"] == "the-users-own"
    assert "WATSONX_URL" not in os.environ
"""
WITHOUT_IT = """
import sys

def test_nothing_is_imported():
    assert "pytest_wx_notebook" in sys.modules
    assert [name for name in sys.modules if name.split(".")[0] == "wx_notebook"] == []
    assert "tornado" not in sys.modules
"""


def run_pytest(folder, source: str) -> str:
    (folder / "test_of_a_user.py").write_text(source, encoding="utf-8")
    environment = os.environ | {"WATSONX_API_KEY": "the-users-own", "WATSONX_TOKEN": "another"}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow  # it starts pytest
def test_a_users_test_gets_a_sandbox_and_the_environment_that_leads_to_it(tmp_path):
    assert "3 passed" in run_pytest(tmp_path, USERS_TEST)


@pytest.mark.slow  # it starts pytest
def test_nothing_of_ours_is_imported_before_a_test_asks_for_the_fixture(tmp_path):
    assert "1 passed" in run_pytest(tmp_path, WITHOUT_IT)


def test_the_plugin_is_one_module_at_the_top():
    (plugin,) = entry_points(group="pytest11", name="wx_notebook")
    assert plugin.value == "pytest_wx_notebook"
