"""Whole replies of an upstream as watsonx.ai writes them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from wx_notebook.sandbox.http.messages import Document
from wx_notebook.sandbox.inference.prompts import Prompt
from wx_notebook.sandbox.inference.reply_context import ReplyContext, usage_document
from wx_notebook.sandbox.inference.text_measures import count_tokens
from wx_notebook.sandbox.upstream.upstream_errors import UpstreamError

#: Makes an error from what the upstream did, as in `Upstream.error`.
ErrorMaker = Callable[..., UpstreamError]

UPSTREAM_FINGERPRINT = "wx_notebook-sandbox-upstream"
_FINISH_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "cancelled",
    "abort": "cancelled",
}
_STOP_REASONS = {"stop": "eos_token", "length": "max_tokens", "tool_calls": "eos_token"}


def objects_in(part: Mapping[str, Any], name: str) -> list[Document]:
    """Return the objects in the list `name` of a document, such as its choices or tool calls."""
    items = part.get(name)
    return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []


def object_in(part: Mapping[str, Any], name: str) -> Document:
    """Return the object `name` of a document, or {}."""
    value = part.get(name)
    return value if isinstance(value, dict) else {}


def text_in(part: Mapping[str, Any], *names: str) -> str:
    """Return the first text among these fields, "" without one."""
    return next((part[name] for name in names if isinstance(part.get(name), str)), "")


def index_of(part: Mapping[str, Any]) -> int:
    """Return which of several choices or calls this is."""
    index = part.get("index")
    return index if isinstance(index, int) else 0


def reasoning_in(message: Mapping[str, Any]) -> str:
    """Return the reasoning of a message: `reasoning` at Ollama and newer vLLM."""
    return text_in(message, "reasoning_content", "reasoning")


def new_call_id() -> str:
    """Return an id for a tool call of an upstream that sends none."""
    return f"call_{uuid.uuid4().hex[:24]}"


def finish_reason(choice: Mapping[str, Any]) -> str | None:
    """Return why an answer ends, in the words of a chat; None before its end."""
    reason = choice.get("finish_reason")
    if not isinstance(reason, str) or not reason:
        return None
    return _FINISH_REASONS.get(reason.lower(), "error")


def stop_reason(choice: Mapping[str, Any]) -> str:
    """Return why an answer ends, in the words of text generation; `not_finished` before its end."""
    reason = finish_reason(choice)
    if reason == "stop" and isinstance(choice.get("stop_reason"), str):
        return "stop_sequence"  # vLLM names the sequence
    return "not_finished" if reason is None else _STOP_REASONS.get(reason, reason)


def usage_of(usage: object, prompt: Prompt, text: str) -> Document:
    """Return the usage that the upstream reports; what it omits is counted by the sandbox."""
    reported = usage if isinstance(usage, dict) else {}
    counts = {"prompt_tokens": prompt.input_tokens, "completion_tokens": count_tokens(text)}
    read, written = (
        value if isinstance(value := reported.get(name), int) else count
        for name, count in counts.items()
    )
    document = usage_document(read, written)
    reasoning = object_in(reported, "completion_tokens_details").get("reasoning_tokens")
    if isinstance(reasoning, int):
        document["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return document


def text_of(choice: Mapping[str, Any]) -> str:
    """Return the text of a choice of `/completions`, or of a chat in its place."""
    for name in ("message", "delta"):
        if isinstance(choice.get(name), dict):
            return text_in(choice[name], "content")
    return text_in(choice, "text")


def _message_of(choice: Mapping[str, Any]) -> Document:
    theirs = object_in(choice, "message")
    message: Document = {"role": "assistant", "content": text_in(theirs, "content")}
    if reasoning := reasoning_in(theirs):
        message["reasoning_content"] = reasoning
    if refusal := text_in(theirs, "refusal"):
        message["refusal"] = refusal
    if calls := objects_in(theirs, "tool_calls"):
        message["tool_calls"] = [_whole_call(each) for each in calls]
    return message


def _whole_call(call: Mapping[str, Any]) -> Document:
    function = object_in(call, "function")
    name, arguments = text_in(function, "name"), text_in(function, "arguments")
    call_id = text_in(call, "id") or new_call_id()
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def chat_reply(reply: Document, context: ReplyContext, error: ErrorMaker) -> Document:
    """Return the reply of `text/chat`.

    Raises
    ------
    UpstreamError
        The upstream's reply has no choice.
    """
    choices = []
    written = []
    for index, choice in enumerate(_choices(reply, error)):
        message = _message_of(choice)
        reason = finish_reason(choice) or "stop"
        one: Document = {"index": index, "message": message, "finish_reason": reason}
        if choice.get("logprobs") is not None:
            one["logprobs"] = choice["logprobs"]
        choices.append(one)
        written += [message["content"], message.get("reasoning_content", "")]
        written += [call["function"]["arguments"] for call in message.get("tool_calls", ())]
    return context.chat_document(
        "chat.completion",
        choices,
        usage=usage_of(reply.get("usage"), context.prompt, "".join(written)),
        system={"warnings": context.warnings},
    )


def generation_reply(reply: Document, context: ReplyContext, error: ErrorMaker) -> Document:
    """Return the reply of `text/generation`; raises as `chat_reply` does."""
    choice = _choices(reply, error)[0]
    text = text_of(choice)
    usage = usage_of(reply.get("usage"), context.prompt, text)
    reason = stop_reason(choice)
    return context.generation_document(
        text,
        usage["completion_tokens"],
        usage["prompt_tokens"],
        "eos_token" if reason == "not_finished" else reason,
        system={"warnings": context.warnings},
    )


def gateway_reply(
    reply: Document, context: ReplyContext, error: ErrorMaker, *, is_chat: bool
) -> Document:
    """Return the reply of `chat/completions` or `completions`; raises as `chat_reply` does."""
    choices = []
    texts = []
    for index, choice in enumerate(_choices(reply, error)):
        content = {"message": _message_of(choice)} if is_chat else {"text": text_of(choice)}
        reason = finish_reason(choice) or "stop"
        choices.append({"index": index, "finish_reason": reason, "logprobs": None, **content})
        texts.append(text_of(choice))
    kind = "chat.completion" if is_chat else "text_completion"
    usage = usage_of(reply.get("usage"), context.prompt, "".join(texts))
    return context.gateway_document(kind, choices, UPSTREAM_FINGERPRINT, usage=usage)


async def as_chunks(reply: Document) -> AsyncIterator[Document]:
    """Yield a whole reply as the chunk of a stream, for an upstream that does not stream."""
    choices = []
    for choice in objects_in(reply, "choices"):
        changed = {name: value for name, value in choice.items() if name != "message"}
        if message := object_in(choice, "message"):
            calls = objects_in(message, "tool_calls")
            indexed = [{"index": n, **each} for n, each in enumerate(calls)]
            changed["delta"] = {**message, "tool_calls": indexed}
        choices.append(changed)
    yield {**reply, "choices": choices}


def _choices(reply: Document, error: ErrorMaker) -> list[Document]:
    choices = objects_in(reply, "choices")
    if not choices:
        raise error("answered without a choice: it does not speak OpenAI's protocol")
    return choices
