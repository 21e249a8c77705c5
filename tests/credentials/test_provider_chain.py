"""Which credential wins, what it is completed by, and what is said about the others."""

from __future__ import annotations

import json

import pytest
from support.cases import all_cases

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.parsing.pasted import validate_id
from wx_notebook.credentials.provider_chain import find_credentials, known_secrets
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import KeyRefused, NotConnected, ProjectError

FIRST, SECOND, THIRD = "a9" * 22, "b9" * 22, "c9" * 22
PROJECT = "12345678-1234-4123-8123-123456789abc"
OTHER = "87654321-1234-4123-8123-123456789abc"
NOTHING = ConnectionParams("arguments")


def arguments(key: str | None = None, **more: str) -> ConnectionParams:
    return ConnectionParams("arguments", None if key is None else Secret(key), **more)


@pytest.fixture
def demo(tmp_path):
    """The variable that `wx-notebook demo` sets, and the file that it names."""
    file = tmp_path / "sandbox.json"
    file.write_text(
        json.dumps({"api_key": THIRD, "url": "http://127.0.0.1:99", "project_id": PROJECT})
    )
    return {"WX_NOTEBOOK_SANDBOX": str(file)}


# --- who wins ----------------------------------------------------------------------------------


def test_arguments_win_over_the_environment_and_that_over_the_sandbox(demo):
    environ = {"WATSONX_API_KEY": SECOND, **demo}
    found = find_credentials(arguments(FIRST), environ)
    assert found.api_key.reveal() == FIRST
    assert found.source == "arguments"
    assert found.shadowed == ("environment (WATSONX_API_KEY)", "sandbox")

    found = find_credentials(NOTHING, environ)
    assert found.api_key.reveal() == SECOND
    assert (found.source, found.shadowed) == ("environment (WATSONX_API_KEY)", ("sandbox",))

    found = find_credentials(NOTHING, demo)
    assert found.api_key.reveal() == THIRD
    assert (found.source, found.shadowed) == ("sandbox", ())


@pytest.mark.parametrize("name", ["WATSONX_API_KEY", "WATSONX_APIKEY"])
def test_the_source_names_the_variable_that_the_key_came_from(name):
    found = find_credentials(NOTHING, {name: FIRST})
    assert found.source == f"environment ({name})"


def test_of_two_spellings_the_newer_wins_and_an_empty_one_is_not_set():
    both = {"WATSONX_API_KEY": FIRST, "WATSONX_APIKEY": SECOND}
    assert find_credentials(NOTHING, both).api_key.reveal() == FIRST
    assert find_credentials(NOTHING, both | {"WATSONX_API_KEY": "  "}).api_key.reveal() == SECOND


def test_nothing_anywhere_is_not_connected_with_what_to_do():
    with pytest.raises(NotConnected) as caught:
        find_credentials(NOTHING, {"WATSONX_URL": "https://eu-de.ml.cloud.ibm.com", "PATH": "/bin"})
    assert caught.value.message.startswith("not connected")
    assert "%watsonx login" in caught.value.hint
    assert "WATSONX_API_KEY" in caught.value.hint


def test_every_variable_of_the_environment_is_read():
    environ = {
        "WATSONX_API_KEY": FIRST,
        "WATSONX_URL": "https://eu-de.ml.cloud.ibm.com",
        "WATSONX_REGION": "eu-de",
        "WATSONX_PROJECT_ID": PROJECT,
        "WATSONX_SPACE_ID": OTHER,
        "WATSONX_IAM_URL": "https://iam.cloud.ibm.com/identity/token",
        "WATSONX_PLATFORM_URL": "https://api.eu-de.dataplatform.cloud.ibm.com",
    }
    found = find_credentials(NOTHING, environ)
    assert found.url == environ["WATSONX_URL"]
    assert found.region == environ["WATSONX_REGION"]
    assert (found.project_id, found.space_id) == (PROJECT, OTHER)
    assert found.iam_url == environ["WATSONX_IAM_URL"]
    assert found.platform_url == environ["WATSONX_PLATFORM_URL"]


# --- what belongs together travels together -----------------------------------------------------


