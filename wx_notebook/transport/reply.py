"""One HTTP reply: its head at once, its body as it arrives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
import urllib3

from wx_notebook.errors import Interrupted, ServiceDown
from wx_notebook.transport.call import Call
from wx_notebook.transport.policy import Timeouts

#: No answer of the service is that large; a larger body is an attack or a mistake.
LARGEST_BODY = 32 * 1024 * 1024
_LARGEST_READ = 64 * 1024


class ConnectionBroken(ServiceDown):
    """The reply broke off, or stalled, after it had begun."""


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
            failure = ConnectionBroken(f"{self.host} sent more than {LARGEST_BODY >> 20} MiB.")
        except ConnectionBroken as problem:
            failure = problem
        except KeyboardInterrupt:
            failure = Interrupted("Stopped while the answer was arriving.")
        except (urllib3.exceptions.TimeoutError, TimeoutError):
            failure = ConnectionBroken(f"{self.host} sent nothing for {self._socket_limit:.0f} s.")
        except Exception as problem:  # noqa: BLE001  # whatever it is, it may hold the request
            failure = ConnectionBroken(
                f"The connection to {self.host} broke ({type(problem).__name__})."
            )
        self.close()
        raise failure

    def read(self) -> bytes:
        """Return the whole body."""
        parts = []
        while data := self.read_some():
            parts.append(data)
        self.close()
        return b"".join(parts)

    def json(self) -> Any:  # noqa: ANN401  # JSON is any value
        """Return the body as JSON, or None when it is something else (a proxy's web page)."""
        try:
            return json.loads(self.read())
        except ValueError:
            return None

    def drain(self, patience_s: float = 0.25) -> None:
        """Read what little is left, so that the connection can serve the next request."""
        self._timeouts = Timeouts(first_byte_s=patience_s, idle_s=patience_s)
        try:
            while self.read_some():
                pass
        except ConnectionBroken:
            pass
        self.close()

    def close(self) -> None:
        """End the connection unless the body was read to its end; safe to call twice."""
        self._response.close()

    def shutdown(self) -> None:
        """End the connection from another thread, also while that one waits in a read."""
        self._response.raw.shutdown()

    def _next(self) -> bytes:
        if self._chunks is not None:
            return next(self._chunks, b"")
        data: bytes = self._response.raw.read1(decode_content=True)
        return data

    def _limit_wait(self) -> None:
        left = self._deadline - self._clock()
        if left <= 0:
            raise ConnectionBroken(
                f"The answer of {self.host} took longer than {self._timeouts.whole_s:.0f} s."
            )
        patience = self._timeouts.idle_s if self._received else self._timeouts.first_byte_s
        # a system call: made when the limit changes, not for each of thousands of pieces
        if min(patience, left) != self._socket_limit and self._socket is not None:
            self._socket_limit = min(patience, left)
            self._socket.settimeout(self._socket_limit)
