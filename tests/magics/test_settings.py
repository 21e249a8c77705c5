"""`%watsonx settings`, `%watsonx use` and `%config` in a real kernel, with real files."""

from __future__ import annotations

import json

import pytest

from wx_notebook.magics.option_line import CONFIGURABLE

MODEL, OTHER = "meta-llama/llama-3-3-70b-instruct", "openai/gpt-oss-120b"


@pytest.fixture
def project(connected):
    """The project file of the kernel; gone afterwards."""
    file = connected.folder / "pyproject.toml"

    def write(text):
        file.write_text(f"[tool.wx_notebook]\n{text}\n", encoding="utf-8")
        return file

    yield write
    file.unlink(missing_ok=True)


@pytest.fixture
def user(connected):
    """The user's own file of the kernel; gone afterwards."""
    folder = connected.folder / "config"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "wx_notebook.toml"

    def write(text):
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
        return file

    yield write
    file.unlink(missing_ok=True)


def sent(kernel, sandbox, line=""):
    """The body of a prompt that says `line` itself."""
    kernel.run(f"%%watsonx {line}\nhi").ok()
    return [c for c in sandbox.calls if "chat" in c.kind or "generation" in c.kind][-1].body_json


def table(kernel):
    """What `%watsonx settings` shows: each setting with its other columns."""
    rows = kernel.run("%watsonx settings").ok().plain.split("\n\n")[0].split("\n")
    starts = [rows[0].index(head) for head in ("setting", "value", "from", "instead of")]
    cells = [[row[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
             for row in rows[1:]]  # fmt: skip
    return {name: rest for name, *rest in cells}


def test_a_cell_comes_before_use_and_config_before_the_project_before_the_user(
    connected, sandbox, project, user
):
    user("temperature = 0.1\nmax_tokens = 11\ntop_p = 0.5\nseed = 1\n")
    assert sent(connected, sandbox)["temperature"] == 0.1
    project("temperature = 0.2\nmax_tokens = 22\ntop_p = 0.6")
    assert sent(connected, sandbox)["temperature"] == 0.2
    connected.run("%config WatsonxMagics.temperature = 0.3").ok()
    connected.run("%watsonx use --max-tokens 33").ok()
    body = sent(connected, sandbox, "--max-tokens 44")
    assert (body["temperature"], body["max_completion_tokens"]) == (0.3, 44)
    assert (body["top_p"], body["seed"]) == (0.6, 1)
    assert table(connected) == table(connected) | {
        "temperature": ["0.3", "%config", "0.2 (project file), 0.1 (user file)"],
        "max_tokens": ["33", "%watsonx use", "22 (project file), 11 (user file)"],
        "top_p": ["0.6", "project file", "0.5 (user file)"],
        "seed": ["1", "user file", ""],
        "stop": ["not set", "built-in", ""],
        "format": ["auto", "built-in", ""],
        "model": ["ibm/granite-4-h-small", "built-in", ""],
    }


def test_settings_are_shown_as_text_and_html_with_both_files(connected, project, user):
    user('budget = 50000\n[aliases]\ngranite = "ibm/granite-4-h-small"\n[param]\ntop_k = 5\n')
    project('model = "granite"\nbudget = 7')
    ran = connected.run("%watsonx settings").ok()
    (output,) = ran.outputs
    assert set(output["data"]) == {"text/plain", "text/html"}
    assert f"project file: {connected.folder}/pyproject.toml\n" in ran.plain
    assert f"user file: {connected.folder}/config/wx_notebook.toml" in ran.plain
    assert "not there" not in ran.plain
    shown = table(connected)
    assert shown["model"] == ["ibm/granite-4-h-small (granite)", "project file", ""]
    assert shown["budget"] == ["7", "project file", "50000 (user file)"]
    assert shown["alias granite"] == ["ibm/granite-4-h-small", "user file", ""]
    assert shown["param.top_k"] == ["5", "user file", ""]
    for file in ("pyproject.toml", "config/wx_notebook.toml"):
        (connected.folder / file).unlink()
    assert connected.run("%watsonx settings").ok().plain.count(" (not there)") == 2


def test_who_switches_the_journal_off_is_shown(connected, user, project):
    assert "journal" not in table(connected)
    project("journal = false")
    assert table(connected)["journal"] == ["False", "project file", ""]
    user("journal = false\n")
    assert table(connected)["journal"][1] == "project file and user file"


def test_of_two_budgets_the_lower_counts_a_project_cannot_raise_one_s_own(connected, user, project):
    user("budget = 500\n")
    project("budget = 50000")
    assert table(connected)["budget"] == ["500", "user file", "50000 (project file)"]


def test_a_budget_that_was_typed_comes_before_that_of_a_file(connected, user):
    user("budget = 50000\n")
    assert table(connected)["budget"] == ["50000", "user file", ""]
    connected.run("%watsonx usage --budget 70000\n%watsonx usage --budget 9000 --day").ok()
    shown = table(connected)
    assert shown["budget"] == ["70000", "%watsonx usage", "50000 (user file)"]
    assert shown["budget a day"] == ["9000", "%watsonx usage", ""]
    connected.run("%watsonx usage --budget off").ok()
    assert table(connected)["budget"] == ["off", "%watsonx usage", "50000 (user file)"]


def test_what_gives_way_to_an_option_that_excludes_it_is_shown(connected, project):
    project(f'model = "{MODEL}"\nsystem = "Be brief."')
    connected.run("%watsonx use --deployment sandbox_chat").ok()
    shown = table(connected)
    assert shown["model"] == ["not set", "deployment excludes it", f"{MODEL} (project file)"]
    assert shown["system"] == ["not set", "deployment excludes it", "'Be brief.' (project file)"]


def test_use_sets_defaults_and_takes_them_back(connected, sandbox, project):
    project("temperature = 0.7")
    said = connected.run(
        "%watsonx use --temperature 0.2 --seed -1 --stop END --stop 'the end' --param logprobs=true"
    )
    assert said.ok().plain.split("\n") == [
        "temperature: 0.2 from now on",
        "seed: -1 from now on",
        "stop: 'END', 'the end' from now on",
        "param: logprobs=True from now on",
    ]
    body = sent(connected, sandbox)
    assert (body["temperature"], body["seed"], body["stop"], body["logprobs"]) == (
        0.2, -1, ["END", "the end"], True,
    )  # fmt: skip
    said = connected.run("%watsonx use --temperature default --seed default --param default")
    assert said.ok().plain.split("\n") == [
        "temperature: 0.7, from the project file",
        "seed: the built-in default again",
        "param: the built-in default again",
    ]
    body = sent(connected, sandbox)
    assert (body["temperature"], "seed" in body, "logprobs" in body) == (0.7, False, False)


def test_use_needs_no_connection_for_defaults(kernel, sandbox):
    kernel.run("%watsonx use --max-tokens 9").ok()
    assert '"max_completion_tokens": 9' in kernel.run("%%watsonx --show\nhi").ok().plain
    assert kernel.run("%watsonx status").ok().plain.startswith("not connected")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--temperature 3", "--temperature takes a number from 0 to 2, not 3.0."),
        ("--temperature", "--temperature needs a value."),
        ("--format jsn", "Did you mean 'json'?"),
        ("--param max_tokens=3", "--param does not take 'max_tokens'"),
        ("--deployment d --model m", "--deployment and --model can't be combined"),
        ("--max-token 5", "Did you mean '--max-tokens'?"),
        ("--temprature 1", "Did you mean '--temperature'?"),
        ("-t 1 --temperature 2", "--temperature is given more than once."),
        ("-x a=1", "'-x' is not an option of %watsonx use."),
        ("--output x", "'--output' is not an option of %watsonx use."),
    ],
)  # fmt: skip
def test_what_use_cannot_do_it_says_and_nothing_has_changed(connected, sandbox, line, said):
    ran = connected.run(f"%watsonx use --seed 5 {line}")
    assert said in ran.error[0]
    assert len(ran.error) <= 6
    assert "seed" not in sent(connected, sandbox)


