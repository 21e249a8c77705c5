"""A sign-in that is not finished: no prompt is billed elsewhere, and an accepted key stays so."""

from __future__ import annotations

import json

import pytest
from transport.servers import caught

import wx_notebook as wx
from wx_notebook.credentials import Secret
from wx_notebook.errors import KeyRefused, NotConnected, ProjectError
from wx_notebook.login.controller import LoginController
from wx_notebook.login.inputs import FormValues
from wx_notebook.login.scopes import ScopeChoice
from wx_notebook.login.sign_in import SignedIn, Step
from wx_notebook.session import current_session, end_sessions
from wx_notebook.session.current import pending_sessions

WRONG = "12345678-1234-4123-8123-123456789abc"


@pytest.fixture
def login():
    controller = LoginController()
    yield controller
    controller.cancel_choice()


def fields(sandbox, **values):
    return FormValues(**({"region": sandbox.url} | values))


def key_of(sandbox):
    return Secret(sandbox.api_key)


@pytest.fixture
def elsewhere(sandbox, monkeypatch):
    """Another credential, in the environment, which a prompt would find."""
    monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("WATSONX_URL", sandbox.url)
    monkeypatch.setenv("WATSONX_SPACE_ID", sandbox.space_id)
    return sandbox


# --- a list that stands there ---------------------------------------------------------------------


def test_while_the_list_stands_there_no_prompt_is_sent(elsewhere, login):
    *_, choice = login.sign_in(key_of(elsewhere), fields(elsewhere))
    assert isinstance(choice, ScopeChoice)
    before = elsewhere.counts["chat"]
    for use in (lambda: wx.ask("hello"), lambda: wx.stream("hello"), wx.session):
        problem = caught(use)
        assert type(problem) is NotConnected
        assert "choose a project in the form above first" in problem.hint
    assert elsewhere.counts["chat"] == before
    assert isinstance([*login.choose(elsewhere.project_id, "", "")][-1], SignedIn)
    assert wx.ask("hello")
    assert wx.session().scope.project_id == elsewhere.project_id


def test_also_not_in_a_session_of_before(elsewhere, login):
    wx.connect(**elsewhere.credentials())
    [*login.sign_in(key_of(elsewhere), fields(elsewhere))]
    assert type(caught(lambda: wx.ask("hello"))) is NotConnected
    login.cancel_choice()
    assert wx.ask("hello"), "the user gave it up, and the line shows the session of before"


@pytest.mark.parametrize("way", ["connect", "another form", "a log out", "the page is closed"])
def test_the_last_word_of_the_user_counts(elsewhere, login, way):
    [*login.sign_in(key_of(elsewhere), fields(elsewhere))]
    assert pending_sessions()
    if way == "connect":
        wx.connect(**elsewhere.credentials())
        assert wx.ask("hello")
    elif way == "another form":
        other = LoginController()
        scope = fields(elsewhere, scope_text=elsewhere.project_id)
        assert isinstance([*other.sign_in(key_of(elsewhere), scope)][-1], SignedIn)
        assert wx.ask("hello")
    elif way == "a log out":
        end_sessions()
        assert "logged out" in caught(lambda: wx.ask("hello")).message
    else:
        login.set_visible(False)
        assert wx.session().scope.space_id == elsewhere.space_id
        # the page is loaded again: this is the session of before now
        assert login.is_outdated()
        return
    assert login.is_outdated(), "its list must not stand there any more"
    assert not login.keeps_key


def test_use_chooses_the_project_for_the_key_that_was_accepted(elsewhere, login, kernel_of_use):
    [*login.sign_in(key_of(elsewhere), fields(elsewhere))]
    kernel_of_use(f"use --project {elsewhere.bare_project_id}")
    assert current_session().scope.project_id == elsewhere.bare_project_id
    assert current_session().source == "form"
    assert not pending_sessions()


def test_use_without_a_project_does_not_go_past_the_list(elsewhere, login, kernel_of_use):
    [*login.sign_in(key_of(elsewhere), fields(elsewhere))]
    problem = caught(lambda: kernel_of_use("use --model ibm/granite-4-h-small"))
    assert "choose a project in the form above first" in problem.hint


