"""Every spelling that people have in their environments is read, and nothing of other tools."""

from __future__ import annotations

import pytest
from support.cases import all_cases

from wx_notebook.credentials.environment import (
    VARIABLES,
    find_secret_variables,
    from_environment,
    infer_kind,
)
from wx_notebook.credentials.hosts import endpoints
from wx_notebook.credentials.secret import OpaqueMapping, Secret
from wx_notebook.errors import BadOption, HostRefused

FIRST, SECOND, THIRD = "a9" * 22, "b9" * 22, "c9" * 22
PROJECT = "12345678-1234-4123-8123-123456789abc"
EU_DE = "https://eu-de.ml.cloud.ibm.com"
CLUSTER = "https://cpd.example.com"
KEY_NAMES = [
    "WATSONX_API_KEY", "WATSONX_APIKEY", "WX_API_KEY", "WATSONX_AI_APIKEY", "IBMCLOUD_API_KEY",
]  # fmt: skip
TOKEN_NAMES = ["WATSONX_TOKEN", "WATSONX_AI_BEARER_TOKEN"]
USER = {"WATSONX_USERNAME": "jane", "WATSONX_PASSWORD": "open sesame"}


def revealed(given):
    """What there is to sign in with."""
    held = {"api_key": given.api_key, "token": given.token, "password": given.password}
    return {what: secret.reveal() for what, secret in held.items() if secret is not None}


# --- every spelling ----------------------------------------------------------------------------


@all_cases("name", KEY_NAMES)
def test_an_api_key_is_read_under_every_spelling_and_the_source_names_it(name):
    given = from_environment({name: f" {FIRST}\n"})
    assert revealed(given) == {"api_key": FIRST}
    assert (given.source, given.kind, given.shadowed) == (f"environment ({name})", "", ())


@pytest.mark.parametrize("name", TOKEN_NAMES)
def test_a_token_is_read_under_every_spelling(name):
    given = from_environment({name: "eyJ.a.b"})
    assert revealed(given) == {"token": "eyJ.a.b"}
    assert (given.source, given.kind) == (f"environment ({name})", "")


def test_a_zen_key_is_sent_as_it_is_so_it_has_no_user_name():
    given = from_environment({"WATSONX_ZENAPIKEY": "amFuZTprZXk=", "WATSONX_USERNAME": "jane"})
    assert revealed(given) == {"api_key": "amFuZTprZXk="}
    assert (given.kind, given.username) == ("zen", "")
    assert given.source == "environment (WATSONX_ZENAPIKEY)"


@pytest.mark.parametrize("family", ["WATSONX", "WATSONX_AI"])
def test_a_user_name_and_a_password_are_a_pair_for_a_cluster(family):
    given = from_environment({f"{family}_USERNAME": "jane", f"{family}_PASSWORD": "open sesame"})
    assert revealed(given) == {"password": "open sesame"}
    assert (given.username, given.kind) == ("jane", "software")
    assert given.source == f"environment ({family}_USERNAME, {family}_PASSWORD)"


def test_a_password_goes_with_the_user_name_of_its_own_family():
    environ = {**USER, "WATSONX_AI_USERNAME": "joe", "WATSONX_AI_PASSWORD": "other"}
    given = from_environment(environ)
    assert (given.username, revealed(given)) == ("jane", {"password": "open sesame"})
    assert given.shadowed == ("environment (WATSONX_AI_USERNAME, WATSONX_AI_PASSWORD)",)
    del environ["WATSONX_PASSWORD"]
    assert from_environment(environ).username == "joe"
    assert from_environment({"WATSONX_USERNAME": "jane", "WATSONX_AI_PASSWORD": "x"}).username


def test_a_password_without_a_user_name_is_mentioned_and_no_credential():
    given = from_environment({"WATSONX_PASSWORD": "open sesame"})
    assert not given.has_credential
    assert given.notes == ("WATSONX_PASSWORD is ignored: WATSONX_USERNAME is not set.",)


