"""The command `wx-notebook`: demo, sandbox, check and doctor. Heavy imports live in functions."""

from __future__ import annotations

import argparse
import contextlib
import signal
import textwrap
from collections.abc import Sequence
from pathlib import Path

from wx_notebook.cli.check import run as run_check
from wx_notebook.cli.demo import run as run_demo
from wx_notebook.cli.doctor import run as run_doctor
from wx_notebook.cli.serve import run as run_sandbox

_EXAMPLES = """\
examples:
  wx-notebook demo              JupyterLab on the example notebooks, with a
                                stand-in of watsonx.ai on this machine
  wx-notebook demo --run        the same without a browser: runs the first
                                notebook and prints prompts and answers
  wx-notebook sandbox           the stand-in alone; prints what to paste
  wx-notebook check .           no key in what is passed on?
  wx-notebook doctor            what stands between you and an answer
"""
_UPSTREAM_HELP = (
    "answers from a server that speaks OpenAI's protocol, such as Ollama at "
    "http://127.0.0.1:11434; its key, if it wants one, is taken from the environment variable "
    "WX_NOTEBOOK_UPSTREAM_KEY"
)
_DEMO_EXAMPLE = """\
example:
  wx-notebook demo --no-browser --port 8899
"""
_SANDBOX_EXAMPLE = """\
example:
  wx-notebook sandbox --port 8765 --token-lifetime 60 --fault cut=0.05
  wx-notebook sandbox --fault 429=0.1,retry_after=2 --fault slow-iam,seconds=5
  wx-notebook sandbox --upstream http://127.0.0.1:11434 --map models.toml
"""
_DOCTOR_EXAMPLE = """\
examples:
  wx-notebook doctor            with the credential that a prompt would use
  wx-notebook doctor work       with that of a profile, read from the keyring
  wx-notebook doctor --report   as a block for an issue

exit status: 0 nothing failed, 1 something failed
"""


_CHECK_EXAMPLE = """\
examples:
  wx-notebook check notebooks/ .env
  wx-notebook check one.ipynb && git commit one.ipynb

exit status: 0 nothing found, 1 something found, 2 a file could not be read
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    chosen = _parser().parse_args(arguments)
    # a plain `kill` and a closed terminal end as Ctrl-C does, with nothing left behind; what leaves
    # nothing may be called from a notebook, whose kernel keeps its own ways to end
    for name in ("SIGTERM", "SIGHUP") if chosen.run in (run_demo, run_sandbox) else ():
        with contextlib.suppress(ValueError, AttributeError):  # another thread; another system
            signal.signal(getattr(signal, name), signal.default_int_handler)
    status: int = chosen.run(chosen)
    return status


def _parser() -> argparse.ArgumentParser:
    from wx_notebook import __version__

    # argparse wraps at the terminal's width; a help text that fits 80 columns fits everywhere
    def layout(prog: str) -> argparse.HelpFormatter:
        return argparse.RawDescriptionHelpFormatter(prog, width=78)

    def wrapped(text: str) -> str:
        return textwrap.fill(text, 78)

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
        description=wrapped(
            "Open JupyterLab on a fresh copy of the example notebooks. A sandbox on this machine "
            "stands in for watsonx.ai: no account is needed and nothing is paid. Ctrl-C ends it "
            "all."
        ),
        epilog=_DEMO_EXAMPLE,
        formatter_class=layout,
    )
    demo.add_argument("--run", action="store_true", dest="run_first",
                      help="run the first notebook here and print what happens")  # fmt: skip
    demo.add_argument("--no-browser", action="store_true",
                      help="print the address instead of opening a browser")  # fmt: skip
    demo.add_argument("--port", type=_port, help="port of JupyterLab (8888, or the next one)")
    demo.add_argument("--upstream", metavar="URL", help=_UPSTREAM_HELP)
    demo.set_defaults(run=run_demo)

    sandbox = commands.add_parser(
        "sandbox",
        help="a stand-in of watsonx.ai on this machine",
        description=wrapped(
            "Serve IBM Cloud IAM and watsonx.ai on the loopback, with a random key at each start. "
            "Answers come from a small writer that says what it is; no model is asked."
        ),
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
    sandbox.add_argument("--tls", action="store_true",
                         help="speak https, for clients that refuse http")  # fmt: skip
    sandbox.add_argument("--upstream", metavar="URL", help=_UPSTREAM_HELP)
    sandbox.add_argument("--map", metavar="FILE", type=Path,
                         help="TOML or JSON: which of its models answers for which of watsonx.ai, "
                         'as in "ibm/granite-4-h-small" = "granite4:tiny-h"')  # fmt: skip
    sandbox.set_defaults(run=run_sandbox)

    check = commands.add_parser(
        "check",
        help="files searched for keys and tokens",
        description=wrapped(
            "Search notebooks, programs, settings and databases for keys and tokens: for those of "
            "this machine's environment and of remembered profiles exactly, for tokens of IBM "
            "Cloud by their issuer, for other keys by how they look. What is found is named by "
            "file, cell and line, and never shown."
        ),
        epilog=_CHECK_EXAMPLE,
        formatter_class=layout,
    )
    check.add_argument("files", nargs="+", type=_existing, metavar="FILE",
                       help="a file, or a folder with all below it")  # fmt: skip
    check.set_defaults(run=run_check)

    doctor = commands.add_parser(
        "doctor",
        help="numbered checks, each with its repair",
        description=wrapped(
            "Check what stands between you and an answer: versions, widgets, server extension, "
            "keyring, proxy, certificates, clock, sign-in, region, project, runtime, quota and "
            "model. None takes longer than three seconds, nothing that costs is sent, and no "
            "secret is shown."
        ),
        epilog=_DOCTOR_EXAMPLE,
        formatter_class=layout,
    )
    doctor.add_argument("profile", nargs="?", default="", metavar="PROFILE",
                        help="try what login --remember has kept under this name")  # fmt: skip
    how = doctor.add_mutually_exclusive_group()
    how.add_argument("--report", action="store_true", help="print a block for an issue")
    how.add_argument("--json", action="store_true", help="print JSON, for a program")
    doctor.set_defaults(run=run_doctor)
    return parser


def _faults_help() -> str:
    from wx_notebook.sandbox import FAULTS

    return "faults:\n" + "".join(f"  {name:18}{text[:58]}\n" for name, text in FAULTS.items())


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        from wx_notebook.guard.patterns import shown

        raise argparse.ArgumentTypeError(f"there is no file '{shown(text)}'")
    return path


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: 0 to 65535")
    return port
