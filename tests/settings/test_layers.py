"""Where the options of a prompt come from: layers, two files, and what is wrong with a file."""

from __future__ import annotations

import os
import pickle

import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook import settings
from wx_notebook.errors import BadOption
from wx_notebook.options import Options, known_options
from wx_notebook.session.current import choose_default
from wx_notebook.session.switch import switch
from wx_notebook.settings import CONFIG, USE, Profile, SessionModel, layers

KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
LAYERED = {o.name: o for o in known_options() if o.metadata["configurable"]}
#: A value for each option that can have a default, as a file writes it and as options keep it.
VALUES = {
    "model": ('"ibm/x"', "ibm/x"), "deployment": ('"my_deployment"', "my_deployment"),
    "system": ('"Be brief."', "Be brief."), "temperature": ("0.2", 0.2), "max_tokens": ("77", 77),
    "top_p": ("0.9", 0.9), "seed": ("42", 42), "stop": ('["a", "b"]', ("a", "b")),
    "reasoning": ('"low"', "low"), "format": ('"json"', "json"), "timeout": ("30", 30.0),
    "param": ("{top_k = 5}", {"top_k": 5}),
    "image_pixels": ("1024", 1024), "max_images": ("3", 3),
    "max_rounds": ("3", 3), "cache": ("true", True),
}  # fmt: skip


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """A working directory and a configuration folder without any file."""
    (tmp_path / "work").mkdir()
    (tmp_path / "jupyter").mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    settings.clear_runtime_defaults()
    yield
    settings.clear_runtime_defaults()


def project(text, head="[tool.wx_notebook]\n"):
    settings.project_file().write_text(head + text, encoding="utf-8")


def user(text, mode=0o600):
    settings.settings_file().write_text(text, encoding="utf-8")
    settings.settings_file().chmod(mode)


def refused(*words):
    """What the next prompt is refused with: the file, these words, and no key."""
    with pytest.raises(BadOption) as caught:
        settings.resolve_options({})
    error = caught.value
    said = str(error)
    assert all(word in said for word in words), said
    assert KEY not in said
    assert error.hint
    assert error.__context__ is None
    assert len(error._render_traceback_()) <= 3
    return error


# --- which value counts --------------------------------------------------------------------------


def test_every_option_that_can_have_a_default_has_a_value_here():
    assert set(VALUES) == set(LAYERED)


def test_with_nothing_said_they_are_what_is_built_in():
    assert settings.resolve_options({}) == Options()


@all_cases("name", VALUES)
def test_each_layer_comes_before_the_next(name):
    def now(**given):
        return getattr(settings.resolve_options(given, SessionModel()), name)

    written, kept = VALUES[name]
    user(f"{name} = {written}\n")
    assert now() == kept
    other = Options(**{name: kept if name != "param" else {"top_k": 6}})
    nearer = {"model": "ibm/y", "deployment": "d2", "system": "", "temperature": 0, "max_tokens": 1,
              "top_p": 0, "seed": 0, "stop": (), "reasoning": "off", "format": "auto",
              "timeout": 1.0, "param": {"top_k": 0}, "image_pixels": 64,
              "max_images": 1, "max_rounds": 1, "cache": False}[name]  # fmt: skip
    if name == "deployment":
        # a project's file must not say it
        return
    project(f"{name} = " + {"model": '"ibm/y"', "system": '""', "stop": "[]",
                            "reasoning": '"off"', "format": '"auto"',
                            "param": "{top_k = 0}", "cache": "false",
                            }.get(name, str(nearer)))  # fmt: skip
    assert now() == nearer, "the project's file comes before the user's"
    settings.set_runtime_default(name, getattr(other, name), USE)
    assert now() == getattr(other, name), "use and %config come before both"
    assert now(**{name: nearer}) == nearer, "and the prompt before all"
    settings.set_runtime_default(name, None, USE)
    settings.project_file().unlink(missing_ok=True)
    assert now() == kept


