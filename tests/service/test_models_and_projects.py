"""Lists: the models of a region, and projects without what else is in their documents."""

from __future__ import annotations

import copy
import datetime as dt
import json
import pickle

import pytest
from support.cases import all_cases
from transport.servers import CHAT, PROJECT, caught, connect, held_by, http

from wx_notebook.errors import ProjectError, ServiceDown, WatsonxError
from wx_notebook.options import DEFAULT_MODEL
from wx_notebook.service import Model, Project, default_model, models
from wx_notebook.service.models import Stage

TODAY = dt.date(2026, 6, 15)
SPECS = "/ml/v1/foundation_model_specs"


def entry(model_id, *stages, **more):
    lifecycle = [{"id": stage, "start_date": day} for stage, day in stages]
    whole = {
        "model_id": model_id,
        "label": model_id.upper(),
        "functions": [{"id": "text_chat"}],
        "model_limits": {"max_sequence_length": 131072},
        "lifecycle": lifecycle,
    }
    return whole | more


def listed(serve, *entries, today=TODAY):
    server = serve()
    server.on(SPECS, http(200, {"resources": list(entries)}))
    return models(connect(server).state.service, today=today)


# --- models ------------------------------------------------------------------------------------


def test_a_model_is_listed_with_what_it_can_do(serve):
    (model,) = listed(serve, entry("a/b", ("available", "2026-01-01")))
    lifecycle = (Stage("available", "2026-01-01"),)
    assert model == Model("a/b", "A/B", ("text_chat",), 131072, "available", lifecycle=lifecycle)
    assert model.can_chat


@all_cases(
    ("stages", "stage"),
    [([("available", "2026-01-01"), ("deprecated", "2026-06-16")], "available"),
     ([("available", "2026-01-01"), ("deprecated", "2026-06-15")], "deprecated"),
     ([("deprecated", "2026-06-01"), ("available", "2026-01-01")], "deprecated"),
     ([("available", "2025-01-01"), ("deprecated", "2025-06-01"), ("constricted", "2026-06-01"),
       ("withdrawn", "2026-07-01")], "constricted"),
     ([], "available"), ([("available", "2027-01-01")], "available")],
)  # fmt: skip
def test_of_past_and_future_stages_the_latest_that_has_come_counts(serve, stages, stage):
    (model,) = listed(serve, entry("a/b", *stages))
    assert model.stage == stage


def test_a_withdrawn_model_is_not_listed_from_its_day_on(serve):
    gone = entry("a/b", ("available", "2025-01-01"), ("withdrawn", "2026-06-15"))
    assert listed(serve, gone) == []
    (model,) = listed(serve, gone, today=TODAY - dt.timedelta(days=1))
    assert model.stage == "available"


def test_pages_are_followed_to_the_last_one_without_a_token(serve):
    server = serve()
    following = {"href": f"https://elsewhere.example{SPECS}?limit=200&start=op%2Baque%3D&version=x"}
    server.on(
        SPECS,
        http(200, {"resources": [entry("a")], "next": following}),
        http(200, {"resources": [entry("b")], "next": {"href": f"{SPECS}?start=third"}}),
        http(200, {"resources": [entry("c")]}),
    )
    found = connect(server).models()
    assert [model.model_id for model in found] == ["a", "b", "c"]
    queries = [seen.path.partition("?")[2] for seen in server.seen]
    assert ["start=op%2Baque%3D" in query for query in queries] == [False, True, False]
    assert "start=third" in queries[2]
    assert all("limit=200" in q and "version=2026-10-14" in q for q in queries)
    assert not any("filters" in query for query in queries), "withdrawn ones come, too"
    assert not any("authorization" in seen.headers for seen in server.seen)


def test_a_catalogue_without_end_has_an_end(serve):
    server = serve()
    server.on(SPECS, http(200, {"resources": [entry("a")], "next": {"href": f"{SPECS}?start=a"}}))
    assert len(connect(server).models()) == 20


