"""Every kind of credential, by the sandbox's own sign-ins, for longer than a token lives."""

from __future__ import annotations

import base64
import json

import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, KeyRefused, NotConnected, TokenRefused, WatsonxError
from wx_notebook.sandbox import Sandbox
from wx_notebook.session import Session
from wx_notebook.transport import Transport

HOUR = 3600.0


class Clock:
    """Seconds that never go backwards, for client and sandbox alike."""

    def __init__(self):
        self.now = 5000.0

    def __call__(self):
        return self.now


def cloud(sandbox):
    return {"api_key": Secret(sandbox.api_key)}


def profile(sandbox):
    return cloud(sandbox) | {"trusted_profile_id": sandbox.profile_id}


def function(sandbox):
    return {"token": sandbox.issue_token}


def mcsp(sandbox):
    return cloud(sandbox) | {"kind": "mcsp"}


def by_password(sandbox):
    return {"username": sandbox.username, "password": Secret(sandbox.password), "kind": "software"}


def by_key(sandbox):
    return cloud(sandbox) | {"username": sandbox.username, "kind": "software"}


def in_two_steps(sandbox):
    return by_password(sandbox) | {"iam_url": sandbox.url}


def zen(sandbox):
    return by_key(sandbox) | {"kind": "zen"}


def zen_ready_made(sandbox):
    joined = f"{sandbox.username}:{sandbox.api_key}".encode()
    return {"api_key": Secret(base64.b64encode(joined).decode()), "kind": "zen"}


RENEWABLE = {
    "an IBM Cloud API key": ("cloud", cloud),
    "a trusted profile": ("cloud", profile),
    "a function that returns tokens": ("cloud", function),
    "a key of an AWS region": ("mcsp", mcsp),
    "a cluster's password": ("software", by_password),
    "a cluster's API key": ("software", by_key),
    "a cluster with an IAM of its own": ("software", in_two_steps),
    "a ZenApiKey": ("software", zen),
    "a ZenApiKey that is base64 already": ("software", zen_ready_made),
}


def session_of(sandbox, credential, **more):
    given = ConnectionParams(
        "arguments", url=sandbox.url, project_id=sandbox.project_id, **credential
    )
    return Session(given, transport=Transport(), **more)


@all_cases("kind", RENEWABLE)
@all_cases("wrong_by_h", [0, -30, 30], ids=lambda h: f"wall clock {h:+} h")
def test_a_session_outlives_its_tokens_whatever_the_wall_clock_says(kind, wrong_by_h):
    server, credential = RENEWABLE[kind]
    clock = Clock()
    with Sandbox(kind=server, clock=clock, token_lifetime_s=HOUR) as sandbox:
        import time

        session = session_of(
            sandbox, credential(sandbox), clock=clock,
            wall_clock=lambda: time.time() + wrong_by_h * HOUR,
        )  # fmt: skip
        for _ in range(5):
            assert session.chat("hello", model="ibm/granite-4-h-small").text
            clock.now += 0.8 * HOUR
        prompts = [call for call in sandbox.calls if call.kind == "chat"]
        assert len([call for call in prompts if call.status == 200]) == 5
        # at most one rejected attempt for each token, where nobody but the service knows its life
        assert len(prompts) <= 5 if kind != "a function that returns tokens" else 9
        session.close()


@all_cases("kind", RENEWABLE)
def test_a_revoked_token_costs_no_call(kind):
    server, credential = RENEWABLE[kind]
    with Sandbox(kind=server) as sandbox:
        session = session_of(sandbox, credential(sandbox))
        for _ in range(3):
            assert session.projects()
            sandbox.revoke_tokens()
        session.close()


@all_cases("kind", RENEWABLE)
def test_what_was_sent_to_sign_in_stands_nowhere_in_a_session(kind):
    server, credential = RENEWABLE[kind]
    with Sandbox(kind=server) as sandbox:
        session = session_of(sandbox, credential(sandbox))
        session.projects()
        state = session.state
        text = f"{session!r} {vars(session)} {session.status_line()}"
        text += f" {state.params} {state.authenticator}"
        for secret in (sandbox.api_key, sandbox.password):
            assert secret not in text
        assert "eyJ" not in text
        session.close()


@all_cases("kind", [kind for kind in RENEWABLE if "function" not in kind])
def test_a_wrong_key_or_password_is_one_clear_error(kind):
    server, credential = RENEWABLE[kind]
    with Sandbox(kind=server) as sandbox, Sandbox(kind=server) as other:
        wrong = credential(sandbox) | {
            name: value for name, value in credential(other).items() if isinstance(value, Secret)
        }
        session = session_of(sandbox, wrong)
        with pytest.raises((KeyRefused, TokenRefused)) as caught:
            session.projects()
        assert caught.value.hint
        assert len(str(caught.value).split("\n")) <= 5
        session.close()


def test_a_key_of_ibm_cloud_for_an_aws_region_is_told_apart():
    with Sandbox(kind="mcsp") as sandbox:
        session = session_of(sandbox, {"api_key": Secret("k9" * 22), "kind": "mcsp"})
        with pytest.raises(KeyRefused, match="AWS regions and GovCloud") as caught:
            session.projects()
        assert "An IBM Cloud key is not valid in an AWS region" in caught.value.hint


def test_a_key_of_another_length_for_ibm_cloud_says_that_it_may_be_of_another_kind(sandbox):
    session = session_of(sandbox, {"api_key": Secret("k9" * 32)})
    with pytest.raises(KeyRefused, match="have 44 characters, this one has 64") as caught:
        session.projects()
    assert "kind='software'" in caught.value.hint
    assert "k9" * 6 not in str(caught.value)


