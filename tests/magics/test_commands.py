"""The sub-commands of `%watsonx` in a real kernel."""

from __future__ import annotations

import inspect
from importlib import import_module

from support.cases import all_cases

from wx_notebook.magics.commands import COMMANDS, command_help, overview, parser_of
from wx_notebook.magics.completion.lines import complete_command
from wx_notebook.magics.completion.values import ValueLists
from wx_notebook.options import known_options


@all_cases("name", COMMANDS)
def test_every_command_can_be_imported_and_has_help_and_is_completed(name):
    command = COMMANDS[name]
    module, _, function = command.target.partition(":")
    assert inspect.isfunction(getattr(import_module(module), function))
    assert f"  %watsonx {name:16}{command.description}\n" in overview()
    lines = command_help(name)
    assert lines[0].startswith(f"%watsonx {name}")
    assert max(map(len, lines)) <= 80
    assert all(argument.help for argument in command.arguments)
    lists = ValueLists()
    assert name in [each.text for each in complete_command(name[:2], lists).candidates]
    offered = [each.text for each in complete_command(f"{name} -", lists).candidates]
    assert offered == list(parser_of(name).flags)


def test_status_says_what_is_connected_as_whom_and_for_how_long(connected, sandbox):
    connected.run("%%watsonx\nhello").ok()
    said = connected.run("%watsonx status").ok().plain
    assert sandbox.url in said
    assert "as Sandbox User" in said
    assert "token for 60 min" in said
    assert "API key •••••••• from: arguments" in said
    assert sandbox.api_key not in said


def test_status_names_a_key_of_the_environment_that_is_not_used(connected):
    connected.run("import os; os.environ['WATSONX_APIKEY'] = 'aB3_' * 11", store_history=False).ok()
    said = connected.run("%watsonx status").ok().plain
    assert "WATSONX_APIKEY: programs started from this kernel inherit it" in said


def test_status_without_a_connection_says_what_to_do(kernel):
    said = "not connected\nNext: run %watsonx login."
    assert kernel.run("%watsonx status", allow_stdin=True).ok().plain == said


def test_logout_forgets_and_says_when_the_environment_still_has_a_key(connected):
    connected.run("import os; os.environ['WATSONX_APIKEY'] = 'aB3_' * 11", store_history=False).ok()
    said = connected.run("%watsonx logout", allow_stdin=True).ok().plain
    stays = "nothing is sent until you sign in again: %watsonx login, or wx.connect()"
    assert said.split("\n") == [
        "logged out: key and token are forgotten",
        f"{stays}, which finds the environment (WATSONX_APIKEY)",
    ]
    said = connected.run("%watsonx status", allow_stdin=True).ok().plain
    assert said.split("\n")[:2] == [
        "logged out",
        f"{stays}, which finds the environment (WATSONX_APIKEY)",
    ]
    ran = connected.run("%%watsonx\nhello")
    assert ran.error == ["NotConnected: You have logged out in this kernel. Nothing was sent.",
                         "Next: call wx.connect()."]  # fmt: skip


def test_models_lists_the_catalogue_with_the_default_and_words_narrow_it(connected):
    said = connected.run("%watsonx models").ok().plain
    assert "ibm/granite-4-h-small" in said
    assert "<- default" in said
    assert "131,072" in said
    narrowed = connected.run("%watsonx models llama").ok().plain
    assert "granite" not in narrowed
    assert "llama" in narrowed


def test_models_with_words_that_match_none_says_so(connected):
    ran = connected.run("%watsonx models granit-5")
    assert ran.error[-1] == "%watsonx models lists all of them."


def test_help_names_every_command_and_option_within_80_columns(kernel):
    said = kernel.run("%watsonx help").ok().plain
    more = kernel.run("%watsonx help use").ok().plain
    assert max(len(line) for line in f"{said}\n{more}".split("\n")) <= 80
    for option in known_options():
        assert all(f" {flag}" in said for flag in option.metadata["flags"])
    for word in ("login", "logout", "status", "ask", "models", "version", "--system", "--raw"):
        assert word in said
    assert kernel.run("%watsonx").ok().plain == said


def test_version_names_the_package(kernel):
    assert "wx_notebook 0." in kernel.run("%watsonx version").ok().plain


def test_a_prompt_connects_by_itself_with_the_environment(kernel, sandbox):
    found = {"WATSONX_APIKEY": sandbox.api_key, "WATSONX_URL": sandbox.url,
             "WATSONX_PROJECT_ID": sandbox.project_id}  # fmt: skip
    kernel.run(f"import os; os.environ.update({found!r})", store_history=False).ok()
    kernel.run("%%watsonx\nhello").ok()
    assert "environment (WATSONX_APIKEY)" in kernel.run("%watsonx status").ok().plain


def test_a_session_that_nobody_named_is_announced_with_its_first_answer(kernel, sandbox):
    found = {
        "WATSONX_APIKEY": sandbox.api_key,
        "WATSONX_URL": sandbox.url,
        "WATSONX_PROJECT_ID": sandbox.project_id,
    }
    kernel.run(f"import os; os.environ.update({found!r})", store_history=False).ok()
    assert "WATSONX_APIKEY" in kernel.run("%watsonx status").ok().plain
    first, second = (kernel.run("%%watsonx\nhello").ok().plain for _ in range(2))
    said = f"signed in with the environment (WATSONX_APIKEY): project {sandbox.project_id}"
    assert said in first
    assert said not in second


def test_a_session_that_was_never_used_is_not_called_connected(connected):
    assert connected.run("%watsonx status").ok().plain.startswith("set up for project ")


def test_login_asks_by_text_where_a_front_end_answers(kernel, sandbox):
    running = kernel.start("%watsonx login --text", allow_stdin=True)
    answers = [sandbox.api_key, sandbox.url, sandbox.project_id]
    for answer in answers:
        asked = kernel.client.get_stdin_msg(timeout=20)
        assert asked["content"]["password"] is (answer == sandbox.api_key)
        kernel.client.input(answer)
    ran = kernel.finish(running)
    assert "connected to project 'Sandbox project'" in ran.plain
    assert sandbox.api_key not in ran.everything
