"""How an answer has ended: whole, cut, or stopped by a guardrail before its first word.

Forms of the end that the service and what stands in front of it are known to send (recorded answers
in the tests of IBM's Java SDK and of quarkus-langchain4j): a stop reason, then an event with the
usage; the usage in the event of the stop reason, or in each event; no usage at all; the usage and
no stop reason; `[DONE]`; a connection that stays open behind the stop reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from wx_notebook.errors import AnswerCut, WatsonxError
from wx_notebook.service.deltas import (
    AnswerDelta,
    cut_error,
    early_end_error,
    json_objects,
    single_choices,
)
from wx_notebook.service.error_mapping import quoted
from wx_notebook.service.events import parse_event
from wx_notebook.service.moderation import (
    GuardrailFinding,
    blocked_error,
    is_unsuitable,
    read_findings,
)
from wx_notebook.service.request import Request
from wx_notebook.service.sse import Event
from wx_notebook.transport import ConnectionBroken

#: The reason of an answer that is whole, and whose end the service gave no reason for.
UNKNOWN_END = "unknown"
#: Stop reasons that announce an error.
_FAILURES = ("error", "cancelled", "canceled", "timeout")
_FAILED_AFTERWARDS = "the answer is whole, but the service reported an error behind it: "
_NOT_COUNTED = "the service did not say how many tokens it used"


def stream_deltas(
    events: Iterable[Event],
    read: Callable[[Mapping[str, Any]], AnswerDelta],
    request: Request,
    *,
    ends_with_usage: bool = False,
) -> Iterator[AnswerDelta]:
    """Yield the deltas of a streamed answer, the last one for its end.

    It reads on behind the stop reason: an event with the usage may follow, or a truer one. Who
    reads the response limits how long that may take.

    Parameters
    ----------
    events
        As they arrive.
    read
        Makes a delta of the document in an event.
    request
        What was asked.
    ends_with_usage
        Whether a usage that nothing follows is an end even without a stop reason.

    Raises
    ------
    AnswerCut
        The stream ended before the answer did.
    PromptBlocked
        A guardrail stopped the prompt.
    WatsonxError
        An error event arrived.
    """
    end = _End(request)
    try:
        for document in _documents(events, end):
            if end.has_content and _is_step(document):
                # thousands of events are one step of one answer
                delta = read(document)
                yield delta
                end.add(delta, document)
                continue
            for part in single_choices(document):
                delta = end.without_repetition(read(part), part)
                yield delta
                end.add(delta, part)
            if end.is_stopped:
                break
    except (ConnectionBroken, AnswerCut):
        # behind the stop reason nothing can make the text less whole
        if not (end.is_finished or end.is_blocked):
            raise
    end.check()
    is_whole = (end.is_done and end.has_content) or (ends_with_usage and end.is_at_usage)
    if not (end.is_finished or is_whole):
        raise early_end_error()
    yield from end.missing()


def _documents(events: Iterable[Event], end: _End) -> Iterator[dict[str, Any]]:
    """Yield the documents in events; an error behind the end of a whole answer is only noted."""
    for event in events:
        try:
            document = parse_event(event)
        except WatsonxError as error:
            if not end.is_whole:
                raise
            end.late_error = error
            return
        if document is None:
            end.is_done = True
            return
        yield document


def reply_deltas(
    document: dict[str, Any],
    read: Callable[[Mapping[str, Any]], AnswerDelta],
    request: Request,
) -> Iterator[AnswerDelta]:
    """Yield a whole answer as one delta, and another one where its end is not told.

    Raises
    ------
    AnswerCut
        The reply holds no answer.
    PromptBlocked
        A guardrail stopped the prompt.
    """
    end = _End(request)
    for part in single_choices(document):
        delta = read(part)
        yield delta
        end.add(delta, part)
    end.check()
    if not (end.is_finished or end.has_content or end.is_at_usage):
        raise cut_error("the reply holds no answer.")
    yield from end.missing()


class _End:
    """What the deltas so far say about the end of their answer."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.has_content = self.is_finished = self.is_counted = False
        #: whether nothing came behind the usage, which some models repeat in each event
        self.is_at_usage = False
        self._findings: list[GuardrailFinding] = []
        self._warnings: dict[str, None] = {}
        self.is_blocked = False
        #: whether the last delta says that a guardrail stopped the prompt, and nothing follows
        self.is_stopped = False
        #: the choices that have begun, and those that have a stop reason
        self._begun: set[int] = set()
        self._has_failed = False
        #: whether `[DONE]` came
        self.is_done = False
        #: an error that came behind the end
        self.late_error: WatsonxError | None = None
        self._begins_with_message = False
        self._finished: set[int] = set()

    def without_repetition(self, delta: AnswerDelta, document: Mapping[str, Any]) -> AnswerDelta:
        """Return a delta without the whole text that some servers repeat behind its parts."""
        if not self.has_content:
            self._begins_with_message = _has_message(document)
        elif not self._begins_with_message and _has_message(document):
            return delta._replace(text="", reasoning="", refusal="")
        return delta

    def add(self, delta: AnswerDelta, document: Mapping[str, Any]) -> None:
        """Keep what a delta says."""
        if delta.text or delta.reasoning or delta.refusal or delta.calls:
            # a usage that comes with each part of the text counts what has come so far
            self.is_at_usage = delta.usage is not None and not self.is_counted
            self.has_content = True
            self.is_blocked = False
        elif delta.usage is not None and not (self.is_counted and document.get("choices")):
            self.is_at_usage = self.has_content or delta.usage.output_tokens > 0
        if delta.usage is not None:
            self.is_counted = True
        if delta.choice is not None and delta.choice not in self._begun:
            self._begun.add(delta.choice)
            self.is_finished = False
        if delta.finish_reason:
            self._has_failed = delta.finish_reason in _FAILURES
            # without a number it is the end of all
            self._finished |= self._begun if delta.choice is None else {delta.choice}
            self.is_finished = self._finished >= self._begun
        if not self.has_content and (delta.warnings or delta.guardrail_notes):
            self.is_stopped = self._is_stopped_by(delta, document)

    def _is_stopped_by(self, delta: AnswerDelta, document: Mapping[str, Any]) -> bool:
        findings = read_findings(document)
        if findings is None:
            return False
        self._findings += findings
        self._warnings |= dict.fromkeys(delta.warnings)
        self.is_blocked = True
        if delta.finish_reason:
            return True
        if choices := json_objects(document.get("choices")):
            return not any({"delta", "message", "text"} & set(one) for one in choices)
        # without a choice it may announce the answer to a prompt that is only marked
        return "results" not in document and is_unsuitable(document)

    @property
    def is_whole(self) -> bool:
        """Whether everything arrived that the model wrote, and the stop reason is not a failure."""
        return self.is_finished and self.has_content and not self._has_failed

    def missing(self) -> Iterator[AnswerDelta]:
        """Yield what the service did not say at the end of an answer that is whole."""
        if not self.is_finished:
            yield AnswerDelta(finish_reason=UNKNOWN_END)
        if self.late_error is not None:
            said = quoted(" ".join(self.late_error.message.split("\n")[:2]), 200)
            yield AnswerDelta(warnings=(_FAILED_AFTERWARDS + said,))
        if not self.is_counted:
            yield AnswerDelta(warnings=(_NOT_COUNTED,))

    def check(self) -> None:
        """Raise for a prompt that a guardrail stopped.

        Raises
        ------
        PromptBlocked
            Nothing of an answer came.
        """
        if self.is_blocked:
            raise blocked_error(
                self._findings,
                self._warnings,
                self._request.message_texts(),
                is_masked=self._request.masks_findings,
            )


def _is_step(document: Mapping[str, Any]) -> bool:
    """Return whether a document is the next step of one answer, and no whole message."""
    choices = document.get("choices")
    if type(choices) is not list or len(choices) != 1:
        return False
    return type(choices[0]) is dict and "delta" in choices[0]


def _has_message(document: Mapping[str, Any]) -> bool:
    choices = document.get("choices")
    choice = choices[0] if type(choices) is list and choices else None
    return type(choice) is dict and "delta" not in choice and "message" in choice
