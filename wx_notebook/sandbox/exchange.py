"""One request to another server, made in a thread of its own.

Whoever waits for it can look out for its own client meanwhile: the bytes come through a pair of
sockets, on which two things can be waited for at once, and which hold few enough of them that a
slow reader slows the other server down. `http.client` and no more than that: it can be ended from
another thread, passes on what it has, and knows nothing of proxies, redirects, cookies or .netrc.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from wx_notebook.sandbox.wire import WaitFor

CONNECT_WITHIN_S = 5.0
_HEAD = b"H"
_TOO_EARLY = "closed the connection too early"
_NOT_HTTP = "answered with something that is not HTTP"
_HTTP = (
    (http.client.IncompleteRead, _TOO_EARLY),
    (http.client.RemoteDisconnected, "closed the connection without an answer"),
)
_NETWORK = (
    (socket.gaierror, "has a name that leads nowhere"),
    (ConnectionRefusedError, "is not running: nobody listens there"),
    (ConnectionResetError, "broke the connection off"),
)


class Broken(Exception):
    """The other server did not answer, or not to the end; the text says how."""


@dataclass(frozen=True, slots=True)
class Head:
    """How a reply begins; header names in lower case."""

    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sending:
    """A request; `headers` makes them when they are sent, so that no one else holds a key."""

    method: str
    path: str
    headers: Callable[[], dict[str, str]]
    body: bytes | None = None


class Exchange:
    """Sends `sending` over `connection` and hands on what comes back.

    Parameters
    ----------
    connection
        Not connected yet.
    patience_s
        How long the other server may be silent.
    wait_for
        Waits for a socket, and raises when nobody needs the reply any more.
    """

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        sending: Sending,
        patience_s: float,
        wait_for: WaitFor,
    ) -> None:
        self._connection = connection
        self._sending = sending
        self._patience_s = patience_s
        self._wait_for = wait_for
        self._ours, self._theirs = socket.socketpair()
        self._head: Head | None = None
        self._problem = ""
        self._closed = False
        threading.Thread(target=self._run, name="wx-sandbox-upstream", daemon=True).start()

    def head(self) -> Head:
        """Wait for the head of the reply.

        Raises
        ------
        Broken
            There is none.
        """
        self._wait_for(self._ours)
        if self._ours.recv(1) and self._head:
            return self._head
        raise Broken(self._problem)

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it comes, after the head.

        Raises
        ------
        Broken
            It did not come to its end.
        """
        while True:
            self._wait_for(self._ours)
            data = self._ours.recv(65_536)
            if not data:
                break
            yield data
        if self._problem:
            raise Broken(self._problem)

    def body(self, most: int) -> bytes:
        """Return the whole body, or Broken; what is longer than `most` bytes is refused."""
        whole = bytearray()
        for data in self.pieces():
            whole += data
            if len(whole) > most:
                msg = f"sent more than {most} bytes"
                raise Broken(msg)
        return bytes(whole)

    def close(self) -> None:
        """End the request, wherever it stands; the other server sees its client leave."""
        self._closed = True
        _shut_down(self._connection.sock)
        self._ours.close()

    def _run(self) -> None:
        try:
            self._problem = self._exchange()
        finally:
            self._connection.close()
            self._theirs.close()

    def _exchange(self) -> str:
        """Return what went wrong, "" for nothing; no error leaves, its frames may hold a key."""
        try:
            self._connection.connect()
            self._connection.sock.settimeout(self._patience_s)
            if self._closed:
                return "was not needed any more"
            try:
                self._send()
            except ValueError:
                # not that error's words: they repeat the header
                return "was not asked: its key holds characters that no key has"
            response = self._connection.getresponse()
            names = {name.lower(): value for name, value in response.headers.items()}
            self._head = Head(response.status, names)
            self._theirs.sendall(_HEAD)
            while data := response.read1(65_536):
                self._theirs.sendall(data)
            return _TOO_EARLY if response.length else ""
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            return self._told(error)

    def _send(self) -> None:
        sending = self._sending
        self._connection.request(
            sending.method, sending.path, sending.body, headers=sending.headers()
        )

    def _told(self, error: Exception) -> str:
        """Return how the other server failed; a ValueError is a chunk of no length."""
        if isinstance(error, TimeoutError):
            if self._connection.sock is None:
                return f"did not take the connection within {CONNECT_WITHIN_S:g} s"
            return f"was silent for {self._patience_s:g} s"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"has a certificate that is not trusted here ({error.verify_message})"
        if isinstance(error, ssl.SSLError):
            return f"does not speak TLS as it should ({error.reason})"
        if isinstance(error, http.client.HTTPException):
            return next((told for kind, told in _HTTP if isinstance(error, kind)), _NOT_HTTP)
        if isinstance(error, OSError):
            named = next((told for kind, told in _NETWORK if isinstance(error, kind)), "")
            return named or f"cannot be reached ({error.strerror or 'the connection broke'})"
        return _TOO_EARLY


def _shut_down(connection: socket.socket | None) -> None:
    # the other side may have been quicker
    with contextlib.suppress(OSError):
        if connection is not None:
            # the method beneath TLS: that of an SSL socket takes the keys from a thread that reads
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