def test_a_region_in_the_arguments_takes_no_host_from_the_environment():
    environ = {
        "WATSONX_API_KEY": SECOND,
        "WATSONX_URL": "http://127.0.0.1:1",
        "WATSONX_IAM_URL": "http://127.0.0.1:2",
        "WATSONX_PLATFORM_URL": "http://127.0.0.1:3",
        "WATSONX_PROJECT_ID": PROJECT,
    }
    found = find_credentials(arguments(FIRST, region="eu-de"), environ)
    assert (found.region, found.url, found.iam_url, found.platform_url) == ("eu-de", "", "", "")
    assert found.project_id == PROJECT, "what is billed is no host"


def test_a_project_in_the_arguments_takes_no_space_from_the_environment():
    environ = {"WATSONX_API_KEY": FIRST, "WATSONX_SPACE_ID": OTHER}
    found = find_credentials(arguments(project_id=PROJECT), environ)
    assert (found.project_id, found.space_id) == (PROJECT, "")
    environ = {"WATSONX_API_KEY": FIRST, "WATSONX_PROJECT_ID": PROJECT}
    found = find_credentials(arguments(space_id=OTHER), environ)
    assert (found.project_id, found.space_id) == ("", OTHER)


def test_a_key_of_the_environment_may_go_to_a_region_of_the_arguments():
    found = find_credentials(
        arguments(region="jp-tok"), {"WATSONX_API_KEY": FIRST, "WATSONX_REGION": "eu-de"}
    )
    assert (found.api_key.reveal(), found.region) == (FIRST, "jp-tok")
    assert found.source == "environment (WATSONX_API_KEY)"


# --- the sandbox -------------------------------------------------------------------------------


def test_a_sandbox_brings_its_own_address_and_project_whatever_the_environment_says(demo):
    environ = {**demo, "WATSONX_URL": "https://eu-de.ml.cloud.ibm.com", "WATSONX_PROJECT_ID": OTHER}
    found = find_credentials(NOTHING, environ)
    assert (found.url, found.project_id) == ("http://127.0.0.1:99", PROJECT)


@pytest.mark.parametrize("where", [{"region": "eu-de"}, {"url": "https://eu-de.ml.cloud.ibm.com"}])
def test_a_sandboxs_key_opens_nothing_else(demo, where):
    with pytest.raises(NotConnected):
        find_credentials(arguments(**where), demo)
    found = find_credentials(arguments(FIRST, **where), demo)
    assert found.shadowed == ()


@all_cases(
    "content",
    [None, "", "not json", "[]", "{}", "7", '{"api_key": "x", "url": "y"}', "\xff", "null"],
)
def test_a_sandbox_file_that_is_gone_or_no_such_file_counts_as_none(tmp_path, content):
    path = tmp_path / "sandbox.json"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    with pytest.raises(NotConnected):
        find_credentials(NOTHING, {"WX_NOTEBOOK_SANDBOX": str(path)})
    found = find_credentials(NOTHING, {"WX_NOTEBOOK_SANDBOX": str(path), "WATSONX_API_KEY": FIRST})
    assert found.shadowed == ()


@pytest.mark.parametrize(
    "document",
    [{"api_key": 7, "url": "http://127.0.0.1:1", "project_id": PROJECT},
     {"api_key": THIRD, "url": 7, "project_id": PROJECT},
     {"api_key": THIRD, "url": "http://127.0.0.1:1", "project_id": None}],
)  # fmt: skip
def test_a_sandbox_file_with_something_other_than_texts_counts_as_none(tmp_path, document):
    path = tmp_path / "sandbox.json"
    path.write_text(json.dumps(document))
    with pytest.raises(NotConnected):
        find_credentials(NOTHING, {"WX_NOTEBOOK_SANDBOX": str(path)})


# --- keys and ids ------------------------------------------------------------------------------


@all_cases("around", [" {}", "{}\n", "\t{} \r\n", "\u00a0{}\u00a0"])
def test_blanks_around_a_key_are_taken_off(around):
    assert find_credentials(arguments(around.format(FIRST)), {}).api_key.reveal() == FIRST
    assert (
        find_credentials(NOTHING, {"WATSONX_API_KEY": around.format(FIRST)}).api_key.reveal()
        == FIRST
    )


