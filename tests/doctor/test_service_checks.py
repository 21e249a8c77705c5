"""What the doctor says of sign-in, region, project and model, at a real server of each kind."""

from __future__ import annotations

import os
import time

import pytest
from credentials.keyring_stand_ins import BlocksAtOnce, Keeps, system
from support.cases import all_cases
from transport.servers import PROJECT, TOKEN_DOCUMENT, http

from wx_notebook.credentials import profiles
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.sandbox import Sandbox
from wx_notebook.session import current_session
from wx_notebook.usage.ledger import TokenCounts
from wx_notebook.usage.meter import UsageMeter

#: What a whole look may ask for: a token, the list of models, the project.
UNPAID = {"token", "models", "project", "space", "validate"}


def test_with_a_credential_that_is_found_everything_is_looked_at_and_nothing_is_paid(
    run_checks, around, sandbox
):
    results = run_checks()
    online = ("credential", "clock", "IAM", "region", "project", "runtime", "model")
    assert {name: results[name].state for name in online} == dict.fromkeys(online, "ok")
    assert results["credential"].finding == "API key •••••••• from: environment (WATSONX_API_KEY)"
    assert results["IAM"].finding == f"{sandbox.url} issued a token for 60 min"
    assert results["region"].finding.startswith(f"sandbox ({sandbox.url}) answers with ")
    assert (
        results["project"].finding
        == f"project {sandbox.project_id[:8]}… exists, and this user can open it"
    )
    assert (
        results["model"].finding == "ibm/granite-4-h-small (the default) is available and can chat"
    )
    assert set(sandbox.counts) <= UNPAID
    assert current_session() is None, "no session was made"


def test_without_a_credential_the_network_is_looked_at_and_nothing_is_signed_in(
    run_checks, sandbox, monkeypatch
):
    monkeypatch.setenv("WATSONX_URL", sandbox.url)
    results = run_checks()
    assert results["credential"].state == "warning"
    assert "no API key was given" in results["credential"].finding
    assert "%watsonx login" in results["credential"].repair
    assert results["IAM"].state == "skipped"
    assert results["IAM"].finding == f"{sandbox.url} answers (HTTP 405); no key was sent to it"
    assert results["project"].finding == "IAM (12) was skipped"
    assert (results["region"].state, results["clock"].state) == ("ok", "ok")
    assert (
        results["model"].finding == "ibm/granite-4-h-small (the default) is available and can chat"
    )
    assert not any("authorization" in call.headers for call in sandbox.calls)


@all_cases(
    ("offset_s", "says"),
    [(3600, "60 min behind"), (-3600, "60 min ahead of"), (-86400 * 3, "3 days ahead of"),
     (10_800, "3 h behind")],
)  # fmt: skip
def test_a_wrong_clock_is_told_with_its_direction(run_checks, monkeypatch, offset_s, says):
    with Sandbox(date_offset_s=offset_s) as sandbox:
        monkeypatch.setenv("WATSONX_URL", sandbox.url)
        clock = run_checks("clock")["clock"]
    assert clock.state == "warning"
    assert (
        clock.finding == f"this machine's clock is {says} the clock of {sandbox.url.split('/')[2]}"
    )
    assert "timedatectl" in clock.repair


@pytest.mark.parametrize(("ahead_s", "verdict"), [(59, "ok"), (-58, "ok"), (63, "warning")])
def test_a_minute_is_near_enough(run_checks, around, ahead_s, verdict):
    clock = run_checks("clock", wall_clock=lambda: time.time() + ahead_s)["clock"]
    assert clock.state == verdict


def test_replies_without_a_date_say_nothing_of_the_clock(run_checks, serve, monkeypatch):
    server = serve(http(200, {"resources": []}, Date="the day before"), token=False)
    monkeypatch.setenv("WATSONX_URL", server.url)
    clock = run_checks("clock")["clock"]
    assert (clock.state, clock.finding) == (
        "skipped", "no response contained the time",
    )  # fmt: skip


# --- IAM ---------------------------------------------------------------------------------------


