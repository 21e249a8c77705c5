"""IBM's own forms of credentials are taken as they stand in its documentation."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.cases import all_cases

from wx_notebook.credentials.arguments import from_credentials
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, NotConnected

KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
OTHER = "b9" * 22
PROJECT = "12345678-1234-4123-8123-123456789abc"
EU_DE = "https://eu-de.ml.cloud.ibm.com"
CLUSTER = "https://cpd.example.com"


class Credentials:
    """The public attributes of `ibm_watsonx_ai.Credentials` 1.8.1."""

    __module__ = "ibm_watsonx_ai.credentials"

    def __init__(self, **given):
        for name in (
            "url", "api_key", "name", "iam_serviceid_crn", "trusted_profile_id", "token",
            "projects_token", "username", "password", "instance_id", "version", "bedrock_url",
            "platform_url", "auth_url", "account_id", "proxies", "verify",
        ):  # fmt: skip
            setattr(self, name, given.get(name))
        self._is_env_token = False


def frames(caught):
    """What a debugger shows of our frames."""
    trace, shown = caught.value.__traceback__.tb_next, []
    while trace is not None:
        shown.append(repr(trace.tb_frame.f_locals))
        trace = trace.tb_next
    return "".join(shown)


# --- the dict of the documentation -------------------------------------------------------------


@all_cases("name", ["apikey", "api_key"])
@all_cases("value", [KEY, f" {KEY}\n", Secret(KEY)])
def test_the_dict_of_the_documentation(name, value):
    given = from_credentials({name: value, "url": EU_DE})
    assert (given.api_key.reveal().strip(), given.url) == (KEY, EU_DE)
    assert (given.source, given.kind, given.notes) == ("arguments (credentials)", "", ())


def test_every_name_of_ibms_goes_to_its_place():
    given = from_credentials(
        {
            "apikey": KEY, "url": EU_DE, "platform_url": "https://api.dataplatform.cloud.ibm.com",
            "auth_url": "https://iam.cloud.ibm.com/identity/token", "region": "eu-de",
            "trusted_profile_id": "Profile-1", "project_id": PROJECT, "space_id": PROJECT,
            "iam_apikey_id": "ApiKey-1", "iam_role_crn": "crn:v1", "iam_serviceid_crn": "crn:v1",
        }
    )  # fmt: skip
    assert given.platform_url == "https://api.dataplatform.cloud.ibm.com"
    assert given.iam_url == "https://iam.cloud.ibm.com/identity/token"
    assert (given.region, given.trusted_profile_id) == ("eu-de", "Profile-1")
    assert (given.project_id, given.space_id, given.kind) == (PROJECT, PROJECT, "")


def test_a_place_for_the_region_is_left_to_who_checks_hosts():
    url = "https://{region}.ml.cloud.ibm.com"
    assert from_credentials({"apikey": KEY, "url": url}).url == url


@pytest.mark.parametrize("what", ["token", "password"])
def test_a_token_or_a_password_is_a_credential(what):
    given = from_credentials({what: "s3cret", "username": "jane", "url": CLUSTER})
    assert getattr(given, what).reveal() == "s3cret"
    assert (given.username, given.kind) == ("jane", "software")


def test_of_several_the_one_that_renews_itself_is_used_and_the_others_are_named():
    given = from_credentials({"token": "t", "password": "p", "username": "jane", "apikey": KEY})
    assert given.api_key.reveal() == KEY
    assert (given.token, given.password) == (None, None)
    assert given.shadowed == ("arguments (credentials): password", "arguments (credentials): token")


def test_pydantics_secrets_are_opened():
    pydantic = SimpleNamespace(get_secret_value=lambda: KEY)
    assert from_credentials({"apikey": pydantic}).api_key.reveal() == KEY


@all_cases(
    ("more", "kind"),
    [
        ({"instance_id": "openshift"}, "software"),
        ({"instance_id": "ICP"}, "software"),
        ({"instance_id": "wml_local"}, "software"),
        ({"instance_id": "openshift", "url": ""}, "software"),
        ({"version": "5.3"}, "software"),
        ({"version": 5.3}, "software"),
        ({"bedrock_url": CLUSTER}, "software"),
        ({"username": "jane"}, "software"),
        ({"instance_id": PROJECT}, ""),
        ({"version": None, "instance_id": None}, ""),
        # IBM's SDK looks at the URL, and takes any host for the cloud that has a platform
        ({"instance_id": "openshift", "url": EU_DE}, ""),
        ({"version": "5.3", "platform_url": CLUSTER}, ""),
        ({}, ""),
    ],
)
def test_a_cluster_is_told_as_ibms_sdk_is_told(more, kind):
    assert from_credentials({"apikey": KEY, "url": CLUSTER, **more}).kind == kind


def test_the_sign_in_of_a_cluster_may_have_its_own_address():
    given = from_credentials(
        {"username": "jane", "password": "p", "url": CLUSTER, "bedrock_url": CLUSTER}
    )
    assert given.iam_url == CLUSTER


@pytest.mark.parametrize("name", ["account_id", "proxies", "projects_token"])
def test_what_is_not_used_is_said(name):
    (note,) = from_credentials({"apikey": KEY, name: "x"}).notes
    assert note.startswith(f"{name} is not used")


# --- verification ------------------------------------------------------------------------------


@pytest.mark.parametrize("verify", ["/etc/company.pem", Path("/etc/company.pem")])
def test_a_path_to_verify_with_is_taken(verify):
    assert Path(from_credentials({"apikey": KEY, "verify": verify}).ca_bundle) == Path(
        "/etc/company.pem"
    )


@all_cases("verify", [True, None, "true", ""])
def test_verification_as_it_is_anyway(verify):
    assert from_credentials({"apikey": KEY, "verify": verify}).ca_bundle == ""


@pytest.mark.parametrize("verify", [False, "false", "False"])
def test_verification_cannot_be_switched_off(verify):
    with pytest.raises(BadOption, match="TLS is always verified") as caught:
        from_credentials({"apikey": KEY, "verify": verify})
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint
    assert KEY not in str(caught.value) + frames(caught)


# --- IBM's object ------------------------------------------------------------------------------


def test_ibms_object_is_taken_by_its_public_attributes():
    given = from_credentials(Credentials(url=EU_DE, api_key=KEY, trusted_profile_id="Profile-1"))
    assert (given.api_key.reveal(), given.url) == (KEY, EU_DE)
    assert (given.trusted_profile_id, given.kind) == ("Profile-1", "")
    cluster = Credentials(url=CLUSTER, username="jane", password="p", instance_id="openshift")
    given = from_credentials(cluster)
    assert (given.password.reveal(), given.username, given.kind) == ("p", "jane", "software")


def test_a_subclass_of_ibms_object_is_one():
    assert from_credentials(type("Mine", (Credentials,), {})(api_key=KEY)).api_key.reveal() == KEY


def test_the_real_object_of_ibms_sdk(monkeypatch):
    sdk = pytest.importorskip("ibm_watsonx_ai")
    for name in ("USER_ACCESS_TOKEN", "RUNTIME_ENV_APSX_URL", "PROJECT_ID", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    given = from_credentials(sdk.Credentials(url=EU_DE, api_key=KEY))
    assert (given.api_key.reveal(), given.url, given.kind) == (KEY, EU_DE, "")
    assert given.notes == ()
    given = from_credentials(
        sdk.Credentials.from_dict({"url": EU_DE, "apikey": KEY, "project_id": PROJECT})
    )
    assert (given.api_key.reveal(), given.project_id) == (KEY, PROJECT)
    given = from_credentials(
        sdk.Credentials(
            url=CLUSTER, username="jane", password="p", instance_id="openshift", version="5.3"
        )
    )
    assert (given.kind, given.username, given.password.reveal()) == ("software", "jane", "p")
    with pytest.raises(BadOption, match="TLS is always verified"):
        from_credentials(sdk.Credentials(url=EU_DE, api_key=KEY, verify=False))
    with pytest.raises(BadOption, match="has no API key"):
        from_credentials(sdk.Credentials(url=EU_DE))
    # inside Studio IBM's object picks up the runtime's token by itself; a key comes before it
    monkeypatch.setenv("USER_ACCESS_TOKEN", "Bearer t")
    assert from_credentials(sdk.Credentials(url=EU_DE)).token.reveal() == "t"
    given = from_credentials(sdk.Credentials(url=EU_DE, api_key=KEY))
    assert (given.api_key.reveal(), given.token) == (KEY, None)


# --- files and texts ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", [str, Path, lambda path: f"@{path}"])
def test_a_file_can_be_named(tmp_path, form):
    path = tmp_path / "apikey.json"
    path.write_text(json.dumps({"apikey": KEY}))
    given = from_credentials(form(path))
    assert (given.api_key.reveal(), given.source) == (KEY, "file apikey.json")


def test_the_text_of_a_json_object_is_taken_as_well():
    given = from_credentials(json.dumps({"apikey": KEY, "url": EU_DE}))
    assert (given.api_key.reveal(), given.url) == (KEY, EU_DE)
    with pytest.raises(BadOption, match="looks like JSON") as caught:
        from_credentials('{"apikey": "' + KEY)
    assert KEY not in str(caught.value) + frames(caught)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("text", [KEY, f" @{KEY} "])
def test_a_bare_key_is_not_looked_for_as_a_file(text):
    with pytest.raises(BadOption, match="can't be an API key") as caught:
        from_credentials(text)
    assert "api_key=" in caught.value.hint
    assert KEY not in str(caught.value) + frames(caught)


# --- bad input ---------------------------------------------------------------------------------


@all_cases(
    "value", [7, None, [KEY], (KEY,), {KEY}, b"x", object(), Secret(KEY), dict, json, Credentials,
              SimpleNamespace(api_key=KEY), lambda: KEY]
)  # fmt: skip
def test_anything_else_is_refused_with_what_is_taken(value):
    with pytest.raises(BadOption, match="can't be a value of type") as caught:
        from_credentials(value)
    assert '"apikey"' in caught.value.hint
    assert KEY not in str(caught.value) + frames(caught)


def test_a_dict_without_a_credential_names_what_it_has_and_the_nearest_name():
    with pytest.raises(BadOption, match="it has apikye, url") as caught:
        from_credentials({"apikye": KEY, "url": EU_DE, OTHER: "x", 7: "x"})
    assert "Did you mean 'apikey'?" in caught.value.message
    assert OTHER not in str(caught.value)
    assert KEY not in str(caught.value) + frames(caught)


@pytest.mark.parametrize("empty", [None, ""])
def test_a_key_from_a_variable_that_is_not_set_is_said_to_be_empty(empty):
    with pytest.raises(BadOption, match=r"it has apikey, url \(empty: apikey\)"):
        from_credentials({"apikey": empty, "url": EU_DE})


def test_an_empty_dict_is_said_to_be_empty():
    with pytest.raises(BadOption, match="it is empty"):
        from_credentials({})


@all_cases("name", ["apikey", "token", "password", "url", "region", "username"])
@all_cases("value", [7, [KEY], {"x": KEY}, KEY.encode(), True])
def test_a_value_that_is_no_text_is_refused_by_its_name(name, value):
    with pytest.raises(BadOption, match=f"'{name}' in the credentials is of type") as caught:
        from_credentials({"apikey": OTHER, "url": EU_DE, name: value})
    assert KEY not in str(caught.value) + frames(caught)


def test_a_dict_with_a_thousand_names_makes_a_short_message():
    with pytest.raises(BadOption) as caught:
        from_credentials({"x" * 20 + chr(97 + n % 26) * (n // 26): "y" for n in range(1_000)})
    assert len(caught.value.message) < 600


def test_a_file_without_a_key_is_not_connected(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(NotConnected, match="it is empty"):
        from_credentials(tmp_path / "a.json")
