"""IBM's own SDK, handed a session: it goes on past a token's end, and holds no key."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import pickle

import pytest

import wx_notebook as wx
from wx_notebook.errors import KeyRefused, ProjectError, ServiceDown
from wx_notebook.sandbox import Sandbox

pytestmark = pytest.mark.slow

pytest.importorskip("ibm_watsonx_ai")
pytest.importorskip("trustme")

MODEL = "ibm/granite-4-h-small"
MESSAGES = [{"role": "user", "content": "What is a watt?"}]


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sandbox(clock):
    with Sandbox(tls=True, clock=clock) as running:
        yield running


@pytest.fixture
def session(sandbox, clock):
    """As `wx.connect` makes it, but with a clock that the test moves."""
    from wx_notebook.credentials.connection_params import ConnectionParams
    from wx_notebook.credentials.secret import Secret
    from wx_notebook.session import Session
    from wx_notebook.transport import Transport

    given = ConnectionParams(
        "arguments", api_key=Secret(sandbox.api_key), url=sandbox.url,
        project_id=sandbox.project_id, ca_bundle=str(sandbox.ca_file),
    )  # fmt: skip
    made = Session(given, transport=Transport(ca_bundle=given.ca_bundle), clock=clock)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _the_sdk_writes_into_the_environment(monkeypatch):
    monkeypatch.setenv("WX_CLIENT_VERIFY_REQUESTS", "true")


def inference(**signed_in):
    from ibm_watsonx_ai.foundation_models import ModelInference

    return ModelInference(model_id=MODEL, **signed_in)


def text_of(answer):
    return answer["choices"][0]["message"]["content"]


def ways(session):
    """The ways of IBM's documentation to sign in, by name."""
    scope = session.scope.as_body()
    return {
        "credentials": lambda: inference(credentials=wx.interop.sdk_credentials(session), **scope),
        "client": lambda: inference(api_client=wx.interop.api_client(session)),
    }


@pytest.mark.parametrize("way", ["credentials", "client"])
def test_it_chats_streams_and_embeds(way, session, sandbox):
    from ibm_watsonx_ai.foundation_models import Embeddings

    model = ways(session)[way]()
    assert text_of(model.chat(messages=MESSAGES))
    pieces = model.chat_stream(messages=MESSAGES)
    assert "".join(c["delta"].get("content", "") for p in pieces for c in p["choices"])
    assert model.tokenize(prompt="What is a watt?")["result"]["token_count"] > 0
    embeddings = Embeddings(
        model_id="ibm/slate-125m-english-rtrvr-v2", api_client=wx.interop.api_client(session)
    )
    assert len(embeddings.embed_query("a watt")) == 768
    assert json.loads(sandbox.wait_for(lambda c: c.kind == "chat").body)["project_id"] == (
        sandbox.project_id
    )


@pytest.mark.parametrize("way", ["credentials", "client"])
def test_it_lives_past_the_tokens_end(way, session, sandbox, clock):
    model = ways(session)[way]()
    for _ in range(3):
        assert text_of(model.chat(messages=MESSAGES))
        clock.now += 2 * 3600
    assert text_of(model.chat(messages=MESSAGES))
    assert {call.status for call in sandbox.calls if call.kind == "chat"} == {200}


@pytest.mark.parametrize("way", ["credentials", "client"])
def test_a_revocation_is_not_noticed(way, session, sandbox):
    model = ways(session)[way]()
    assert text_of(model.chat(messages=MESSAGES))
    sandbox.revoke_tokens()
    assert text_of(model.chat(messages=MESSAGES))
    sandbox.revoke_tokens()
    pieces = model.chat_stream(messages=MESSAGES)
    assert "".join(c["delta"].get("content", "") for p in pieces for c in p["choices"])
    assert sandbox.counts["token"] == 3


def test_nor_in_an_event_loop(session, sandbox):
    model = inference(api_client=wx.interop.api_client(session))

    async def go():
        sandbox.revoke_tokens()
        return await model.achat(messages=MESSAGES)

    assert text_of(asyncio.run(go()))


def test_the_session_and_the_sdk_share_one_token(session, sandbox):
    session.chat("hello")
    model = inference(api_client=wx.interop.api_client(session))
    assert text_of(model.chat(messages=MESSAGES))
    session.chat("hello")
    assert sandbox.counts["token"] == 1


def test_no_object_of_the_sdk_holds_the_key(session, sandbox):
    client = wx.interop.api_client(session)
    model = inference(api_client=client)
    model.chat(messages=MESSAGES)
    seen, todo = set(), [client, model]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or len(seen) > 5_000:
            continue
        seen.add(id(thing))
        for shown in (repr, str):
            assert sandbox.api_key not in shown(thing)
        if isinstance(thing, dict):
            todo += [*thing.keys(), *thing.values()]
        elif isinstance(thing, list | tuple | set):
            todo += list(thing)
        elif type(thing).__module__.startswith(("ibm_watsonx_ai", "httpx", "wx_notebook.interop")):
            todo += list(getattr(thing, "__dict__", {}).values())
            todo += [getattr(thing, name, None) for name in getattr(thing, "__slots__", ())]
    assert sandbox.api_key not in str(client.credentials.to_dict())
    assert client.credentials["apikey"] == "held.by.wx_notebook"


