"""A trusted profile: a token of the user in exchange for one of the profile."""

from __future__ import annotations

import pytest
from support.cases import all_cases

from wx_notebook.sandbox import Sandbox

ASSUME = "urn:ibm:params:oauth:grant-type:assume"


@pytest.fixture
def assume(client):
    """Asks for the profile's token in the query, as IBM's Python SDK does."""

    def send(**change: object):
        query = {
            "grant_type": ASSUME,
            "access_token": client.token or client.sign_in(),
            "profile_id": client.sandbox.profile_id,
            **change,
        }
        sent = {name: value for name, value in query.items() if value is not ...}
        return client.http.post(f"{client.sandbox.url}/identity/token", params=sent, timeout=10)

    return send


def test_a_profile_is_assumed_and_its_token_says_so(client, assume, claims_of):
    user = claims_of(client.sign_in())
    document = assume().json()
    profile = claims_of(document["access_token"])
    assert profile["sub_type"] == "Profile"
    assert profile["sub"] == client.sandbox.profile_id
    assert profile["account"] == user["account"]
    assert "sub_type" not in user
    assert document["expires_in"] == document["expiration"] - profile["iat"] == 3600
    client.token = document["access_token"]
    assert client.chat().status_code == 200


@all_cases(
    ("change", "code"),
    [
        ({"profile_id": "Profile-00000000-0000-4000-8000-000000000000"}, "BXNIM0513E"),
        ({"profile_id": "ä"}, "BXNIM0513E"),
        ({"profile_id": ...}, "BXNIM0109E"),
        ({"profile_id": ""}, "BXNIM0109E"),
        ({"access_token": ...}, "BXNIM0109E"),
        ({"access_token": "made.up.token"}, "BXNIM0401E"),
        ({"grant_type": ...}, "BXNIM0109E"),
        ({"grant_type": "urn:ibm:params:oauth:grant-type:apikey"}, "BXNIM0109E"),
    ],
)
def test_an_unknown_profile_or_token_is_refused(assume, change, code):
    reply = assume(**change)
    assert (reply.status_code, reply.json()["errorCode"]) == (400, code)
    assert reply.json()["errorMessage"]


def test_a_token_that_has_expired_assumes_nothing(client, assume, clock):
    client.sign_in()
    clock.now += 3600
    assert assume().json()["errorCode"] == "BXNIM0401E"


def test_a_profile_is_taken_on_by_a_form_as_well(client):
    """As IBM's SDK core sends it: a token in a URL would stand in logs."""
    form = {
        "grant_type": ASSUME,
        "access_token": client.sign_in(),
        "profile_id": client.sandbox.profile_id,
    }
    reply = client.http.post(f"{client.sandbox.url}/identity/token", data=form, timeout=10)
    assert reply.status_code == 200
    assert reply.json()["access_token"] != form["access_token"]


def test_a_key_in_the_query_is_not_read(client):
    query = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": "x"}
    reply = client.http.post(f"{client.sandbox.url}/identity/token", params=query, timeout=10)
    assert reply.json()["errorCode"] == "BXNIM0109E"


def test_the_token_in_the_query_is_not_recorded(client, assume):
    token = client.sign_in()
    assume()
    assert token not in repr(client.sandbox.calls)
    assert client.sandbox.calls[-1].query["access_token"] == "<hidden>"
    assert client.sandbox.calls[-1].query["profile_id"] == client.sandbox.profile_id


def test_where_no_ibm_cloud_iam_is_no_profile_can_be_assumed(client_of, code_of):
    for kind in ("mcsp", "software"):
        with Sandbox(kind=kind) as sandbox:
            query = {
                "grant_type": ASSUME,
                "access_token": sandbox.issue_token(),
                "profile_id": sandbox.profile_id,
            }
            url = f"{sandbox.url}/identity/token"
            reply = client_of(sandbox).http.post(url, params=query, timeout=10)
        assert code_of(reply) == (404, "not_found")
