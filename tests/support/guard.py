"""Secrets, notebooks that contain them, and Jupyter servers without a front end."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.fronts import JupyterServer, _environment, _wait_for, pieces

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.fingerprints import Fingerprints, make_fingerprint
from wx_notebook.guard.kernel_fingerprints import KernelFingerprints
from wx_notebook.guard.matches import Finding, Location
from wx_notebook.guard.patterns import find_lookalike_keys
from wx_notebook.guard.reports import SaveReport, pop_reports
from wx_notebook.guard.scan_text import REPLACEMENTS

#: What takes a second to load and is not asked for.
NOT_NEEDED = ("jupyterlab", "notebook", "notebook_shim", "jupyter_lsp", "jupyter_server_terminals")
#: Signs in by code; the session is `held`.
CONNECT = "import wx_notebook as wx; held = wx.connect(**{}); None"
GONE, TOKEN_GONE = REPLACEMENTS["api_key"], REPLACEMENTS["token"]


def new_key() -> str:
    """A key as IBM Cloud makes them: 44 characters, of each kind."""
    while True:
        key = secrets.token_urlsafe(33)
        # one in a thousand does not look like one, and one in 64 like an id of Google's
        if any(True for _ in find_lookalike_keys(key)):
            return key


def jwt(issuer: str | None = "https://iam.cloud.ibm.com/identity", *, signature: int = 256) -> str:
    """A token that says who issued it."""
    claims = {"sub": "jane", "exp": 1_700_000_000} | ({} if issuer is None else {"iss": issuer})
    parts = [json.dumps({"alg": "RS256", "kid": "1"}).encode(), json.dumps(claims).encode()]
    parts.append(secrets.token_bytes(signature))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def fingerprints(*secret_texts: tuple[str, str]) -> Fingerprints:
    """The fingerprints of (kind, secret), under a new salt."""
    salt = secrets.token_bytes(32)
    made = [make_fingerprint(Secret(text), kind, salt) for kind, text in secret_texts]
    assert all(made)
    return Fingerprints([(salt, made)])


def leaks(text: str | bytes, *hidden: str) -> list[bytes]:
    """Every piece of 12 characters of a secret that stands in a text."""
    data = text.encode() if isinstance(text, str) else text
    return [piece for secret in hidden for piece in pieces(secret) if piece in data]


def guard_files(runtime: Path, kind: str = "kernel") -> list[Path]:
    """The guard's files of a kind in a runtime folder."""
    return sorted(runtime.glob(f"wx-notebook-guard-{kind}-*"))


def a_report(path: str = "one.ipynb", cell: int = 3) -> SaveReport:
    """A report about a key that was removed."""
    return SaveReport(path, "removed", [Finding("api_key", Location("source", cell, None), 1)])


def book(*cells: dict, **metadata: object) -> dict:
    """A notebook of such cells."""
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def code(source: object, outputs: object = (), **more: object) -> dict:
    """A code cell that has run."""
    return {"cell_type": "code", "id": secrets.token_hex(4), "execution_count": 7, "metadata": {},
            "source": source, "outputs": list(outputs)} | more  # fmt: skip


def printed(text: object) -> dict:
    """An output that was printed."""
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(**data: object) -> dict:
    """An output that was displayed; a mime type is written with two underscores for its slash."""
    data = {name.replace("__", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": data}


@dataclass
class Server:
    """A Jupyter server in a process of its own, the runtime folder that it shares with kernels."""

    jupyter: JupyterServer
    handed_over: list[KernelFingerprints] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.jupyter.root

    @property
    def home(self) -> Path:
        return self.jupyter.home

    @property
    def runtime(self) -> Path:
        return self.home / "runtime"

    @property
    def log(self) -> str:
        return self.jupyter.log

    def save(self, name: str, content: object, *, of_type: str = "notebook") -> bytes:
        """Save as a front end does; return the file as it is then."""
        model = {"type": of_type, "content": content,
                 "format": "json" if of_type == "notebook" else "text"}  # fmt: skip
        self._sent("PUT", f"api/contents/{name}", model)
        return (self.root / name).read_bytes()

    def post(self, path: str, document: object) -> dict:
        """Ask the server to do something; return what it says."""
        return json.loads(self._sent("POST", path, document))

    def _sent(self, method: str, path: str, document: object) -> bytes:
        request = urllib.request.Request(
            f"{self.jupyter.url}{path}", json.dumps(document).encode(), method=method,
            headers={"Authorization": f"token {self.jupyter.token}"},
        )  # fmt: skip
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as reply:
            assert reply.status in (200, 201)
            return reply.read()

    def refusal(self, name: str, content: object) -> str:
        """Save, and return why it was refused."""
        with pytest.raises(urllib.error.HTTPError) as caught:
            self.save(name, content)
        return json.loads(caught.value.read())["message"]

    def knows(self, key: str, kind: str = "api_key") -> None:
        """Hand a secret over, as a kernel does; this process plays it."""
        self.handed_over.append(KernelFingerprints())
        self.handed_over[-1].add(Secret(key), kind)

    def reports(self) -> list[str]:
        """What a kernel would show now."""
        return pop_reports()


def start_server(home: Path, settings: str) -> Server:
    """Start a server in a folder with such a configuration file."""
    for name in ("work", "runtime", "config", "data", "ipython"):
        (home / name).mkdir(parents=True, exist_ok=True)
    (home / "config" / "jupyter_server_config.py").write_text(settings)
    token = secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
        f"--ServerApp.root_dir={home / 'work'}",
        f"--ServerApp.jpserver_extensions={dict.fromkeys(NOT_NEEDED, False)}",
    ]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=home / "work", stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(home, {"FAULTS": str(home)}) | {"JUPYTER_TOKEN": token},
        )  # fmt: skip
    server = Server(JupyterServer("lab", "", token, home, process))
    try:
        _wait_for(server.jupyter)
    except BaseException:
        server.jupyter.end()
        raise
    return server


@pytest.fixture(scope="session")
def _servers(tmp_path_factory):
    running: dict[str, Server] = {}

    def start(settings: str) -> Server:
        if settings not in running:
            running[settings] = start_server(tmp_path_factory.mktemp("server") / "home", settings)
        return running[settings]

    yield start
    for server in running.values():
        # no kernel of theirs is left behind: they have none
        server.jupyter.process.kill()
        server.jupyter.process.wait()


@pytest.fixture
def server_with(_servers, monkeypatch):
    """``server_with("c.WatsonxGuard.mode = 'warn'")``: a server with such a configuration file.

    Each is started once. This process shares its runtime folder, as the user's kernels do.
    """
    used = []

    def start(settings: str = "") -> Server:
        server = _servers(settings)
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(server.runtime))
        used.append(server)
        return server

    yield start
    for server in used:
        for handed in server.handed_over:
            handed.remove()
        server.handed_over.clear()
        for left in server.runtime.glob("wx-notebook-guard-*"):
            left.unlink()


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """An empty runtime folder."""
    folder = tmp_path / "runtime"
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
    return folder
