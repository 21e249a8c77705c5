"""What the SDK is handed, as far as it can be told without its services."""

from __future__ import annotations

import pickle

import pytest

import wx_notebook as wx
from wx_notebook.errors import BadOption, Interrupted, NotConnected
from wx_notebook.interop.bearer import KEY_PLACEHOLDER

pytest.importorskip("ibm_watsonx_ai")

CLOUD = {
    "api_key": "k9" * 22,
    "region": "eu-de",
    "project_id": "12345678-1234-4123-8123-123456789abc",
}


def test_the_credentials_hold_no_key_and_a_function_that_asks_the_session():
    held = wx.connect(**CLOUD)
    credentials = wx.interop.sdk_credentials(held)
    assert credentials.url == "https://eu-de.ml.cloud.ibm.com"
    assert credentials.platform_url == "https://api.eu-de.dataplatform.cloud.ibm.com"
    assert credentials["apikey"] == KEY_PLACEHOLDER
    assert callable(credentials.token_function)
    shown = f"{vars(credentials)}{credentials.to_dict()}{credentials!r}"
    assert CLOUD["api_key"] not in shown
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(credentials)


def test_certificates_are_verified_whatever_the_environment_says(monkeypatch):
    # without a word the SDK falls back to none at all
    monkeypatch.setenv("WX_CLIENT_VERIFY_REQUESTS", "false")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    assert wx.interop.sdk_credentials(wx.connect(**CLOUD)).verify is True


def test_a_token_of_watsonx_studio_does_not_come_before_the_session(monkeypatch):
    monkeypatch.setenv("USER_ACCESS_TOKEN", "Bearer another.users.token")
    credentials = wx.interop.sdk_credentials(wx.connect(**CLOUD))
    assert credentials.token is None
    assert "another" not in str(vars(credentials))


def test_of_a_cluster_the_sdk_finds_out_the_rest_itself():
    held = wx.connect(
        api_key="k9" * 22, username="jane", url="https://cpd.example.com", kind="software",
        project_id=CLOUD["project_id"],
    )  # fmt: skip
    credentials = wx.interop.sdk_credentials(held)
    assert (credentials.url, credentials.platform_url) == ("https://cpd.example.com", None)


def test_plain_http_is_refused_before_the_sdk_says_less(session):
    with pytest.raises(BadOption, match="supports https only") as caught:
        wx.interop.api_client()
    assert "wx-notebook sandbox --tls" in caught.value.hint


def test_without_a_session_each_says_how_to_connect():
    for way in ("sdk_credentials", "api_client", "chat_model", "openai_client"):
        with pytest.raises(NotConnected):
            getattr(wx.interop, way)()


def test_a_closed_session_is_not_handed_over(session):
    session.close()
    for way in ("sdk_credentials", "api_client", "chat_model", "openai_client"):
        with pytest.raises(NotConnected, match="closed"):
            getattr(wx.interop, way)(session)


@pytest.mark.slow  # it starts a process
def test_stop_while_a_client_is_made_is_an_interrupt_without_their_frames(monkeypatch):
    import ibm_watsonx_ai

    def constructor(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(ibm_watsonx_ai, "APIClient", constructor)
    with pytest.raises(Interrupted, match="Stopped before IBM's SDK was ready") as caught:
        wx.interop.api_client(wx.connect(**CLOUD))
    assert caught.value.__context__ is None
