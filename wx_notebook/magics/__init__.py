"""`%%watsonx` and `%watsonx`: from a line to options, from a cell to an answer.

Loading imports nothing heavy and opens no connection: what a command needs is imported when it
runs.
"""

from __future__ import annotations

from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.magics import completion, usage
from wx_notebook.magics.watsonx import WatsonxMagics
from wx_notebook.settings import aliases

__all__ = ["WatsonxMagics", "load", "unload"]

_LOADED: dict[int, WatsonxMagics] = {}


def load(shell: Any) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Register the magics, their input transformer and their event handlers."""
    unload(shell)
    refused: BadOption | None = None
    try:
        magics = WatsonxMagics(shell)
    except BadOption as problem:
        refused = problem
    if refused is not None:
        raise BadOption(
            refused.message,
            hint="IPython's configuration says so (c.WatsonxMagics): correct it there. "
            "Next: %load_ext wx_notebook, which goes on without it.",
        )
    shell.register_magics(magics)
    magics.attach()
    usage.attach(shell)
    completion.attach(shell, aliases)
    _LOADED[id(shell)] = magics


def unload(shell: Any) -> None:  # noqa: ANN401
    """Take everything off again that `load` put on."""
    magics = _LOADED.pop(id(shell), None)
    if magics is None:
        return
    magics.detach()
    usage.detach()
    completion.detach(shell)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("watsonx", None)
    shell.magics_manager.registry.pop(type(magics).__name__, None)
    if magics in shell.configurables:
        shell.configurables.remove(magics)
