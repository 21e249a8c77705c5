"""Streams of an upstream as streams of watsonx.ai; each event is sent on as soon as it arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from wx_notebook.sandbox.http.messages import Document, Reply, encode_json, sse_event
from wx_notebook.sandbox.inference.gateway import as_gateway_error
from wx_notebook.sandbox.inference.reply_context import ReplyContext
from wx_notebook.sandbox.upstream.client import DONE
from wx_notebook.sandbox.upstream.translate_reply import (
    UPSTREAM_FINGERPRINT,
    ErrorMaker,
    finish_reason,
    index_of,
    new_call_id,
    object_in,
    objects_in,
    reasoning_in,
    stop_reason,
    text_in,
    text_of,
    usage_of,
)
from wx_notebook.sandbox.upstream.upstream_errors import (
    UpstreamError,
    error_event_data,
    message_and_code,
)

Chunks = AsyncIterator[Document]


class _Progress:
    """How far a stream has come: its text, whether it is complete, its usage."""

    def __init__(self, context: ReplyContext, error: ErrorMaker) -> None:
        self._context = context
        self._error = error
        self._texts: list[str] = []
        self._usage: object = None
        self._is_complete = False

    async def choices(self, chunks: Chunks) -> AsyncIterator[Document]:
        """Yield the choices of all chunks.

        Raises
        ------
        UpstreamError
            The upstream failed, or stopped before the answer was complete.
        """
        try:
            async for chunk in chunks:
                if chunk is DONE:
                    self._is_complete = True
                    continue
                if chunk.get("error"):
                    message, code = message_and_code(chunk["error"])
                    event = f"stopped and said: {message}" if message else "stopped with an error"
                    raise self._error(event, code=code)
                self._usage = chunk.get("usage") or self._usage
                for choice in objects_in(chunk, "choices"):
                    self._is_complete |= finish_reason(choice) is not None
                    yield choice
        except UpstreamError:
            # after the last text only the usage can be missing, and the sandbox can count it
            if not self._is_complete:
                raise
        if not self._is_complete:
            raise self._error("ended its stream before the answer was complete")

    def add(self, text: str) -> int:
        """Count `text` as written, and return the number of texts so far."""
        self._texts.append(text)
        return len(self._texts)

    def usage(self) -> Document:
        """Return the usage, as reported or as counted."""
        return usage_of(self._usage, self._context.prompt, "".join(self._texts))


async def chat_events(
    chunks: Chunks, context: ReplyContext, error: ErrorMaker
) -> AsyncIterator[bytes]:
    """Yield the events of `text/chat_stream`."""
    number = 1
    progress = _Progress(context, error)
    ids: dict[tuple[int, int], str] = {}

    def chunk(choices: list[Document], **more: object) -> bytes:
        document = context.chat_document("chat.completion.chunk", choices, **more)
        return sse_event(number, encode_json(document))

    for index in range(context.prompt.count):
        number = index + 1
        first = {"index": index, "finish_reason": None}
        begin: Document = {"role": "assistant", "content": ""}
        more = {} if index else {"system": {"warnings": context.warnings}}
        yield chunk([{**first, "delta": begin}], **more)
    try:
        async for choice in progress.choices(chunks):
            delta = _delta(choice, ids, progress)
            reason = finish_reason(choice)
            if delta or reason:
                number += 1
                index = index_of(choice)
                delta = delta or {"content": ""}
                one = {"index": index, "finish_reason": reason, "delta": delta}
                if choice.get("logprobs") is not None:
                    one["logprobs"] = choice["logprobs"]
                yield chunk([one])
    except UpstreamError as upstream_error:
        yield sse_event(number + 1, error_event_data(upstream_error), "error")
        return
    number += 1
    yield chunk([], usage=progress.usage())


def _delta(
    choice: Mapping[str, Any], ids: dict[tuple[int, int], str], progress: _Progress
) -> Document:
    theirs = object_in(choice, "delta")
    delta: Document = {}
    if reasoning := reasoning_in(theirs):
        delta["reasoning_content"] = reasoning
    if content := text_in(theirs, "content"):
        delta["content"] = content
    calls = [_call(each, choice, ids) for each in objects_in(theirs, "tool_calls")]
    if calls:
        delta["tool_calls"] = calls
    if delta:
        arguments = "".join(call["function"]["arguments"] for call in calls)
        progress.add(reasoning + content + arguments)
    return delta


def _call(
    call: Mapping[str, Any], choice: Mapping[str, Any], ids: dict[tuple[int, int], str]
) -> Document:
    index = index_of(call)
    function = object_in(call, "function")
    begin: Document = {}
    key = (index_of(choice), index)
    if key not in ids:
        ids[key] = text_in(call, "id") or new_call_id()
        begin = {"id": ids[key]}
    name, arguments = text_in(function, "name"), text_in(function, "arguments")
    # a continuation repeats the type and leaves the name empty (IBM's Java SDK fixtures)
    return {
        "index": index,
        **begin,
        "type": "function",
        "function": {"name": name if begin else "", "arguments": arguments},
    }


async def generation_events(
    chunks: Chunks, context: ReplyContext, error: ErrorMaker
) -> AsyncIterator[bytes]:
    """Yield the events of `text/generation_stream`."""
    progress = _Progress(context, error)
    number = 1
    system = {"warnings": context.warnings}
    first = context.generation_document("", 0, 0, "not_finished", system=system)
    yield sse_event(number, encode_json(first))
    reason = "eos_token"
    try:
        async for choice in progress.choices(chunks):
            if (stopped := stop_reason(choice)) != "not_finished":
                reason = stopped
            if text := text_of(choice):
                number += 1
                written = progress.add(text)
                document = context.generation_document(text, written, 0, "not_finished")
                yield sse_event(number, encode_json(document))
    except UpstreamError as upstream_error:
        yield sse_event(number + 1, error_event_data(upstream_error), "error")
        return
    # the reason comes last, since the counts beside it arrive after the last text
    usage = progress.usage()
    counts = usage["completion_tokens"], usage["prompt_tokens"]
    yield sse_event(number + 1, encode_json(context.generation_document("", *counts, reason)))


async def gateway_events(
    chunks: Chunks,
    context: ReplyContext,
    error: ErrorMaker,
    *,
    is_chat: bool,
    with_usage: bool,
) -> AsyncIterator[bytes]:
    """Yield the events of the gateway: OpenAI's own, with the differences of the gateway."""
    progress = _Progress(context, error)
    kind = "chat.completion.chunk" if is_chat else "text_completion"

    def chunk(choice: Document, **more: object) -> bytes:
        document = context.gateway_document(kind, [choice], UPSTREAM_FINGERPRINT, **more)
        return b"data: %s\n\n" % encode_json(document)

    reasons = {0: "stop"}
    empty: Document = {"delta": {}} if is_chat else {"text": ""}
    try:
        async for choice in progress.choices(chunks):
            index = index_of(choice)
            changed = {**choice} if is_chat else {"text": text_of(choice)}
            progress.add(text_of(choice))
            if reason := finish_reason(choice):
                reasons[index] = reason
            if is_chat or changed["text"]:
                # "" and not null until the end (recorded)
                yield chunk({**changed, "index": index, "finish_reason": ""}, usage=None)
    except UpstreamError as upstream_error:
        reply = as_gateway_error(Reply(500, error_event_data(upstream_error)))
        yield b"data: %s\n\n" % reply.body
        return
    for index, reason in sorted(reasons.items()):
        yield chunk({"index": index, "finish_reason": reason, **empty}, usage=None)
    if with_usage:
        yield chunk({"index": 0, "finish_reason": "", **empty}, usage=progress.usage())
    yield b"data: [DONE]\n\n"
