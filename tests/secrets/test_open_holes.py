"""What an attack found, one test each; what is still open is marked as expected to fail."""

from __future__ import annotations

import json

import pytest
from support.cases import all_cases
from transport.servers import CHAT, caught, http, shown

import wx_notebook as wx
from wx_notebook import settings
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import HostRefused
from wx_notebook.magics import commands
from wx_notebook.magics.option_line import parse_options

from .leaks import KEY, KINDS, PASSWORD, SECRETS, TOKEN, answers, found, logged, session_of, words

open_hole = pytest.mark.xfail(strict=True, raises=AssertionError)


@all_cases("secret", [KEY, TOKEN], ids=["key", "token"])
@all_cases("option", ["temperature", "max_tokens", "generate"])
def test_a_value_of_an_option_that_is_a_secret_is_not_quoted(serve, option, secret):
    """`options.py` quotes values by `{value!r}`: it needs `without_keys`, as all that was typed."""
    server = serve(http(200, CHAT))
    session = session_of("an IBM Cloud key", server.url)
    problem = caught(lambda: session.chat("hello", **{option: secret}))
    assert found(words(problem), *SECRETS) == []


@pytest.mark.parametrize("secret", [KEY, TOKEN], ids=["key", "token"])
def test_an_option_s_name_that_is_a_secret_is_not_quoted(serve, secret):
    """`options.options_from_keywords`: `'{name}' is not an option`."""
    session = session_of("an IBM Cloud key", serve(http(200, CHAT)).url)
    problem = caught(lambda: session.chat("hello", **{secret: 1}))
    assert found(words(problem), *SECRETS) == []


@pytest.mark.parametrize("secret", [KEY, TOKEN], ids=["key", "token"])
def test_the_output_of_a_cell_that_is_a_secret_is_not_quoted(secret):
    """`options.Options`: `output takes the name of a variable, and '{name}' is none`."""
    assert found(words(caught(lambda: parse_options(f"-o {secret}"))), *SECRETS) == []


def test_a_model_that_is_the_key_of_the_session_is_not_quoted(sandbox, session):
    """`session/explaining._with_near_model` quotes the id; the service's own quote is redacted."""
    problem = caught(lambda: session.chat("hello", model=sandbox.api_key))
    assert found(words(problem), sandbox.api_key) == []


@pytest.mark.parametrize("secret", [KEY, TOKEN], ids=["key", "token"])
def test_words_behind_models_that_are_a_secret_are_not_quoted(session, secret):
    """`magics/commands._table`: `No model in ... matches '{words}'`."""
    problem = caught(lambda: commands.run(None, f"models {secret}"))
    if "NoneType" in str(problem):
        problem = caught(lambda: commands._table(session, secret))
    assert found(words(problem), *SECRETS) == []


def test_a_name_of_a_project_that_is_the_key_is_in_no_url_and_in_no_log(serve):
    """`service/projects._listed` sends it in the query; `prompts.check` could refuse it."""
    server = serve()
    answers(server, "an IBM Cloud key", http(200, {"resources": []}))
    session = session_of("an IBM Cloud key", server.url)
    with logged() as logs:
        session.projects(KEY)
    assert found("".join(seen.path for seen in server.seen), *SECRETS) == []
    assert found("".join(logs), *SECRETS) == []


@all_cases(
    "variables",
    [{"WATSONX_URL": f"https://jane:{KEY}@us-south.ml.cloud.ibm.com"},
     {"WATSONX_URL": f"https://us-south.ml.cloud.ibm.com?apikey={KEY}"},
     {"WATSONX_PROJECT_ID": KEY}, {"WATSONX_REGION": KEY}],
    ids=["user and password", "query", "project", "region"],
)  # fmt: skip
def test_the_form_s_fields_hold_no_secret_of_the_environment(monkeypatch, variables):
    """They are traits: a front end saves them with the notebook. `magics/login._show_form`."""
    from wx_notebook.login import output
    from wx_notebook.magics import commands, login

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    forms = []
    monkeypatch.setattr(output, "show_widget", lambda _, form, **__: forms.append(form))
    monkeypatch.setattr(login, "can_ask", lambda _: True)
    shell = type("Shell", (), {"kernel": None})()
    commands.run(shell, "login")
    state = repr(forms[0].get_state())
    forms[0].close()
    assert "region" in state
    assert found(state, *SECRETS) == []


