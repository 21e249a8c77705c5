"""text/generation and text/generation_stream: one text in, one text out, no roles.

Facts of the wire: recorded answers in the tests of IBM's Java SDK (`TextGenerationServiceTest`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.options import Options
from wx_notebook.service.answer_end import reply_deltas, stream_deltas
from wx_notebook.service.deltas import (
    AnswerDelta,
    as_text,
    first_object,
    read_end,
    read_token_details,
    read_usage,
    read_warnings,
)
from wx_notebook.service.moderation import moderation_notes
from wx_notebook.service.request import (
    Prompt,
    Request,
    Scope,
    generation_parameters,
    prompt_request,
)
from wx_notebook.service.sse import Event


def generation_request(
    prompt: Prompt, options: Options, *, model_id: str, scope: Scope, stream: bool, **about: object
) -> Request:
    """Return the request that asks `model_id` to continue a text.

    Raises
    ------
    BadOption
        The prompt is empty, or no text.
    """
    if not isinstance(prompt, str):
        raise BadOption(
            "The generation endpoint takes one text, not messages.",
            hint="Messages need the chat endpoint: remove generate.",
        )
    if not prompt.strip():
        raise BadOption("The prompt is empty.", hint="Give it at least a word.")
    if options.format == "json" and not any(sign in prompt.lower() for sign in ("json", "{", "[")):
        raise BadOption(
            "The generation endpoint has no JSON mode, and the prompt does not ask for JSON.",
            hint="Ask for JSON in the prompt, or remove --generate.",
        )
    asked = {"input": prompt, **generation_parameters(options)}
    return prompt_request(
        options, "generation", asked, model_id=model_id, scope=scope, stream=stream, **about
    )


def generation_deltas(events: Iterable[Event], request: Request) -> Iterator[AnswerDelta]:
    """Yield the deltas of a streamed answer; raises as `stream_deltas`.

    The numbers of tokens are running totals. Only the first event has that of the prompt.
    """
    return stream_deltas(events, _read_delta, request)


def generation_reply_deltas(document: dict[str, Any], request: Request) -> Iterator[AnswerDelta]:
    """Yield the deltas of a whole answer; raises as `reply_deltas`."""
    return reply_deltas(document, _read_delta, request)


def _read_delta(document: Mapping[str, Any]) -> AnswerDelta:
    result = first_object(document, "results")
    warnings, recurring = read_warnings(document)
    return AnswerDelta(
        text=as_text(result.get("generated_text")),
        finish_reason=read_end(result.get("stop_reason")),
        usage=read_usage(result.get("input_token_count"), result.get("generated_token_count")),
        model_id=as_text(document.get("model_id")),
        warnings=warnings,
        guardrail_notes=moderation_notes(result) if "moderations" in result else (),
        recurring=recurring,
        logprobs=read_token_details(result, "generated_tokens"),
        prompt_logprobs=read_token_details(result, "input_tokens"),
    )
