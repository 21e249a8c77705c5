"""Whose models are meant where nobody has signed in: as the next prompt would, without a key."""

from __future__ import annotations

import json

import pytest
from credentials.keyring_stand_ins import Keeps, system
from transport.servers import KEY, PROJECT, caught, connect, http

from wx_notebook.credentials import profiles
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import HostRefused, NotConnected, ServiceDown, UnknownRegion
from wx_notebook.session.model_scope import ModelScopes, params_of_next_prompt
from wx_notebook.settings import settings_file

SPECS = "/ml/v1/foundation_model_specs"
PAGE = {"resources": [{"model_id": "a/b", "functions": [{"id": "text_chat"}]}]}


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path


def where(environ, region=""):
    found = ModelScopes().find(None, environ, region)
    return found.endpoints.place, found.source


@pytest.mark.parametrize(
    ("environ", "found"),
    [({"WATSONX_REGION": "eu-de"}, ("eu-de", "environment")),
     ({"WATSONX_URL": "https://jp-tok.ml.cloud.ibm.com"}, ("jp-tok", "environment")),
     ({"WATSONX_API_KEY": "k9" * 22}, ("us-south", "environment (WATSONX_API_KEY)")),
     ({"WATSONX_API_KEY": "k9" * 22, "WATSONX_REGION": "eu-gb"},
      ("eu-gb", "environment (WATSONX_API_KEY)"))],
    ids=["a region", "a URL", "a key alone", "a key and a region"],
)  # fmt: skip
def test_the_environment_names_it(config, environ, found):
    assert where(environ) == found


def test_the_demo_s_sandbox_names_it(config, tmp_path):
    file = tmp_path / "sandbox.json"
    file.write_text(json.dumps({"api_key": "c9" * 22, "url": "http://127.0.0.1:9",
                                "project_id": PROJECT}))  # fmt: skip
    assert where({"WX_NOTEBOOK_SANDBOX": str(file)}) == ("sandbox", "sandbox")


def test_the_default_profile_names_it_and_the_keyring_is_left_alone(config, monkeypatch):
    with system(Keeps):
        given = ConnectionParams("form", Secret("d9" * 22), region="jp-tok", model="a/b")
        profiles.remember_credentials("work", given)
    # no keyring answers from here on
    found = ModelScopes().find(None, {"WATSONX_REGION": "eu-de"}, "")
    assert (found.endpoints.place, found.source, found.model) == ("jp-tok", "profile work", "a/b")


def test_a_profile_without_a_region_leaves_it_to_the_environment(config):
    with system(Keeps):
        profiles.remember_credentials("work", ConnectionParams("form", Secret("d9" * 22)))
    assert where({"WATSONX_REGION": "eu-de"}) == ("eu-de", "profile work")
    assert where({}) == ("us-south", "profile work")


def test_where_nothing_names_it_the_error_says_what_to_type(config):
    problem = caught(lambda: where({}))
    assert type(problem) is NotConnected
    assert problem.hint == "Next: %watsonx models --region us-south, or %watsonx login"


def test_a_settings_file_that_cannot_be_read_is_said(config):
    settings_file().parent.mkdir(parents=True)
    settings_file().write_text("profile = ")
    settings_file().chmod(0o600)
    assert "not valid TOML" in str(caught(lambda: where({})))


def test_a_region_that_is_named_wins_and_a_host_of_somebody_s_own_is_none(config):
    assert where({"WATSONX_REGION": "eu-de"}, "Tokyo") == ("jp-tok", "")
    assert type(caught(lambda: where({}, "eu-dee"))) is UnknownRegion
    assert type(caught(lambda: where({}, "https://evil.example"))) is HostRefused
    environ = {"WATSONX_URL": "https://evil.example"}
    assert type(caught(lambda: where(environ))) is HostRefused


def test_a_session_names_it_and_another_region_may_be_named_besides(serve):
    server, other = serve(), serve()
    server.on(SPECS, http(200, PAGE))
    other.on(SPECS, http(200, {"resources": [{"model_id": "c/d"}]}))
    session, places = connect(server), ModelScopes()
    assert places.find(session, {}).catalogue is session.state.catalogue
    assert places.find(session, {}, server.url).catalogue is session.state.catalogue
    there = places.find(session, {}, other.url).catalogue
    assert [model.model_id for model in there.models()] == ["c/d"]
    assert places.find(None, {}, other.url).catalogue is there, "it is asked for once"


def test_nobody_signs_in_for_a_list(serve):
    server = serve()
    server.on(SPECS, http(200, PAGE))
    environ = {"WATSONX_API_KEY": KEY, "WATSONX_URL": server.url}
    found = ModelScopes().find(None, environ)
    assert [model.model_id for model in found.catalogue.models()] == ["a/b"]
    (request,) = server.seen
    assert request.path.startswith(SPECS)
    assert "authorization" not in request.headers
    assert KEY.encode() not in request.raw
    assert not found.source.count(KEY)


def test_a_service_that_is_away_is_an_error_and_asked_again_next_time(serve):
    server = serve()
    server.on(SPECS, http(404, {}), http(200, PAGE))
    catalogue = ModelScopes().find(None, {}, server.url).catalogue
    assert caught(catalogue.models)
    assert len(catalogue.models()) == 1


def test_a_service_that_answers_with_a_web_page_is_no_service(serve):
    server = serve()
    server.on(SPECS, http(200, "<html>sign in</html>"))
    catalogue = ModelScopes().find(None, {}, server.url).catalogue
    assert type(caught(catalogue.models)) is ServiceDown


def test_the_next_prompt_s_place_is_found_without_a_request(config):
    given = params_of_next_prompt({"WATSONX_REGION": "eu-de"})
    assert (given.region, given.has_credential) == ("eu-de", False)


# --- in the background -------------------------------------------------------------------------


def test_a_list_is_asked_for_in_the_background_once_at_a_time(serve):
    server = serve()
    server.on(SPECS, http(200, PAGE))
    catalogue = ModelScopes().find(None, {}, server.url).catalogue
    assert catalogue.current == []
    thread = catalogue.load_in_background()
    assert catalogue.load_in_background() is None
    thread.join(20)
    assert [model.model_id for model in catalogue.current] == ["a/b"]
    assert catalogue.load_in_background() is None
    assert len(server.seen) == 1


def test_what_failed_in_the_background_says_nothing_and_is_left_alone_for_a_minute(serve, capsys):
    server = serve(http(404, {}))
    catalogue = ModelScopes().find(None, {}, server.url).catalogue
    now = [0.0]
    catalogue._clock = lambda: now[0]
    catalogue.load_in_background().join(20)
    assert catalogue.load_in_background() is None
    now[0] = 61.0
    catalogue.load_in_background().join(20)
    assert len(server.seen) == 2
    assert capsys.readouterr() == ("", "")
