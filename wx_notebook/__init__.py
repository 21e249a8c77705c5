"""IBM watsonx.ai in the notebook.

::

    %load_ext wx_notebook
    %watsonx login

    %%watsonx
    What is a watt?

From Python: `connect`, `session`, `ask`, `stream`, `last`, `login`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wx_notebook.errors import WatsonxError

# These are imported here and not on first use: importing the package `wx_notebook.session` later
# would put the package in the place of the function `session`.
from wx_notebook.session import ask, connect, last, session, stream
from wx_notebook.session.observing import observe_secrets

if TYPE_CHECKING:
    from wx_notebook.answer import Answer
    from wx_notebook.credentials import Secret
    from wx_notebook.session import Session

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Session",
    "WatsonxError",
    "ask",
    "connect",
    "last",
    "login",
    "session",
    "stream",
]

#: Names that bring the HTTP library along are imported on first use: `%load_ext` stays quick.
_HOMES = {"Answer": "wx_notebook.answer", "Session": "wx_notebook.session"}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the public name is
    if name == "interop":
        # hand-over to other libraries: `wx.interop.api_client()`
        from importlib import import_module

        return import_module("wx_notebook.interop")
    if name not in _HOMES:
        raise AttributeError(f"module 'wx_notebook' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def login() -> None:
    """Show the sign-in form; the same as `%watsonx login`.

    Raises
    ------
    NotConnected
        There is no notebook around this code, or nobody who could fill in the form.
    """
    from IPython.core.getipython import get_ipython

    from wx_notebook.errors import NotConnected
    from wx_notebook.magics.login import login as show_form

    shell = get_ipython()
    if shell is None:
        raise NotConnected(
            "not connected: there is no notebook here to show a form in.",
            hint="Next: set WATSONX_API_KEY, or call wx.connect(api_key=..., project_id=...).",
        )
    show_form(shell, "")


def _secret_is_held(secret: Secret, what: str) -> None:
    """In a notebook, see to it that a secret which a session holds is not saved with it."""
    import sys

    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    if (shell := get_ipython()) is not None:
        from wx_notebook.magics.guarding import secret_is_held

        secret_is_held(shell, secret, what)


observe_secrets(_secret_is_held)


def load_ipython_extension(shell: Any) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Load the magics: `%load_ext wx_notebook`. Opens no connection."""
    from wx_notebook.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:  # noqa: ANN401
    """Take the magics off again: `%unload_ext wx_notebook`."""
    from wx_notebook.magics import unload

    unload(shell)
