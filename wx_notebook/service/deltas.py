"""The parts of an answer as they arrive, in one shape for every endpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from wx_notebook.errors import AnswerCut
from wx_notebook.service.call_fragments import CallFragment
from wx_notebook.service.error_mapping import quoted

#: Types of the parts of a content that are text.
_TEXT_PARTS = ("text", "output_text", "input_text", "text_delta")
#: Ids of warnings about a model or an endpoint, not about one answer.
_RECURRING = frozenset({"deprecation_warning", "disclaimer_warning", "api_legacy"})


#: What the service says about one token, in its own words: `token` and `logprob` of a chat, `text`,
#: `logprob`, `rank` and `top_tokens` of a generation.
TokenDetails: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of a prompt and of its answer."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """The sum of both."""
        return self.input_tokens + self.output_tokens

    def updated(self, newer: Usage) -> Usage:
        """Return a later count of the same answer; a number that it leaves out stays.

        Counts are running totals, never parts of a sum.
        """
        return Usage(
            newer.input_tokens or self.input_tokens, newer.output_tokens or self.output_tokens
        )


class AnswerDelta(NamedTuple):
    """One step of an answer. A field that this step did not bring has its default.

    `recurring` are warnings that come with every answer of a model or an endpoint;
    `guardrail_notes` say what guardrails found in this answer; `refusal` is why the model does not
    answer; `calls` are parts of tool calls; `logprobs` and `prompt_logprobs` are
    details of tokens; `choice` is the service's number for one of several answers, None for a step
    that belongs to all of them.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    model_id: str = ""
    request_id: str = ""
    warnings: tuple[str, ...] = ()
    guardrail_notes: tuple[str, ...] = ()
    recurring: tuple[str, ...] = ()
    refusal: str = ""
    calls: tuple[CallFragment, ...] = ()
    logprobs: tuple[TokenDetails, ...] = ()
    prompt_logprobs: tuple[TokenDetails, ...] = ()
    choice: int | None = None


#: Makes an `AnswerDelta` of all its fields in their order, in a third of the time of a call.
new_delta: Callable[[tuple[Any, ...]], AnswerDelta] = partial(tuple.__new__, AnswerDelta)


def first_object(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the first object of a list in an answer, {} where the list is empty or missing.

    Raises
    ------
    AnswerCut
        It is not a list of objects.
    """
    objects = document.get(name)
    if objects:
        first = objects[0] if isinstance(objects, list) else None
        if isinstance(first, dict):
            return first
        raise unknown_shape_error()
    return {}


def single_choices(document: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Return a document as one for each of its choices; what they share stays in the first one."""
    choices = document.get("choices")
    if type(choices) is not list or len(choices) < 2:
        return (document,)
    others = [{"choices": [choice]} for choice in choices[1:]]
    return [{**document, "choices": choices[:1]}, *others]


def as_text(value: Any) -> str:  # noqa: ANN401  # JSON is any value
    """Return a text of an answer; null or a missing value is "".

    Raises
    ------
    AnswerCut
        It is another type. An answer must not lose text in silence.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise unknown_shape_error()


class Content(NamedTuple):
    """The content of a message, sorted; `other` are the types of parts that are no text."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    other: tuple[str, ...] = ()


def read_content(value: Any) -> Content:  # noqa: ANN401  # JSON is any value
    """Return the content of a message that is a list of parts, or one part, or null.

    The types of parts: OpenAI's chat, its responses and its threads, where the text is an object
    with a "value"; Mistral's `thinking`.

    Raises
    ------
    AnswerCut
        It has another shape.
    """
    text, reasoning, refused, other = [], [], [], []
    for part in value if isinstance(value, list) else [] if value is None else [value]:
        if isinstance(part, str):
            text.append(part)
            continue
        if not isinstance(part, dict):
            raise unknown_shape_error()
        kind = part.get("type")
        if kind == "refusal":
            refused.append(as_text(part.get("refusal")))
        elif kind in ("thinking", "reasoning"):
            reasoning.append(read_reasoning(part.get(kind, part.get("text"))))
        elif (inner := _text_of_part(part)) is not None:
            text.append(inner)
        elif isinstance(kind, str):
            other.append(quoted(kind, 60))
        else:
            raise unknown_shape_error()
    return Content("".join(text), "".join(reasoning), "".join(refused), tuple(other))


def _text_of_part(part: Mapping[str, Any]) -> str | None:
    """Return the text of a part, None for a part of another kind."""
    value = part.get("text", part.get("content"))
    if isinstance(value, dict):
        value = value.get("value", value.get("text"))
    if isinstance(value, str):
        return value
    return "" if value is None and part.get("type") in _TEXT_PARTS else None


def read_reasoning(value: Any) -> str:  # noqa: ANN401
    """Return the text of reasoning, which may be a part or a list of them; raises as `as_text`."""
    if isinstance(value, dict) and ("text" in value or "content" in value):
        value = [value.get("text", value.get("content"))]
    if not isinstance(value, list):
        return as_text(value)
    return "".join(as_text(part.get("text") if isinstance(part, dict) else part) for part in value)


def read_end(value: Any) -> str:  # noqa: ANN401
    """Return why an answer ended, "" while it goes on; raises as `as_text`."""
    reason = as_text(value).lower()
    return "" if reason == "not_finished" else reason


def as_token_count(value: object) -> int:
    """Return a number of tokens, which some gateways write as `4.0` or `"4"`; 0 for none."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 16 else 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not value < math.inf:
        return 0
    return max(0, int(value))


def read_index(value: object) -> int | None:
    """Return the number of a choice, None where there is none."""
    if type(value) is int or value is None:
        return value
    return as_token_count(value) if isinstance(value, str | float) else None


def read_usage(read: object, written: object, total: object = None) -> Usage | None:
    """Return the number of tokens, None where nothing was counted.

    A number that is missing follows from the total of both.
    """
    tokens_in, tokens_out = as_token_count(read), as_token_count(written)
    tokens_out = tokens_out or max(0, as_token_count(total) - tokens_in)
    return Usage(tokens_in, tokens_out) if tokens_in or tokens_out else None


def json_objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a JSON list; a value that is not a list has none."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def read_token_details(part: Mapping[str, Any], *names: str) -> tuple[TokenDetails, ...]:
    """Return the details of tokens in a list that stands under these names, one in the other."""
    value: Any = part
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return tuple(json_objects(value))


def read_warnings(document: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the service's own warnings (`system.warnings`): those of this answer, the recurring.

    The recurring ones say something about a model or an endpoint.
    """
    system = document.get("system")
    entries = json_objects(system.get("warnings")) if isinstance(system, dict) else []
    warnings: tuple[list[str], list[str]] = ([], [])
    for entry in entries:
        if entry.get("message"):
            warnings[entry.get("id") in _RECURRING].append(quoted(str(entry["message"]), 300))
    return tuple(warnings[0]), tuple(warnings[1])


def cut_error(reason: str) -> AnswerCut:
    """Return the error for an answer that ended before its last event.

    It has no hint: the reader of the stream knows what was received, and how to go on with it.
    """
    return AnswerCut(f"The answer was cut: {reason}")


def early_end_error() -> AnswerCut:
    """Return the error for a connection that ended before the last event."""
    return cut_error("the connection ended before the last event.")


def unknown_shape_error() -> AnswerCut:
    """Return the error for an answer of an unknown shape."""
    return cut_error("the service sent data of an unknown shape.")
