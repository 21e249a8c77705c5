"""text/chat and text/chat_stream.

Facts of the wire: recorded answers in the tests of IBM's Java SDK (@ e07dd51), field names of
IBM's Node SDK (`vml_v1.ts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.options import Options
from wx_notebook.service.findings import findings_of
from wx_notebook.service.parameters import chat_parameters, prompt_request
from wx_notebook.service.pieces import (
    Piece,
    Usage,
    count,
    document_of,
    ended_early,
    first_of,
    text_of,
    unknown_shape,
    warnings_of,
)
from wx_notebook.service.request import Message, Prompt, Request, Scope
from wx_notebook.service.sse import Event


def chat_request(
    prompt: Prompt, options: Options, *, model_id: str, scope: Scope, stream: bool
) -> Request:
    """Return the request that asks `model_id` to go on with a text or with messages.

    Raises
    ------
    BadOption
        The prompt is empty, or no list of messages.
    """
    messages = _messages(prompt, options.system)
    if options.deployment is not None and any(each.get("role") == "system" for each in messages):
        raise BadOption(
            "A deployment takes no system message: its prompt template says it.",
            hint="Send the messages without it, or leave deployment away.",
        )
    asked = {"messages": messages, **chat_parameters(options)}
    return prompt_request(options, "chat", asked, model_id=model_id, scope=scope, stream=stream)


def chat_events(events: Iterable[Event]) -> Iterator[Piece]:
    """Yield the pieces of a streamed answer.

    Its last event has no choice and the usage; it is always sent. What follows it is not waited
    for: some models leave the connection open.

    Raises
    ------
    AnswerCut
        The stream ended before that.
    WatsonxError
        An error event came.
    """
    finished = counted = False
    for event in events:
        document = document_of(event)
        piece = _piece(document, "delta")
        finished = finished or bool(piece.finish_reason)
        counted = counted or piece.usage is not None
        yield piece
        if finished and counted:
            return
    raise ended_early()


def chat_reply(document: Mapping[str, Any]) -> Piece:
    """Return a whole answer as one piece.

    Raises
    ------
    AnswerCut
        The reply holds no choice.
    """
    first_of(document, "choices", required=True)
    return _piece(document, "message")


def _messages(prompt: Prompt, system: str | None) -> list[dict[str, Any]]:
    if isinstance(prompt, str):
        messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
        empty = not prompt.strip()
    else:
        messages = [dict(message) for message in _checked(prompt)]
        empty = not messages
    if empty:
        raise BadOption("The prompt is empty.", hint="Give it at least a word.")
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    return messages


def _checked(prompt: Any) -> Sequence[Message]:  # noqa: ANN401  # callers' code may be untyped
    if not isinstance(prompt, Sequence) or not all(isinstance(m, Mapping) for m in prompt):
        raise BadOption(
            f"A prompt is a text or a list of messages, not {type(prompt).__name__}.",
            hint='For example: [{"role": "user", "content": "What is a watt?"}]',
        )
    return prompt


def _piece(document: Mapping[str, Any], part: str) -> Piece:
    choice = first_of(document, "choices")
    usage = document.get("usage")
    # a prompt that moderation stopped has a choice without a message
    content = choice.get(part) or {}
    if not isinstance(content, dict):
        raise unknown_shape()
    thought = content.get("reasoning_content")
    if thought is None:
        # the name that some servers have for it; langchain-ibm reads both
        thought = content.get("reasoning")
    piece = Piece(
        text_of(content.get("content")),
        text_of(thought) if thought is not None else "",
        text_of(choice.get("finish_reason")),
        _usage(usage) if isinstance(usage, dict) else None,
        text_of(document.get("model_id")),
        text_of(document.get("id")),
    )
    if "system" in document:
        piece = piece._replace(
            warnings=warnings_of(document), standing=warnings_of(document, standing=True)
        )
    if "moderations" in document or "detections" in document:
        piece = piece._replace(findings=findings_of(document))
    return piece


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(count(usage.get("prompt_tokens")), count(usage.get("completion_tokens")))
