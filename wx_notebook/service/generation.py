"""text/generation and text/generation_stream: one text in, one text out, no roles.

Facts of the wire: recorded answers in the tests of IBM's Java SDK (`TextGenerationServiceTest`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.options import Options
from wx_notebook.service.findings import findings_of
from wx_notebook.service.parameters import generation_parameters, prompt_request
from wx_notebook.service.pieces import (
    Piece,
    Usage,
    count,
    document_of,
    ended_early,
    first_of,
    text_of,
    warnings_of,
)
from wx_notebook.service.request import Prompt, Request, Scope
from wx_notebook.service.sse import Event


def generation_request(
    prompt: Prompt, options: Options, *, model_id: str, scope: Scope, stream: bool
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
            hint="Messages go to chat: leave generate away.",
        )
    if not prompt.strip():
        raise BadOption("The prompt is empty.", hint="Give it at least a word.")
    asked = {"input": prompt, **generation_parameters(options)}
    return prompt_request(
        options, "generation", asked, model_id=model_id, scope=scope, stream=stream
    )


def generation_events(events: Iterable[Event]) -> Iterator[Piece]:
    """Yield the pieces of a streamed answer; the last one has the stop reason.

    Raises
    ------
    AnswerCut
        The stream ended before that.
    WatsonxError
        An error event came.
    """
    input_tokens = 0
    for event in events:
        document = document_of(event)
        # the number of tokens read stands on the first event only
        result = first_of(document, "results")
        input_tokens = max(input_tokens, count(result.get("input_token_count")))
        piece = _piece(document, result, input_tokens)
        yield piece
        if piece.finish_reason:
            return
    raise ended_early()


def generation_reply(document: Mapping[str, Any]) -> Piece:
    """Return a whole answer as one piece.

    Raises
    ------
    AnswerCut
        The reply holds no result.
    """
    result = first_of(document, "results", required=True)
    return _piece(document, result, count(result.get("input_token_count")))


def _piece(document: Mapping[str, Any], result: Mapping[str, Any], input_tokens: int) -> Piece:
    reason = text_of(result.get("stop_reason")).lower()
    # generated_token_count is cumulative: the newest one is the number so far
    written = count(result.get("generated_token_count"))
    return Piece(
        text=text_of(result.get("generated_text")),
        finish_reason="" if reason == "not_finished" else reason,
        usage=Usage(input_tokens, written) if result else None,
        model_id=text_of(document.get("model_id")),
        warnings=warnings_of(document) if "system" in document else (),
        findings=findings_of(result) if "moderations" in result else (),
        standing=warnings_of(document, standing=True) if "system" in document else (),
    )
