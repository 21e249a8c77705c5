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
from typing import Any

from wx_notebook.cli.headless import run_notebook
from wx_notebook.cli.serve import print_foreign_lines
from wx_notebook.credentials.connection_params import SANDBOX_VARIABLE
from wx_notebook.credentials.variables import READ_NAMES
from wx_notebook.errors import make_visible
from wx_notebook.sandbox import Sandbox

_FIRST_NOTEBOOK = "01-first-prompt.ipynb"
_END_TIMEOUT_S = 15


def run_demo(args: argparse.Namespace) -> int:
    """Run the demo until it ends or Ctrl-C is pressed; return the exit status."""
    try:
        server = Sandbox(words_per_second=Sandbox.HUMAN_PACE, upstream=args.upstream)
    except ValueError as error:
        print(make_visible(str(error)), file=sys.stderr)
        return 2
    folder = _fresh_notebooks()
    print(f"Example notebooks: {make_visible(str(folder))}", flush=True)
    try:
        with server as sandbox, _credentials_file(sandbox) as path:
            # only its owner knows what an upstream costs
            costs = "" if args.upstream else "; nothing is paid"
            print(f"Sandbox: {sandbox.url} (stands in for watsonx.ai{costs})", flush=True)
            if args.upstream:
                print_foreign_lines(sandbox.upstream_report())
            if args.run_first:
                return run_notebook(folder / _FIRST_NOTEBOOK, _environment(path))
            return _open_lab(folder, path, args.port, open_browser=not args.no_browser)
    except KeyboardInterrupt:
        print("\nStopped. The notebooks stay where they are.")
        return 130 if args.run_first else 0


def _notebooks() -> Path:
    """Return the folder of examples: inside the wheel, or beside the package in a clone."""
    package = Path(__file__).parents[1]
    return next(p for p in (package / "notebooks", package.parent / "notebooks") if p.is_dir())


def _fresh_notebooks() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="wx-notebook-demo-"))
    for file in sorted(_notebooks().iterdir()):
        # and the recording that one of them replays
        if file.suffix in (".ipynb", ".jsonl"):
            shutil.copyfile(file, folder / file.name)
    return folder


@contextlib.contextmanager
def _credentials_file(sandbox: Sandbox) -> Iterator[Path]:
    """Keep URL, key and project in a file that only this user can read while the sandbox runs.

    Kernels are given its path alone. It is not beside the notebooks, where the page could read it.
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
    # a demo does not spend the user's own account, unless its key is typed into the form
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WATSONX_") and name not in READ_NAMES
    }
    # the kernel of this installation, even if the user has a python3 kernel of another one
    return own | {SANDBOX_VARIABLE: str(path), "JUPYTER_PREFER_ENV_PATH": "1"}


def _without_news(private: Path) -> dict[str, str]:
    """Return the variables that put a configuration of ours before the user's own.

    It switches off JupyterLab's question about news, which would cover the first notebook.
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
        # this is part of the printed address, too; a file to open would not be
        f"--LabApp.default_url=/lab/tree/{_FIRST_NOTEBOOK}",
    ]
    command += [] if port is None else [f"--ServerApp.port={port}"]
    command += [] if open_browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Jupyter refuses root by default; a container often has no other user
        command.append("--allow-root")
    print("JupyterLab is starting; Ctrl-C here ends it.", flush=True)
    # in its own session, because Jupyter would ask for confirmation at Ctrl-C
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
    """End JupyterLab with its kernels, gently first; a second Ctrl-C does not interfere."""
    if process.poll() is not None:
        return
    handler: Any = signal.SIG_DFL
    in_main = threading.current_thread() is threading.main_thread()
    if in_main:
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.terminate()
        try:
            process.wait(timeout=_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    finally:
        if in_main:
            signal.signal(signal.SIGINT, handler)
