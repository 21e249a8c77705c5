"""`login --env` and `--remember`, `use`, `profiles`, `logout`, `status`: in a real kernel."""

from __future__ import annotations

import json
import stat

import pytest

from wx_notebook.sandbox import Sandbox


@pytest.fixture
def env_file(sandbox, tmp_path):
    file = tmp_path / "mine.env"
    file.write_text(
        f"WATSONX_API_KEY={sandbox.api_key}\nWATSONX_URL={sandbox.url}\n"
        f"WATSONX_PROJECT_ID={sandbox.project_id}\n"
    )
    file.chmod(0o600)
    return file


def lines(ran):
    return ran.ok().plain.split("\n")


# --- files -------------------------------------------------------------------------------------


def test_login_with_a_file_that_is_named_connects_and_writes_nothing_into_the_environment(
    kernel, sandbox, env_file
):
    said = lines(kernel.run(f"%watsonx login --env {env_file}"))
    assert said[0].startswith("connected to project 'Sandbox project'")
    assert "API key •••••••• from: file mine.env" in lines(kernel.run("%watsonx status"))
    assert kernel.value("[n for n in _os.environ if n.startswith('WATSONX')]") == []
    assert kernel.run("%%watsonx\nhello").ok().outputs


def test_the_file_that_ibm_cloud_lets_one_download_will_do(kernel, sandbox, tmp_path):
    file = tmp_path / "apikey.json"
    file.write_text(json.dumps({"name": "mine", "apikey": sandbox.api_key}))
    kernel.run(
        f"import os; os.environ['WATSONX_URL'] = {sandbox.url!r}\n"
        f"os.environ['WATSONX_PROJECT_ID'] = {sandbox.project_id!r}"
    )
    said = lines(kernel.run(f"%watsonx login --file {file}"))
    assert said[0].startswith("connected to project")
    assert any("chmod 600" in line for line in said), "others can read it"


def test_status_shows_the_name_of_the_project_after_a_run_without_a_form(kernel, sandbox):
    variables = {
        "IBM_CLOUD_API_KEY": sandbox.api_key, "WATSONX_SERVICE_URL": sandbox.url,
        "WATSONX_PROJECT": sandbox.project_id, "WATSONX_PROJEKT": "x",
    }  # fmt: skip
    kernel.run(f"import os; os.environ.update({variables!r})", store_history=False).ok()
    try:
        assert lines(kernel.run("%watsonx status"))[0] == "not connected"
        kernel.run("%%watsonx\nhello").ok()
        said = lines(kernel.run("%watsonx status"))
        assert said[0].startswith("connected to project 'Sandbox project'")
        assert sandbox.project_id not in "\n".join(said)
        assert "API key •••••••• from: environment (IBM_CLOUD_API_KEY)" in said
        assert "WATSONX_PROJEKT is not read. Did you mean 'WATSONX_PROJECT'?" in said
    finally:
        kernel.run(f"for _n in {list(variables)!r}: os.environ.pop(_n)", store_history=False).ok()


def test_a_file_that_merely_lies_there_is_mentioned_and_not_read(kernel, env_file):
    there = kernel.folder / ".env"
    there.write_text(env_file.read_text())
    try:
        said = kernel.run("%watsonx status").ok().plain
        assert "not connected" in said
        assert ".env" in said
        ran = kernel.run("%%watsonx\nhello")
        assert ran.error[0].startswith("NotConnected")
        assert "%watsonx login --env .env" in "\n".join(ran.error)
        assert len(ran.error) <= 6
    finally:
        there.unlink()


def test_a_file_without_a_project_says_what_to_add_and_takes_it(kernel, sandbox, tmp_path):
    file = tmp_path / "apikey.json"
    file.write_text(json.dumps({"apikey": sandbox.api_key, "url": sandbox.url}))
    file.chmod(0o600)
    ran = kernel.run(f"%watsonx login --file {file}")
    assert ran.error[0].startswith("ProjectError: A project ID is needed")
    assert ran.error[1] == (
        "There are: 'Project without a runtime', 'Sandbox project', 'Sandbox space' (a space)."
    )
    assert "--project" in ran.error[-1]
    said = lines(kernel.run(f'%watsonx login --file {file} --project "Sandbox project"'))
    assert said[0].startswith("connected to project 'Sandbox project'")
    said = lines(kernel.run(f"%watsonx login --file {file} --space {sandbox.space_id}"))
    assert said[0].startswith("connected to space")


