"""Answers that fit a schema: the model is asked once more for one that does not."""

from __future__ import annotations

from collections.abc import Iterable

from wx_notebook.answer import Answer, fault_of, repaired_answer, unfit_answer
from wx_notebook.errors import (
    BadOption,
    Interrupted,
    PromptBlocked,
    PromptTooLong,
    SchemaMismatch,
    WatsonxError,
)
from wx_notebook.service import Request
from wx_notebook.session.pipeline import PromptPipeline
from wx_notebook.session.schema_form import current_form

#: How a second request may end that is not sent again.
_FOR_GOOD = (Interrupted, BadOption, PromptBlocked, PromptTooLong, SchemaMismatch)


def fitting_answer(pipeline: PromptPipeline, request: Request, notes: Iterable[str] = ()) -> Answer:
    """Send a request and return its whole answer; with a schema, one that fits it.

    `notes` are sentences for its warnings.

    Raises
    ------
    SchemaMismatch
        The answer does not fit, the second one neither; `.answer` has it.
    WatsonxError, Interrupted
        As `PromptPipeline.open`.
    """
    stream = pipeline.open(request)
    stream.warn(*notes)
    answer = stream.answer
    if (second := second_request(pipeline, request, answer)) is not None:
        failure: WatsonxError | Interrupted | None = None
        try:
            answer = repaired(pipeline, request, answer, pipeline.open(second).answer)
        except (WatsonxError, Interrupted) as error:
            failure = error
        if failure is not None:
            raise unrepaired(pipeline, request, answer, failure)
    if (unfit := unfit_answer(answer)) is not None:
        raise unfit
    return answer


def second_request(pipeline: PromptPipeline, request: Request, answer: Answer) -> Request | None:
    """Return the request that asks once more, None where the answer fits or nothing helps.

    A cut answer can be gone on with, and a model that refuses would refuse again.
    """
    fault = fault_of(answer)
    if not fault or not request.repairs:
        return None
    second: Request = request.schema.repair_request(
        current_form(pipeline.state, request), answer.text, fault
    )
    return second


def repaired(pipeline: PromptPipeline, request: Request, first: Answer, second: Answer) -> Answer:
    """Return the answer to the second request with the cost of both, and keep it.

    Whoever keeps the answers to the request, such as a chat, gets it in the place of the first one.
    """
    answer = repaired_answer(first, second)
    _settle(pipeline, request, answer)
    if request.cache is not None:
        request.cache.keep(pipeline.state, current_form(pipeline.state, request), answer)
    if request.on_answer is not None:
        request.on_answer(answer)
    return answer


def unrepaired(
    pipeline: PromptPipeline, request: Request, first: Answer, error: WatsonxError | Interrupted
) -> WatsonxError | Interrupted:
    """Return the error of a second request that failed; the first answer stays the last one.

    Whoever sends rows of a table repeats what may be repeated, and ends what concerns all rows.
    """
    _settle(pipeline, request, first)
    if request.background and not isinstance(error, _FOR_GOOD):
        error.answer = first
        return error
    unfit = unfit_answer(first)
    if isinstance(error, Interrupted) or unfit is None:
        message = "Stopped while the model was asked once more for an answer that fits."
        return Interrupted(message, hint="The first answer is in wx.last().", answer=first)
    why = f"{type(error).__name__}: {error.message.splitlines()[0]}"
    message = f"{unfit.message}\nThe model was asked once more, and that failed: {why}"
    return SchemaMismatch(message, hint=unfit.hint, answer=first)


def _settle(pipeline: PromptPipeline, request: Request, answer: Answer) -> None:
    sent = current_form(pipeline.state, request)
    pipeline.history.settle(sent, pipeline.state.service.base_url(sent), answer)
