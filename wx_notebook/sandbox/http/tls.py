"""TLS for a sandbox: a certificate authority of its own, and a server certificate.

IBM's Python SDK refuses plain http. The authority lives as long as its sandbox, and its key stays
in the memory of this process: a client that trusts the file trusts this one sandbox only.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import tempfile
from pathlib import Path

from tornado.iostream import IOStream, SSLIOStream

#: The names by which a client may call this machine; all of them are the loopback.
HOST_NAMES = ("127.0.0.1", "localhost", "::1")
MISSING = "TLS needs the package trustme. Install it: pip install 'wx-notebook[sandbox]'"
# the first byte of every TLS connection
_HANDSHAKE = b"\x16"
# the reply to plain HTTP
_USE_HTTPS = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Connection: close\r\n\r\n"
    b"This sandbox was started with TLS. Its address begins with https://\n"
)


class Certificate:
    """A new authority, and a server certificate that it signed.

    Attributes
    ----------
    context
        Settings of the server's side of TLS.
    ca_file
        The PEM file that a client has to trust, in a folder that only this user can open. `close`
        removes it.

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
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*HOST_NAMES).configure_cert(self.context)
        self._folder = Path(tempfile.mkdtemp(prefix="wx-notebook-tls-"))  # mkdtemp makes it 0700
        self.ca_file = self._folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))

    def close(self) -> None:
        """Remove the file."""
        shutil.rmtree(self._folder, ignore_errors=True)


async def accept_tls(
    stream: IOStream, certificate: Certificate, timeout_s: float
) -> SSLIOStream | None:
    """Return a new connection as one that speaks TLS; nothing is sent yet.

    A client that speaks plain HTTP is told why that fails. For it, and for one that leaves, the
    result is None.
    """
    connection = stream.socket
    with contextlib.suppress(OSError, ValueError):
        first = await _first_byte(connection, timeout_s)
        if first == _HANDSHAKE:
            secure = certificate.context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
            return SSLIOStream(secure, ssl_options=certificate.context)
        if first:
            await stream.write(_USE_HTTPS)
            connection.shutdown(socket.SHUT_WR)
            # a connection that closes with unread bytes would discard the reply
            async with asyncio.timeout(1):
                await stream.read_until_close()
    stream.close()
    return None


async def _first_byte(connection: socket.socket, timeout_s: float) -> bytes:
    """Return the first byte that the client sent, without taking it; b"" if the client left."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        async with asyncio.timeout(timeout_s):
            await readable.wait()
    finally:
        loop.remove_reader(connection)
    return connection.recv(1, socket.MSG_PEEK)
