"""A key alone: the rest is found out, and nothing is in force before the project has answered."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.hosts import Endpoints, endpoints
from wx_notebook.credentials.secret import Secret
from wx_notebook.login.scopes import ScopeChoice, region_title
from wx_notebook.login.sign_in import SignedIn, Step, continue_with, list_scopes, sign_in_steps
from wx_notebook.sandbox import Sandbox
from wx_notebook.session import Session, current_session
from wx_notebook.transport import Transport


@pytest.fixture
def account():
    """Three regions of one account, in the first of which is nothing but what a sandbox has."""
    with ExitStack() as stack:
        here = stack.enter_context(Sandbox())
        others = [stack.enter_context(Sandbox(account=here)) for _ in range(2)]
        yield here, *others


def session_of(account, key="", **given):
    here, *others = account
    places = [replace(endpoints(url=there.url), place=name)
              for there, name in zip(others, ("eu-de", "jp-tok"), strict=False)]  # fmt: skip
    told = ConnectionParams("form", Secret(key or here.api_key), url=here.url, **given)
    return Session(told, transport=Transport(sleep=lambda _: None), others=places)


def anywhere(session, **more):
    """The events of a sign-in for which nobody said where."""
    return list(sign_in_steps(session, one_region=False, **more))


def said(events):
    return [
        (e.name, e.state, e.detail) for e in events if isinstance(e, Step) and e.state != "busy"
    ]


def test_projects_and_spaces_of_all_regions_are_offered_by_name(account):
    account[1].add_project("Another one")
    session = session_of(account)
    events = anywhere(session)
    assert said(events) == [("key", "ok", "Sandbox User")]
    choice = events[-1]
    assert isinstance(choice, ScopeChoice)
    assert [(p.project.name, p.project.kind, p.endpoints.place) for p in choice.locations][:4] == [
        ("Another one", "project", "eu-de"),
        ("Sandbox project", "project", "eu-de"),
        ("Sandbox project", "project", "jp-tok"),
        ("Sandbox project", "project", "sandbox"),
    ]
    assert not choice.locations[-1].project.has_runtime, "what cannot run a model comes last"
    assert choice.unreachable == ()
    assert account[0].counts["project"] == 0
    assert current_session() is None, "nothing is in force before the project itself has answered"


def test_what_is_chosen_is_verified_where_it_is_and_stands_first_the_next_time(account):
    session = session_of(account)
    choice = anywhere(session)[-1]
    place = next(p for p in choice.locations if p.endpoints.place == "jp-tok")
    events = list(continue_with(session, place))
    assert said(events) == [
        ("region", "ok", "jp-tok (Tokyo)"),
        ("project", "ok", "Sandbox project"),
        ("runtime", "ok", ""),
        ("model", "ok", "ibm/granite-4-h-small"),
    ]
    assert isinstance(events[-1], SignedIn)
    assert current_session() is events[-1].session
    assert account[2].counts["project"] == 1, "unpaid, and asked once"
    assert current_session().chat("hello").text
    again = anywhere(session_of(account))[-1]
    assert again.last_used == (place.project.id,)
    assert again.locations[0].project.id == place.project.id


def test_the_last_used_of_one_account_is_not_that_of_another(account):
    session = session_of(account)
    list(continue_with(session, anywhere(session)[-1].locations[0]))
    with Sandbox() as other:
        assert anywhere(session_of([other]))[-1].last_used == ()


def test_a_project_that_was_given_is_only_verified_and_found_in_whichever_region_it_is(account):
    session = session_of(account, project_id=account[1].project_id)
    events = anywhere(session)
    assert said(events)[1:3] == [
        ("region", "ok", "eu-de (Frankfurt)"),
        ("project", "ok", "Sandbox project"),
    ]
    assert current_session().scope.project_id == account[1].project_id
    assert account[0].counts["projects"] == 0, "no list was asked for"


def test_a_space_in_the_place_of_a_project_is_taken_for_what_it_is(account):
    session = session_of(account, project_id=account[2].space_id)
    events = anywhere(session)
    assert ("project", "ok", "Sandbox space") in said(events)
    assert current_session().scope.space_id == account[2].space_id


def test_a_region_that_was_given_is_not_taken_for_another(account):
    session = session_of(account, project_id=account[1].project_id)
    (failed,) = [e for e in sign_in_steps(session) if isinstance(e, Step) and e.state == "bad"]
    assert failed.name == "project"
    assert "eu-de (Frankfurt)" in failed.error.message
    assert current_session() is None


def test_a_name_is_looked_for_and_the_nearest_is_told(account):
    account[1].add_project("Weather")
    assert isinstance(anywhere(session_of(account), scope_name="weather")[-1], SignedIn)
    assert current_session().project.name == "Weather"
    events = anywhere(session_of(account), scope_name="Wether")
    (failed,) = [e for e in events if isinstance(e, Step) and e.state == "bad"]
    assert "Did you mean 'Weather'?" in failed.error.message
    assert isinstance(events[-1], ScopeChoice), "and all of them are offered"


def test_a_key_that_is_refused_ends_it_at_once_and_the_session_before_stays(account):
    good = session_of(account, project_id=account[0].project_id)
    anywhere(good)
    before = current_session()
    events = anywhere(session_of(account, "w9" * 22))
    assert [(e.name, e.state) for e in events] == [("key", "busy"), ("key", "bad")]
    assert events[-1].error.__traceback__ is None
    assert current_session() is before


def test_a_region_that_is_silent_is_named_and_the_others_are_offered(account):
    down = Sandbox().start()
    url = down.url
    down.close()
    session = session_of(account)
    others = (*session.state.others, replace(endpoints(url=url), place="eu-gb"))
    session.state = replace(session.state, others=others)
    choice = anywhere(session)[-1]
    assert [where.place for where in choice.unreachable] == ["eu-gb"]
    assert len(choice.locations) == 9


def test_without_any_project_it_says_where_it_looked(account, serve):
    from transport.servers import http

    empty = serve()
    empty.on("/identity/token", http(200, {"access_token": "t9" * 20, "expires_in": 3600}))
    empty.on("/v2/", http(200, {"resources": []}))
    given = ConnectionParams("form", Secret("k9" * 22), region=empty.url)
    session = Session(given, transport=Transport(), others=[])
    failed = anywhere(session)[-1]
    assert (failed.name, failed.state) == ("project", "bad")
    assert failed.error.message == "You have no project or space in sandbox."


def test_the_only_project_there_is_is_taken(account, serve):
    from transport.servers import PROJECT, http

    one = serve()
    entry = {"metadata": {"guid": PROJECT}, "entity": {"name": "Mine"}}
    one.on("/identity/token", http(200, {"access_token": "t9" * 20, "expires_in": 3600}))
    one.on("/v2/projects", http(200, {"resources": [entry]} | entry))
    one.on("/v2/spaces", http(403, {"errors": []}))
    one.on("/ml/", http(200, {"resources": []}))
    session = Session(
        ConnectionParams("form", Secret("k9" * 22), region=one.url),
        transport=Transport(),
        others=[],
    )
    # a name that is none is billed to no other project, be it the only one
    events = anywhere(session, scope_name="Mime")
    assert isinstance(events[-1], ScopeChoice)
    assert "Did you mean 'Mine'?" in events[-2].error.message
    assert current_session() is None
    assert isinstance(anywhere(session, scope_name="mine")[-1], SignedIn)
    events = anywhere(session)
    assert ("project", "ok", "Mine") in said(events)
    (bare,) = [e for e in events if isinstance(e, Step) and e.name == "runtime"]
    assert bare.state == "bad", "it is said, and no reason not to sign in"
    assert isinstance(events[-1], SignedIn)


def test_a_model_that_is_none_changes_nothing(account):
    session = session_of(account, project_id=account[0].project_id)
    anywhere(session)
    before = current_session()
    failed = list(continue_with(before, None, "ibm/granite-4-h-smal"))[-1]
    assert (failed.name, failed.state) == ("model", "bad")
    assert "Did you mean 'ibm/granite-4-h-small'?" in failed.error.message
    assert current_session() is before
    assert not before.state.is_closed, "and it still works"
    list(continue_with(before, None, "mistralai/mistral-medium-2505"))
    assert current_session().state.default_model() == "mistralai/mistral-medium-2505"


def test_the_lists_can_be_asked_for_again_without_a_new_login(account):
    session = session_of(account, project_id=account[0].project_id)
    anywhere(session)
    exchanges = account[0].counts["token"]
    assert len(list(list_scopes(current_session()))[-1].locations) == 9
    assert account[0].counts["token"] == exchanges


def test_no_storage_secret_of_a_project_comes_in(account):
    events = anywhere(session_of(account))
    assert not any(sandbox.storage_secret in repr(events) for sandbox in account)


def test_a_region_is_named_as_people_read_it():
    assert region_title(endpoints(region="eu-de")) == "eu-de (Frankfurt)"
    assert region_title(endpoints(url="http://127.0.0.1:1234")) == "http://127.0.0.1:1234"
    assert region_title(Endpoints("u", "i", "p", "cpd.example.com")) == "cpd.example.com"
