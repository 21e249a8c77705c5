"""The command `wx-notebook`: demo, sandbox, check and doctor.

A command's module is imported when it runs, so that help and `check` start quickly.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import signal
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from wx_notebook import __version__
from wx_notebook.errors import make_visible
from wx_notebook.guard.patterns import mask_path
from wx_notebook.sandbox import FAULTS
from wx_notebook.sandbox.http.routes import SERVER_KINDS

_WIDTH = 78
_FAULT_WIDTH = 58
_EXAMPLES = """\
examples:
  wx-notebook demo              JupyterLab on the example notebooks, with a
                                sandbox of watsonx.ai on this machine
  wx-notebook demo --run        the same without a browser: runs the first
                                notebook and prints prompts and answers
  wx-notebook sandbox           the sandbox alone; prints what to paste
  wx-notebook check .           no keys in the files of this folder?
  wx-notebook doctor            find out what keeps you from an answer
"""
_UPSTREAM_HELP = (
    "take answers from a server with OpenAI's protocol, such as Ollama at "
    "http://127.0.0.1:11434; if it needs a key, set the environment variable "
    "WX_NOTEBOOK_UPSTREAM_KEY"
)
_DEMO_EXAMPLE = """\
example:
  wx-notebook demo --no-browser --port 8899
"""
_SANDBOX_EXAMPLES = """\
examples:
  wx-notebook sandbox --port 8765 --token-lifetime 60 --fault cut=0.05
  wx-notebook sandbox --fault 429=0.1,retry_after=2 --fault slow-iam,seconds=5
  wx-notebook sandbox --upstream http://127.0.0.1:11434 --map models.toml
"""
_CHECK_EXAMPLES = """\
examples:
  wx-notebook check notebooks/ .env
  wx-notebook check one.ipynb && git commit one.ipynb

exit status: 0 nothing found, 1 something found, 2 a file could not be read
"""
_DOCTOR_EXAMPLES = """\
examples:
  wx-notebook doctor            with the credential that a prompt would use
  wx-notebook doctor work       with that of a profile, read from the keyring
  wx-notebook doctor --report   as a block for an issue

exit status: 0 nothing failed, 1 something failed
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # a terminal or pipe may have no form of a file's name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    args = _parser().parse_args(arguments)
    if args.command in ("demo", "sandbox"):
        # a plain `kill` and a closed terminal end these as Ctrl-C does, so that nothing is left
        # behind; the other commands may be called in a kernel, which keeps its own handlers
        for name in ("SIGTERM", "SIGHUP"):
            with contextlib.suppress(ValueError, AttributeError):  # another thread or system
                signal.signal(getattr(signal, name), signal.default_int_handler)
    return _runner(args.command)(args)


def _runner(command: str) -> Callable[[argparse.Namespace], int]:
    """Import a command and return its function."""
    match command:
        case "demo":
            from wx_notebook.cli.demo import run_demo as run
        case "sandbox":
            from wx_notebook.cli.serve import run_sandbox as run
        case "check":
            from wx_notebook.cli.check import run_check as run
        case _:
            from wx_notebook.cli.doctor import run_doctor as run
    return run


def _parser() -> argparse.ArgumentParser:
    # argparse wraps at the terminal's width; a help text that fits 80 columns fits everywhere
    layout = partial(argparse.RawDescriptionHelpFormatter, width=_WIDTH)
    parser = argparse.ArgumentParser(
        "wx-notebook",
        description="IBM watsonx.ai in the notebook.",
        epilog=_EXAMPLES,
        formatter_class=layout,
    )
    parser.add_argument("--version", action="version", version=f"wx_notebook {__version__}")
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", dest="command"
    )

    def add(name: str, summary: str, description: str, epilog: str) -> argparse.ArgumentParser:
        description = textwrap.fill(description, _WIDTH)
        return commands.add_parser(
            name, help=summary, description=description, epilog=epilog, formatter_class=layout
        )

    for add_command in (_add_demo, _add_sandbox, _add_check, _add_doctor):
        add_command(add)
    return parser


