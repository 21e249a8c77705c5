"""What stands behind the form: offers, remember and forget, in a real kernel."""

from __future__ import annotations

import json
import time

from wx_notebook.sandbox import Sandbox

DESK = """
from wx_notebook.credentials import Secret as _S
from wx_notebook.form import Typed as _T
from wx_notebook.magics.desk import FormDesk as _D, offers as _offers
_desk = _D()
"""


def sign_in(kernel, sandbox, **typed):
    given = {"where": sandbox.url, "billed_to": sandbox.project_id} | typed
    told = f"[type(e).__name__ for e in _desk.sign_in(_S({sandbox.api_key!r}), _T(**{given!r}))]"
    return kernel.value(told)


def test_what_is_ticked_is_remembered_offered_used_and_forgotten(keyring, sandbox):
    keyring.run(DESK, store_history=False).ok()
    assert sign_in(keyring, sandbox, remember="work")[-1] == "Done"
    assert "'work' is remembered" in keyring.value("_desk.notes()[-1]")
    assert keyring.value("_offers()") == [["profile:work", "Use the profile work"]]
    # a log out leaves the profile, and one click brings it back
    keyring.run("_desk.sign_out()").ok()
    assert keyring.value("_desk.line()") == ""
    used = "[type(e).__name__ for e in _desk.use('profile:work', _T())][-1]"
    assert keyring.value(used) == "Done"
    assert keyring.value("_desk.choices().profiles") == ["work"]
    assert keyring.value("_desk.choices().profile") == "work"
    # without a new login to another profile, and back
    sign_in(keyring, sandbox, remember="other")
    assert keyring.value("[type(e).__name__ for e in _desk.choose('', '', 'work')][-1]") == "Done"
    assert keyring.value("_desk.choices().profile") == "work"
    keyring.run("_desk.sign_out(forget=True)").ok()
    assert keyring.value("_offers()") == [["profile:other", "Use the profile other"]]
    assert sandbox.api_key not in keyring.value("repr(list(_keyring.entries))")


def test_what_waits_for_a_choice_is_remembered_and_nothing_that_comes_after(keyring, sandbox):
    keyring.run(DESK + "def _ended(events): return [type(e).__name__ for e in events][-1]",
                store_history=False).ok()  # fmt: skip
    # by the box of the form, and by the line `login --remember work`, which ticks it
    for made, ticked in (("_D()", "work"), ("_D('work')", "")):
        keyring.run(f"_desk = {made}").ok()
        assert sign_in(keyring, sandbox, billed_to="", remember=ticked)[-1] == "Choice"
        assert keyring.value("_offers()") == []
        place = f"_ended(_desk.choose({sandbox.project_id!r}, '', ''))"
        assert keyring.value(place) == "Done"
        assert keyring.value("_offers()") == [["profile:work", "Use the profile work"]]
        # another profile, another place and another key are not kept under that name
        keyring.run("from wx_notebook.credentials.profiles import from_profile as _named").ok()
        with Sandbox() as other:
            assert sign_in(keyring, other, remember="other")[-1] == "Done"
            assert keyring.value("_ended(_desk.choose('', '', 'work'))") == "Done"
            assert keyring.value("_ended(_desk.choose('', '', 'other'))") == "Done"
            assert sign_in(keyring, other)[-1] == "Done"
            assert keyring.value("_named('work').endpoints().url") == sandbox.url
        keyring.run("_desk.sign_out(); from wx_notebook.credentials.profiles import forget\n"
                    "forget('work'); forget('other')").ok()  # fmt: skip


def test_a_profile_that_is_chosen_from_the_list_brings_its_own_model(keyring, sandbox):
    own = "mistralai/mistral-medium-2505"
    keyring.run(DESK, store_history=False).ok()
    sign_in(keyring, sandbox)
    keyring.run("from wx_notebook.session import current as _current\n"
                "from wx_notebook.credentials.profiles import remember as _remember\n"
                f"_remember('work', _current().given, model={own!r})").ok()  # fmt: skip
    other = keyring.value("_desk.choices().model")
    assert other != own
    for model, then in (("", own), (other, other)):
        keyring.run(f"list(_desk.choose('', {model!r}, 'work'))").ok()
        assert keyring.value("_desk.choices().model") == then


