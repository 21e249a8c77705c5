"""IBM watsonx.ai in the notebook.

::

    %load_ext wx_notebook
    %watsonx login

    %%watsonx
    What is a watt?

From Python: `connect`, `session`, `ask`, `stream`, `chat`, `compare`, `batch`, `explain`,
`last`, `login`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

# These are imported here and not on first use: importing the packages `wx_notebook.session`,
# `wx_notebook.login` and `wx_notebook.batch` later would put them in the place of the functions.
from wx_notebook.batch import (  # `wx.filter`
    abatch,
    batch,
    classify,
    extract,
    filter,  # noqa: A004  # its users write `wx.filter`
)
from wx_notebook.errors import WatsonxError, did_you_mean
from wx_notebook.login import on_event
from wx_notebook.session import ask, compare, connect, last, session, stream
from wx_notebook.session.events import SecretHeld, SessionChanged, subscribe, unsubscribe
from wx_notebook.session.process import INTEROP, TOOLS

if TYPE_CHECKING:
    from wx_notebook.answer import Answer
    from wx_notebook.chats import chat
    from wx_notebook.session import Session

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Session",
    "WatsonxError",
    "abatch",
    "ask",
    "batch",
    "chat",
    "classify",
    "compare",
    "connect",
    "explain",
    "extract",
    "filter",
    "last",
    "login",
    "session",
    "stream",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the public name is
    # these bring the HTTP library along and are imported on first use: `%load_ext` stays quick
    if name == "Answer":
        from wx_notebook.answer import Answer

        return Answer
    if name == "Session":
        from wx_notebook.session.connection import Session

        return Session
    if name == "chat":
        from wx_notebook.chats import chat

        return chat
    if name == "interop":
        return _interop()
    near = "" if name.startswith("_") else did_you_mean(name, [*__all__, "interop"])
    raise AttributeError(f"module 'wx_notebook' has no attribute '{name}'.{near}")


def _interop() -> Any:  # noqa: ANN401  # the module
    """Return the hand-over to other libraries: `wx.interop.api_client()`."""
    # not `from wx_notebook import interop`, which asks `__getattr__` first
    import wx_notebook.interop as interop

    return interop


def _tools() -> Any:  # noqa: ANN401  # the module
    """Return the room of the functions that a model calls."""
    import wx_notebook.tools as tools

    return tools


INTEROP.register(_interop)
TOOLS.register(_tools)


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
    from wx_notebook.magics import commands

    shell = get_ipython()
    if shell is None:
        raise NotConnected(
            "not connected: there is no notebook here to show a form in.",
            hint="Next: set WATSONX_API_KEY, or call wx.connect(api_key=..., project_id=...).",
        )
    commands.run(shell, "login")


def explain(question: str = "", *, model: str | None = None, show: bool = False) -> Answer | None:
    """Ask a model why the last cell of this notebook failed; as `%watsonx explain`.

    The error, the code of its cell and the values in it are printed, without keys, and sent.

    Parameters
    ----------
    question
        What you want to know; why it failed and how to fix it, if not given.
    model
        The model or its alias.
    show
        Print the request and send nothing; None is returned.

    Raises
    ------
    BadOption
        There is no notebook around this code, or no cell of it has failed.
    WatsonxError
        What the service refused, and what to do about it.
    """
    from IPython.core.getipython import get_ipython

    from wx_notebook.errors import BadOption
    from wx_notebook.magics import commands

    shell = get_ipython()
    if shell is None:
        raise BadOption(
            "There is no notebook here whose error could be explained.",
            hint="In a notebook: %load_ext wx_notebook, then %watsonx explain.",
        )
    answer: Answer | None = commands.call(
        shell, "explain", question=[question], model=model, show=show
    )
    return answer


def _guard_secret(event: SessionChanged | SecretHeld) -> None:
    """In a notebook, keep a secret that a session holds out of the saved file."""
    if not isinstance(event, SecretHeld) or "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    if (shell := get_ipython()) is not None:
        from wx_notebook.magics.guard_notices import guard_secret

        guard_secret(shell, event)


# a notebook that connects without `%load_ext` is guarded, too
subscribe(_guard_secret)


def load_ipython_extension(shell: Any) -> None:  # noqa: ANN401  # IPython's InteractiveShell
    """Load the magics: `%load_ext wx_notebook`. Opens no connection."""
    from wx_notebook.magics import load

    load(shell)
    subscribe(_guard_secret)
    subscribe(on_event)


def unload_ipython_extension(shell: Any) -> None:  # noqa: ANN401
    """Take the magics off again: `%unload_ext wx_notebook`."""
    from wx_notebook.magics import unload

    unsubscribe(on_event)
    unsubscribe(_guard_secret)
    unload(shell)
