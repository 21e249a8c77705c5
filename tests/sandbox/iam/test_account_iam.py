"""The account IAM of AWS regions and GovCloud."""

from __future__ import annotations

import json

import pytest
from support.cases import all_cases

from wx_notebook.sandbox import Sandbox

AWS = "/api/2.0/apikeys/token"
GOV = "/api/rest/mcsp/apikeys/token"
NOW = 1_790_000_000.5


@pytest.fixture
def sandbox(clock):
    with Sandbox(kind="mcsp", clock=clock, wall_clock=lambda: NOW) as running:
        yield running


@pytest.fixture
def exchange(client):
    """Sends a body to the account IAM: JSON, or a form if it is bytes or a list of pairs."""

    def send(body: object = None, path: str = AWS):
        body = {"apikey": client.sandbox.api_key} if body is None else body
        sent = {"data": body} if isinstance(body, (bytes, list)) else {"json": body}
        return client.http.post(client.sandbox.url + path, timeout=10, **sent)

    return send


@pytest.mark.parametrize("path", [AWS, GOV])
def test_a_key_in_json_becomes_a_token_that_opens_the_service(client, exchange, claims_of, path):
    document = exchange(path=path).json()
    client.token = document.pop("token")
    assert document == {"token_type": "Bearer", "expires_in": 3600}
    told = claims_of(client.token)
    assert (told["iat"], told["exp"]) == (1_790_000_000, 1_790_003_600)
    assert client.chat().status_code == 200
    assert client.sandbox.counts == {"token": 1, "chat": 1}


@all_cases(
    "body",
    [{"apikey": "k" * 44}, {"apikey": "schlüssel"}, {"apikey": "\ud800"}, {"apikey": "x", "b": 1}],
)
def test_a_wrong_key_could_not_be_found(exchange, body):
    reply = exchange(json.dumps(body).encode())
    assert (reply.status_code, reply.json()["errorCode"]) == (400, "BXNIM0415E")
    assert reply.json()["errorMessage"] == "Provided API key could not be found."


@all_cases(
    "body",
    [
        *({}, {"apikey": ""}, {"apikey": None}, {"apikey": 5}, {"api_key": "KEY"}),
        *([("apikey", "KEY")], [("grant_type", "x"), ("apikey", "KEY")]),
        *(b"", b"{", b"[]", b"null", b"[" * 100_000, b"\xff"),
    ],
)
def test_a_form_or_a_body_without_the_key_is_refused(client, exchange, body):
    if isinstance(body, list):
        body = [(name, value.replace("KEY", client.sandbox.api_key)) for name, value in body]
    reply = exchange(body)
    assert (reply.status_code, reply.json()["errorCode"]) == (400, "BXNIM0109E")
    assert reply.json()["errorMessage"]
    assert "token" not in reply.json()


def test_a_disabled_key_is_refused_while_tokens_that_are_out_stay_good(client, exchange):
    client.token = exchange().json()["token"]
    client.sandbox.disable_key()
    assert exchange().json()["errorCode"] == "BXNIM0420E"
    assert client.chat().status_code == 200


def test_a_wrong_method_gets_iams_own_error(client):
    reply = client.get(AWS, auth=False)
    assert (reply.status_code, reply.json()["errorCode"]) == (405, "BXNIM0060E")


@pytest.mark.parametrize(
    "path",
    [
        *("/identity/token", "/icp4d-api/v1/authorize", "/idprovider/v1/auth/identitytoken"),
        *("/v1/preauth/validateAuth", "/ml/wml_services/v2/version"),
    ],
)
def test_a_sign_in_at_the_path_of_another_kind_is_404(client, code_of, exchange, path):
    assert code_of(exchange(path=path)) == (404, "not_found")
    assert code_of(client.get(path, auth=False)) == (404, "not_found")
    assert client.sandbox.counts == {"other": 2}


@pytest.mark.parametrize("path", [AWS, GOV])
def test_the_cloud_knows_nothing_of_it(client_of, code_of, path):
    with Sandbox() as cloud:
        reply = client_of(cloud).http.post(
            cloud.url + path, json={"apikey": cloud.api_key}, timeout=10
        )
    assert code_of(reply) == (404, "not_found")


def test_its_faults_are_those_of_any_iam(client, exchange):
    client.sandbox.fault("iam-500")
    client.sandbox.fault("iam-html")
    assert [exchange().status_code for _ in range(3)] == [500, 502, 200]


def test_its_keys_have_not_the_length_of_an_ibm_cloud_key(client):
    assert len(client.sandbox.api_key) != 44


def test_neither_our_key_nor_any_other_is_recorded(client, exchange):
    for path in (AWS, "/identity/token", "/icp4d-api/v1/authorize"):
        exchange(path=path)
        exchange({"apikey": "a key of somebody else"}, path=path)
    seen = repr(client.sandbox.calls)
    assert client.sandbox.api_key not in seen
    assert "somebody else" not in seen