def test_what_is_found_is_offered_by_name_and_not_asked_for(kernel, sandbox, tmp_path):
    file = tmp_path / "sandbox.json"
    file.write_text(json.dumps(sandbox.credentials()))
    kernel.run(
        f"import os; os.environ |= {{'WX_NOTEBOOK_SANDBOX': {str(file)!r}, "
        f"'WATSONX_APIKEY': {sandbox.api_key!r}, 'WATSONX_URL': {sandbox.url!r}, "
        f"'USER_ACCESS_TOKEN': {sandbox.issue_token()!r}}}\n{DESK}",
        store_history=False,
    ).ok()
    try:
        assert kernel.value("[o.label for o in _offers()]") == [
            "Use the sandbox",
            "Use the key of the environment (WATSONX_APIKEY)",
            "Use the token of watsonx Studio",
        ]
        said = kernel.value("[type(e).__name__ for e in _desk.use('sandbox', _T())]")
        assert said[-1] == "Done"
        # it lacks a project: the list has one
        said = kernel.value("[type(e).__name__ for e in _desk.use('environment', _T())]")
        assert said[-1] == "Choice"
        shown = kernel.run("%watsonx login", allow_stdin=True).ok()
        assert sandbox.api_key not in shown.everything
        # the project of the environment stands in the field: for its own key, and for no other
        kernel.run("os.environ['WATSONX_PROJECT_ID'] = '12345678-1234-4123-8123-123456789abc'").ok()
        kernel.run("%watsonx login", allow_stdin=True).ok()
        kernel.run("from wx_notebook.magics.stage import _stages\n_stage = [*_stages.values()][-1]")
        ended = "[type(e).__name__ for e in _stage._desk.use({!r}, _stage._typed)]"
        assert kernel.value(ended.format("sandbox"))[-1] == "Done"
        assert kernel.value(ended.format("environment"))[-1] == "Step", "it is not there"
    finally:
        kernel.run("del os.environ['USER_ACCESS_TOKEN']").ok()


STAGE = """
from wx_notebook.magics.stage import _stages
def _last(): return [*_stages.values()][-1]
"""


def test_every_form_offers_what_there_is_when_it_is_opened_and_hears_of_a_login_by_file(
    keyring, sandbox, tmp_path
):
    keyring.run(DESK + STAGE, store_history=False).ok()
    keyring.run("%watsonx login", allow_stdin=True).ok()
    keyring.run("_form = _last().form").ok()
    file = tmp_path / "apikey.json"
    file.write_text(json.dumps({"apikey": sandbox.api_key, "url": sandbox.url}))
    file.chmod(0o600)
    login = f"%watsonx login --file {file} --space {sandbox.space_id}"
    keyring.run(f"{login} --remember work").ok()
    assert "space 'Sandbox space'" in keyring.value("_form.view['line']")
    keyring.run("%watsonx use", allow_stdin=True).ok()
    for opened in ("pass", "_last().act('sign_out')"):
        keyring.run(opened).ok()
        assert keyring.value("_last().form.offers") == [["profile:work", "Use the profile work"]]
        assert keyring.value("len(_last().form.regions)") > 5
        assert keyring.value("_last().form.no_keyring") == ""


def test_the_note_of_a_missing_runtime_ends_with_the_page_that_mends_it(kernel):
    kernel.run(DESK, store_history=False).ok()
    kernel.run("from wx_notebook.credentials import Given\n"
               "from wx_notebook.magics.desk import _lacking\n"
               "from wx_notebook.service import Project\n"
               "from wx_notebook.session.twin import unverified\n"
               "_s = unverified(Given('form', _S('k' * 44), region='eu-de'))\n"
               "_s.project = Project('p1', 'Mine', False)", store_history=False).ok()  # fmt: skip
    (note,) = kernel.value("_lacking(_s)")
    assert note.startswith("The project 'Mine' has no watsonx.ai Runtime associated. In watsonx")
    assert note.endswith(
        " https://eu-de.dataplatform.cloud.ibm.com/projects/p1/manage/services?context=wx"
    )


