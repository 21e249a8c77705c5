"""Streams of an upstream as streams of watsonx.ai, each piece sent on as soon as it is in."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from wx_notebook.sandbox import gateway
from wx_notebook.sandbox.relay_reply import (
    About,
    calls_of,
    choices_of,
    finish_reason,
    gateway_head,
    index_of,
    reasoning_in,
    stop_reason,
    text_in,
    text_of,
    usage_of,
)
from wx_notebook.sandbox.trouble import Trouble, event_data
from wx_notebook.sandbox.upstream import said_in
from wx_notebook.sandbox.upstream_events import DONE
from wx_notebook.sandbox.wire import Reply, encode, event

Document = dict[str, Any]
Chunks = Iterable[Document]
Told = Callable[[str], str]


class _Course:
    """How far a stream has come: what was said, why it ended, what it cost."""

    def __init__(self, about: About, told: Told) -> None:
        self._about = about
        self._told = told
        self._text: list[str] = []
        self._usage: object = None
        self._is_complete = False

    def choices(self, chunks: Chunks) -> Iterator[Document]:
        """Yield the choices of all chunks.

        Raises
        ------
        Trouble
            The upstream failed on the way, or stopped before the answer was complete.
        """
        try:
            for chunk in chunks:
                if chunk is DONE:
                    self._is_complete = True
                    continue
                if chunk.get("error"):
                    raise self._trouble(chunk)
                self._usage = chunk.get("usage") or self._usage
                for choice in choices_of(chunk):
                    self._is_complete |= finish_reason(choice) is not None
                    yield choice
        except Trouble:
            # after the last piece only the usage can be missing, and that can be counted
            if not self._is_complete:
                raise
        if not self._is_complete:
            raise Trouble(self._told("ended its stream before the answer was complete"))

    def add(self, text: str) -> None:
        """Count `text` as said."""
        self._text.append(text)

    def usage(self) -> Document:
        """Return what it cost, as told or as counted."""
        return usage_of(self._usage, self._about.prompt, "".join(self._text))

    def written(self) -> int:
        """Return how many pieces have been said so far."""
        return len(self._text)

    def _trouble(self, chunk: Document) -> Trouble:
        said, code = said_in(chunk["error"])
        what = f"stopped and said: {said}" if said else "stopped with an error"
        return Trouble(self._told(what), code=code)


def chat(chunks: Chunks, about: About, told: Told) -> Iterator[bytes]:
    """Yield the events of `text/chat_stream`."""
    number = 1
    course = _Course(about, told)
    ids: dict[object, str] = {}

    def chunk(choices: list[Document], **more: object) -> bytes:
        nonlocal number
        head = about.head("chat.completion.chunk")
        data = encode({**head, "choices": choices, **more})
        number += 1
        return event(number - 1, data)

    first = {"index": 0, "finish_reason": None, "delta": {"role": "assistant", "content": ""}}
    yield chunk([first], system={"warnings": about.warnings})
    try:
        for choice in course.choices(chunks):
            delta = _delta(choice, ids, course)
            reason = finish_reason(choice)
            if delta or reason:
                index = index_of(choice)
                delta = delta or {"content": ""}
                yield chunk([{"index": index, "finish_reason": reason, "delta": delta}])
    except Trouble as trouble:
        yield event(number, event_data(trouble), "error")
        return
    yield chunk([], usage=course.usage())


def _delta(choice: Mapping[str, Any], ids: dict[object, str], course: _Course) -> Document:
    told = choice.get("delta")
    told = told if isinstance(told, dict) else {}
    delta: Document = {}
    if reasoning := reasoning_in(told):
        delta["reasoning_content"] = reasoning
    if content := text_in(told, "content"):
        delta["content"] = content
    calls = [_call(each, choice, ids) for each in calls_of(told)]
    if calls:
        delta["tool_calls"] = calls
    if delta:
        arguments = "".join(call["function"]["arguments"] for call in calls)
        course.add(reasoning + content + arguments)
    return delta


def _call(call: Mapping[str, Any], choice: Mapping[str, Any], ids: dict[object, str]) -> Document:
    index = index_of(call)
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    begins: Document = {}
    key = (index_of(choice), index)
    if key not in ids:
        ids[key] = text_in(call, "id") or f"call_{uuid.uuid4().hex[:24]}"
        begins = {"id": ids[key]}
    name, arguments = text_in(function, "name"), text_in(function, "arguments")
    # continuations repeat the type and leave the name empty (IBM's Java SDK fixtures)
    return {
        "index": index,
        **begins,
        "type": "function",
        "function": {"name": name if begins else "", "arguments": arguments},
    }


def generation(chunks: Chunks, about: About, told: Told) -> Iterator[bytes]:
    """Yield the events of `text/generation_stream`."""
    course = _Course(about, told)
    number = 1
    first = about.result("", 0, 0, "not_finished")
    yield event(number, encode({**first, "system": {"warnings": about.warnings}}))
    reason = "eos_token"
    try:
        for choice in course.choices(chunks):
            if (stopped := stop_reason(choice)) != "not_finished":
                reason = stopped
            if text := text_of(choice):
                number += 1
                course.add(text)
                written = course.written()
                yield event(number, encode(about.result(text, written, 0, "not_finished")))
    except Trouble as trouble:
        yield event(number + 1, event_data(trouble), "error")
        return
    # the reason goes last, since the counts that belong to it come after the last piece
    usage = course.usage()
    last = about.result("", usage["completion_tokens"], usage["prompt_tokens"], reason)
    yield event(number + 1, encode(last))


def at_the_gateway(chunks: Chunks, about: About, told: Told, *, is_chat: bool) -> Iterator[bytes]:
    """Yield the events of the gateway: OpenAI's own, with the gateway's habits."""
    course = _Course(about, told)
    what = "chat.completion.chunk" if is_chat else "text_completion"
    head = gateway_head(about, what)
    last: Document = {"index": 0, "finish_reason": "stop"}
    last["delta" if is_chat else "text"] = {} if is_chat else ""
    try:
        for choice in course.choices(chunks):
            changed = {**choice} if is_chat else {"index": 0, "text": text_of(choice)}
            course.add(text_of(choice))
            if reason := finish_reason(choice):
                last["finish_reason"] = reason
            # "" and not null while it goes on (recorded)
            changed["finish_reason"] = ""
            if is_chat or changed["text"]:
                yield b"data: %s\n\n" % encode({**head, "choices": [changed]})
    except Trouble as trouble:
        told_as = gateway.translated(Reply(500, event_data(trouble)))
        yield b"data: %s\n\n" % told_as.body
        return
    yield b"data: %s\n\n" % encode({**head, "choices": [last], "usage": course.usage()})
    yield b"data: [DONE]\n\n"
