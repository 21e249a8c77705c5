"""What holds a credential or a token in this process, so that a log out can close all of it.

An answer leads to the pipeline of its session, and a client of another library to the source of its
tokens: both can outlive the session. This module is light, because a log out needs nothing more.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import NoReturn, Protocol


class CredentialHolder(Protocol):
    """An object that holds a credential or a token until it is closed."""

    def close(self, refuse: Callable[[], NoReturn]) -> None:
        """Forget it; from now on `refuse` says why nothing is sent."""


class CredentialHolders:
    """All of this process, for as long as they exist."""

    def __init__(self) -> None:
        # while another thread adds one, a `WeakSet` can't be gone through
        self._by_id: weakref.WeakValueDictionary[int, CredentialHolder] = (
            weakref.WeakValueDictionary()
        )

    def add(self, holder: CredentialHolder) -> None:
        """Let `close_all` close this one, too."""
        self._by_id[id(holder)] = holder

    def close_all(self, refuse: Callable[[], NoReturn]) -> None:
        """Close every one; a closed one is closed again, and takes the new reason."""
        for reference in self._by_id.valuerefs():
            if (holder := reference()) is not None:
                holder.close(refuse)


CREDENTIAL_HOLDERS = CredentialHolders()