def _add_demo(add: Callable[..., argparse.ArgumentParser]) -> None:
    demo = add(
        "demo",
        "try it in JupyterLab, without an account",
        "Open JupyterLab on a fresh copy of the example notebooks. A sandbox on this machine "
        "takes the place of watsonx.ai, so you need no account and pay nothing. Ctrl-C ends "
        "everything.",
        _DEMO_EXAMPLE,
    )
    demo.add_argument("--run", action="store_true", dest="run_first",
                      help="run the first notebook here and print what happens")  # fmt: skip
    demo.add_argument("--no-browser", action="store_true",
                      help="print the address instead of opening a browser")  # fmt: skip
    demo.add_argument("--port", type=_port, help="port of JupyterLab (8888, or the next free one)")
    demo.add_argument("--upstream", metavar="URL", help=_UPSTREAM_HELP)


def _add_sandbox(add: Callable[..., argparse.ArgumentParser]) -> None:
    faults = "".join(f"  {name:18}{text[:_FAULT_WIDTH]}\n" for name, text in FAULTS.items())
    sandbox = add(
        "sandbox",
        "a sandbox of watsonx.ai on this machine",
        "Serve IBM Cloud IAM and watsonx.ai on the loopback, with a random key at each start. "
        "Answers come from a small writer that says what it is; no model is asked.",
        f"faults:\n{faults}\n{_SANDBOX_EXAMPLES}",
    )
    sandbox.add_argument("--port", type=_port, default=0, help="port (any free one)")
    sandbox.add_argument("--token-lifetime", type=float, default=3600, metavar="SECONDS",
                         help="how long an access token is valid (3600)")  # fmt: skip
    sandbox.add_argument("--words-per-second", type=float, metavar="N",
                         help="pace of the answers; 0 is as fast as possible (40)")  # fmt: skip
    sandbox.add_argument("--fault", action="append", default=[], metavar="NAME[=P]",
                         help="what goes wrong, with a probability of P (always)")  # fmt: skip
    sandbox.add_argument("--kind", choices=SERVER_KINDS, default="cloud",
                         help="who signs users in: IBM Cloud IAM (cloud), the account IAM of AWS "
                         "regions (mcsp), or a self-managed cluster (software)")  # fmt: skip
    sandbox.add_argument("--tls", action="store_true",
                         help="speak https, for clients that refuse http")  # fmt: skip
    sandbox.add_argument("--upstream", metavar="URL", help=_UPSTREAM_HELP)
    sandbox.add_argument("--map", metavar="FILE", type=Path,
                         help="TOML or JSON: which of its models answers for which of watsonx.ai, "
                         'as in "ibm/granite-4-h-small" = "granite4:tiny-h"')  # fmt: skip


def _add_check(add: Callable[..., argparse.ArgumentParser]) -> None:
    check = add(
        "check",
        "search files for keys and tokens",
        "Search notebooks, programs, settings and databases for keys and tokens. Those in this "
        "machine's environment and in saved profiles are found exactly, tokens of IBM Cloud by "
        "their issuer, other keys by how they look. A finding is named by file, cell and line, "
        "and never shown.",
        _CHECK_EXAMPLES,
    )
    check.add_argument("files", nargs="+", type=_existing_path, metavar="FILE",
                       help="a file, or a folder with everything in it")  # fmt: skip


def _add_doctor(add: Callable[..., argparse.ArgumentParser]) -> None:
    doctor = add(
        "doctor",
        "numbered checks, each with its repair",
        "Find out what keeps you from an answer. Checks versions, widgets, server extension, "
        "keyring, proxy, certificates, clock, sign-in, region, project, runtime, quota and "
        "model. No check takes longer than three seconds, costs anything or shows a secret.",
        _DOCTOR_EXAMPLES,
    )
    doctor.add_argument("profile", nargs="?", default="", metavar="PROFILE",
                        help="use the profile that login --remember has saved")  # fmt: skip
    output = doctor.add_mutually_exclusive_group()
    output.add_argument("--report", action="store_true", help="print a block for an issue")
    output.add_argument("--json", action="store_true", help="print JSON, for a program")


def _existing_path(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no file '{mask_path(text)}'")
    return path


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"'{make_visible(text)}' is not a port: 0 to 65535")
    return port
