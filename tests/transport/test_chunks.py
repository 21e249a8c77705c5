"""A stream that is quicker than a page can show is read in larger pieces; no other one waits."""

from __future__ import annotations

import itertools
import queue
import threading

import pytest
from support.cases import all_cases
from transport.servers import caught, chunked

from wx_notebook.errors import Interrupted
from wx_notebook.transport import ConnectionBroken, HttpRequest, Timeouts, Transport

HEAD = chunked(end=False)
END = b"0\r\n\r\n"
#: More than the reads in a row that make a stream a quick one.
FIRST = 12
#: What is sent between two reads of the test is in the socket before the second one.
QUICK_S, SLOW_S = 0.0001, 0.005


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class Stream:
    """A streamed reply of a server that sends what `say` is given, and what a pause brings.

    Its clock is `step_s` later at each look, so that it is quick or slow whatever the machine does.
    """

    def __init__(self, serve, *, step_s=QUICK_S, tls=None, is_stream=True, timeouts=None):
        self.pauses = []
        #: what is done in each pause
        self.in_pause = lambda: None
        self._said: queue.Queue[bytes | None] = queue.Queue()
        self._sent = threading.Semaphore(0)
        self.server = serve(self._serve, tls=tls.context if tls else None)
        looks = itertools.count()
        self.transport = Transport(
            clock=lambda: next(looks) * step_s,
            sleep=self._pause,
            ca_bundle=str(tls.bundle) if tls else None,
            timeouts=timeouts,
        )
        self.request = HttpRequest("POST", f"{self.server.url}/", body={}, stream=is_stream)
        self.reply = self.transport.open(self.request)

    def _serve(self, connection, _):
        connection.sendall(HEAD)
        while (said := self._said.get()) is not None:
            connection.sendall(said)
            self._sent.release()
            if said.endswith(END):
                return True
        return False

    def _pause(self, seconds):
        self.pauses.append(seconds)
        self.in_pause()

    def say(self, *pieces):
        """Send each piece as a chunk and a record of its own; return when all have left."""
        for piece in pieces:
            self.say_bytes(chunk(piece))

    def say_bytes(self, data):
        self._said.put(data)
        assert self._sent.acquire(timeout=10)

    def hang_up(self):
        self._said.put(None)

    def end(self):
        self.hang_up()
        self.reply.close()
        self.transport.close()

    def begin(self):
        """Send and read the pieces that tell how quick the stream is."""
        for number in range(FIRST):
            self.say(b"%d " % number)
            assert self.reply.read_some() == b"%d " % number


@pytest.fixture(params=["plain", "TLS"])
def start(request, serve, authority):
    tls = authority if request.param == "TLS" else None
    streams = []

    def start(**more):
        streams.append(Stream(serve, tls=tls, **more))
        return streams[-1]

    yield start
    for stream in streams:
        stream.end()


def test_what_comes_in_a_short_pause_of_a_quick_stream_is_read_at_once(start):
    stream = start()
    stream.begin()
    stream.pauses.clear()
    more = [b"piece %d, " % n for n in range(40)]
    stream.in_pause = lambda: stream.say(*more)
    assert stream.reply.read_some() == b"".join(more)
    assert stream.pauses == [0.002], "nobody sees it: a page is painted every 16 ms"


def test_many_chunks_that_are_there_are_one_read(serve):
    stream = Stream(serve)
    stream.say_bytes(chunk(b"x" * 1000) * 30)
    assert len(stream.reply.read_some()) == 30_000
    stream.end()


@all_cases("step_s", [SLOW_S, 1.0])
def test_a_slow_stream_never_pauses(start, step_s):
    stream = start(step_s=step_s)
    stream.begin()
    assert stream.pauses == []


def test_the_first_words_come_without_a_pause(start):
    stream = start()
    stream.say(b"The ")
    assert stream.reply.read_some() == b"The "
    stream.say(b"watt ", b"is ")
    assert stream.reply.read_some() in (b"watt ", b"watt is "), "TLS reads one record"
    assert stream.pauses == []


def test_an_answer_that_is_wanted_as_a_whole_never_pauses(start):
    stream = start(is_stream=False)
    stream.begin()
    assert stream.pauses == []


def test_a_stream_that_becomes_slow_pauses_once_and_then_waits_for_each_piece(start):
    stream = start()
    stream.begin()
    stream.pauses.clear()
    threading.Timer(0.05, stream.say, [b"late"]).start()
    assert stream.reply.read_some() == b"late"
    assert len(stream.pauses) == 1
    stream.say(b"next")
    assert stream.reply.read_some() == b"next"
    assert len(stream.pauses) == 1


def test_an_interrupt_in_the_pause_ends_the_request(start):
    stream = start()
    stream.begin()

    def press():
        raise KeyboardInterrupt

    stream.in_pause = press
    assert type(caught(stream.reply.read_some)) is Interrupted
    stream.hang_up()
    stream.transport.open(stream.request).close()
    assert stream.server.connections == 2


def test_what_came_in_the_pause_before_the_connection_broke_is_returned(start):
    stream = start()
    stream.begin()

    def break_off():
        stream.say(b"all that ", b"was paid")
        stream.say_bytes(b"fff\r\nhalf")
        stream.hang_up()

    stream.in_pause = break_off
    assert stream.reply.read_some() == b"all that was paid"
    stream.in_pause = lambda: None
    problem = caught(lambda: [stream.reply.read_some() for _ in range(3)])
    assert isinstance(problem, ConnectionBroken)


def test_a_chunk_that_the_pause_cut_in_two_is_whole(start):
    stream = start()
    stream.begin()
    whole = chunk(b"x" * 30_000)

    def half():
        stream.say(b"one ")
        stream.say_bytes(whole[:10_000])

    stream.in_pause = half
    assert stream.reply.read_some() == b"one "
    threading.Timer(0.02, stream.say_bytes, [whole[10_000:]]).start()
    stream.in_pause = lambda: None
    assert stream.reply.read_some() == b"x" * 30_000


def test_the_connection_serves_the_next_request(start):
    stream = start()
    stream.begin()
    stream.in_pause = lambda: stream.say_bytes(chunk(b"last") + END)
    assert stream.reply.read() == b"last"
    stream.transport.open(stream.request).close()
    assert stream.server.connections == 1


def test_silence_behind_a_pause_is_limited_as_ever(start):
    stream = start(timeouts=Timeouts(idle_s=0.1))
    stream.begin()
    problem = caught(stream.reply.read_some)
    assert "sent nothing for 0.1 s." in problem.message
    assert stream.pauses