@all_cases(
    ("field", "name", "value", "read"),
    [
        *(("url", name, EU_DE, EU_DE) for name in VARIABLES["url"]),
        ("url", "WATSONX_URL_HOST", "eu-de.ml.cloud.ibm.com", EU_DE),
        ("iam_url", "WATSONX_IAM_URL", "https://iam.cloud.ibm.com/identity/token", None),
        ("iam_url", "WATSONX_AI_AUTH_URL", "https://iam.cloud.ibm.com", None),
        ("iam_url", "WATSONX_IAM_HOST", "iam.cloud.ibm.com", "https://iam.cloud.ibm.com"),
        ("platform_url", "WATSONX_PLATFORM_URL", "https://api.dataplatform.cloud.ibm.com", None),
        ("platform_url", "WATSONX_AI_PLATFORM_URL", "https://api.dataplatform.cloud.ibm.com", None),
        ("region", "WATSONX_REGION", "Frankfurt", None),
        ("region", "WX_REGION", "eu-de", None),
        ("region", "REGION", "eu-de", None),
        *(("project_id", name, PROJECT, None) for name in VARIABLES["project_id"]),
        *(("space_id", name, PROJECT, None) for name in VARIABLES["space_id"]),
        ("ca_bundle", "WX_CLIENT_VERIFY_REQUESTS", "/etc/ssl/company.pem", None),
    ],
)  # fmt: skip
def test_every_name_of_the_reference_is_read(field, name, value, read):
    given = from_environment({name: value})
    assert getattr(given, field) == (read or value)
    assert (given.source, given.has_credential) == ("environment", False)


@all_cases("what", sorted(set(VARIABLES) - {"kind", "instance_id", "ca_bundle"}))
def test_the_first_spelling_wins_and_an_empty_one_is_not_set(what):
    names = VARIABLES[what]
    values = {name: PROJECT if what.endswith("_id") else "eu-de" for name in names}
    if what in ("api_key", "token", "zen_key"):
        given = from_environment({name: f"{name}-{FIRST}" for name in names})
        assert next(iter(revealed(given).values())) == f"{names[0]}-{FIRST}"
        assert len(given.shadowed) == len(names) - 1
    elif what not in ("username", "password"):
        given = from_environment(values | {names[0]: " ", names[-1]: values[names[-1]]})
        assert bool(getattr(given, what)) == (len(names) > 1)


# --- names that belong to everybody ------------------------------------------------------------


@all_cases("value", ["europe-west1", "us-east-1", "ap-south-1", "us", "Dallas", "EU"])
def test_a_region_of_another_cloud_is_not_taken_for_one_of_ours(value):
    assert from_environment({"REGION": value}).region == ""
    assert from_environment({"WATSONX_REGION": value}).region == value


def test_a_region_that_anybody_may_have_set_does_not_contradict_our_url():
    assert from_environment({"REGION": "us-south", "WATSONX_URL": EU_DE}).region == ""
    ours = from_environment({"WX_REGION": "us-south", "WATSONX_URL": EU_DE})
    assert ours.region == "us-south", "`hosts` says that the two do not fit"


@all_cases("what", ["project_id", "space_id"])
@all_cases("value", ["my-google-project", "12345", PROJECT[:-1], f"{PROJECT}x"])
def test_a_project_of_another_cloud_is_not_taken_for_one_of_ours(what, value):
    name = what.upper()
    assert getattr(from_environment({name: value}), what) == ""
    assert getattr(from_environment({f"WATSONX_{name}": value}), what) == value


def test_case_and_other_names_say_nothing():
    environ = {"watsonx_api_key": FIRST, "API_KEY": FIRST, "APIKEY": FIRST, "OPENAI_API_KEY": FIRST}
    assert not from_environment(environ).has_credential


# --- who wins ----------------------------------------------------------------------------------


def test_what_renews_itself_wins_key_then_zen_key_then_password_then_token():
    environ = {
        "WATSONX_TOKEN": "t", **USER, "WATSONX_ZENAPIKEY": "z", "WX_API_KEY": SECOND,
    }  # fmt: skip
    names = [
        "WX_API_KEY",
        "WATSONX_ZENAPIKEY",
        "WATSONX_USERNAME, WATSONX_PASSWORD",
        "WATSONX_TOKEN",
    ]
    while names:
        given = from_environment(environ)
        assert given.source == f"environment ({names[0]})"
        assert given.shadowed == tuple(f"environment ({name})" for name in names[1:])
        for name in names.pop(0).split(", "):
            del environ[name]
    assert not from_environment(environ).has_credential


