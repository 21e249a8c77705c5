"""One HTTP reply: its head at once, its body as it arrives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
import urllib3

from wx_notebook.errors import Interrupted, ServiceDown
from wx_notebook.transport.call import Call
from wx_notebook.transport.policy import Timeouts, seconds

#: No answer of the service is that large; a larger body is an attack or a mistake.
LARGEST_BODY = 32 * 1024 * 1024
_LARGEST_READ = 64 * 1024


class ConnectionBroken(ServiceDown):
    """The reply broke off, or stalled, after it had begun."""


class ConnectionStalled(ConnectionBroken):
    """The reply fell silent, or came in drops, for longer than its limit."""


class Reply:
    """An answer whose head has arrived; the body is read by `read()` or bit by bit."""

    def __init__(
        self,
        response: requests.Response,
        call: Call,
        *,
        deadline: float,
        timeouts: Timeouts,
        clock: Callable[[], float],
    ) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.host = call.host
        self.attempts = 1
        self._response = response
        self._deadline = deadline
        self._timeouts = timeouts
        self._clock = clock
        self._received = 0
        self._socket: Any = getattr(response.raw, "wxn_sock", None)
        self._socket_limit = 0.0
        # until then the socket waits for the next piece as long as it may
        self._unchanged_until = 0.0
        # a chunk as it arrives, and at half the cost of read1; without chunks only read1 hands out
        # what is there instead of waiting for a full buffer
        self._chunks: Iterator[bytes] | None = None
        if response.raw.chunked and response.raw.supports_chunked_reads():
            self._chunks = response.raw.read_chunked(_LARGEST_READ, decode_content=True)

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
            self._limit_wait()
            data = self._next()
            self._received += len(data)
            if self._received <= LARGEST_BODY:
                return data
            failure = ConnectionBroken(
                f"{self.host} sent more than {LARGEST_BODY >> 20} MiB.",
                hint="Check whether this is the service.",
            )
        except ConnectionBroken as problem:
            failure = problem
        except KeyboardInterrupt:
            failure = Interrupted("Stopped while the answer was arriving.", hint="Run it again.")
        except (urllib3.exceptions.TimeoutError, TimeoutError):
            failure = self._too_slow()
        except Exception as problem:  # noqa: BLE001  # whatever it is, it may hold the request
            what = f"broke ({type(problem).__name__})"
            if problem.args and isinstance(problem.args[-1], urllib3.exceptions.IncompleteRead):
                what = "ended before the answer did"
            failure = ConnectionBroken(
                f"The connection to {self.host} {what}.", hint="Run it again."
            )
        self.close()
        raise failure

    def read(self) -> bytes:
        """Return the whole body."""
        parts: list[bytes] = []
        try:
            while data := self.read_some():
                parts.append(data)
        except BaseException:
            # a debugger's traceback shows the names of a frame, and this may be half of a token
            parts, data = [], b""
            raise
        self.close()
        return b"".join(parts)

    def json(self) -> Any:  # noqa: ANN401  # JSON is any value
        """Return the body as JSON, or None when it is something else (a proxy's web page)."""
        try:
            return json.loads(self.read())
        except (ValueError, RecursionError):
            return None

    def drain(self, patience_s: float = 0.25) -> None:
        """Read what little is left, so that the connection can serve the next request.

        All of it has to come within `patience_s`: there are models that never close a stream.
        """
        self.expect_end_within(patience_s)
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

    def close(self) -> None:
        """End the connection unless the body was read to its end; safe to call twice."""
        self._response.close()

    def shutdown(self) -> None:
        """End the connection from another thread, also while that one waits in a read."""
        self._response.raw.shutdown()

    def _next(self) -> bytes:
        if self._chunks is not None:
            return next(self._chunks, b"")
        # with a limit: a few compressed bytes can be a gigabyte
        data: bytes = self._response.raw.read1(_LARGEST_READ, decode_content=True)
        return data

    def _limit_wait(self) -> None:
        now = self._clock()
        if now < self._unchanged_until:
            # this runs for each of thousands of pieces
            return
        left = self._deadline - now
        patience_s = self._patience_s()
        if left <= 0:
            raise self._too_long()
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

    def _too_slow(self) -> ConnectionBroken:
        patience_s = self._patience_s()
        if self._socket_limit < patience_s:
            return self._too_long()
        return ConnectionStalled(
            f"{self.host} sent nothing for {seconds(patience_s)}.", hint="Run it again."
        )

    def _too_long(self) -> ConnectionBroken:
        whole = seconds(self._timeouts.whole_s)
        if self._timeouts.is_given:
            whole = f"the {whole} of --timeout"
        return ConnectionStalled(
            f"The answer of {self.host} took longer than {whole}.",
            hint="Give it more time with --timeout.",
        )