def test_the_models_of_use_and_of_a_profile_stand_where_they_belong():
    def model(session, **given):
        return settings.resolve_options(given, session).model

    used, own = SessionModel("used", is_chosen=True), SessionModel("own", source="profile work")
    user('model = "user"\n')
    assert model(SessionModel()) == "user"
    assert model(own) == "own", "a profile's comes before the file's top"
    assert model(None) is None, "who signs in is not known yet"
    project('model = "project"')
    assert [model(own), model(used), model(None)] == ["project", "used", "project"]
    assert model(used, model="cell") == "cell"


def test_each_parameter_counts_by_itself():
    user("[param]\na = 1\nb = 1\nc = 1\n")
    project("[tool.wx_notebook.param]\nb = 2\nc = 2\n", head="")
    settings.set_runtime_default("param", {"c": 3}, CONFIG)
    assert settings.resolve_options({"param": {"d": 4}}).param == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert settings.resolve_options({"param": {"a": 0}}).param["a"] == 0


@pytest.mark.parametrize("param", [7, "a=1", {"messages": []}])
def test_a_parameter_that_cannot_be_is_refused_also_beside_those_of_a_file(param):
    user("[param]\na = 1\n")
    with pytest.raises(BadOption, match=r"^param "):
        settings.resolve_options({"param": param})


EXCLUDED = [
    ('system = "s"', {"generate": True}, "system"),
    ('reasoning = "low"', {"generate": True}, "reasoning"),
    ('model = "m"', {"deployment": "d"}, "model"),
    ('deployment = "d"', {"model": "m"}, "deployment"),
    ('system = "s"', {"deployment": "d"}, "system"),
    ("param = {chat_template_kwargs = {a = 1}}", {"reasoning": "low"}, "param"),
    ('reasoning = "low"', {"param": {"chat_template_kwargs": {}}}, "reasoning"),
]  # fmt: skip


@all_cases(("text", "given", "name"), EXCLUDED, ids=repr)
def test_what_a_prompt_says_comes_before_a_default_that_it_excludes(text, given, name):
    for write in (user,) if "deployment" in text else (project, user):
        write(text)
        assert getattr(settings.resolve_options(given), name) is None
        assert getattr(settings.resolve_options({}, SessionModel()), name) is not None
        settings.project_file().unlink(missing_ok=True)


def test_what_is_off_excludes_nothing():
    project('system = "s"')
    assert settings.resolve_options({"generate": False}).system == "s"


def test_what_a_prompt_says_against_itself_is_an_error():
    with pytest.raises(BadOption, match="generate and system can't be combined"):
        settings.resolve_options({"generate": True, "system": "s"})


def test_an_error_that_a_default_has_part_in_leads_to_the_settings():
    project("seed = 0")
    with pytest.raises(BadOption, match="seed is a whole number from 1") as caught:
        settings.resolve_options({"generate": True})
    assert "%watsonx settings" in caught.value.hint
    with pytest.raises(BadOption) as caught:
        settings.resolve_options({"generate": True, "seed": 0})
    assert "%watsonx settings" not in caught.value.hint


def test_of_two_choices_that_exclude_each_other_the_last_counts():
    settings.set_runtime_default("model", "m", CONFIG)
    settings.set_runtime_default("deployment", "d", USE)
    assert set(settings.runtime_defaults()) == {"deployment"}
    settings.set_runtime_default("model", "m", CONFIG)
    assert set(settings.runtime_defaults()) == {"model"}


def test_a_deployment_takes_the_system_message_of_its_own_line_and_no_default_one():
    both = settings.resolve_options({"deployment": "d", "system": "s"})
    assert (both.deployment, both.system) == ("d", "s")
    user('deployment = "d"')
    assert settings.resolve_options({"system": "s"}).deployment == "d"


# --- aliases and the budget ----------------------------------------------------------------------


