"""A server that says exactly the bytes it is told to, for what the sandbox cannot be."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import traceback
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.session import Session
from wx_notebook.transport import Timeouts, Transport

KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
TOKEN = "tOkEnCaNaRy.0123456789abcdefghijklmnop.QRSTUVWX"
PROJECT = "12345678-1234-4123-8123-123456789abc"
TOKEN_DOCUMENT = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
REASONS = {200: "OK", 307: "Temporary Redirect"}
CHAT = {
    "id": "chatcmpl-1",
    "model_id": "ibm/granite-4-h-small",
    "choices": [{"index": 0, "message": {"content": "Four."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 21, "completion_tokens": 3, "total_tokens": 24},
}


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; `raw` is every byte of it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    raw: bytes


def http(
    status: int = 200, body: bytes | str | object = b"", *, kind: str = "", **headers: str
) -> bytes:
    """A whole reply; a body that is neither bytes nor text is sent as JSON."""
    if isinstance(body, str):
        body, kind = body.encode(), kind or "text/html"
    elif not isinstance(body, bytes):
        body, kind = json.dumps(body).encode(), kind or "application/json"
    lines = [
        f"HTTP/1.1 {status} {REASONS.get(status, 'Said')}",
        f"Content-Type: {kind or 'application/octet-stream'}",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(*pieces: bytes, kind: str = "text/event-stream", end: bool = True) -> bytes:
    """A reply of status 200 in HTTP chunks."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return head.encode() + body + (b"0\r\n\r\n" if end else b"")


def events(*documents: object, name: str = "message") -> bytes:
    """Server-sent events as the service frames them."""
    return b"".join(
        f"id: {number}\nevent: {name}\ndata: {json.dumps(document)}\n\n".encode()
        for number, document in enumerate(documents, start=1)
    )


#: What answers a request: bytes, or a function that may do as it likes with the connection and
#: returns whether it stays open.
Says = bytes | Callable[[socket.socket, Seen], bool]


class Server:
    """HTTP/1.1 on a port of this machine, byte for byte as scripted.

    `says` answers in turn, the last one for ever; `paths` does so for the paths that begin so.
    """

    def __init__(
        self, *says: Says, tls: ssl.SSLContext | None = None, token: bool = True, port: int = 0
    ) -> None:
        self.paths: dict[str, list[Says]] = {"": list(says)}
        if token:
            self.on("/identity/token", http(200, TOKEN_DOCUMENT))
        self.seen: list[Seen] = []
        self.connections = 0
        #: the client closed in the middle of an answer; between two requests
        self.gone, self.left = threading.Event(), threading.Event()
        self.arrived = threading.Event()
        self.over = threading.Event()
        self._tls = tls
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def on(self, path: str, *says: Says) -> None:
        self.paths[path] = list(says)

    def of(self, path: str) -> list[Seen]:
        """The requests for this path that arrived."""
        return [request for request in self.seen if request.path.startswith(path)]

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            while (request := _read(connection)) is not None:
                with self._lock:
                    self.seen.append(request)
                    prefix = max((p for p in self.paths if request.path.startswith(p)), key=len)
                    queue = self.paths[prefix] or [http(404, {})]
                    says = queue.pop(0) if len(queue) > 1 else queue[0]
                self.arrived.set()
                if callable(says):
                    if not says(connection, request):
                        break
                    continue
                connection.sendall(says)
                whole = b"\r\nContent-Length" in says or says.endswith(b"\r\n0\r\n\r\n")
                if b"connection: close" in says.lower() or not whole:
                    break
            else:
                self.left.set()
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    # --- ways to go wrong, as `says` ------------------------------------------------------------

    def silent(self, first: bytes = b"") -> Says:
        """Says `first`, then nothing more; notes when the client has gone."""

        def say(connection: socket.socket, _: Seen) -> bool:
            connection.sendall(first)
            with contextlib.suppress(OSError):
                while connection.recv(1024):
                    pass
            self.gone.set()
            return False

        return say

    def drip(self, first: bytes, piece: bytes, every_s: float = 0.05) -> Says:
        """Says `first`, then `piece` again and again until the client has gone."""

        def say(connection: socket.socket, _: Seen) -> bool:
            with contextlib.suppress(OSError):
                connection.sendall(first)
                while not self.over.wait(every_s):
                    connection.sendall(piece)
            self.gone.set()
            return False

        return say

    @staticmethod
    def hang_up(first: bytes = b"") -> Says:
        """Says `first` and closes."""

        def say(connection: socket.socket, _: Seen) -> bool:
            connection.sendall(first)
            return False

        return say


