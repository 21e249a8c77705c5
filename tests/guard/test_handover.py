"""From the kernel to the server and back: what is handed over, for how long, and who is told."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest
from guard.conftest import jwt, leaks, new_key
from kernels import Kernel

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard import folder, handover, reports
from wx_notebook.guard.fingerprints import fingerprint
from wx_notebook.guard.handover import HandOver
from wx_notebook.guard.hits import Finding, Place
from wx_notebook.guard.reports import Report
from wx_notebook.sandbox import Sandbox

CONNECT = "import wx_notebook as wx; held = wx.connect(**{}); None"


def files(runtime, kind="kernel"):
    return sorted(runtime.glob(f"wx-notebook-guard-{kind}-*"))


def kinds(path):
    return [one["what"] for one in json.loads(path.read_text())["fingerprints"]]


def report(path="one.ipynb", cell=3):
    return Report(path, "removed", [Finding("key", Place("source", cell, None), 1)])


@pytest.fixture(scope="module")
def _kernel(tmp_path_factory):
    # not the kernel of other tests: keys are typed here, and its history keeps them
    with Kernel(tmp_path_factory.mktemp("handover")) as running:
        yield running


@pytest.fixture
def of_kernel(_kernel, monkeypatch):
    """A kernel without connection, and its runtime folder without reports."""
    _kernel.renew()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(_kernel.folder / "runtime"))
    reports.pending()
    return _kernel


# --- the file of a kernel ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """The life of one kernel: what lay in the runtime folder at each of its ages."""
    home = tmp_path_factory.mktemp("life")
    runtime, ages = home / "runtime", {}
    with Sandbox() as sandbox, Kernel(home) as kernel:

        def note(age):
            ages[age] = {path.name: path.read_text() for path in files(runtime)}

        kernel.run("%load_ext wx_notebook").ok()
        note("loaded")
        kernel.run(CONNECT.format(sandbox.credentials()), store_history=False).ok()
        note("connected")
        ages["mode"] = [stat.S_IMODE(path.stat().st_mode) for path in files(runtime)]
        kernel.run("wx.ask('hello'); None").ok()
        first = kernel.value("held.token.value.reveal()")
        note("asked")
        sandbox.revoke_tokens()
        kernel.run("wx.ask('hello'); None").ok()
        second = kernel.value("held.token.value.reveal()")
        note("renewed")
        kernel.run("%watsonx logout").ok()
        note("logged out")
        ages["secrets"] = [sandbox.api_key, first, second]
        kernel._manager.shutdown_kernel(now=False)
        note("shut down")
    return ages


def test_loading_the_extension_leaves_nothing_behind(life):
    assert life["loaded"] == {}


def test_a_login_hands_over_the_key_in_a_file_of_its_user_alone(life):
    (text,) = life["connected"].values()
    assert [one["what"] for one in json.loads(text)["fingerprints"]] == ["key"]
    assert life["mode"] == [0o600]


def test_a_token_is_handed_over_when_it_is_got_and_another_one_when_it_is_renewed(life):
    (asked,), (renewed,) = life["asked"].values(), life["renewed"].values()
    assert [one["what"] for one in json.loads(asked)["fingerprints"]] == ["key", "token"]
    assert [one["what"] for one in json.loads(renewed)["fingerprints"]] == ["key", "token", "token"]
    salt = bytes.fromhex(json.loads(renewed)["salt"])
    told = {one["digest"] for one in json.loads(renewed)["fingerprints"]}
    key, *tokens = life["secrets"]
    made = [fingerprint(Secret(key), "api_key", salt)]
    made += [fingerprint(Secret(token), "token", salt) for token in tokens]
    assert told == {one.digest.hex() for one in made}


def test_after_logout_the_key_is_still_kept_out_of_files_since_it_still_opens_the_account(life):
    assert life["logged out"] == life["renewed"]


def test_what_is_handed_over_holds_no_piece_of_a_secret(life):
    for age in ("connected", "asked", "renewed"):
        assert leaks(json.dumps(life[age]), *life["secrets"]) == []


def test_the_file_is_gone_with_the_kernel(life):
    assert life["shut down"] == {}


def test_the_file_of_a_kernel_that_was_killed_is_not_used_and_taken_away(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    with Sandbox() as sandbox, Kernel(tmp_path) as kernel:
        kernel.run(CONNECT.format(sandbox.credentials()), store_history=False).ok()
        assert handover.live()
        kernel._manager.signal_kernel(signal.SIGKILL)
        until = time.monotonic() + 20
        while kernel._manager.is_alive():
            assert time.monotonic() < until
        assert files(tmp_path / "runtime")
        assert not handover.live()
        assert not files(tmp_path / "runtime")


def test_each_kernel_has_a_salt_of_its_own(runtime):
    key = Secret(new_key())
    ones = [HandOver(), HandOver()]
    for one in ones:
        one.add(key, "api_key")
    documents = [json.loads(path.read_text()) for path in files(runtime)]
    assert len({document["salt"] for document in documents}) == 2
    assert len({document["fingerprints"][0]["digest"] for document in documents}) == 2
    assert len(list(handover.live()(f"x = '{key.reveal()}'"))) == 2
    for one in ones:
        one.remove()


@pytest.mark.parametrize(
    ("secret", "what"),
    [
        ("correct-horse-battery-staple-correct-horse-b", "password"),
        ("not of 44 characters", "api_key"),
        ("a key with blanks, and 44 of them, as it were", "api_key"),
        ("short-token", "token"),
        ("amFuZTprZXk=", "token"),
    ],
)
def test_what_somebody_could_guess_is_never_handed_over(secret, what, runtime):
    HandOver().add(Secret(secret), what)
    assert not runtime.exists()


def test_a_password_and_a_zenapikey_of_a_cluster_are_not_handed_over(of_kernel):
    runtime = of_kernel.folder / "runtime"
    before = sum(len(kinds(path)) for path in files(runtime))
    with Sandbox(kind="software") as cluster:
        at = {"url": cluster.url, "project_id": cluster.project_id, "username": cluster.username}
        given = at | {"kind": "software", "password": cluster.password}
        of_kernel.run(CONNECT.format(given), store_history=False).ok()
        assert sum(len(kinds(path)) for path in files(runtime)) == before
        of_kernel.run("held.verify(); None").ok()
        (path,) = files(runtime)
        assert kinds(path)[-1] == "token", "the token that was got for it is"
        given = at | {"kind": "zen", "api_key": cluster.api_key}
        of_kernel.run(CONNECT.format(given) + "\nheld.verify()", store_history=False).ok()
        told = handover.live()
        zen = of_kernel.value("held.token.value.reveal()")
        assert list(told(f"{cluster.password} {zen}")) == []


def test_tokens_that_are_long_past_are_forgotten(runtime):
    handed = HandOver()
    handed.add(Secret(new_key()), "api_key")
    for _ in range(20):
        handed.add(Secret(jwt()), "token")
    assert kinds(*files(runtime)).count("token") == 8
    assert kinds(*files(runtime)).count("key") == 1
    handed.remove()


@pytest.mark.parametrize("start", [[sys.executable, "-c"], [sys.executable, "-m", "IPython", "-c"]])
def test_a_script_and_a_terminal_have_no_notebook_and_leave_nothing(start, sandbox, tmp_path):
    asks = f"import wx_notebook as wx; wx.connect(**{sandbox.credentials()}); wx.ask('hello')"
    env = os.environ | {"JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
                        "IPYTHONDIR": str(tmp_path / "ipython")}  # fmt: skip
    subprocess.run([*start, asks], env=env, check=True, capture_output=True)
    assert not files(tmp_path / "runtime")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_process_that_was_forked_off_the_kernel_leaves_its_file_alone(runtime):
    handed = HandOver()
    handed.add(Secret(new_key()), "api_key")
    child = os.fork()
    if child == 0:
        handed.add(Secret(new_key()), "api_key")
        handed.remove()
        os._exit(0)
    os.waitpid(child, 0)
    (path,) = files(runtime)
    assert kinds(path) == ["key"]
    handed.remove()


def test_the_file_of_a_kernel_on_another_machine_is_used_and_left_there_for_a_week(runtime):
    key, handed = new_key(), HandOver()
    handed.add(Secret(key), "api_key")
    (path,) = files(runtime)
    document = json.loads(path.read_text()) | {"host": "another", "pid": 2**22 + 1}
    folder.write(path, document)
    assert handover.live()(key)
    os.utime(path, (time.time() - 8 * 86400,) * 2)
    assert not handover.live()
    assert not path.exists()


def test_a_number_of_a_process_that_is_somebody_elses_by_now_keeps_no_file_alive(runtime):
    handed = HandOver()
    handed.add(Secret(new_key()), "api_key")
    (path,) = files(runtime)
    folder.write(path, json.loads(path.read_text()) | {"started": 12345.0})
    assert not handover.live()


def damaged(path):
    text = path.read_text()
    yield lambda: path.chmod(0o644)
    yield lambda: path.write_text("[" * 5000)
    yield lambda: path.write_text("{}")
    yield lambda: path.write_text(text.replace('"version": 1', '"version": 2'))
    yield lambda: path.write_text(text.replace('"salt": "', '"salt": "zz'))
    yield lambda: path.write_text(text + " " * 1_000_001)
    yield lambda: (path.unlink(), os.mkfifo(path, 0o600))
    yield lambda: (path.unlink(), path.symlink_to(path.parent / "elsewhere"))


@pytest.mark.parametrize("number", range(8))
def test_a_file_that_somebody_else_could_have_written_or_that_is_damaged_is_not_read(
    number, runtime
):
    handed = HandOver()
    handed.add(Secret(new_key()), "api_key")
    (path,) = files(runtime)
    (runtime / "elsewhere").write_bytes(path.read_bytes())
    (runtime / "elsewhere").chmod(0o600)
    list(damaged(path))[number]()
    assert not handover.live()


def test_where_nothing_can_be_written_the_sign_in_stands_and_the_user_hears_of_it_once(
    of_kernel, sandbox, tmp_path
):
    blocked = tmp_path / "a-file"
    blocked.touch()
    was = of_kernel.value("_os.environ['JUPYTER_RUNTIME_DIR']")
    of_kernel.run(
        "import wx_notebook.guard.handover as _h; _h._mine = None\n"
        f"_os.environ['JUPYTER_RUNTIME_DIR'] = {str(blocked / 'runtime')!r}"
    )
    try:
        of_kernel.run(CONNECT.format(sandbox.credentials()), store_history=False).ok()
        said = of_kernel.run("%watsonx status", allow_stdin=True).ok().plain
        assert "The guard could not hand over what must not be saved (NotADirectoryError)" in said
        again = of_kernel.run("%watsonx status", allow_stdin=True).ok().plain
        assert "could not hand over" not in again
    finally:
        of_kernel.run(f"_os.environ['JUPYTER_RUNTIME_DIR'] = {was!r}; _h._mine = None").ok()


# --- what the user is told -----------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["%watsonx version", "%%watsonx\nhello"])
def test_the_next_magic_shows_what_was_removed_once_and_before_anything_else(
    cell, of_kernel, sandbox
):
    of_kernel.connect(sandbox)
    reports.leave(report())
    said = of_kernel.run(cell, allow_stdin=True).ok()
    assert said.outputs[0]["data"]["text/plain"].startswith("one.ipynb was saved without what was")
    assert "cell 3, source, line 1" in said.outputs[0]["data"]["text/plain"]
    assert "<pre" in said.outputs[0]["data"]["text/html"]
    assert len(said.outputs) == 2
    assert len(of_kernel.run(cell, allow_stdin=True).ok().outputs) == 1, "shown once"


def test_a_run_without_anybody_leaves_it_to_a_notebook_with_a_user(of_kernel):
    reports.leave(report())
    assert "was saved without" not in of_kernel.run("%watsonx version").ok().plain
    assert "was saved without" in of_kernel.run("%watsonx version", allow_stdin=True).ok().plain


def test_a_report_is_for_every_kernel_of_the_user_and_only_one_shows_it(of_kernel):
    reports.leave(report("a.ipynb"))
    reports.leave(report("b.ipynb"))
    said = reports.pending()
    assert [line.split()[0] for line in said if "was saved without" in line] == [
        "a.ipynb", "b.ipynb"
    ]  # fmt: skip
    assert "was saved" not in of_kernel.run("%watsonx version", allow_stdin=True).ok().plain


def test_reports_that_nobody_reads_do_not_pile_up(runtime):
    for number in range(60):
        reports.leave(report(f"{number}.ipynb"))
    assert len(files(runtime, "report")) == 50
    assert any(line.startswith("59.ipynb") for line in reports.pending())


@pytest.mark.parametrize("content", ["", "{}", '{"version": 1}', '{"version": 1, "path": 3}'])
def test_a_report_that_is_damaged_shows_nothing_and_harms_nothing(content, runtime):
    reports.leave(report())
    path = runtime / "wx-notebook-guard-report-1-x.json"
    path.write_text(content)
    path.chmod(0o600)
    assert sum("was saved without" in line for line in reports.pending()) == 1


def test_what_a_report_says_is_shown_as_text(of_kernel):
    reports.leave(report("<img src=x onerror=alert(1)>\x1b[2J.ipynb"))
    html = of_kernel.run("%watsonx version", allow_stdin=True).ok().html
    assert "<img" not in html
    assert "\x1b" not in html


# --- a key that was typed into a cell ------------------------------------------------------------

WARNED = "it is saved with the notebook and in IPython's history."


def test_a_key_in_the_running_cell_gets_a_warning_that_names_the_cell_and_not_the_key(
    of_kernel, sandbox
):
    ran = of_kernel.run(CONNECT.format(sandbox.credentials())).ok()
    count = ran.reply["execution_count"]
    assert f"This API key stands in cell [{count}]: {WARNED}" in ran.plain
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
    assert f"This API key stands in cell [{first.reply['execution_count']}]: {WARNED}" in said
    assert WARNED not in of_kernel.run("%watsonx login").ok().plain
    second = of_kernel.run(f"x = {given['api_key']!r}\n%watsonx login").ok()
    assert f"[{second.reply['execution_count']}]: {WARNED}" in second.plain, "another cell, again"


def test_a_key_that_is_typed_after_the_login_gets_it_at_the_next_prompt(of_kernel, sandbox):
    of_kernel.connect(sandbox)
    typed = of_kernel.run(f"client_of_somebody_else = {sandbox.api_key!r}").ok()
    assert typed.outputs == []
    ran = of_kernel.run("%%watsonx\nhello").ok()
    count = typed.reply["execution_count"]
    assert (
        f"This API key stands in cell [{count}]: {WARNED}" in ran.outputs[0]["data"]["text/plain"]
    )
    assert len(of_kernel.run("%%watsonx\nhello").ok().outputs) == 1


def test_a_token_in_a_cell_gets_it_too(of_kernel, sandbox):
    given = sandbox.credentials() | {"token": sandbox.issue_token()}
    del given["api_key"]
    said = of_kernel.run(CONNECT.format(given)).ok().plain
    assert "This token stands in cell [" in said
    assert "make a new token and end this one." in said


def test_a_login_without_a_key_in_a_cell_gets_none(of_kernel, sandbox, tmp_path):
    file = tmp_path / "apikey.json"
    file.write_text(json.dumps({"apikey": sandbox.api_key}))
    file.chmod(0o600)
    where = f"url={sandbox.url!r}, project_id={sandbox.project_id!r}"
    said = of_kernel.run(f"import wx_notebook as wx; wx.connect(api_key='@{file}', {where}); None")
    assert said.ok().outputs == []


SIGN_IN = """
from wx_notebook.credentials import Secret as _S
from wx_notebook.form import Typed as _T
from wx_notebook.magics.desk import FormDesk as _Desk
_desk = _Desk()
_events = list(_desk.sign_in(_S(typed), _T(where={where!r}, billed_to={project!r})))
"""


def test_the_form_says_it_below_its_line_since_no_cell_runs(of_kernel, sandbox):
    of_kernel.run(f"typed = {sandbox.api_key!r}").ok()
    sign_in = SIGN_IN.format(where=sandbox.url, project=sandbox.project_id)
    assert of_kernel.run(sign_in, store_history=False).ok().outputs == []
    assert any(WARNED in note for note in of_kernel.value("_desk.notes()"))


def test_what_was_removed_stands_below_the_form_s_line_and_the_next_magic_says_it_too(
    of_kernel, sandbox
):
    of_kernel.run(f"typed = {sandbox.api_key!r}", store_history=False).ok()
    sign_in = SIGN_IN.format(where=sandbox.url, project=sandbox.project_id)
    of_kernel.run(sign_in, store_history=False).ok()
    reports.leave(report())
    said = "one.ipynb was saved without what was found in it:"
    assert said in of_kernel.value("_desk.notes()")
    assert said in of_kernel.value("_desk.notes()"), "it stands there until the next sign-in"
    assert said in of_kernel.run("%watsonx version", allow_stdin=True).ok().plain
    assert "was saved" not in of_kernel.run("%watsonx version", allow_stdin=True).ok().plain, "once"


def test_a_line_that_stands_in_the_notebook_is_drawn_anew_when_a_magic_has_said_it(
    of_kernel, sandbox
):
    of_kernel.connect(sandbox)
    stage = "from wx_notebook.magics.stage import Stage as _St, _stages; "
    stage += "from wx_notebook.magics.desk import FormDesk as _Fd; _stages.clear(); "
    stage += "_st = _St(get_ipython(), _Fd()); _stages[_st.id] = _st; _st._is_there = True"
    of_kernel.run(stage, store_history=False).ok()
    reports.leave(report())
    ran = of_kernel.run("%watsonx version", allow_stdin=True).ok()
    drawn = [m["content"] for m in ran.messages if m["msg_type"] == "update_display_data"]
    said = "one.ipynb was saved without what was found in it:"
    assert any(said in one["data"]["text/plain"] for one in drawn)
    of_kernel.run("_stages.clear()", store_history=False).ok()
