"""The exchange of a key for a token, byte for byte, and what IAM may answer."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs

import pytest
from support.cases import all_cases
from transport.servers import KEY, TOKEN, TOKEN_DOCUMENT, caught, held_by, http, shown

from wx_notebook.credentials.exchange.iam import exchange_api_key
from wx_notebook.credentials.exchange.token_exchange import DeferredBody
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import KeyRefused, ServiceDown
from wx_notebook.sandbox import Sandbox
from wx_notebook.transport import HttpRequest, Transport


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def asked(server, key=None, clock=None):
    # a secret has no text form, so that the name in this frame shows nothing
    transport, key = Transport(sleep=lambda _: None), key or Secret(KEY)
    return exchange_api_key(transport, server.url, key, clock=clock or Clock())


def jwt(**claims):
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims, "signature")]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_the_form_is_what_iam_documents(serve):
    server = serve()
    token = asked(server)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/identity/token")
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen.headers["accept"] == "application/json"
    assert seen.body == (
        f"grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey={KEY}".encode()
    )
    assert int(seen.headers["content-length"]) == len(seen.body)
    assert "authorization" not in seen.headers
    assert KEY not in seen.path
    assert token.value.reveal() == TOKEN


def test_the_reply_that_comes_back_holds_nothing_of_the_form(serve):
    """requests keeps the request at its reply."""
    key = Secret(KEY)
    call = HttpRequest(
        "POST", f"{serve().url}/identity/token", auth=DeferredBody(lambda: key.reveal())
    )
    reply = Transport().open(call)
    assert reply.status == 200
    assert KEY not in "".join(held_by(reply, but=(Secret,)))


@pytest.mark.parametrize("key", ["a+b&c=d%e/f", "a b", "Zq7_-"])
def test_a_key_is_encoded_so_that_it_arrives_whole(serve, key):
    server = serve()
    asked(server, Secret(key))
    assert parse_qs(server.seen[0].body.decode())["apikey"] == [key]


def test_the_life_of_a_token_counts_from_before_the_request_by_our_own_clock(serve):
    clock = Clock()

    def slowly(connection, _):
        clock.now += 7
        connection.sendall(http(200, TOKEN_DOCUMENT))
        return True

    server = serve(token=False)
    server.on("/identity/", slowly)
    token = asked(server, clock=clock)
    assert (token.expires_at, token.lifetime_s) == (1000 + 3600, 3600)


def test_a_wrong_wall_clock_of_the_service_does_no_harm():
    with Sandbox(wall_clock=lambda: 0.0, token_lifetime_s=900) as sandbox:
        token = exchange_api_key(
            Transport(), sandbox.url, Secret(sandbox.api_key), clock=lambda: 50.0
        )
    assert (token.expires_at, token.lifetime_s) == (950, 900)


@all_cases(
    ("claims", "subject"),
    [({"name": "Ada L", "email": "a@b.c", "iam_id": "IBMid-1"}, "Ada L"),
     ({"name": " ", "email": "a@b.c"}, "a@b.c"), ({"email": 7, "iam_id": "IBMid-1"}, "IBMid-1"),
     ({"sub": "somebody"}, "somebody"), ({}, ""), ({"name": "x" * 500}, "x" * 100)],
)  # fmt: skip
def test_whom_a_token_was_issued_to_is_read_where_it_can_be(serve, claims, subject):
    server = serve(token=False)
    server.on("/identity/", http(200, TOKEN_DOCUMENT | {"access_token": jwt(**claims)}))
    assert asked(server).subject == subject


@all_cases(
    "token",
    ["a.b.c", "a", "a.!!.c", "a.bnVsbA.c", "a.W10.c", "ä.ä.ä", "..",
     "a." + base64.b64encode(b"[" * 60_000).decode() + ".c"],
    ids=range(8),
)  # fmt: skip
def test_a_token_that_cannot_be_read_is_used_all_the_same(serve, token):
    server = serve(token=False)
    server.on("/identity/", http(200, TOKEN_DOCUMENT | {"access_token": token}))
    found = asked(server)
    assert (found.value.reveal(), found.subject) == (token, "")


#: Each of IAM's own reasons with its status, and what a user does about it.
REFUSALS = [
    (400, "BXNIM0415E", "Provided API key could not be found.", "does not know this API key",
     "Copy it again"),
    (400, "BXNIM0420E", "Provided API key is disabled.", "The API key is disabled", "Enable it"),
    (400, "BXNIM0462E", "Provided API key is disabled.", "The API key is disabled", "Enable it"),
    (400, "BXNIM0999E", "Provided API key is locked.", "The API key is locked", "Unlock it"),
    (403, "BXNIM0999E", "The API key has been locked by its owner", "is locked", "Unlock it"),
    (400, "BXNIM0410E", "Provided user not found or active.", "The user of the API key is disabled",
     "Ask the owner of the account"),
    (401, "BXNIM0436E", "User is suspended in the requested account or invalid.",
     "The user of the API key is disabled", "Ask the owner of the account"),
    (400, "BXNIM0999E", "User account is disabled.", "is disabled", "Ask the owner"),
    (401, "BXNIM0430E", "User login from given IP address is not permitted.",
     "does not allow this key from the IP address", "Allowed IP addresses"),
    (403, "BXNIM0999E", "Access from this IP is restricted", "from the IP address",
     "Allowed IP addresses"),
    (400, "BXNIM0141E", "User is not member of the specified account", "not a member",
     "for an invitation"),
    (403, "BXNIM0513E", "You are not authorized to use this API.", "has no rights here",
     "Access policies"),
    (403, "BXNIM0999E", "Service ID has no access policy", "has no rights here", "Service IDs"),
    (400, "BXNIM0999E", "The API key has expired.", "has expired", "Create a new key"),
    (400, "BXNIM0109E", "Property missing or empty.", "did not accept the API key",
     "Copy it again"),
]  # fmt: skip


@all_cases(("status", "code", "said", "first", "next_step"), REFUSALS)
def test_each_refusal_of_iam_has_its_own_next_step(serve, status, code, said, first, next_step):
    server = serve(token=False)
    reply = {"errorCode": code, "errorMessage": said, "context": {"requestId": "r-1"}}
    server.on("/identity/", http(status, reply))
    problem = caught(lambda: asked(server))
    assert type(problem) is KeyRefused
    what, quote = problem.message.split("\n")
    assert first in what
    assert quote == f"IAM said: {said} ({code}) Request r-1."
    assert next_step in problem.hint
    assert "cloud.ibm.com > Manage" in problem.hint
    assert len(server.seen) == 1, "a wrong key does not get right"


def test_the_details_of_iam_name_the_address(serve):
    server = serve(token=False)
    details = (
        "The given IP address '192.0.2.7' is not contained in the list of allowed IP addresses."
    )
    reply = {"errorCode": "BXNIM0430E", "errorMessage": "Not permitted.", "errorDetails": details}
    server.on("/identity/", http(401, reply))
    assert "'192.0.2.7'" in caught(lambda: asked(server)).message


@all_cases("status", [429, 500, 502, 503])
def test_a_failure_of_iam_says_that_the_key_is_not_to_blame(serve, status):
    server = serve(token=False)
    server.on("/identity/", http(status, {"errorCode": "BXNIM0999E", "errorMessage": "Not now."}))
    problem = caught(lambda: asked(server))
    assert type(problem) is ServiceDown
    assert problem.message == (
        f"IAM at {server.url} can't issue tokens at the moment.\nIAM said: Not now. (BXNIM0999E)"
    )
    assert len(server.seen) == 3


@all_cases(
    "body",
    [b"", b"null", b"[]", b'"text"', b"7", b"{}",
     b'{"access_token": "x"}', b'{"expires_in": 3600}', b'{"access_token": "", "expires_in": 3600}',
     b'{"access_token": "x", "expires_in": 0}', b'{"access_token": "x", "expires_in": -1}',
     b'{"access_token": "x", "expires_in": NaN}', b'{"access_token": "x", "expires_in": Infinity}',
     b'{"access_token": "x", "expires_in": 1e999}', b'{"access_token": 7, "expires_in": 3600}',
     b'{"access_token": "x", "expires_in": null}', b'{"access_token": "x", "expires_in": "soon"}',
     b'{"access_token": "x", "expires_in": 1' + b"0" * 400 + b"}"],
)  # fmt: skip
def test_an_answer_that_is_no_token_is_no_token(serve, body):
    server = serve(token=False)
    server.on("/identity/", http(200, body, kind="application/json"))
    problem = caught(lambda: asked(server))
    assert type(problem) is ServiceDown
    assert problem.message == f"IAM at {server.url} answered without a token."
    assert "sign-in page" in problem.hint


def test_a_life_in_a_text_is_read(serve):
    server = serve(token=False)
    server.on("/identity/", http(200, TOKEN_DOCUMENT | {"expires_in": "900"}))
    assert asked(server).lifetime_s == 900


@all_cases("where", ["errorMessage", "errorCode", "errorDetails", "requestId"])
def test_a_refusal_that_quotes_the_key_is_shown_without_it(serve, where):
    said = {"errorCode": "C", "errorMessage": "M", where: f"{KEY}!", "context": {where: f"{KEY}!"}}
    server = serve(token=False)
    server.on("/identity/", http(400, said))
    assert KEY[:12] not in shown(caught(lambda: asked(server)))


def test_a_long_refusal_is_quoted_in_part_and_not_half_of_a_key(serve):
    server = serve(token=False)
    server.on("/identity/", http(400, {"errorMessage": "word " * 58 + KEY, "errorCode": "c" * 999}))
    problem = caught(lambda: asked(server))
    assert len(problem.message) < 500
    assert KEY[:8] not in problem.message


def test_a_token_without_its_value_is_all_that_a_token_shows(serve):
    token = asked(serve())
    assert TOKEN not in repr(token)
    assert TOKEN not in str(token)
