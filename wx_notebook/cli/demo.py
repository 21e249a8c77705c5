"""`wx-notebook demo`: JupyterLab, or the first notebook alone, with a sandbox beside it."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wx_notebook.cli.headless import run_notebook

if TYPE_CHECKING:
    from wx_notebook.sandbox import Sandbox


def run(chosen: argparse.Namespace) -> int:
    """Run the demo until it ends or Ctrl-C comes; returns the exit status."""
    from wx_notebook.sandbox import Sandbox

    try:
        stand_in = Sandbox(words_per_second=Sandbox.HUMAN_PACE, upstream=chosen.upstream)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    folder = _fresh_notebooks()
    print(f"Example notebooks: {folder}", flush=True)
    try:
        with stand_in as sandbox, _left_for(sandbox) as path:
            # what an upstream costs, only its owner knows
            costs = "" if chosen.upstream else "; nothing is paid"
            print(f"Sandbox: {sandbox.url} (stands in for watsonx.ai{costs})", flush=True)
            if chosen.upstream:
                print(sandbox.upstream_report(), flush=True)
            if chosen.run_first:
                return run_notebook(folder / "01-first-prompt.ipynb", _environment(path))
            return _open_lab(folder, path, chosen.port, open_browser=not chosen.no_browser)
    except KeyboardInterrupt:
        print("\nStopped. The notebooks stay where they are.")
        return 130 if chosen.run_first else 0


def _notebooks() -> Path:
    """Return the folder of examples: inside the wheel, or beside the package in a clone."""
    here = Path(__file__).parents[1]
    return next(p for p in (here / "notebooks", here.parent / "notebooks") if p.is_dir())


def _fresh_notebooks() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="wx-notebook-demo-"))
    for notebook in sorted(_notebooks().glob("*.ipynb")):
        shutil.copyfile(notebook, folder / notebook.name)
    return folder


@contextlib.contextmanager
def _left_for(sandbox: Sandbox) -> Iterator[Path]:
    """Leave URL, key and project in a file that only this user can read, as long as it runs.

    Its path alone is passed on. It lies apart from the notebooks: what is there, the page can read.
    """
    private = Path(tempfile.mkdtemp(prefix="wx-notebook-"))  # mkdtemp makes it 0700
    path = private / "sandbox.json"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(sandbox.credentials(), file)
        yield path
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _environment(path: Path) -> dict[str, str]:
    from wx_notebook.credentials.files import SANDBOX_VARIABLE

    # the user's own account is not what a demo spends: it takes a key that is typed into the form
    own = {name: value for name, value in os.environ.items() if not name.startswith("WATSONX_")}
    # a kernel of this installation, also where the user has a python3 kernel of another one
    return own | {SANDBOX_VARIABLE: str(path), "JUPYTER_PREFER_ENV_PATH": "1"}


def _without_news(private: Path) -> dict[str, str]:
    """Return what leads JupyterLab to a configuration of ours, behind which comes the user's own.

    Its question about news would lie over the first notebook.
    """
    config = private / "jupyter" / "labconfig"
    config.mkdir(parents=True)
    off = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (config / "page_config.json").write_text(json.dumps(off), encoding="utf-8")
    others = os.environ.get("JUPYTER_CONFIG_PATH", "")
    path = os.pathsep.join(filter(None, (str(config.parent), others)))
    return {"JUPYTER_CONFIG_PATH": path}


def _open_lab(folder: Path, path: Path, port: int | None, *, open_browser: bool) -> int:
    command = [
        *(sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"),
        # also part of the address that is printed: a file to open would not be
        "--LabApp.default_url=/lab/tree/01-first-prompt.ipynb",
    ]
    command += [] if port is None else [f"--ServerApp.port={port}"]
    command += [] if open_browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Jupyter refuses root unless told; in a container there is often nobody else
        command.append("--allow-root")
    print("JupyterLab is starting; Ctrl-C here ends it.", flush=True)
    # in a session of its own: at Ctrl-C Jupyter would ask whether it is meant
    lab = subprocess.Popen(  # noqa: S603  # our own arguments
        command,
        env=_environment(path) | _without_news(path.parent),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return lab.wait()
    finally:
        _end(lab)


def _end(process: subprocess.Popen[Any]) -> None:
    """End JupyterLab with its kernels, politely first; a second Ctrl-C does not get in between."""
    if process.poll() is not None:
        return
    handler: Any = signal.SIG_DFL
    in_main = threading.current_thread() is threading.main_thread()
    if in_main:
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    finally:
        if in_main:
            signal.signal(signal.SIGINT, handler)
