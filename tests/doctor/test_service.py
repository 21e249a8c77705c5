"""What the doctor says of sign-in, region, project and model, at a real server of each kind."""

from __future__ import annotations

import os
import time

import pytest
from credentials.keyring_stand_ins import BlocksAtOnce, Keeps, system
from transport.servers import PROJECT, TOKEN_DOCUMENT, http

import wx_notebook as wx
from wx_notebook.credentials import Given, Secret, profiles
from wx_notebook.sandbox import Sandbox
from wx_notebook.session import current
from wx_notebook.session.ledger import Spent
from wx_notebook.session.usage import Meter

#: What a whole look may ask for: a token, the list of models, the project.
UNPAID = {"token", "models", "project", "space", "validate"}


def test_with_a_credential_that_is_found_everything_is_looked_at_and_nothing_is_paid(
    examined, around, sandbox
):
    said = examined()
    online = ("credential", "clock", "IAM", "region", "project", "runtime", "model")
    assert {name: said[name].verdict for name in online} == dict.fromkeys(online, "ok")
    assert said["credential"].found == "API key •••••••• from: environment (WATSONX_API_KEY)"
    assert said["IAM"].found == f"{sandbox.url} gave a token for 60 min"
    assert said["region"].found.startswith(f"sandbox ({sandbox.url}) answers with ")
    assert (
        said["project"].found == f"project {sandbox.project_id[:8]}… is there and open to this user"
    )
    assert said["model"].found == "ibm/granite-4-h-small (the default) is there and can chat"
    assert set(sandbox.counts) <= UNPAID
    assert current() is None, "no session was made"


def test_without_a_credential_the_network_is_looked_at_and_nothing_is_signed_in(
    examined, sandbox, monkeypatch
):
    monkeypatch.setenv("WATSONX_URL", sandbox.url)
    said = examined()
    assert said["credential"].verdict == "warning"
    assert "no API key was given" in said["credential"].found
    assert "%watsonx login" in said["credential"].repair
    assert said["IAM"].verdict == "skipped"
    assert said["IAM"].found == f"{sandbox.url} answers (HTTP 405); no key was sent to it"
    assert said["project"].found == "IAM (10) was skipped"
    assert (said["region"].verdict, said["clock"].verdict) == ("ok", "ok")
    assert said["model"].found == "ibm/granite-4-h-small (the default) is there and can chat"
    assert not any("authorization" in call.headers for call in sandbox.calls)


@pytest.mark.parametrize(
    ("offset_s", "says"),
    [(3600, "60 min behind"), (-3600, "60 min ahead of"), (-86400 * 3, "3 days ahead of"),
     (10_800, "3 h behind")],
)  # fmt: skip
def test_a_wrong_clock_is_told_with_its_direction(examined, monkeypatch, offset_s, says):
    with Sandbox(date_offset_s=offset_s) as sandbox:
        monkeypatch.setenv("WATSONX_URL", sandbox.url)
        clock = examined("clock")["clock"]
    assert clock.verdict == "warning"
    assert clock.found == f"this machine's clock is {says} {sandbox.url.split('/')[2]}'s"
    assert "timedatectl" in clock.repair


@pytest.mark.parametrize(("ahead_s", "verdict"), [(59, "ok"), (-58, "ok"), (63, "warning")])
def test_a_minute_is_near_enough(examined, around, ahead_s, verdict):
    clock = examined("clock", wall_clock=lambda: time.time() + ahead_s)["clock"]
    assert clock.verdict == verdict


def test_replies_without_a_date_say_nothing_of_the_clock(examined, serve, monkeypatch):
    server = serve(http(200, {"resources": []}, Date="the day before"), token=False)
    monkeypatch.setenv("WATSONX_URL", server.url)
    clock = examined("clock")["clock"]
    assert (clock.verdict, clock.found) == (
        "skipped", "no reply came that says what time it is",
    )  # fmt: skip


# --- IAM ---------------------------------------------------------------------------------------


