"""The command `wx-notebook`: the demo and the sandbox. Heavy imports live inside functions."""

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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wx_notebook.sandbox import Sandbox

_EXAMPLES = """\
examples:
  wx-notebook demo              JupyterLab on the example notebooks, with a
                                stand-in of watsonx.ai on this machine
  wx-notebook demo --run        the same without a browser: runs the first
                                notebook and prints prompts and answers
  wx-notebook sandbox           the stand-in alone; prints what to paste
"""
_DEMO_EXAMPLE = """\
example:
  wx-notebook demo --no-browser --port 8899
"""
_SANDBOX_EXAMPLE = """\
example:
  wx-notebook sandbox --port 8765 --token-lifetime 60 --fault cut=0.05
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    chosen = _parser().parse_args(arguments)
    # a plain `kill` ends as Ctrl-C does, with nothing left behind
    with contextlib.suppress(ValueError):  # not in the main thread, as in a test
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    status: int = chosen.run(chosen)
    return status


def _parser() -> argparse.ArgumentParser:
    from wx_notebook import __version__

    # argparse wraps at the terminal's width; a help text that fits 80 columns fits everywhere
    def layout(prog: str) -> argparse.HelpFormatter:
        return argparse.RawDescriptionHelpFormatter(prog, width=78)

    parser = argparse.ArgumentParser(
        "wx-notebook",
        description="IBM watsonx.ai in the notebook.",
        epilog=_EXAMPLES,
        formatter_class=layout,
    )
    parser.add_argument("--version", action="version", version=f"wx_notebook {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="try it in JupyterLab, without an account",
        description="Open JupyterLab on a fresh copy of the example notebooks. A sandbox on this "
        "machine stands in for watsonx.ai: no account is needed and nothing is paid. Ctrl-C ends "
        "it all.",
        epilog=_DEMO_EXAMPLE,
        formatter_class=layout,
    )
    demo.add_argument("--run", action="store_true", dest="run_first",
                      help="run the first notebook here and print what happens")  # fmt: skip
    demo.add_argument("--no-browser", action="store_true",
                      help="print the address instead of opening a browser")  # fmt: skip
    demo.add_argument("--port", type=_port, help="port of JupyterLab (8888, or the next one)")
    demo.set_defaults(run=_demo)

    sandbox = commands.add_parser(
        "sandbox",
        help="a stand-in of watsonx.ai on this machine",
        description="Serve IBM Cloud IAM and watsonx.ai on the loopback, with a random key at each "
        "start. Answers come from a small writer that says what it is; no model is asked.",
        epilog=_faults_help() + "\n" + _SANDBOX_EXAMPLE,
        formatter_class=layout,
    )
    sandbox.add_argument("--port", type=_port, default=0, help="port (any free one)")
    sandbox.add_argument("--token-lifetime", type=float, default=3600, metavar="SECONDS",
                         help="how long an access token is good (3600)")  # fmt: skip
    sandbox.add_argument("--words-per-second", type=float, metavar="N",
                         help="pace of the answers; 0 is as fast as it goes (40)")  # fmt: skip
    sandbox.add_argument("--fault", action="append", default=[], metavar="NAME[=P]",
                         help="what goes wrong, with a probability of P (always)")  # fmt: skip
    sandbox.set_defaults(run=_sandbox)
    return parser


def _faults_help() -> str:
    from wx_notebook.sandbox import FAULTS

    return "faults:\n" + "".join(f"  {name:18}{text[:58]}\n" for name, text in FAULTS.items())


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: 0 to 65535")
    return port


# --- demo --------------------------------------------------------------------------------------


def _demo(chosen: argparse.Namespace) -> int:
    from wx_notebook.sandbox import Sandbox

    folder = _fresh_notebooks()
    print(f"Example notebooks: {folder}", flush=True)
    try:
        with Sandbox(words_per_second=Sandbox.HUMAN_PACE) as sandbox, _left_for(sandbox) as path:
            print(f"Sandbox: {sandbox.url} (stands in for watsonx.ai; nothing is paid)", flush=True)
            if chosen.run_first:
                return _run_notebook(folder / "01-first-prompt.ipynb", path)
            return _open_lab(folder, path, chosen.port, open_browser=not chosen.no_browser)
    except KeyboardInterrupt:
        print("\nStopped. The notebooks stay where they are.")
        return 130 if chosen.run_first else 0


def _notebooks() -> Path:
    """Return the folder of examples: inside the wheel, or beside the package in a clone."""
    here = Path(__file__).parent
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
    from wx_notebook.credentials.sources import SANDBOX_VARIABLE

    # a kernel of this installation, also where the user has a python3 kernel of another one
    return os.environ | {SANDBOX_VARIABLE: str(path), "JUPYTER_PREFER_ENV_PATH": "1"}


def _open_lab(folder: Path, path: Path, port: int | None, *, open_browser: bool) -> int:
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    command += [] if port is None else [f"--ServerApp.port={port}"]
    command += [] if open_browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Jupyter refuses root unless told; in a container there is often nobody else
        command.append("--allow-root")
    command.append(str(folder / "01-first-prompt.ipynb"))
    print("JupyterLab is starting; Ctrl-C here ends it.", flush=True)
    # in a session of its own: at Ctrl-C Jupyter would ask whether it is meant
    lab = subprocess.Popen(  # noqa: S603  # our own arguments
        command, env=_environment(path), stdin=subprocess.DEVNULL, start_new_session=True
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


def _run_notebook(notebook: Path, path: Path) -> int:
    # read when jupyter_core looks for kernels, so it is set before that is imported
    environment = {
        # the user's own account is not what a demo spends
        name: value
        for name, value in _environment(path).items()
        if not name.startswith(("WATSONX_", "WX_API"))
    }
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    document = nbformat.read(notebook, as_version=4)
    client = NotebookClient(
        document,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(notebook.parent)}},
        on_cell_start=lambda cell, cell_index: _print_cell(cell),
        on_cell_executed=lambda cell, cell_index, execute_reply: _print_outputs(cell),
    )
    problem = ""
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        problem = str(error.evalue)
    except DeadKernelError:
        # nbclient ends the kernel itself when Ctrl-C comes
        raise KeyboardInterrupt from None
    nbformat.write(document, notebook)
    if problem:
        print(f"The notebook failed: {problem}", file=sys.stderr)
        return 1
    print(f"\nDone. The notebook with its answers: {notebook}")
    return 0


def _print_cell(cell: Mapping[str, Any]) -> None:
    print()
    if cell["cell_type"] == "markdown":
        print(cell["source"])
        return
    for line in cell["source"].splitlines():
        print(f"  | {line}")
    sys.stdout.flush()


def _print_outputs(cell: Mapping[str, Any]) -> None:
    for output in cell.get("outputs", ()):
        if output["output_type"] == "stream":
            print(output["text"], end="")
        elif output["output_type"] == "error":
            print("\n".join(output["traceback"]))
        else:
            print(output["data"].get("text/plain", ""))
    sys.stdout.flush()


# --- sandbox -----------------------------------------------------------------------------------


def _sandbox(chosen: argparse.Namespace) -> int:
    from wx_notebook.sandbox import Sandbox

    pace = Sandbox.HUMAN_PACE if chosen.words_per_second is None else chosen.words_per_second
    try:
        with Sandbox(
            chosen.port,
            token_lifetime_s=chosen.token_lifetime,
            words_per_second=pace or None,
            faults=chosen.fault,
        ) as sandbox:
            print("A stand-in of watsonx.ai on this machine. To use it, paste into a shell:\n")
            print(f"  export WATSONX_URL={sandbox.url}")
            print(f"  export WATSONX_API_KEY={sandbox.api_key}")
            print(f"  export WATSONX_PROJECT_ID={sandbox.project_id}")
            print(
                "\nor type the three into the form of %watsonx login. Ctrl-C ends it.", flush=True
            )
            threading.Event().wait()
    except KeyboardInterrupt:
        print("\nStopped.")
    except OSError as problem:
        print(f"Port {chosen.port} cannot be used: {problem.strerror}.", file=sys.stderr)
        print("Take another --port, or leave it away for any free one.", file=sys.stderr)
        return 1
    except ValueError as problem:
        print(f"{problem}", file=sys.stderr)
        return 2
    return 0