def test_of_use_and_config_the_last_one_counts_also_for_the_model(connected, sandbox, project):
    project('model = "ibm/granite-3-3-8b-instruct"')
    assert sent(connected, sandbox)["model_id"] == "ibm/granite-3-3-8b-instruct"
    connected.run(f"%config WatsonxMagics.model = '{MODEL}'").ok()
    assert sent(connected, sandbox)["model_id"] == MODEL
    said = connected.run(f"%watsonx use --model {OTHER}").ok().plain
    assert f"model {OTHER}" in said
    assert sent(connected, sandbox)["model_id"] == OTHER
    assert table(connected)["model"] == [
        OTHER, "%watsonx use", "ibm/granite-3-3-8b-instruct (project file)",
    ]  # fmt: skip
    connected.run(f"%config WatsonxMagics.model = '{MODEL}'").ok()
    assert sent(connected, sandbox)["model_id"] == MODEL
    assert table(connected)["model"][1] == "%config"
    connected.run("%watsonx use --model default").ok()
    assert sent(connected, sandbox)["model_id"] == "ibm/granite-3-3-8b-instruct"


def test_use_takes_the_short_names_of_options_too(connected, sandbox):
    connected.run(
        f"%watsonx use -m {OTHER} -t 0.3 -s 'Be brief.' -p top_k=5 --param min_p=0.1"
    ).ok()
    body = sent(connected, sandbox)
    assert (body["model_id"], body["temperature"]) == (OTHER, 0.3)
    assert (body["top_k"], body["min_p"]) == (5, 0.1)
    assert body["messages"][0]["content"] == "Be brief."
    connected.run("%watsonx use -t default -f text").ok()
    assert "temperature" not in sent(connected, sandbox)


