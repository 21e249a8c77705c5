"""A Jupyter server ends while somebody is signed in: what it leaves, and what kernels say then."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest
from support.guard import leaks, start_server
from support.signing_in import SETTINGS, SigningServer

from wx_notebook.credentials.runtime_files import process_identity
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.server_sign_in import lost_sign_in
from wx_notebook.credentials.sign_in_file import SignInFile, sign_in_path
from wx_notebook.server.held_sign_in import leave_note, take_over

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65534
GONE = "The Jupyter server was restarted or has ended, and its sign-in is gone with it."


@pytest.fixture
def start(tmp_path):
    """Start a server; each has the folders of the one before."""
    running = []

    def start() -> SigningServer:
        running.append(start_server(tmp_path / "home", SETTINGS))
        return SigningServer(running[-1])

    yield start
    for server in running:
        server.jupyter.process.kill()
        server.jupyter.process.wait()


def end(server, signal="terminate"):
    """End a server; return what it leaves of its sign-in in the runtime folder."""
    process = server.server.jupyter.process
    getattr(process, signal)()
    process.wait(30)
    return list(server.server.runtime.glob("wx-notebook-server-*"))


@pytest.mark.slow  # two servers and their kernels
@pytest.mark.parametrize("signal", ["terminate", "kill"])
def test_a_kernel_of_the_next_server_says_that_the_sign_in_is_gone_until_somebody_signs_in(
    start, sandbox, signal
):
    first = start()
    first.sign_in(sandbox)
    secret, token = first.written()["secret"], first.ask_token().json()["token"]
    left = end(first, signal)
    for path in left:
        assert leaks(path.read_bytes(), sandbox.api_key, token) == []
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if signal == "terminate":
        (note,) = left
        assert leaks(note.read_bytes(), secret) == []
        assert sandbox.url not in note.read_text()
    second = start()
    assert not first.file.exists()
    assert second.state()["lost"] is True
    with second.kernel() as kernel:
        for cell in ("%%watsonx\nhello", "import wx_notebook as wx; wx.ask('hello')"):
            error = kernel.run(cell, allow_stdin=True).error
            assert error[0] == f"NotConnected: {GONE}"
            assert "run %watsonx login, or sign in in JupyterLab's panel" in error[-1]
        assert GONE in kernel.run("%watsonx status").plain
        doctor = " ".join(kernel.run("%watsonx doctor", allow_stdin=True).plain.split())
        assert "its sign-in has ended with it" in doctor
        # a log out is no loss, nor is one in a page that still shows the earlier sign-in
        if signal == "kill":
            assert "has ended, for all" in kernel.run("%watsonx logout --everywhere").ok().plain
            kernel.restart()
        else:
            second.sign_out()
        assert second.state()["lost"] is second.written()["is_lost"] is False
        assert "no API key was given" in kernel.run("%%watsonx\nhello").error[0]
        second.sign_in(sandbox)
        kernel.run("%%watsonx\nhello").ok()
        second.sign_out()
        kernel.restart()
        assert "no API key was given" in kernel.run("%%watsonx\nhello").error[0]
    assert end(second) == []


FORKS = """
import logging, os, sys
from wx_notebook.server.held_sign_in import HeldSignIn, leave_note
from wx_notebook.credentials.sign_in_file import read_sign_in_file, sign_in_path
leave_note(sign_in_path(os.getpid()))
held = HeldSignIn(logging.getLogger())
child = os.fork()
if not child:
    sys.exit()