def test_a_client_is_not_written_away(session):
    client = wx.interop.api_client(session)
    for what in (client.credentials, client):
        with pytest.raises(TypeError):
            pickle.dump(what, io.BytesIO())


def test_the_project_or_space_of_the_session_is_the_default(session, sandbox):
    client = wx.interop.api_client(session)
    assert client.default_project_id == sandbox.project_id
    space = sandbox.add_space("mine")
    from wx_notebook.session.switch import switch

    client = wx.interop.api_client(switch(session, space=space))
    assert (client.default_project_id, client.default_space_id) == (None, space)


def test_a_copy_for_another_user_sends_that_users_token(session, sandbox):
    # `get_copy` shares the HTTP client, which must not sign for somebody else
    copy = wx.interop.api_client(session).get_copy()
    copy.set_token(sandbox.issue_token())
    assert copy.projects.get_details(sandbox.project_id)
    session.state.token_source.token()
    sandbox.revoke_tokens()
    with pytest.raises(Exception, match=r"(?i)token"):
        copy.projects.get_details(sandbox.project_id)
    # nobody asked for a token of the session's user
    assert sandbox.counts["token"] == 1


def test_what_is_wrong_with_key_or_project_is_said_as_ever(session, sandbox):
    sandbox.disable_key()
    with pytest.raises(KeyRefused):
        wx.interop.api_client(session)


def test_a_project_that_is_not_there_is_an_error_of_ours(session):
    absent = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(ProjectError, match="does not accept this project") as caught:
        wx.interop.api_client(session, project_id=absent)
    assert caught.value.__context__ is None
    assert "token" not in str(caught.value).lower()


def test_a_service_that_cannot_be_reached_is_an_error_of_ours(session, sandbox):
    session.chat("hello")
    sandbox.close()
    with pytest.raises(ServiceDown) as caught:
        wx.interop.api_client(session)
    assert caught.value.__context__ is None


def test_the_way_back_a_client_becomes_a_session(session, sandbox):
    from ibm_watsonx_ai import APIClient, Credentials

    base = sandbox.url
    theirs = APIClient(
        Credentials(
            url=base, platform_url=base, auth_url=f"{base}/identity/token",
            api_key=sandbox.api_key, verify=str(sandbox.ca_file),
        ),
        project_id=sandbox.project_id,
    )  # fmt: skip
    made = wx.connect(credentials=theirs)
    assert made.scope.project_id == sandbox.project_id
    assert made.chat("hello").text
    sandbox.revoke_tokens()
    assert made.chat("hello").text


def test_and_one_that_was_made_here_does_so_too(session, sandbox, clock):
    made = wx.connect(credentials=wx.interop.api_client(session))
    assert made.chat("hello").text
    assert sandbox.api_key not in f"{made!r}{vars(made)}"


@pytest.mark.parametrize("kind", ["software", "zen"])
def test_a_cluster_works_as_well_also_where_the_key_goes_with_each_request(kind, monkeypatch):
    # what the SDK leaves behind in the environment
    monkeypatch.setenv("DEPLOYMENT_PLATFORM", "")
    monkeypatch.setenv("DEPLOYMENT_PRIVATE", "")
    with Sandbox(tls=True, kind="software") as cluster:
        held = wx.connect(
            api_key=cluster.api_key, username=cluster.username, kind=kind, url=cluster.url,
            project_id=cluster.project_id, ca_bundle=str(cluster.ca_file),
        )  # fmt: skip
        client = wx.interop.api_client(held)
        model = inference(api_client=client)
        assert text_of(model.chat(messages=MESSAGES))
        cluster.revoke_tokens()
        assert text_of(model.chat(messages=MESSAGES))
        shown = f"{vars(client)}{vars(client.credentials)}{vars(client._auth_method)}"
        sent = base64.b64encode(f"{cluster.username}:{cluster.api_key}".encode()).decode()
        for secret in (cluster.api_key, sent):
            assert secret not in shown


def test_a_trusted_profile_is_the_sessions_matter(sandbox):
    held = wx.connect(
        api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id,
        ca_bundle=str(sandbox.ca_file), trusted_profile_id=sandbox.profile_id,
    )  # fmt: skip
    client = wx.interop.api_client(held)
    assert client.credentials.trusted_profile_id is None
    assert text_of(inference(api_client=client).chat(messages=MESSAGES))
