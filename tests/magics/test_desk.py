"""What stands behind the form: offers, remember and forget, in a real kernel."""

from __future__ import annotations

import json

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
    finally:
        kernel.run("del os.environ['USER_ACCESS_TOKEN']").ok()


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
