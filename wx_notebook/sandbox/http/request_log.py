"""The log of what reached the sandbox and what it replied, without the secrets in it."""

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

from wx_notebook.sandbox.http.concealment import (
    HIDDEN,
    conceal_body,
    conceal_header,
    conceal_parameter,
    conceal_path,
    conceal_random,
    secret_forms,
)
from wx_notebook.sandbox.http.faults import MODEL_CALLS
from wx_notebook.sandbox.http.messages import Request

#: The log drops its oldest calls beyond these limits: a sandbox may run for days.
MOST_CALLS = 10_000
MOST_BODY_BYTES = 64 * 1024 * 1024
#: The same for replies: how many are kept, the bytes of one, and the bytes of all.
MOST_REPLIES = 200
MOST_REPLY_BYTES = 512 * 1024
MOST_REPLIES_BYTES = 16 * 1024 * 1024

#: So many characters of a secret do not stand in a text by chance.
_TELLING_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Call:
    """One request that reached the sandbox, and what has become of it so far.

    Attributes
    ----------
    kind
        What the client asked for: `token`, `chat`, `chat_stream`, `generation`,
        `generation_stream`, the same four after `deployment_`, `embeddings`, `rerank`,
        `tokenization`, `gateway_chat`, `gateway_completion`, `gateway_embeddings`,
        `gateway_models`, `models`, `deployment`, `deployments`, `project`, `projects`, `space`,
        `spaces`, `files`, `file`, `file_content`, `batches`, `batch`, `batch_cancel`, `root` or
        `other`; at a cluster also `validate` and `version`.
    query
        The first value of each key; `<hidden>` for a secret.
    headers
        Names in lower case; `<hidden>` for a secret. Of `authorization` only the scheme is kept.
    body
        As it came, except that a key, token or password in it reads `<hidden>`.
    status
        None until a reply begins; it stays None if none did.
    client_gone
        The client closed the connection before its reply was complete.
    seconds
        From the last byte of the request to the last byte of the reply; None until then.
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
        """The parsed body; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class ReplyLog:
    """The beginning of each of the last replies, by the number of its call; safe for threads."""

    def __init__(self) -> None:
        self._replies: dict[int, bytearray] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def open(self, number: int) -> None:
        """Begin the reply of a call; numbers rise."""
        with self._lock:
            self._replies[number] = bytearray()
            self._drop_oldest()

    def add(self, number: int, data: bytes) -> None:
        """Append `data` to a reply, unless that was dropped."""
        with self._lock:
            reply = self._replies.get(number)
            if reply is None:
                return
            part = data[: max(MOST_REPLY_BYTES - len(reply), 0)]
            reply += part
            self._bytes += len(part)
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        while len(self._replies) > MOST_REPLIES or (
            self._bytes > MOST_REPLIES_BYTES and len(self._replies) > 1
        ):
            self._bytes -= len(self._replies.pop(next(iter(self._replies))))

    def reply(self, number: int) -> bytes:
        """Return the reply of this call as far as it is kept, b"" without one."""
        with self._lock:
            return bytes(self._replies.get(number, b""))


class RequestLog:
    """What reached the sandbox, in order of arrival; safe for threads.

    `secrets` returns the texts that the log must not contain.
    """

    def __init__(self, secrets: Callable[[], Collection[str]]) -> None:
        self._secrets = secrets
        self._calls: dict[int, Call] = {}
        self._started: dict[int, float] = {}
        self._counts: Counter[str] = Counter()
        self._arrived = 0
        self._body_bytes = 0
        self._replies = ReplyLog()
        self._changed = threading.Condition()

    def open(self, kind: str, request: Request, *, signs_in: bool) -> int:
        """Record `request` and return its number; a sign-in may hold a secret anywhere."""
        call = Call(
            kind,
            request.method,
            self.mask(conceal_path(request.path)),
            {
                self.mask(conceal_random(name)): self.mask(conceal_parameter(name, value))
                for name, value in request.query.items()
            },
            {
                name: self.mask(conceal_header(name, value))
                for name, value in request.headers.items()
            },
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

    def set_status(self, number: int, status: int) -> None:
        """Record the status with which the reply begins."""
        self._update(number, status=status)

    def add_reply(self, number: int, data: bytes) -> None:
        """Keep `data` of the reply to a prompt or of an error; lists and tokens are not kept."""
        call = self._calls.get(number)
        if call and (call.kind in MODEL_CALLS or (call.status or 0) >= 400):
            self._replies.add(number, data)

    def close(self, number: int, *, client_gone: bool) -> None:
        """Record that nothing more will be sent."""
        with self._changed:
            seconds = time.monotonic() - self._started.pop(number)
        self._update(number, client_gone=client_gone, seconds=seconds)

    def _update(self, number: int, **changes: Any) -> None:  # noqa: ANN401  # fields of a Call
        with self._changed:
            if number in self._calls:
                self._calls[number] = replace(self._calls[number], **changes)
                self._changed.notify_all()

    def latest(self, most: int) -> list[tuple[int, Call, bytes]]:
        """Return number, call and kept reply of the last calls, newest first.

        A key from a prompt can be in the reply in pieces. Before it is shown, the pieces have to
        be joined and passed through `mask_quotes`.
        """
        with self._changed:
            last = list(islice(reversed(self._calls.items()), most))
        return [(number, call, self._replies.reply(number)) for number, call in last]

    def counts(self) -> Counter[str]:
        """Return how many requests of each kind have arrived, without kinds that never came."""
        with self._changed:
            return Counter(self._counts)

    def calls(self) -> list[Call]:
        """Return the recorded calls as they are now, oldest first."""
        with self._changed:
            return list(self._calls.values())

    def wait_for(self, condition: Callable[[Call], bool], timeout_s: float) -> Call:
        """Return the first recorded call that meets `condition`, as soon as there is one.

        Raises
        ------
        TimeoutError
            None did within `timeout_s` seconds.
        """
        matches: list[Call] = []

        def has_match() -> bool:
            matches[:] = [call for call in self._calls.values() if condition(call)][:1]
            return bool(matches)

        with self._changed:
            if self._changed.wait_for(has_match, timeout_s):
                return matches[0]
            seen = ", ".join(f"{kind} {n}" for kind, n in self._counts.items()) or "nothing"
        msg = f"No recorded call met the condition within {timeout_s:g} s. The sandbox saw: {seen}"
        raise TimeoutError(msg)

    def mask(self, text: str) -> str:
        """Return `text` without the secrets of the account."""
        for secret in self._secrets():
            for form in secret_forms(secret):
                text = text.replace(form, HIDDEN)
        return text

    def mask_quotes(self, text: str) -> str:
        """Return `text`, which quotes a prompt, without the secrets in it.

        A quote can contain the backslashes of Markdown, and can break off within a secret.
        """
        for secret in self._secrets():
            beginning = r"\\?".join(map(re.escape, secret[:_TELLING_LENGTH]))
            text = re.sub(beginning + r"[^\s\"'<>“”]*", HIDDEN, text)
        return text

    def _body(self, body: bytes, signs_in: bool) -> bytes:
        for secret in self._secrets():
            for form in secret_forms(secret):
                body = body.replace(form.encode(), HIDDEN.encode())
        concealed = conceal_body(body)
        if not signs_in or b"grant_type=" in body:
            return concealed
        # a client that takes the sandbox for the cloud sends a key in an unknown way
        return concealed if b"=" in body and concealed != body else HIDDEN.encode() * bool(body)
