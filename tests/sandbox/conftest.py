"""A running sandbox, a clock to move, and a client that knows nothing of wx_notebook."""

from __future__ import annotations

import base64
import json
import socket
import uuid
from urllib.parse import urlsplit

import pytest
import requests

from wx_notebook.sandbox import Sandbox

VERSION = "2026-10-14"
MODEL = "ibm/granite-4-h-small"
GRANT = "urn:ibm:params:oauth:grant-type:apikey"


class Clock:
    """Seconds that stand still until a test moves them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """Plain HTTP to one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = requests.Session()
        self.http.trust_env = False
        self.token = ""

    def exchange(self, key: str | None = None, **more: str) -> requests.Response:
        form = {"grant_type": GRANT, "apikey": key or self.sandbox.api_key, **more}
        return self.http.post(f"{self.sandbox.url}/identity/token", data=form, timeout=10)

    def sign_in(self) -> str:
        self.token = self.exchange().json()["access_token"]
        return self.token

    def get(self, path: str, *, auth: bool = True, **query: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token or self.sign_in()}"} if auth else {}
        url = self.sandbox.url + path
        return self.http.get(url, params=query, headers=headers, timeout=10)

    def post(
        self, path: str, body: object, *, version: str | None = VERSION, stream: bool = False
    ) -> requests.Response:
        token = self.token or self.sign_in()
        return self.http.post(
            self.sandbox.url + path,
            params={"version": version} if version is not None else {},
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            stream=stream,
            timeout=10,
            allow_redirects=False,
        )

    def chat_body(self, prompt: str = "hello", **more: object) -> dict[str, object]:
        messages = [{"role": "user", "content": prompt}]
        body = {"model_id": MODEL, "project_id": self.sandbox.project_id, "messages": messages}
        return {name: value for name, value in {**body, **more}.items() if value is not ...}

    def generation_body(self, prompt: str = "hello", **more: object) -> dict[str, object]:
        body = {"model_id": MODEL, "project_id": self.sandbox.project_id, "input": prompt}
        return {name: value for name, value in {**body, **more}.items() if value is not ...}

    def chat(self, prompt: str = "hello", **more: object) -> requests.Response:
        return self.post("/ml/v1/text/chat", self.chat_body(prompt, **more))

    def generate(self, prompt: str = "hello", **parameters: object) -> requests.Response:
        body = self.generation_body(prompt, parameters=parameters)
        return self.post("/ml/v1/text/generation", body)

    def stream(self, prompt: str = "hello", **more: object) -> requests.Response:
        body = self.chat_body(prompt, **more)
        return self.post("/ml/v1/text/chat_stream", body, stream=True)

    def stream_generation(self, prompt: str = "hello", **parameters: object) -> requests.Response:
        body = self.generation_body(prompt, parameters=parameters)
        return self.post("/ml/v1/text/generation_stream", body, stream=True)

    def connect(self) -> socket.socket:
        address = urlsplit(self.sandbox.url)
        return socket.create_connection((address.hostname, address.port), timeout=10)

    def raw_prompt(self, body: dict[str, object], path: str = "/ml/v1/text/chat_stream") -> bytes:
        """The bytes of a request for a prompt, on a connection that closes afterwards."""
        data = json.dumps(body).encode()
        return (
            f"POST {path}?version={VERSION} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n"
            f"Authorization: Bearer {self.token or self.sign_in()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        ).encode() + data

    def raw(self, request: bytes) -> bytes:
        """All bytes that come back for `request`."""
        with self.connect() as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sandbox(clock):
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def client(sandbox):
    return Client(sandbox)


@pytest.fixture
def client_of():
    """Makes a client of a sandbox that the test started itself."""
    return Client


@pytest.fixture
def events_of():
    """Splits a body into events, each a dict of its three lines with the data parsed."""

    def split(body: bytes) -> list[dict[str, object]]:
        events = []
        for block in body.decode().removesuffix("\n\n").split("\n\n"):
            event = dict(line.split(": ", 1) for line in block.split("\n"))
            events.append({**event, "data": json.loads(event["data"])})
        return events

    return split


@pytest.fixture
def code_of():
    """Returns HTTP status and code of a refusal, after a look at its shape."""

    def look(reply: requests.Response) -> tuple[int, str]:
        document = reply.json()
        assert set(document) == {"errors", "trace", "status_code"}
        assert len(document["trace"]) == 32
        assert int(document["trace"], 16) >= 0
        assert document["status_code"] == reply.status_code
        (error,) = document["errors"]
        assert error["message"]
        assert error["more_info"].startswith("https://cloud.ibm.com/apidocs/watsonx-ai")
        return reply.status_code, error["code"]

    return look


@pytest.fixture
def claims_of():
    """Returns what a JWT says of its bearer."""

    def read(token: str) -> dict[str, object]:
        _, claims, _ = token.split(".")
        return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))

    return read


@pytest.fixture
def other_uuid():
    return str(uuid.uuid4())