def test_a_wrong_key_is_told_as_iam_tells_it(run_checks, around, sandbox):
    key = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
    around.setenv("WATSONX_API_KEY", key)
    results = run_checks()
    assert results["IAM"].state == "failed"
    assert "IBM Cloud does not know this API key." in results["IAM"].finding
    assert "BXNIM0415E" in results["IAM"].finding
    assert "create a new key" in results["IAM"].repair
    assert results["project"].finding == "IAM (12) failed"
    assert results["region"].state == "ok", "that one needs no key"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "says"),
    [("iam-html", "A proxy or filter on the way to "),
     ("iam-500", "can't issue tokens at the moment")],
)  # fmt: skip
def test_an_iam_that_answers_garbage_is_told(run_checks, around, sandbox, fault, says):
    sandbox.fault(fault, times=None)
    status = run_checks("IAM")["IAM"]
    assert status.state == "failed"
    assert says in status.finding
    assert status.repair


def test_an_iam_whose_token_is_none_is_told(run_checks, around, serve):
    server = serve(http(200, {"access_token": 7, "expires_in": 3600}), token=False)
    around.setenv("WATSONX_URL", server.url)
    status = run_checks("IAM")["IAM"]
    assert status.finding == f"IAM at {server.url} answered without a token."
    assert "proxy or a sign-in page" in status.repair


@pytest.mark.slow
def test_an_iam_that_hangs_is_a_verdict_while_the_others_go_on(run_checks, around, serve):
    server = serve(http(200, {"resources": []}), token=False)
    server.on("/identity/token", server.silent())
    around.setenv("WATSONX_URL", server.url)
    results = run_checks()
    assert results["IAM"].state == "failed"
    assert results["IAM"].finding == f"{server.url[7:]} did not answer in 2.5 s."
    assert results["project"].finding == "IAM (12) failed"
    assert results["region"].seconds < results["IAM"].seconds


def test_a_token_that_was_given_is_measured_and_not_exchanged(run_checks, around, sandbox):
    around.delenv("WATSONX_API_KEY")
    around.setenv("WATSONX_TOKEN", sandbox.issue_token())
    results = run_checks()
    assert results["IAM"].state == "ok"
    assert "the token is valid for 60 min" in results["IAM"].finding
    assert results["project"].state == "ok"
    assert sandbox.counts["token"] == 0


def test_a_token_that_has_ended_is_told_with_how_to_go_on(run_checks, around):
    with Sandbox(date_offset_s=-7200) as sandbox:
        around.delenv("WATSONX_API_KEY")
        around.setenv("WATSONX_URL", sandbox.url)
        around.setenv("WATSONX_TOKEN", sandbox.issue_token())
        sandbox.revoke_tokens()
        results = run_checks("project")
    assert results["IAM"].state == "warning"
    assert "the token expired 60 min ago" in results["IAM"].finding
    assert results["project"].state == "failed", "the service has the last word"
    for result in (results["IAM"], results["project"]):
        assert "wx.connect(token=...)" in result.repair


def test_a_token_that_is_none_of_ibms_says_nothing_of_its_life(run_checks, around):
    around.delenv("WATSONX_API_KEY")
    around.setenv("WATSONX_TOKEN", "t9" * 20)
    results = run_checks("project")
    assert results["IAM"].finding == "the token does not say when it expires"
    assert results["project"].state == "failed"


@pytest.mark.parametrize("kind", ["mcsp", "software", "zen"])
def test_other_kinds_of_sign_in_are_tried_in_their_own_way(run_checks, monkeypatch, kind):
    with Sandbox(kind="software" if kind == "zen" else kind) as sandbox:
        given = {"WATSONX_URL": sandbox.url, "WATSONX_PROJECT_ID": sandbox.project_id,
                 "WATSONX_AI_AUTH_TYPE": {"mcsp": "aws", "software": "cp4d", "zen": "zen"}[kind],
                 "WATSONX_API_KEY": sandbox.api_key}  # fmt: skip
        if kind != "mcsp":
            given["WATSONX_USERNAME"] = sandbox.username
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        results = run_checks("runtime", "region")
    assert {result.state for result in results.values()} == {"ok"}, results
    exchanged = f"{sandbox.url} issued a token for"
    keyed = "no token is needed: each request sends the key"
    assert results["IAM"].finding.startswith(keyed if kind == "zen" else exchanged)
    if kind != "mcsp":
        assert sandbox.username not in results["credential"].finding
        assert "of <user>" in results["credential"].finding


