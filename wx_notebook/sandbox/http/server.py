"""The HTTP server of the sandbox: tornado on the loopback, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import logging
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from email.utils import formatdate
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import parse_qsl, urlsplit

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import bind_sockets

from wx_notebook.sandbox.http.messages import (
    Ending,
    ErrorResponse,
    Outcome,
    Reply,
    Request,
    Reset,
    Stream,
    error_body,
    service_error,
)
from wx_notebook.sandbox.http.request_log import RequestLog
from wx_notebook.sandbox.http.routes import takes_secrets
from wx_notebook.sandbox.http.tls import Certificate, accept_tls

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 32 * 1024 * 1024
#: How long a client may take for the rest of its request, and between two requests.
CLIENT_TIMEOUT_S = 120.0
CLOSE_WITHIN_S = 2.0

_THREAD = "wx-sandbox"
# two hundred streams can begin in the same moment
_BACKLOG = 1024
# a body of this size is searched for secrets in a thread: it would hold up the event loop
_LARGE_BODY = 256 * 1024
# so many events of a stream without pauses are sent before other clients get their turn
_EVENTS_PER_TURN = 16
# before a reset in the middle of a reply: a reset discards what the client has not read yet
_BEFORE_RESET_S = 0.05
_NO_HEADERS: Mapping[str, str] = {}
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

_Result = TypeVar("_Result")
_Outcome = TypeVar("_Outcome", Reply, Outcome)

# tornado logs a failed TLS handshake as a warning, but that is the client's business
logging.getLogger("tornado.general").addFilter(lambda record: record.threadName != _THREAD)


class Handler(Protocol):
    """What answers the calls of clients."""

    def call_kind(self, path: str) -> str:
        """Return the kind of call at `path`."""

    def answer(self, kind: str, request: Request) -> Awaitable[Outcome]:
        """Return what to send for `request`."""


class Page(Protocol):
    """What answers the requests of the web page."""

    def owns(self, request: Request) -> bool:
        """Return whether `request` is for the page."""

    def reply(self, request: Request) -> Reply:
        """Return the reply to a request that the page owns."""


class Server:
    """Serves `handler` on the loopback, from the moment of its creation.

    Parameters
    ----------
    port
        0 lets the system choose.
    log
        Records every call, but not what the page asks for.
    now
        Epoch seconds for the `Date` header.
    certificate
        With one, the server speaks TLS only.

    Raises
    ------
    OSError
        The port is taken.
    """

    def __init__(
        self,
        port: int,
        handler: Handler,
        page: Page,
        log: RequestLog,
        now: Callable[[], float],
        certificate: Certificate | None = None,
    ) -> None:
        self.handler = handler
        self.page = page
        self.log = log
        self.now = now
        self.certificate = certificate
        self.is_closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets = bind_sockets(port, LOOPBACK, backlog=_BACKLOG)
        self.port: int = self._sockets[0].getsockname()[1]
        # a selector loop everywhere: tornado adds a thread to the proactor loop of Windows
        self._loop = asyncio.SelectorEventLoop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=_THREAD, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close every connection, end every stream, and wait for the thread."""
        self.is_closing = True
        # the loop is closed already if the server failed
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(CLOSE_WITHIN_S)

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Return what `coroutine` returns on the server's event loop; for other threads."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task that `stop` ends."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        listener = _Listener(self)
        listener.add_sockets(self._sockets)
        await self._stopping.wait()
        listener.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await listener.close_all_connections()


class _Listener(HTTPServer):
    """tornado's server, which hands each request to an `_Exchange`."""

    def initialize(self, server: Server) -> None:  # type: ignore[override]  # its own arguments
        self._server = server
        super().initialize(
            lambda _: None,
            idle_connection_timeout=CLIENT_TIMEOUT_S,
            body_timeout=CLIENT_TIMEOUT_S,
            # a larger body is read and dropped, so that its client gets to read the refusal
            max_body_size=4 * LARGEST_BODY,
        )

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a new connection."""
        if self._server.certificate is None:
            super().handle_stream(stream, address)
        else:
            self._server.spawn(self._negotiate(stream, address, self._server.certificate))

    async def _negotiate(
        self, stream: IOStream, address: tuple[Any, ...], certificate: Certificate
    ) -> None:
        if tls := await accept_tls(stream, certificate, CLIENT_TIMEOUT_S):
            super().handle_stream(tls, address)

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Return what takes the next request of a connection."""
        return _Exchange(self._server, cast(HTTP1Connection, request_conn))


