"""HTTP on the loopback: reading requests, writing replies and streams, seeing clients leave."""

from __future__ import annotations

import contextlib
import selectors
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from wx_notebook.sandbox.calls import CallLog
from wx_notebook.sandbox.paths import takes_secrets
from wx_notebook.sandbox.reading import LARGEST_BODY, read
from wx_notebook.sandbox.replies import error_body
from wx_notebook.sandbox.service import Service
from wx_notebook.sandbox.wire import Ending, Outcome, Refused, Reply, Request, Reset, Stream

LOOPBACK = "127.0.0.1"
#: For a client to send the rest of its request, to read, or to ask again.
PATIENCE_S = 120.0
CLOSE_WITHIN_S = 2.0

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _ClientGone(Exception):
    """The connection has ended at the other side, or is being closed at ours."""


class Server(ThreadingHTTPServer):
    """Serves `service` on the loopback, one thread a connection; `log` records, `now` dates."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # at Windows it would let two programs listen on one port
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, port: int, service: Service, log: CallLog, now: Callable[[], float]) -> None:
        self.service = service
        self.now = now
        self.log = log
        self.closing = threading.Event()
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()
        super().__init__((LOOPBACK, port), _Handler)
        self._accepting = threading.Thread(target=self._accept, name="wx-sandbox", daemon=True)

    def server_bind(self) -> None:
        """Bind without the reverse name look-up of the base class, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def start(self) -> None:
        """Take connections from now on."""
        self._accepting.start()

    def stop(self) -> None:
        """Close every connection, end every stream, and wait for the threads."""
        deadline = time.monotonic() + CLOSE_WITHIN_S
        self.closing.set()
        # one last connection ends the wait for the next one, so that nothing has to poll
        with contextlib.suppress(OSError):
            socket.create_connection((LOOPBACK, self.server_port), CLOSE_WITHIN_S).close()
        self._accepting.join(CLOSE_WITHIN_S)
        self.server_close()
        with self._lock:
            open_connections = dict(self._connections)
        for connection in open_connections.values():
            _shut_down(connection, socket.SHUT_RDWR)
        for thread in open_connections:
            thread.join(max(deadline - time.monotonic(), 0))

    def _accept(self) -> None:
        while not self.closing.is_set():
            self.handle_request()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Give the connection a thread that `stop` can find."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="wx-sandbox-connection",
            daemon=True,
        )
        with self._lock:
            self._connections[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve one connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Print nothing: what gets here is a client that left in the middle of its request."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = PATIENCE_S

    def setup(self) -> None:
        super().setup()
        self._watched = selectors.DefaultSelector()
        self._watched.register(self.connection, selectors.EVENT_READ)

    def finish(self) -> None:
        self._watched.close()
        super().finish()

    def version_string(self) -> str:
        return "wx-notebook-sandbox"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return what a `Date` header says, by the clock of the sandbox."""
        return super().date_time_string(self.server.now() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Print nothing: `Sandbox.calls` is the record."""

    def _take(self) -> None:
        try:
            request = read(self.command, self.path, self.headers, self.rfile)
        except Refused as refused:
            self.close_connection = True
            self._send_reply(refused.reply)
            self._drain()
            return
        kind = self.server.service.call_at(request.path)
        number = self.server.log.open(kind, request, signs_in=takes_secrets(request.path))
        gone = False
        try:
            self._send(number, self._outcome(kind, request))
        except (_ClientGone, OSError):
            gone = not self.server.closing.is_set()
            self.close_connection = True
        finally:
            self.server.log.close(number, client_gone=gone)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _take  # noqa: N815

    def _outcome(self, kind: str, request: Request) -> Outcome:
        try:
            return self.server.service.answer(kind, request)
        except Exception as error:  # noqa: BLE001  # a fault of ours must not look like a cut line
            message = f"The sandbox itself failed: {type(error).__name__}: {error}"
            return Reply(500, error_body(500, "sandbox_failed", message))

    def _drain(self) -> None:
        """Read on for a moment: a closed door would make the client miss the reply."""
        _shut_down(self.connection, socket.SHUT_WR)
        self.connection.settimeout(1)
        left = 4 * LARGEST_BODY
        while left > 0 and (data := self.rfile.read1(65_536)):
            left -= len(data)

    def _send(self, number: int, outcome: Outcome) -> None:
        if isinstance(outcome, Reset):
            self._reset()
            return
        if isinstance(outcome, Reply):
            if outcome.delay_s:
                self._watch(outcome.delay_s)
            self.server.log.status(number, outcome.status)
            self._send_reply(outcome)
            return
        self.server.log.status(number, 200)
        self._send_stream(outcome)

    def _send_reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def _send_stream(self, stream: Stream) -> None:
        # HTTP/1.0 knows no chunks: there the end of the connection is the end of the reply
        chunked = self.request_version != "HTTP/1.0"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        for name, value in stream.headers.items():
            self.send_header(name, value)
        self.send_header(
            *(("Transfer-Encoding", "chunked") if chunked else ("Connection", "close"))
        )
        self.end_headers()
        begun = time.monotonic()
        for index, data in enumerate(stream.events):
            self._watch(begun + index * stream.interval_s - time.monotonic())
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        if stream.ending is Ending.STALL:
            self._watch(None)
        elif stream.ending is Ending.CUT:
            self.close_connection = True
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _watch(self, seconds: float | None) -> None:
        """Wait, for ever with None, while the client stays.

        A readable connection without a byte to read is one that the client has ended. One that
        ended only its sending half counts as gone too, as it does for Go's HTTP server.

        Raises
        ------
        _ClientGone
            At once when the client leaves, or when the server stops.
        """
        until = None if seconds is None else time.monotonic() + seconds
        if self._watched.select(None if seconds is None else max(seconds, 0)):
            try:
                waiting = self.connection.recv(1, socket.MSG_PEEK)
            except OSError:
                waiting = b""
            if not waiting:
                raise _ClientGone
            # the client has sent its next request already, so that the connection tells nothing
            rest = None if until is None else max(until - time.monotonic(), 0)
            self.server.closing.wait(rest)
        if self.server.closing.is_set():
            raise _ClientGone

    def _reset(self) -> None:
        # closed before the base class can say good-bye; the reader lets go of it in finish()
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.connection.close()


def _shut_down(connection: socket.socket, how: int) -> None:
    # the client may have been quicker
    with contextlib.suppress(OSError):
        connection.shutdown(how)
