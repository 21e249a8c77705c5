"""Server-sent events, wherever the network cuts the bytes."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wx_notebook.service.sse import LARGEST_EVENT, Event, iter_events
from wx_notebook.transport import ConnectionBroken

STREAM = (
    b"\xef\xbb\xbf: a comment first\n"
    b"id: 1\nevent: message\ndata: first\ndata: second\n\n"
    b"data:no space\r\n\r\n"
    b"data:  two spaces\r\r"
    + "data: caf\u00e9 \u2028 \u2029 \x85 \U0001f600 \x0b\x0c\x1c\n\n".encode()
    + b"event: error\r\ndata: {}\n\r"
    b"retry: 5\nunknown: x\ndata\ndata\n\n"
    b"event: nothing to say\n\n"
    b"data: last\n\n"
    b"data: cut off\n"
)
EVENTS = [
    ("message", "first\nsecond"),
    ("message", "no space"),
    ("message", " two spaces"),
    ("message", "caf\u00e9 \u2028 \u2029 \x85 \U0001f600 \x0b\x0c\x1c"),
    ("error", "{}"),
    ("message", "\n"),
    ("message", "last"),
]


def test_a_chunk_that_begins_with_an_empty_line_has_an_event_without_a_name():
    assert parsed(b": hello\n", b"\ndata: x\n\n", b"\ndata: y\n\n") == [
        ("message", "x"),
        ("message", "y"),
    ]


def parsed(*chunks: bytes) -> list[Event]:
    return list(iter_events(chunks))


def by_the_standard(stream: bytes) -> list[tuple[str, str]]:
    """The HTML standard's algorithm on the whole stream at once, written for this test."""
    text = stream.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    *lines, _ = re.split("\r\n|\r|\n", text)
    found, data, kind = [], "", ""
    for line in lines:
        if line == "":
            if data:
                found.append((kind or "message", data.removesuffix("\n")))
            data, kind = "", ""
        elif not line.startswith(":"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data += value + "\n"
            elif field == "event":
                kind = value
    return found


def test_the_standard_reads_the_stream_as_this_test_does():
    assert by_the_standard(STREAM) == EVENTS


def test_events_do_not_depend_on_where_the_network_cuts_the_bytes():
    for size in range(1, len(STREAM) + 1):
        chunks = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
        assert parsed(*chunks) == EVENTS, f"pieces of {size} bytes"


def test_events_do_not_depend_on_one_cut_and_empty_chunks_say_nothing():
    for at in range(len(STREAM) + 1):
        chunks = b"", STREAM[:at], b"", b"", STREAM[at:], b""
        assert parsed(*chunks) == EVENTS, f"cut at byte {at}"


_PIECE = st.sampled_from(
    [b"data", b"event", b"id", b"error", b":", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"x", b"{}",
     b"\xef\xbb\xbf", "é".encode(), "\u2028".encode(), "\U0001f600".encode(), b"\xff", b"\x00",
     b"\xc3", b"\xa9"]
)  # fmt: skip


@given(st.lists(_PIECE, max_size=40).map(b"".join), st.lists(st.integers(0, 120), max_size=12))
@example(b"\xef\xbb\xbf\r\ndata: x\r\n\r\n", [3, 4])
@example(b"data: x\r\n\r\ndata: y\r\n\r\n", [8, 10, 18])
def test_any_bytes_cut_anywhere_read_as_the_standard_reads_them(stream, cuts):
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert parsed(*chunks) == by_the_standard(stream)


def test_an_event_is_there_as_soon_as_its_empty_line_is():
    """Not one byte of the next event is waited for, also after CR."""
    for end in (b"\n\n", b"\r\r", b"\r\n\r\n", b"\r\n\r"):
        arriving = iter([b"data: now" + end])
        assert next(iter_events(arriving)) == ("message", "now")


def test_a_cut_crlf_is_one_line_end_and_no_early_event():
    assert parsed(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == [("message", "a\nb")]


def test_the_name_of_an_event_ends_with_it():
    assert parsed(b"event: error\ndata: a\n\ndata: b\n\n") == [("error", "a"), ("message", "b")]
    assert parsed(b"event: error\n\ndata: b\n\n") == [("message", "b")]
    assert parsed(b"event: a\nevent: error\ndata: x\n\n") == [("error", "x")]


def test_bytes_that_are_no_utf_8_are_replaced():
    assert parsed(b"data: \xff\xfe\n\n") == [("message", "\ufffd\ufffd")]


def test_what_is_not_ended_by_an_empty_line_is_dropped():
    for ending in (b"data: x", b"data: x\n", b"data: x\r"):
        assert parsed(b"data: whole\n\n" + ending) == [("message", "whole")]


def test_only_a_byte_order_mark_at_the_very_start_is_one():
    assert parsed(b"\xef\xbb", b"\xbfdata: x\n\n") == [("message", "x")]
    assert parsed(b"data: x\n\n\xef\xbb\xbfdata: y\n\n") == [("message", "x")]


@pytest.mark.parametrize("field", [b"data: ", b": ", b"event: "])
def test_a_line_without_end_is_an_error_before_it_fills_the_memory(field):
    def endless():
        yield field
        while True:
            yield b"x" * 65_536

    with pytest.raises(ConnectionBroken, match="does not end"):
        for _ in iter_events(endless()):
            pass


def test_an_event_of_many_lines_without_end_is_an_error_too():
    def endless():
        while True:
            yield b"data: " + b"x" * 1000 + b"\n"

    with pytest.raises(ConnectionBroken, match="too large"):
        list(iter_events(endless()))


def test_an_event_as_large_as_allowed_arrives():
    line = b"x" * (LARGEST_EVENT - 6)
    assert len(parsed(b"data: " + line + b"\n\n")[0][1]) == len(line)


@pytest.mark.slow
def test_a_long_line_may_arrive_byte_by_byte():
    """Joined at each byte, this would take minutes."""
    text = "x" * (LARGEST_EVENT - 6)
    stream = f"data: {text}\n\n".encode()
    assert parsed(*(stream[at : at + 1] for at in range(len(stream)))) == [("message", text)]
