"""A cluster with watsonx.ai software: the ways to sign in."""

from __future__ import annotations

import base64

import pytest
from support.cases import all_cases

from wx_notebook.sandbox import Sandbox

AUTHORIZE = "/icp4d-api/v1/authorize"
IDENTITY = "/idprovider/v1/auth/identitytoken"
VALIDATE = "/v1/preauth/validateAuth"
VERSION = "/ml/wml_services/v2/version"
NOW = 1_790_000_000.5
NOT_VALID = (401, "authentication_token_not_valid")


class Cluster:
    """Signs in at a cluster; `USER`, `PASSWORD` and `KEY` stand for the real ones."""

    def __init__(self, client) -> None:
        self.client = client
        self.sandbox = client.sandbox

    def real(self, text):
        words = {
            "USER": self.sandbox.username,
            "PASSWORD": self.sandbox.password,
            "KEY": self.sandbox.api_key,
        }
        return words.get(text, text) if isinstance(text, str) else text

    def post(self, path: str, **sent):
        return self.client.http.post(self.sandbox.url + path, timeout=10, **sent)

    def authorize(self, **body):
        return self.post(AUTHORIZE, json={name: self.real(v) for name, v in body.items()})

    def identity(self, **change):
        form = {"grant_type": "password", "scope": "openid", "username": "USER"}
        form = {**form, "password": "PASSWORD", **change}
        filled = {name: self.real(v) for name, v in form.items() if v is not ...}
        return self.post(IDENTITY, data=filled)

    def validate(self, token: str, username: str = "USER"):
        headers = {"username": self.real(username), "iam-token": token}
        return self.client.http.get(self.sandbox.url + VALIDATE, headers=headers, timeout=10)

    def projects(self, authorization: str):
        headers = {"Authorization": authorization}
        url = f"{self.sandbox.url}/v2/projects"
        return self.client.http.get(url, headers=headers, timeout=10)

    def zen(self, text: str) -> str:
        for word in ("USER", "PASSWORD", "KEY"):
            text = text.replace(word, self.real(word))
        return f"ZenApiKey {base64.b64encode(text.encode()).decode()}"


@pytest.fixture
def sandbox(clock):
    with Sandbox(kind="software", clock=clock, wall_clock=lambda: NOW) as running:
        yield running


@pytest.fixture
def cluster(client):
    return Cluster(client)


@pytest.mark.parametrize(
    "body",
    [
        {"username": "USER", "password": "PASSWORD"},
        {"username": "USER", "api_key": "KEY"},
        {"username": "USER", "password": None, "api_key": "KEY"},
        {"username": "USER", "password": "PASSWORD", "api_key": None},
        {"username": "USER", "password": "", "api_key": "KEY"},
        {"username": "USER", "password": "PASSWORD", "account_id": "999"},
    ],
)
def test_a_password_or_a_key_becomes_a_token_that_opens_the_service(cluster, claims_of, body):
    document = cluster.authorize(**body).json()
    token = document.pop("token")
    assert document == {"_messageCode_": "200", "message": "Success"}
    told = claims_of(token)
    assert (told["iat"], told["exp"]) == (1_790_000_000, 1_790_003_600)
    assert told["username"] == cluster.sandbox.username
    cluster.client.token = token
    assert cluster.client.chat().status_code == 200
    assert cluster.sandbox.counts == {"token": 1, "chat": 1}


@all_cases(
    ("body", "status"),
    [
        ({"username": "USER", "password": "wrong"}, 401),
        ({"username": "USER", "api_key": "wrong"}, 401),
        ({"username": "USER", "password": "KEY"}, 401),
        ({"username": "USER", "api_key": "PASSWORD"}, 401),
        ({"username": "USER", "password": "PASSWORD", "api_key": "wrong"}, 401),
        ({"username": "user", "password": "PASSWORD"}, 401),
        ({"username": "USER"}, 400),
        ({"username": "USER", "password": None, "api_key": None}, 400),
        ({"username": None, "password": "PASSWORD"}, 400),
        ({"password": "PASSWORD"}, 400),
        ({"username": "USER", "password": 5}, 400),
        ({}, 400),
    ],
)
def test_a_failed_sign_in_gets_an_error_in_json(cluster, body, status):
    reply = cluster.authorize(**body)
    assert reply.status_code == status
    assert set(reply.json()) == {"_messageCode_", "message"}
    assert reply.json()["message"]


