"""What people paste where a key or an id was asked for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.credentials.parsing.pasted import _unwrap, validate_id, validate_key
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import KeyRefused, ProjectError, WatsonxError

KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
OTHER = "b9" * 22
PROJECT = "12345678-1234-4123-8123-123456789abc"
SPACE = "87654321-1234-4123-8123-123456789abc"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"  # pragma: allowlist secret


# --- the key in the text around it -------------------------------------------------------------


@all_cases("text", [KEY, "", " ", "short", "a.b.c", "a+b/c==", "k" * 500, TOKEN])
def test_a_bare_key_comes_back_as_it_is(text):
    secret = Secret(text)
    assert _unwrap(secret) == (secret, "")


@pytest.mark.parametrize("text", [f" {KEY}", f"{KEY}\r\n", f"\u00a0{KEY}\t"])
def test_blanks_around_it_are_not_worth_a_word(text):
    key, note = _unwrap(Secret(text))
    assert (validate_key(key).reveal(), note) == (KEY, "")


@all_cases(
    "text",
    [
        "apikey={}", "apikey = {}", "apikey:{}", "APIKEY={}", "api_key: {}", 'api_key="{}"',
        "api-key: {}", "API key: {}", "api_key = '{}',", '"apikey": "{}"', '"apikey": "{}",',
        "apikey=“{}”", "WATSONX_API_KEY={}", "WATSONX_APIKEY={};", "IBMCLOUD_API_KEY={}",
        "export WATSONX_API_KEY={}", "export  WX_API_KEY='{}'\n", "set WATSONX_APIKEY={}",
        '$env:WATSONX_API_KEY = "{}"', "%env WATSONX_APIKEY={}", "%set_env WX_API_KEY={}",
        "  apikey={}  # of my account", "\ufeffapikey={}", "watson_machine_learning_apikey={}",
        "# mine\nWATSONX_URL=https://x.y\nWATSONX_API_KEY={}\nPROJECT_ID=1\n",
        "WATSONX_API_KEY={0}\r\nWATSONX_APIKEY={0}", "WATSONX_API_KEY=\nWATSONX_APIKEY={}",
        "{{apikey: {}}}", '"apikey={}"', "set -x WATSONX_API_KEY {}", "set -gx WX_API_KEY '{}'",
        'setx WATSONX_API_KEY "{}"', "setenv IBM_CLOUD_API_KEY {}", "%env WATSONX_API_KEY {}",
        '[Environment]::SetEnvironmentVariable("WATSONX_API_KEY", "{}", "User")',
        "[System.Environment]::SetEnvironmentVariable('WATSONX_APIKEY','{}')",
    ],
)  # fmt: skip
def test_a_key_with_its_name_is_taken_out_and_said_so(text):
    key, note = _unwrap(Secret(text.format(KEY)))
    assert validate_key(key).reveal() == KEY
    assert "taken out of the text around it" in note or "JSON" in note
    assert KEY[:6] not in note


@all_cases(
    "text",
    [
        json.dumps({"name": "mine", "createdAt": "x", "apikey": KEY}),
        json.dumps({"apikey": KEY}, indent=4) + "\n",
        json.dumps({"api_key": KEY, "apikey": KEY}),
        json.dumps({"credentials": {"apikey": KEY, "url": "https://x.y"}}),
        f'"apikey": "{KEY}", "url": "https://x.y"',
        f'"name": "mine",\n"apikey": "{KEY}",\n',
    ],
)
def test_a_key_in_the_whole_json_is_taken_out_and_said_so(text):
    key, note = _unwrap(Secret(text))
    assert (key.reveal(), note) == (KEY, "the key was taken out of the JSON around it.")


@all_cases("quotes", ['""', "''", "``", "“”", "‘’", "«»", "„“"])
def test_quotes_around_a_key_are_taken_off_and_said_so(quotes):
    key, note = _unwrap(Secret(f" {quotes[0]}{KEY} {quotes[1]}\n"))
    assert (key.reveal(), note) == (KEY, "the quotes around the key were removed.")


@all_cases("unseen", ["\u200b", "\ufeff", "\u2060", "\u00ad", "\u202a", "\u200e"])
def test_characters_that_nobody_sees_are_taken_off_and_said_so(unseen):
    key, note = _unwrap(Secret(f"{unseen}{KEY}{unseen} "))
    assert (key.reveal(), note) == (KEY, "invisible characters around the key were removed.")


@all_cases("text", ["apikey=", 'apikey=""', "export WATSONX_API_KEY=", '""', '" "'])
def test_a_name_without_a_key_is_an_empty_key(text):
    with pytest.raises(KeyRefused, match="The API key is empty"):
        validate_key(_unwrap(Secret(text))[0])


@all_cases(
    "text",
    [
        f"credentials = {{'apikey': '{KEY}'}}", f'Credentials(url="x", api_key = "{KEY}")',
        f'client = APIClient({{"url": "x", "apikey":"{KEY}"}})',
    ],
)  # fmt: skip
def test_a_key_in_a_line_of_python_is_taken_out_of_it(text):
    key, note = _unwrap(Secret(text))
    assert key == Secret(KEY)
    assert note.startswith("the key was taken out of the text around it")


@pytest.mark.parametrize(
    "text",
    [
        f"apikey={KEY}\napikey={OTHER}",
        f"WATSONX_API_KEY={KEY}\nIBMCLOUD_API_KEY={OTHER}",
        json.dumps({"apikey": KEY, "api_key": OTHER}),
    ],
)
def test_of_two_keys_none_is_chosen(text):
    with pytest.raises(KeyRefused, match="two different keys inside") as caught:
        _unwrap(Secret(text))
    assert KEY not in str(caught.value)
    assert OTHER not in str(caught.value)


@all_cases("text", ["{}", '{"access_token": "x"}', '{"apikey":7}', '{"apikey":null}'])
def test_json_without_a_key_is_refused(text):
    with pytest.raises(KeyRefused, match="JSON without an 'apikey'"):
        _unwrap(Secret(text))


@all_cases(
    "text", [f"Bearer {TOKEN}", f"{KEY}\n{OTHER}", f"my key is {KEY}", f"{KEY} {KEY}", "{", "{{{{"]
)
def test_anything_else_is_left_to_be_refused_or_tried(text):
    secret = Secret(text)
    assert _unwrap(secret) == (secret, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "apikey" + " " * 1_000_000, " " * 1_000_000 + "x", "export " + " " * 1_000_000,
        "a_" * 500_000, "a" * 1_000_000, "apikey=" * 150_000, "{" * 1_000_000, '{"a":' * 200_000,
        '"' * 1_000_000, "apikey=x\n" * 100_000, "apikey=x " + " #" * 400_000, "[" * 1_000_000,
        "apikey=x" + " " * 1_000_000 + "y", "\u200b" * 1_000_000,
    ],
)  # fmt: skip
def test_a_text_made_to_take_long_does_not(text):
    # each of these is read in a fraction of a second; in quadratic time they would never end
    with pytest.raises(WatsonxError):  # noqa: PT012
        validate_key(_unwrap(Secret(text))[0])
        raise KeyRefused("taken, and quickly")


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_stands_around_a_key_neither_breaks_nor_shows_it(before, after):
    try:
        key, note = _unwrap(Secret(f"{before}{KEY}{after}"))
        validate_key(key)
    except KeyRefused as refused:
        note = str(refused)
    assert KEY not in note


# --- what is no key ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", [TOKEN, f"Bearer {TOKEN}", f"bearer  {TOKEN}\n"])
def test_a_token_in_the_place_of_a_key_is_told_what_it_is(text):
    with pytest.raises(KeyRefused, match="a token, not an API key") as caught:
        validate_key(Secret(text))
    assert "wx.connect(token=...)" in caught.value.hint
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("text", [f"ApiKey-{PROJECT}", f" apikey-{PROJECT.upper()}"])
def test_the_identifier_of_a_key_is_told_what_it_is(text):
    with pytest.raises(KeyRefused, match="the identifier of an API key, not the key"):
        validate_key(_unwrap(Secret(text))[0])


# --- addresses copied from the browser ---------------------------------------------------------

CONSOLE = "https://eu-de.dataplatform.cloud.ibm.com"
OF_A_PROJECT = [
    f"{CONSOLE}/projects/{PROJECT}/overview?context=wx",
    f"{CONSOLE}/projects/{PROJECT.upper()}",
    f"{CONSOLE}/wx/prompt-details?context=wx&project_id={PROJECT}",
    f"{CONSOLE}/wx/home?projectId={PROJECT}#top",
    f"{CONSOLE}/projects/{PROJECT}/assets?project_id={PROJECT}",
    f"/projects/{PROJECT}/",
    f"project_id={PROJECT}",
]
OF_A_SPACE = [
    f"{CONSOLE}/ml-runtime/spaces/{PROJECT}/assets?context=cpdaas",
    f"{CONSOLE}/ml-runtime/deployments/x?space_id={PROJECT}",
]


@all_cases("address", OF_A_PROJECT)
def test_the_address_of_a_project_is_as_good_as_its_id(address):
    assert validate_id(f" {address}\n", "project") == PROJECT


@pytest.mark.parametrize("address", OF_A_SPACE)
def test_the_address_of_a_space_is_as_good_as_its_id(address):
    assert validate_id(address, "space") == PROJECT


def test_in_an_address_of_both_each_is_found():
    address = f"{CONSOLE}/ml-runtime/spaces/{SPACE}/assets?project_id={PROJECT}"
    assert validate_id(address, "project") == PROJECT
    assert validate_id(address, "space") == SPACE


@all_cases(
    ("address", "what", "other"),
    [*((address, "project", "space") for address in OF_A_SPACE),
     *((address, "space", "project") for address in OF_A_PROJECT)],
)  # fmt: skip
def test_the_address_of_the_other_one_says_so_and_how_to_give_it(address, what, other):
    with pytest.raises(ProjectError, match=f"address of a {other}, not of a {what}") as caught:
        validate_id(address, what)
    assert f"{other}_id=" in caught.value.hint
    assert f"--{other}" in caught.value.hint


@all_cases(
    "address",
    [
        f"{CONSOLE}/wx/home?context=wx",
        f"{CONSOLE}/data/catalogs/{PROJECT}",
        f"{CONSOLE}/projects/{PROJECT}x",
        f"{CONSOLE}/projects/{PROJECT}0",
        f"{CONSOLE}/projects/{PROJECT}?project_id={SPACE}",
        f"{CONSOLE}/subprojects/{PROJECT}",
        f"see projects/{PROJECT} please",
        "https://[",
    ],
)
def test_an_address_without_one_is_no_id(address):
    with pytest.raises(ProjectError, match="is not a UUID"):
        validate_id(address, "project")
