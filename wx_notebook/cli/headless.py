"""A notebook in a terminal: each cell as it starts, its outputs as they end."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def run_notebook(notebook: Path, environment: Mapping[str, str]) -> int:
    """Execute a notebook in place and print what happens; returns the exit status.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C came; the kernel has ended.
    """
    # jupyter_core reads it when it looks for kernels
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    import nbformat
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    document = nbformat.read(notebook, as_version=4)
    client = _client_class()(
        document,
        timeout=120,
        kernel_name="python3",
        # ipykernel warns at each start that TCP is not encrypted: it is the loopback here
        extra_arguments=["--log-level=40"],
        resources={"metadata": {"path": str(notebook.parent)}},
        on_cell_start=lambda cell, cell_index: _print_cell(cell),
        on_cell_executed=lambda cell, cell_index, execute_reply: _print_outputs(cell),
    )
    problem = ""
    # a kernel that is ended in the middle of a cell logs that its sockets are gone: nobody's matter
    # here, unless it died by itself
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            client.execute(env=dict(environment), stdout=log, stderr=log)
        except CellExecutionError as error:
            problem = str(error.evalue)
        except DeadKernelError:
            log.seek(0)
            problem = "\n".join(["its kernel died", *log.read().splitlines()[-20:]])
    if client.was_stopped:
        raise KeyboardInterrupt
    nbformat.write(document, notebook)
    if problem:
        print(f"The notebook failed: {problem}", file=sys.stderr)
        return 1
    print(f"\nDone. The notebook with its answers: {notebook}")
    return 0


def _client_class() -> Any:  # noqa: ANN401  # nbclient, imported when it is needed, has no types
    from nbclient import NotebookClient

    class Client(NotebookClient):
        """Shows in a terminal that an answer is arriving, and knows when Ctrl-C has come."""

        was_stopped = False
        _ending = asyncio.Lock()

        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:  # noqa: ANN401
            facts = msg["content"].get("metadata", {}).get("wx_notebook", {})
            if sys.stdout.isatty() and "characters" in facts:
                print(f"\r... {facts['characters']:,} characters", end="\r", flush=True)
            return super().process_message(msg, cell, cell_index)

        async def _async_cleanup_kernel(self) -> None:
            # nbclient's own handler of Ctrl-C ends the kernel by this, and the end of the run
            # calls it again on a kernel manager that is gone
            async with self._ending:
                if self.km is None:
                    self.was_stopped = True
                else:
                    await super()._async_cleanup_kernel()

    return Client


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