@all_cases(
    "document",
    [{}, {"resources": 7}, {"resources": None}, {"resources": "x"}, {"resources": {"a": 1}},
     {"resources": [7, None, "x", []]}, {"resources": [{}]}, {"resources": [{"model_id": ""}]},
     {"resources": [], "next": 7}, {"resources": [], "next": {"href": 7}},
     {"resources": [], "next": {"href": "?start="}}],
    ids=range(11),
)  # fmt: skip
def test_a_catalogue_of_another_shape_lists_nothing(serve, document):
    server = serve()
    server.on(SPECS, http(200, document))
    assert connect(server).models() == []
    assert len(server.seen) == 1


@all_cases("odd", [7, "x", None, [7], {"a": 1}, [None], [{}]])
@all_cases("field", ["functions", "lifecycle", "model_limits", "label"])
def test_an_entry_with_an_odd_field_is_listed_all_the_same(serve, field, odd):
    (model,) = listed(serve, entry("a/b", **{field: odd}))
    assert model.model_id == "a/b"


def test_the_list_is_asked_for_once_a_session(sandbox, session):
    assert session.models() is session.models()
    assert sandbox.counts["models"] == 1


def test_a_list_that_cannot_be_had_is_an_error(serve):
    server = serve(http(500, "<html>"))
    assert type(caught(connect(server).models)) is ServiceDown
    server.on(SPECS, http(200, "<html>sign in</html>"))
    problem = caught(connect(server).models)
    assert "A proxy or filter on the way to" in problem.message


# --- the default model -------------------------------------------------------------------------


def model(model_id, stage="available", *functions):
    return Model(model_id, model_id, functions or ("text_chat",), 0, stage)


@all_cases(
    ("catalogue", "chosen"),
    [([model("a"), model(DEFAULT_MODEL)], DEFAULT_MODEL),
     ([model("embeds", "available", "embedding"), model("old", "deprecated"), model("a"),
       model("b")], "a"),
     ([model(DEFAULT_MODEL, "deprecated"), model("a")], "a"),
     ([model("old", "deprecated"), model(DEFAULT_MODEL, "constricted")], "old"),
     ([model("embeds", "available", "embedding")], DEFAULT_MODEL),
     ([], DEFAULT_MODEL)],
    ids=["it", "first current chat model", "it is deprecated", "nothing current", "no chat model",
         "nothing"],
)  # fmt: skip
def test_the_default_is_granite_else_the_first_current_chat_model(catalogue, chosen):
    assert default_model(catalogue) == chosen


def test_a_region_without_granite_gets_another_model_and_the_answer_names_it(serve):
    server = serve(http(200, CHAT | {"model_id": "a/chat"}))
    server.on(SPECS, http(200, {"resources": [entry("an/embedder", functions=[{"id": "embedding"}]),
                                              entry("a/chat")]}))  # fmt: skip
    session = connect(server)
    assert session.chat("hello").model_id == "a/chat"
    assert json.loads(server.of("/ml/v1/text")[0].body)["model_id"] == "a/chat"
    assert "model a/chat" in session.status_line()


@pytest.mark.parametrize("reply", [http(500, "no"), http(200, "<html>"), http(403, {})])
def test_where_the_list_cannot_be_had_the_prompt_goes_out_with_granite(serve, reply):
    server = serve(http(200, CHAT))
    server.on(SPECS, reply)
    session = connect(server)
    for _ in range(3):
        assert session.chat("hello").text == "Four."
    asked = len(server.of(SPECS))
    assert asked <= 3, "not before every prompt"
    assert json.loads(server.of("/ml/v1/text")[0].body)["model_id"] == DEFAULT_MODEL


def test_a_model_that_is_named_asks_for_no_list(sandbox, session):
    session.chat("hello", model="ibm/granite-4-h-small")
    assert sandbox.counts["models"] == 0


# --- projects ----------------------------------------------------------------------------------


