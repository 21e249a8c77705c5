"""What a kernel publishes, for how long, and what a server reads of it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest
from support.guard import CONNECT, guard_files, jwt, leaks, new_key
from support.kernels import Kernel

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard import kernel_fingerprints, runtime_dir
from wx_notebook.guard.fingerprints import make_fingerprint
from wx_notebook.guard.kernel_fingerprints import KernelFingerprints
from wx_notebook.sandbox import Sandbox

pytestmark = pytest.mark.slow


def kinds(path):
    return [one["kind"] for one in json.loads(path.read_text())["fingerprints"]]


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """The life of one kernel: what lay in the runtime folder at each of its ages."""
    home = tmp_path_factory.mktemp("life")
    runtime, ages = home / "runtime", {}
    with Sandbox() as sandbox, Kernel(home) as kernel:

        def note(age):
            ages[age] = {path.name: path.read_text() for path in guard_files(runtime)}

        kernel.run("%load_ext wx_notebook").ok()
        note("loaded")
        kernel.run(CONNECT.format(sandbox.credentials()), store_history=False).ok()
        note("connected")
        ages["mode"] = [stat.S_IMODE(path.stat().st_mode) for path in guard_files(runtime)]
        kernel.run("wx.ask('hello'); None").ok()
        first = kernel.value("held.state.token.value.reveal()")
        note("asked")
        sandbox.revoke_tokens()
        kernel.run("wx.ask('hello'); None").ok()
        second = kernel.value("held.state.token.value.reveal()")
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
    assert [one["kind"] for one in json.loads(text)["fingerprints"]] == ["api_key"]
    assert life["mode"] == [0o600]


def test_a_token_is_handed_over_when_it_is_got_and_another_one_when_it_is_renewed(life):
    (asked,), (renewed,) = life["asked"].values(), life["renewed"].values()
    assert [one["kind"] for one in json.loads(asked)["fingerprints"]] == ["api_key", "token"]
    published = json.loads(renewed)["fingerprints"]
    assert [one["kind"] for one in published] == ["api_key", "token", "token"]
    salt = bytes.fromhex(json.loads(renewed)["salt"])
    digests = {one["digest"] for one in published}
    key, *tokens = life["secrets"]
    made = [make_fingerprint(Secret(key), "api_key", salt)]
    made += [make_fingerprint(Secret(token), "token", salt) for token in tokens]
    assert digests == {one.digest.hex() for one in made}


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
        assert kernel_fingerprints.live_fingerprints()
        kernel._manager.signal_kernel(signal.SIGKILL)
        until = time.monotonic() + 20
        while kernel._manager.is_alive():
            assert time.monotonic() < until
        assert guard_files(tmp_path / "runtime")
        assert not kernel_fingerprints.live_fingerprints()
        assert not guard_files(tmp_path / "runtime")


def test_each_kernel_has_a_salt_of_its_own(runtime):
    key = Secret(new_key())
    ones = [KernelFingerprints(), KernelFingerprints()]
    for one in ones:
        one.add(key, "api_key")
    documents = [json.loads(path.read_text()) for path in guard_files(runtime)]
    assert len({document["salt"] for document in documents}) == 2
    assert len({document["fingerprints"][0]["digest"] for document in documents}) == 2
    for one in ones:
        assert len(list(kernel_fingerprints.live_fingerprints()(f"x = '{key.reveal()}'"))) == 1
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
    KernelFingerprints().add(Secret(secret), what)
    assert not runtime.exists()


def test_a_password_and_a_zenapikey_of_a_cluster_are_not_handed_over(of_kernel):
    runtime = of_kernel.folder / "runtime"
    before = sum(len(kinds(path)) for path in guard_files(runtime))
    with Sandbox(kind="software") as cluster:
        at = {"url": cluster.url, "project_id": cluster.project_id, "username": cluster.username}
        given = at | {"kind": "software", "password": cluster.password}
        of_kernel.run(CONNECT.format(given), store_history=False).ok()
        assert sum(len(kinds(path)) for path in guard_files(runtime)) == before
        of_kernel.run("held.verify(); None").ok()
        (path,) = guard_files(runtime)
        assert kinds(path)[-1] == "token", "the token that was got for it is"
        given = at | {"kind": "zen", "api_key": cluster.api_key}
        of_kernel.run(CONNECT.format(given) + "\nheld.verify()", store_history=False).ok()
        told = kernel_fingerprints.live_fingerprints()
        zen = of_kernel.value("held.state.token.value.reveal()")
        assert list(told(f"{cluster.password} {zen}")) == []


def test_tokens_that_are_long_past_are_forgotten(runtime):
    handed = KernelFingerprints()
    handed.add(Secret(new_key()), "api_key")
    for _ in range(20):
        handed.add(Secret(jwt()), "token")
    assert kinds(*guard_files(runtime)).count("token") == 8
    assert kinds(*guard_files(runtime)).count("api_key") == 1
    handed.remove()


@pytest.mark.parametrize("start", [[sys.executable, "-c"], [sys.executable, "-m", "IPython", "-c"]])
def test_a_script_and_a_terminal_have_no_notebook_and_leave_nothing(start, sandbox, tmp_path):
    asks = f"import wx_notebook as wx; wx.connect(**{sandbox.credentials()}); wx.ask('hello')"
    env = os.environ | {"JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
                        "IPYTHONDIR": str(tmp_path / "ipython")}  # fmt: skip
    subprocess.run([*start, asks], env=env, check=True, capture_output=True)
    assert not guard_files(tmp_path / "runtime")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_process_that_was_forked_off_the_kernel_leaves_its_file_alone(runtime):
    handed = KernelFingerprints()
    handed.add(Secret(new_key()), "api_key")
    child = os.fork()
    if child == 0:
        handed.add(Secret(new_key()), "api_key")
        handed.remove()
        os._exit(0)
    os.waitpid(child, 0)
    (path,) = guard_files(runtime)
    assert kinds(path) == ["api_key"]
    handed.remove()


def test_the_file_of_a_kernel_on_another_machine_is_used_and_left_there_for_a_week(runtime):
    key, handed = new_key(), KernelFingerprints()
    handed.add(Secret(key), "api_key")
    (path,) = guard_files(runtime)
    document = json.loads(path.read_text()) | {"host": "another", "pid": 2**22 + 1}
    runtime_dir.write_document(path, document)
    assert kernel_fingerprints.live_fingerprints()(key)
    os.utime(path, (time.time() - 8 * 86400,) * 2)
    assert not kernel_fingerprints.live_fingerprints()
    assert not path.exists()


def test_a_number_of_a_process_that_is_somebody_elses_by_now_keeps_no_file_alive(runtime):
    handed = KernelFingerprints()
    handed.add(Secret(new_key()), "api_key")
    (path,) = guard_files(runtime)
    runtime_dir.write_document(path, json.loads(path.read_text()) | {"started": 12345.0})
    assert not kernel_fingerprints.live_fingerprints()


def damaged(path):
    text = path.read_text()
    yield lambda: path.chmod(0o644)
    yield lambda: path.write_text("[" * 5000)
    yield lambda: path.write_text("{}")
    yield lambda: path.write_text(text.replace('"version": 2', '"version": 1'))
    yield lambda: path.write_text(text.replace('"salt": "', '"salt": "zz'))
    yield lambda: path.write_text(text.replace('"sieve": [', '"sieve": [99, '))
    yield lambda: path.write_text(text.replace('"length": 44', '"length": -44'))
    yield lambda: path.write_text(text + " " * 1_000_001)
    yield lambda: (path.unlink(), os.mkfifo(path, 0o600))
    yield lambda: (path.unlink(), path.symlink_to(path.parent / "elsewhere"))


@pytest.mark.parametrize("number", range(10))
def test_a_file_that_somebody_else_could_have_written_or_that_is_damaged_is_not_read(
    number, runtime
):
    handed = KernelFingerprints()
    handed.add(Secret(new_key()), "api_key")
    (path,) = guard_files(runtime)
    (runtime / "elsewhere").write_bytes(path.read_bytes())
    (runtime / "elsewhere").chmod(0o600)
    list(damaged(path))[number]()
    assert not kernel_fingerprints.live_fingerprints()


def test_where_nothing_can_be_written_the_sign_in_stands_and_the_user_hears_of_it_once(
    of_kernel, sandbox, tmp_path
):
    blocked = tmp_path / "a-file"
    blocked.touch()
    was = of_kernel.value("_os.environ['JUPYTER_RUNTIME_DIR']")
    of_kernel.run(
        "import wx_notebook.guard.kernel_fingerprints as _h; _h.PUBLISHER._kernel = None\n"
        f"_os.environ['JUPYTER_RUNTIME_DIR'] = {str(blocked / 'runtime')!r}"
    )
    try:
        of_kernel.run(CONNECT.format(sandbox.credentials()), store_history=False).ok()
        said = of_kernel.run("%watsonx status", allow_stdin=True).ok().plain
        assert "The guard could not tell the Jupyter server which key must not be saved" in said
        assert "(NotADirectoryError)" in said
        again = of_kernel.run("%watsonx status", allow_stdin=True).ok().plain
        assert "could not tell" not in again
    finally:
        of_kernel.run(
            f"_os.environ['JUPYTER_RUNTIME_DIR'] = {was!r}; _h.PUBLISHER._kernel = None"
        ).ok()
