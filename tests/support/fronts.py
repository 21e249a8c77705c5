"""Real front ends for the tests: Jupyter servers as child processes, and one headless Chromium.

A conftest re-exports the fixtures with ``from support.fronts import chromium, jupyter``::

    def scenario(page: Page, server: JupyterServer) -> str:
        lab = LabPage(page, server)
        lab.open("one.ipynb", ["6 * 7"])
        lab.run(0)
        return lab.wait_for_output(0, "42")

    def test_a_cell_answers(chromium, jupyter):
        assert "42" in chromium.run(scenario, jupyter("lab"))

Playwright's sync API keeps an event loop running in the thread that started it, which breaks
`asyncio.run` in every later test; so all of it lives in one thread of its own, and a scenario is a
function that is sent there.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

import nbformat
import pytest
from support.lab_extension import install_extension

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, WebSocket

T = TypeVar("T")
Front = Literal["lab", "notebook"]
Theme = Literal["light", "dark", "dark high contrast"]

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER = "no browser; get one with: python -m playwright install chromium"

#: In the environment of a server: with jupyter-collaboration, where it is installed.
COLLABORATION = "WITH_COLLABORATION"

#: In the environment of a server: the path below which it serves everything, such as "/user/x/".
BASE_URL = "WITH_BASE_URL"

#: What one step of a scenario, a whole scenario, and the start of a server may take.
STEP_S, SCENARIO_S, START_S = 60.0, 240.0, 120.0
#: What the download of a browser may take.
DOWNLOAD_S = 300.0

#: What a front end says by itself on its console, and says nothing about us.
_NOISE = re.compile(
    r"favicon|ResizeObserver|Failed to load resource.*(404|workspaces)|ERR_ABORTED"
    # Notebook 7.6, on every page, with nothing of ours in it
    r"|Cannot read properties of undefined \(reading 'schema'\)"
    # jupyter-collaboration in Notebook 7, which has no status bar
    r"|docprovider-extension:statusBarTimeline"
    # Notebook 7.2, on every page, and the toolbar of a cell there, with nothing of ours in them
    r"|Cannot read properties of undefined \(reading 'last_modified'\)"
    r"|Cannot read properties of null \(reading 'type'\)(?s:.*)_cellToolbarOverlapsContents"
    # ipywidgets opens a comm in a busy kernel, which closes it when that page is gone
    r"|Comm not found for comm id"
    # JupyterLab, where a kernel is restarted just after the page was loaded
    r"|Could not restore the debugger state"
    r"|Canceled future for (debug|create_subshell|kernel_info)_request message"
)


class BrowserThread:
    """Chromium behind one thread of its own; `run` sends a scenario there and waits for it."""

    def __init__(self, shots: Path) -> None:
        self.shots = shots
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="playwright")
        self._playwright: Any = None
        self._browser: Browser | None = None
        self._pid = 0
        self._count = itertools.count(1)
        #: The open page of each JupyterLab, by the address of its server.
        self._kept: dict[str, Page] = {}

    def start(self) -> None:
        """Start the browser, or raise what keeps it from starting."""
        self._thread.submit(self._start).result(START_S)

    def run(
        self,
        scenario: Callable[..., T],
        *args: Any,
        limit_s: float = SCENARIO_S,
        fresh: bool = False,
    ) -> T:
        """Run ``scenario(page, *args)``; return its result.

        A scenario of JupyterLab gets the page in which the one before it opened its notebook at
        the same server: to load JupyterLab takes longer than most scenarios. Any other one, and
        one that says `fresh`, gets a fresh page of a fresh context.
        """
        job = self._thread.submit(self._run, scenario, args, fresh)
        try:
            return job.result(limit_s)
        except BaseException as problem:
            if job.done():
                raise  # the scenario's own
            # it hangs: the limit here has passed, or that of the whole test. Nothing can be asked
            # of a page while its thread waits; without the browser it ends, and the next scenario
            # gets another one
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            with contextlib.suppress(Exception):
                job.result(STEP_S)
            if not isinstance(problem, TooLate):
                raise
            pytest.fail(f"{scenario.__name__} took more than {limit_s:.0f} s")

    def close(self) -> None:
        """End browser and thread."""
        with contextlib.suppress(Exception):
            self._thread.submit(self._stop).result(STEP_S)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> None:
        from playwright.sync_api import sync_playwright

        if self._playwright is None:
            self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=found_browser(), args=list(FLAGS)
        )
        told = self._browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
        self._pid = next(p["id"] for p in told["processInfo"] if p["type"] == "browser")

    def _stop(self) -> None:
        if self._browser:
            self._browser.close()
        if self._playwright:
            self._playwright.stop()

    def _run(self, scenario: Callable[..., T], args: tuple[Any, ...], fresh: bool) -> T:
        if self._browser is None or not self._browser.is_connected():
            self._kept.clear()
            self._start()
        lab = next((a.url for a in args if isinstance(a, JupyterServer) and a.front == "lab"), "")
        page = self._page_for("" if fresh else lab)
        try:
            result = scenario(page, *args)
        except BaseException as problem:
            shot = self.shots / f"{next(self._count):02}-{scenario.__name__}.png"
            with contextlib.suppress(Exception):
                page.screenshot(path=shot)
                problem.add_note(f"screenshot: {shot}")
            self._close(page)
            raise
        if lab and not fresh and _is_as_found(page, lab):
            self._kept[lab] = page
        else:
            self._close(page)
        return result

    def _page_for(self, lab: str) -> Page:
        """Return the page that has this JupyterLab open, or a fresh one."""
        page = self._kept.pop(lab, None)
        if page:
            _LEFT_OPEN.add(page)
        else:
            assert self._browser is not None
            context = self._browser.new_context()
            context.set_default_timeout(STEP_S * 1000)
            page = context.new_page()
        page.set_viewport_size({"width": 1280, "height": 900})
        return page

    def _close(self, page: Page) -> None:
        with contextlib.suppress(Exception):
            page.context.close()


#: Pages in which another scenario has left JupyterLab open, until this one opens a notebook.
_LEFT_OPEN: set[Page] = set()
#: Pages that were loaded anew: no other scenario gets them.
_RELOADED: set[Page] = set()


def _is_as_found(page: Page, lab: str) -> bool:
    """Whether nothing that a scenario did to its page can be felt by the next one."""
    context = page.context
    with contextlib.suppress(Exception):
        context.clear_permissions()
        page.unroute_all()
        page.emulate_media(media="null", color_scheme="null", reduced_motion="null")
        return (
            context.pages == [page]
            and page not in _RELOADED
            and page.url.startswith(lab)
            and page.locator(".jp-Dialog").count() == 0
        )
    return False


@dataclass
class JupyterServer:
    """A Jupyter server of our own: its address, its folders, its process."""

    front: Front
    url: str
    token: str
    home: Path
    process: subprocess.Popen[bytes]

    @property
    def root(self) -> Path:
        """The folder that the server shows."""
        return self.home / "work"

    @property
    def log(self) -> str:
        """What the server and its kernels have written so far."""
        return (self.home / "server.log").read_text(errors="replace")

    def address(self, name: str) -> str:
        """Return the page of the notebook `name`."""
        if self.front == "notebook":
            return f"{self.url}notebooks/{name}?token={self.token}"
        # without `reset` JupyterLab brings back the notebooks of the page before
        return f"{self.url}lab/tree/{name}?token={self.token}&reset"

    def write(self, name: str, cells: Sequence[str]) -> Path:
        """Write a notebook of code cells."""
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        book.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        path = self.root / name
        nbformat.write(book, path)
        return path

    def ask(self, path: str, method: str = "GET") -> Any:
        """Ask the server's own API."""
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"token {self.token}"}, method=method
        )
        # a proxy of the environment has no business between us and the loopback
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=STEP_S) as reply:
            body = reply.read()
        return json.loads(body) if body else None

    def end_kernels(self, name: str) -> None:
        """End the kernels of the notebook `name`."""
        for session in self.ask("api/sessions"):
            if session["path"] == name:
                self.ask(f"api/sessions/{session['id']}", "DELETE")

    def files(self) -> Iterator[Path]:
        """Every file that the server, the kernels and IPython have left behind."""
        return (path for path in self.home.rglob("*") if path.is_file())

    def end(self) -> None:
        """End the server, which ends its kernels."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            # a kernel that is left without its server ends by itself (ipykernel's parent poller)
            self.process.kill()
            self.process.wait(10)


@dataclass
class Seen:
    """What a page did while a scenario ran."""

    page_errors: list[str] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)


class LabPage:
    """A notebook in JupyterLab or Notebook 7, driven through the application's own commands."""

    def __init__(self, page: Page, server: JupyterServer) -> None:
        self.page = page
        self.server = server
        self.seen = Seen()
        self.path = server.root
        page.on("pageerror", self._stumble)
        page.on("console", self._hear)
        page.on("request", self._look)
        page.on("websocket", self._listen)

    def open(self, name: str, cells: Sequence[str] | None = None) -> None:
        """Write the notebook, unless it exists (`cells` is None), open it, wait for its kernel."""
        self.path = self.server.root / name
        if cells is not None:
            # that of a first try: a second one must not find what it left behind
            self.server.end_kernels(name)
            self.server.write(name, cells)
        if self.page in _LEFT_OPEN:
            _LEFT_OPEN.remove(self.page)
            self._js(_OPEN, name)
        else:
            self.page.goto(self.server.address(name))
        self.wait_until_idle()
        # JupyterLab's file browser takes half of a narrow page
        self._js("() => jupyterapp.shell.collapseLeft?.()")

    def reload(self) -> None:
        """Load the page anew, as a user does with F5."""
        # JupyterLab brings its notebooks back, on a busy machine long after this one is idle
        _RELOADED.add(self.page)
        self.page.reload()
        self.wait_until_idle()

    def run(self, cell: int, *, wait: bool = True) -> None:
        """Run one cell, as Ctrl+Enter does; with `wait`, until the kernel has done it."""
        self._js(
            """async ([cell, wait]) => {
                const panel = jupyterapp.shell.currentWidget;
                panel.content.activeCellIndex = cell;
                panel.content.deselectAll();
                const ran = jupyterapp.commands.execute("notebook:run-cell");
                if (wait) await ran;
            }""",
            [cell, wait],
        )

    def cell(self, cell: int) -> Any:
        """Return a locator for one cell."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(cell)

    def output(self, cell: int) -> str:
        """Return the visible text of a cell's output, or an empty string."""
        texts = self.cell(cell).locator(".jp-OutputArea-output").all_inner_texts()
        return "\n".join(texts).strip()

    def wait_for_output(self, cell: int, text: str = "") -> str:
        """Wait until a cell's output shows `text`; return all of it."""
        place = self.cell(cell).locator(".jp-OutputArea-output").filter(has_text=text)
        place.first.wait_for()
        return self.output(cell)

    def save(self) -> Any:
        """Save the notebook; return what stands in the file."""
        self._js("() => jupyterapp.commands.execute('docmanager:save')")
        return nbformat.read(self.path, as_version=4)

    def save_widget_state(self, on: bool = True) -> None:
        """Switch "Save Widget State Automatically" on or off (it stays so, for this server)."""
        self._js(
            """async on => {
                const name = "@jupyter-widgets/jupyterlab-manager:saveWidgetState";
                const is = jupyterapp.commands.isToggled(name);
                if (is !== on) await jupyterapp.commands.execute(name);
            }""",
            on,
        )

    def theme(self, shade: Theme) -> None:
        """Switch the theme, and wait until it is painted."""
        name = f"JupyterLab {shade.title()}"
        self._js(
            "name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name
        )
        painted = self.page.locator(f'body[data-jp-theme-name="{name}"]')
        painted.wait_for(state="attached")
        # JupyterLab fails ("removeChild") if the next change comes while its splash fades
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def interrupt(self) -> None:
        """Interrupt the kernel, as the stop button does."""
        self._js(f"() => {_KERNEL}.interrupt()")

    def restart(self) -> None:
        """Restart the kernel without asking, and wait until it answers again."""
        # asked again and again: on a busy machine its "idle" comes before the page listens, and a
        # question that the old connection takes gets no answer
        self._js(
            f"""async () => {{
                const kernel = {_KERNEL};
                await kernel.restart();
                const ask = () => kernel.requestKernelInfo().catch(() => {{}});
                ask();
                const timer = setInterval(() => {{
                    const isOver = kernel.isDisposed || kernel.status === "idle";
                    if (isOver) clearInterval(timer);
                    else ask();
                }}, 3000);
            }}"""
        )
        self.wait_until_idle()

    def shut_down(self) -> None:
        """Shut the kernel down; the notebook stays open."""
        self._js("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def is_idle(self) -> bool:
        """Whether the kernel says that it waits for work."""
        return bool(self._js(f"() => {_KERNEL}?.status === 'idle'"))

    def wait_until_idle(self) -> None:
        """Wait until the notebook is there and its kernel idle."""
        self.page.wait_for_function(
            f"""() => window.jupyterapp?.shell.currentWidget?.content?.widgets?.length
                && {_KERNEL}?.status === 'idle'
                && {_KERNEL}?.connectionStatus === 'connected'""",
            timeout=START_S * 1000,
        )

    def wait_until(self, met: Callable[[], object], what: str, seconds: float = STEP_S) -> None:
        """Wait until `met` holds, while the page goes on living."""
        until = time.monotonic() + seconds
        while not met():
            if time.monotonic() > until:
                raise AssertionError(f"not in {seconds:.0f} s: {what}")
            self.page.wait_for_timeout(20)

    def _js(self, code: str, argument: Any = None) -> Any:
        return self.page.evaluate(code, argument)

    def _stumble(self, error: Error) -> None:
        # with its stack, which says whose it is
        said = "\n".join(filter(None, (str(error), error.stack)))
        if not _NOISE.search(said):
            self.seen.page_errors.append(said)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _NOISE.search(message.text):
            self.seen.console_errors.append(message.text)

    def _look(self, request: Request) -> None:
        address = urlsplit(request.url)
        ours = address.netloc == urlsplit(self.server.url).netloc
        if not ours and address.scheme not in {"data", "blob", "about"}:
            self.seen.foreign.append(request.url)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self.seen.sent.append(_bytes(frame)))
        socket.on("framereceived", lambda frame: self.seen.received.append(_bytes(frame)))