def test_two_spellings_of_one_key_are_one_credential():
    given = from_environment({"WATSONX_API_KEY": FIRST, "WATSONX_APIKEY": f"{FIRST} "})
    assert (given.source, given.shadowed) == ("environment (WATSONX_API_KEY)", ())
    given = from_environment({"WATSONX_API_KEY": FIRST, "IBMCLOUD_API_KEY": SECOND})
    assert given.shadowed == ("environment (IBMCLOUD_API_KEY)",)


@pytest.mark.parametrize("word", ["bearertoken", "BearerToken", " token "])
def test_the_auth_type_can_prefer_the_token(word):
    environ = {"WATSONX_API_KEY": FIRST, "WATSONX_TOKEN": "t", "WATSONX_AI_AUTH_TYPE": word}
    given = from_environment(environ)
    assert (revealed(given), given.kind) == ({"token": "t"}, "")
    assert given.shadowed == ("environment (WATSONX_API_KEY)",)


@all_cases(
    ("word", "kind"),
    [("iam", "iam"), ("AWS", "mcsp"), ("cp4d", "software"), ("zen", "zen"), ("bearertoken", "")],
)
def test_the_auth_type_is_taken_in_the_words_of_ibms_node_sdk(word, kind):
    given = from_environment(
        {"WATSONX_AI_APIKEY": FIRST, "WATSONX_AI_USERNAME": "jane", "WATSONX_AI_AUTH_TYPE": word}
    )
    assert (given.kind, given.username) == (kind, "jane")


def test_the_auth_type_zen_prefers_the_zen_key():
    environ = {"WATSONX_API_KEY": FIRST, "WATSONX_ZENAPIKEY": "z", "WATSONX_AI_AUTH_TYPE": "zen"}
    assert revealed(from_environment(environ)) == {"api_key": "z"}


@all_cases("word", ["noauth", "none", "kerberos", "bearer-token", FIRST])
def test_an_auth_type_that_does_not_exist_is_refused_by_the_variables_name(word):
    with pytest.raises(BadOption, match="WATSONX_AI_AUTH_TYPE has the unknown value") as caught:
        from_environment({"WATSONX_AI_AUTH_TYPE": word, "WATSONX_API_KEY": SECOND})
    assert "bearertoken" in caught.value.hint
    assert caught.value.__context__ is None
    assert FIRST not in str(caught.value)


# --- clusters ----------------------------------------------------------------------------------


def test_a_user_name_and_a_key_go_together_to_a_cluster():
    environ = {"WATSONX_USERNAME": "jane", "WATSONX_APIKEY": FIRST, "WATSONX_URL": CLUSTER}
    given = from_environment(environ)
    assert (given.username, given.kind, revealed(given)) == (
        "jane", "software", {"api_key": FIRST},
    )  # fmt: skip


CLUSTERS_USER = {"WATSONX_USERNAME": "jane", "WATSONX_PASSWORD": "p", "WATSONX_URL": CLUSTER}


def test_a_user_name_alone_does_not_open_a_host_of_somebodys_own():
    """Whoever can set a URL could set it for the password that lies there."""
    given = from_environment(CLUSTERS_USER)
    assert given.mixed_sources
    with pytest.raises(
        HostRefused, match='give the key, the URL and kind="software" together'
    ) as caught:
        endpoints(url=given.url, kind=given.kind, mixed_sources=given.mixed_sources)
    assert "WATSONX_AI_AUTH_TYPE=cp4d" in caught.value.hint


@pytest.mark.parametrize(
    "word", [{"WATSONX_AI_AUTH_TYPE": "cp4d"}, {"WATSONX_INSTANCE_ID": "openshift"}]
)
def test_a_word_that_says_cluster_opens_it(word):
    given = from_environment(CLUSTERS_USER | word)
    assert not given.mixed_sources
    assert (
        endpoints(url=given.url, kind=given.kind, mixed_sources=given.mixed_sources).url == CLUSTER
    )


def test_a_key_of_ibm_cloud_stays_one_when_a_user_name_lies_beside_it():
    environ = {"WATSONX_USERNAME": "jane", "WATSONX_APIKEY": FIRST, "WATSONX_URL": EU_DE}
    assert from_environment(environ).kind == ""
    given = from_environment(environ | {"WATSONX_PASSWORD": "open sesame"})
    assert (given.username, given.source) == ("", "environment (WATSONX_APIKEY)")


