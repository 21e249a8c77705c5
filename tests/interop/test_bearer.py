"""The session's tokens in the hands of another library's HTTP client."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle

import pytest

import wx_notebook as wx
from wx_notebook.errors import KeyRefused, NotConnected
from wx_notebook.interop.bearer import KEY_PLACEHOLDER, SessionTokens, bearer_auth, ca_bundle_of
from wx_notebook.sandbox import Sandbox

httpx = pytest.importorskip("httpx")

PATH = "/ml/v1/text/chat?version=2026-10-14"
AS_OURS = {"Authorization": f"Bearer {KEY_PLACEHOLDER}"}


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def aging(clock):
    """A sandbox whose tokens age by a clock that the test moves."""
    with Sandbox(clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
def held(aging, clock):
    from wx_notebook.credentials.connection_params import ConnectionParams
    from wx_notebook.credentials.secret import Secret
    from wx_notebook.session import Session
    from wx_notebook.transport import Transport

    given = ConnectionParams(
        "arguments", api_key=Secret(aging.api_key), url=aging.url, project_id=aging.project_id
    )
    session = Session(given, transport=Transport(), clock=clock)
    yield session
    session.close()


def body(session):
    return {
        "model_id": "ibm/granite-4-h-small",
        "messages": [{"role": "user", "content": "hello"}],
        **session.scope.as_body(),
    }


def client_of(session, **how):
    return httpx.Client(
        auth=bearer_auth(httpx, SessionTokens(session)), base_url=session.endpoints.url,
        headers=AS_OURS, trust_env=False, **how,
    )  # fmt: skip


def test_a_request_is_signed_with_the_token_of_the_moment(held, aging):
    with client_of(held) as client:
        assert client.post(PATH, json=body(held)).status_code == 200
    assert aging.counts["token"] == 1


def test_past_the_tokens_end_it_goes_on(held, aging, clock):
    with client_of(held) as client:
        client.post(PATH, json=body(held))
        clock.now += 3 * 3600
        assert client.post(PATH, json=body(held)).status_code == 200
    assert [call.status for call in aging.calls if call.kind == "chat"] == [200, 200]


def test_after_a_revocation_the_request_is_sent_once_more(held, aging):
    with client_of(held) as client:
        client.post(PATH, json=body(held))
        aging.revoke_tokens()
        assert client.post(PATH, json=body(held)).status_code == 200
    assert [call.status for call in aging.calls if call.kind == "chat"] == [200, 401, 200]
    assert aging.counts["token"] == 2


def test_a_stream_survives_a_revocation_too(held, aging):
    with client_of(held) as client:
        client.post(PATH, json=body(held))
        aging.revoke_tokens()
        path = PATH.replace("/chat", "/chat_stream")
        with client.stream("POST", path, json=body(held)) as reply:
            assert reply.status_code == 200
            assert "data:" in "".join(reply.iter_text())


def test_of_a_new_token_the_service_means_what_it_says(held, aging):
    asked = []

    def refuse(request):
        asked.append(request.headers["Authorization"])
        return httpx.Response(401)

    with client_of(held, transport=httpx.MockTransport(refuse)) as client:
        assert client.post(PATH, json=body(held)).status_code == 401
    assert len(asked) == len(set(asked)) == 2
    assert aging.counts["token"] == 2


def test_in_an_event_loop_it_does_the_same(held, aging):
    async def go():
        auth = bearer_auth(httpx, SessionTokens(held))
        async with httpx.AsyncClient(
            auth=auth, base_url=held.endpoints.url, headers=AS_OURS, trust_env=False
        ) as client:
            first = await client.post(PATH, json=body(held))
            aging.revoke_tokens()
            second = await client.post(PATH, json=body(held))
            elsewhere = await client.get(aging.url, headers={"Authorization": "Bearer mine"})
            return first.status_code, second.status_code, elsewhere.request.headers

    first, second, headers = asyncio.run(go())
    assert (first, second) == (200, 200)
    assert headers["Authorization"] == "Bearer mine"


def test_no_other_host_gets_the_token(held):
    with Sandbox() as other, client_of(held) as client:
        reply = client.post(other.url + PATH, json=body(held))
    assert reply.request.headers["Authorization"] == AS_OURS["Authorization"]
    assert reply.status_code == 401


def test_a_token_that_the_user_gave_the_client_stays(held, aging):
    # `APIClient.set_token`, `OpenAI.with_options(api_key=...)`
    theirs = aging.issue_token()
    with client_of(held) as client:
        reply = client.post(PATH, json=body(held), headers={"Authorization": f"Bearer {theirs}"})
    assert reply.request.headers["Authorization"] == f"Bearer {theirs}"
    assert reply.status_code == 200
    assert held.state.token is None


def test_what_was_read_from_a_file_is_not_sent_twice(held, aging):
    with client_of(held) as client:
        client.post(PATH, json=body(held))
        aging.revoke_tokens()
        pieces = iter([json.dumps(body(held)).encode()])
        assert client.post(PATH, content=pieces).status_code == 401
        # the token is known to be revoked all the same
        assert client.post(PATH, json=body(held)).status_code == 200


def test_what_our_renewal_says_reaches_the_caller(held, aging):
    aging.disable_key()
    with client_of(held) as client, pytest.raises(KeyRefused):
        client.post(PATH, json=body(held))


def test_a_closed_session_says_so(held):
    with client_of(held) as client:
        held.close()
        with pytest.raises(NotConnected):
            client.post(PATH, json=body(held))


def test_the_tokens_show_nothing_and_cannot_be_pickled(held, aging):
    tokens = SessionTokens(held)
    token = tokens.token().value.reveal()
    assert repr(tokens) == "<tokens of a wx_notebook session>"
    assert copy.deepcopy(tokens) is tokens is copy.copy(tokens)
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(tokens)
    slots = [repr(getattr(tokens, name)) for kind in type(tokens).__mro__
             for name in getattr(kind, "__slots__", ())]  # fmt: skip
    assert token not in "".join(slots)
    assert aging.api_key not in "".join(slots)


def test_the_authorities_of_the_session_come_before_those_of_the_environment(sandbox, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    session = wx.connect(api_key=sandbox.api_key, url=sandbox.url)
    assert ca_bundle_of(session) == ""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/company.pem")
    assert ca_bundle_of(session) == "/company.pem"
    session = wx.connect(api_key=sandbox.api_key, url=sandbox.url, ca_bundle="/own.pem")
    assert ca_bundle_of(session) == "/own.pem"
