"""What goes over the wire: a request, the kinds of reply, and how JSON and events are written."""

from __future__ import annotations

import enum
import json
import selectors
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

_GO_ESCAPES = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)


# made once: json.dumps would make one each time
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

#: Waits until a socket has something to read; raises when nobody waits for the answer any more.
WaitFor = Callable[[socket.socket], None]


def patiently(ready: socket.socket) -> None:
    """Wait until `ready` has something to read."""
    with selectors.DefaultSelector() as selector:
        selector.register(ready, selectors.EVENT_READ)
        selector.select()


def _nothing() -> None:
    """Close what needs no closing."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read in full."""

    method: str
    path: str
    #: the first value of each key
    query: Mapping[str, str]
    #: names in lower case
    headers: Mapping[str, str]
    body: bytes
    #: `http` or `https`, as it came
    scheme: str = "http"
    wait_for: WaitFor = patiently


class Ending(enum.Enum):
    """How a stream ends after its last event."""

    PROPER = "with the last, empty HTTP chunk"
    CUT = "without it: the connection just closes"
    STALL = "not at all: the connection stays open and silent"
    RESET = "the connection is reset"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of known length, sent after `delay_s` seconds."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    #: `RESET` is in the middle of the body; other endings mean nothing here
    ending: Ending = Ending.PROPER


@dataclass(frozen=True, slots=True)
class Stream:
    """Server-sent events, each sent by itself, `interval_s` seconds apart."""

    events: Iterator[bytes]
    #: how many events there will be, None where nobody knows yet
    length: int | None
    interval_s: float = 0.0
    ending: Ending = Ending.PROPER
    headers: Mapping[str, str] = field(default_factory=dict)
    #: lets go of what the events come from, at the end or before it
    close: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class Reset:
    """No reply: the connection is torn down."""


Outcome = Reply | Stream | Reset


class Refused(Exception):
    """The request is answered with `reply` instead of what it asked for."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def encode(value: object) -> bytes:
    """Write `value` as compact JSON, the way the service's encoder does.

    The escapes are Go's default; the fixtures of IBM's Java SDK show them. They stand only inside
    strings, so that plain replacement is safe. A lone surrogate has no UTF-8 form: "?" stands in.
    """
    return _COMPACT.encode(value).translate(_GO_ESCAPES).encode("utf-8", "replace")


def json_object(body: bytes) -> dict[str, object] | None:
    """Return `body` as a JSON object, None if it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def event(number: int, data: bytes, name: str = "message") -> bytes:
    """Frame `data` as one server-sent event (framing of IBM's Java SDK fixtures: LF, no CR)."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), data)


def created_at(seconds: float) -> str:
    """Write epoch `seconds` as the service does, `2026-09-21T12:53:20.101Z`."""
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