def test_a_wrong_key_is_told_as_iam_tells_it(examined, around, sandbox):
    around.setenv("WATSONX_API_KEY", "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST")
    said = examined()
    assert said["IAM"].verdict == "failed"
    assert "IBM Cloud does not know this API key." in said["IAM"].found
    assert "BXNIM0415E" in said["IAM"].found
    assert "make a new one" in said["IAM"].repair
    assert said["project"].found == "IAM (10) failed"
    assert said["region"].verdict == "ok", "that one needs no key"


@pytest.mark.parametrize(
    ("fault", "says"),
    [("iam-html", "does not issue tokens at the moment"),
     ("iam-500", "does not issue tokens at the moment")],
)  # fmt: skip
def test_an_iam_that_answers_garbage_is_told(examined, around, sandbox, fault, says):
    sandbox.fault(fault, times=None)
    said = examined("IAM")["IAM"]
    assert said.verdict == "failed"
    assert says in said.found
    assert said.repair


def test_an_iam_whose_token_is_none_is_told(examined, around, serve):
    server = serve(http(200, {"access_token": 7, "expires_in": 3600}), token=False)
    around.setenv("WATSONX_URL", server.url)
    said = examined("IAM")["IAM"]
    assert said.found == f"IAM at {server.url} answered without a token."
    assert "proxy or a sign-in page" in said.repair


def test_an_iam_that_hangs_is_a_verdict_while_the_others_go_on(examined, around, serve):
    server = serve(http(200, {"resources": []}), token=False)
    server.on("/identity/token", server.silent())
    around.setenv("WATSONX_URL", server.url)
    said = examined()
    assert said["IAM"].verdict == "failed"
    assert said["IAM"].found == f"{server.url[7:]} did not answer in 2.5 s."
    assert said["project"].found == "IAM (10) failed"
    assert said["region"].seconds < said["IAM"].seconds


def test_a_token_that_was_given_is_measured_and_not_exchanged(examined, around, sandbox):
    around.delenv("WATSONX_API_KEY")
    around.setenv("WATSONX_TOKEN", sandbox.issue_token())
    said = examined()
    assert said["IAM"].verdict == "ok"
    assert "the token that was given is good for 60 min" in said["IAM"].found
    assert said["project"].verdict == "ok"
    assert sandbox.counts["token"] == 0


def test_a_token_that_has_ended_is_told_with_how_to_go_on(examined, around):
    with Sandbox(date_offset_s=-7200) as sandbox:
        around.delenv("WATSONX_API_KEY")
        around.setenv("WATSONX_URL", sandbox.url)
        around.setenv("WATSONX_TOKEN", sandbox.issue_token())
        sandbox.revoke_tokens()
        said = examined("project")
    assert said["IAM"].verdict == "warning"
    assert "says that it ended 60 min ago" in said["IAM"].found
    assert said["project"].verdict == "failed", "the service has the last word"
    for result in (said["IAM"], said["project"]):
        assert "wx.connect(token=...)" in result.repair


def test_a_token_that_is_none_of_ibms_says_nothing_of_its_life(examined, around):
    around.delenv("WATSONX_API_KEY")
    around.setenv("WATSONX_TOKEN", "t" * 40)
    said = examined("project")
    assert said["IAM"].found == "the token that was given does not say how long it is good"
    assert said["project"].verdict == "failed"


@pytest.mark.parametrize("kind", ["mcsp", "software", "zen"])
def test_other_kinds_of_sign_in_are_tried_in_their_own_way(examined, monkeypatch, kind):
    with Sandbox(kind="software" if kind == "zen" else kind) as sandbox:
        given = {"WATSONX_URL": sandbox.url, "WATSONX_PROJECT_ID": sandbox.project_id,
                 "WATSONX_AI_AUTH_TYPE": {"mcsp": "aws", "software": "cp4d", "zen": "zen"}[kind],
                 "WATSONX_API_KEY": sandbox.api_key}  # fmt: skip
        if kind != "mcsp":
            given["WATSONX_USERNAME"] = sandbox.username
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        said = examined("runtime", "region")
    assert {result.verdict for result in said.values()} == {"ok"}, said
    exchanged = f"{sandbox.url} gave a token for"
    keyed = "no token to get: the key goes with each request"
    assert said["IAM"].found.startswith(keyed if kind == "zen" else exchanged)
    if kind != "mcsp":
        assert sandbox.username not in said["credential"].found
        assert "of <user>" in said["credential"].found


