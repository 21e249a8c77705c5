"""Headers and bodies that join a request only while it is handed to the operating system.

A request can wait for seconds in frames of requests, urllib3 and `http.client`, and some tools look
at the local variables of all threads. What such a frame holds is sealed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from wx_notebook.errors import SECRET_MASK


class SealedHeader(str):
    """The value of a header, shown without its secret; `open` returns what is sent.

    It is a text because urllib3 takes nothing else.
    """

    __slots__ = ("_write",)
    _write: Callable[[], str]

    def __new__(cls, write: Callable[[], str], shown: str = SECRET_MASK) -> Self:
        """Return the header that `write` returns, in the place of which `shown` stands."""
        header = super().__new__(cls, shown)
        header._write = write
        return header

    def open(self) -> str:
        """Return what is sent. Call it in the expression that sends it."""
        return self._write()


class SealedBody:
    """A body that is written when it is read, once, as urllib3 reads a file."""

    def __init__(self, write: Callable[[], str]) -> None:
        self._write = write
        self._is_read = False
        #: how many bytes it has
        self.size = len(write().encode())

    def read(self, _: int = -1) -> bytes:
        """Return the whole body, and b"" from then on."""
        if self._is_read:
            return b""
        self._is_read = True
        return self._write().encode()


def opened(value: str | bytes | int) -> str | bytes | int:
    """Return the value of a header as it is sent."""
    return value.open() if isinstance(value, SealedHeader) else value
