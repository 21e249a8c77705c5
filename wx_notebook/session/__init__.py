"""The connection that a notebook holds, and the functions that use it.

The functions are light. `Session` brings the HTTP library along and is imported at its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wx_notebook.session.current import current_session, disconnect, end_sessions, session, sign_in
from wx_notebook.session.functions import ask, compare, connect, last, stream

if TYPE_CHECKING:
    from wx_notebook.session.connection import Session

__all__ = [
    "Session",
    "ask",
    "compare",
    "connect",
    "current_session",
    "disconnect",
    "end_sessions",
    "last",
    "session",
    "sign_in",
    "stream",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the public name is
    if name == "Session":
        from wx_notebook.session.connection import Session

        return Session
    raise AttributeError(f"module 'wx_notebook.session' has no attribute '{name}'")
