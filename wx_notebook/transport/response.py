"""One HTTP response: its head at once, its body as it arrives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import urllib3

from wx_notebook.errors import Interrupted, ServiceDown
from wx_notebook.transport.cancel_scope import CancelScope
from wx_notebook.transport.chunks import LARGEST_READ, ChunkReader
from wx_notebook.transport.request import LARGEST_BODY, Timeouts, format_seconds


class ConnectionBroken(ServiceDown):
    """The response broke off, or stalled, after it had begun."""


class ConnectionCancelled(ConnectionBroken):
    """The session was closed while the response was arriving."""


class ConnectionStalled(ConnectionBroken):
    """Nothing arrived for longer than the limit, or all of it took too long."""


#: How long the rest of a body may take that only the next request, or a decision, waits for.
_REST_WITHIN_S = 0.25


class Response:
    """A response whose head has arrived; its body is read by `read()` or part by part.

    Parameters
    ----------
    response
        urllib3's, with nothing of its body read yet.
    host
        For messages.
    deadline
        When all of it has to be here, by `clock`.
    timeouts, clock
        Those of the transport.
    cancel_scope
        Ends it when its session is closed.
    largest
        Bytes of the body, above which it is refused.
    pause
        What pauses while a stream is quick; see `ChunkReader`.
    """

    def __init__(
        self,
        response: urllib3.HTTPResponse,
        host: str,
        *,
        deadline: float,
        timeouts: Timeouts,
        clock: Callable[[], float],
        cancel_scope: CancelScope,
        largest: int = LARGEST_BODY,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.host = host
        self.attempts = 1
        self._response = response
        self._deadline = deadline
        self._timeouts = timeouts
        self._clock = clock
        self._cancel_scope = cancel_scope
        self._received = 0
        self._largest = largest
        self._is_read = False
        self._kept: bytes | None = None
        self._socket: Any = getattr(response, "wxn_sock", None)
        # as the head was read: to set it once more would hand Python's lock to another thread
        self._socket_limit = float(getattr(self._socket, "gettimeout", float)() or 0)
        self._file: Any = getattr(response, "wxn_file", None)
        self._set_end()
        # until then the socket waits for the next part as long as it may
        self._unchanged_until = 0.0
        # without chunks only read1 returns what is there instead of waiting for a full buffer
        self._chunks: ChunkReader | None = None
        if response.chunked and response.supports_chunked_reads():
            self._chunks = ChunkReader(response, self._socket, pause)
        # a compressed body may go on behind its last byte, and a recorded one has no length
        is_plain = "Content-Encoding" not in response.headers
        length = getattr(response, "length_remaining", None)
        self._has_length = self._chunks is None and is_plain and length is not None

    def read_some(self) -> bytes:
        """Return the next bytes as the network delivers them, b"" at the end.

        Raises
        ------
        ConnectionBroken
            The connection broke, nothing came for too long, or the body is too large.
        Interrupted
            The user stopped it.
        """
        failure: Exception | KeyboardInterrupt
        try:
            # this runs for each of thousands of parts
            now, chunks = self._clock(), self._chunks
            if now >= self._unchanged_until:
                self._limit_wait()
            data = self._read() if chunks is None else chunks.read(now, self._socket_limit)
            self._received += len(data)
            if self._received <= self._largest and not self._cancel_scope.is_cancelled:
                if not data or (self._has_length and self._response.length_remaining == 0):
                    self._is_read = True
                    # the connection may serve another session now
                    self._cancel_scope.discard(self._socket)
                return data
            failure = ConnectionBroken(
                f"{self.host} sent more than {self._largest >> 20} MiB.",
                hint="Check whether the URL is that of the service.",
            )
        except ConnectionBroken as error:
            failure = error
        except KeyboardInterrupt:
            failure = Interrupted("Stopped while the answer was arriving.", hint="Run it again.")
        except (urllib3.exceptions.TimeoutError, TimeoutError):
            failure = self._stalled()
        except Exception as error:  # noqa: BLE001  # whatever it is, it may hold the request
            what = f"broke ({type(error).__name__})"
            if error.args and isinstance(error.args[-1], urllib3.exceptions.IncompleteRead):
                what = "ended before the answer did"
            failure = ConnectionBroken(
                f"The connection to {self.host} {what}.", hint="Run it again."
            )
        if self._cancel_scope.is_cancelled and not isinstance(failure, KeyboardInterrupt):
            failure = ConnectionCancelled("Its session was closed.")
        self.close()
        raise failure

    def read(self) -> bytes:
        """Return the whole body."""
        if self._kept is not None:
            return self._kept
        parts: list[bytes] = []
        try:
            while not self._is_read and (data := self.read_some()):
                parts.append(data)
        except BaseException:
            # a debugger's traceback shows the names of a frame, and this may be half of a token
            parts, data = [], b""
            raise
        self.close()
        return b"".join(parts)

    def json(self) -> Any:  # noqa: ANN401  # JSON is any value
        """Return the body as JSON, None where it is something else (a proxy's web page)."""
        try:
            return json.loads(self.read())
        except (ValueError, RecursionError):
            return None

    def says(self, words: tuple[bytes, ...]) -> bool:
        """Return whether one of the words is in the body, which is kept for `read`.

        A body that does not arrive whole within a quarter of a second has none of them.
        """
        if self._kept is None:
            self.expect_end_within(_REST_WITHIN_S)
            try:
                self._kept = self.read()
            except ConnectionBroken:
                self._kept = b""
        return any(word in self._kept for word in words)

    def drain(self) -> None:
        """Read what little is left, so that the connection can serve the next request.

        All of it has to come within a quarter of a second: some models never close a stream.
        """
        if self._is_read or self._kept is not None:
            return
        self.expect_end_within(_REST_WITHIN_S)
        try:
            while self.read_some():
                pass
        except ConnectionBroken:
            pass
        self.close()

    def expect_end_within(self, limit_s: float) -> None:
        """Wait for all that is still to come no longer than this, also when it comes in drops."""
        self._deadline = min(self._deadline, self._clock() + limit_s)
        self._unchanged_until = 0.0
        self._set_end()

    def close(self) -> None:
        """End the connection unless the body was read to its end; safe to call twice."""
        self._cancel_scope.discard(self._socket)
        self._response.close()
        # a body that was read to its end: the connection serves the next request
        self._response.release_conn()

    def _set_end(self) -> None:
        """Let a chunk that comes in drops end with all of the response."""
        if self._file is not None:
            self._file.set_end(self._deadline - self._clock())

    def _read(self) -> bytes:
        # with a limit: a few compressed bytes can be a gigabyte
        data: bytes = self._response.read1(LARGEST_READ, decode_content=True)
        return data

    def _limit_wait(self) -> None:
        now = self._clock()
        left = self._deadline - now
        patience_s = self._patience_s()
        if left <= 0:
            raise self._out_of_time()
        limit = min(patience_s, left)
        if self._received:
            self._unchanged_until = self._deadline - patience_s
        if limit != self._socket_limit:
            self._socket_limit = limit
            # with "Connection: close" the socket is closed as soon as the whole body is in
            if self._socket is not None and self._socket.fileno() != -1:
                self._socket.settimeout(limit)

    def _patience_s(self) -> float:
        return self._timeouts.idle_s if self._received else self._timeouts.first_byte_s

    def _stalled(self) -> ConnectionBroken:
        patience_s = self._patience_s()
        if self._socket_limit < patience_s or self._clock() >= self._deadline:
            return self._out_of_time()
        return ConnectionStalled(
            f"{self.host} sent nothing for {format_seconds(patience_s)}.", hint="Run it again."
        )

    def _out_of_time(self) -> ConnectionBroken:
        whole = format_seconds(self._timeouts.whole_s)
        if self._timeouts.is_given:
            whole = f"the time limit of {whole}"
        return ConnectionStalled(
            f"The answer of {self.host} took longer than {whole}.",
            hint="Give it more time with --timeout.",
        )
