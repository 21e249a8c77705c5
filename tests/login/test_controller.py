"""The controller behind the form: detect, remember, switch and forget, in a real kernel."""

from __future__ import annotations

import json
import time

from wx_notebook.sandbox import Sandbox

CONTROLLER = """
from wx_notebook.credentials import Secret as _S
from wx_notebook.login.inputs import FormValues as _T
from wx_notebook.login.controller import LoginController as _D
from wx_notebook.login.inputs import detect_credentials as _detected
_login = _D()
"""


def sign_in(kernel, sandbox, **typed):
    given = {"region": sandbox.url, "scope_text": sandbox.project_id} | typed
    told = f"[type(e).__name__ for e in _login.sign_in(_S({sandbox.api_key!r}), _T(**{given!r}))]"
    return kernel.value(told)


def test_what_is_ticked_is_remembered_offered_used_and_forgotten(keyring, sandbox):
    keyring.run(CONTROLLER, store_history=False).ok()
    assert sign_in(keyring, sandbox, remember="work")[-1] == "SignedIn"
    assert "'work' is remembered" in keyring.value("_login.session_lines()[1][-1]")
    assert keyring.value("_detected()") == [["profile:work", "Use the profile work"]]
    # a log out leaves the profile, and one click brings it back
    keyring.run("_login.sign_out()").ok()
    assert keyring.value("_login.status_line()") == ""
    used = "[type(e).__name__ for e in _login.use_detected('profile:work', _T())][-1]"
    assert keyring.value(used) == "SignedIn"
    assert keyring.value("_login.switch_choices().profiles") == ["work"]
    assert keyring.value("_login.switch_choices().profile") == "work"
    # without a new login to another profile, and back
    sign_in(keyring, sandbox, remember="other")
    assert (
        keyring.value("[type(e).__name__ for e in _login.choose('', '', 'work')][-1]") == "SignedIn"
    )
    assert keyring.value("_login.switch_choices().profile") == "work"
    keyring.run("_login.sign_out(forget=True)").ok()
    assert keyring.value("_detected()") == [["profile:other", "Use the profile other"]]
    assert sandbox.api_key not in keyring.value("repr(list(_keyring.entries))")


def test_what_waits_for_a_choice_is_remembered_and_nothing_that_comes_after(keyring, sandbox):
    keyring.run(CONTROLLER + "def _ended(events): return [type(e).__name__ for e in events][-1]",
                store_history=False).ok()  # fmt: skip
    # by the box of the form, and by the line `login --remember work`, which ticks it
    for made, ticked in (("_D()", "work"), ("_D('work')", "")):
        keyring.run(f"_login = {made}").ok()
        assert sign_in(keyring, sandbox, scope_text="", remember=ticked)[-1] == "ScopeChoice"
        assert keyring.value("_detected()") == []
        place = f"_ended(_login.choose({sandbox.project_id!r}, '', ''))"
        assert keyring.value(place) == "SignedIn"
        assert keyring.value("_detected()") == [["profile:work", "Use the profile work"]]
        # another profile, another place and another key are not kept under that name
        keyring.run(
            "from wx_notebook.credentials.profiles import from_profile as _named\n"
            "from wx_notebook.credentials.hosts import endpoints_of as _endpoints"
        ).ok()
        with Sandbox() as other:
            assert sign_in(keyring, other, remember="other")[-1] == "SignedIn"
            assert keyring.value("_ended(_login.choose('', '', 'work'))") == "SignedIn"
            assert keyring.value("_ended(_login.choose('', '', 'other'))") == "SignedIn"
            assert sign_in(keyring, other)[-1] == "SignedIn"
            assert keyring.value("_endpoints(_named('work')).url") == sandbox.url
        keyring.run("_login.sign_out()\n"
                    "from wx_notebook.credentials.profiles import forget_profile\n"
                    "forget_profile('work'); forget_profile('other')").ok()  # fmt: skip


def test_a_profile_that_is_chosen_from_the_list_brings_its_own_model(keyring, sandbox):
    own = "mistralai/mistral-medium-2505"
    keyring.run(CONTROLLER, store_history=False).ok()
    sign_in(keyring, sandbox)
    keyring.run("from wx_notebook.session import current_session as _current\n"
                "from wx_notebook.credentials.profiles import remember_credentials as _remember\n"
                "from dataclasses import replace as _replace\n"
                f"_remember('work', _replace(_current().state.params, model={own!r}))"
                ).ok()  # fmt: skip
    other = keyring.value("_login.switch_choices().model")
    assert other != own
    for model, then in (("", own), (other, other)):
        keyring.run(f"list(_login.choose('', {model!r}, 'work'))").ok()
        assert keyring.value("_login.switch_choices().model") == then


