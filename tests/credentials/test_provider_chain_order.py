"""One documented order of all the places where a credential may lie, and who is told about whom."""

from __future__ import annotations

import json

import pytest
from credentials.keyring_stand_ins import Keeps, system

from wx_notebook.credentials import profiles
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.parsing.files import from_file
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, NotConnected
from wx_notebook.settings import settings_file

PROJECT = "12345678-1234-4123-8123-123456789abc"
KEYS = {
    "call": "a9" * 22, "environment": "b9" * 22, "sandbox": "c9" * 22, "profile": "d9" * 22,
    "file": "e9" * 22,
}  # fmt: skip
STUDIO = "header.payload.signature"
ORDER = ["call", "environment", "sandbox", "profile", "file", "studio"]
NAMES = {
    "call": "arguments",
    "environment": "environment (WATSONX_API_KEY)",
    "sandbox": "sandbox",
    "profile": "profile work",
    "file": "file ibm-credentials.env (IBM_CREDENTIALS_FILE)",
    "studio": "watsonx Studio",
}


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    with system(Keeps):
        yield tmp_path


def laid_out(folder, places):
    """Lay a credential into each of these places; return what was given, and the environment."""
    given, environ = ConnectionParams("arguments"), {}
    if "call" in places:
        given = ConnectionParams("arguments", Secret(KEYS["call"]), region="eu-de")
    if "environment" in places:
        environ["WATSONX_API_KEY"] = KEYS["environment"]
    if "sandbox" in places:
        file = folder / "sandbox.json"
        file.write_text(
            json.dumps(
                {"api_key": KEYS["sandbox"], "url": "http://127.0.0.1:9", "project_id": PROJECT}
            )
        )
        environ["WX_NOTEBOOK_SANDBOX"] = str(file)
    if "profile" in places:
        profiles.remember_credentials(
            "work", ConnectionParams("form", Secret(KEYS["profile"]), region="jp-tok")
        )
    if "file" in places:
        file = folder / "ibm-credentials.env"
        file.write_text(f"WATSONX_AI_APIKEY={KEYS['file']}\n")
        file.chmod(0o600)
        environ["IBM_CREDENTIALS_FILE"] = str(file)
    if "studio" in places:
        environ["USER_ACCESS_TOKEN"] = STUDIO
        environ["RUNTIME_ENV_APSX_URL"] = "https://api.dataplatform.cloud.ibm.com"
    return given, environ


def revealed(found):
    if found.api_key is not None:
        return found.api_key.reveal()
    return found.token().reveal()


@pytest.mark.parametrize("first", ORDER)
def test_the_first_in_the_order_wins_and_the_others_are_told(config, first):
    places = ORDER[ORDER.index(first) :]
    if first == "call":
        # what has a region cannot be a sandbox's: its key opens nothing else
        places.remove("sandbox")
    found = find_credentials(*laid_out(config, places))
    assert found.source == NAMES[first]
    assert revealed(found) == KEYS.get(first, STUDIO)
    assert found.shadowed == tuple(NAMES[place] for place in places[1:])


def test_nothing_anywhere_is_not_connected(config):
    with pytest.raises(NotConnected):
        find_credentials(ConnectionParams("arguments"), {})


def test_what_was_named_in_the_call_counts_as_an_argument(config):
    """`login --env FILE` and `use PROFILE` are what somebody just asked for."""
    _, environ = laid_out(config, ["environment", "profile"])
    file = config / "mine.env"
    file.write_text(f"WATSONX_API_KEY={KEYS['file']}\n")
    file.chmod(0o600)
    assert revealed(find_credentials(from_file(file), environ)) == KEYS["file"]
    named = find_credentials(profiles.from_profile("work"), environ)
    assert revealed(named) == KEYS["profile"]
    assert named.shadowed == (NAMES["environment"],), "it does not shadow itself"


def test_a_profile_brings_its_own_region_whatever_the_environment_says(config):
    _, environ = laid_out(config, ["profile"])
    found = find_credentials(
        ConnectionParams("arguments"), environ | {"WATSONX_URL": "http://127.0.0.1:1"}
    )
    assert (found.region, found.url, found.mixed_sources) == ("jp-tok", "", False)


def test_a_broken_file_of_profiles_stands_in_nobody_elses_way(config):
    given, environ = laid_out(config, ["environment", "profile"])
    settings_file().write_text("[profiles.work\n")
    assert revealed(find_credentials(given, environ)) == KEYS["environment"]
    with pytest.raises(BadOption, match=r"wx_notebook\.toml"):
        find_credentials(given, {})


def test_a_credential_and_a_host_of_somebodys_own_from_two_places_are_kept_apart(config):
    environ = {"WATSONX_API_KEY": KEYS["environment"], "WATSONX_USERNAME": "jane"}
    found = find_credentials(
        ConnectionParams("arguments", url="https://cpd.example.com", kind="software"), environ
    )
    assert found.mixed_sources
    environ["WATSONX_AI_AUTH_TYPE"] = "cp4d"
    found = find_credentials(ConnectionParams("arguments", url="https://cpd.example.com"), environ)
    assert found.mixed_sources


def test_only_the_names_are_wanted_where_nobody_connects(config):
    laid_out(config, ["profile"])
    found = find_credentials(ConnectionParams("arguments"), {}, only_names=True)
    assert (found.source, found.has_credential) == ("profile work", False)