def test_the_list_of_profiles_shows_no_key_that_stands_in_a_wrong_place(
    tmp_path, monkeypatch, capfd
):
    """`magics.profiles` prints region and URL as they stand in the file."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    settings.settings_file().write_text(f'[profiles.work]\nregion = "{KEY}"\n')
    settings.settings_file().chmod(0o600)
    lines = []
    monkeypatch.setattr("wx_notebook.magics.profiles.show_lines", lambda _, x: lines.extend(x))
    commands.run(None, "profiles")
    assert "work" in "\n".join(lines)
    assert found("\n".join(lines), *SECRETS) == []


def test_a_password_with_blanks_is_not_cut_in_two_before_it_is_recognised(serve):
    """`service/failures.quoted` cuts between two words, and redaction comes after that."""
    password = "cOrReCtHoRsE99 bAtTeRy77StApLe xYzZy12345678"
    server = serve()
    answers(server, "a cluster's password", http(200, CHAT))
    said = f"{'x' * 370} {password}"
    server.on("/ml/", http(400, {"errors": [{"code": "x", "message": said}]}))
    session = session_of("a cluster's password", server.url, password)
    problem = caught(lambda: session.chat("hello", model="m"))
    assert found(shown(problem), password) == []


def test_a_page_that_quotes_a_secret_with_a_tag_inside_is_redacted(serve):
    """`service/failures._plain` takes `<...>` out, and then the secret is not recognised."""
    secret = f"{KEY[:20]}<b>{KEY[20:]}"
    server = serve()
    server.on("", http(502, f"<html>no {secret} here</html>"))
    session = session_of("a cluster's password", server.url, secret)
    problem = caught(lambda: session.chat("hello", model="m"))
    assert found(words(problem), secret) == []


def test_a_head_that_cannot_be_read_is_not_logged(serve):
    """urllib3 logs it as a warning: a filter on the logger `urllib3.connection` would do."""
    server = serve(token=False)
    server.on("", b"HTTP/1.1 400 No\r\nContent-Length: 2\r\n" + KEY.encode() + b" x\r\n\r\n{}")
    session = session_of("an IBM Cloud key", server.url)
    with logged() as logs:
        caught(lambda: session.chat("hello", model="m"))
    assert found("\n".join(logs), *SECRETS) == []


@open_hole
def test_what_was_typed_into_a_wrong_argument_is_in_no_frame(serve):
    """The names of `connect` itself: a reporter that shows all frames has them.

    A secret in its own argument is wrapped in the first line; in `kind=`, `url=`, `project_id=` it
    is not, and the caller's frame would have to be cleared as well.
    """
    problem = caught(lambda: wx.connect(api_key=Secret(KEY), kind=PASSWORD))
    ours = [frame for frame in _frames(problem) if "/wx_notebook/" in frame.f_code.co_filename]
    assert found(repr([frame.f_locals for frame in ours]), PASSWORD) == []


@all_cases("kind", ["software", "zen"])
@all_cases("way", ["credentials", "api_key"])
def test_a_cell_that_says_cluster_does_not_get_the_key_of_a_file(tmp_path, kind, way):
    """`credentials.arguments`: the host came with the call, the key did not.

    A notebook from somewhere can guess `~/Downloads/apikey.json`. Design, section 6: "together"
    means from the same source.
    """
    file = tmp_path / "apikey.json"
    file.write_text(f'{{"apikey": "{KEY}"}}')
    given = {way: f"@{file}" if way == "api_key" else str(file)}
    with pytest.raises(HostRefused):
        wx.connect(**given, url="https://evil.example.com", kind=kind, username="jane")


def _frames(problem):
    trace = problem.__traceback__
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


@pytest.mark.parametrize("kind", ["a cluster's password", "a token"])
def test_the_table_of_settings_shows_no_secret_that_stands_in_a_file(
    serve, kind, tmp_path, monkeypatch
):
    """`magics/settings` shows values of files; a password looks like any other word."""
    from wx_notebook.magics.settings import settings_lines

    monkeypatch.chdir(tmp_path)
    session = session_of(kind, serve(http(200, CHAT)).url)
    secret = json.dumps(KINDS[kind].holds)
    (tmp_path / "pyproject.toml").write_text(
        f"[tool.wx_notebook]\nsystem = {secret}\nstop = [{secret}]\nparam = {{x = [{secret}]}}\n"
        f"model = {secret}\n"
    )
    lines = "\n".join(settings_lines(session))
    assert lines.count("project file") == 5
    assert found(lines, *SECRETS) == []