# --- the credential ----------------------------------------------------------------------------


def test_a_session_in_force_is_looked_at_and_left_as_it_is(run_checks, session, sandbox):
    session.verify()
    before = session.state.token
    results = run_checks(current_session=session)
    assert results["credential"].finding == "API key •••••••• from: arguments"
    assert "Sandbox project" not in repr(results), "its name is its owner's business"
    assert results["IAM"].state == results["project"].state == "ok"
    assert sandbox.counts["token"] == 2, "a new one, to see that it can be had"
    assert session.state.token is before
    assert session.chat("hello").text, "and it goes on"


def test_a_session_that_was_closed_does_not_count(run_checks, session, around):
    session.close()
    status = run_checks("credential", current_session=session)["credential"]
    assert status.finding == "API key •••••••• from: environment (WATSONX_API_KEY)"


def test_what_came_second_and_what_is_not_obeyed_is_told(run_checks, around):
    around.setenv("WATSONX_TOKEN", "t9" * 20)
    around.setenv("WATSONX_AI_DISABLE_SSL", "true")
    status = run_checks("credential")["credential"]
    assert status.state == "warning"
    assert "not used: environment (WATSONX_TOKEN)" in status.finding
    assert "WATSONX_AI_DISABLE_SSL is ignored" in status.finding


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("WATSONX_URL", "https://us-south.ml.cloud.ibm.com.evil.example", "is not an IBM host"),
     ("WATSONX_REGION", "eu-dee", "'eu-dee' is not a region"),
     ("WATSONX_AI_AUTH_TYPE", "ima", "has the unknown value")],
)  # fmt: skip
def test_what_cannot_be_right_fails_before_a_socket_opens(run_checks, around, name, value, says):
    around.delenv("WATSONX_URL")
    around.setenv(name, value)
    results = run_checks()
    assert results["credential"].state == "failed"
    assert says in results["credential"].finding
    assert results["IAM"].finding == results["region"].finding == "credential (8) failed"
    assert results["clock"].finding == "no response contained the time"
    assert results["proxy"].state == "skipped"


def test_a_project_that_cannot_be_one_fails_with_the_credential(run_checks, around):
    around.setenv("WATSONX_PROJECT_ID", "my project")
    assert run_checks("credential")["credential"].state == "failed"


def remembered(sandbox, name="work"):
    given = ConnectionParams("form", api_key=Secret(sandbox.api_key), url=sandbox.url,
                  project_id=sandbox.project_id)  # fmt: skip
    profiles.remember_credentials(name, given)


@pytest.fixture
def own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))


def test_a_default_profile_is_named_its_key_left_alone_and_its_region_asked(
    run_checks, sandbox, own_folder
):
    with system(Keeps) as keyring:
        remembered(sandbox)
        keyring.get_password = None  # whoever asks now breaks
        results = run_checks(command="wx-notebook doctor")
    assert results["credential"].state == "ok"
    assert results["credential"].finding == (
        "the next prompt connects with the profile work; its key was not read from the keyring"
    )
    assert results["credential"].repair == "`wx-notebook doctor work` reads the key and tests it"
    assert results["IAM"].state == "skipped"
    assert results["region"].state == "ok"
    assert sandbox.counts["project"] == 0


def test_a_profile_that_is_named_is_tried(run_checks, sandbox, own_folder):
    with system(Keeps):
        remembered(sandbox)
        results = run_checks("project", profile="work")
    assert results["credential"].finding == "API key •••••••• from: profile work"
    assert (results["IAM"].state, results["project"].state) == ("ok", "ok")


