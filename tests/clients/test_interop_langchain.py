"""langchain-ibm's chat model, handed a session."""

from __future__ import annotations

import json

import pytest

import wx_notebook as wx
from wx_notebook.errors import ModelError, ServiceDown
from wx_notebook.sandbox import Sandbox

pytest.importorskip("langchain_ibm")
pytest.importorskip("trustme")


@pytest.fixture
def sandbox(monkeypatch):
    monkeypatch.setenv("WX_CLIENT_VERIFY_REQUESTS", "true")  # the SDK writes into it
    with Sandbox(tls=True) as running:
        yield running


@pytest.fixture
def session(sandbox):
    return wx.connect(
        api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id,
        ca_bundle=str(sandbox.ca_file),
    )  # fmt: skip


def test_it_chats_and_streams_with_the_sessions_model_and_project(session, sandbox):
    model = wx.interop.chat_model(session)
    sandbox.say("One watt.", "Two watts.")
    assert model.invoke("What is a watt?").text == "One watt."
    assert "".join(piece.text for piece in model.stream("And two?")) == "Two watts."
    sent = json.loads(sandbox.wait_for(lambda call: call.kind == "chat").body)
    assert (sent["model_id"], sent["project_id"]) == (
        session.state.default_model(),
        sandbox.project_id,
    )


def test_a_revocation_is_not_noticed(session, sandbox):
    model = wx.interop.chat_model(session)
    assert model.invoke("What is a watt?").text
    sandbox.revoke_tokens()
    assert model.invoke("What is a watt?").text


def test_the_model_and_its_parameters_can_be_named(session, sandbox):
    named = "meta-llama/llama-3-3-70b-instruct"
    wx.interop.chat_model(session, named, temperature=0.5).invoke("hello")
    sent = json.loads(sandbox.wait_for(lambda call: call.kind == "chat").body)
    assert (sent["model_id"], sent["temperature"]) == (named, 0.5)


def test_it_holds_no_key(session, sandbox):
    model = wx.interop.chat_model(session)
    model.invoke("hello")
    for shown in (repr(model), str(vars(model)), str(model.model_dump()), model.model_dump_json()):
        assert sandbox.api_key not in shown


def test_a_model_that_is_not_there_is_an_error_of_ours(session):
    with pytest.raises(ModelError, match="Did you mean 'ibm/granite-4-h-small'"):
        wx.interop.chat_model(session, "ibm/granite-5-h-small")


def test_what_langchain_itself_refuses_is_an_error_of_ours(session):
    with pytest.raises(ServiceDown, match="LangChain could not build a client") as caught:
        wx.interop.chat_model(session, temperature="much")
    assert caught.value.__context__ is None