#: Opens a notebook in place of all that is open; nobody is asked whether it shall be saved.
_OPEN = """async name => {
    for (const widget of [...jupyterapp.shell.widgets("main")]) widget.dispose();
    jupyterapp.shell.collapseRight();
    await jupyterapp.commands.execute("docmanager:open", { path: name, factory: "Notebook" });
}"""
_KERNEL = "jupyterapp.shell.currentWidget.sessionContext?.session?.kernel"


def _bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame


def axe_in(page: Page) -> Axe:
    """Return axe-core for a page; its half megabyte goes in once."""
    from axe_playwright_python.sync_playwright import Axe

    return Axe("0") if page.evaluate("() => 'axe' in window") else Axe()


def pieces(secret: str, length: int = 12) -> set[bytes]:
    """Return every piece of `secret` that has this length, to be looked for."""
    return {secret[i : i + length].encode() for i in range(len(secret) - length + 1)}


_SETTINGS: dict[str, dict[str, Any]] = {
    # the page must fetch nothing from outside, and show no window of its own
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # a cell that is scrolled away stays in the page
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}


_NO_BUILD = {"page_config_data": {"buildCheck": False, "buildAvailable": False}}


def _environment(home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which the server and its kernels know nothing of this machine."""
    import wx_notebook

    kept = {
        name: value
        for name, value in os.environ.items()
        if not re.match(
            r"(?i)WATSONX|JUPYTER|JPY|IPYTHON|IBM|PYTEST|XDG|.*_PROXY$|RUNTIME_ENV|PROJECT_ID|SPACE_ID"
            r"|USER_ACCESS_TOKEN|DEBUGPY|PYDEVD",
            name,
        )
    }
    # the kernels import the package that the tests import
    source = str(Path(wx_notebook.__file__).parents[1])
    path = os.pathsep.join(filter(None, [source, kept.get("PYTHONPATH", "")]))
    own = {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_PATH": str(install_extension(home / "prefix")),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": path,
        "NO_PROXY": "127.0.0.1,localhost",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    return kept | own | dict(extra)


def start_jupyter(
    front: Front,
    home: Path,
    environment: Mapping[str, str],
    before: JupyterServer | None = None,
) -> JupyterServer:
    """Start a Jupyter server in `home` and wait until it answers.

    With the server `before`, which has ended, it takes that one's place: address, token, folders.
    """
    for name in ("work", "runtime", "config", "data", "ipython"):
        (home / name).mkdir(parents=True, exist_ok=before is not None)
    for name, values in _SETTINGS.items():
        file = home / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    token = before.token if before else secrets.token_hex(16)
    port = urlsplit(before.url).port if before else 0
    application = {"lab": "LabApp", "notebook": "JupyterNotebookApp"}[front]
    command = [
        sys.executable,
        "-m",
        {"lab": "jupyterlab", "notebook": "notebook"}[front],
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={home / 'work'}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--{application}.expose_app_in_browser=True",
        # nobody builds anything here: at each page it would start Node.js, to see whether to
        f"--ServerApp.tornado_settings={_NO_BUILD}",
        # nor speaks to language servers, which would be looked for with npm
        "--LanguageServerManager.autodetect=False",
    ]
    if BASE_URL in environment:
        command.append(f"--ServerApp.base_url={environment[BASE_URL]}")
    if importlib.util.find_spec("jupyter_server_ydoc") and COLLABORATION not in environment:
        command.append("--YDocExtension.disable_rtc=True")
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=home / "work",
            env=_environment(home, environment) | {"JUPYTER_TOKEN": token},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = JupyterServer(front, "", token, home, process)
    try:
        _wait_for(server)
    except BaseException:
        server.end()
        raise
    return server


def found_browser() -> str | None:
    """Return the machine's own browser; without one Playwright looks for its own."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _download() -> None:
    """Get Playwright's own browser, where this machine may download it."""
    if found_browser() is None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(
                [sys.executable, "-m", "playwright", "install", "chromium"],
                capture_output=True, timeout=DOWNLOAD_S, check=False,
            )  # fmt: skip


def _wait_for(server: JupyterServer) -> None:
    until = time.monotonic() + START_S
    # a server that was killed has left its own beside it
    file = server.home / "runtime" / f"jpserver-{server.process.pid}.json"
    while time.monotonic() < until and server.process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            server.url = json.loads(file.read_text())["url"]
            server.ask("api/status")
            return
        time.sleep(0.1)
    raise RuntimeError(f"the Jupyter server did not start:\n{server.log[-3000:]}")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserThread]:
    """One Chromium for the whole session; `chromium.run(scenario, ...)`."""
    browser = BrowserThread(tmp_path_factory.mktemp("screenshots"))
    try:
        try:
            browser.start()
        except Exception:  # noqa: BLE001  # whatever keeps it from starting
            _download()
            browser.start()
    except Exception as problem:
        browser.close()
        if os.environ.get("CI", "").lower() == "true":
            raise
        pytest.skip(f"{NO_BROWSER} ({str(problem).splitlines()[0]})")
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., JupyterServer]]:
    """``jupyter("lab")`` or ``jupyter("notebook", NAME="value")``: a server, started once.

    The names are added to the environment of the server and so of its kernels; each set of them
    gets a server of its own.
    """
    servers: dict[tuple[Front, frozenset[tuple[str, str]]], JupyterServer] = {}

    def start(front: Front, **environment: str) -> JupyterServer:
        known = (front, frozenset(environment.items()))
        if known not in servers:
            home = tmp_path_factory.mktemp(f"jupyter-{front}")
            servers[known] = start_jupyter(front, home / "home", environment)
        return servers[known]

    yield start
    # together: each waits some seconds for its kernels
    with ThreadPoolExecutor() as threads:
        list(threads.map(JupyterServer.end, servers.values()))
