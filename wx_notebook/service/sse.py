"""Server-sent events from bytes, independent of where the network cuts them.

The format is WHATWG's (HTML standard, section "Server-sent events").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from wx_notebook.transport import ConnectionBroken

#: In bytes. No event of the service comes near it; a line without an end must not fill the memory.
LARGEST_EVENT = 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


#: Name and data of one event; the name is "message" unless the server gives another one. A plain
#: tuple: to make a named one takes a tenth of the time that an event is worth.
Event: TypeAlias = tuple[str, str]


def iter_events(chunks: Iterable[bytes]) -> Iterator[Event]:  # noqa: C901  # a call a line is slow
    """Yield the events in a stream of bytes; one without an empty line at its end is dropped.

    Raises
    ------
    ConnectionBroken
        A line or an event is larger than `LARGEST_EVENT`.
    """
    splitter = LineSplitter()
    name, size = "", 0
    data: list[bytes] = []
    # thousands of events have the same name
    name_line, decoded_name = b"", ""
    for chunk in chunks:
        # nearly all chunks of the service are whole events, and need no splitting into lines
        is_whole = chunk[-2:] == b"\n\n" and b"\r" not in chunk
        for part in chunk[:-2].split(b"\n\n") if is_whole else (chunk,):
            if is_whole and splitter.is_between_lines and not (data or name):
                value = _read_data(part, name_line)
                if value:
                    yield decoded_name or "message", value.decode("utf-8", "replace")
                    continue
            for line in splitter.feed(part + b"\n\n" if is_whole else part):
                if line[:4] == b"data" and line[4:5] in (b":", b""):
                    value = line[6:] if line[5:6] == b" " else line[5:]
                    size += len(value)
                    if size > LARGEST_EVENT:
                        raise ConnectionBroken("The service sent an event that is too large.")
                    data.append(value)
                elif not line:
                    if data:
                        yield name or "message", b"\n".join(data).decode("utf-8", "replace")
                        data = []
                    name, size = "", 0
                elif line == name_line:
                    name = decoded_name
                elif line[:6] == b"event:":
                    name = line[6:].removeprefix(b" ").decode("utf-8", "replace")
                    name_line, decoded_name = line, name
                elif line == b"event":
                    name = ""
                # `id`, `retry`, comments and unknown fields hold nothing that a prompt needs


def _read_data(event: bytes, name_line: bytes) -> bytes:
    """Return the data of an event of a known name, b"" where its lines have to be looked at."""
    head, _, value = event.partition(b"\ndata: ")
    is_known = head.rpartition(b"\n")[2] == name_line and b"data" not in head
    return value if is_known and b"\n" not in value else b""


class LineSplitter:
    r"""Splits bytes into lines, which end at CR, LF or CRLF only.

    It works on bytes: in UTF-8 no other character contains these two bytes, so a character that the
    network cut in two is whole again in its line; and U+2028, at which `str.splitlines` splits,
    ends no line here. What follows the last line end was cut off and is dropped.
    """

    def __init__(self) -> None:
        # parts of a line without an end yet: they are joined once, not with each part
        self._parts: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._at_start = True
        #: whether the next chunk begins with a new line, and not with the first one
        self.is_between_lines = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that are whole by now.

        Raises
        ------
        ConnectionBroken
            A line is longer than `LARGEST_EVENT`.
        """
        if self._after_cr and chunk:
            # the second half of a CRLF; its first half ended the line already
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        self._parts.append(chunk)
        self._size += len(chunk)
        lines: list[bytes] = []
        if b"\n" in chunk or b"\r" in chunk:
            joined = b"".join(self._parts)
            if b"\r" in joined:
                joined = joined.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            *lines, rest = joined.split(b"\n")
            if self._at_start:
                lines[0], self._at_start = lines[0].removeprefix(_BYTE_ORDER_MARK), False
            self._parts = [rest] if rest else []
            self._size = len(rest)
        self.is_between_lines = not (self._parts or self._after_cr or self._at_start)
        if self._size > LARGEST_EVENT:
            raise ConnectionBroken("The service sent an event that does not end.")
        return lines