def test_an_alias_stands_for_a_model_wherever_one_is_named():
    user('model = "big"\n[aliases]\nbig = "ibm/big"\nsmall = "ibm/small"\n')
    project('[tool.wx_notebook.aliases]\nsmall = "other/small"\n', head="")
    assert settings.aliases() == {"big": "ibm/big", "small": "other/small"}
    assert settings.model_alias("small") == "other/small"
    assert settings.model_alias("ibm/x") == "ibm/x"
    assert settings.resolve_options({}, SessionModel()).model == "ibm/big"
    assert settings.resolve_options({"model": "small"}).model == "other/small"
    assert (
        settings.resolve_options({}, SessionModel("small", source="profile p")).model
        == "other/small"
    )
    assert settings.resolve_options({"model": "Small"}).model == "Small", "an alias is exact"
    with pytest.raises(BadOption, match="model takes a text"):
        settings.resolve_options({"model": ["small"]})


def test_the_budget_is_the_nearer_one_and_says_where_it_comes_from():
    assert settings.budget() is None
    user("budget = 50_000\n")
    assert settings.budget() == (50_000, "user file")
    project("budget = 7")
    assert settings.budget() == (7, "project file")


def test_of_a_file_with_an_error_no_budget_is_made_up():
    user("budget = 50_000\n")
    project("temprature = 1")
    with pytest.raises(BadOption, match="temprature"):
        settings.budget()
    assert settings.aliases() == {}
    assert settings.user_model() == ""


# --- the files -----------------------------------------------------------------------------------


def test_only_the_working_directory_itself_is_looked_at(tmp_path, monkeypatch):
    project("seed = 1")
    (tmp_path / "work" / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "work" / "inner")
    assert settings.resolve_options({}).seed is None
    monkeypatch.chdir(tmp_path / "work")
    assert settings.resolve_options({}).seed == 1


def test_a_change_counts_at_once_also_one_of_the_same_length():
    for write in (project, user):
        for number in (1, 2, 3):
            write(f"seed = {number}\n")
            assert settings.resolve_options({}).seed == number
        settings.project_file().unlink(missing_ok=True)
    settings.settings_file().unlink()
    assert settings.resolve_options({}).seed is None


def test_one_prompt_looks_at_the_files_once_and_the_next_one_sees_what_has_changed():
    user("temperature = 0.1\n")
    with settings.read_once():
        assert settings.resolve_options({}).temperature == 0.1
        user("temperature = 0.25\n")
        with settings.read_once():
            assert settings.resolve_options({}).temperature == 0.1
        assert settings.resolve_options({}).temperature == 0.1
    assert settings.resolve_options({}).temperature == 0.25


def test_options_that_were_checked_before_are_told_from_equal_values_of_another_type():
    assert settings.resolve_options({"seed": 1}).seed == 1
    with pytest.raises(BadOption, match="seed"):
        settings.resolve_options({"seed": True})
    assert type(settings.resolve_options({"temperature": 1.0}).temperature) is float


def test_a_file_that_has_not_changed_is_not_read_again(monkeypatch):
    project("seed = 1")
    user("top_p = 0.5\n")
    for file in (settings.project_file(), settings.settings_file()):
        os.utime(file, (1, 1))
    first = settings.resolve_options({})
    monkeypatch.setattr("builtins.open", None)
    assert settings.resolve_options({}) == first
    assert (first.seed, first.top_p) == (1, 0.5)


def test_a_text_that_was_typed_as_an_option_is_not_kept_in_memory():
    layers._plain_options.cache_clear()
    for _ in range(2):
        assert settings.resolve_options({"system": "hunter2", "seed": 1}).system == "hunter2"
    assert layers._plain_options.cache_info().currsize == 0
    # those of prompts in a loop are checked once
    for _ in range(2):
        settings.resolve_options({"model": "ibm/x", "seed": 1})
    assert layers._plain_options.cache_info()[:2] == (1, 1)


