"""The end of what is read from a socket, also where it comes in drops.

The limit of a socket begins anew with each byte. So a head, or a chunk, that comes byte by byte
would outlive every limit: what reads more than once for one of them looks at the clock.
"""

from __future__ import annotations

import io
import math
import time
from typing import Any


class TimedFile(io.RawIOBase):
    """The file of a socket, with a time at which reading ends.

    Parameters
    ----------
    file
        What the socket calls its file, without a buffer.
    connection
        The socket; its limit is that of the head.
    """

    def __init__(self, file: Any, connection: Any) -> None:  # noqa: ANN401  # a socket, also one with TLS
        self._file = file
        self._socket = connection
        self._ends_at: float | None = None

    def set_end(self, left_s: float) -> None:
        """Let reading end in so many seconds."""
        self._ends_at = time.monotonic() + left_s

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401  # what a buffered reader hands over
        """Read what has come, and return how many bytes that is.

        Raises
        ------
        TimeoutError
            The time is up.
        """
        limit_s = self._socket.gettimeout()
        if limit_s is None:
            limit_s = math.inf
        if self._ends_at is None:
            # a head comes at once, as a rule
            self.set_end(limit_s)
        elif (left_s := self._ends_at - time.monotonic()) < limit_s:
            if left_s <= 0:
                raise TimeoutError("the time is up")
            self._socket.settimeout(left_s)
        read: int | None = self._file.readinto(buffer)
        return read

    def close(self) -> None:
        """Close the file, and let the socket go."""
        self._file.close()
        super().close()
