"""A project that is not where it was looked for: the error says where it is."""

from __future__ import annotations

import pytest

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.hosts import Endpoints
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import NoRuntime, ProjectError
from wx_notebook.sandbox import Sandbox
from wx_notebook.session import Session
from wx_notebook.transport import Transport

MODEL = "ibm/granite-4-h-small"


@pytest.fixture
def regions():
    """Two regions of one account; the second is called eu-de."""
    with Sandbox() as here, Sandbox(account=here) as there:
        yield here, there


def session_of(here, there, **scope):
    given = ConnectionParams("arguments", Secret(here.api_key), url=here.url, **scope)
    frankfurt = Endpoints(there.url, there.url, there.url, "eu-de")
    return Session(given, transport=Transport(), others=[frankfurt])


def test_signing_in_names_the_region_that_has_the_project(regions):
    here, there = regions
    session = session_of(here, there, project_id=there.project_id)
    with pytest.raises(ProjectError, match=r"eu-de \(Frankfurt\)") as caught:
        session.verify()
    assert "%watsonx use --region eu-de" in caught.value.hint
    assert 'wx.connect(region="eu-de")' in caught.value.hint
    assert len(str(caught.value).split("\n")) <= 6


def test_so_does_a_prompt_that_was_never_verified(regions):
    here, there = regions
    session = session_of(here, there, project_id=there.project_id)
    with pytest.raises(ProjectError, match=r"eu-de \(Frankfurt\)"):
        session.chat("hello", model=MODEL)
    assert there.counts["chat"] == 0, "nothing is billed elsewhere by itself"


def test_a_space_in_the_place_of_a_project_is_told_apart(regions):
    here, there = regions
    session = session_of(here, there, project_id=here.space_id)
    with pytest.raises(ProjectError, match="is a space") as caught:
        session.verify()
    assert f"%watsonx use --space {here.space_id}" in caught.value.hint


def test_a_project_without_a_runtime_is_another_matter(regions):
    here, there = regions
    session = session_of(here, there, project_id=here.bare_project_id)
    assert not session.verify().has_runtime
    with pytest.raises(NoRuntime) as caught:
        session.chat("hello", model=MODEL)
    assert "Associate service" in caught.value.hint
    assert there.calls == []


def test_projects_and_spaces_are_listed_by_name_however_many(regions):
    here, there = regions
    for number in range(130):
        here.add_project(f"X{number:03}")
        here.add_space(f"S{number:03}")
    session = session_of(here, there, project_id=here.project_id)
    names = [project.name for project in session.projects()]
    assert len([name for name in names if name.startswith("X")]) == 130
    assert names == sorted(names, key=str.lower)
    assert len([space for space in session.spaces() if space.name.startswith("S0")]) == 100
    assert [project.name for project in session.projects("x012")] == ["X012"]
    assert here.storage_secret not in repr(session.projects())
