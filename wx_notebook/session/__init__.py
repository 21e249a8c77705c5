"""What a notebook holds: the connection, and the functions that use it.

The functions are light; `Session` and `prepare` bring the HTTP library along and are imported when
they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wx_notebook.session.twin import (
    ask,
    connect,
    current,
    disconnect,
    last,
    session,
    sign_in,
    stream,
)

if TYPE_CHECKING:
    from wx_notebook.session.connection import Session
    from wx_notebook.session.prompts import prepare

__all__ = [
    "Session",
    "ask",
    "connect",
    "current",
    "disconnect",
    "last",
    "prepare",
    "session",
    "sign_in",
    "stream",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the public name is
    if name == "Session":
        from wx_notebook.session.connection import Session

        return Session
    if name == "prepare":
        from wx_notebook.session.prompts import prepare

        return prepare
    raise AttributeError(f"module 'wx_notebook.session' has no attribute '{name}'")