def test_a_misspelt_name_in_a_file_is_told_where_the_project_is_missing(kernel, sandbox, tmp_path):
    file = tmp_path / ".env"
    file.write_text(f"WATSONX_API_KEY={sandbox.api_key}\nWATSONX_URL={sandbox.url}\n"
                    f"WATSONX_PROJCT_ID={sandbox.project_id}\n")  # fmt: skip
    file.chmod(0o600)
    said = "WATSONX_PROJCT_ID is not read. Did you mean 'WATSONX_PROJECT_ID'?"
    assert said in kernel.run(f"%watsonx login --env {file}").error
    code = f"import wx_notebook as wx; wx.connect(credentials={str(file)!r}); wx.ask('hi')"
    assert said in kernel.run(code).error


def test_a_refused_key_is_told_with_the_file_that_it_is_from(kernel, sandbox, tmp_path):
    file = tmp_path / "my.env"
    file.write_text(f"WATSONX_API_KEY={'w9' * 22}\nWATSONX_URL={sandbox.url}\n"
                    f"WATSONX_PROJECT_ID={sandbox.project_id}\n")  # fmt: skip
    file.chmod(0o600)
    code = f"import wx_notebook as wx; wx.connect(credentials={str(file)!r}); wx.ask('hi')"
    for cell in (f"%watsonx login --env {file}", code):
        assert kernel.run(cell).error[0].endswith("It is from: file my.env.")


@pytest.mark.parametrize(
    ("line", "told", "next_step"),
    [("project {}", "'project' is an option", "Next: %watsonx use --project {}"),
     ("space {}", "'space' is an option", "Next: %watsonx use --space {}"),
     ("model ibm/granite-4-h-small", "'model' is an option", "Next: %watsonx use --model"),
     ("region eu-de", "'region' is an option", "Next: %watsonx use --region REGION")],
)  # fmt: skip
def test_an_option_without_its_hyphens_is_told_as_one_and_an_id_is_no_key(
    kernel, sandbox, line, told, next_step
):
    ran = kernel.run(f"%watsonx use {line.format(sandbox.project_id)}")
    assert told in ran.error[0]
    assert ran.error[-1].startswith(next_step.format(sandbox.project_id))


def test_the_model_that_use_chose_outlives_a_sign_in(kernel, env_file):
    kernel.run(f"%watsonx login --env {env_file}").ok()
    kernel.run("%watsonx use -m openai/gpt-oss-120b").ok()
    said = lines(kernel.run(f"%watsonx login --env {env_file}"))
    assert "model openai/gpt-oss-120b" in said[0]
    kernel.run("%watsonx use -m default").ok()
    said = lines(kernel.run(f"%watsonx login --env {env_file}"))
    assert "model ibm/granite-4-h-small" in said[0]


def test_the_default_model_is_that_of_the_environment_where_it_names_one(kernel, env_file):
    kernel.run("import os; os.environ['WATSONX_MODEL_ID'] = 'meta-llama/llama-3-3-70b-instruct'")
    kernel.run(f"%watsonx login --env {env_file}").ok()
    said = lines(kernel.run("%watsonx use -m openai/gpt-oss-120b"))
    assert "model openai/gpt-oss-120b" in said[0]
    said = lines(kernel.run("%watsonx use -m default"))
    assert "model meta-llama/llama-3-3-70b-instruct" in said[0]


def test_questions_are_asked_again_where_an_answer_cannot_be_right(kernel, sandbox):
    running = kernel.start("%watsonx login --text", allow_stdin=True)
    for answer in ("", sandbox.api_key, "mars", sandbox.url, "9", "Sandbox spce", "sandbox space"):
        kernel.client.get_stdin_msg(timeout=20)
        kernel.client.input(answer)
    ran = kernel.finish(running)
    assert "connected to space" in ran.plain
    assert "'mars' is not a region" in ran.printed
    assert "'9' matches no project in the list" in ran.printed
    assert "Did you mean 'Sandbox space'?" in ran.printed
    assert "✓ Key accepted for Sandbox User" in ran.printed
    assert "   1  Sandbox project" in ran.printed
    assert sandbox.api_key not in ran.everything


