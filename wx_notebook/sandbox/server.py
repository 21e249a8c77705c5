"""HTTP on the loopback: reading requests, writing replies and streams, seeing clients leave."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from typing import Any

from wx_notebook.sandbox.calls import CallLog
from wx_notebook.sandbox.paths import takes_secrets
from wx_notebook.sandbox.reading import LARGEST_BODY, read
from wx_notebook.sandbox.replies import error_body
from wx_notebook.sandbox.service import Service
from wx_notebook.sandbox.tls import Certificate, shake_hands
from wx_notebook.sandbox.watching import ClientGone, Watch
from wx_notebook.sandbox.wire import Ending, Outcome, Refused, Reply, Request, Reset, Stream

LOOPBACK = "127.0.0.1"
#: For a client to send the rest of its request, to read, or to ask again.
PATIENCE_S = 120.0
CLOSE_WITHIN_S = 2.0

#: Before a connection is reset in the middle of a reply.
_UNTIL_READ_S = 0.05
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    """Serves `service` on the loopback, one thread a connection.

    `log` records, `now` dates; with a `certificate` it speaks TLS and nothing else; what `page`
    answers never reaches `service`.
    """

    daemon_threads = True
    block_on_close = False
    # two hundred streams may begin in the same moment
    request_queue_size = 1024
    # at Windows it would let two programs listen on one port
    allow_reuse_address = sys.platform != "win32"

    def __init__(
        self,
        port: int,
        service: Service,
        log: CallLog,
        now: Callable[[], float],
        certificate: Certificate | None = None,
        page: Callable[[Request], Reply | None] = lambda _: None,
    ) -> None:
        self.service = service
        self.now = now
        self.log = log
        self.certificate = certificate
        self.page = page
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

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; hands are shaken in its own thread, where nobody else waits."""
        connection, address = super().get_request()
        return (self.certificate.wrap(connection) if self.certificate else connection), address

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
            if isinstance(request, ssl.SSLSocket) and not shake_hands(request, PATIENCE_S):
                self.shutdown_request(request)
                return
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Print nothing: what gets here is a client that left in the middle of its request."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    rfile: BufferedReader

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = PATIENCE_S

    def setup(self) -> None:
        super().setup()
        self._watch = Watch(self.connection, self.rfile, self.server.closing)

    @property
    def _scheme(self) -> str:
        return "https" if self.server.certificate else "http"

    def version_string(self) -> str:
        return "wx-notebook-sandbox"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return what a `Date` header says, by the clock of the sandbox."""
        return super().date_time_string(self.server.now() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Print nothing: `Sandbox.calls` is the record."""

    def _take(self) -> None:
        try:
            request = read(
                self.command,
                self.path,
                self.headers,
                self.rfile,
                self._scheme,
                self._watch.wait_for,
            )
        except Refused as refused:
            self.close_connection = True
            self._send_reply(refused.reply)
            self._drain()
            return
        if page := self.server.page(request):
            # what the page asks is no call of the notebook's, and not in the record
            self._send_reply(page)
            return
        kind = self.server.service.call_at(request.path)
        number = self.server.log.open(kind, request, signs_in=takes_secrets(request.path))
        gone = False
        try:
            self._send(number, self._outcome(kind, request))
        except (ClientGone, OSError):
            gone = not self.server.closing.is_set()
            self.close_connection = True
        finally:
            self.server.log.close(number, client_gone=gone)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _take  # noqa: N815

    def _outcome(self, kind: str, request: Request) -> Outcome:
        try:
            return self.server.service.answer(kind, request)
        except ClientGone:
            raise
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
                self._watch.wait(outcome.delay_s)
            self.server.log.status(number, outcome.status)
            self.server.log.sent(number, outcome.body)
            self._send_reply(outcome)
            return
        self.server.log.status(number, 200)
        try:
            self._send_stream(number, outcome)
        finally:
            outcome.close()

    def _send_reply(self, reply: Reply) -> None:
        if reply.ending is Ending.RESET:
            self._write_head(reply, reply.body[: len(reply.body) // 2])
            self._reset_later()
            return
        self._write_head(reply, b"" if self.command == "HEAD" else reply.body)

    def _write_head(self, reply: Reply, body: bytes) -> None:
        head = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))}
        if self.close_connection:
            head["Connection"] = "close"
        # in one piece with the body: one packet, one wake-up of the client
        self.wfile.write(self._head(reply.status, {**head, **reply.headers}) + body)

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        if self.request_version == "HTTP/0.9":
            return b""
        lines = [f"{self.protocol_version} {status} {self.responses.get(status, ('',))[0]}"]
        fixed = {"Server": self.version_string(), "Date": self.date_time_string()}
        lines += [f"{name}: {value}" for name, value in {**fixed, **headers}.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _send_stream(self, number: int, stream: Stream) -> None:
        # HTTP/1.0 knows no chunks: there the end of the connection is the end of the reply
        chunked = self.request_version == self.protocol_version
        framing = {"Transfer-Encoding": "chunked"} if chunked else {"Connection": "close"}
        self.close_connection |= not chunked
        head = {"Content-Type": "text/event-stream", **stream.headers, **framing}
        self.wfile.write(self._head(200, head))
        begun = time.monotonic()
        for index, data in enumerate(stream.events):
            self._watch.wait(begun + index * stream.interval_s - time.monotonic())
            self.server.log.sent(number, data)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        if stream.ending is Ending.STALL:
            self._watch.wait(None)
        elif stream.ending is Ending.RESET:
            self._reset_later()
        elif stream.ending is Ending.CUT:
            self.close_connection = True
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _reset_later(self) -> None:
        # a reset throws away what the client has not read yet
        self._watch.wait(_UNTIL_READ_S)
        self._reset()

    def _reset(self) -> None:
        # closed before the base class can say good-bye; the reader lets go of it in finish()
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.connection.close()


def _shut_down(connection: socket.socket, how: int) -> None:
    # the client may have been quicker
    with contextlib.suppress(OSError):
        # the method beneath TLS: that of an SSL socket takes the keys from a thread that reads
        socket.socket.shutdown(connection, how)