def test_storage_credentials_stay_at_the_door(sandbox, session):
    """The sandbox puts a canary where project documents carry them."""
    import requests

    everything = [session.projects(), session.verify(), session.status_line(), repr(session)]
    raw = requests.get(
        f"{sandbox.url}/v2/projects/{sandbox.project_id}", timeout=5,
        headers={"Authorization": f"Bearer {session.state.token_source.token().value.reveal()}"},
    ).text  # fmt: skip
    assert sandbox.storage_secret in raw, "it was there to be kept"
    assert everything[0]
    for project in [*everything[0], everything[1]]:
        assert set(Project.__slots__) == {"id", "name", "has_runtime", "kind"}
        assert not hasattr(project, "__dict__")
    written = repr(everything) + repr(pickle.dumps(everything)) + repr(copy.deepcopy(everything))
    assert sandbox.storage_secret not in written
    for holder in (everything, session):
        texts = held_by(holder)
        assert len(texts) > 3
        assert not [text for text in texts if sandbox.storage_secret in text]


def test_storage_credentials_are_in_no_error_about_a_project_of_another_shape(serve):
    canary = "storage-canary-0123456789"
    document = {"metadata": {"guid": PROJECT}, "entity": {
        "name": "P", "storage": {"properties": {"credentials": {"secret_key": canary}}},
        "compute": 7}}  # fmt: skip
    server = serve()
    server.on("/v2/projects/", http(200, document))
    server.on("/v2/projects", http(200, {"resources": [document, 7, None]}))
    session = connect(server)
    assert session.verify() == Project(PROJECT, "P", has_runtime=False)
    assert session.projects() == [Project(PROJECT, "P", has_runtime=False)]
    assert not [text for text in held_by(session) if canary in text]


def test_a_project_is_read_with_its_runtime(sandbox, session):
    project = session.verify()
    assert (project.id, project.kind) == (sandbox.project_id, "project")
    assert project.name
    assert project.has_runtime
    by_id = {project.id: project for project in session.projects()}
    assert by_id[sandbox.project_id] == project
    assert not by_id[sandbox.bare_project_id].has_runtime


def test_a_space_is_found_where_no_project_is_given(sandbox):
    import wx_notebook as wx

    session = wx.connect(api_key=sandbox.api_key, url=sandbox.url, space_id=sandbox.space_id)
    space = session.verify()
    assert (space.id, space.kind) == (sandbox.space_id, "space")
    assert f"connected to space '{space.name}'" in session.status_line()


def test_an_unknown_project_is_said_with_its_id(sandbox):
    import wx_notebook as wx

    session = wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=PROJECT)
    problem = caught(session.verify)
    assert type(problem) is ProjectError
    assert f"The project {PROJECT} was not found here, or you have no access" in problem.message
    assert "HTTP 404" in problem.message
    assert "region" in problem.hint
    assert (problem.__cause__, problem.__context__) == (None, None)


@pytest.mark.parametrize("status", [403, 404])
def test_a_project_that_is_not_open_to_the_user_is_the_same_error(serve, status):
    server = serve(http(status, {"errors": [{"code": "not_found", "message": "No."}]}))
    problem = caught(connect(server).verify)
    assert type(problem) is ProjectError
    assert PROJECT in problem.message
    assert f"HTTP {status}" in problem.message


def test_a_failing_platform_is_not_the_project_s_fault(serve):
    assert type(caught(connect(serve(http(500, "no"))).verify)) is ServiceDown


@all_cases(
    "document",
    [{}, {"metadata": 7, "entity": "x"}, {"metadata": {"guid": None}, "entity": {"name": None}},
     {"metadata": [], "entity": []}, {"entity": {"compute": ["x", None, {}]}}],
    ids=range(5),
)  # fmt: skip
def test_a_project_of_another_shape_has_no_name(serve, document):
    assert connect(serve(http(200, document))).verify() == Project("", "", has_runtime=False)


def test_without_project_and_space_nothing_is_asked(serve):
    server = serve()
    session = connect(server, project_id="")
    for ask in (session.verify, lambda: session.chat("hello")):
        problem = caught(ask)
        assert type(problem) is ProjectError
        assert problem.hint
    assert server.seen == []
    assert isinstance(caught(lambda: session.stream("hello")), WatsonxError)