def test_at_a_cluster_a_key_without_a_user_name_comes_after_a_token():
    environ = {
        "WATSONX_APIKEY": FIRST, "WATSONX_TOKEN": "t",
        "WATSONX_URL": CLUSTER, "WATSONX_INSTANCE_ID": "openshift",
    }  # fmt: skip
    given = from_environment(environ)
    assert (revealed(given), given.kind) == ({"token": "t"}, "software")


@all_cases(
    ("url", "told", "kind"),
    [
        (CLUSTER, True, "software"),
        ("cpd.example.com:31843", True, "software"),
        (CLUSTER, False, ""),
        ("", True, ""),
        (EU_DE, True, ""),
        ("https://api.eu-de.dataplatform.cloud.ibm.com", True, ""),
        ("http://127.0.0.1:1", True, ""),
        ("https://[", True, ""),
    ],
)
def test_a_host_of_ones_own_is_a_cluster_only_where_something_says_so(url, told, kind):
    assert infer_kind(url, told) == kind


# --- verification ------------------------------------------------------------------------------


@all_cases(
    ("name", "value"),
    [
        ("WATSONX_AI_DISABLE_SSL", "true"),
        ("WATSONX_AI_DISABLE_SSL", "1"),
        ("WATSONX_AI_AUTH_DISABLE_SSL", "True"),
        ("WX_CLIENT_VERIFY_REQUESTS", "false"),
        ("WX_CLIENT_VERIFY_REQUESTS", "False"),
    ],
)
def test_a_switch_that_turns_verification_off_is_not_obeyed_and_said_so(name, value):
    given = from_environment({name: value, "WATSONX_API_KEY": FIRST})
    (note,) = given.notes
    assert note.startswith(f"{name} is ignored")
    assert "REQUESTS_CA_BUNDLE" in note
    assert given.ca_bundle == ""


@pytest.mark.parametrize(
    "environ",
    [{"WATSONX_AI_DISABLE_SSL": "false"}, {"WX_CLIENT_VERIFY_REQUESTS": "true"},
     {"WX_CLIENT_VERIFY_REQUESTS": ""}],
)  # fmt: skip
def test_a_switch_that_leaves_verification_on_is_not_mentioned(environ):
    given = from_environment(environ)
    assert (given.notes, given.ca_bundle) == ((), "")


# --- what is in the environment stays there -----------------------------------------------------


def test_the_variables_that_child_processes_inherit_are_named_without_their_values():
    environ = {
        **dict.fromkeys([*KEY_NAMES, *TOKEN_NAMES], FIRST),
        "WATSONX_ZENAPIKEY": "z", "WATSONX_AI_PASSWORD": "p",
        "USER_ACCESS_TOKEN": "t", "WATSONX_PASSWORD": " ", "WATSONX_URL": EU_DE,
    }  # fmt: skip
    names = find_secret_variables(environ)
    assert set(names) == set(environ) - {"WATSONX_PASSWORD", "WATSONX_URL"}
    assert find_secret_variables({}) == ()


def test_the_names_in_our_frames_show_no_value():
    variables = OpaqueMapping({"WATSONX_API_KEY": FIRST})
    assert dict(variables) == {"WATSONX_API_KEY": FIRST}
    shown = f"{variables!r} {variables} {OpaqueMapping.__slots__} {variables._inside!r}"
    assert FIRST not in shown

    frames = []
    with pytest.raises(BadOption) as caught:
        from_environment({"WATSONX_AI_AUTH_TYPE": "x", "WATSONX_API_KEY": FIRST, **USER})
    trace = caught.value.__traceback__.tb_next
    while trace is not None:
        frames.append(repr(trace.tb_frame.f_locals))
        trace = trace.tb_next
    assert frames
    assert FIRST not in "".join(frames)
    assert "open sesame" not in "".join(frames)


def test_the_environment_is_only_read_and_bytes_that_are_no_text_do_no_harm():
    environ = {"WATSONX_API_KEY": "\udcff" * 3, "WATSONX_URL": "\udcff", "REGION": "\udcff"}
    before = dict(environ)
    given = from_environment(environ)
    assert given.api_key == Secret("\udcff" * 3)
    assert environ == before


def test_a_file_of_the_same_names_is_called_by_its_own_name():
    given = from_environment({"WATSONX_API_KEY": FIRST, "WX_API_KEY": SECOND}, source="file .env")
    assert (given.source, given.shadowed) == (
        "file .env (WATSONX_API_KEY)", ("file .env (WX_API_KEY)",),
    )  # fmt: skip