def _read(connection: socket.socket) -> Seen | None:
    raw = b""
    while b"\r\n\r\n" not in raw:
        data = connection.recv(65_536)
        if not data:
            return None
        raw += data
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (ln.partition(":") for ln in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        data = connection.recv(65_536)
        if not data:
            return None
        raw, body = raw + data, body + data
    method, path, *_ = first.split(" ")
    return Seen(method, path, headers, body, raw)


class Proxy(Server):
    """A company's proxy: opens tunnels to whatever `leads_to`, and keeps every byte it carries."""

    def __init__(self, leads_to: Server | None = None, refuses: int = 0) -> None:
        super().__init__(self._connect, token=False)
        self.carried = b""
        self._leads_to, self._refuses = leads_to, refuses

    def _connect(self, connection: socket.socket, seen: Seen) -> bool:
        self.carried += seen.raw
        if self._leads_to is None:
            connection.sendall(http(self._refuses))
            return True
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", self._leads_to.port)) as onward:
            back = threading.Thread(target=self._carry, args=[onward, connection], daemon=True)
            back.start()
            self._carry(connection, onward)
            back.join(5)
        return False

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self.carried += data
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def connect(
    server: Server | str,
    *,
    key: str | Secret = KEY,
    timeouts: Timeouts | None = None,
    sleep: Callable[[float], None] = lambda seconds: None,
    ca_bundle: str | None = None,
    **given: str,
) -> Session:
    """A session whose three bases are this server, or a region."""
    where = {"region": server} if isinstance(server, str) else {"url": server.url}
    secret = key if isinstance(key, Secret) else Secret(key)
    transport = Transport(timeouts=timeouts, sleep=sleep, ca_bundle=ca_bundle)
    session = Session(
        ConnectionParams("arguments", secret, **({"project_id": PROJECT} | where | given)),
        transport=transport,
    )
    # several refusals would slow what follows; `service/test_rate_limit.py` has that
    session.state.service.limiter._refused = deque(maxlen=0)
    return session


def caught(call: Callable[[], object]) -> BaseException:
    """What `call` raises. Give it no secret to close over: a frame shows its names."""
    problem: BaseException | None = None
    try:
        call()
    except BaseException as error:  # noqa: BLE001
        problem = error
    assert problem is not None, "nothing was raised"
    return problem


def shown(problem: BaseException) -> str:
    """Everything that an error can show: to a person, a log, a debugger, another process."""
    trace = traceback.TracebackException.from_exception(problem, capture_locals=True)
    return "\n".join(
        [
            str(problem),
            repr(problem),
            repr(problem.args),
            repr(vars(problem)),
            *trace.format(),
            repr(pickle.dumps(problem)),
            *getattr(problem, "_render_traceback_", list)(),
        ]
    )


def held_by(thing: object, *, but: tuple[type, ...] = ()) -> list[str]:
    """Every text and bytes that `thing` holds, however deep, but for code and what is `but`."""
    code = (types.ModuleType, type, types.FrameType, types.CodeType)
    todo: list[object] = [thing]
    met: dict[int, object] = {}
    texts = []
    while todo:
        one = todo.pop()
        if id(one) in met or isinstance(one, (*code, *but)):
            continue
        met[id(one)] = one
        if isinstance(one, str):
            texts.append(one)
        elif isinstance(one, bytes | bytearray):
            texts.append(bytes(one).decode("latin-1"))
        elif isinstance(one, weakref.ref):
            todo.append(one())
        elif isinstance(one, types.FunctionType):
            todo.extend(cell.cell_contents for cell in one.__closure__ or ())
        else:
            todo.extend(gc.get_referents(one))
    return texts


class Pauses(list[float]):
    """Stands in for `time.sleep`: keeps what it was asked for and waits for nothing."""

    __call__ = list.append


@contextlib.contextmanager
def interrupt_when(met: threading.Event, after_s: float = 0.05) -> Iterator[None]:
    """Press Jupyter's interrupt button for the main thread, shortly after `met`."""

    def press() -> None:
        if met.wait(5) and not over.wait(after_s):
            os.kill(os.getpid(), signal.SIGINT)

    over = threading.Event()
    finger = threading.Thread(target=press, daemon=True)
    # a shell starts what runs in its background without this handler
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    finger.start()
    try:
        yield
    finally:
        over.set()
        finger.join(5)
        signal.signal(signal.SIGINT, before)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers: `serve(says, ...)`; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *says, **more: stack.enter_context(Server(*says, **more))


@dataclass(frozen=True)
class Authority:
    """A company's own certificate authority, and a server's certificate signed by it."""

    bundle: Path
    context: ssl.SSLContext


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Made with the openssl command, which is part of every system that has a CA bundle."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on PATH: apt-get install openssl")
    folder = tmp_path_factory.mktemp("authority")
    (folder / "extensions").write_text(
        "subjectAltName=IP:127.0.0.1,DNS:iam.cloud.ibm.com,DNS:us-south.ml.cloud.ibm.com\n"
    )
    new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for arguments in (
        [*new, "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=a company",
         "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign"],
        [*new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=a server"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
         "-CAcreateserial", "-extfile", "extensions", "-out", "server.pem"],
    ):  # fmt: skip
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return Authority(folder / "ca.pem", context)
