"""The chunks of a body: each as it comes, or all at once that have come.

A service can send thousands of events a second, each in a chunk and a TLS record of its own. To
wake up for each of them costs more than to read it, and nobody sees a word a millisecond earlier.
So the reader of a quick stream pauses before it reads, as network cards do with their interrupts.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import urllib3

#: Bytes that are read at once.
LARGEST_READ = 64 * 1024
#: So many reads in a row, each this soon after the one before, are a quick stream.
_QUICK_READS, _SOON_S = 8, 0.001
#: The pause before a read of a quick stream: a page is painted every 16 ms.
PAUSE_S = 0.002


class ChunkReader:
    """Reads the chunks of one response.

    Parameters
    ----------
    response
        urllib3's, of a body in chunks.
    connection
        The socket of the response; None where it is not known.
    pause
        What pauses for seconds before a read of a quick stream; None for a body that is wanted as
        a whole.
    """

    def __init__(
        self,
        response: urllib3.HTTPResponse,
        connection: Any,  # noqa: ANN401  # a socket, also one with TLS
        pause: Callable[[float], None] | None,
    ) -> None:
        self._response = response
        # read_chunked returns a chunk as it arrives, at half the cost of read1
        self._chunks: Iterator[bytes] = response.read_chunked(LARGEST_READ, decode_content=True)
        #: what the socket is read through, where its chunks can be taken as they are
        self._buffer: Any = None
        if "Content-Encoding" not in response.headers:
            self._buffer = getattr(getattr(response, "_fp", None), "fp", None)
        self._socket = connection
        # behind an https proxy urllib3's own object stands in the place of the socket
        can_pause = self._buffer is not None and isinstance(connection, socket.socket)
        self._pause = pause if can_pause else None
        self._quick_reads, self._read_at = 0, 0.0
        #: whether the last read took all that had arrived, as far as one can know
        self._is_emptied = False

    def read(self, now: float, timeout: float) -> bytes:
        """Return the chunks that have arrived as far as they are whole, else the next one.

        b"" is the end. `now` is a time that never goes backwards, `timeout` the limit of the
        socket. urllib3 reads one chunk after the other, for a third of the CPU of a stream.
        """
        if self._buffer is None or self._response.chunk_left is not None:
            return next(self._chunks, b"")
        if self._pause is not None and self._is_emptied and self._is_quick(now):
            self._pause(PAUSE_S)
            if data := self._read_arrived(timeout):
                return data
        arrived = self._buffer.peek()
        data, size = whole_chunks(arrived)
        self._is_emptied = size == len(arrived)
        if not size:
            return next(self._chunks, b"")
        self._buffer.read(size)
        return data

    def _is_quick(self, now: float) -> bool:
        """Return whether the stream is quick, and count a read that is about to be made."""
        if self._quick_reads < _QUICK_READS:
            is_soon = now - self._read_at < _SOON_S
            self._quick_reads = self._quick_reads + 1 if is_soon else 0
            self._read_at = now
        return self._quick_reads >= _QUICK_READS

    def _read_arrived(self, timeout: float) -> bytes:
        """Return all chunks that are whole, without waiting for another one.

        With TLS a read returns one record, which mostly is one chunk.
        """
        taken: list[bytes] = []
        left, arrived = LARGEST_READ, b""
        self._socket.settimeout(0)
        try:
            while left > 0 and (arrived := self._buffer.peek()):
                data, size = whole_chunks(arrived)
                if not size:
                    break
                self._buffer.read(size)
                taken.append(data)
                left -= size
                arrived = b""
        except OSError:
            # TLS has no more, or the connection broke: then the next read says so
            arrived = b""
        finally:
            self._socket.settimeout(timeout)
        if not (taken or arrived):
            # nothing came in the pause
            self._quick_reads = 0
        self._is_emptied = left > 0 and not arrived
        return b"".join(taken)


def whole_chunks(body: bytes) -> tuple[bytes, int]:
    """Return the data of the chunks that are whole at the head of a body, and their bytes.

    A chunk with an extension, the last one and what is broken are left to urllib3.
    """
    data, at = [], 0
    try:
        while (end := body.find(b"\r\n", at)) > at:
            behind = end + 2 + int(body[at:end], 16)
            if behind <= end + 2 or body[behind : behind + 2] != b"\r\n":
                break
            data.append(body[end + 2 : behind])
            at = behind + 2
    except ValueError:  # the size is no number
        pass
    return b"".join(data), at
