"""What lies in public environments is read, and what only looks like ours is told."""

from __future__ import annotations

import pytest
from support.cases import all_cases

from wx_notebook.credentials.arguments import from_credentials
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.environment import from_environment
from wx_notebook.credentials.hosts import endpoints_of
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.variables import VARIABLES, notes_on_names
from wx_notebook.errors import NotConnected

KEY, OTHER = "aB3" * 14 + "xy", "cD4" * 14 + "xy"
PROJECT = "12345678-1234-4123-8123-123456789abc"
NOTHING = ConnectionParams("arguments")
EU_DE = "https://eu-de.ml.cloud.ibm.com"


@all_cases(
    "name",
    ["IBM_CLOUD_API_KEY", "IBM_API_KEY", "IBM_WATSONX_API_KEY", "IBM_CLOUD_APIKEY",
     "IBMCLOUD_APIKEY", "WATSON_MACHINE_LEARNING_APIKEY", "PM_20_APIKEY", "WATSONX_AI_API_KEY",
     "WML_API_KEY", "WX_APIKEY"],
)  # fmt: skip
def test_a_key_is_read_under_the_names_of_public_env_files_and_the_source_names_it(name):
    found = find_credentials(NOTHING, {name: KEY})
    assert (found.api_key.reveal(), found.source) == (KEY, f"environment ({name})")


@all_cases("name", [n for n in VARIABLES["api_key"] if n.startswith("IBM")])
def test_a_key_that_opens_the_whole_account_comes_after_each_name_of_watsonx(name):
    if "WATSONX" not in name:
        found = find_credentials(NOTHING, {name: OTHER, "PM_20_APIKEY": KEY})
        assert (found.api_key.reveal(), found.shadowed) == (KEY, (f"environment ({name})",))


@all_cases(
    "environ",
    [
        {"WATSONX_SERVICE_URL": EU_DE},
        {"WATSONX_BASE_URL": f"{EU_DE}/ml/v1"},
        {"WATSONX_API_URL": f"{EU_DE}/ml/v1/text/chat?version=2024-05-31"},
        {"IBM_URL": EU_DE},
        {"WATSONX_ENDPOINT": "eu-de.ml.cloud.ibm.com"},
        {"IBM_WATSONX_URL": "https://eu-de.dataplatform.cloud.ibm.com/wx/home"},
        {"WATSON_MACHINE_LEARNING_URL": EU_DE},
        {"IBM_REGION": "eu-de"},
        {"IBM_REGION": EU_DE},
        {"IBM_CLOUD_REGION": "Frankfurt"},
    ],
)
def test_a_url_or_region_beside_a_key_leads_to_its_region(environ):
    found = find_credentials(NOTHING, {"IBM_CLOUD_API_KEY": KEY} | environ)
    assert endpoints_of(found).place == "eu-de"
    assert found.notes == ()


@pytest.mark.parametrize("name", ["WATSONX_PROJECT", "IBM_PROJECT_ID", "IBM_WATSONX_PROJECT_ID"])
def test_a_project_is_read_under_the_names_beside_a_key(name):
    assert find_credentials(NOTHING, {"IBM_API_KEY": KEY, name: PROJECT}).project_id == PROJECT


@all_cases("name", VARIABLES["model"])
def test_a_model_of_the_environment_is_that_of_prompts_and_its_source_is_known(name):
    found = find_credentials(NOTHING, {"WATSONX_API_KEY": KEY, name: "openai/gpt-oss-120b"})
    assert (found.model, found.model_source) == ("openai/gpt-oss-120b", "environment")
    # a credential of its own does not make it unread
    with_key = ConnectionParams("form", Secret(KEY))
    assert find_credentials(with_key, {name: "openai/gpt-oss-120b"}).model == "openai/gpt-oss-120b"


@all_cases(
    ("name", "note"),
    [
        ("WATSONX_PROJECTID", "WATSONX_PROJECTID is not read. Did you mean 'WATSONX_PROJECT_ID'?"),
        ("WATSONX_SPCE_ID", "WATSONX_SPCE_ID is not read. Did you mean 'WATSONX_SPACE_ID'?"),
        ("WATSONX_KEY", "WATSONX_KEY is not read. Did you mean 'WATSONX_APIKEY'?"),
        ("watsonx_url", "watsonx_url is not read. Did you mean 'WATSONX_URL'?"),
        ("WX_REGIO", "WX_REGIO is not read. Did you mean 'WX_REGION'?"),
        ("IBM_CLOUD_API_KEYS", "IBM_CLOUD_API_KEYS is not read. Did you mean 'IBM_CLOUD_API_KEY'?"),
        ("MY_WATSONX_THING", "MY_WATSONX_THING is not read."),
        ("VITE_WATSONX_URL", "VITE_WATSONX_URL is not read. Did you mean 'WATSONX_URL'?"),
    ],
)  # fmt: skip
def test_a_name_that_looks_like_ours_and_is_not_read_is_told_with_the_nearest(name, note):
    environ = {name: "value"}
    assert notes_on_names(environ) == (note,)
    assert find_credentials(ConnectionParams("form", Secret(KEY)), environ).notes == (note,)
    with pytest.raises(NotConnected) as caught:
        find_credentials(NOTHING, environ)
    assert note in caught.value.message