os.waitpid(child, 0)
print(read_sign_in_file(sign_in_path(os.getpid())).server_id == held.server_id)
"""


@pytest.mark.slow  # two processes
@pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork")
def test_a_process_that_was_forked_off_the_server_takes_nothing_along(runtime):
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_two_restarts_in_a_row_lose_nothing_of_that(runtime):
    assert take_over(sign_in_path(1)) is False
    leave_note(sign_in_path(ended_process()))
    assert take_over(sign_in_path(1)) is True
    assert list(runtime.iterdir()) == []
    # the next server ends before anybody signs in
    leave_note(sign_in_path(1))
    # and has the same process ID as the one after it
    assert take_over(sign_in_path(1)) is True
    assert take_over(sign_in_path(1)) is False


def ended_process():
    """The ID of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def killed(runtime):
    """The file of a server that somebody was signed in at when it was killed."""
    writer = process_identity() | {"pid": ended_process()}
    url = {"url": "https://eu-de.ml.cloud.ibm.com"}
    file = SignInFile("1", "http://127.0.0.1:1", Secret("s" * 43), 1, url, writer=writer)
    file.write(sign_in_path(writer["pid"]))
    return file


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_killed_server_is_told_by_its_process_also_when_another_one_has_its_id(killed, runtime):
    assert take_over(sign_in_path(1)) is True
    assert list(runtime.iterdir()) == []
    reused = process_identity() | {"started": psutil.Process().create_time() - 3600}
    replace(killed, writer=reused).write(sign_in_path(os.getpid()))
    assert take_over(sign_in_path(1)) is True


def test_a_process_that_has_ended_and_that_nobody_has_waited_for_has_ended(killed):
    process = subprocess.Popen([sys.executable, "-c", ""])
    started = psutil.Process(process.pid).create_time()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    writer = process_identity() | {"pid": process.pid, "started": started}
    replace(killed, writer=writer).write(sign_in_path(process.pid))
    assert take_over(sign_in_path(1)) is True
    assert not sign_in_path(process.pid).exists()
    process.wait()


def test_a_server_that_runs_here_or_on_another_machine_is_left_alone(killed, runtime):
    sign_in_path(killed.writer["pid"]).unlink()
    replace(killed, writer=process_identity()).write(sign_in_path(os.getpid()))
    elsewhere = killed.writer | {"host": "another-machine"}
    replace(killed, writer=elsewhere).write(sign_in_path(2))
    before = files(runtime)
    assert take_over(sign_in_path(1)) is False
    assert files(runtime) == before


def test_a_server_at_which_nobody_was_signed_in_leaves_no_word(killed):
    replace(killed, connection=None).write(sign_in_path(killed.writer["pid"]))
    assert take_over(sign_in_path(1)) is False


def test_a_note_that_another_user_could_have_written_is_ignored(killed, runtime):
    path = sign_in_path(killed.writer["pid"])
    for mode in (0o644, 0o660, 0o602):
        path.chmod(mode)
        assert take_over(sign_in_path(1)) is False
    path.chmod(0o600)
    if IS_ROOT:
        os.chown(path, NOBODY, NOBODY)
        assert take_over(sign_in_path(1)) is False
        os.chown(path, 0, 0)
    real = path.rename(runtime / "real")
    path.symlink_to(real)
    assert take_over(sign_in_path(1)) is False
    path.unlink()
    real.rename(path)
    assert take_over(sign_in_path(1)) is True


def test_a_kernel_believes_the_file_of_its_own_server_alone(killed, monkeypatch):
    replace(killed, connection=None, is_lost=True).write(sign_in_path(7))
    where = "wx_notebook.credentials.server_sign_in.parent_pid"
    monkeypatch.setattr(where, lambda: 8)
    assert lost_sign_in() is None
    monkeypatch.setattr(where, lambda: 7)
    assert GONE in lost_sign_in().message
    sign_in_path(7).chmod(0o644)
    assert lost_sign_in() is None


def test_a_damaged_file_stops_no_server(runtime):
    runtime.mkdir()
    for pid, text in enumerate(("", "[]", "{}", json.dumps({"version": 1, "writer": 3}))):
        path = sign_in_path(pid)
        path.write_text(text)
        path.chmod(0o600)
    assert take_over(sign_in_path(9)) is False
