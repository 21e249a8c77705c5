"""The sign-in that a Jupyter server holds, as the doctor of a kernel finds it."""

from __future__ import annotations

import json
import socket

import pytest

from wx_notebook import __version__
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.sign_in_file import SignInFile, parent_pid, sign_in_path
from wx_notebook.doctor import FrontEnd


@pytest.fixture
def look(run_checks, monkeypatch, tmp_path):
    """Run the check in a notebook of a server whose configuration has these settings."""
    for name in ("CONFIG", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.delenv("JUPYTER_CONFIG_PATH", raising=False)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    (tmp_path / "config").mkdir()

    def check(kind="jupyter", *, is_on=True, **settings):
        extensions = {"jpserver_extensions": {"wx_notebook.server": is_on}}
        document = json.dumps({"ServerApp": extensions, **settings})
        (tmp_path / "config" / "jupyter_server_config.json").write_text(document)
        return run_checks("server", front_end=FrontEnd(kind))["server"]

    return check


@pytest.fixture
def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def file(look, free_port):
    """The file of a server that has ended without removing it."""
    path = sign_in_path(parent_pid())
    connection = {"url": "https://eu-de.ml.cloud.ibm.com"}
    url = f"http://127.0.0.1:{free_port}"
    SignInFile("1", url, Secret("s" * 43), 1, connection).write(path)
    return path


def test_it_is_for_notebooks_of_a_server_that_has_the_extension(look):
    assert look("terminal").state == "skipped"
    off = look(is_on=False)
    assert (off.state, off.finding) == (
        "skipped", "a sign-in for all notebooks needs wx_notebook.server, which is not enabled",
    )  # fmt: skip


def test_an_admin_who_has_switched_it_off_is_named(look):
    status = look(WatsonxSignIn={"enabled": False})
    assert status.state == "skipped"
    assert "an administrator has switched off" in status.finding


def test_nobody_is_signed_in_and_the_panel_is_named(look):
    status = look()
    assert status.state == "ok"
    assert status.finding.startswith("nobody is signed in at the Jupyter server")
    assert "panel “watsonx”" in status.finding
    assert "in one of them says" in look("command").finding


def test_a_server_that_does_not_answer_any_more_is_told_with_the_repair(look, file):
    status = look()
    assert status.state == "failed"
    assert status.finding.startswith("The Jupyter server does not answer")
    assert status.repair.startswith("Start JupyterLab again, then sign in")
    assert "s" * 43 not in status.finding


def test_a_file_that_kernels_ignore_is_told_with_the_repair(look, file):
    file.chmod(0o644)
    status = look()
    assert status.state == "warning"
    assert f"{file.name} is ignored" in status.finding
    assert status.repair.startswith("Remove it.")
    file.chmod(0o600)
    file.write_text("{")
    assert look().state == "warning"


def test_a_server_with_another_version_of_this_package_is_told_with_the_repair(look, file):
    file.write_text(json.dumps(json.loads(file.read_text()) | {"version": 99}))
    status = look()
    assert status.state == "warning"
    assert f"another version of wx-notebook than this kernel's {__version__}" in status.finding
    assert f'pip install --force-reinstall --no-deps "wx-notebook=={__version__}"' in status.repair
    assert "Start JupyterLab again" in status.repair