# --- the credential ----------------------------------------------------------------------------


def test_a_session_in_force_is_looked_at_and_left_as_it_is(examined, session, sandbox):
    session.verify()
    before = session.token
    said = examined(held=session)
    assert said["credential"].found == "API key •••••••• from: arguments"
    assert "Sandbox project" not in repr(said), "its name is its owner's business"
    assert said["IAM"].verdict == said["project"].verdict == "ok"
    assert sandbox.counts["token"] == 2, "a new one, to see that it can be had"
    assert session.token is before
    assert session.chat("hello").text, "and it goes on"


def test_a_session_that_was_closed_does_not_count(examined, session, around):
    session.close()
    said = examined("credential", held=session)["credential"]
    assert said.found == "API key •••••••• from: environment (WATSONX_API_KEY)"


def test_what_came_second_and_what_is_not_obeyed_is_told(examined, around):
    around.setenv("WATSONX_TOKEN", "t" * 40)
    around.setenv("WATSONX_AI_DISABLE_SSL", "true")
    said = examined("credential")["credential"]
    assert said.verdict == "warning"
    assert "not used: environment (WATSONX_TOKEN)" in said.found
    assert "WATSONX_AI_DISABLE_SSL is not obeyed" in said.found


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("WATSONX_URL", "https://us-south.ml.cloud.ibm.com.evil.example", "is not one of IBM's"),
     ("WATSONX_REGION", "eu-dee", "'eu-dee' is not a region"),
     ("WATSONX_AI_AUTH_TYPE", "ima", "which is no kind of credential")],
)  # fmt: skip
def test_what_cannot_be_right_fails_before_a_socket_opens(examined, around, name, value, says):
    around.delenv("WATSONX_URL")
    around.setenv(name, value)
    said = examined()
    assert said["credential"].verdict == "failed"
    assert says in said["credential"].found
    assert said["IAM"].found == said["region"].found == "credential (6) failed"
    assert said["clock"].found == "no reply came that says what time it is"
    assert said["proxy"].verdict == "skipped"


def test_a_project_that_cannot_be_one_fails_with_the_credential(examined, around):
    around.setenv("WATSONX_PROJECT_ID", "my project")
    assert examined("credential")["credential"].verdict == "failed"


def remembered(sandbox, name="work"):
    given = Given("form", api_key=Secret(sandbox.api_key), url=sandbox.url,
                  project_id=sandbox.project_id)  # fmt: skip
    profiles.remember(name, given)


@pytest.fixture
def own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))


def test_a_default_profile_is_named_its_key_left_alone_and_its_region_asked(
    examined, sandbox, own_folder
):
    with system(Keeps) as keyring:
        remembered(sandbox)
        keyring.get_password = None  # whoever asks now breaks
        said = examined(command="wx-notebook doctor")
    assert said["credential"].verdict == "ok"
    assert said["credential"].found == (
        "the next prompt connects with the profile work; its key was left in the keyring"
    )
    assert said["credential"].repair == "`wx-notebook doctor work` reads it and tries it"
    assert said["IAM"].verdict == "skipped"
    assert said["region"].verdict == "ok"
    assert sandbox.counts["project"] == 0


def test_a_profile_that_is_named_is_tried(examined, sandbox, own_folder):
    with system(Keeps):
        remembered(sandbox)
        said = examined("project", profile="work")
    assert said["credential"].found == "API key •••••••• from: profile work"
    assert (said["IAM"].verdict, said["project"].verdict) == ("ok", "ok")


