"""What stands in the form becomes one source of a credential."""

from __future__ import annotations

import json

import pytest

from wx_notebook.credentials import Secret
from wx_notebook.errors import BadOption, KeyRefused, NotConnected, ProjectError
from wx_notebook.form import Typed
from wx_notebook.magics.typed import billed_to, given_by_form
from wx_notebook.service import Scope

KEY = "k" * 44
ID = "12345678-1234-4123-8123-123456789abc"
PAGE = "https://dataplatform.cloud.ibm.com"


def given(text, **typed):
    return given_by_form(Secret(text), Typed(**typed))


def test_each_kind_gives_what_it_has():
    assert given(KEY, where="eu-de").region == "eu-de"
    aws = given(KEY, kind="aws")
    assert (aws.kind, aws.region) == ("mcsp", "us-east-1")
    token = given("eyJ.a.b", kind="token", where="eu-de")
    assert (token.api_key, token.token.reveal()) == (None, "eyJ.a.b")
    url = "https://cpd.example.com"
    cluster = given("pass", kind="cluster", where=url, username="jane")
    assert (cluster.kind, cluster.url, cluster.username) == ("software", url, "jane")
    assert cluster.password.reveal() == "pass"
    assert cluster.endpoints().place == "cpd.example.com", "key, URL and kind came together"
    key = given(KEY, kind="cluster", where=url, username="jane", secret_is="api_key")
    assert (key.api_key.reveal(), key.password) == (KEY, None)
    with pytest.raises(BadOption, match="URL of the cluster"):
        given("pass", kind="cluster")
    with pytest.raises(KeyRefused):
        given("")


def test_a_whole_env_file_or_json_says_the_rest_and_what_was_typed_wins():
    env = f"# mine\nexport WATSONX_API_KEY='{KEY}'\nWATSONX_URL=https://eu-de.ml.cloud.ibm.com\n"
    found = given(f"{env}WATSONX_PROJECT_ID={ID}")
    assert (found.api_key.reveal(), found.project_id, found.source) == (KEY, ID, "form")
    assert found.endpoints().place == "eu-de"
    assert given(env, where="eu-gb").endpoints().place == "eu-gb"
    document = json.dumps({"name": "mine", "apikey": KEY}, indent=2)
    assert given(document).api_key.reveal() == KEY
    aws = given(document, kind="aws")
    assert (aws.api_key.reveal(), aws.kind, aws.region) == (KEY, "mcsp", "us-east-1")
    with pytest.raises(NotConnected, match="what was pasted"):
        given("A=1\nB=2")
    with pytest.raises(NotConnected, match="what was pasted"):
        given('{"name": "mine"}')


def test_a_project_or_space_is_told_by_id_address_or_name():
    assert billed_to(ID) == (Scope(project_id=ID), "")
    assert billed_to(f"{PAGE}/projects/{ID}/overview?context=wx") == (Scope(project_id=ID), "")
    assert billed_to(f"{PAGE}/ml-runtime/spaces/{ID}?context=wx") == (Scope(space_id=ID), "")
    assert billed_to(" My project ") == (None, "My project")
    assert billed_to("") == (None, "")
    assert billed_to("", ID) == (Scope(space_id=ID), "")
    with pytest.raises(ProjectError):
        billed_to("https://example.com/projects")
