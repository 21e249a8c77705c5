"""What stands in the form becomes one source of a credential."""

from __future__ import annotations

import json

import pytest
from support.cases import all_cases

from wx_notebook.credentials.hosts import endpoints_of
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, KeyRefused, NotConnected, ProjectError
from wx_notebook.login.inputs import FormValues, params_from_form, parse_scope
from wx_notebook.service import Scope

KEY = "k9" * 22
ID = "12345678-1234-4123-8123-123456789abc"
PAGE = "https://dataplatform.cloud.ibm.com"


def given(text, **typed):
    return params_from_form(Secret(text), FormValues(**typed))


def test_each_kind_gives_what_it_has():
    assert given(KEY, region="eu-de").region == "eu-de"
    aws = given(KEY, kind="aws")
    assert (aws.kind, aws.region) == ("mcsp", "us-east-1")
    token = given("eyJ.a.b", kind="token", region="eu-de")
    assert (token.api_key, token.token.reveal()) == (None, "eyJ.a.b")
    url = "https://cpd.example.com"
    cluster = given("pass", kind="cluster", region=url, username="jane")
    assert (cluster.kind, cluster.url, cluster.username) == ("software", url, "jane")
    assert cluster.password.reveal() == "pass"
    assert endpoints_of(cluster).place == "cpd.example.com", "key, URL and kind came together"
    key = given(KEY, kind="cluster", region=url, username="jane", secret_kind="api_key")
    assert (key.api_key.reveal(), key.password) == (KEY, None)
    with pytest.raises(BadOption, match="URL of the cluster"):
        given("pass", kind="cluster")
    with pytest.raises(KeyRefused):
        given("")


def test_a_whole_env_file_or_json_says_the_rest_and_what_was_typed_wins():
    env = f"# mine\nexport WATSONX_API_KEY='{KEY}'\nWATSONX_URL=https://eu-de.ml.cloud.ibm.com\n"
    found = given(f"{env}WATSONX_PROJECT_ID={ID}")
    assert (found.api_key.reveal(), found.project_id, found.source) == (KEY, ID, "form")
    assert endpoints_of(found).place == "eu-de"
    assert endpoints_of(given(env, region="eu-gb")).place == "eu-gb"
    document = json.dumps({"name": "mine", "apikey": KEY}, indent=2)
    assert given(document).api_key.reveal() == KEY
    aws = given(document, kind="aws")
    assert (aws.api_key.reveal(), aws.kind, aws.region) == (KEY, "mcsp", "us-east-1")
    with pytest.raises(NotConnected, match="the pasted text"):
        given("A=1\nB=2")
    with pytest.raises(NotConnected, match="the pasted text"):
        given('{"name": "mine"}')


def test_a_project_or_space_is_told_by_id_address_or_name():
    assert parse_scope(ID) == (Scope(project_id=ID), "")
    assert parse_scope(f"{PAGE}/projects/{ID}/overview?context=wx") == (Scope(project_id=ID), "")
    assert parse_scope(f"{PAGE}/ml-runtime/spaces/{ID}?context=wx") == (Scope(space_id=ID), "")
    assert parse_scope(" My project ") == (None, "My project")
    assert parse_scope("") == (None, "")
    assert parse_scope("", ID) == (Scope(space_id=ID), "")
    for pasted in (
        f"project_id={ID}",
        f'"{ID}"',
        f"WATSONX_PROJECT_ID: '{ID}',",
        f"\u200b{ID}\ufeff",
    ):
        assert parse_scope(pasted) == (Scope(project_id=ID), "")
    assert parse_scope(f"export_space_id = {ID.upper()}") == (Scope(space_id=ID), "")
    assert parse_scope(f"id {ID}") == (None, f"id {ID}")
    with pytest.raises(ProjectError):
        parse_scope("https://example.com/projects")


@all_cases(
    ("typed", "said"),
    [
        ({}, "An API key is needed."),
        ({"kind": "token"}, "An access token is needed."),
        ({"kind": "cluster", "username": "jane"}, "The password is missing."),
        ({"kind": "cluster", "secret_kind": "api_key"}, "An API key is needed."),
    ],
)
def test_an_empty_field_says_what_is_missing_in_it(typed, said):
    with pytest.raises(KeyRefused) as caught:
        params_from_form(Secret(""), FormValues(**typed))
    assert caught.value.message == said