def test_a_profile_that_does_not_exist_is_told_with_the_nearest(run_checks, sandbox, own_folder):
    with system(Keeps):
        remembered(sandbox)
        status = run_checks("credential", profile="wrok")["credential"]
    assert status.state == "failed"
    assert "Did you mean 'work'?" in status.finding


@pytest.mark.slow
def test_a_keyring_that_waits_for_somebody_is_a_verdict(run_checks, sandbox, own_folder):
    with system(Keeps):
        remembered(sandbox)
    with system(BlocksAtOnce):
        status = run_checks("credential", profile="work")["credential"]
    assert status.state == "failed"
    assert "the system keyring did not answer within 3 seconds (is it locked?)" in status.finding
    assert status.repair


# --- region, project, model --------------------------------------------------------------------


@pytest.mark.slow
def test_a_region_that_answers_with_a_web_page_is_told(run_checks, serve, monkeypatch):
    server = serve(http(502, "<html><body><h1>Bad gateway</h1></body></html>"))
    monkeypatch.setenv("WATSONX_URL", server.url)
    results = run_checks()
    assert results["region"].state == "failed"
    assert "A proxy or filter on the way" in results["region"].finding
    assert results["model"].finding == "region (13) failed"


@pytest.mark.slow
def test_a_region_that_cannot_be_reached_is_told(run_checks, monkeypatch):
    monkeypatch.setenv("WATSONX_URL", "http://127.0.0.1:1")
    results = run_checks("model", "clock")
    assert results["region"].state == results["IAM"].state == "failed"
    assert "127.0.0.1:1 cannot be reached" in results["region"].finding
    assert "network" in results["region"].repair