class _Exchange(HTTPMessageDelegate):
    """One request on a connection, and its reply.

    The reply is written by a task, which ends when the client leaves. A client that closes only
    its sending half counts as gone, as it does for Go's HTTP server.
    """

    def __init__(self, server: Server, connection: HTTP1Connection) -> None:
        self._server = server
        self._connection = connection
        self._line = RequestStartLine("", "", "")
        self._headers = HTTPHeaders()
        self._body = bytearray()
        self._size = 0

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        """Take the first line and the headers."""
        self._line = cast(RequestStartLine, start_line)
        self._headers = headers

    def data_received(self, chunk: bytes) -> None:
        """Take a part of the body, up to the limit."""
        self._size += len(chunk)
        if self._size <= LARGEST_BODY:
            self._body += chunk

    def finish(self) -> None:
        """Answer the request, which is complete."""
        task = self._server.spawn(self._run())

        def client_left() -> None:
            task.cancel()

        self._connection.set_close_callback(client_left)

    async def _run(self) -> None:
        # a client can leave at any moment
        with contextlib.suppress(StreamClosedError):
            await self._answer()

    async def _answer(self) -> None:
        try:
            request = self._request()
        except ErrorResponse as error:
            await self._send_reply(error.reply, {"Connection": "close"})
            self._connection.close()
            return
        if self._server.page.owns(request):
            page = asyncio.to_thread(self._server.page.reply, request)
            await self._send_reply(await _without_failure(page))
            return
        kind = self._server.handler.call_kind(request.path)
        number = await self._record(kind, request)
        is_gone = False
        try:
            answer = self._server.handler.answer(kind, request)
            await self._send(number, await _without_failure(answer))
        except (asyncio.CancelledError, StreamClosedError):
            is_gone = not self._server.is_closing
            self._connection.close()
        finally:
            self._server.log.close(number, client_gone=is_gone)

    def _request(self) -> Request:
        if self._size > LARGEST_BODY:
            message = f"The request body is larger than {LARGEST_BODY} bytes."
            raise service_error(413, "request_entity_too_large", message)
        try:
            url = urlsplit(self._line.path)
            pairs = parse_qsl(url.query, keep_blank_values=True)
        except ValueError:
            message = "The URL of the request cannot be parsed."
            raise service_error(400, "invalid_request_entity", message) from None
        return Request(
            self._line.method,
            url.path,
            # of two values of one key the first counts
            dict(reversed(pairs)),
            {name.lower(): value for name, value in self._headers.items()},
            bytes(self._body),
            "https" if self._server.certificate else "http",
        )

    async def _record(self, kind: str, request: Request) -> int:
        signs_in = takes_secrets(request.path)
        if len(request.body) < _LARGE_BODY:
            return self._server.log.open(kind, request, signs_in=signs_in)
        return await asyncio.to_thread(self._server.log.open, kind, request, signs_in=signs_in)

    async def _send(self, number: int, outcome: Outcome) -> None:
        if isinstance(outcome, Reset):
            self._reset()
            return
        if isinstance(outcome, Stream):
            self._server.log.set_status(number, 200)
            try:
                await self._send_stream(number, outcome)
            finally:
                outcome.close()
            return
        if outcome.delay_s:
            await asyncio.sleep(outcome.delay_s)
        self._server.log.set_status(number, outcome.status)
        self._server.log.add_reply(number, outcome.body)
        await self._send_reply(outcome)

    async def _send_reply(self, reply: Reply, more: Mapping[str, str] = _NO_HEADERS) -> None:
        length = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))}
        headers = {**length, **reply.headers, **more}
        if reply.ending is Ending.RESET:
            await self._write_head(reply.status, headers, reply.body[: len(reply.body) // 2])
            await asyncio.sleep(_BEFORE_RESET_S)
            self._reset()
            return
        body = b"" if self._line.method == "HEAD" else reply.body
        await self._write_head(reply.status, headers, body)
        self._connection.finish()

    async def _write_head(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        """Write the head and `body` together: one packet wakes the client up once."""
        date = formatdate(self._server.now(), usegmt=True)
        fixed = {"Server": "wx-notebook-sandbox", "Date": date}
        reason = http.client.responses.get(status, "Unknown")
        line = ResponseStartLine("HTTP/1.1", status, reason)
        fields = HTTPHeaders({**fixed, **headers})
        await self._flush(self._connection.write_headers(line, fields, body))

    async def _flush(self, written: Awaitable[None]) -> None:
        """Wait for a client that reads slowly; what went out at once needs no turn of the loop."""
        stream = self._connection.stream
        if stream.closed():
            raise StreamClosedError
        if stream.writing():
            await written

    async def _send_stream(self, number: int, stream: Stream) -> None:
        connection = self._connection
        # without this an event would wait until the client has acknowledged the one before
        connection.stream.set_nodelay(True)
        await self._write_head(200, {"Content-Type": "text/event-stream", **stream.headers})
        clock = asyncio.get_running_loop().time
        begun = clock()
        index = 0
        async for data in stream.events:
            if stream.interval_s:
                await asyncio.sleep(begun + index * stream.interval_s - clock())
            elif index % _EVENTS_PER_TURN == 0:
                await asyncio.sleep(0)
            index += 1
            self._server.log.add_reply(number, data)
            await self._flush(connection.write(data))
        if stream.ending is Ending.STALL:
            await asyncio.Event().wait()
        elif stream.ending is Ending.RESET:
            await asyncio.sleep(_BEFORE_RESET_S)
            self._reset()
        elif stream.ending is Ending.CUT:
            connection.close()
        else:
            connection.finish()
            if self._line.version == "HTTP/1.0":
                # it has no chunks: the end of the connection is the end of the reply
                connection.close()

    def _reset(self) -> None:
        if not self._connection.stream.closed():
            self._connection.stream.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
            )
        self._connection.close()


async def _without_failure(answer: Awaitable[_Outcome]) -> _Outcome | Reply:
    """Return the answer; a bug of the sandbox becomes a reply, not a connection that breaks."""
    try:
        return await answer
    except Exception as error:  # noqa: BLE001  # whatever it is
        # not its message, which could quote a secret of the client
        message = f"The sandbox itself failed ({type(error).__name__})."
        return Reply(500, error_body(500, "sandbox_failed", message))