def test_a_form_does_not_authorize(cluster):
    form = {"username": cluster.sandbox.username, "password": cluster.sandbox.password}
    assert cluster.post(AUTHORIZE, data=form).status_code == 400


def test_the_iam_of_a_cluster_takes_two_steps(cluster):
    first = cluster.identity().json()
    identity_token = first.pop("access_token")
    assert first == {"token_type": "Bearer", "expires_in": 3600, "scope": "openid"}
    second = cluster.validate(identity_token).json()
    cluster.client.token = second.pop("accessToken")
    assert second == {
        "username": cluster.sandbox.username,
        "role": "Admin",
        "permissions": ["administrator", "can_provision"],
        "sub": cluster.sandbox.username,
        "iss": "KNOXSSO",
        "aud": "DSX",
        "uid": "1000330999",
        "_messageCode_": "success",
        "message": "success",
    }
    assert cluster.client.chat().status_code == 200
    assert cluster.sandbox.counts == {"token": 1, "validate": 1, "chat": 1}


def test_the_token_of_the_first_step_does_not_open_the_service(cluster, code_of):
    cluster.client.token = cluster.identity().json()["access_token"]
    assert code_of(cluster.client.chat()) == NOT_VALID


def test_the_second_step_wants_the_token_of_the_first_and_its_user(cluster, clock):
    token = cluster.identity().json()["access_token"]
    assert cluster.validate(token, "somebody").status_code == 401
    assert cluster.validate("made-up").status_code == 401
    assert cluster.validate(cluster.sandbox.issue_token()).status_code == 401
    assert cluster.client.get(VALIDATE, auth=False).status_code == 400
    clock.now += 3600
    reply = cluster.validate(token)
    assert reply.status_code == 401
    assert reply.json()["message"]


@all_cases(
    ("change", "error"),
    [
        ({"password": "wrong"}, "invalid_grant"),
        ({"password": "KEY"}, "invalid_grant"),
        ({"username": "somebody"}, "invalid_grant"),
        ({"password": ...}, "invalid_request"),
        ({"scope": ...}, "invalid_request"),
        ({"grant_type": ...}, "invalid_request"),
        ({"grant_type": "apikey"}, "unsupported_grant_type"),
        ({"scope": "email"}, "invalid_scope"),
    ],
)
def test_the_first_step_is_refused_as_oauth_says(cluster, change, error):
    reply = cluster.identity(**change)
    assert (reply.status_code, reply.json()["error"]) == (400, error)
    assert reply.json()["error_description"]


def test_a_password_that_a_client_does_not_encode_is_wrong(cluster):
    plain = f"grant_type=password&scope=openid&username={cluster.sandbox.username}&password="
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = cluster.post(IDENTITY, data=plain + cluster.sandbox.password, headers=headers)
    assert reply.json()["error"] == "invalid_grant"


def test_a_zen_key_opens_everything_without_an_exchange(cluster):
    zen = cluster.zen("USER:KEY")
    sandbox, http = cluster.sandbox, cluster.client.http
    headers = {"Authorization": zen}
    for path in ("projects", f"projects/{sandbox.project_id}", "spaces"):
        assert http.get(f"{sandbox.url}/v2/{path}", headers=headers, timeout=10).ok
    for call in ("chat", "chat_stream", "generation"):
        url = f"{sandbox.url}/ml/v1/text/{call}?version=2026-10-14"
        make = cluster.client.chat_body if "chat" in call else cluster.client.generation_body
        assert http.post(url, json=make(), headers=headers, timeout=10).status_code == 200
    assert sandbox.counts["token"] == 0


@all_cases(
    "text", ["USER:wrong", "USER:PASSWORD", "somebody:KEY", "USER:", ":KEY", "KEY", "USER:KEY:", ""]
)
def test_a_wrong_zen_key_is_refused(cluster, code_of, text):
    assert code_of(cluster.projects(cluster.zen(text))) == NOT_VALID


@all_cases("value", ["ZenApiKey", "ZenApiKey ", "ZenApiKey ???", "ZenApiKey /w=="])
def test_a_zen_key_that_is_not_base64_is_refused(cluster, code_of, value):
    assert code_of(cluster.projects(value)) == NOT_VALID