def test_what_is_found_is_offered_by_name_and_not_asked_for(kernel, sandbox, tmp_path):
    file = tmp_path / "sandbox.json"
    file.write_text(json.dumps(sandbox.credentials()))
    kernel.run(
        f"import os; os.environ |= {{'WX_NOTEBOOK_SANDBOX': {str(file)!r}, "
        f"'WATSONX_APIKEY': {sandbox.api_key!r}, 'WATSONX_URL': {sandbox.url!r}, "
        f"'USER_ACCESS_TOKEN': {sandbox.issue_token()!r}}}\n{CONTROLLER}",
        store_history=False,
    ).ok()
    try:
        assert kernel.value("[o.label for o in _detected()]") == [
            "Use the sandbox",
            "Use the key from the environment (WATSONX_APIKEY)",
            "Use the watsonx Studio token",
        ]
        said = kernel.value("[type(e).__name__ for e in _login.use_detected('sandbox', _T())]")
        assert said[-1] == "SignedIn"
        # it lacks a project: the list has one
        said = kernel.value("[type(e).__name__ for e in _login.use_detected('environment', _T())]")
        assert said[-1] == "ScopeChoice"
        shown = kernel.run("%watsonx login", allow_stdin=True).ok()
        assert sandbox.api_key not in shown.everything
        # the project of the environment stands in the field: for its own key, and for no other
        kernel.run("os.environ['WATSONX_PROJECT_ID'] = '12345678-1234-4123-8123-123456789abc'").ok()
        kernel.run("%watsonx login", allow_stdin=True).ok()
        kernel.run(OUTPUT + "_login, _values = _last()._controller, _last()._values").ok()
        ended = "[type(e).__name__ for e in _login.use_detected({!r}, _values)]"
        assert kernel.value(ended.format("sandbox"))[-1] == "SignedIn"
        said = kernel.value(ended.format("environment"))
        assert said[-2:] == ["Step", "ScopeChoice"], "it is not there, and the list says what is"
    finally:
        kernel.run("del os.environ['USER_ACCESS_TOKEN']").ok()


OUTPUT = """
from wx_notebook.login.output import _outputs
def _last(): return [*_outputs.values()][-1]
"""


def test_every_form_offers_what_there_is_when_it_is_opened_and_hears_of_a_login_by_file(
    keyring, sandbox, tmp_path
):
    keyring.run(CONTROLLER + OUTPUT, store_history=False).ok()
    keyring.run("%watsonx login", allow_stdin=True).ok()
    keyring.run("_form = _last().form").ok()
    file = tmp_path / "apikey.json"
    file.write_text(json.dumps({"apikey": sandbox.api_key, "url": sandbox.url}))
    file.chmod(0o600)
    login = f"%watsonx login --file {file} --space {sandbox.space_id}"
    keyring.run(f"{login} --remember work").ok()
    assert "space 'Sandbox space'" in keyring.value("_form.view['line']")
    keyring.run("%watsonx use", allow_stdin=True).ok()
    for opened in ("pass", "_last().run_action('sign_out')"):
        keyring.run(opened).ok()
        assert keyring.value("_last().form.detected") == [["profile:work", "Use the profile work"]]
        assert keyring.value("len(_last().form.regions)") > 5
        assert keyring.value("_last().form.no_keyring") == ""


def test_a_form_shows_a_session_that_python_code_has_made(kernel, sandbox):
    kernel.run(OUTPUT, store_history=False).ok()
    kernel.run("%watsonx login", allow_stdin=True).ok()
    assert kernel.value("_last().form.view['phase']") == "form"
    code = f"import wx_notebook as wx; wx.connect(**{sandbox.credentials()!r}); None"
    kernel.run(code, store_history=False).ok()
    assert kernel.value("_last().form.view['line']").startswith("set up for project")
    kernel.run("%watsonx logout").ok()
    assert kernel.value("_last().form.view['phase']") == "form"


def test_the_note_of_a_missing_runtime_ends_with_the_page_that_mends_it(kernel):
    kernel.run(CONTROLLER, store_history=False).ok()
    kernel.run("from wx_notebook.credentials.connection_params import ConnectionParams\n"
               "from wx_notebook.login.controller import runtime_note\n"
               "from wx_notebook.service import Project\n"
               "from wx_notebook.session.current import make_session\n"
               "_s = make_session(ConnectionParams('form', _S('k9' * 22), region='eu-de'))\n"
               "from dataclasses import replace as _r\n"
               "_s.state = _r(_s.state, project=Project('p1', 'Mine', False))",
               store_history=False).ok()  # fmt: skip
    (note,) = kernel.value("runtime_note(_s)")
    assert note.startswith("The project 'Mine' has no watsonx.ai Runtime associated. In watsonx")
    assert note.endswith(
        " https://eu-de.dataplatform.cloud.ibm.com/projects/p1/manage/services?context=wx"
    )


