"""The guard in a notebook: what it learns of secrets, and where its notices are shown."""

from __future__ import annotations

import contextlib
from typing import Any

from wx_notebook.credentials.secret import Secret
from wx_notebook.display import show_lines
from wx_notebook.guard.kernel_fingerprints import PUBLISHER
from wx_notebook.guard.notices import NOTICES, collector
from wx_notebook.hints import can_ask
from wx_notebook.login import refresh_outputs
from wx_notebook.session import current_session
from wx_notebook.session.events import SecretHeld


def guard_secret(shell: Any, event: SecretHeld) -> None:  # noqa: ANN401  # InteractiveShell
    """Tell the Jupyter server of a secret, and warn the user if a cell contains it."""
    in_notebook = hasattr(shell, "kernel")
    if in_notebook:
        PUBLISHER.add(event.secret, event.kind)
    cells = shell.history_manager.input_hist_raw
    lines = NOTICES.typed_secret(event.secret, event.kind, cells, in_notebook=in_notebook)
    collected = collector()
    if collected is not None:
        collected += lines
    else:
        _show(shell, lines)


def show_pending(shell: Any) -> None:  # noqa: ANN401
    """Show what the server's guard did since the last time, and whether a key was typed since.

    A report of the server is for a user who reads it: a run without a user leaves it to a notebook
    that has one.
    """
    # a failure here must not keep a prompt from being sent
    with contextlib.suppress(Exception):
        lines = []
        if can_ask(shell):
            if NOTICES.fetch_reports():
                # a login form of the notebook shows it, too
                refresh_outputs()
            lines += NOTICES.pop_unread()
        lines += _typed_since(shell)
        _show(shell, lines)


def _typed_since(shell: Any) -> list[str]:  # noqa: ANN401
    """Return warnings about secrets of the current session that a user can have typed."""
    session = current_session()
    if session is None:
        return []
    cells, in_notebook = shell.history_manager.input_hist_raw, hasattr(shell, "kernel")
    lines = []
    for kind in ("api_key", "token", "password"):
        secret = getattr(session.state.params, kind)
        if isinstance(secret, Secret):
            lines += NOTICES.typed_secret(secret, kind, cells, in_notebook=in_notebook)
    return lines


def _show(shell: Any, lines: list[str]) -> None:  # noqa: ANN401
    if lines:
        show_lines(shell, lines)