def test_a_log_out_that_cannot_forget_the_profile_is_told_to_every_form(keyring, sandbox):
    keyring.run(DESK + STAGE, store_history=False).ok()
    keyring.run("%watsonx login", allow_stdin=True).ok()
    keyring.run("_form, _desk = _last().form, _last()._desk").ok()
    assert sign_in(keyring, sandbox, remember="work")[-1] == "Done"
    keyring.run("from wx_notebook.magics.stage import refresh as _refresh; _refresh()").ok()
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
    connected.run(STAGE, store_history=False).ok()
    connected.run("%watsonx login", allow_stdin=True).ok()
    connected.run("_form = _last().form; _form._hear(None, {'act': 'ping', 'view': 'v'}, [])").ok()
    assert connected.value("_last().form is None")
    connected.run("_form._hear(None, {'act': 'sign_out', 'view': 'v'}, [])").ok()
    # what was clicked gives way to a Stop behind it, and is done between two cells
    done = "_last().form is not None and _last().form is not _form and _last().form.view['phase']"
    deadline = time.monotonic() + 20
    while connected.value(done) != "form":
        assert time.monotonic() < deadline
    connected.run("_form._hear(None, {'act': 'settled', 'view': 'v'}, [])").ok()
    assert connected.value("_form.comm is None")


def test_a_form_that_is_looked_after_no_longer_is_closed_and_keeps_no_key(kernel, sandbox):
    kernel.run(DESK + STAGE, store_history=False).ok()
    kernel.run("%watsonx login", allow_stdin=True).ok()
    kernel.run("_first = _last(); _form = _first.form; _desk = _first._desk").ok()
    assert sign_in(kernel, sandbox, billed_to="")[-1] == "Choice"
    kernel.run("_open = _desk._waiting\n"
               "for _ in range(20): get_ipython().run_line_magic('watsonx', 'login')",
               allow_stdin=True).ok()  # fmt: skip
    assert kernel.value("[_form.comm is None, _open.credential is None]") == [True, True]


def test_a_choice_that_was_left_open_holds_no_key_once_somebody_has_signed_in(kernel, sandbox):
    kernel.run(DESK, store_history=False).ok()
    assert sign_in(kernel, sandbox, billed_to="")[-1] == "Choice"
    kernel.run("_open = _desk._waiting").ok()
    assert kernel.value("_open.credential is not None")
    assert sign_in(kernel, sandbox)[-1] == "Done"
    assert kernel.value("_open.credential is None")
    assert sign_in(kernel, sandbox, billed_to="")[-1] == "Choice"
    kernel.run("_open = _desk._waiting; _desk.sign_out()").ok()
    assert kernel.value("_open.credential is None")
    assert sign_in(kernel, sandbox, billed_to="")[-1] == "Choice"
    kernel.run("_open = _desk._waiting; _desk.give_up()").ok()
    assert kernel.value("_open.credential is None")
    ran = kernel.run("list(_desk.choose('x', '', ''))")
    assert ran.error[0].startswith("NotConnected: This choice is not open any more.")


def test_a_sign_in_that_failed_holds_no_key(kernel, sandbox):
    kernel.run(DESK, store_history=False).ok()
    kernel.run("from wx_notebook.session import twin as _twin; _made = []\n_old = _twin._made\n"
               "def _spy(*a):\n    _made.append(_old(*a)); return _made[-1]\n_twin._made = _spy",
               store_history=False).ok()  # fmt: skip
    try:
        said = kernel.value(f"[e.state for e in _desk.sign_in(_S('w' * 44), "
                            f"_T(where={sandbox.url!r}))]")  # fmt: skip
        assert said == ["busy", "bad"]
        assert kernel.value("[s.credential is None for s in _made]") == [True]
    finally:
        kernel.run("_twin._made = _old").ok()
