"""One examination of a case in this process, and what each check said."""

from __future__ import annotations

import os

import pytest
from transport.conftest import _no_network_settings_of_this_machine  # noqa: F401  # a fixture
from transport.servers import authority, serve  # noqa: F401  # fixtures

from wx_notebook.credentials.secret import Unshown
from wx_notebook.doctor import CHECKS, Case, Examination, FrontEnd

COMMAND = FrontEnd("command")


@pytest.fixture
def examined():
    """`examined(...)`: what `Case` takes; returns the results by the names of their checks.

    Only the named checks are run, with those that they wait for; without names all.
    """
    cases = []

    def run(*names, front=COMMAND, environ=os.environ, **case):
        cases.append(Case(environ=Unshown(environ), front=front, **case))
        # a slow day is no finding; what is to be late, is late by other limits
        examination = Examination(cases[-1], chosen(names), limit_s=30)
        for _ in examination:
            pass
        return {result.name: result for result in examination.results}

    yield run
    for case in cases:
        case.close()


def chosen(names):
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
