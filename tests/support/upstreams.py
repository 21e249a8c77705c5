"""A server that speaks OpenAI's protocol, with its faults, for tests of `--upstream`."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


@dataclass
class Asked:
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)


class Handler(BaseHTTPRequestHandler):
    """Answers as the server it belongs to is told."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: UpstreamServer

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        self._record({})
        base = self.server.base
        if self.path == f"{base}/models" and self.server.models is not None:
            listed = [m if isinstance(m, dict) else {"id": m, "object": "model", "owned_by": "us"}
                      for m in self.server.models]  # fmt: skip
            self.json({"object": "list", "data": listed})
        elif self.server.page is not None:
            self.whole(200, self.server.page, "text/html")
        else:
            self.json({"error": {"message": "404 page not found"}}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._record(body)
        if self.path not in (f"{self.server.base}/chat/completions",
                             f"{self.server.base}/completions"):  # fmt: skip
            self.json({"error": {"message": "404 page not found"}}, 404)
            return
        self.server.behave(self, body)

    def _record(self, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers, body))

    def json(self, document: object, status: int = 200, **headers: str) -> None:
        self.whole(status, json.dumps(document).encode(), "application/json", **headers)

    def whole(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self) -> None:
        """The head of a stream."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def raw(self, data: bytes) -> None:
        """One HTTP chunk."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def event(self, document: object) -> None:
        self.raw(f"data: {json.dumps(document)}\n\n".encode())

    def end(self) -> None:
        self.raw(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Close without the last chunk."""
        self.close_connection = True

    def reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def wait_until_gone(self) -> None:
        """Wait until the other side has ended the connection, and tell."""
        self.connection.settimeout(20)
        if not self.connection.recv(1):
            self.server.client_gone.set()
        self.close_connection = True


def answers(text: str = "Hello there!") -> Callable[[Handler, dict[str, Any]], None]:
    """As a server does that works: whole or in pieces of a word, in a chat or not."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        is_chat = "messages" in body
        words = [f"{word} " for word in text.split(" ")]
        words[-1] = words[-1].rstrip()
        if not body.get("stream"):
            said = {"message": {"role": "assistant", "content": text}} if is_chat else {
                "text": text}  # fmt: skip
            handler.json({"id": "u-1", "object": "x", "model": body["model"], "usage": USAGE,
                          "choices": [{"index": 0, "finish_reason": "stop", **said}]})  # fmt: skip
            return
        handler.begin()
        for word in words:
            said = {"delta": {"content": word}} if is_chat else {"text": word}
            handler.event({"choices": [{"index": 0, "finish_reason": None, **said}]})
        said = {"delta": {}} if is_chat else {"text": ""}
        handler.event({"choices": [{"index": 0, "finish_reason": "stop", **said}]})
        if body.get("stream_options", {}).get("include_usage"):
            handler.event({"choices": [], "usage": USAGE})
        handler.end()

    return behave


def refuses(status: int, error: object, **headers: str):
    """As a server does that answers with an error; a text is a page."""

    def behave(handler: Handler, _body: dict[str, Any]) -> None:
        if isinstance(error, str):
            handler.whole(status, error.encode(), "text/html", **headers)
        else:
            handler.json(error, status, **headers)

    return behave


class UpstreamServer(ThreadingHTTPServer):
    """Serves on the loopback until the end of a `with`.

    Attributes
    ----------
    behave
        What answers a prompt.
    asked
        What came in, oldest first.
    client_gone
        Set when a client left in the middle.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, models: Iterable[Any] | None = ("granite4:tiny-h",), base: str = "/v1"):
        super().__init__(("127.0.0.1", 0), Handler)
        self.models = None if models is None else list(models)
        self.base = base
        self.page: bytes | None = None
        self.behave = answers()
        self.asked: list[Asked] = []
        self.client_gone = threading.Event()
        # what a behaviour waits for, and lets a test go on
        self.go_on = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def prompts(self) -> list[Asked]:
        return [each for each in self.asked if each.method == "POST"]

    def handle_error(self, *_: object) -> None:
        """Print nothing: clients leave, with or without a reset."""
        if isinstance(sys.exception(), ConnectionError):
            self.client_gone.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self.shutdown()
        self.server_close()