@pytest.mark.parametrize("key", ["", "  ", "\n"])
def test_an_empty_key_that_was_given_does_not_fall_back_to_another(key):
    with pytest.raises(KeyRefused, match="The API key is empty") as caught:
        find_credentials(arguments(key), {"WATSONX_API_KEY": SECOND})
    assert "API keys" in caught.value.hint


@all_cases("inside", [" ", "\n", "\r", "\t", "\x00", "\x1b"])
def test_a_key_with_a_blank_or_control_character_inside_is_refused(inside):
    with pytest.raises(KeyRefused, match="blank or a line end inside") as caught:
        find_credentials(arguments(FIRST + inside + SECOND), {})
    assert FIRST not in str(caught.value)


@all_cases("strange", ["ä", "–", "\u200b", "“", "\udcff", "Ｋ"])
def test_a_key_with_characters_that_no_key_has_is_refused(strange):
    with pytest.raises(KeyRefused, match="characters that are never in a key") as caught:
        find_credentials(arguments(FIRST + strange + SECOND), {})
    assert FIRST not in str(caught.value)


@all_cases("key", ["x", "short", "k9" * 21, "k9" * 23, "k9" * 250, "a+b/c=", "a.b.c"])
def test_keys_of_another_form_are_taken_since_their_form_is_not_documented(key):
    assert find_credentials(arguments(key), {}).api_key.reveal() == key


@pytest.mark.parametrize("typed", [PROJECT, PROJECT.upper(), f"  {PROJECT}\n"])
def test_an_id_is_taken_in_the_form_that_the_service_takes(typed):
    assert validate_id(typed, "project") == PROJECT


def test_no_id_is_no_error():
    assert validate_id("  ", "project") == ""


@all_cases("what", ["project", "space"])
@all_cases(
    "typed",
    ["my project", PROJECT[:-1], PROJECT + "0", PROJECT.replace("-", ""), f"{{{PROJECT}}}",
     "g" + PROJECT[1:], PROJECT + "\n" + OTHER],
)  # fmt: skip
def test_an_id_that_is_no_uuid_is_refused_with_where_to_copy_it(what, typed):
    with pytest.raises(ProjectError) as caught:
        validate_id(typed, what)
    assert f"The {what} ID '{typed}' is not a UUID" in caught.value.message
    assert f"your {what} > Manage" in caught.value.hint


def test_a_key_that_was_typed_as_the_project_is_not_shown():
    key = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
    with pytest.raises(ProjectError) as caught:
        validate_id(key, "project")
    assert "'<secret>' is not a UUID" in caught.value.message
    assert key not in str(caught.value)


SERVICES = {
    "cloudantNoSQLDB": [{"credentials": {"apikey": THIRD, "url": "https://x.y"}}],
    "pm-20": [{"credentials": {"apikey": FIRST, "url": "https://eu-de.ml.cloud.ibm.com"}}],
}


def test_the_services_that_a_platform_binds_are_read_from_its_variable():
    found = find_credentials(
        ConnectionParams("arguments"),
        {"VCAP_SERVICES": json.dumps(SERVICES), "WATSONX_PROJECT_ID": PROJECT},
    )
    assert (found.api_key.reveal(), found.url) == (FIRST, "https://eu-de.ml.cloud.ibm.com")
    assert (found.source, found.project_id) == ("environment (VCAP_SERVICES)", PROJECT)
    assert not found.mixed_sources
    secrets, _ = known_secrets({"VCAP_SERVICES": json.dumps(SERVICES)})
    assert [(one.name, one.secret.reveal()) for one in secrets] == [("VCAP_SERVICES", FIRST)]


@all_cases("value", ["", "{", "[]", "7", json.dumps({"cloudant": SERVICES["cloudantNoSQLDB"]})])
def test_a_variable_about_other_services_is_none_of_ours(value):
    with pytest.raises(NotConnected):
        find_credentials(ConnectionParams("arguments"), {"VCAP_SERVICES": value})


def test_a_variable_of_ours_comes_before_the_services_of_a_platform():
    environ = {"VCAP_SERVICES": json.dumps(SERVICES), "WATSONX_API_KEY": SECOND}
    assert find_credentials(ConnectionParams("arguments"), environ).api_key.reveal() == SECOND
