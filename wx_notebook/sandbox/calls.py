"""The record of what reached the sandbox, without the secrets in it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from wx_notebook.sandbox.faults import MODEL_CALLS
from wx_notebook.sandbox.kept_replies import KeptReplies
from wx_notebook.sandbox.wire import Request

HIDDEN = "<hidden>"
#: The record forgets its oldest calls beyond these: a sandbox may run for days.
MOST_CALLS = 10_000
MOST_BODY_BYTES = 64 * 1024 * 1024

_SECRET_FIELD = re.compile(rb"(?i)(^|&)((?:apikey|api_key|password|access_token)=)[^&]*")
#: So many characters of a secret are no chance any more.
_ENOUGH = 12
_SECRET_HEADERS = frozenset({"iam-token", "cookie", "proxy-authorization", "x-api-key"})
_SECRET_QUERY = frozenset({"apikey", "api_key", "password", "access_token"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request that reached the sandbox, as far as it has come.

    Attributes
    ----------
    kind
        What was asked for: `token`, `chat`, `chat_stream`, `generation`, `generation_stream`,
        the same four after `deployment_`, `embeddings`, `rerank`, `tokenization`, `gateway_chat`,
        `gateway_completion`, `gateway_embeddings`, `gateway_models`, `models`, `deployment`,
        `deployments`, `project`, `projects`, `space`, `spaces`, `root` or `other`; at a cluster
        also `validate` and `version`.
    query
        The first value of each key; `<hidden>` where it is a secret.
    headers
        Names in lower case; of `authorization` only the scheme is left.
    body
        As it came, except that a key or password in it reads `<hidden>`.
    status
        None while no reply has begun, and for ever if none did.
    client_gone
        The client closed the connection before its reply was complete.
    seconds
        From the request's last byte to the reply's last byte; None until then.
    at
        Epoch seconds of its arrival.
    """

    kind: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    status: int | None = None
    client_gone: bool = False
    seconds: float | None = None
    at: float = 0.0

    @property
    def body_json(self) -> Any:  # noqa: ANN401  # JSON
        """The body, parsed; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class CallLog:
    """What reached the sandbox, in order of arrival; made for many threads.

    `secrets` returns what it must not remember.
    """

    def __init__(self, secrets: Callable[[], Collection[str]]) -> None:
        self._secrets = secrets
        self._calls: dict[int, Call] = {}
        self._started: dict[int, float] = {}
        self._counts: Counter[str] = Counter()
        self._arrived = 0
        self._body_bytes = 0
        self._replies = KeptReplies()
        self._changed = threading.Condition()

    def open(self, kind: str, request: Request, *, signs_in: bool) -> int:
        """Record `request` and return its number; in one that signs in anything may be a secret."""
        call = Call(
            kind,
            request.method,
            self.clean(request.path),
            {name: self._parameter(name, value) for name, value in request.query.items()},
            {name: self._header(name, value) for name, value in request.headers.items()},
            self._body(request.body, signs_in),
            at=time.time(),
        )
        with self._changed:
            self._arrived += 1
            number = self._arrived
            self._calls[number] = call
            self._started[number] = time.monotonic()
            self._counts[kind] += 1
            self._replies.open(number)
            self._body_bytes += len(call.body)
            while len(self._calls) > MOST_CALLS or (
                self._body_bytes > MOST_BODY_BYTES and len(self._calls) > 1
            ):
                oldest = next(iter(self._calls))
                self._body_bytes -= len(self._calls.pop(oldest).body)
            self._changed.notify_all()
        return number

    def status(self, number: int, status: int) -> None:
        """Record the status with which the reply begins."""
        with self._changed:
            if number in self._calls:
                self._calls[number] = replace(self._calls[number], status=status)
                self._changed.notify_all()

    def sent(self, number: int, data: bytes) -> None:
        """Keep what is sent in answer to a prompt, and refusals; lists and tokens are not kept."""
        call = self._calls.get(number)
        if call and (call.kind in MODEL_CALLS or (call.status or 0) >= 400):
            self._replies.add(number, data)

    def latest(self, most: int) -> list[tuple[int, Call, bytes]]:
        """Return number, call and kept reply of the last calls, newest first.

        A key that a prompt held can be in the reply in pieces: whoever shows it puts them together,
        and asks `clean`.
        """
        with self._changed:
            last = list(islice(reversed(self._calls.items()), most))
        return [(number, call, self._replies.of(number)) for number, call in last]

    def close(self, number: int, *, client_gone: bool) -> None:
        """Record that nothing more will be sent."""
        with self._changed:
            seconds = time.monotonic() - self._started.pop(number)
            if number in self._calls:
                self._calls[number] = replace(
                    self._calls[number], client_gone=client_gone, seconds=seconds
                )
                self._changed.notify_all()

    def counts(self) -> Counter[str]:
        """How many requests of each kind have arrived; kinds that never came are not in it."""
        with self._changed:
            return Counter(self._counts)

    def calls(self) -> list[Call]:
        """Return the recorded calls as they stand now, oldest first."""
        with self._changed:
            return list(self._calls.values())

    def wait_for(self, satisfied: Callable[[Call], bool], timeout_s: float) -> Call:
        """Return the first recorded call that satisfies, as soon as there is one.

        Raises
        ------
        TimeoutError
            None did within `timeout_s` seconds.
        """
        found: list[Call] = []

        def look() -> bool:
            found[:] = [call for call in self._calls.values() if satisfied(call)][:1]
            return bool(found)

        with self._changed:
            if self._changed.wait_for(look, timeout_s):
                return found[0]
            seen = ", ".join(f"{kind} {n}" for kind, n in self._counts.items()) or "nothing"
        msg = f"no recorded call satisfied within {timeout_s:g} s; the sandbox saw: {seen}"
        raise TimeoutError(msg)

    def clean(self, text: str) -> str:
        """Return `text` without the secrets of the account."""
        for secret in self._secrets():
            text = text.replace(secret, HIDDEN)
        return text

    def conceal(self, text: str) -> str:
        """Return `text`, which somebody wrote about a prompt, without the secrets in it.

        It may quote them as Markdown, with backslashes, and may break off in their middle.
        """
        for secret in self._secrets():
            beginning = r"\\?".join(map(re.escape, secret[:_ENOUGH]))
            text = re.sub(beginning + r"[^\s\"'<>“”]*", HIDDEN, text)
        return text

    def _parameter(self, name: str, value: str) -> str:
        return HIDDEN if name.lower() in _SECRET_QUERY else self.clean(value)

    def _header(self, name: str, value: str) -> str:
        if name == "authorization":
            scheme, _, rest = value.partition(" ")
            return f"{scheme} {HIDDEN}" if rest else HIDDEN
        return HIDDEN if name in _SECRET_HEADERS else self.clean(value)

    def _body(self, body: bytes, signs_in: bool) -> bytes:
        for secret in self._secrets():
            body = body.replace(secret.encode(), HIDDEN.encode())
        if not signs_in:
            return body
        # whoever mistakes the sandbox for the cloud sends a key that is not ours
        form, hits = _SECRET_FIELD.subn(rb"\1\2" + HIDDEN.encode(), body)
        return form if hits or b"grant_type=" in body else HIDDEN.encode() * bool(body)