@pytest.fixture
def kernel_of_use():
    from IPython.core.interactiveshell import InteractiveShell

    from wx_notebook.magics import commands

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "wx_notebook")
    yield lambda line: commands.run(shell, line)
    shell.run_line_magic("unload_ext", "wx_notebook")
    InteractiveShell.clear_instance()


# --- a key that was accepted ----------------------------------------------------------------------


def test_after_a_wrong_project_id_the_key_stays_and_the_list_is_shown(sandbox, login):
    events = [*login.sign_in(key_of(sandbox), fields(sandbox, scope_text=WRONG))]
    (failed,) = [one for one in events if isinstance(one, Step) and one.error]
    assert isinstance(failed.error, ProjectError)
    assert isinstance(events[-1], ScopeChoice)
    assert login.keeps_key
    assert isinstance([*login.choose(sandbox.space_id, "", "")][-1], SignedIn)
    assert wx.session().scope.space_id == sandbox.space_id
    assert not login.keeps_key


@pytest.mark.parametrize(
    "text", [WRONG, "no such name", f"spaces/{WRONG}"], ids=["an id", "a name", "a space"]
)
def test_another_project_needs_no_key(sandbox, login, text):
    [*login.sign_in(key_of(sandbox), fields(sandbox, scope_text=text))]
    exchanges = sandbox.counts["token"]
    right = fields(sandbox, scope_text="Sandbox project")
    assert isinstance([*login.sign_in(Secret(""), right)][-1], SignedIn)
    assert wx.session().scope.project_id == sandbox.project_id
    assert sandbox.counts["token"] <= exchanges + 1


def test_a_kept_key_goes_to_no_other_cluster_user_or_kind_of_account(sandbox, login):
    [*login.sign_in(key_of(sandbox), fields(sandbox, scope_text=WRONG))]
    for change in ({"kind": "token"}, {"kind": "cluster", "username": "jane"}):
        other = fields(sandbox, **change)
        assert type(caught(lambda values=other: [*login.sign_in(Secret(""), values)])) is KeyRefused


def test_without_an_accepted_key_one_is_needed(sandbox, login):
    [*login.sign_in(Secret("w9" * 22), fields(sandbox))]
    assert not login.keeps_key
    assert type(caught(lambda: [*login.sign_in(Secret(""), fields(sandbox))])) is KeyRefused
    [*login.sign_in(key_of(sandbox), fields(sandbox, scope_text=WRONG))]
    login.cancel_choice()
    assert type(caught(lambda: [*login.sign_in(Secret(""), fields(sandbox))])) is KeyRefused


# --- what the fields say --------------------------------------------------------------------------


def test_a_project_typed_for_ones_own_account_is_not_taken_for_the_sandbox(
    sandbox, login, monkeypatch, tmp_path
):
    file = tmp_path / "sandbox.json"
    file.write_text(json.dumps(sandbox.credentials()))
    monkeypatch.setenv("WX_NOTEBOOK_SANDBOX", str(file))
    for text in (WRONG, "My own project", f"https://dataplatform.cloud.ibm.com/projects/{WRONG}"):
        events = [*login.use_detected("sandbox", FormValues(region="eu-de", scope_text=text))]
        assert isinstance(events[-1], SignedIn)
        assert wx.session().scope.project_id == sandbox.project_id


def test_an_empty_field_is_not_filled_from_the_environment(elsewhere, login):
    """What the user removed, or never saw, is not billed."""
    *_, choice = login.sign_in(key_of(elsewhere), fields(elsewhere))
    assert isinstance(choice, ScopeChoice)
    login = LoginController(prefilled_scope=f"spaces/{elsewhere.space_id}")
    *_, choice = login.use_detected("environment", fields(elsewhere, scope_text=""))
    assert isinstance(choice, ScopeChoice)
    login.cancel_choice()
    values = fields(elsewhere, scope_text=f"spaces/{elsewhere.space_id}")
    assert isinstance([*login.use_detected("environment", values)][-1], SignedIn)