@all_cases(
    "name",
    ["WX_NOTEBOOK_SANDBOX", "WATSONX_MAX_RETRIES", "WATSONX_ORCHESTRATE_API_KEY", "WX_CONFIG",
     "IBM_COS_ENDPOINT", "OPENAI_API_KEY", "IBM_DB2_HOST", "WATSONX_AI_DISABLE_SSL", "PATH"],
)  # fmt: skip
def test_a_name_of_another_tool_or_product_is_not_told(name):
    assert notes_on_names({name: "value"}) == ()


def test_an_empty_variable_is_not_told():
    assert notes_on_names({"WATSONX_PROJEKT_ID": " "}) == ()


def test_many_such_names_are_told_in_one_line():
    (note,) = notes_on_names(
        {f"{chr(65 + n) * 9}_WATSONX_{chr(65 + n) * 9}": "v" for n in range(9)}
    )
    assert note.count("_WATSONX_") == 5
    assert note.endswith("and 4 more are not read.")


@pytest.mark.parametrize(
    ("name", "value"),
    [("IBM_URL", "https://api.us-south.speech-to-text.watson.cloud.ibm.com"),
     ("IBM_REGION", "us-east"), ("IBM_PROJECT_ID", "my-project")],
)  # fmt: skip
def test_a_shared_name_with_the_value_of_another_service_is_not_used_and_told(name, value):
    found = find_credentials(NOTHING, {"IBM_CLOUD_API_KEY": KEY, name: value})
    assert (found.url, found.region, found.project_id) == ("", "", "")
    assert found.notes == (f"{name} is not used: its value does not belong to watsonx.ai.",)


def test_a_second_url_that_names_another_region_is_told():
    environ = {"WATSONX_URL": EU_DE, "WATSONX_SERVICE_URL": EU_DE.replace("eu-de", "us-south")}
    assert notes_on_names(environ) == ("WATSONX_SERVICE_URL is not used: WATSONX_URL comes first.",)
    assert notes_on_names({"WATSONX_URL": EU_DE, "WATSONX_SERVICE_URL": f"{EU_DE}/"}) == ()
    assert notes_on_names({"WATSONX_PROJECT_ID": PROJECT, "PROJECT_ID": PROJECT[::-1]}) == ()


def test_quotes_that_docker_keeps_are_no_part_of_a_value():
    environ = {"WATSONX_API_KEY": f'"{KEY}"', "WATSONX_PROJECT_ID": f"'{PROJECT}'",
               "WATSONX_URL": f'"{EU_DE}"'}  # fmt: skip
    found = find_credentials(NOTHING, environ)
    assert (found.api_key.reveal(), found.project_id, found.url) == (KEY, PROJECT, EU_DE)


# --- a cluster -----------------------------------------------------------------------------------


@all_cases(
    "given",
    [
        {"kind": "software", "username": "jane", "url": "https://cpd.example.com"},
        {"username": "jane", "url": "https://cpd.example.com"},
        {"kind": "zen", "username": "jane", "url": "https://cpd.example.com"},
    ],
)
@all_cases("environ", [{}, {"WATSONX_PASSWORD": "p"}, {"WATSONX_URL": EU_DE}])
def test_a_user_name_without_a_password_is_told_that_the_password_is_missing(given, environ):
    with pytest.raises(NotConnected, match="The password is missing") as caught:
        find_credentials(ConnectionParams("arguments", **given), environ)
    assert "password=" in caught.value.hint


def test_a_user_name_in_ibms_dict_misses_its_password_as_well():
    given = {"username": "jane", "url": "https://cpd.example.com", "version": "5.1"}
    with pytest.raises(NotConnected, match=r"The password is missing.*'jane'"):
        from_credentials(given)


def test_a_user_name_in_the_environment_misses_its_password_as_well():
    environ = {"WATSONX_USERNAME": "jane", "WATSONX_URL": "https://cpd.example.com"}
    with pytest.raises(NotConnected, match="The password is missing"):
        find_credentials(NOTHING, environ)


def test_a_cluster_without_anything_misses_user_name_and_password():
    cluster = ConnectionParams("arguments", kind="software", url="https://cpd.example.com")
    with pytest.raises(NotConnected, match="The user name and the password are missing"):
        find_credentials(cluster, {})


def test_notes_of_the_environment_do_not_leave_a_user_without_a_cluster_behind():
    found = from_environment({"WATSONX_USERNAME": "jane"})
    assert (found.kind, found.has_credential) == ("", False)
