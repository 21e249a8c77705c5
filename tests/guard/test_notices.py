"""Warnings about a key in a cell, and where a report of the server is shown."""

from __future__ import annotations

import json

import pytest
from support.guard import CONNECT, a_report, leaks

from wx_notebook.guard import reports

pytestmark = pytest.mark.slow

WARNED = "it is saved with the notebook and in IPython's history."


def test_a_key_in_the_running_cell_gets_a_warning_that_names_the_cell_and_not_the_key(
    of_kernel, sandbox
):
    ran = of_kernel.run(CONNECT.format(sandbox.credentials())).ok()
    count = ran.reply["execution_count"]
    assert f"This API key is in cell [{count}]: {WARNED}" in ran.plain
    assert "make a new API key and delete this one: cloud.ibm.com" in ran.plain
    # the message that a cell runs holds that cell
    answered = [m for m in ran.messages if m["msg_type"] != "execute_input"]
    assert leaks(json.dumps(answered, default=str), sandbox.api_key) == []
    again = of_kernel.run("wx.ask('hello'); None").ok()
    assert WARNED not in again.plain


def test_a_key_that_an_earlier_cell_holds_gets_it_too_however_it_is_used(of_kernel, sandbox):
    given = sandbox.credentials()
    first = of_kernel.run(f"%env WATSONX_API_KEY={given['api_key']}").ok()
    of_kernel.run(f"_os.environ['WATSONX_URL'] = {sandbox.url!r}", store_history=False).ok()
    of_kernel.run(
        f"_os.environ['WATSONX_PROJECT_ID'] = {sandbox.project_id!r}", store_history=False
    ).ok()
    said = of_kernel.run("%watsonx login").ok().plain
    assert f"This API key is in cell [{first.reply['execution_count']}]: {WARNED}" in said
    assert WARNED not in of_kernel.run("%watsonx login").ok().plain
    second = of_kernel.run(f"x = {given['api_key']!r}\n%watsonx login").ok()
    assert f"[{second.reply['execution_count']}]: {WARNED}" in second.plain, "another cell, again"


def test_a_key_that_is_typed_after_the_login_gets_it_at_the_next_prompt(of_kernel, sandbox):
    of_kernel.connect(sandbox)
    typed = of_kernel.run(f"client_of_somebody_else = {sandbox.api_key!r}").ok()
    assert typed.outputs == []
    ran = of_kernel.run("%%watsonx\nhello").ok()
    count = typed.reply["execution_count"]
    assert f"This API key is in cell [{count}]: {WARNED}" in ran.outputs[0]["data"]["text/plain"]
    assert len(of_kernel.run("%%watsonx\nhello").ok().outputs) == 1


def test_a_token_in_a_cell_gets_it_too(of_kernel, sandbox):
    given = sandbox.credentials() | {"token": sandbox.issue_token()}
    del given["api_key"]
    said = of_kernel.run(CONNECT.format(given)).ok().plain
    assert "This token is in cell [" in said
    assert "make a new token and revoke this one." in said


def test_a_login_without_a_key_in_a_cell_gets_none(of_kernel, sandbox, tmp_path):
    file = tmp_path / "apikey.json"
    file.write_text(json.dumps({"apikey": sandbox.api_key}))
    file.chmod(0o600)
    where = f"url={sandbox.url!r}, project_id={sandbox.project_id!r}"
    said = of_kernel.run(f"import wx_notebook as wx; wx.connect(api_key='@{file}', {where}); None")
    assert said.ok().outputs == []


SIGN_IN = """
from wx_notebook.credentials import Secret as _S
from wx_notebook.login.inputs import FormValues as _T
from wx_notebook.login.controller import LoginController as _LoginController
_login = _LoginController()
_events = list(_login.sign_in(_S(typed), _T(region={where!r}, scope_text={project!r})))
"""


def test_the_form_says_it_below_its_line_since_no_cell_runs(of_kernel, sandbox):
    of_kernel.run(f"typed = {sandbox.api_key!r}").ok()
    sign_in = SIGN_IN.format(where=sandbox.url, project=sandbox.project_id)
    assert of_kernel.run(sign_in, store_history=False).ok().outputs == []
    assert any(WARNED in note for note in of_kernel.value("_login.session_lines()[1]"))


def test_what_was_removed_stands_below_the_form_s_line_and_the_next_magic_says_it_too(
    of_kernel, sandbox
):
    of_kernel.run(f"typed = {sandbox.api_key!r}", store_history=False).ok()
    sign_in = SIGN_IN.format(where=sandbox.url, project=sandbox.project_id)
    of_kernel.run(sign_in, store_history=False).ok()
    reports.save_report(a_report())
    said = "one.ipynb was saved without these secrets:"
    assert said in of_kernel.value("_login.session_lines()[1]")
    assert said in of_kernel.value("_login.session_lines()[1]"), (
        "it stands there until the next sign-in"
    )
    assert said in of_kernel.run("%watsonx version", allow_stdin=True).ok().plain
    assert "was saved" not in of_kernel.run("%watsonx version", allow_stdin=True).ok().plain, "once"


def test_a_line_that_stands_in_the_notebook_is_drawn_anew_when_a_magic_has_said_it(
    of_kernel, sandbox
):
    of_kernel.connect(sandbox)
    stage = "from wx_notebook.login.output import LoginOutput as _St, _outputs; "
    stage += "from wx_notebook.login.controller import LoginController as _Fd; _outputs.clear(); "
    stage += "_st = _St(get_ipython(), _Fd()); _outputs[_st.id] = _st; _st._is_shown = True"
    of_kernel.run(stage, store_history=False).ok()
    reports.save_report(a_report())
    ran = of_kernel.run("%watsonx version", allow_stdin=True).ok()
    drawn = [m["content"] for m in ran.messages if m["msg_type"] == "update_display_data"]
    said = "one.ipynb was saved without these secrets:"
    assert any(said in one["data"]["text/plain"] for one in drawn)
    of_kernel.run("_outputs.clear()", store_history=False).ok()
