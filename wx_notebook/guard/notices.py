"""Notices of the guard for this kernel's user, until a cell or the login's output shows them."""

from __future__ import annotations

import contextlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

from wx_notebook.credentials.parsing.pasted import WHERE_KEYS_ARE_MADE
from wx_notebook.credentials.secret import Secret
from wx_notebook.guard import reports
from wx_notebook.hints import login_hint

#: A shorter password may be an ordinary word.
_MIN_LENGTH = 8
_KIND_NAMES = {"api_key": "API key", "token": "token", "password": "password"}
_SALT = secrets.token_bytes(32)
_collector: ContextVar[list[str] | None] = ContextVar("_collector", default=None)


class GuardNotices:
    """Warnings about typed secrets, and reports of what the server's guard did."""

    def __init__(self) -> None:
        # which secret in which cell was warned about; a digest, so that `logout` forgets the secret
        self._warned: set[tuple[bytes, int]] = set()
        self._unread: list[str] = []
        self._latest: list[str] = []

    def fetch_reports(self) -> bool:
        """Read the reports of the servers; return whether there was a new one."""
        lines = reports.pop_reports()
        if lines:
            self._unread.extend(lines)
            self._latest = lines
        return bool(lines)

    def pop_unread(self) -> list[str]:
        """Return the lines of reports that no cell has shown yet; each is returned once."""
        lines, self._unread = self._unread, []
        return lines

    def latest_report(self) -> list[str]:
        """Return the lines of the newest report, for the login's output."""
        self.fetch_reports()
        return list(self._latest)

    def clear_latest(self) -> None:
        """Leave the report out of that line from now on, because the user signed in again."""
        self._latest = []

    def typed_secret(
        self, secret: Secret, kind: str, cells: Sequence[str], *, in_notebook: bool
    ) -> list[str]:
        """Return a warning that cells contain this secret; [] if there is nothing new.

        Parameters
        ----------
        kind
            "api_key", "token" or "password".
        cells
            The inputs of this kernel, in order of their numbers.
        """
        if len(secret.reveal()) < _MIN_LENGTH:
            return []
        mark = hmac.digest(_SALT, secret.reveal().encode("utf-8", "replace"), "sha256")
        new = [
            number
            for number, cell in enumerate(cells)
            if secret.reveal() in cell and (mark, number) not in self._warned
        ]
        if not new:
            return []
        self._warned.update((mark, number) for number in new)
        where = "in IPython's history"
        if in_notebook:
            where = f"with the notebook and {where}"
        name = _KIND_NAMES[kind]
        numbers = ", ".join(f"[{number}]" for number in new)
        revoke = "revoke this one"
        if kind == "api_key":
            revoke = f"delete this one: {WHERE_KEYS_ARE_MADE}"
        repair = f"Remove it from the cell, make a new {name} and {revoke}."
        return [
            f"This {name} is in cell {numbers}: it is saved {where}.",
            f"{repair} {login_hint(after=', which saves nothing')}",
        ]


#: The notices of this process.
NOTICES = GuardNotices()


@contextlib.contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Collect warnings in a list, for code that runs where no cell could show them."""
    lines: list[str] = []
    token = _collector.set(lines)
    try:
        yield lines
    finally:
        _collector.reset(token)


def collector() -> list[str] | None:
    """Return the list that collects warnings here, None where a cell shows them."""
    return _collector.get()
