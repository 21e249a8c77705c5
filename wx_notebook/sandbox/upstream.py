"""Another server that speaks OpenAI's protocol: Ollama, llama.cpp, vLLM, LM Studio."""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from wx_notebook.sandbox.exchange import CONNECT_WITHIN_S, Broken, Exchange, Head, Sending
from wx_notebook.sandbox.trouble import Trouble
from wx_notebook.sandbox.upstream_url import address
from wx_notebook.sandbox.wire import WaitFor, encode, json_object, patiently

Document = dict[str, Any]

#: The environment variable with the key of the upstream, if it wants one.
KEY_VARIABLE = "WX_NOTEBOOK_UPSTREAM_KEY"
#: A model on a slow machine may think for minutes before its first word.
PATIENCE_S = 300.0
_LIST_PATIENCE_S = 10.0
_LIST_IS_FRESH_S = 5.0
_MOST_BYTES = 64 * 1024 * 1024
_LONGEST_QUOTE = 250
_NOT_OPENAI = "it does not speak OpenAI's protocol"


@dataclass(frozen=True, slots=True)
class Listed:
    """One model of the upstream's list; `context` is 0 where it does not say."""

    id: str
    owner: str = ""
    context: int = 0


class Upstream:
    """Asks one server. No key, token or header of a client of the sandbox goes there.

    Parameters
    ----------
    url
        Its base, with or without `/v1`; without a scheme it is http.
    patience_s
        How long it may be silent before a prompt is given up.
    clock
        Seconds that never go backwards; the list of models is asked for anew every five.

    Attributes
    ----------
    url
        The base as people write it.

    Raises
    ------
    ValueError
        That is no such URL.
    """

    def __init__(
        self,
        url: str,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address(url)
        self.url = str(self._address)
        self._base: str | None = None
        self._patience_s = patience_s
        self._clock = clock
        self._listed: tuple[Listed, ...] = ()
        self._listed_at = float("-inf")
        self._lock = threading.Lock()
        self._tls = ssl.create_default_context() if self._address.is_https else None

    def models(self) -> tuple[Listed, ...]:
        """Return what the upstream has, or had up to five seconds ago.

        Raises
        ------
        Trouble
            It does not say, or not as OpenAI does.
        """
        with self._lock:
            if self._clock() - self._listed_at >= _LIST_IS_FRESH_S:
                self._listed = self._list()
                self._listed_at = self._clock()
            return self._listed

    def open(self, path: str, document: Mapping[str, object], wait_for: WaitFor) -> Opened:
        """POST `document` to `path`, such as `/chat/completions`; return the reply that begins.

        Raises
        ------
        Trouble
            There is none, or it is not 200.
        """
        if self._base is None:
            self.models()  # tells which base is right
        body = encode(document)
        return Opened(self, self._exchange("POST", f"{self._base}{path}", body, wait_for))

    def told(self, what: str) -> str:
        """Return `what` the upstream did, as a sentence."""
        return f"The upstream at {self.url} {what}."

    def _list(self) -> tuple[Listed, ...]:
        first: Trouble | None = None
        for base in self._address.bases if self._base is None else (self._base,):
            try:
                opened = Opened(self, self._exchange("GET", f"{base}/models", None, patiently))
                models = opened.document().get("data")
            except Trouble as trouble:
                # at another path of the same server it may be there
                if trouble.status not in (404, 405) and trouble.code != "not_json":
                    raise
                first = first or trouble
                continue
            if isinstance(models, list):
                self._base = base
                return tuple(_listed(each) for each in models if _has_id(each))
        if first and first.code == "not_json":
            raise first
        what = "has no list of models at /v1/models" if first else "has a list of its own kind"
        raise Trouble(self.told(f"{what}: {_NOT_OPENAI}"))

    def _exchange(self, method: str, path: str, body: bytes | None, wait_for: WaitFor) -> Exchange:
        host, port = self._address.host, self._address.port
        connection: http.client.HTTPConnection
        if self._tls:
            connection = http.client.HTTPSConnection(
                host, port, timeout=CONNECT_WITHIN_S, context=self._tls
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=CONNECT_WITHIN_S)
        longest = self._patience_s if body else min(self._patience_s, _LIST_PATIENCE_S)
        return Exchange(connection, Sending(method, path, _headers, body), longest, wait_for)


class Opened:
    """A reply 200 of the upstream, of which the body is still to come.

    Raises
    ------
    Trouble
        There is no reply, or it is an error.
    """

    def __init__(self, upstream: Upstream, exchange: Exchange) -> None:
        self._upstream = upstream
        self._exchange = exchange
        self.close = exchange.close
        try:
            self._head = self._checked_head()
        except BaseException:
            self.close()
            raise

    @property
    def is_stream(self) -> bool:
        """Whether events come, and not the whole answer as one document."""
        return "event-stream" in self._head.headers.get("content-type", "").lower()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it comes, or Trouble; it has to be closed after that."""
        try:
            yield from self._exchange.pieces()
        except Broken as broken:
            self._give_up(broken)

    def document(self) -> Document:
        """Return the body as a JSON object, or Trouble."""
        try:
            data = self._exchange.body(_MOST_BYTES)
        except Broken as broken:
            self._give_up(broken)
        finally:
            self.close()
        document = json_object(data)
        if document is None:
            what = "a web page" if _is_page(data) else "something that is not JSON"
            message = self._upstream.told(f"answered with {what}: {_NOT_OPENAI}")
            raise Trouble(message, code="not_json")
        return document

    def _checked_head(self) -> Head:
        try:
            head = self._exchange.head()
            if head.status == 200:
                return head
            # the reason of an error is short
            data = b"" if 300 <= head.status < 400 else self._exchange.body(_MOST_BYTES)
        except Broken as broken:
            self._give_up(broken)
        raise trouble_of(self._upstream, head, data)

    def _give_up(self, broken: Broken) -> NoReturn:
        raise Trouble(self._upstream.told(str(broken))) from None


def trouble_of(upstream: Upstream, head: Head, data: bytes) -> Trouble:
    """Return the trouble that a reply with another status than 200 tells of."""
    if 300 <= head.status < 400:
        where = _quoted(head.headers.get("location", "another place"))
        return Trouble(upstream.told(f"sends its clients on to {where}; name that URL instead"))
    said, code = said_in((json_object(data) or {}).get("error"))
    if head.status in (401, 403):
        has_key = bool(os.environ.get(KEY_VARIABLE))
        what = "refuses the key of" if has_key else "wants a key: start the sandbox with it in"
        return Trouble(upstream.told(f"{what} {KEY_VARIABLE} (HTTP {head.status})"), head.status)
    if said:
        what = f"said: {said} (HTTP {head.status})"
    elif _is_page(data):
        what = f"answered HTTP {head.status} with a web page"
    else:
        what = f"answered HTTP {head.status}"
    return Trouble(upstream.told(what), head.status, code, head.headers.get("retry-after", ""))


def said_in(error: object) -> tuple[str, str]:
    """Return message and code of an `error` of OpenAI's, or of those who have only a text."""
    if isinstance(error, Mapping):
        code = error.get("code") if isinstance(error.get("code"), str) else error.get("type")
        return said_in(error.get("message"))[0], code if isinstance(code, str) else ""
    return (_quoted(error), "") if isinstance(error, str) else ("", "")


def _quoted(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    if os.environ.get(KEY_VARIABLE):
        # some repeat the key that they refuse
        line = line.replace(os.environ[KEY_VARIABLE], "<hidden>")
    return (
        line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE].rpartition(' ')[0]} ..."
    )


def _headers() -> dict[str, str]:
    headers = {
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "User-Agent": "wx-notebook-sandbox",
        "Connection": "close",
    }
    if os.environ.get(KEY_VARIABLE):
        headers["Authorization"] = f"Bearer {os.environ[KEY_VARIABLE].strip()}"
    return headers


def _has_id(model: object) -> bool:
    return isinstance(model, dict) and isinstance(model.get("id"), str) and bool(model["id"])


def _listed(model: Document) -> Listed:
    owner = model.get("owned_by")
    meta = model.get("meta")
    # vLLM's name for it, and llama.cpp's
    context = model.get("max_model_len") or (
        meta.get("n_ctx_train") if isinstance(meta, dict) else 0
    )
    return Listed(
        model["id"],
        owner if isinstance(owner, str) else "",
        context if isinstance(context, int) else 0,
    )


def _is_page(data: bytes) -> bool:
    return data.lstrip()[:1] == b"<"