def test_a_log_out_that_cannot_forget_the_profile_is_told_to_every_form(keyring, sandbox):
    keyring.run(CONTROLLER + OUTPUT, store_history=False).ok()
    keyring.run("%watsonx login", allow_stdin=True).ok()
    keyring.run("_form, _login = _last().form, _last()._controller").ok()
    assert sign_in(keyring, sandbox, remember="work")[-1] == "SignedIn"
    keyring.run("from wx_notebook.login.output import refresh_all as _refresh; _refresh()").ok()
    assert keyring.value("_form.view['phase']") == "connected"
    (settings,) = (keyring.folder / "config").glob("*.toml")
    kept = settings.read_text()
    settings.write_text("no = [toml")
    try:
        assert keyring.run("%watsonx logout").status == "error"
        assert keyring.value("_form.view['phase']") == "form"
    finally:
        settings.write_text(kept)


def test_a_log_out_in_a_form_that_has_just_become_the_line_opens_a_form_there(connected):
    connected.run(OUTPUT, store_history=False).ok()
    connected.run("%watsonx login", allow_stdin=True).ok()
    connected.run(
        "_form = _last().form; _form._on_message(None, {'action': 'ping', 'view': 'v'}, [])"
    ).ok()
    assert connected.value("_last().form is None")
    connected.run("_form._on_message(None, {'action': 'sign_out', 'view': 'v'}, [])").ok()
    # what was clicked gives way to a Stop behind it, and is done between two cells
    done = "_last().form is not None and _last().form is not _form and _last().form.view['phase']"
    deadline = time.monotonic() + 20
    while connected.value(done) != "form":
        assert time.monotonic() < deadline
    connected.run("_form._on_message(None, {'action': 'line_shown', 'view': 'v'}, [])").ok()
    assert connected.value("_form.comm is None")


def test_a_form_that_is_looked_after_no_longer_is_closed_and_keeps_no_key(kernel, sandbox):
    kernel.run(CONTROLLER + OUTPUT, store_history=False).ok()
    kernel.run("%watsonx login", allow_stdin=True).ok()
    kernel.run("_first = _last(); _form = _first.form; _login = _first._controller").ok()
    assert sign_in(kernel, sandbox, scope_text="")[-1] == "ScopeChoice"
    kernel.run("_open = _login._pending\n"
               "for _ in range(20): get_ipython().run_line_magic('watsonx', 'login')",
               allow_stdin=True).ok()  # fmt: skip
    assert kernel.value("[_form.comm is None, _open.state.authenticator is None]") == [True, True]


def test_a_choice_that_was_left_open_holds_no_key_once_somebody_has_signed_in(kernel, sandbox):
    kernel.run(CONTROLLER, store_history=False).ok()
    assert sign_in(kernel, sandbox, scope_text="")[-1] == "ScopeChoice"
    kernel.run("_open = _login._pending").ok()
    assert kernel.value("_open.state.authenticator is not None")
    assert sign_in(kernel, sandbox)[-1] == "SignedIn"
    assert kernel.value("_open.state.authenticator is None")
    assert sign_in(kernel, sandbox, scope_text="")[-1] == "ScopeChoice"
    kernel.run("_open = _login._pending; _login.sign_out()").ok()
    assert kernel.value("_open.state.authenticator is None")
    assert sign_in(kernel, sandbox, scope_text="")[-1] == "ScopeChoice"
    kernel.run("_open = _login._pending; _login.cancel_choice()").ok()
    assert kernel.value("_open.state.authenticator is None")
    ran = kernel.run("list(_login.choose('x', '', ''))")
    assert ran.error[0].startswith("NotConnected: This choice is no longer available.")


def test_a_sign_in_that_failed_holds_no_key(kernel, sandbox):
    kernel.run(CONTROLLER, store_history=False).ok()
    kernel.run("from wx_notebook.session import connection as _c\n"
               "_made, _old = [], _c.find_session\n"
               "def _spy(*a):\n    _made.append(_old(*a)); return _made[-1]\n"
               "_c.find_session = _spy",
               store_history=False).ok()  # fmt: skip
    try:
        said = kernel.value(f"[e.state for e in _login.sign_in(_S('w9' * 22), "
                            f"_T(region={sandbox.url!r}))]")  # fmt: skip
        assert said == ["busy", "bad"]
        assert kernel.value("[s.state.authenticator is None for s in _made]") == [True]
    finally:
        kernel.run("_c.find_session = _old").ok()
