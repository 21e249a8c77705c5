"""The documents of an answer and the events of its stream, as watsonx.ai writes them."""

from __future__ import annotations

from collections.abc import Iterator

from wx_notebook.sandbox.answers import Answer, Document
from wx_notebook.sandbox.guards import detections, moderations
from wx_notebook.sandbox.shapes import ToolCall
from wx_notebook.sandbox.wire import created_at, encode, event

FINISH_REASONS = {
    "end": "stop",
    "stop": "stop",
    "length": "length",
    "time": "time_limit",
    "call": "tool_calls",
}
_STOP_REASONS = {
    "end": "eos_token",
    "stop": "stop_sequence",
    "length": "max_tokens",
    "time": "time_limit",
}


def chat(answer: Answer) -> Document:
    """Return the reply of `text/chat`."""
    message: Document = {"role": "assistant", "content": "".join(answer.pieces)}
    if answer.call:
        message = {"role": "assistant", "content": "", "tool_calls": [_whole_call(answer.call)]}
    if answer.thinking:
        message["reasoning_content"] = "".join(answer.thinking)
    reason = FINISH_REASONS[answer.reason]
    return {
        "id": answer.id,
        "object": "chat.completion",
        "model_id": answer.prompt.model.model_id,
        "model": answer.prompt.model.model_id,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "created": answer.created,
        **answer.model_version(),
        "created_at": created_at(answer.wall_clock()),
        "usage": answer.usage,
        **moderations(answer.findings),
        **detections(answer.findings),
        "system": {"warnings": answer.warnings},
    }


def chat_events(answer: Answer) -> Iterator[bytes]:
    """Yield the events of `text/chat_stream`."""
    model_id = answer.prompt.model.model_id

    def chunk(number: int, choices: list[Document], **more: object) -> bytes:
        document = {
            "id": answer.id,
            "object": "chat.completion.chunk",
            "model_id": model_id,
            "model": model_id,
            "choices": choices,
            "created": answer.created,
            **answer.model_version(),
            "created_at": created_at(answer.wall_clock()),
            **more,
        }
        return event(number, encode(document))

    def choice(finish_reason: str | None, **delta: object) -> list[Document]:
        return [{"index": 0, "finish_reason": finish_reason, "delta": delta}]

    system = {"warnings": answer.warnings}
    yield chunk(1, choice(None, role="assistant", content=""), system=system)
    deltas = [*_thinking(answer), *deltas_of(answer)]
    for number, delta in enumerate(deltas, 2):
        last = number == len(deltas) + 1
        yield chunk(number, choice(FINISH_REASONS[answer.reason] if last else None, **delta))
    found = {**moderations(answer.findings), **detections(answer.findings)}
    yield chunk(len(deltas) + 2, [], usage=answer.usage, **found)


def count(answer: Answer, *, is_chat: bool) -> int:
    """Return how many events a stream of this answer has."""
    # an answer without a piece still has an event that ends it
    written = 1 + max(len(answer.pieces), 1)
    return written + 1 + len(list(_thinking(answer))) if is_chat else written


def _thinking(answer: Answer) -> Iterator[Document]:
    """Yield what is thought before the answer; it begins with nothing (IBM's Java SDK fixtures)."""
    for text in ("", *answer.thinking) if answer.thinking else ():
        yield {"reasoning_content": text}


def deltas_of(answer: Answer) -> Iterator[Document]:
    """Yield what each event adds to the message, one at least."""
    for index, text in enumerate(answer.pieces or [""]):
        if answer.call is None:
            yield {"content": text}
            continue
        # continuations repeat the type and leave the name empty (IBM's Java SDK fixtures)
        begins = {"id": answer.call.id} if index == 0 else {}
        function = {"name": "" if index else answer.call.name, "arguments": text}
        yield {
            "tool_calls": [{"index": 0, **begins, "type": "function", "function": function}],
        }


def _whole_call(call: ToolCall) -> Document:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def generation(answer: Answer) -> Document:
    """Return the reply of `text/generation`."""
    result = {
        "generated_text": "".join(answer.pieces),
        "generated_token_count": len(answer.pieces),
        "input_token_count": answer.prompt.input_tokens,
        "stop_reason": _STOP_REASONS[answer.reason],
        **moderations(answer.findings),
    }
    return {
        "model_id": answer.prompt.model.model_id,
        **answer.model_version(),
        "created_at": created_at(answer.wall_clock()),
        "results": [result],
        "system": {"warnings": answer.warnings},
    }


def generation_events(answer: Answer) -> Iterator[bytes]:
    """Yield the events of `text/generation_stream`."""

    def chunk(
        number: int,
        text: str,
        written: int,
        read: int,
        stop_reason: str,
        found: Document | None = None,
        **more: object,
    ) -> bytes:
        result = {
            "generated_text": text,
            "generated_token_count": written,
            "input_token_count": read,
            "stop_reason": stop_reason,
            **(found or {}),
        }
        document = {
            "model_id": answer.prompt.model.model_id,
            **answer.model_version(),
            "created_at": created_at(answer.wall_clock()),
            "results": [result],
            **more,
        }
        return event(number, encode(document))

    system = {"warnings": answer.warnings}
    yield chunk(1, "", 0, answer.prompt.input_tokens, "not_finished", system=system)
    texts = answer.pieces or [""]
    # the count is cumulative in the recordings, although IBM's Java SDK adds the values up
    for number, text in enumerate(texts, 2):
        last = number == len(texts) + 1
        reason = _STOP_REASONS[answer.reason] if last else "not_finished"
        found = moderations(answer.findings) if last else {}
        yield chunk(number, text, min(number - 1, len(answer.pieces)), 0, reason, found)
