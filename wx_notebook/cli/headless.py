"""A notebook run in a terminal: each cell as it starts, its outputs as they end."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

_CELL_TIMEOUT_S = 120
_MOST_LOG_LINES = 20


def run_notebook(notebook: Path, environ: Mapping[str, str]) -> int:
    """Execute a notebook in place and print what happens; return the exit status.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C was pressed; the kernel has ended.
    """
    # jupyter_core reads this when it looks for kernels
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    document = nbformat.read(notebook, as_version=4)
    client = _TerminalClient(
        document,
        timeout=_CELL_TIMEOUT_S,
        kernel_name="python3",
        # ipykernel warns at each start that TCP is not encrypted; here it is the loopback
        extra_arguments=["--log-level=40"],
        resources={"metadata": {"path": str(notebook.parent)}},
        on_cell_start=_print_cell,
        on_cell_executed=_print_outputs,
    )
    error = _execute(client, environ)
    nbformat.write(document, notebook)
    if error:
        print(f"The notebook failed: {error}", file=sys.stderr)
        return 1
    print(f"\nDone. The notebook with its answers: {notebook}")
    return 0


def _execute(client: NotebookClient, environ: Mapping[str, str]) -> str:
    """Run all cells; return why that failed, or "".

    `NotebookClient.execute` installs its own handler of Ctrl-C, which ends the kernel and reports a
    dead one; without it, Ctrl-C is an ordinary `KeyboardInterrupt` here.
    """
    # a kernel that is ended during a cell logs that its sockets are gone: that log is shown only
    # if the kernel died by itself
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            with client.setup_kernel(env=dict(environ), stdout=log, stderr=log):
                for index, cell in enumerate(client.nb.cells):
                    client.execute_cell(cell, index)
        except CellExecutionError as error:
            return str(error.evalue)
        except DeadKernelError:
            log.seek(0)
            return "\n".join(["its kernel died", *log.read().splitlines()[-_MOST_LOG_LINES:]])
    return ""


class _TerminalClient(NotebookClient):
    """Shows in a terminal how much of an answer has arrived."""

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:  # noqa: ANN401
        metadata = msg["content"].get("metadata", {}).get("wx_notebook", {})
        if sys.stdout.isatty() and "characters" in metadata:
            print(f"\r... {metadata['characters']:,} characters", end="\r", flush=True)
        return super().process_message(msg, cell, cell_index)


def _print_cell(cell: Mapping[str, Any], **_: object) -> None:
    print()
    if cell["cell_type"] == "markdown":
        print(cell["source"])
        return
    for line in cell["source"].splitlines():
        print(f"  | {line}")
    sys.stdout.flush()


def _print_outputs(cell: Mapping[str, Any], **_: object) -> None:
    for output in cell.get("outputs", ()):
        if output["output_type"] == "stream":
            print(output["text"], end="")
        elif output["output_type"] == "error":
            print("\n".join(output["traceback"]))
        else:
            print(output["data"].get("text/plain", ""))
    sys.stdout.flush()