def test_use_takes_an_alias_of_a_model(connected, sandbox, user):
    user(f'[aliases]\nthinker = "{OTHER}"\n')
    assert f"model {OTHER}" in connected.run("%watsonx use --model thinker").ok().plain
    assert sent(connected, sandbox)["model_id"] == OTHER
    assert sent(connected, sandbox, "-m ibm/granite-4-h-small")["model_id"].startswith("ibm/")


def test_a_misspelt_alias_gets_the_near_one(connected, user):
    user(f'[aliases]\nthinker = "{OTHER}"\n')
    for code in ("%%watsonx -m thinkr\nhello", "%watsonx use --model thinkr"):
        assert "'thinkr'. Did you mean 'thinker'?" in connected.run(code).error[0]


def test_traits_say_what_is_in_force_and_a_change_of_one_leaves_the_others(connected, sandbox):
    connected.run("%config WatsonxMagics.temperature = 0.2").ok()
    connected.run("%watsonx use --temperature 0.5 --top-p 0.9").ok()
    connected.run("%config WatsonxMagics.seed = 3").ok()
    body = sent(connected, sandbox)
    assert (body["temperature"], body["top_p"], body["seed"]) == (0.5, 0.9, 3)
    assert "0.5" in connected.run("%config WatsonxMagics.temperature").ok().plain
    connected.run("%config WatsonxMagics.temperature = None").ok()
    assert "temperature" not in sent(connected, sandbox)
    shown = connected.run("%config WatsonxMagics").ok().printed
    for word in (
        "WatsonxMagics.max_tokens",
        "maximum length of the answer in tokens",
        "stop",
        "param",
    ):
        assert word in shown


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("temperature = 9", "BadOption: temperature takes a number from 0 to 2, not 9."),
        ("temperature = 'hot'", "BadOption: temperature takes a number from 0 to 2, not 'hot'."),
        ("temperature = [0.5]", "BadOption: temperature takes a number from 0 to 2, not [0.5]."),
        ("param = {'max_tokens': 3}", "BadOption: param does not take 'max_tokens'"),
        ("temprature = 0.5", "BadOption: WatsonxMagics has no 'temprature'. Did you mean"),
        ("show = True", "BadOption: WatsonxMagics has no 'show'."),
    ],
)
def test_a_bad_value_of_a_trait_fails_the_cell_and_changes_nothing(
    connected, sandbox, typed, error
):
    connected.run("%config WatsonxMagics.temperature = 0.2").ok()
    ran = connected.run(f"%config WatsonxMagics.{typed}")
    assert ran.status == "error"
    assert ran.error[0].startswith(error)
    assert len(ran.error) == 2
    assert sent(connected, sandbox)["temperature"] == 0.2
    connected.run("%config WatsonxMagics.temperature = None").ok()


