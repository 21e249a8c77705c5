"""What was sent lately, for the page that shows it; its memory has an end."""

from __future__ import annotations

import threading

MOST_REPLIES = 200
#: Of one reply, and of all together.
MOST_BYTES_OF_ONE = 512 * 1024
MOST_BYTES = 16 * 1024 * 1024


class KeptReplies:
    """The beginning of each of the last replies, by the number of its call; for many threads."""

    def __init__(self) -> None:
        self._replies: dict[int, bytearray] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def open(self, number: int) -> None:
        """Make room for the reply of a call; numbers rise."""
        with self._lock:
            self._replies[number] = bytearray()
            self._forget()

    def add(self, number: int, data: bytes) -> None:
        """Keep `data`, which follows what was added before, unless its call is forgotten."""
        with self._lock:
            reply = self._replies.get(number)
            if reply is None:
                return
            kept = data[: max(MOST_BYTES_OF_ONE - len(reply), 0)]
            reply += kept
            self._bytes += len(kept)
            self._forget()

    def _forget(self) -> None:
        while len(self._replies) > MOST_REPLIES or (
            self._bytes > MOST_BYTES and len(self._replies) > 1
        ):
            self._bytes -= len(self._replies.pop(next(iter(self._replies))))

    def of(self, number: int) -> bytes:
        """Return what is kept under this number, b"" if nothing is."""
        with self._lock:
            return bytes(self._replies.get(number, b""))
