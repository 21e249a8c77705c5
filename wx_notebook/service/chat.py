"""text/chat and text/chat_stream.

Facts of the wire: recorded answers in the tests of IBM's Java SDK (@ e07dd51), field names of
IBM's Node SDK (`vml_v1.ts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.options import Options
from wx_notebook.service.answer_end import reply_deltas, stream_deltas
from wx_notebook.service.call_fragments import read_calls
from wx_notebook.service.deltas import (
    AnswerDelta,
    Usage,
    as_text,
    first_object,
    new_delta,
    read_content,
    read_end,
    read_index,
    read_reasoning,
    read_token_details,
    read_usage,
    read_warnings,
    unknown_shape_error,
)
from wx_notebook.service.moderation import moderation_notes
from wx_notebook.service.request import (
    Message,
    Prompt,
    Request,
    Scope,
    chat_parameters,
    prompt_request,
)
from wx_notebook.service.sse import Event

_NO_WARNINGS: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def chat_request(
    prompt: Prompt, options: Options, *, model_id: str, scope: Scope, stream: bool, **about: object
) -> Request:
    """Return the request that asks `model_id` to go on with a text or with messages.

    Raises
    ------
    BadOption
        The prompt is empty, or no list of messages.
    """
    messages = _messages(prompt, options.system)
    asked = {"messages": messages, **chat_parameters(options)}
    return prompt_request(
        options, "chat", asked, model_id=model_id, scope=scope, stream=stream, **about
    )


def chat_deltas(events: Iterable[Event], request: Request) -> Iterator[AnswerDelta]:
    """Yield the deltas of a streamed answer; raises as `stream_deltas`."""
    return stream_deltas(events, _read_delta, request, ends_with_usage=True)


def chat_reply_deltas(document: dict[str, Any], request: Request) -> Iterator[AnswerDelta]:
    """Yield the deltas of a whole answer; raises as `reply_deltas`."""
    return reply_deltas(document, _read_delta, request)


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


def _read_delta(document: Mapping[str, Any]) -> AnswerDelta:
    choice = first_object(document, "choices")
    # a gateway may send a step as a message or, as completions do, as a text; a prompt that
    # moderation stopped has a choice with neither
    content = choice.get("delta") or choice.get("message") or {}
    if not content and "text" in choice:
        content = {"content": choice["text"]}
    if not isinstance(content, dict):
        raise unknown_shape_error()
    text, finish_reason = content.get("content"), choice.get("finish_reason")
    reasoning = refusal = None
    # in thousands of deltas it is all there is
    if len(content) > 1 or "content" not in content:
        # the names that servers have for it; langchain-ibm reads the first two
        reasoning = (
            content.get("reasoning_content") or content.get("reasoning") or content.get("thinking")
        )
        refusal = content.get("refusal")
    usage, model_id = document.get("usage"), document.get("model_id")
    request_id = document.get("id")
    is_moderated = "moderations" in document or "detections" in document
    warnings, recurring = read_warnings(document) if "system" in document else _NO_WARNINGS
    if type(text) is not str and text is not None:
        text, thought, refused, other = read_content(text)
        reasoning, refusal = reasoning or thought, refusal or refused
        warnings += tuple(
            f"left out of the answer: a part that is not text ({one})" for one in other
        )
    # thousands of deltas come this way: a call for each field would take as long as the parser
    return new_delta(
        (
            text or "",
            read_reasoning(reasoning) if reasoning else "",
            read_end(finish_reason) if finish_reason else "",
            _read_usage(usage) if isinstance(usage, dict) else None,
            model_id if type(model_id) is str else as_text(model_id),
            request_id if type(request_id) is str else as_text(request_id),
            warnings,
            moderation_notes(document) if is_moderated else (),
            recurring,
            as_text(refusal) if refusal else "",
            read_calls(content) if "tool_calls" in content or "function_call" in content else (),
            read_token_details(choice, "logprobs", "content") if "logprobs" in choice else (),
            (),
            index if type(index := choice.get("index")) is int else read_index(index),
        )
    )


def _read_usage(usage: Mapping[str, Any]) -> Usage | None:
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    if "prompt_tokens" not in usage and "input_tokens" in usage:
        # as other providers behind a gateway count
        names = ("input_tokens", "output_tokens", "total_tokens")
    return read_usage(*map(usage.get, names))
