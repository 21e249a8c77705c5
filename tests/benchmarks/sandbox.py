"""The load that the sandbox carries, each figure beside that of a bare `http.server`.

    python tests/benchmarks/sandbox.py                   print the table
    python tests/benchmarks/sandbox.py --calls 1800000   an hour at 500 a second, for the memory

Not a test: a slow day is no failure. Server and clients share the machine, so that the server has
one core of two.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

SANDBOX = """
import json, sys
from wx_notebook.sandbox import Sandbox
with Sandbox(words_per_second=float(sys.argv[1]) or None) as sandbox:
    print(json.dumps({**sandbox.credentials(), "token": sandbox.issue_token()}), flush=True)
    sys.stdin.readline()
"""
#: The least that Python's own server can do: it reads the request and writes a reply as long.
BARE = """
import json, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
pace, words = float(sys.argv[1]), 40
class Handler(BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
    def log_message(self, *_): pass
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        if "stream" not in self.path:
            self.send_header("Content-Length", "1200")
            self.end_headers()
            self.wfile.write(b"x" * 1200)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(words + 2):
            self.wfile.write(b"15e\\r\\n" + b"x" * 350 + b"\\r\\n")
            time.sleep(1 / pace)
        self.wfile.write(b"0\\r\\n\\r\\n")
class Server(ThreadingHTTPServer):
    request_queue_size, daemon_threads = 1024, True
import threading
server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
found = {"url": f"http://127.0.0.1:{server.server_port}", "project_id": "", "token": ""}
print(json.dumps(found), flush=True)
sys.stdin.readline()
"""
PACE, WORDS = 40, 40
RATE, STREAMS = 500, 200


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    project_id: str
    token: str

    def request(self, path: str, words: int) -> bytes:
        body = json.dumps({
            "model_id": "ibm/granite-4-h-small", "project_id": self.project_id,
            "messages": [{"role": "user", "content": "What is a watt?"}],
            "max_completion_tokens": words,
        })  # fmt: skip
        head = (
            f"POST /ml/v1/text/{path}?version=2026-10-14 HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {self.token}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join([*head, "", body]).encode()

    def connect(self) -> socket.socket:
        address = urlsplit(self.url)
        connection = socket.create_connection((address.hostname, address.port), timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def cpu_s(self) -> float:
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextlib.contextmanager
def running(code: str, pace: float = 0) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(pace)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        found = json.loads(process.stdout.readline())
        yield Running(process, found["url"], found["project_id"], found["token"])
    finally:
        process.stdin.close()
        process.wait(20)


def whole(connection: socket.socket, request: bytes) -> None:
    """One request and its reply on a connection that stays open."""
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, rest = data.partition(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0], head
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    left = length - len(rest)
    while left > 0:
        left -= len(connection.recv(65_536))


def in_threads(count: int, work: Callable[[], None]) -> float:
    """Seconds until `count` threads have done it."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def as_fast_as_it_goes(server: Running, calls: int, connections: int = 8) -> tuple[float, float]:
    """Requests a second, and milliseconds of the server's CPU for each."""
    request = server.request("chat", 40)

    def work() -> None:
        with server.connect() as connection:
            for _ in range(calls // connections):
                whole(connection, request)

    cpu = server.cpu_s()
    seconds = in_threads(connections, work)
    return calls / seconds, (server.cpu_s() - cpu) / calls * 1000


def at_a_rate(server: Running, seconds: float, connections: int = 32) -> list[float]:
    """Milliseconds from when each request was due to its reply, RATE a second, in order."""
    request = server.request("chat", 40)
    numbers = itertools.count()
    total = int(seconds * RATE)
    late: list[float] = [0.0] * total
    began = time.perf_counter() + 0.2

    def work() -> None:
        with server.connect() as connection:
            while (number := next(numbers)) < total:
                due = began + number / RATE
                time.sleep(max(due - time.perf_counter(), 0))
                whole(connection, request)
                late[number] = (time.perf_counter() - due) * 1000

    in_threads(connections, work)
    return late


def streams_at_once(server: Running) -> tuple[float, float]:
    """Seconds of the slowest of STREAMS streams, and of the server's CPU for all of them."""
    request = server.request("chat_stream", WORDS)
    start = threading.Barrier(STREAMS)
    took: list[float] = []

    def work() -> None:
        with server.connect() as connection:
            start.wait(60)
            began = time.perf_counter()
            connection.sendall(request)
            end = b""
            while not end.endswith(b"\r\n0\r\n\r\n"):
                data = connection.recv(65_536)
                assert data, "a stream broke off"
                end = (end + data)[-16:]
            took.append(time.perf_counter() - began)

    cpu = server.cpu_s()
    in_threads(STREAMS, work)
    return max(took), server.cpu_s() - cpu


def memory(server: Running, calls: int) -> tuple[float, float]:
    """Megabytes when the record has filled, and after `calls` more requests."""
    as_fast_as_it_goes(server, 12_000)
    filled = server.megabytes()
    as_fast_as_it_goes(server, calls)
    return filled, server.megabytes()


def row(what: str, ours: float, bare: float, unit: str) -> None:
    print(f"{what:52}{ours:9.2f}{bare:9.2f} {unit:5}{ours / bare:7.2f}x")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the load that the sandbox carries.")
    parser.add_argument("--calls", type=int, default=24_000, help="for the memory (24,000)")
    parser.add_argument("--seconds", type=float, default=10, help=f"at {RATE} a second (10)")
    chosen = parser.parse_args()
    print(f"{'':52}{'sandbox':>9}{'bare':>9}")
    with running(SANDBOX) as ours, running(BARE) as bare:
        for server in (ours, bare):
            as_fast_as_it_goes(server, 800)
        # in turns, so that a busy machine is busy for both
        pairs = [(as_fast_as_it_goes(ours, 2400), as_fast_as_it_goes(bare, 2400)) for _ in range(5)]
        for index, what, unit in ((0, "chats a second, as fast as it goes", "/s"),
                                  (1, "server's CPU for one", "ms")):  # fmt: skip
            row(what, *(statistics.median(pair[side][index] for pair in pairs) for side in (0, 1)),
                unit)  # fmt: skip
        late = [at_a_rate(server, chosen.seconds) for server in (ours, bare)]
        part = len(late[0]) // 4
        # a queue that grows would show in the last one
        for what, choose in (("the first quarter", slice(part)), ("the last", slice(-part, None))):
            waits = [each[choose] for each in late]
            row(f"{RATE} a second: median wait in {what}",
                *map(statistics.median, waits), "ms")  # fmt: skip
            row(f"{RATE} a second: 99th percentile in {what}",
                *(statistics.quantiles(each, n=100)[98] for each in waits), "ms")  # fmt: skip
    with running(SANDBOX, PACE) as ours, running(BARE, PACE) as bare:
        turns = [(streams_at_once(ours), streams_at_once(bare)) for _ in range(3)]
        ideal = (WORDS + 2) / PACE
        for index, what in ((0, f"{STREAMS} streams of {ideal:.2f} s at once: the slowest"),
                            (1, f"{STREAMS} streams at once: server's CPU")):  # fmt: skip
            row(what, *(statistics.median(t[side][index] for t in turns) for side in (0, 1)), "s")
    with running(SANDBOX) as ours, running(BARE) as bare:
        filled, later = memory(ours, chosen.calls)
        bare_filled, bare_later = memory(bare, 12_000)
        row(f"memory after 12,000 chats and {chosen.calls:,} more, growth",
            later / filled, bare_later / bare_filled, "")  # fmt: skip
        print(f"{'':52}{later:9.1f}{bare_later:9.1f} MB")


if __name__ == "__main__":
    main()
