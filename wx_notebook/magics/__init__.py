"""`%%watsonx` and `%watsonx`: from a line to options, from a cell to an answer.

Loading imports nothing heavy and opens no connection: a command's module is imported when the
command runs.
"""

from __future__ import annotations

from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.magics import completion
from wx_notebook.magics.lab_link import attach_link, detach_link
from wx_notebook.magics.watsonx import WatsonxMagics
from wx_notebook.settings import aliases

__all__ = ["WatsonxMagics", "load", "unload"]

_LOADED: dict[int, WatsonxMagics] = {}


def load(shell: Any) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Register the magics, their input transformer, completion and event handlers."""
    unload(shell)
    refused: BadOption | None = None
    try:
        magics = WatsonxMagics(shell)
    except BadOption as error:
        refused = error
    if refused is not None:
        # IPython lists an instance before it reads its configuration
        _forget_instances(shell)
        raise BadOption(
            refused.message,
            hint="IPython's configuration (c.WatsonxMagics) sets this: correct it there. "
            "Next: %load_ext wx_notebook, which continues without it.",
        )
    shell.register_magics(magics)
    magics.attach()
    completion.attach(shell, aliases)
    attach_link(shell)
    _LOADED[id(shell)] = magics


def unload(shell: Any) -> None:  # noqa: ANN401
    """Take everything off again that `load` added."""
    magics = _LOADED.pop(id(shell), None)
    if magics is None:
        return
    magics.detach()
    completion.detach(shell)
    detach_link(shell)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("watsonx", None)
    shell.magics_manager.registry.pop(type(magics).__name__, None)
    _forget_instances(shell)


def _forget_instances(shell: Any) -> None:  # noqa: ANN401
    """Take the magics off the list of objects that `%config` shows."""
    shell.configurables[:] = [c for c in shell.configurables if not isinstance(c, WatsonxMagics)]
