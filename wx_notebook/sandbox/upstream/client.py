"""A client of another server that speaks OpenAI's protocol: Ollama, llama.cpp, vLLM, LM Studio."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from wx_notebook.sandbox.http.messages import Document, encode_json, json_object
from wx_notebook.sandbox.upstream.connection import (
    KEY_VARIABLE,
    ConnectionFailure,
    Exchange,
    Head,
    parse_address,
)
from wx_notebook.sandbox.upstream.upstream_errors import UpstreamError, message_and_code, shorten

#: A model on a slow machine can take minutes before its first word.
UPSTREAM_TIMEOUT_S = 300.0
_LIST_TIMEOUT_S = 10.0
_LIST_IS_FRESH_S = 5.0
_MOST_BYTES = 64 * 1024 * 1024
_LONGEST_LINE = 8 * 1024 * 1024
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\n|$)")
_NOT_OPENAI = "it does not speak OpenAI's protocol"
#: Stands for `[DONE]` in a stream: the answer is complete.
DONE: Document = {}


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One model of the upstream's list; `context` is 0 if the list does not name it."""

    id: str
    owner: str = ""
    context: int = 0


class Upstream:
    """Asks one server. No key, token or header of a client of the sandbox goes there.

    Parameters
    ----------
    url
        Its base, with or without `/v1`; without a scheme it is http.
    timeout_s
        How long it may be silent before a prompt is given up.
    clock
        Seconds that never go backwards. The list of models is fetched anew after five of them.

    Attributes
    ----------
    url
        The base as people write it.

    Raises
    ------
    ValueError
        The URL is not one of a server.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = UPSTREAM_TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = parse_address(url)
        self.url = str(self._address)
        self._base: str | None = None
        self._timeout_s = timeout_s
        self._clock = clock
        self._models: tuple[ListedModel, ...] = ()
        self._listed_at = float("-inf")
        self._lock = asyncio.Lock()
        self._tls = ssl.create_default_context() if self._address.is_https else None

    async def models(self) -> tuple[ListedModel, ...]:
        """Return the models of the upstream; the list is at most five seconds old.

        Raises
        ------
        UpstreamError
            It sends no list, or not in OpenAI's form.
        """
        async with self._lock:
            if self._clock() - self._listed_at >= _LIST_IS_FRESH_S:
                self._models = await self._list()
                self._listed_at = self._clock()
            return self._models

    async def post(self, path: str, document: Mapping[str, object]) -> UpstreamReply:
        """POST `document` to `path`, such as `/chat/completions`; return the reply as it begins.

        Raises
        ------
        UpstreamError
            There is no reply, or its status is not 200.
        """
        if self._base is None:
            await self.models()  # finds out which base is right
        return await self._open("POST", f"{self._base}{path}", encode_json(document))

    def error(
        self, event: str, status: int | None = None, code: str = "", retry_after: str = ""
    ) -> UpstreamError:
        """Return the error in whose sentence `event` follows the name of the upstream."""
        message = f"The upstream at {self.url} {event}."
        return UpstreamError(message, status, code, retry_after)

    async def _list(self) -> tuple[ListedModel, ...]:
        first: UpstreamError | None = None
        for base in self._address.bases if self._base is None else (self._base,):
            try:
                reply = await self._open("GET", f"{base}/models")
                models = (await reply.document()).get("data")
            except UpstreamError as error:
                # the list may be at another path of the same server
                if error.status not in (404, 405) and error.code != "not_json":
                    raise
                first = first or error
                continue
            if isinstance(models, list):
                self._base = base
                return tuple(_listed_model(each) for each in models if _has_id(each))
        if first and first.code == "not_json":
            raise first
        event = "has no list of models at /v1/models" if first else "has a list of another form"
        raise self.error(f"{event}: {_NOT_OPENAI}")

    async def _open(self, method: str, path: str, body: bytes = b"") -> UpstreamReply:
        timeout_s = self._timeout_s if body else min(self._timeout_s, _LIST_TIMEOUT_S)
        exchange = Exchange(self._address, self._tls, timeout_s)
        try:
            head = await exchange.send(method, path, body)
            if head.status == 200:
                return UpstreamReply(self, exchange, head)
            # the body of an error is short
            is_redirect = 300 <= head.status < 400
            data = b"" if is_redirect else await exchange.body(_MOST_BYTES)
            error = self._status_error(head, data)
        except ConnectionFailure as failure:
            error = self.error(str(failure))
        except BaseException:
            exchange.close()
            raise
        exchange.close()
        raise error

    def _status_error(self, head: Head, data: bytes) -> UpstreamError:
        """Return the error that a reply with another status than 200 reports."""
        if 300 <= head.status < 400:
            location = shorten(head.headers.get("location", "another place"))
            return self.error(f"redirects to {location}. Name that URL instead")
        if head.status in (401, 403):
            has_key = bool(os.environ.get(KEY_VARIABLE))
            event = "refuses the key of" if has_key else "wants a key: start the sandbox with it in"
            return self.error(f"{event} {KEY_VARIABLE} (HTTP {head.status})", head.status)
        message, code = message_and_code((json_object(data) or {}).get("error"))
        if message:
            event = f"said: {message} (HTTP {head.status})"
        elif _is_page(data):
            event = f"answered HTTP {head.status} with a web page"
        else:
            event = f"answered HTTP {head.status}"
        return self.error(event, head.status, code, head.headers.get("retry-after", ""))


class UpstreamReply:
    """A reply 200 of the upstream, whose body is still to come."""

    def __init__(self, upstream: Upstream, exchange: Exchange, head: Head) -> None:
        self._upstream = upstream
        self._exchange = exchange
        self._head = head
        self.close = exchange.close

    @property
    def is_stream(self) -> bool:
        """Whether events come, and not the whole answer as one document."""
        return "event-stream" in self._head.headers.get("content-type", "").lower()

    async def document(self) -> Document:
        """Return the body as a JSON object, and close the connection.

        Raises
        ------
        UpstreamError
            It is not JSON, or not complete.
        """
        try:
            data = await self._exchange.body(_MOST_BYTES)
        except ConnectionFailure as failure:
            raise self._upstream.error(str(failure)) from None
        finally:
            self.close()
        document = json_object(data)
        if document is None:
            content = "a web page" if _is_page(data) else "something that is not JSON"
            raise self._upstream.error(f"answered with {content}: {_NOT_OPENAI}", code="not_json")
        return document

    async def events(self) -> AsyncIterator[Document]:
        """Yield the JSON object of each event, and `DONE` if the upstream sends it.

        Names, ids and comments have no meaning in OpenAI's protocol, and no server sends data in
        several lines. The connection has to be closed afterwards.

        Raises
        ------
        UpstreamError
            An event is not JSON, or the stream breaks off.
        """
        async for line in self._lines():
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                yield DONE
                return
            document = json_object(data)
            if document is None:
                raise self._upstream.error("sent an event that is not JSON")
            yield document

    async def _lines(self) -> AsyncIterator[bytes]:
        """Yield whole lines, which end in CR, LF or both, wherever the network splits them."""
        rest = b""
        try:
            async for piece in self._exchange.pieces():
                *lines, rest = _LINE_END.split(rest + piece)
                for line in lines:
                    yield line
                if len(rest) > _LONGEST_LINE:
                    raise self._upstream.error("sent a line of eight megabytes")
        except ConnectionFailure as failure:
            raise self._upstream.error(str(failure)) from None
        if rest.strip(b"\r"):
            yield rest.rstrip(b"\r")


def _has_id(model: object) -> bool:
    return isinstance(model, dict) and isinstance(model.get("id"), str) and bool(model["id"])


def _listed_model(model: Document) -> ListedModel:
    owner = model.get("owned_by")
    meta = model.get("meta")
    # vLLM's name for it, and llama.cpp's
    context = model.get("max_model_len") or (
        meta.get("n_ctx_train") if isinstance(meta, dict) else 0
    )
    return ListedModel(
        model["id"],
        owner if isinstance(owner, str) else "",
        context if isinstance(context, int) else 0,
    )


def _is_page(data: bytes) -> bool:
    return data.lstrip()[:1] == b"<"