def test_a_profile_that_does_not_exist_is_told_with_the_nearest(examined, sandbox, own_folder):
    with system(Keeps):
        remembered(sandbox)
        said = examined("credential", profile="wrok")["credential"]
    assert said.verdict == "failed"
    assert "Did you mean 'work'?" in said.found


def test_a_keyring_that_waits_for_somebody_is_a_verdict(examined, sandbox, own_folder):
    with system(Keeps):
        remembered(sandbox)
    with system(BlocksAtOnce):
        said = examined("credential", profile="work")["credential"]
    assert said.verdict == "failed"
    assert "the system keyring did not answer within 3 seconds (is it locked?)" in said.found
    assert said.repair


# --- region, project, model --------------------------------------------------------------------


def test_a_region_that_answers_with_a_web_page_is_told(examined, serve, monkeypatch):
    server = serve(http(502, "<html><body><h1>Bad gateway</h1></body></html>"))
    monkeypatch.setenv("WATSONX_URL", server.url)
    said = examined()
    assert said["region"].verdict == "failed"
    assert "web page (HTTP 502)" in said["region"].found
    assert said["model"].found == "region (11) failed"


def test_a_region_that_cannot_be_reached_is_told(examined, monkeypatch):
    monkeypatch.setenv("WATSONX_URL", "http://127.0.0.1:1")
    said = examined("model", "clock")
    assert said["region"].verdict == said["IAM"].verdict == "failed"
    assert "127.0.0.1:1 cannot be reached" in said["region"].found
    assert "network" in said["region"].repair


