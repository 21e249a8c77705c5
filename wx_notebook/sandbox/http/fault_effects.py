"""What each fault does to a call."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable

from wx_notebook.sandbox.http.faults import Fault, FaultSwitches
from wx_notebook.sandbox.http.messages import (
    PAID_RATE,
    SERVICE_DOWN,
    Ending,
    ErrorResponse,
    Outcome,
    Reply,
    Reset,
    Stream,
    error_body,
    html_error,
    iam_error,
    rate_limit_error,
    service_error,
    sse_event,
)

#: After how many events a stream of unknown length goes wrong.
_EARLY = 3


def replace_answer(fault: Fault) -> Outcome:
    """Return what a call gets without being looked at; `fault` is one of `REPLACING_FAULTS`.

    Raises
    ------
    ErrorResponse
        It is an error reply.
    """
    if fault.name == "reset":
        return Reset()
    if fault.name == "redirect":
        return Reply(307, b"", headers={"Location": fault.to})
    raise _ERRORS[fault.name](fault)


def refuse_schema(faults: FaultSwitches, kind: str, body: bytes) -> None:
    """Refuse a prompt with a JSON Schema, if that fault is on.

    Raises
    ------
    ErrorResponse
        400; no public source has the words of the service.
    """
    if b'"json_schema"' in body and faults.take(kind, ("no-schema",)):
        message = "response_format: the model does not support the type 'json_schema'."
        raise service_error(400, "invalid_input_argument", message)


def disturb_stream(fault: Fault, stream: Stream) -> Stream:
    """Return `stream` with the fault in it; `fault` is one of `STREAM_FAULTS`."""
    return _EFFECTS[fault.name](stream, _turning_point(fault, stream))


def break_off(fault: Fault, outcome: Reply | Stream) -> Reply | Stream:
    """Return `outcome` with a reset of the connection in its middle."""
    if isinstance(outcome, Reply):
        return dataclasses.replace(outcome, ending=Ending.RESET)
    return _cut(Ending.RESET)(outcome, _turning_point(fault, outcome))


def _turning_point(fault: Fault, stream: Stream) -> int:
    """Return after how many events the stream goes wrong."""
    if fault.after is not None:
        return fault.after
    # the length of an answer from another server is not known yet
    return _EARLY if stream.length is None else max(stream.length // 2, 1)


def _service_down(fault: Fault) -> ErrorResponse:
    status = int(fault.name)
    return service_error(status, SERVICE_DOWN[status], "The service failed (a sandbox fault).")


_ERRORS: dict[str, Callable[[Fault], ErrorResponse]] = {
    "429": lambda fault: rate_limit_error(PAID_RATE, fault.retry_after),
    "500": _service_down,
    "503": _service_down,
    "413": lambda _: service_error(413, "request_entity_too_large", "The file is too large."),
    "502-html": lambda _: html_error(),
    "iam-html": lambda _: html_error(),
    "iam-500": lambda _: iam_error(500, "BXNIM0999E", "Internal error (a sandbox fault)."),
}


async def _first(events: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    if count <= 0:
        return
    async for event in events:
        yield event
        count -= 1
        if count == 0:
            return


async def _with_last(events: AsyncIterator[bytes]) -> AsyncIterator[tuple[bytes, bool]]:
    """Yield each event, one step late, and whether it is the last one."""
    previous: bytes | None = None
    async for event in events:
        if previous is not None:
            yield previous, False
        previous = event
    if previous is not None:
        yield previous, True


def _shorter(stream: Stream, length: int) -> int | None:
    return None if stream.length is None else min(length, stream.length)


def _cut(ending: Ending) -> Callable[[Stream, int], Stream]:
    def cut(stream: Stream, after: int) -> Stream:
        events, length = _first(stream.events, after), _shorter(stream, after)
        return dataclasses.replace(stream, events=events, length=length, ending=ending)

    return cut


def _error_event(stream: Stream, after: int) -> Stream:
    body = error_body(500, "downstream_request_failed", "The model stopped answering.")

    async def events() -> AsyncIterator[bytes]:
        count = 0
        async for event in _first(stream.events, after):
            count += 1
            yield event
        yield sse_event(count + 1, body, "error")

    length = _shorter(stream, after)
    return dataclasses.replace(
        stream, events=events(), length=None if length is None else length + 1
    )


def _malformed_event(stream: Stream, after: int) -> Stream:
    async def events() -> AsyncIterator[bytes]:
        index = 0
        async for event, is_last in _with_last(stream.events):
            is_broken = index == after or (is_last and index < after)
            index += 1
            # without its last brace the JSON is broken, but the framing is not
            yield event[:-3] + b"\n\n" if is_broken else event

    return dataclasses.replace(stream, events=events())


def _usage_missing(stream: Stream, _after: int) -> Stream:
    events = (event async for event, is_last in _with_last(stream.events) if not is_last)
    length = None if stream.length is None else stream.length - 1
    return dataclasses.replace(stream, events=events, length=length)


_EFFECTS: dict[str, Callable[[Stream, int], Stream]] = {
    "cut": _cut(Ending.CUT),
    "cut-clean": _cut(Ending.PROPER),
    "stall": _cut(Ending.STALL),
    "error-event": _error_event,
    "malformed-event": _malformed_event,
    "usage-missing": _usage_missing,
}

#: Faults that answer a call in place of the service.
REPLACING_FAULTS = frozenset({*_ERRORS, "reset", "redirect"})
#: Faults that change a stream.
STREAM_FAULTS = frozenset(_EFFECTS)