def test_a_directory_that_was_removed_has_no_file(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert settings.resolve_options({}) == Options()
    monkeypatch.chdir(tmp_path)


BAD = {
    "a misspelt key": ("temprature = 1", "'temprature'", "Did you mean 'temperature'?"),
    "a key with a hyphen": ("max-tokens = 1", "'max-tokens'", "Did you mean 'max_tokens'?"),
    "a key like none": ("banana = 1", "'banana'", "Settings there: ", "temperature", "budget"),
    "a number as a text": ('temperature = "0.2"', "'temperature'", "takes a number from 0 to 2."),
    "a number out of range": ("temperature = 3", "'temperature'", "takes a number from 0 to 2."),
    "a whole number with a point": ("seed = 1.5", "'seed'", "takes a whole number."),
    "a word out of a few": ('format = "jsn"', "'format'", "Did you mean 'json'?"),
    "a switch": ("reasoning = false", "'reasoning'", "takes off, low, medium or high."),
    "an empty model": ('model = ""', "'model'", "takes a text."),
    "a list of numbers": ("stop = [1]", "'stop'", "takes a text, or a list of texts."),
    "a date": ("seed = 1979-05-27", "'seed'", "takes a whole number."),
    "a parameter of ours": ("param = {max_tokens = 3}", "'param'", "--max-tokens"),
    "a parameter of the prompt": ("param = {messages = []}", "'param'", "the prompt sets it"),
    "a parameter without JSON": ("param = {a = 1979-05-27}", "'param'", "as JSON"),
    "parameters that are none": ("param = 3", "'param'", "takes names and their values."),
    "what only a cell says": ("stream = false", "'stream'", "cannot be set in a file",
        "--no-stream"),
    "what a cell says each time": ("generate = true", "'generate'", "cannot be set in a file",
        "--generate"),
    "a budget of nothing": ("budget = 0", "'budget'", "budget = 50000"),
    "a budget in words": ('budget = "much"', "'budget'", "whole number of tokens"),
    "a budget that is true": ("budget = true", "'budget'"),
    "aliases that are none": ('aliases = "x"', "'aliases'", 'granite = "ibm/granite-4-h-small"'),
    "an alias of two words": ('aliases = {"a b" = "m"}', "'a b'", "is not a valid alias"),
    "an alias with a slash": ('aliases = {"ibm/x" = "m"}', "is not a valid alias"),
    "an alias of nothing": ('aliases = {a = ""}', "'a' in 'aliases'", "not a model ID"),
    "an alias of a number": ("aliases = {a = 1}", "not a model ID"),
    "an alias of a key": (f'aliases = {{a = "{KEY}"}}', "not a model ID"),
    "a key for an alias": (f'aliases = {{{KEY} = "m"}}', "is not a valid alias"),
    "a misspelt table": ("alias = {a = 'm'}", "'alias'", "Did you mean 'aliases'?"),
    "a key as a key": (f"{KEY} = 1", "is not a setting"),
    "a key as a value": (f'temperature = "{KEY}"', "'temperature'"),
    "a key in a word's place": (f'format = "{KEY}"', "'format'"),
    "a secret": (f'api_key = "{KEY}"', "which must not be in a settings file", "make a new key"),
    "a secret further down": (f'param = {{api_key = "{KEY}"}}',
        "which must not be in a settings file"),
    "no TOML": ("seed = ", "not valid TOML", "line "),
    "a key without quotation marks": (f"system = {KEY}", "not valid TOML", "line "),
}  # fmt: skip


@all_cases("which", BAD)
def test_what_is_wrong_with_a_file_is_said_with_file_key_and_what_to_type(which):
    text, *words = BAD[which]
    project(text)
    where = [] if "TOML" in words[0] or "belong" in words[0] else ["pyproject.toml"]
    refused(str(settings.project_file()), *where, *words)
    settings.project_file().unlink(missing_ok=True)
    user(text)
    refused(str(settings.settings_file()), *words)


@all_cases(
    "head",
    [
        "[tool.wx-notebook]", "[tool.wx_notebok]", "[ tool . 'wxnotebook' ]", "[tool.WX_Notebook]",
        "[tool.wx_notebook]\n[tool.wx_notebooks.aliases]",
    ],
)  # fmt: skip
def test_a_project_file_s_table_that_is_called_nearly_as_ours_is_told(head):
    project("temperature = 0.3", head=f"{head}\n")
    refused(str(settings.project_file()), "Did you mean '[tool.wx_notebook]'?")


@all_cases("name", ["notebook", "jupyter_notebook", "wx", "nbqa", "wx_book", "ruff"])
def test_a_table_of_another_tool_is_nobody_s_typing_error(name):
    project("temperature = 0.3", head=f"[tool.{name}]\n")
    assert settings.resolve_options({}) == Options()
    # nor is that file looked at any closer
    project("temperature = ", head=f"[tool.{name}]\n")
    assert settings.resolve_options({}) == Options()


def test_a_table_that_is_not_known_here_is_left_alone_and_named():
    project("[tool.wx_notebook.defaults]\nseed = 1", head="")
    user(f"[later]\nseed = 1\n[{KEY}]\nx = 1\n")
    assert settings.resolve_options({}) == Options()
    files = settings.read_files()
    assert (files.project.ignored, files.user.ignored) == (("'defaults'",), ("'later'", "one"))


def test_two_settings_of_one_file_that_exclude_each_other_are_told():
    user('model = "m"\ndeployment = "d"')
    refused("'model' and 'deployment' at the top of", "can't be combined")


REFUSED = {
    "deployment": "where your prompts go",
    "url": "where your key goes", "host": "where your key goes", "region": "where your key goes",
    "iam_url": "where your key goes", "platform_url": "where your key goes",
    "profile": "who signs in", "profiles": "who signs in", "username": "who signs in",
    "kind": "who signs in", "trusted_profile_id": "who signs in",
    "project_id": "what is billed", "space_id": "what is billed", "ca_bundle": "whom to trust",
    "yes": "answer questions for you",
}  # fmt: skip


@all_cases("name", REFUSED)
@all_cases("value", ['"x"', "true", "{a = 1}"])
def test_a_project_file_does_not_say_what_is_the_users_own_matter(name, value):
    project(f"seed = 1\n{name} = {value}")
    error = refused(str(settings.project_file()), f"'{name}' in [tool.wx_notebook]", REFUSED[name])
    assert error.hint.startswith("Remove it.")


def test_what_a_profile_says_is_none_of_a_prompts_matter(folders):
    settings.save_profile(Profile("work", region="eu-de", model="ibm/x"))
    assert settings.resolve_options({}) == Options()


@all_cases(
    "text",
    ["", "[tool.other]\nx = 1\n", "not toml at all", "[project]\nname = 'x'\n[tool]\n",
     "[tool.wx_notebook]\n", "[tool.wx_notebook.later]\nx = 1\n"],
)  # fmt: skip
def test_a_file_that_says_nothing_to_us_is_left_alone(text):
    project(text, head="")
    assert settings.resolve_options({}) == Options()


@pytest.mark.parametrize("text", ["tool = 3\n# wx_notebook", "[tool]\nwx_notebook = 3\n"])
def test_a_project_file_of_another_shape_is_no_crash(text):
    project(text, head="")
    if "=" in text.splitlines()[1]:
        refused("is not a table", "[tool.wx_notebook]")
    else:
        assert settings.resolve_options({}) == Options()


@all_cases(
    "text",
    ["[tool.wx_notebook]\nseed = " + "1" * 5_000, "[tool.wx_notebook]\n" + "a." * 900 + "a = 1",
     "# wx_notebook\n" + "a." * 400_000 + "a = 1",
     "[tool.wx_notebook]\nx = " + "[" * 3_000 + "]" * 3_000],
    ids=["a number without an end", "deep", "a key of a megabyte", "brackets"],
)  # fmt: skip
def test_a_project_file_that_means_harm_is_refused_at_once_as_any_other(text):
    project(text, head="")
    with pytest.raises(BadOption) as caught:
        settings.resolve_options({})
    assert caught.value.hint


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_the_users_file_counts_only_when_it_is_the_users_alone():
    user("seed = 1\n", mode=0o644)
    refused("Other users of this machine", "chmod 600")
    project("seed = 2")
    settings.project_file().chmod(0o666)
    user("", mode=0o600)
    assert settings.resolve_options({}).seed == 2, "a project is shared"


def test_a_profile_can_be_saved_beside_the_defaults_and_they_stay():
    user('# mine\ntemperature = 0.2  # cool\nbudget = 7\n\n[aliases]\na = "m"\n')
    settings.save_profile(Profile("work", region="eu-de"))
    settings.save_profile(Profile("home", region="eu-gb"))
    settings.remove_profile("work")
    text = settings.settings_file().read_text()
    assert "temperature = 0.2  # cool" in text
    assert settings.resolve_options({}).temperature == 0.2
    assert (settings.budget(), settings.aliases()) == ((7, "user file"), {"a": "m"})
    assert list(settings.profiles()) == ["home"]


# --- through a session ---------------------------------------------------------------------------


def sent(sandbox):
    return [c for c in sandbox.calls if "chat" in c.kind or "generation" in c.kind][-1].body_json


def test_python_uses_the_same_layers(sandbox, session):
    user('temperature = 0.1\nmodel = "openai/gpt-oss-120b"\nmax_tokens = 50\n')
    wx.ask("hi")
    assert (sent(sandbox)["temperature"], sent(sandbox)["max_completion_tokens"]) == (0.1, 50)
    assert sent(sandbox)["model_id"] == "openai/gpt-oss-120b"
    project('temperature = 0.2\nmodel = "meta-llama/llama-3-3-70b-instruct"')
    wx.stream("hi").answer  # noqa: B018
    assert (sent(sandbox)["temperature"], sent(sandbox)["max_completion_tokens"]) == (0.2, 50)
    settings.set_runtime_default("temperature", 0.3, USE)
    session.generate("hi", model="ibm/granite-4-h-small")
    assert sent(sandbox)["parameters"]["temperature"] == 0.3
    assert session.chat("hi", temperature=0, model="ibm/granite-4-h-small").text
    assert (sent(sandbox)["temperature"], sent(sandbox)["model_id"]) == (0, "ibm/granite-4-h-small")


def test_an_answer_by_a_default_of_the_users_is_not_called_the_default(sandbox, session):
    assert wx.ask("hi").default_model
    user('model = "openai/gpt-oss-120b"\n')
    assert not wx.ask("hi").default_model
    assert "(default)" not in wx.last().footer


def test_a_model_that_use_has_chosen_comes_before_the_project_also_where_it_travels(
    sandbox, session, monkeypatch
):
    project('model = "openai/gpt-oss-120b"')
    made = switch(session, model="ibm/granite-3-3-8b-instruct")
    assert made.state.options({}).model == "ibm/granite-3-3-8b-instruct"
    monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
    monkeypatch.setenv("WATSONX_URL", sandbox.url)
    arrived = pickle.loads(pickle.dumps(made))
    assert arrived.state.options({}).model == "ibm/granite-3-3-8b-instruct"
    back = switch(made, model="default")
    assert back.state.options({}).model == "openai/gpt-oss-120b"


def test_use_takes_an_alias_and_checks_what_it_stands_for(session):
    user('[aliases]\nthinker = "openai/gpt-oss-120b"\nnone = "ibm/none"\n')
    assert switch(session, model="thinker").state.params.model == "openai/gpt-oss-120b"
    with pytest.raises(wx.WatsonxError, match="no model 'ibm/none'"):
        switch(session, model="none")


def test_a_deployment_that_is_chosen_lets_go_of_a_chosen_model(session):
    from wx_notebook.session.current import verify_and_activate

    made = verify_and_activate(switch(session, model="openai/gpt-oss-120b"))
    choose_default("deployment", "sandbox_chat", USE)
    chosen = made.state.options({})
    assert (chosen.deployment, chosen.model) == ("sandbox_chat", None)
    assert "deployment sandbox_chat" in made.status_line()


def test_the_line_of_a_session_names_the_model_that_answers_and_bears_a_broken_file(session):
    session.verify()
    assert "model ibm/granite-4-h-small" in session.status_line()
    project('model = "openai/gpt-oss-120b"')
    assert "model openai/gpt-oss-120b" in session.status_line()
    project("temprature = 1")
    assert "model ibm/granite-4-h-small" in session.status_line()
