"""A Jupyter server that holds a sign-in, its panel's requests, and kernels that it has started."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from jupyter_client.blocking.client import BlockingKernelClient
from support.guard import Server
from support.kernels import Kernel

from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.server_sign_in import fingerprint_of

#: A server of its own for these tests; collaboration would make the panel say that it is shared.
SETTINGS = "c.YDocExtension.disable_rtc = True\nc.Application.log_level = 10\n"


@dataclass
class Reply:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    url: str,
    body: object = None,
    *,
    method: str | None = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    """Send a request as any program can, and return whatever comes back.

    A body of bytes goes out as it is, any other as JSON.
    """
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    request = urllib.request.Request(url, body, headers=headers or {}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as reply:
            return Reply(reply.status, reply.read())
    except urllib.error.HTTPError as refusal:
        return Reply(refusal.code, refusal.read())


def with_host(known: dict[str, Any], host: str) -> int:
    """Ask a listener for a token under another host name, as after DNS rebinding."""
    parts = urlsplit(known["url"])
    body = json.dumps({"generation": known["generation"]}).encode()
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.putrequest("POST", "/token", skip_host=True)
    connection.putheader("Host", host)
    connection.putheader("Authorization", f"Bearer {known['secret']}")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    status = connection.getresponse().status
    connection.close()
    return status


class SigningServer:
    """A real Jupyter server, as the panel and the kernels see it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.address = f"{server.jupyter.url}wx-notebook/sign-in"
        self.auth = {"Authorization": f"token {server.jupyter.token}"}

    # --- the panel ---

    def state(self) -> dict[str, Any]:
        """What the panel shows."""
        reply = ask(self.address, headers=self.auth)
        assert reply.status == 200, reply.body
        return reply.json()

    def begin(self, secret: str | None = None, **content: str) -> int:
        """Send what a button of the panel sends; return the number of the request."""
        body = content | ({} if secret is None else {"secret": secret})
        reply = ask(self.address, body, headers=self.auth)
        assert reply.status == 202, reply.body
        return reply.json()["request"]

    def finish(self, number: int, seconds: float = 60) -> dict[str, Any]:
        """Wait until a request is done; return what the form shows."""
        until = time.monotonic() + seconds
        while (state := self.state())["done"] < number:
            assert time.monotonic() < until, "the sign-in does not end"
            time.sleep(0.02)
        return state["form"]["view"]

    def click(self, secret: str | None = None, **content: str) -> dict[str, Any]:
        """Do what a button of the panel does."""
        return self.finish(self.begin(secret, **content))

    def sign_in(self, sandbox: Any) -> dict[str, Any]:
        """Sign in to a sandbox, as a user of the panel."""
        view = self.click(sandbox.api_key, action="connect", kind="cloud", region=sandbox.url,
                          scope_text=sandbox.project_id)  # fmt: skip
        assert view["phase"] == "connected", view
        return view

    def sign_out(self) -> None:
        """Log out in the panel."""
        self.click(action="sign_out")

    # --- its files and its listener ---

    @property
    def pid(self) -> int:
        return self.server.jupyter.process.pid

    @property
    def file(self) -> Path:
        return self.server.runtime / f"wx-notebook-server-{self.pid}.json"

    def written(self) -> dict[str, Any]:
        return json.loads(self.file.read_text())

    def ask_token(self, secret: str | None = None, seen: str = "", **headers: str) -> Reply:
        """Ask the listener for a token, as a process that has read the file can."""
        known = self.written()
        shown = {"Authorization": f"Bearer {known['secret'] if secret is None else secret}"}
        body = {"seen": seen, "generation": known["generation"]}
        return ask(f"{known['url']}/token", body, headers=shown | headers)

    def kernel(self) -> ServerKernel:
        """Start a kernel as a notebook does."""
        return ServerKernel(self)


class ServerKernel(Kernel):
    """A kernel that the Jupyter server has started."""

    def __init__(self, server: SigningServer) -> None:
        self._server = server
        root = server.server.jupyter.url
        reply = ask(f"{root}api/kernels", {"name": "python3"}, headers=server.auth)
        assert reply.status == 201, reply.body
        self.id = reply.json()["id"]
        self._address = f"{root}api/kernels/{self.id}"
        self.folder = server.server.root
        self._connect()

    def _connect(self) -> None:
        file = self._server.server.runtime / f"kernel-{self.id}.json"
        self.client = BlockingKernelClient(connection_file=str(file))
        self.client.load_connection_file()

    def __enter__(self) -> Self:
        # not by `wait_for_ready`, which takes a late heartbeat on a busy machine for a dead kernel
        self.client.start_channels(hb=False)
        until = time.monotonic() + 90
        while not self._is_heard():
            assert time.monotonic() < until, "the kernel does not start"
        self.run("%load_ext wx_notebook").ok()
        return self

    def _is_heard(self) -> bool:
        """Whether what the kernel publishes arrives here."""
        self.client.kernel_info()
        try:
            self.client.get_iopub_msg(timeout=0.5)
        except queue.Empty:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        ask(self._address, method="DELETE", headers=self._server.auth)

    def restart(self) -> None:
        """Restart it, as the button of the notebook does."""
        self.client.stop_channels()
        assert ask(f"{self._address}/restart", {}, headers=self._server.auth).status == 200
        self._connect()
        self.__enter__()

    @property
    def pid(self) -> int:
        return self.value("__import__('os').getpid()")


def renewals_for_kernels(server: SigningServer, sandbox: Any, count: int) -> int:
    """Let kernels send a prompt at once with a token that was revoked; return the exchanges."""
    before = sandbox.counts["token"]
    with contextlib.ExitStack() as ends, ThreadPoolExecutor(count) as threads:
        kernels = list(threads.map(lambda _: server.kernel().__enter__(), range(count)))
        for kernel in kernels:
            ends.callback(kernel.__exit__)
        sandbox.revoke_tokens()
        sandbox.fault("slow-iam", seconds=1.0)
        list(threads.map(lambda kernel: kernel.run("%%watsonx\nhello").ok(), kernels))
    return sandbox.counts["token"] - before


def renewals_for_clients(server: SigningServer, sandbox: Any, count: int) -> int:
    """Let clients say at once that the service refuses their token; return the exchanges."""
    old = server.ask_token().json()["token"]
    seen, start = fingerprint_of(Secret(old)), threading.Barrier(count)
    before = sandbox.counts["token"]
    sandbox.fault("slow-iam", seconds=1.0)

    def client(_: int) -> str:
        start.wait()
        return server.ask_token(seen=seen).json()["token"]

    with ThreadPoolExecutor(count) as threads:
        (new,) = set(threads.map(client, range(count)))
    assert new != old
    return sandbox.counts["token"] - before


def memory_of(pid: int) -> bytes:
    """Everything in the writable memory of a process."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            addresses, rights = line.split()[:2]
            if "rw" not in rights:
                continue
            start, end = (int(one, 16) for one in addresses.split("-"))
            try:
                memory.seek(start)
                found.append(memory.read(end - start))
            except (OSError, ValueError, OverflowError):
                # a map of the kernel's own
                continue
    return b"\0".join(found)


def environment_of(pid: int) -> bytes:
    """The environment that a process was started with."""
    return Path(f"/proc/{pid}/environ").read_bytes()


def files_below(*folders: Path) -> dict[Path, bytes]:
    """Every file below some folders."""
    return {
        path: path.read_bytes()
        for folder in folders
        for root, _, names in os.walk(folder)
        for path in (Path(root) / name for name in names)
        if path.is_file()
    }
