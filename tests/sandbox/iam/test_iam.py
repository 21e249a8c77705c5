"""The exchange of a key for a token, and the life of a token."""

from __future__ import annotations

import base64
import json
import re

import pytest
from support.cases import all_cases

from wx_notebook.sandbox import Sandbox


def decoded(part: str) -> dict[str, object]:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def iam_code(reply) -> tuple[int, str]:
    document = reply.json()
    assert document["errorMessage"]
    assert document["context"]["requestId"]
    return reply.status_code, document["errorCode"]


def test_the_key_has_the_form_of_an_ibm_cloud_key(sandbox):
    assert re.fullmatch(r"[A-Za-z0-9_-]{44}", sandbox.api_key)


def test_a_token_comes_with_all_seven_fields(client_of):
    with Sandbox(token_lifetime_s=900, wall_clock=lambda: 1_790_000_000.5) as sandbox:
        from_iam = client_of(sandbox).exchange().json()
    token = from_iam.pop("access_token")
    assert from_iam == {
        "refresh_token": "not_supported",
        "ims_user_id": 1234567,
        "token_type": "Bearer",
        "expires_in": 900,
        "expiration": 1_790_000_900,
        "scope": "ibm openid",
    }
    header, claims, signature = token.split(".")
    assert decoded(header)["alg"] == "RS256"
    assert decoded(header)["kid"]
    assert len(base64.urlsafe_b64decode(signature + "==")) == 256
    told = decoded(claims)
    assert (told["iat"], told["exp"]) == (1_790_000_000, 1_790_000_900)
    assert told["iss"] == "https://iam.cloud.ibm.com/identity"
    assert told["name"] == "Sandbox User"
    assert told["account"]["bss"]
    assert {"sub", "iam_id", "email", "given_name", "family_name"} <= set(told)


def test_fields_may_come_in_any_order_with_others_and_with_or_without_a_basic_header(client):
    url = f"{client.sandbox.url}/identity/token"
    form = {
        "response_type": "cloud_iam",
        "apikey": client.sandbox.api_key,
        "scope": "x",
        "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
    }
    for auth in (None, ("bx", "bx")):
        reply = client.http.post(url, data=form, auth=auth, timeout=10)
        assert reply.status_code == 200


@all_cases(
    ("form", "named"),
    [
        ({"apikey": "KEY"}, "grant_type"),
        ({"grant_type": "urn:ibm:params:oauth:grant-type:apikey"}, "apikey"),
        ({"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": ""}, "apikey"),
        ({"grant_type": "password", "apikey": "KEY"}, "grant_type"),
        ({}, "grant_type"),
    ],
)
def test_what_is_missing_or_wrong_in_the_form_is_named(client, form, named):
    filled = {name: value.replace("KEY", client.sandbox.api_key) for name, value in form.items()}
    reply = client.http.post(f"{client.sandbox.url}/identity/token", data=filled, timeout=10)
    assert iam_code(reply) == (400, "BXNIM0109E")
    assert reply.json()["errorDetails"].startswith(named)


@pytest.mark.parametrize("key", ["k" * 44, "schlüssel", "x"])
def test_an_unknown_key_could_not_be_found(client, key):
    reply = client.exchange(key)
    assert iam_code(reply) == (400, "BXNIM0415E")
    assert reply.json()["errorMessage"] == "Provided API key could not be found."


def test_a_disabled_key_is_refused_while_tokens_that_are_out_stay_good(client):
    client.sign_in()
    client.sandbox.disable_key()
    assert iam_code(client.exchange()) == (400, "BXNIM0420E")
    assert client.chat().status_code == 200


def test_a_wrong_method_gets_iams_own_error(client):
    assert iam_code(client.get("/identity/token", auth=False)) == (405, "BXNIM0060E")


@all_cases(
    "header", [None, "Bearer", "Bearer ", "Bearer a.b.c", "Basic Yng6Yng=", "nonsense", "{token}"]
)
@all_cases("path", ["/ml/v1/text/chat", "/v2/projects", "/v2/spaces/x"])
def test_without_a_token_of_ours_nothing_is_answered(client, code_of, header, path):
    token = client.sign_in()
    headers = {} if header is None else {"Authorization": header.format(token=token)}
    send = client.http.post if path.startswith("/ml") else client.http.get
    reply = send(client.sandbox.url + path, headers=headers, timeout=10)
    assert code_of(reply) == (401, "authentication_token_not_valid")


def test_a_token_dies_when_its_time_is_over_and_not_before(client, clock, code_of):
    client.sign_in()
    clock.now += 3599.9
    assert client.chat().status_code == 200
    clock.now += 0.1
    assert code_of(client.chat()) == (401, "authentication_token_expired")
    client.sign_in()
    assert client.chat().status_code == 200


def test_revoked_tokens_are_not_valid_any_more_and_new_ones_are(client, code_of):
    client.sign_in()
    client.sandbox.revoke_tokens()
    assert code_of(client.chat()) == (401, "authentication_token_not_valid")
    client.sign_in()
    assert client.chat().status_code == 200