# --- a token that the user brings ---------------------------------------------------------------


def test_a_token_that_was_brought_counts_down_and_warns_once_when_five_minutes_are_left():
    clock = Clock()
    with Sandbox(clock=clock, token_lifetime_s=HOUR) as sandbox:
        session = session_of(sandbox, {"token": Secret(sandbox.issue_token())}, clock=clock)
        session.projects()
        assert "token for 60 min, cannot be renewed" in session.status_line()
        clock.now += HOUR - 290
        assert "token for 5 min" in session.status_line()
        answer = session.chat("hello", model="ibm/granite-4-h-small")
        assert any("ends in 5 min" in warning for warning in answer.warnings)
        assert any("wx.connect(token=...)" in warning for warning in answer.warnings)
        again = session.chat("hello", model="ibm/granite-4-h-small")
        assert not any("ends in" in warning for warning in again.warnings), "once"
        assert sandbox.counts["token"] == 0


def test_a_token_that_has_ended_is_one_error_that_says_how_to_go_on():
    clock = Clock()
    with Sandbox(clock=clock, token_lifetime_s=HOUR) as sandbox:
        session = session_of(sandbox, {"token": Secret(sandbox.issue_token())}, clock=clock)
        clock.now += HOUR + 1
        with pytest.raises(TokenRefused, match="The token has expired") as caught:
            session.chat("hello", model="ibm/granite-4-h-small")
        assert "wx.connect(token=...)" in caught.value.hint
        assert "%watsonx login" in caught.value.hint
        assert sandbox.counts["chat"] == 1, "sent once: there is no other token"


def test_a_token_is_taken_also_when_the_wall_clock_says_that_it_has_long_ended():
    with Sandbox() as sandbox:
        given = ConnectionParams("arguments", token=Secret(sandbox.issue_token()), url=sandbox.url,
                      project_id=sandbox.project_id)  # fmt: skip
        session = Session(given, transport=Transport(), wall_clock=lambda: 4e9)
        assert session.chat("hello", model="ibm/granite-4-h-small").text
        assert "token for 60 min" in session.status_line()


@all_cases("before", ["", "Bearer ", " bearer  ", "\n"])
def test_bearer_and_blanks_before_a_token_are_taken_off(sandbox, before):
    session = wx.connect(token=before + sandbox.issue_token() + " \n", url=sandbox.url,
                         project_id=sandbox.project_id)  # fmt: skip
    assert session.projects()


@all_cases("token", ["", "  ", "Bearer ", "a b", "a\nb", "tök"])
def test_what_cannot_be_a_token_is_refused_at_once(token):
    with pytest.raises(TokenRefused):
        wx.connect(token=token, region="eu-de", project_id="12345678-1234-4123-8123-123456789abc")


@all_cases(
    ("function", "words"),
    [(lambda: None, "returned NoneType"), (lambda: 7, "returned int"),
     (lambda: 1 / 0, "failed .ZeroDivisionError."), (lambda: "", "empty")],
)  # fmt: skip
def test_a_function_that_returns_no_token_is_said_so(sandbox, function, words):
    session = session_of(sandbox, {"token": function})
    with pytest.raises(TokenRefused, match=words) as caught:
        session.projects()
    assert caught.value.hint
    assert caught.value.__context__ is None


def test_what_a_failing_function_said_is_not_repeated(sandbox):
    secret = sandbox.api_key

    def fails():
        raise RuntimeError(f"vault: 403 for {secret}")

    with pytest.raises(WatsonxError) as caught:
        session_of(sandbox, {"token": fails}).projects()
    assert secret not in str(caught.value)


# --- what does not go together ------------------------------------------------------------------


@all_cases(
    ("credential", "error", "words"),
    [
        ({"password": Secret("p"), "kind": "software"}, BadOption, "user name that belongs"),
        ({"username": "jane", "kind": "zen", "password": Secret("p")}, BadOption, "an API key"),
        ({"token": Secret("t.t.t"), "trusted_profile_id": "P"}, BadOption, "trusted profile"),
        ({"api_key": Secret(""), "kind": "mcsp"}, KeyRefused, "empty"),
    ],
)
def test_what_lacks_its_other_half_is_said_before_anything_is_sent(
    sandbox, credential, error, words
):
    with pytest.raises(error, match=words) as caught:
        session_of(sandbox, credential)
    assert caught.value.hint
    assert sandbox.calls == []


def test_two_credentials_at_once_are_refused():
    with pytest.raises(BadOption, match="More than one credential is given: api_key and token"):
        wx.connect(api_key="k9" * 22, token="t.t.t")
    with pytest.raises(BadOption, match="More than one"):
        wx.connect(api_key="k9" * 22, credentials={"apikey": "k9" * 22})


def test_a_closed_session_signs_in_no_more(sandbox):
    session = session_of(sandbox, cloud(sandbox))
    session.close()
    with pytest.raises(NotConnected):
        session.projects()


def test_ibms_own_forms_are_taken_as_they_stand(sandbox, tmp_path):
    dictionary = {"apikey": sandbox.api_key, "url": sandbox.url}
    assert wx.connect(credentials=dictionary, project_id=sandbox.project_id).verify()
    file = tmp_path / "apikey.json"
    file.write_text(json.dumps({"name": "mine", "apikey": sandbox.api_key}))
    file.chmod(0o600)
    for way in ({"credentials": str(file)}, {"credentials": file}, {"api_key": f"@{file}"}):
        session = wx.connect(**way, url=sandbox.url, project_id=sandbox.project_id)
        assert session.verify()
        assert session.source == "file apikey.json"
