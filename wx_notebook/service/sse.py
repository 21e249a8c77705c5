"""Server-sent events from bytes, wherever the network cuts them.

The format is WHATWG's (HTML standard, section "Server-sent events"). Bytes become lines, lines
become events; neither step waits for more than it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from wx_notebook.transport import ConnectionBroken

#: No event of the service comes near; a line that never ends must not fill the memory.
LARGEST_EVENT = 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event; `name` is "message" unless the server says otherwise."""

    name: str
    data: str


def iter_lines(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    r"""Split bytes into lines that end at CR, LF or CRLF only; yield those that are whole by now.

    Bytes, not text: in UTF-8 no other character contains these two, so a character that the
    network cut in two is whole again in its line; and U+2028, where `str.splitlines` would split,
    is not a line end here. What follows the last line end was cut off and is dropped.

    Raises
    ------
    ConnectionBroken
        A line is longer than `LARGEST_EVENT`.
    """
    rest, after_cr, at_start = b"", False, True
    # pieces of a line that has not ended: joined once, not at each of them
    more: list[bytes] = []
    held = 0
    for chunk in chunks:
        data = chunk
        if not (rest or more or after_cr or at_start) and data[-1:] == b"\n" and b"\r" not in data:
            # whole lines and nothing else, as the service sends them: no step below has work to do
            yield data[:-1].split(b"\n")
            continue
        if after_cr and data:
            # the second half of a CRLF whose first half has ended the line already
            data = data.removeprefix(b"\n")
            after_cr = False
        if not data:
            continue
        after_cr = data.endswith(b"\r")
        if b"\n" not in data and b"\r" not in data:
            more.append(data)
            held += len(data)
            if held > LARGEST_EVENT:
                raise _endless()
            continue
        data = b"".join([rest, *more, data]) if more else rest + data
        more.clear()
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = data.split(b"\n")
        if at_start and lines:
            lines[0], at_start = lines[0].removeprefix(_BYTE_ORDER_MARK), False
        yield lines
        held = len(rest)
        if held > LARGEST_EVENT:
            raise _endless()


def _endless() -> ConnectionBroken:
    return ConnectionBroken("The service sent an event that does not end.")


def iter_events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events in a stream of bytes; one that is not ended by an empty line is dropped.

    Raises
    ------
    ConnectionBroken
        An event is larger than `LARGEST_EVENT`.
    """
    name, size = "", 0
    data: list[bytes] = []
    # the same name comes with each of thousands of events
    said, understood = b"", ""
    for lines in iter_lines(chunks):
        for line in lines:
            if line[:5] == b"data:" or line == b"data":
                value = line[6:] if line[5:6] == b" " else line[5:]
                size += len(value)
                if size > LARGEST_EVENT:
                    raise ConnectionBroken("The service sent an event that is too large.")
                data.append(value)
            elif not line:
                if data:
                    whole = data[0] if len(data) == 1 else b"\n".join(data)
                    yield Event(name or "message", whole.decode("utf-8", "replace"))
                    data = []
                name, size = "", 0
            elif line == said:
                name = understood
            elif line[:6] == b"event:":
                name = line[6:].removeprefix(b" ").decode("utf-8", "replace")
                said, understood = line, name
            elif line == b"event":
                name = ""
            # `id`, `retry`, comments and unknown fields say nothing that a prompt needs