@pytest.mark.slow
def test_without_any_word_on_the_region_the_default_is_asked_and_named(run_checks, monkeypatch):
    """By a proxy of ours, which refuses: nothing leaves this machine."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    status = run_checks("region")["region"]
    assert status.state == "failed"
    assert "us-south.ml.cloud.ibm.com" in status.finding


@pytest.mark.parametrize(
    ("project", "says", "repair"),
    [(PROJECT, "was not found here", "Check the project ID"),
     ("", "A project ID is needed", "--project"),
     ("a space", "is a space, 'Sandbox space', not a project", "%watsonx use --space")],
)  # fmt: skip
def test_a_wrong_project_is_told(run_checks, around, sandbox, project, says, repair):
    project = sandbox.space_id if project == "a space" else project
    around.setenv("WATSONX_PROJECT_ID", project)
    results = run_checks("runtime")
    assert results["project"].state == "failed"
    assert says in results["project"].finding
    assert repair in results["project"].repair
    assert results["runtime"].finding == "project (3) failed"


def test_a_project_without_a_runtime_is_told_with_where_to_associate_one(
    run_checks, around, sandbox
):
    around.setenv("WATSONX_PROJECT_ID", sandbox.bare_project_id)
    results = run_checks("runtime")
    assert results["project"].state == "ok"
    assert (results["runtime"].state, results["runtime"].finding) == (
        "failed", "the project has no watsonx.ai Runtime associated",
    )  # fmt: skip
    assert "Services & integrations" in results["runtime"].repair


@all_cases(
    ("model", "verdict", "says"),
    [("meta-llama/llama-2-13b-chat", "warning", "is deprecated since 2024-08-26"),
     ("ibm/granite-13b-instruct-v2", "failed",
      "withdrawn on 2025-10-15; replaced by ibm/granite-3-3-8b-instruct"),
     ("ibm/granite-4-h-smal", "failed", "Did you mean 'ibm/granite-4-h-small'?"),
     ("ibm/granite-embedding-278m-multilingual", "failed", "cannot chat"),
     ("openai/gpt-oss-120b", "ok", "openai/gpt-oss-120b (environment) is available")],
)  # fmt: skip
def test_the_model_that_was_chosen_is_looked_up(run_checks, session, sandbox, model, verdict, says):
    params = ConnectionParams(
        "arguments", Secret(sandbox.api_key), url=sandbox.url, project_id=sandbox.project_id,
        model=model,
    )  # fmt: skip
    chosen = session.with_params(params)
    status = run_checks("model", current_session=chosen)["model"]
    assert (status.state, says in status.finding) == (verdict, True), status
    assert ("%watsonx use --model" in status.repair) is (verdict != "ok")


def test_what_replies_say_of_limits_is_told_and_a_prompt_is_not_sent_for_it(
    run_checks, around, serve
):
    assert run_checks("quota")["quota"].state == "skipped"
    for left, verdict in ((3, "ok"), (0, "warning")):
        limits = {"x_requests_limit_rate": "8", "x_requests_limit_remaining": str(left)}
        server = serve(http(200, {"resources": []}, **limits))
        around.setenv("WATSONX_URL", server.url)
        status = run_checks("quota")["quota"]
        assert status.state == verdict
        assert status.finding.startswith(
            f"8 requests a second, {left} of them left now; only a paid"
        )
        assert not server.of("/ml/v1/text")


def test_every_place_is_asked_once_and_a_look_needs_no_patience(run_checks, around, sandbox):
    run_checks()
    assert dict(sandbox.counts) == {"token": 1, "models": 1, "project": 1}


def test_a_redirect_is_told_and_not_followed(run_checks, around, sandbox):
    sandbox.fault("redirect", on="models", times=None)
    status = run_checks("region")["region"]
    assert status.state == "failed"
    assert "redirects to elsewhere.invalid" in status.finding


def test_an_empty_catalogue_is_no_region_to_work_in(run_checks, around, serve):
    server = serve(http(200, {"resources": []}), token=False)
    server.on("/identity/token", http(200, TOKEN_DOCUMENT))
    around.setenv("WATSONX_URL", server.url)
    status = run_checks("region")["region"]
    assert status.state == "failed"
    assert "but none can chat" in status.finding


def test_the_environment_is_only_read(run_checks, around):
    before = dict(os.environ)
    run_checks()
    assert dict(os.environ) == before


def test_a_model_that_the_settings_name_is_told_with_who_names_it(
    run_checks, around, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "pyproject.toml"
    file.write_text('[tool.wx_notebook]\nmodel = "meta-llama/llama-2-13b-chat"\n')
    status = run_checks("model")["model"]
    assert status.state == "warning"
    assert status.finding.startswith(
        "meta-llama/llama-2-13b-chat (project file) is deprecated since"
    )
    file.write_text('[tool.wx_notebook]\nmodle = "meta-llama/llama-2-13b-chat"\n')
    status = run_checks("model")["model"]
    assert status.state == "failed"
    assert "Did you mean 'model'?" in status.finding
    file.unlink()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    own = tmp_path / "wx_notebook.toml"
    own.write_text('deployment = "mine"\n')
    own.chmod(0o600)
    assert run_checks("model")["model"].state == "skipped"


def test_a_budget_of_ones_own_that_is_used_up_is_told_before_a_prompt_meets_it(run_checks, around):
    meter = UsageMeter()
    meter.set_budget(1000, "notebook")
    meter.count("m", TokenCounts(1, 300, 200))
    status = run_checks("quota", meter=meter)["quota"]
    assert status.state == "skipped"
    assert status.finding.startswith(
        "500 of 1,000 tokens of the budget for this notebook are used; the rate limit is unknown"
    )
    meter.count("m", TokenCounts(1, 300, 200))
    status = run_checks("quota", meter=meter)["quota"]
    assert (status.state, status.finding) == (
        "failed", "1,000 of 1,000 tokens of the budget for this notebook are used",
    )  # fmt: skip
    assert "%watsonx usage --budget" in status.repair


@pytest.mark.slow
def test_a_catalogue_that_breaks_off_is_told(run_checks, around, serve):
    entry = {"model_id": "a/b", "functions": [{"id": "text_chat"}]}
    more = {"href": "https://x/?start=2"}
    server = serve(http(200, {"resources": [entry], "next": more}), http(500, {}), token=False)
    around.setenv("WATSONX_URL", server.url)
    status = run_checks("region")["region"]
    assert status.state == "warning"
    assert "answers with 1 model," in status.finding
