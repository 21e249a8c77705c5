"""What SECURITY.md claims about hosts, keyrings, files and handed-over clients."""

from __future__ import annotations

import pickle
import re
import stat
from pathlib import Path

import pytest
from credentials.keyring_stand_ins import Keeps, system

import wx_notebook as wx
from wx_notebook import interop
from wx_notebook.credentials import keyring_backend
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.profiles import remember_credentials
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.sign_in_file import sign_in_path
from wx_notebook.errors import HostRefused, NotConnected
from wx_notebook.interop.bearer import KEY_PLACEHOLDER, SessionTokens
from wx_notebook.server import extension
from wx_notebook.server.panel_handlers import panel_handlers
from wx_notebook.session import end_sessions

SECURITY = (Path(__file__).parents[1] / ".github/SECURITY.md").read_text(encoding="utf-8")
KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
PROJECT = "12345678-1234-4123-8123-123456789abc"


def test_the_sign_in_for_all_notebooks_has_the_names_that_security_tells():
    told = SECURITY.split("## One sign-in for all notebooks")[1].split("\n## ")[0]
    assert f"`{sign_in_path(0).name.replace('-0.', '-PID.')}`" in told
    (setting,) = re.findall(r"`c\.(\w+)\.(\w+) = False`", told)
    assert setting[1] in getattr(extension, setting[0]).class_trait_names()
    panel = panel_handlers("/", None, bool)
    assert {handler[1].auth_resource for handler in panel} == set(re.findall(r"`(wx_\w+)`", told))


def test_what_is_handed_over_holds_what_security_says():
    told = SECURITY.split("## What is handed over")[1].split("\n## ")[0]
    for name in set(interop.__all__) - {"TARGETS", "program"}:
        assert f"`{name}`" in told
    assert KEY_PLACEHOLDER in told


def test_a_pickled_session_has_no_secret_and_finds_one_where_it_arrives(session, monkeypatch):
    key, sent = session.state.params.api_key.reveal(), pickle.dumps(session)
    assert key.encode() not in sent
    with pytest.raises(NotConnected, match="none was found"):
        pickle.loads(sent).chat("hello")
    monkeypatch.setenv("WATSONX_API_KEY", key)
    monkeypatch.setenv("WATSONX_URL", session.endpoints.url)
    assert pickle.loads(sent).chat("hello").text


def test_the_keyrings_that_security_names_are_those_of_the_allow_list():
    named = re.search(r"keyring of the operating system: (.*?)\.\n", SECURITY, re.DOTALL)[1]
    assert set(re.split(r",\s+", named)) == set(keyring_backend.SYSTEM_KEYRINGS.values())


def test_a_profiles_file_has_the_modes_that_security_names(tmp_path, monkeypatch):
    folder = tmp_path / "jupyter"
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder))
    with system(Keeps):
        remember_credentials(
            "work", ConnectionParams("form", Secret(KEY), region="eu-de", project_id=PROJECT)
        )
    modes = [f"{stat.S_IMODE(p.stat().st_mode):04o}" for p in (folder / "wx_notebook.toml", folder)]
    assert modes == ["0600", "0700"]
    told = re.search(r"the file is (\d+)\s.*?a folder made for it (\d+)", SECURITY, re.DOTALL)
    assert [*told.groups()] == modes
    assert KEY not in (folder / "wx_notebook.toml").read_text()


def test_a_cluster_gets_a_credential_only_together_as_security_says(monkeypatch):
    monkeypatch.setenv("WATSONX_URL", "https://cpd.example.com")
    with pytest.raises(HostRefused):
        wx.connect(api_key=KEY, username="jane", kind="software", project_id=PROJECT)
    monkeypatch.setenv("WATSONX_API_KEY", KEY)
    monkeypatch.setenv("WATSONX_USERNAME", "jane")
    with pytest.raises(HostRefused):
        wx.connect(project_id=PROJECT)
    for name, word in re.findall(r"`(WATSONX_\w+)=(\w+)`", SECURITY):
        with monkeypatch.context() as told:
            told.setenv(name, word)
            assert wx.connect(project_id=PROJECT).endpoints.place == "cpd.example.com"
    monkeypatch.delenv("WATSONX_API_KEY")
    monkeypatch.setenv("WATSONX_ZENAPIKEY", "amFuZTprZXk=")
    assert wx.connect(project_id=PROJECT).endpoints.place == "cpd.example.com"
    fields = {"url": "https://cpd.example.com", "username": "jane", "apikey": KEY, "version": "5.2"}
    assert wx.connect(credentials=fields).endpoints.place == "cpd.example.com"


def test_logout_ends_what_was_made_of_every_session_and_a_new_one_does_not(sandbox):
    first = SessionTokens(wx.connect(**sandbox.credentials()))
    second = SessionTokens(wx.connect(**sandbox.credentials()))
    assert first.token()
    assert second.token()
    end_sessions()
    for tokens in (first, second):
        with pytest.raises(NotConnected):
            tokens.token()
