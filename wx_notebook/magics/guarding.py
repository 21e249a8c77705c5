"""What the guard has to say in a notebook, and what it is told there."""

from __future__ import annotations

import contextlib
import hmac
import secrets
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wx_notebook.credentials import Secret

#: A password that is shorter may be a word.
_FEWEST = 8
_CALLED = {"api_key": "API key", "token": "token", "password": "password"}
_SALT = secrets.token_bytes(32)
#: Which secret in which cell was warned about; by a digest, so that `logout` forgets the secret.
_warned: set[tuple[bytes, int]] = set()
#: What the server's guard did: what no cell has shown yet, and what stands in the form's line.
_untold: list[str] = []
_reported: list[str] = []
_collecting: ContextVar[list[str] | None] = ContextVar("_collecting", default=None)


def secret_is_held(shell: Any, secret: Secret, what: str) -> None:  # noqa: ANN401  # InteractiveShell
    """Tell the Jupyter server of a secret, and its user that it stands in a cell, if it does."""
    if hasattr(shell, "kernel"):
        from wx_notebook.guard.handover import hand_over

        hand_over(secret, what)
    lines = _literal(shell, secret, what)
    collected = _collecting.get()
    if collected is not None:
        collected += lines
    elif lines:
        from wx_notebook.display import show_lines

        show_lines(shell, lines)


@contextlib.contextmanager
def warnings_collected() -> Iterator[list[str]]:
    """Give warnings to whoever signs in outside of a cell: there is no output to show them in."""
    lines: list[str] = []
    before = _collecting.set(lines)
    try:
        yield lines
    finally:
        _collecting.reset(before)


def tell_pending(shell: Any) -> None:  # noqa: ANN401
    """Show what the server's guard did since the last time, and whether a key was typed since.

    What the server did is for somebody who reads it: a run without anybody leaves it to a notebook
    with a user.
    """
    from wx_notebook.magics import login

    # nothing about it may keep a prompt from being sent
    with contextlib.suppress(Exception):
        lines = []
        if login.can_ask(shell):
            from wx_notebook.magics.stage import refresh

            if _heard():
                # a form in the notebook says it, too
                refresh()
            lines += _untold
            _untold.clear()
        for secret, what in _of_the_session():
            lines += _literal(shell, secret, what)
        if lines:
            from wx_notebook.display import show_lines

            show_lines(shell, lines)


def reported() -> list[str]:
    """Return what the server's guard did last, for the form's line."""
    _heard()
    return list(_reported)


def begin_anew() -> None:
    """Leave it out of the form's line from now on: somebody has signed in anew."""
    _reported.clear()


def _heard() -> bool:
    """Take in what servers have to say; return whether they had anything."""
    from wx_notebook.guard.reports import pending

    lines = pending()
    if lines:
        _untold.extend(lines)
        _reported[:] = lines
    return bool(lines)


def _of_the_session() -> Iterator[tuple[Secret, str]]:
    """Yield what signed in, if it lies in the session and can be typed by somebody."""
    from wx_notebook.credentials.secret import Secret
    from wx_notebook.session import current

    held = current()
    if held is not None:
        for what in _CALLED:
            secret = getattr(held.given, what)
            if isinstance(secret, Secret):
                yield secret, what


def _literal(shell: Any, secret: Secret, what: str) -> list[str]:  # noqa: ANN401
    """Return a warning that a secret was typed into cells, [] when it was not."""
    if len(secret.reveal()) < _FEWEST:
        return []
    mark = hmac.digest(_SALT, secret.reveal().encode("utf-8", "replace"), "sha256")
    cells = enumerate(shell.history_manager.input_hist_raw)
    new = [n for n, cell in cells if secret.reveal() in cell and (mark, n) not in _warned]
    if not new:
        return []
    _warned.update((mark, number) for number in new)
    in_notebook = hasattr(shell, "kernel")
    where = "with the notebook and in IPython's history" if in_notebook else "in IPython's history"
    called = _CALLED[what]
    numbers = ", ".join(f"[{number}]" for number in new)
    rotate = f"Take it out, make a new {called} and end this one"
    if what == "api_key":
        from wx_notebook.credentials.checks import WHERE_KEYS_ARE_MADE

        rotate = f"Take it out, make a new {called} and delete this one: {WHERE_KEYS_ARE_MADE}"
    return [
        f"This {called} stands in cell {numbers}: it is saved {where}.",
        f"{rotate}. Then sign in by %watsonx login, which saves nothing.",
    ]
