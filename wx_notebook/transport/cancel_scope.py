"""Ending the requests of one session: those that are under way, and those that would come."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any, NoReturn

from wx_notebook.errors import NotConnected, ServiceDown, WatsonxError, without_frames


class CancelScope:
    """The requests that end together, when the session they belong to is closed.

    A thread can wait for a connection, for an answer, or for its next attempt. `cancel` shuts down
    the sockets that are read, and `check` stops what has not been sent yet.

    Parameters
    ----------
    parent
        A scope that ends this one, too.
    """

    def __init__(self, parent: CancelScope | None = None) -> None:
        self._parent = parent
        self._refuse: Callable[[], NoReturn] | None = None
        self._sockets: set[Any] = set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the session was closed, or this group of its requests was stopped."""
        is_parents = self._parent is not None and self._parent.is_cancelled
        return is_parents or self._refuse is not None

    def check(self) -> None:
        """Raise what `cancel` was given, if the session was closed."""
        if self._parent is not None:
            self._parent.check()
        if self._refuse is not None:
            self._refuse()

    def error(self) -> WatsonxError:
        """Return what `check` raises, without its frames."""
        try:
            self.check()
        except WatsonxError as error:
            failure = error
        else:
            failure = ServiceDown("The request was not cancelled.")
        without_frames(failure)
        return failure

    def add(self, connection: Any) -> None:  # noqa: ANN401  # a socket, or None
        """Note a socket that an answer is read from, so that `cancel` shuts it down."""
        if connection is not None:
            self._sockets.add(connection)
            if self._parent is not None:
                self._parent.add(connection)
        if self.is_cancelled:
            # in another thread, since the request was sent
            shut_down(connection)

    def discard(self, connection: Any) -> None:  # noqa: ANN401
        """Forget a socket: its answer has been read, and it may serve another session now."""
        self._sockets.discard(connection)
        if self._parent is not None:
            self._parent.discard(connection)

    def cancel(self, refuse: Callable[[], NoReturn]) -> None:
        """Stop all requests; from now on each of them raises what `refuse` raises."""
        self._refuse = refuse
        sockets, self._sockets = self._sockets, set()
        for connection in tuple(sockets):
            shut_down(connection)


def refuse_as_closed() -> NoReturn:
    """Raise the error of a connection that was closed without a session."""
    raise NotConnected("not connected: this connection was closed.", hint="Next: connect again.")


def shut_down(connection: Any) -> None:  # noqa: ANN401  # a socket, also one with TLS
    """End a connection while another thread may be reading from it: its read returns at once."""
    # behind an https proxy urllib3 wraps the socket once more
    inner = getattr(connection, "socket", connection)
    with contextlib.suppress(OSError, ValueError, TypeError):
        # of the socket itself: with TLS, `SSLSocket.shutdown` takes the TLS away under the reader
        socket.socket.shutdown(inner, socket.SHUT_RDWR)
