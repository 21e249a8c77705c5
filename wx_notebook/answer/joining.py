"""Answers that are made of other answers: under another name, joined, repaired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wx_notebook.answer.reading import SchemaReader, mismatch
from wx_notebook.answer.value import Answer, Continuation
from wx_notebook.errors import SchemaMismatch
from wx_notebook.service import Usage

#: The name of an answer that is in no variable yet.
_NO_NAME = "answer"


def named_answer(answer: Answer, name: str) -> Answer:
    """Return an answer whose note on how to go on uses this name of a variable."""
    first = name if name.isidentifier() else "wx.last()"
    others = tuple(
        replace(other, _name=f"{first}.answers[{n}]") for n, other in enumerate(answer._others, 1)
    )
    return replace(answer, _name=name, _others=others)


def read_answer(answer: Answer, schema: SchemaReader | None) -> Answer:
    """Return an answer whose `data` is what a schema makes of its text; each of several has one."""
    if schema is None:
        return answer
    # the connection or the user ended it there: no class has to take the value
    text = "" if answer.finish_reason in ("interrupted", "cut") else answer.text
    return replace(
        answer,
        _reading=schema.read(text, is_whole=answer.is_whole),
        _others=tuple(read_answer(other, schema) for other in answer._others),
    )


def unfit_answer(answer: Answer) -> SchemaMismatch | None:
    """Return why an answer, or one of several, is no value of its schema; None if all are."""
    for one in answer.answers:
        if one._reading is not None and one._reading.fault:
            name = "wx.last()" if answer._name == _NO_NAME else answer._name
            found = mismatch(one, one._reading, name)
            found.answer = answer
            return found
    return None


def values_of(answer: Answer) -> tuple[Any, ...]:
    """Return the JSON value of an answer with a schema, () where there is none."""
    return answer._values


def fault_of(answer: Answer) -> str:
    """Return what a second request can tell the model to do better, "" if there is nothing."""
    reading = answer._reading
    can_repair = answer.is_whole and not answer.refusal.strip() and len(answer.answers) == 1
    can_repair = can_repair and not any(call.is_open for call in answer.calls)
    return reading.fault if reading is not None and can_repair else ""


def repaired_answer(first: Answer, second: Answer) -> Answer:
    """Return the answer to the second request, with the tokens and the time of both."""
    was = first._reading.fault if first._reading is not None else ""
    costs = " and ".join(map(_cost, (first, second)))
    note = f"asked twice ({costs}): the first answer did not fit: {was}"
    return replace(
        second,
        usage=_sum(first, second),
        seconds=first.seconds + second.seconds,
        calls=first.calls + second.calls,
        warnings=tuple(dict.fromkeys((note, *first.warnings, *second.warnings))),
        default_model=first.default_model,
    )


def _cost(answer: Answer) -> str:
    usage = answer.usage
    if usage is None:
        return "tokens unknown"
    return f"{usage.input_tokens:,} in, {usage.output_tokens:,} out"


def _sum(first: Answer, second: Answer) -> Usage | None:
    if first.usage is None or second.usage is None:
        return None
    return Usage(
        first.usage.input_tokens + second.usage.input_tokens,
        first.usage.output_tokens + second.usage.output_tokens,
    )


def joined_answers(
    first: Answer,
    second: Answer,
    go_on: Callable[[Answer], Answer],
    schema: SchemaReader | None = None,
) -> Answer:
    """Return an answer and its continuation as one answer, whose `more` calls `go_on`."""
    joined = replace(
        second,
        text=first.text + second.text,
        usage=_sum(first, second),
        seconds=first.seconds + second.seconds,
        reasoning="\n\n".join(filter(None, (first.reasoning, second.reasoning))),
        refusal=second.refusal or first.refusal,
        logprobs=first.logprobs + second.logprobs,
        prompt_logprobs=first.prompt_logprobs,
        calls=first.calls + second.calls,
        warnings=tuple(dict.fromkeys(first.warnings + second.warnings)),
        format=first.format,
        default_model=first.default_model,
        _others=first._others,
        _name=first._name,
        _continuation=Continuation(go_on),
    )
    return read_answer(joined, schema)