def test_a_project_that_was_given_is_verified_and_not_asked_for(kernel, sandbox):
    running = kernel.start("%watsonx login --text --project 'Sandbox project'", allow_stdin=True)
    for answer in (f"apikey={sandbox.api_key}", sandbox.url):
        kernel.client.get_stdin_msg(timeout=20)
        kernel.client.input(answer)
    ran = kernel.finish(running)
    assert ran.plain.startswith("connected to project 'Sandbox project'")
    assert "the key was taken out of the text around it" in ran.plain
    assert "✓ watsonx.ai Runtime is associated" in ran.printed


def test_a_step_that_fails_ends_the_questions_with_its_reason_and_its_page(kernel, sandbox):
    running = kernel.start("%watsonx login --text", allow_stdin=True)
    for answer in ("w9" * 22, sandbox.url):
        kernel.client.get_stdin_msg(timeout=20)
        kernel.client.input(answer)
    ran = kernel.finish(running)
    assert ran.error[0].startswith("KeyRefused")
    assert "✕ Key" in ran.printed
    assert "does not know" not in ran.printed, "said once, by the error"
    assert "Create a key at cloud.ibm.com: https://cloud.ibm.com/iam/apikeys" in ran.printed


def answering(kernel, *answers):
    running = kernel.start("%watsonx login --text", allow_stdin=True)
    asked = []
    for answer in answers:
        asked.append(kernel.client.get_stdin_msg(timeout=20)["content"])
        kernel.client.input(answer)
    return kernel.finish(running), asked


def test_other_kinds_of_account_are_asked_for_what_they_have(kernel, sandbox):
    with Sandbox(kind="mcsp") as aws, Sandbox(kind="software") as cluster:
        ran, asked = answering(kernel, "?", "1", aws.api_key, aws.url, "1")
        assert "connected to project 'Sandbox project'" in ran.plain, ran.everything
        assert [one["password"] for one in asked] == [True, False, True, False, False]
        assert "   2  Self-managed cluster" in ran.printed
        for way, secret in (("1", cluster.password), ("2", cluster.api_key)):
            ran, asked = answering(
                kernel, "?", "2", cluster.url, cluster.username, way, secret, "1"
            )
            assert "connected to project" in ran.plain, ran.everything
            assert [one["password"] for one in asked][5] is True
            assert secret not in ran.everything
    token = sandbox.issue_token()
    ran, _ = answering(kernel, "?", "3", token, sandbox.url, "1")
    assert "cannot be renewed" in ran.plain, ran.everything
    assert token not in ran.everything


def test_what_is_found_on_this_machine_is_offered_as_well(kernel, sandbox):
    environ = {"WATSONX_API_KEY": sandbox.api_key, "WATSONX_URL": sandbox.url}
    kernel.run(f"import os; os.environ.update({environ!r})", store_history=False).ok()
    ran, _ = answering(kernel, "?", "4", "Sandbox project")
    assert "   4  Use the key from the environment (WATSONX_API_KEY)" in ran.printed
    assert "connected to project 'Sandbox project'" in ran.plain


def test_a_step_that_takes_its_time_is_named(kernel, sandbox):
    sandbox.fault("slow-iam", seconds=1.5)
    ran, _ = answering(kernel, sandbox.api_key, sandbox.url, "1")
    assert "… Checking the key" in ran.printed
    assert "connected to project" in ran.plain


def test_each_command_tells_what_it_takes(kernel):
    said = kernel.run("%watsonx login --help").ok().plain
    assert said.startswith("%watsonx login [--text | --env FILE | --file FILE] [--remember [NAME]]")
    assert kernel.run("%watsonx help login").ok().plain == said
    log_out = kernel.run("%watsonx help logout").ok().plain
    assert log_out.startswith("%watsonx logout [--everywhere] [PROFILE]")


def test_a_key_in_the_place_of_an_argument_is_not_shown(kernel):
    for call in (
        "wx.connect(apikey={!r})",
        "wx.connect({!r})",
        "wx.connect(region='eu-de', key={!r})",
    ):
        ran = kernel.run("import wx_notebook as wx; " + call.format("k9" * 22), store_history=False)
        assert ran.error[0].startswith("BadOption")
        assert "k" * 12 not in ran.everything.replace("k9" * 22, "", 1), "but in the cell itself"
    assert "api_key" in kernel.run("wx.connect(apikey='x')").error[0]