def test_without_any_word_on_the_region_the_default_is_asked_and_named(examined, monkeypatch):
    """By a proxy of ours, which refuses: nothing leaves this machine."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    said = examined("region")["region"]
    assert said.verdict == "failed"
    assert "us-south.ml.cloud.ibm.com" in said.found


@pytest.mark.parametrize(
    ("project", "says", "repair"),
    [(PROJECT, "was not found here", "Check the project ID"),
     ("", "A project ID is needed", "--project"),
     ("a space", "is a space, 'Sandbox space', not a project", "%watsonx use --space")],
)  # fmt: skip
def test_a_wrong_project_is_told(examined, around, sandbox, project, says, repair):
    project = sandbox.space_id if project == "a space" else project
    around.setenv("WATSONX_PROJECT_ID", project)
    said = examined("runtime")
    assert said["project"].verdict == "failed"
    assert says in said["project"].found
    assert repair in said["project"].repair
    assert said["runtime"].found == "project (3) failed"


def test_a_project_without_a_runtime_is_told_with_where_to_associate_one(examined, around, sandbox):
    around.setenv("WATSONX_PROJECT_ID", sandbox.bare_project_id)
    said = examined("runtime")
    assert said["project"].verdict == "ok"
    assert (said["runtime"].verdict, said["runtime"].found) == (
        "failed", "the project has no watsonx.ai Runtime associated",
    )  # fmt: skip
    assert "Services & integrations" in said["runtime"].repair


@pytest.mark.parametrize(
    ("model", "verdict", "says"),
    [("meta-llama/llama-2-13b-chat", "warning", "is deprecated since 2024-08-26"),
     ("ibm/granite-13b-instruct-v2", "failed",
      "withdrawn on 2025-10-15; replaced by ibm/granite-3-3-8b-instruct"),
     ("ibm/granite-4-h-smal", "failed", "Did you mean 'ibm/granite-4-h-small'?"),
     ("ibm/granite-embedding-278m-multilingual", "failed", "cannot chat"),
     ("openai/gpt-oss-120b", "ok", "openai/gpt-oss-120b (profile) is there")],
)  # fmt: skip
def test_the_model_that_was_chosen_is_looked_up(examined, session, sandbox, model, verdict, says):
    chosen = session.like(Given("arguments", Secret(sandbox.api_key), url=sandbox.url,
                                project_id=sandbox.project_id, model=model))  # fmt: skip
    said = examined("model", held=chosen)["model"]
    assert (said.verdict, says in said.found) == (verdict, True), said
    assert ("%watsonx use --model" in said.repair) is (verdict != "ok")


def test_what_replies_say_of_limits_is_told_and_a_prompt_is_not_sent_for_it(
    examined, around, serve
):
    assert examined("quota")["quota"].verdict == "skipped"
    for left, verdict in ((3, "ok"), (0, "warning")):
        limits = {"x_requests_limit_rate": "8", "x_requests_limit_remaining": str(left)}
        server = serve(http(200, {"resources": []}, **limits))
        around.setenv("WATSONX_URL", server.url)
        said = examined("quota")["quota"]
        assert said.verdict == verdict
        assert said.found.startswith(f"8 requests a second, {left} of them left now; what is left")
        assert not server.of("/ml/v1/text")


def test_every_place_is_asked_once_and_a_look_needs_no_patience(examined, around, sandbox):
    examined()
    assert dict(sandbox.counts) == {"token": 1, "models": 1, "project": 1}


def test_a_redirect_is_told_and_not_followed(examined, around, sandbox):
    sandbox.fault("redirect", on="models", times=None)
    said = examined("region")["region"]
    assert said.verdict == "failed"
    assert "redirects to elsewhere.invalid" in said.found


def test_an_empty_catalogue_is_no_region_to_work_in(examined, around, serve):
    server = serve(http(200, {"resources": []}), token=False)
    server.on("/identity/token", http(200, TOKEN_DOCUMENT))
    around.setenv("WATSONX_URL", server.url)
    said = examined("region")["region"]
    assert said.verdict == "failed"
    assert "none of which can chat" in said.found


def test_the_environment_is_only_read(examined, around):
    before = dict(os.environ)
    examined()
    assert dict(os.environ) == before
    assert wx.last() is None or wx.last().model_id


def test_a_model_that_the_settings_name_is_told_with_who_names_it(
    examined, around, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "pyproject.toml"
    file.write_text('[tool.wx_notebook]\nmodel = "meta-llama/llama-2-13b-chat"\n')
    said = examined("model")["model"]
    assert said.verdict == "warning"
    assert said.found.startswith("meta-llama/llama-2-13b-chat (project file) is deprecated since")
    file.write_text('[tool.wx_notebook]\nmodle = "meta-llama/llama-2-13b-chat"\n')
    said = examined("model")["model"]
    assert said.verdict == "failed"
    assert "Did you mean 'model'?" in said.found
    file.unlink()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    own = tmp_path / "wx_notebook.toml"
    own.write_text('deployment = "mine"\n')
    own.chmod(0o600)
    assert examined("model")["model"].verdict == "skipped"


def test_a_budget_of_ones_own_that_is_used_up_is_told_before_a_prompt_meets_it(examined, around):
    meter = Meter()
    meter.set_budget(1000, "notebook")
    meter.count("m", Spent(1, 300, 200))
    said = examined("quota", meter=meter)["quota"]
    assert said.verdict == "skipped"
    assert said.found.startswith(
        "500 of 1,000 tokens of the budget for this notebook are used; not known: the rate"
    )
    meter.count("m", Spent(1, 300, 200))
    said = examined("quota", meter=meter)["quota"]
    assert (said.verdict, said.found) == (
        "failed", "1,000 of 1,000 tokens of the budget for this notebook are used",
    )  # fmt: skip
    assert "%watsonx usage --budget" in said.repair


def test_a_catalogue_that_breaks_off_is_told(examined, around, serve):
    entry = {"model_id": "a/b", "functions": [{"id": "text_chat"}]}
    more = {"href": "https://x/?start=2"}
    server = serve(http(200, {"resources": [entry], "next": more}), http(500, {}), token=False)
    around.setenv("WATSONX_URL", server.url)
    said = examined("region")["region"]
    assert said.verdict == "warning"
    assert "answers with 1 model," in said.found
