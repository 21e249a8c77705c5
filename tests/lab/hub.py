"""A sign-in in the panel of a real JupyterHub's single-user server; see `hub.sh`."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.fronts import BrowserThread, JupyterServer
from support.guard import Server
from support.signing_in import SigningServer, ask, memory_of

from wx_notebook.sandbox import Sandbox

CONFIG = """
c.JupyterHub.bind_url = "http://127.0.0.1:{proxy}"
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{home}/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.env_keep = ["PATH", "NO_PROXY", "PYTHONPATH"]
c.JupyterHub.services = [{{"name": "test", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [{{"name": "test", "services": ["test"], "scopes": [
    "admin:users", "admin:servers", "access:servers", "tokens"]}}]
"""


def wait_for(look: Any, what: str, seconds: float = 120) -> Any:
    """Return what `look` finds, once it finds something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError, ValueError, urllib.error.URLError):
            if found := look():
                return found
        time.sleep(0.2)
    raise SystemExit(f"not in {seconds:.0f} s: {what}")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses now."""
    with contextlib.ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Hub:
    """A JupyterHub, and the servers of its users."""

    def __init__(self, work: Path) -> None:
        self.home = work / "homes"
        self.home.mkdir()
        self.token = secrets.token_hex(16)
        proxy, hub, api = free_ports(3)
        self.url = f"http://127.0.0.1:{proxy}"
        config = work / "jupyterhub_config.py"
        config.write_text(
            CONFIG.format(proxy=proxy, hub=hub, api=api, home=self.home, token=self.token)
        )
        environ = {key: value for key, value in os.environ.items() if "JUPYTER" not in key}
        self.log = (work / "hub.log").open("wb")
        self.process = subprocess.Popen(
            ["jupyterhub", "-f", str(config)], cwd=work, env=environ, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        wait_for(lambda: self.api("users").status == 200, "JupyterHub answers")

    def api(self, path: str, body: object = None, method: str | None = None) -> Any:
        """Ask the Hub's API as its administrator."""
        shown = {"Authorization": f"token {self.token}"}
        return ask(f"{self.url}/hub/api/{path}", body, method=method, headers=shown)

    def server_of(self, user: str) -> SigningServer:
        """Start the server of a user, and return it with a token of that user's."""
        home = self.home / user
        (home / "runtime").mkdir(parents=True)
        self.api(f"users/{user}", {})
        self.api(f"users/{user}/server", {})
        wait_for(
            lambda: self.api(f"users/{user}").json()["servers"][""]["ready"], f"{user}'s server"
        )
        token = self.api(f"users/{user}/tokens", {"note": "test"}).json()["token"]
        # of the single-user server; its parent is the Hub
        folder = home / ".local" / "share" / "jupyter" / "runtime"
        found = wait_for(lambda: list(folder.glob("jpserver-*.json")), "its runtime folder")[0]
        process = SimpleNamespace(pid=json.loads(found.read_text())["pid"])
        url = f"{self.url}/user/{user}/"
        jupyter: Any = JupyterServer("lab", url, token, home, process)  # type: ignore[arg-type]
        return SigningServer(_HubServer(jupyter, folder))

    def end(self) -> None:
        """End the Hub, its proxy and its servers."""
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


class _HubServer(Server):
    def __init__(self, jupyter: JupyterServer, folder: Path) -> None:
        super().__init__(jupyter)
        self._folder = folder

    @property
    def runtime(self) -> Path:
        return self._folder

    @property
    def root(self) -> Path:
        return self.jupyter.home


def in_a_browser(page: Any, hub: Hub, user: str, sandbox: Sandbox) -> str:
    """Sign in to the Hub as a user does, then in the panel; return what the panel says."""
    page.goto(f"{hub.url}/hub/login?next=/hub/user/{user}/lab")
    page.locator("#username_input").fill(user)
    page.locator("#password_input").fill("any")
    page.locator("#login_submit").click()
    page.locator("[data-id='wx-notebook-panel']").first.click()
    panel = page.locator(".wx-panel")
    panel.get_by_label("Region or URL").fill(sandbox.url)
    panel.get_by_label("Project or space", exact=True).fill(sandbox.project_id)
    key = panel.get_by_label("API key", exact=True)
    key.fill(sandbox.api_key)
    key.press("Enter")
    panel.get_by_text("connected to project").first.wait_for()
    said: str = panel.inner_text()
    return said


def check(hub: Hub, sandbox: Sandbox) -> None:
    """Sign in at one user's server, and look what her kernels and another user get."""
    jane, joe = hub.server_of("jane"), hub.server_of("joe")
    assert jane.state()["form"] is None
    jane.sign_in(sandbox)
    with jane.kernel() as one, jane.kernel() as two:
        for kernel in (one, two):
            said = kernel.run("%%watsonx\nhello").ok().plain
            assert "signed in by the Jupyter server" in said, said
            assert sandbox.api_key.encode() not in memory_of(kernel.pid)
        assert sandbox.counts["token"] == 1
        print("ok: two kernels of one user connect without a form, by one token")
        for address in (jane.address, f"{jane.address}/form"):
            assert ask(address, headers=joe.auth).status in (403, 404)
            assert ask(address, {"action": "sign_out"}, headers={}).status == 403
        assert joe.state()["form"] is None
        with joe.kernel() as other:
            error = other.run("%%watsonx\nhello", allow_stdin=True).error
            assert error[0].startswith("NotConnected"), error
        print("ok: another user's kernel finds nothing, and his token opens nothing")
        jane.sign_out()
        error = one.run("%%watsonx\nhello", allow_stdin=True).error
        assert "The Jupyter server's sign-in has ended" in error[0], error
        print("ok: a log out is felt at the next prompt")
    browser = BrowserThread(hub.home)
    browser.start()
    try:
        assert "'Sandbox project'" in browser.run(in_a_browser, hub, "jane", sandbox)
    finally:
        browser.close()
    with jane.kernel() as kernel:
        kernel.run("%%watsonx\nhello").ok()
    print("ok: a sign-in in the panel, by the cookies of a login at the Hub")
    file, secret = jane.file, jane.written()["secret"]
    assert secret in file.read_text()
    assert hub.api("users/jane/server", method="DELETE").status in (202, 204)
    wait_for(lambda: secret not in file.read_text(), "the secret goes with the server")
    print("ok: a server that the Hub ends leaves the note that a sign-in has ended, and no secret")


def main(work: Path) -> None:
    """Run it all in a folder of its own."""
    hub = Hub(work)
    try:
        with Sandbox() as sandbox:
            check(hub, sandbox)
    except BaseException:
        print((work / "hub.log").read_text()[-4000:], file=sys.stderr)
        raise
    finally:
        hub.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
