"""The OpenAI client on the model gateway, handed a session."""

from __future__ import annotations

import json

import pytest

import wx_notebook as wx
from wx_notebook.errors import KeyRefused
from wx_notebook.sandbox import Sandbox

openai = pytest.importorskip("openai")

MODEL = "ibm/granite-4-h-small"
MESSAGES = [{"role": "user", "content": "What is a watt?"}]


@pytest.fixture(params=["http", "https"])
def sandbox(request):
    if request.param == "https":
        pytest.importorskip("trustme")
    with Sandbox(tls=request.param == "https") as running:
        yield running


@pytest.fixture
def session(sandbox):
    secure = sandbox.url.startswith("https")
    return wx.connect(
        api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id,
        ca_bundle=str(sandbox.ca_file) if secure else "",
    )  # fmt: skip


def ask(client, **more):
    return client.chat.completions.create(model=MODEL, messages=MESSAGES, **more)


def test_it_chats_streams_and_lists_models(session, sandbox):
    client = wx.interop.openai_client(session)
    sandbox.say("One watt.", "Two watts.")
    assert ask(client).choices[0].message.content == "One watt."
    pieces = [choice.delta.content or "" for chunk in ask(client, stream=True)
              for choice in chunk.choices]  # fmt: skip
    assert "".join(pieces) == "Two watts."
    assert MODEL in [model.id for model in client.models.list()]
    call = sandbox.wait_for(lambda call: call.kind == "gateway_chat")
    assert call.headers["x-ibm-project-id"] == sandbox.project_id
    assert json.loads(call.body)["model"] == MODEL


def test_nothing_is_sent_before_the_first_use(session, sandbox):
    wx.interop.openai_client(session)
    assert not sandbox.counts


def test_a_revocation_is_not_noticed(session, sandbox):
    client = wx.interop.openai_client(session)
    assert ask(client).choices
    sandbox.revoke_tokens()
    assert ask(client).choices
    sandbox.revoke_tokens()
    assert list(ask(client, stream=True))
    statuses = [call.status for call in sandbox.calls if call.kind == "gateway_chat"]
    assert statuses == [200, 401, 200, 401, 200]


def test_it_holds_neither_key_nor_token(session, sandbox):
    client = wx.interop.openai_client(session)
    ask(client)
    shown = f"{client!r}{vars(client)}{vars(client._client)}{client.default_headers}"
    assert client.api_key == "held.by.wx_notebook"
    assert sandbox.api_key not in shown
    assert session.state.token.value.reveal() not in shown


def test_another_key_that_its_user_gives_it_is_theirs(session, sandbox):
    theirs = wx.interop.openai_client(session).with_options(api_key="sk-somebody-elses")
    with pytest.raises(openai.AuthenticationError):
        ask(theirs)
    assert sandbox.counts["token"] == 0


def test_its_options_are_handed_on(session):
    client = wx.interop.openai_client(session, max_retries=7, default_headers={"X-Mine": "1"})
    assert client.max_retries == 7
    assert client.default_headers["X-Mine"] == "1"
    assert client.default_headers["X-IBM-PROJECT-ID"]


def test_the_shorthand_of_the_session_makes_the_same_client(session):
    assert ask(session.openai_client()).choices[0].message.content


def test_a_key_that_is_refused_says_so_in_our_words(session, sandbox):
    client = wx.interop.openai_client(session, max_retries=0)
    sandbox.disable_key()
    with pytest.raises(Exception) as caught:
        ask(client)
    # openai 2 puts an error of its own before ours, openai 3 lets ours through
    said = caught.value if isinstance(caught.value, KeyRefused) else caught.value.__cause__
    assert isinstance(said, KeyRefused)
