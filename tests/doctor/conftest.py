"""Runs the doctor's checks in this process, and returns the status of each."""

from __future__ import annotations

import os

import pytest
from transport.conftest import _no_network_settings_of_this_machine  # noqa: F401  # a fixture
from transport.servers import authority, serve  # noqa: F401  # fixtures

from wx_notebook.credentials.secret import OpaqueMapping
from wx_notebook.doctor import CHECKS, CheckContext, CheckRunner, FrontEnd

COMMAND = FrontEnd("command")


@pytest.fixture
def run_checks():
    """`run_checks(*names, ...)` takes the fields of `CheckContext` and returns statuses by name.

    It runs the named checks and those that they wait for; without names all.
    """
    contexts = []

    def run(*names, front_end=COMMAND, environ=os.environ, **fields):
        contexts.append(CheckContext(environ=OpaqueMapping(environ), front_end=front_end, **fields))
        # a slow machine is no finding; the tests of time limits set other limits
        runner = CheckRunner(contexts[-1], with_prerequisites(names), limit_s=30)
        for _ in runner:
            pass
        return {status.name: status for status in runner.statuses}

    yield run
    for context in contexts:
        context.close()


def with_prerequisites(names):
    by_name, wanted = {check.name: check for check in CHECKS}, set(names or ())
    while names and (more := {n for w in wanted for n in (*by_name[w].after, *by_name[w].needs)}):
        if more <= wanted:
            break
        wanted |= more
    return [check for check in CHECKS if not names or check.name in wanted]


@pytest.fixture
def around(sandbox, monkeypatch):
    """The environment has the sandbox's credential."""
    monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("WATSONX_URL", sandbox.url)
    monkeypatch.setenv("WATSONX_PROJECT_ID", sandbox.project_id)
    return monkeypatch
