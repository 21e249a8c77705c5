"""TLS for a sandbox: a certificate authority that lives as long as it, and a server certificate.

The Python SDK of IBM refuses plain http. The authority's key never leaves the memory of this
process: whoever trusts the file trusts this one sandbox, and nothing after it.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import tempfile
from io import BufferedReader
from pathlib import Path

#: What a client may call this machine, all of it the loopback.
NAMES = ("127.0.0.1", "localhost", "::1")
MISSING = (
    "TLS needs the package trustme, which is not installed: pip install 'wx-notebook[sandbox]'"
)

_HANDSHAKE = 0x16  # the first byte of every TLS connection
_TOLD = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Connection: close\r\n\r\n"
    b"This sandbox was started with TLS: its address begins with https://\n"
)


class Certificate:
    """A new authority and a server certificate of it.

    Attributes
    ----------
    ca_file
        What a client has to trust, as PEM in a folder that only this user can open; gone with
        `close`.

    Raises
    ------
    ModuleNotFoundError
        trustme is not installed; the message says what to type.
    """

    def __init__(self) -> None:
        try:
            import trustme
        except ModuleNotFoundError:
            raise ModuleNotFoundError(MISSING, name="trustme") from None
        authority = trustme.CA(organization_name="wx_notebook sandbox on this machine")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*NAMES).configure_cert(self._context)
        self._folder = Path(tempfile.mkdtemp(prefix="wx-notebook-tls-"))  # mkdtemp makes it 0700
        self.ca_file = self._folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """Return `connection` as one that will speak TLS; nothing is sent or awaited yet."""
        return self._context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )

    def close(self) -> None:
        """Remove the file."""
        shutil.rmtree(self._folder, ignore_errors=True)


def shake_hands(connection: ssl.SSLSocket, patience_s: float) -> bool:
    """Return whether the client and this server now speak TLS.

    A client that does not trust the certificate, or that leaves, is its own business; one that
    speaks plain HTTP is told why that does not work.
    """
    connection.settimeout(patience_s)
    try:
        # the methods of the socket beneath: an SSL socket does not peek, and would encrypt
        first = socket.socket.recv(connection, 1, socket.MSG_PEEK)
        if first and first[0] != _HANDSHAKE:
            socket.socket.sendall(connection, _TOLD)
            _hear_out(connection)
            return False
        connection.do_handshake()
    except (OSError, ValueError):
        return False
    return True


def peek(connection: socket.socket, reader: BufferedReader) -> bytes:
    """Return what a readable connection holds, b"" if the client has ended it; nothing is taken.

    Raises
    ------
    ssl.SSLWantReadError
        It holds a message of TLS itself, or half a one, which is taken out of the way.
    """
    if not isinstance(connection, ssl.SSLSocket):
        return connection.recv(1, socket.MSG_PEEK)
    patience_s = connection.gettimeout()
    # for the rest of half a message nobody waits here
    connection.settimeout(0)
    try:
        return reader.peek(1)
    finally:
        connection.settimeout(patience_s)


def _hear_out(connection: ssl.SSLSocket) -> None:
    """Read on for a moment: a closed door would make the client miss what it was told."""
    socket.socket.shutdown(connection, socket.SHUT_WR)
    connection.settimeout(1)
    with contextlib.suppress(OSError):
        for _ in range(64):
            if not socket.socket.recv(connection, 65_536):
                break
