"""What a process that is started from the kernel gets to see, and what it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from credentials.keyring_stand_ins import Keeps, system

import wx_notebook as wx
from wx_notebook.credentials import profiles
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import WatsonxError
from wx_notebook.sandbox import Sandbox

from .leaks import found

#: A child that tells its own environment and arguments, and its parent's arguments.
TELLS = (
    "import json, os, sys; from pathlib import Path; p = Path('/proc/self'); "
    "q = Path(f'/proc/{os.getppid()}'); "
    "print(json.dumps([dict(os.environ), sys.argv, "
    "*[(f / n).read_bytes().decode('latin-1') for f in (p, q) for n in ('environ', 'cmdline') "
    "if f.exists()]]))"
)


def seen_by_a_child():
    done = subprocess.run(
        [sys.executable, "-c", TELLS], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


# --- each place where a secret may come from ---------------------------------------------------


def by_argument(sandbox, folder, monkeypatch):
    return {"api_key": sandbox.api_key, "url": sandbox.url, "project_id": sandbox.project_id}


def by_env_file(sandbox, folder, monkeypatch):
    file = folder / ".env"
    file.write_text(
        f"WATSONX_API_KEY={sandbox.api_key}\nexport WATSONX_URL={sandbox.url}\n"
        f"WATSONX_PROJECT_ID={sandbox.project_id}\nOTHER=${{WATSONX_API_KEY}}\n"
    )
    return {"credentials": str(file)}


def by_json_file(sandbox, folder, monkeypatch):
    file = folder / "apikey.json"
    file.write_text(json.dumps({"apikey": sandbox.api_key, "url": sandbox.url}))
    return {"credentials": str(file), "project_id": sandbox.project_id}


def by_ibms_variable(sandbox, folder, monkeypatch):
    monkeypatch.setenv("IBM_CREDENTIALS_FILE", by_env_file(sandbox, folder, None)["credentials"])
    return {}


def by_demo_s_file(sandbox, folder, monkeypatch):
    file = folder / "sandbox.json"
    file.write_text(json.dumps(sandbox.credentials()))
    monkeypatch.setenv("WX_NOTEBOOK_SANDBOX", str(file))
    return {}


def by_profile(sandbox, folder, monkeypatch):
    given = ConnectionParams(
        "form", Secret(sandbox.api_key), url=sandbox.url, project_id=sandbox.project_id
    )
    profiles.remember_credentials("work", given)
    return {"profile": "work"}


def by_default_profile(sandbox, folder, monkeypatch):
    by_profile(sandbox, folder, monkeypatch)
    return {}


def by_studio(sandbox, folder, monkeypatch):
    (folder / "token").write_text(sandbox.issue_token())
    monkeypatch.setenv("RUNTIME_ENV_ACCESS_TOKEN_FILE", str(folder / "token"))
    monkeypatch.setenv("RUNTIME_ENV_APSX_URL", sandbox.url)
    monkeypatch.setenv("PROJECT_ID", sandbox.project_id)
    return {}


def by_function(sandbox, folder, monkeypatch):
    return {"token": sandbox.issue_token, "url": sandbox.url, "project_id": sandbox.project_id}


PLACES = [by_argument, by_env_file, by_json_file, by_ibms_variable, by_demo_s_file, by_profile,
          by_default_profile, by_studio, by_function]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_no_place_puts_its_secret_into_the_environment(sandbox, tmp_path, monkeypatch, place):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    with system(Keeps):
        given = place(sandbox, tmp_path, monkeypatch)
        before = dict(os.environ)
        session = wx.connect(**given)
        session.verify()
        assert session.chat("hello").text
        assert dict(os.environ) == before
        child = seen_by_a_child()
        session.close()
    secrets = (sandbox.api_key, *sandbox.account.tokens._lifetimes)
    assert len(secrets) > 1
    assert found(child, *secrets) == []


def test_a_cluster_s_password_gets_nowhere_either(tmp_path, monkeypatch):
    with Sandbox(kind="software") as sandbox:
        file = tmp_path / ".env"
        file.write_text(
            f"WATSONX_USERNAME={sandbox.username}\nWATSONX_PASSWORD='{sandbox.password}'\n"
            f"WATSONX_AI_AUTH_TYPE=cp4d\nWATSONX_URL={sandbox.url}\n"
        )
        before = dict(os.environ)
        session = wx.connect(credentials=str(file), project_id=sandbox.project_id)
        assert session.chat("hello").text
        assert dict(os.environ) == before
        assert found(seen_by_a_child(), sandbox.password, *sandbox.account.tokens._lifetimes) == []


def test_a_file_that_is_refused_leaves_nothing_in_the_environment(tmp_path):
    file = tmp_path / ".env"
    file.write_text("WATSONX_API_KEY='Zq7_half\nWATSONX_URL=https://evil.example.com\n")
    before = dict(os.environ)
    with pytest.raises(WatsonxError):
        wx.connect(credentials=str(file))
    assert dict(os.environ) == before


# --- from a real kernel ------------------------------------------------------------------------


def test_a_program_that_is_started_from_a_cell_sees_no_secret(kernel, sandbox, tmp_path):
    file = tmp_path / "mine.env"
    file.write_text(
        f"WATSONX_API_KEY={sandbox.api_key}\nWATSONX_URL={sandbox.url}\n"
        f"WATSONX_PROJECT_ID={sandbox.project_id}\n"
    )
    kernel.run(f"%watsonx login --env {file}").ok()
    kernel.run("%watsonx ask hello").ok()
    tells = tmp_path / "tells.py"
    tells.write_text(TELLS)
    shown = [
        kernel.run(f"!{sys.executable} {tells}").ok(),
        kernel.run("!env; ps -ef 2>/dev/null; true").ok(),
        kernel.run("%env").ok(),
        kernel.run(f"import subprocess, sys\nprint(subprocess.check_output([sys.executable, "
                   f"{str(tells)!r}], text=True))").ok(),
        kernel.run("%%bash\nenv; tr '\\0' '\\n' < /proc/$PPID/cmdline; "
                   "tr '\\0' '\\n' < /proc/$PPID/environ").ok(),
    ]  # fmt: skip
    assert "IPYTHONDIR" in shown[0].everything, "a child told its environment"
    secrets = (sandbox.api_key, *sandbox.account.tokens._lifetimes)
    assert found("".join(ran.everything for ran in shown), *secrets) == []
    pid = kernel.value("__import__('os').getpid()")
    for name in ("environ", "cmdline"):
        file = Path(f"/proc/{pid}/{name}")
        if file.exists():
            assert found(file.read_bytes().decode("latin-1"), *secrets) == []


def test_a_key_that_the_user_put_into_the_environment_is_inherited_and_said_so(
    sandbox, monkeypatch, capfd
):
    """The honest boundary: it is named by its variable, so that the user can take it out."""
    from wx_notebook.magics.status import _inherited

    monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
    assert found(seen_by_a_child(), sandbox.api_key)
    (line,) = _inherited()
    assert line.startswith("WATSONX_API_KEY: programs started from this kernel inherit it")
    assert found(line, sandbox.api_key) == []