#: Options that take any text.
TEXTS = {"system": 7, "model": "", "stop": [""]}


@pytest.mark.parametrize("name", sorted(CONFIGURABLE))
def test_no_trait_takes_a_value_of_a_wrong_type(connected, name):
    for value in (TEXTS.get(name, "no such value"), {1, 2}):
        ran = connected.run(f"%config WatsonxMagics.{name} = {value!r}")
        assert ran.status == "error", value
        assert ran.error[0].startswith(f"BadOption: {name} ")
    assert connected.value(f"get_ipython().magics_manager.registry['WatsonxMagics'].{name}") is None


def test_a_bad_value_of_a_configuration_file_is_told_at_the_load_and_keeps_nobody_out(connected):
    connected.run("get_ipython().config.WatsonxMagics.temperature = 9").ok()
    ran = connected.run("%reload_ext wx_notebook")
    assert ran.error[0] == "BadOption: temperature takes a number from 0 to 2, not 9."
    assert "c.WatsonxMagics" in ran.error[1]
    left = "[type(each).__name__ for each in get_ipython().configurables]"
    assert "WatsonxMagics" not in connected.value(left)
    connected.run("%load_ext wx_notebook\n%watsonx settings").ok()


def test_a_configuration_file_sets_traits_and_unloading_takes_everything_back(connected, sandbox):
    connected.run("%watsonx use --top-p 0.9").ok()
    connected.run(
        "get_ipython().config.WatsonxMagics.temperature = 0.4\n%reload_ext wx_notebook"
    ).ok()
    body = sent(connected, sandbox)
    assert (body["temperature"], "top_p" in body) == (0.4, False)
    connected.run(
        "del get_ipython().config.WatsonxMagics.temperature\n%unload_ext wx_notebook\n"
        "import wx_notebook as wx; wx.ask('hi'); None"
    ).ok()
    assert "temperature" not in sandbox.calls[-1].body_json
    connected.run("%load_ext wx_notebook").ok()


def test_a_file_with_an_error_is_told_and_mended_without_leaving_the_notebook(
    connected, sandbox, project
):
    file = project("temprature = 0.2")
    ran = connected.run("%%watsonx\nhi")
    assert len(ran.error) == 2
    assert ran.error[0] == (
        f"BadOption: 'temprature' in [tool.wx_notebook] of {file} is not a setting. "
        "Did you mean 'temperature'?"
    )
    assert ran.error[1].startswith("Settings there: chats, model, deployment, system, temperature")
    shown = connected.run("%watsonx settings").ok().plain
    assert f"Not read: 'temprature' in [tool.wx_notebook] of {file}" in shown
    for line in ("status", "help", "use --seed 1", "version", "profiles"):
        connected.run(f"%watsonx {line}").ok()
    project("temperature = 0.2")
    assert sent(connected, sandbox)["temperature"] == 0.2


def test_a_table_that_does_nothing_is_told(connected, project):
    project("[tool.wx_notebook.defaults]\ntemperature = 1")
    said = connected.run("%watsonx settings").ok().plain
    assert "  unknown tables in it, which have no effect: 'defaults'" in said


def test_ask_and_python_use_the_settings_too(connected, sandbox, project):
    project("seed = 7")
    for code in ("%watsonx ask hi", "wx.ask('hi'); None", "wx.stream('hi').answer; None"):
        connected.run(code).ok()
        assert sandbox.calls[-1].body_json["seed"] == 7


def test_no_secret_is_shown(connected, sandbox, project, user):
    secrets = [sandbox.api_key, "aBcDeFgHiJ" * 4 + "1234", "eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl"]
    for secret in secrets:
        project(f'system = "{"x" * 30} {secret}"\nstop = ["{secret}"]\nmodel = "{secret}"')
        user(f'system = "it is {secret}"\nparam = {{context = "{secret}"}}\n')
        ran = connected.run("%watsonx settings", store_history=False).ok()
        shown = [m for m in ran.messages if m["msg_type"] != "execute_input"]
        text = json.dumps(shown, default=str)
        pieces = {secret[at : at + 12] for at in range(len(secret) - 12)}
        assert not [piece for piece in pieces if piece in text]
        assert "project file" in ran.plain