def test_a_zen_key_is_one_in_base64_only_and_no_bearer_token(cluster, code_of):
    user, key = cluster.sandbox.username, cluster.sandbox.api_key
    assert code_of(cluster.projects(f"ZenApiKey {user}:{key}")) == NOT_VALID
    as_bearer = cluster.zen("USER:KEY").replace("ZenApiKey", "Bearer")
    assert code_of(cluster.projects(as_bearer)) == NOT_VALID
    assert cluster.projects(cluster.zen("USER:KEY").replace("ZenApiKey", "zenapikey")).ok


def test_the_cloud_takes_no_zen_key(client_of, code_of):
    with Sandbox() as cloud:
        at_cloud = Cluster(client_of(cloud))
        assert code_of(at_cloud.projects(at_cloud.zen("USER:KEY"))) == NOT_VALID


def test_a_disabled_key_is_refused_everywhere_and_the_password_is_not(cluster, code_of):
    cluster.client.token = cluster.sandbox.issue_token()
    cluster.sandbox.disable_key()
    assert cluster.authorize(username="USER", api_key="KEY").status_code == 401
    assert code_of(cluster.projects(cluster.zen("USER:KEY"))) == NOT_VALID
    assert cluster.authorize(username="USER", password="PASSWORD").status_code == 200
    assert cluster.client.chat().status_code == 200


def test_revoking_ends_the_tokens_of_both_steps_and_leaves_the_key(cluster, code_of):
    identity_token = cluster.identity().json()["access_token"]
    cluster.client.token = cluster.validate(identity_token).json()["accessToken"]
    cluster.sandbox.revoke_tokens()
    assert code_of(cluster.client.chat()) == NOT_VALID
    assert cluster.validate(identity_token).status_code == 401
    assert cluster.projects(cluster.zen("USER:KEY")).ok


def test_the_version_needs_no_sign_in(cluster):
    reply = cluster.client.get(VERSION, auth=False)
    assert reply.json() == {"version": "5.3.0"}
    assert cluster.sandbox.counts == {"version": 1}


@all_cases("path", [AUTHORIZE, IDENTITY, VALIDATE, VERSION])
def test_the_error_of_a_wrong_method_names_the_right_one(cluster, path):
    right, send = ("GET", "post") if path in (VALIDATE, VERSION) else ("POST", "get")
    reply = getattr(cluster.client.http, send)(cluster.sandbox.url + path, timeout=10)
    assert reply.status_code == 405
    assert f"Use {right}." in reply.json()["message"]


@pytest.mark.parametrize(
    "path", ["/identity/token", "/api/2.0/apikeys/token", "/api/rest/mcsp/apikeys/token"]
)
def test_a_sign_in_as_at_the_cloud_is_404(cluster, code_of, path):
    sent = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": "any"}
    assert code_of(cluster.post(path, data=sent)) == (404, "not_found")


@pytest.mark.parametrize("path", [AUTHORIZE, IDENTITY, VALIDATE, VERSION])
def test_the_cloud_knows_nothing_of_a_cluster(client_of, code_of, path):
    with Sandbox() as cloud:
        client = client_of(cloud)
        assert code_of(client.get(path)) == (404, "not_found")
        assert code_of(client.post(path, {})) == (404, "not_found")


def test_a_slow_or_failing_sign_in_can_be_aimed_at_the_second_step(cluster):
    cluster.sandbox.fault("iam-500", on="validate")
    token = cluster.identity().json()["access_token"]
    assert [cluster.validate(token).status_code for _ in range(2)] == [500, 200]


def test_neither_password_nor_key_nor_token_is_recorded(cluster):
    password, key = cluster.sandbox.password, cluster.sandbox.api_key
    cluster.authorize(username="USER", password="PASSWORD")
    cluster.authorize(username="USER", api_key="KEY")
    token = cluster.identity().json()["access_token"]
    cluster.validate(token)
    cluster.projects(cluster.zen("USER:KEY"))
    cluster.post("/elsewhere", data={"x": password, "y": key})
    cluster.post("/elsewhere", json={"x": password, "y": key})
    cluster.identity(password="a password of somebody else")
    cluster.authorize(username="USER", password="a password of somebody else")
    seen = repr(cluster.sandbox.calls)
    for secret in (password, password.removesuffix("+&=%"), key, token, "somebody"):
        assert secret not in seen
    bodies = [call.body for call in cluster.sandbox.calls if call.path == IDENTITY]
    assert b"password=<hidden>" in bodies[0]