@pytest.mark.parametrize(
    "line",
    ["--env", "--file", "--env nowhere.env", "--file /", "--txt", "--env a --text", "--key abc",
     "--remember a b", "work", "--profile work"],
)  # fmt: skip
def test_a_login_line_that_cannot_be_says_what_can(kernel, line):
    ran = kernel.run(f"%watsonx login {line}")
    assert ran.error[0].startswith(("BadOption", "NotConnected")), ran.error
    assert len(ran.error) <= 6


# --- profiles ----------------------------------------------------------------------------------


def test_a_profile_is_remembered_used_listed_and_forgotten(keyring, sandbox, env_file):
    said = lines(keyring.run(f"%watsonx login --env {env_file} --remember work"))
    assert said[0].startswith("connected to project")
    assert said[-1].startswith("profile 'work' is remembered as the default: the API key in")
    file = keyring.folder / "config" / "wx_notebook.toml"
    assert sandbox.api_key not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sandbox.api_key in keyring.value("list(_keyring.entries.values())")[0]

    keyring.run("_d()").ok()  # a new kernel would know as much
    said = lines(keyring.run("%watsonx status"))
    assert said == ["not connected", "the next prompt connects with the profile work"]
    answered = keyring.run("%%watsonx\nhello").ok()
    assert "signed in with the profile work" in answered.plain
    assert "API key •••••••• from: profile work" in lines(keyring.run("%watsonx status"))

    said = keyring.run("%watsonx profiles").ok().plain
    assert f"work  {sandbox.url} · project {sandbox.project_id}  <- default" in said

    said = lines(keyring.run("%watsonx logout"))
    assert said[0] == "logged out: key and token are forgotten"
    assert "profile 'work' is forgotten" in said[1]
    assert keyring.value("list(_keyring.entries)") == []
    assert "work" not in file.read_text()
    assert "no profiles yet" in keyring.run("%watsonx profiles").ok().plain


def test_use_goes_on_with_a_profile_although_the_environment_has_a_key(keyring, sandbox, env_file):
    keyring.run(f"%watsonx login --env {env_file} --remember work").ok()
    keyring.run("import os; os.environ['WATSONX_API_KEY'] = 'aB3_' * 11", store_history=False).ok()
    said = lines(keyring.run("%watsonx use work"))
    assert said[0].startswith("connected to project")
    said = keyring.run("%watsonx status").ok().plain
    assert "from: profile work" in said
    assert "not used: environment (WATSONX_API_KEY)" in said
    said = lines(keyring.run("%watsonx logout"))
    assert said[-1] == (
        "nothing is sent until you sign in again: wx.connect(), "
        "which finds the environment (WATSONX_API_KEY)"
    )


def test_a_profile_that_does_not_exist_gets_the_nearest(keyring, env_file):
    keyring.run(f"%watsonx login --env {env_file} --remember work").ok()
    ran = keyring.run("%watsonx use wrok")
    assert "Did you mean 'work'?" in ran.error[0]
    assert "connected" in keyring.run("%watsonx status").ok().plain, "nothing has changed"


def test_without_a_keyring_the_sign_in_stands_and_nothing_is_written(kernel, env_file):
    said = lines(kernel.run(f"%watsonx login --env {env_file} --remember work"))
    assert said[0].startswith("connected to project")
    assert "was not remembered: this machine has no system keyring" in said[-1]
    assert not list((kernel.folder / "config").glob("*.toml"))
    assert kernel.run("%%watsonx\nhello").ok().outputs


def test_loading_the_extension_connects_nothing_although_there_is_a_default(
    keyring, env_file, sandbox
):
    keyring.run(f"%watsonx login --env {env_file} --remember work").ok()
    keyring.run("_d()").ok()
    before = len(sandbox.calls)
    keyring.run("%reload_ext wx_notebook").ok()
    assert len(sandbox.calls) == before


# --- use ---------------------------------------------------------------------------------------


def test_use_changes_the_project_by_name_or_id_and_the_model(connected, sandbox):
    other = sandbox.add_project("Second project")
    said = lines(connected.run('%watsonx use --project "second project"'))
    assert said[0].startswith("connected to project 'Second project'")
    connected.run("%%watsonx\nhello").ok()
    prompts = [call for call in sandbox.calls if call.kind == "chat_stream"]
    assert prompts[-1].body_json["project_id"] == other
    model = "meta-llama/llama-3-3-70b-instruct"
    assert f"model {model}" in connected.run(f"%watsonx use --model {model}").ok().plain
    connected.run("%%watsonx\nhello").ok()
    prompts = [call for call in sandbox.calls if call.kind == "chat_stream"]
    assert prompts[-1].body_json["model_id"] == model
    assert prompts[-1].body_json["project_id"] == other, "the project stays"


