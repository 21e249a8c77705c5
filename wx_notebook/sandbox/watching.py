"""Waiting for something while a client stays: the clock, or a socket that somebody else fills."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
import time
from io import BufferedReader

from wx_notebook.sandbox.tls import peek

#: How soon a stopping server is noticed where the connection tells nothing.
_GLANCE_S = 0.5
# unlike epoll these take no descriptor of their own, of which two hundred streams need enough
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)


class ClientGone(Exception):
    """The connection has ended at the other side, or is being closed at ours."""


class Watch:
    """Looks out for the client of one connection.

    A readable connection without a byte to read is one that the client has ended. One that ended
    only its sending half counts as gone too, as it does for Go's HTTP server.
    """

    def __init__(
        self, connection: socket.socket, reader: BufferedReader, closing: threading.Event
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._closing = closing
        self._watched = _Selector()
        self._watched.register(connection, selectors.EVENT_READ)

    def wait(self, seconds: float | None) -> None:
        """Wait, for ever with None, while the client stays.

        Raises
        ------
        ClientGone
            At once when the client leaves, or when the server stops.
        """
        until = None if seconds is None else time.monotonic() + seconds

        def left() -> float | None:
            return None if until is None else max(until - time.monotonic(), 0)

        while self._watched.select(left()):
            told = self._look()
            if told is None:
                continue
            if not told:
                raise ClientGone
            # the client has sent its next request already, so that the connection tells nothing
            self._closing.wait(left())
            break
        if self._closing.is_set():
            raise ClientGone

    def wait_for(self, ready: socket.socket) -> None:
        """Wait until `ready` has something to read, while the client stays; raises as `wait`."""
        with _Selector() as both:
            both.register(ready, selectors.EVENT_READ)
            both.register(self._connection, selectors.EVENT_READ)
            glance_s = None
            while not self._closing.is_set():
                found = [key.fileobj for key, _ in both.select(glance_s)]
                if ready in found:
                    return
                if self._connection not in found:
                    continue
                told = self._look()
                if told:
                    both.unregister(self._connection)
                    glance_s = _GLANCE_S
                elif told is not None:
                    raise ClientGone
        raise ClientGone

    def _look(self) -> bytes | None:
        """Return what waits on the connection, b"" if it has ended, None if there is no telling."""
        try:
            return peek(self._connection, self._reader)
        except ssl.SSLWantReadError:
            return None  # a message of TLS itself
        except OSError:
            return b""
