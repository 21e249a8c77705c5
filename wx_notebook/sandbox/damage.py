"""What each fault does to a call."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator

from wx_notebook.sandbox.faults import Fault
from wx_notebook.sandbox.rate import PAID_RATE, too_many
from wx_notebook.sandbox.replies import SERVICE_DOWN, error_body, html_page, iam_refusal, refusal
from wx_notebook.sandbox.wire import Ending, Outcome, Refused, Reply, Reset, Stream, event

#: After how many events a stream of unknown length goes wrong.
_SOON = 3


def instead(fault: Fault) -> Outcome:
    """Return what a call gets instead of being looked at; `fault` is one of `INSTEAD`.

    Raises
    ------
    Refused
        It is an error reply.
    """
    if fault.name == "reset":
        return Reset()
    if fault.name == "redirect":
        return Reply(307, b"", headers={"Location": fault.to})
    raise _REFUSALS[fault.name](fault)


def spoil(fault: Fault, stream: Stream) -> Stream:
    """Return `stream` with what goes wrong in it; `fault` is one of `SPOILING`."""
    return _SPOILERS[fault.name](stream, _middle(stream) if fault.after is None else fault.after)


def broken_off(fault: Fault, outcome: Reply | Stream) -> Reply | Stream:
    """Return `outcome` with the connection reset in its middle."""
    if isinstance(outcome, Reply):
        return dataclasses.replace(outcome, ending=Ending.RESET)
    after = _middle(outcome) if fault.after is None else fault.after
    return _cut(Ending.RESET)(outcome, after)


def _middle(stream: Stream) -> int:
    # nobody knows how long the answer of another server will be
    return _SOON if stream.length is None else max(stream.length // 2, 1)


def _down(fault: Fault) -> Refused:
    status = int(fault.name)
    return refusal(status, SERVICE_DOWN[status], "The service failed (a fault of the sandbox).")


_REFUSALS: dict[str, Callable[[Fault], Refused]] = {
    "429": lambda fault: too_many(PAID_RATE, fault.retry_after),
    "500": _down,
    "503": _down,
    "502-html": lambda _: html_page(),
    "iam-html": lambda _: html_page(),
    "iam-500": lambda _: iam_refusal(500, "BXNIM0999E", "Internal error (a fault of the sandbox)."),
}


def _cut(ending: Ending) -> Callable[[Stream, int], Stream]:
    def cut(stream: Stream, after: int) -> Stream:
        first = itertools.islice(stream.events, after)
        length = None if stream.length is None else min(after, stream.length)
        return dataclasses.replace(stream, events=first, length=length, ending=ending)

    return cut


def _error_event(stream: Stream, after: int) -> Stream:
    body = error_body(500, "downstream_request_failed", "The model stopped answering.")

    def events() -> Iterator[bytes]:
        sent = 0
        for whole in itertools.islice(stream.events, after):
            sent += 1
            yield whole
        yield event(sent + 1, body, "error")

    length = None if stream.length is None else min(after, stream.length) + 1
    return dataclasses.replace(stream, events=events(), length=length)


def _malformed_event(stream: Stream, after: int) -> Stream:
    def events() -> Iterator[bytes]:
        for index, (whole, is_last) in enumerate(_with_the_last(stream.events)):
            is_broken = index == after or (is_last and index < after)
            # without its last brace the JSON is broken, the framing is not
            yield whole[:-3] + b"\n\n" if is_broken else whole

    return dataclasses.replace(stream, events=events())


def _usage_missing(stream: Stream, _after: int) -> Stream:
    events = (whole for whole, is_last in _with_the_last(stream.events) if not is_last)
    length = None if stream.length is None else stream.length - 1
    return dataclasses.replace(stream, events=events, length=length)


def _with_the_last(events: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each event, one behind, and whether it is the last."""
    held: bytes | None = None
    for whole in events:
        if held is not None:
            yield held, False
        held = whole
    if held is not None:
        yield held, True


_SPOILERS: dict[str, Callable[[Stream, int], Stream]] = {
    "cut": _cut(Ending.CUT),
    "cut-clean": _cut(Ending.PROPER),
    "stall": _cut(Ending.STALL),
    "error-event": _error_event,
    "malformed-event": _malformed_event,
    "usage-missing": _usage_missing,
}

#: Faults that answer a call before anyone looks at it.
INSTEAD = frozenset({*_REFUSALS, "reset", "redirect"})
#: Faults of streams.
SPOILING = frozenset(_SPOILERS)