def test_use_changes_to_a_space_and_back(connected, sandbox):
    said = lines(connected.run(f"%watsonx use --space {sandbox.space_id}"))
    assert said[0].startswith("connected to space '")
    said = lines(connected.run(f"%watsonx use --project {sandbox.project_id}"))
    assert said[0].startswith("connected to project '")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--project Sandbox-projct", "Did you mean 'Sandbox project'?"),
        ("--project mine", "There are: "),
        ("--model ibm/granite-4-h-smal", "Did you mean 'ibm/granite-4-h-small'?"),
        ("--region mars", "sandbox"),
        ("--project", "needs a value"),
        ("--projct x", "Did you mean '--project'?"),
        ("--project a --space b", "--project and --space can't be combined"),
        ("--project Sandbox project", "quotes"),
    ],
)
def test_what_cannot_be_used_changes_nothing(connected, line, words):
    connected.run("%%watsonx\nhello").ok()
    before = connected.run("%watsonx status").ok().plain.split(" · token")[0]
    ran = connected.run(f"%watsonx use {line}")
    assert words in "\n".join(ran.error), ran.error
    assert len(ran.error) <= 6
    assert connected.run("%watsonx status").ok().plain.split(" · token")[0] == before


def test_a_space_that_was_given_as_a_project_is_told_apart(connected, sandbox):
    ran = connected.run(f"%watsonx use --project {sandbox.space_id}")
    assert "is a space" in "\n".join(ran.error)
    assert f"%watsonx use --space {sandbox.space_id}" in "\n".join(ran.error)


def test_a_project_without_a_runtime_says_what_to_do(connected, sandbox):
    said = lines(connected.run(f"%watsonx use --project {sandbox.bare_project_id}"))
    assert "(without a watsonx.ai Runtime)" in said[0]
    ran = connected.run("%%watsonx\nhello")
    assert ran.error[0].startswith("NoRuntime")
    assert "Associate service" in ran.error[-1]


# --- status ------------------------------------------------------------------------------------


def test_status_names_the_winner_masks_it_and_lists_what_it_shadowed(kernel, sandbox):
    kernel.run(
        "import os\n"
        f"os.environ |= {{'WATSONX_API_KEY': {sandbox.api_key!r}, 'WATSONX_URL': {sandbox.url!r},\n"
        f"'WATSONX_PROJECT_ID': {sandbox.project_id!r}, 'WATSONX_TOKEN': 'x9' * 20,\n"
        "'USER_ACCESS_TOKEN': 'y9' * 20}",
        store_history=False,
    ).ok()
    try:
        kernel.run("%%watsonx\nhello").ok()
        said = kernel.run("%watsonx status").ok()
        assert "API key •••••••• from: environment (WATSONX_API_KEY)" in said.plain
        assert "not used: environment (WATSONX_TOKEN), watsonx Studio" in said.plain
        assert "programs started from this kernel inherit it" in said.plain
        assert sandbox.api_key not in said.everything
    finally:
        kernel.run("del os.environ['USER_ACCESS_TOKEN']").ok()


def test_a_token_counts_down_in_status(kernel):
    with Sandbox(token_lifetime_s=200) as sandbox:
        kernel.run(
            "import wx_notebook as wx\n"
            f"wx.connect(token={sandbox.issue_token()!r}, url={sandbox.url!r}, "
            f"project_id={sandbox.project_id!r}); None",
            store_history=False,
        ).ok()
        answered = kernel.run("%%watsonx\nhello").ok()
        assert "wx.connect(token=...)" in answered.plain
        said = kernel.run("%watsonx status").ok().plain
        assert "cannot be renewed" in said
        assert "the token that was given ends in 3 min" in said


def test_without_a_word_use_lists_what_there_is_where_nobody_can_click(connected, sandbox):
    connected.run(f"%watsonx use --project {sandbox.bare_project_id}").ok()
    said = lines(connected.run("%watsonx use"))
    assert said[0].startswith("connected to project 'Project without a runtime'")
    assert said[1:3] == [
        "projects and spaces:",
        f"   1  Project without a runtime  project · {sandbox.url} · last used",
    ]
    assert said[-1].startswith("Next: %watsonx use PROFILE")
    assert sandbox.storage_secret not in "\n".join(said)
