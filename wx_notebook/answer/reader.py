"""Reads the deltas of an answer, and keeps what they bring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from wx_notebook.answer.calls import CallCollector
from wx_notebook.answer.notes import is_cut
from wx_notebook.errors import WatsonxError
from wx_notebook.service import (
    AnswerDelta,
    ReasoningSplitter,
    Split,
    SurrogateJoiner,
    TokenDetails,
    Usage,
)
from wx_notebook.transport import Response

#: Seconds that the event with the usage may take after the stop reason.
LAST_EVENT_S = 5.0
#: Seconds that something may still follow when both are there, such as a truer usage.
_END_S = 0.25
_NEVER_CLOSED = "the model never ended its thinking: all that it wrote is shown as the answer"


class Notice(NamedTuple):
    """A sentence about an answer; a recurring one comes with every answer of the model."""

    text: str
    is_recurring: bool = False


class AnswerReader:
    """The deltas of one answer, read one after the other.

    Parameters
    ----------
    deltas
        As `Service.deltas` returns them.
    response
        What they are read from: read on after the last delta, so that its connection serves the
        next request. None for an answer that another reader feeds.
    prompt
        Returns the text of the prompt: marks of reasoning that stand there are no marks.
    choice
        The service's number for this answer; None for the first number that comes.

    Attributes
    ----------
    texts, reasonings, refusals
        What arrived of the answer, of the reasoning and of a refusal, in parts.
    notices
        What the service, its guardrails or this package have to say besides.
    calls
        Collects what arrives of tool calls.
    logprobs, prompt_logprobs
        Details of the tokens of the answer, and of the prompt.
    usage, finish_reason, model_id, request_id
        The last value that a delta had, "" or None before that.
    others
        The readers of further answers to the same prompt, by the service's number for each.
    on_reasoning
        Is called with each part of the reasoning.
    on_reset
        Is called when what arrived as text turns out to be reasoning, or the other way round, with
        all of the text and all of the reasoning so far.
    on_other
        Is called after each step of a further answer, with its number and its reader.
    """

    def __init__(
        self,
        deltas: Iterator[AnswerDelta],
        response: Response | None,
        prompt: Callable[[], str] = str,
        choice: int | None = None,
    ) -> None:
        self.texts: list[str] = []
        self.reasonings: list[str] = []
        self.refusals: list[str] = []
        self.notices: list[Notice] = []
        self.logprobs: list[TokenDetails] = []
        self.prompt_logprobs: list[TokenDetails] = []
        self.calls = CallCollector()
        self.others: dict[int, AnswerReader] = {}
        self.usage: Usage | None = None
        self.finish_reason = self.model_id = self.request_id = ""
        self.on_reasoning: Callable[[str], None] | None = None
        self.on_reset: Callable[[str, str], None] | None = None
        self.on_other: Callable[[int, AnswerReader], None] | None = None
        self._deltas = deltas
        self._response = response
        self._prompt = prompt
        self._choice = choice
        # None once it is certain that no more reasoning comes in the text
        self._splitter: ReasoningSplitter | None = ReasoningSplitter(prompt)
        self._text_joiner = SurrogateJoiner()
        self._reasoning_joiner = SurrogateJoiner()
        self._refusal_joiner = SurrogateJoiner()
        self._has_half = False
        self._untold: list[tuple[Callable[..., None], tuple[str, ...]]] = []
        self._error: BaseException | None = None

    @property
    def uncounted_text(self) -> str:
        """All that the model wrote, its reasoning too; "" where the service counted the tokens."""
        if self.usage is not None and self.usage.output_tokens:
            return ""
        others = (one.uncounted_text for one in self.others.values())
        return "".join([*self.texts, *self.reasonings, *self.refusals, *others])

    def next_text(self) -> str | None:
        """Return the next text of the answer, None at its end.

        Raises
        ------
        WatsonxError, Interrupted
            The answer is not whole. What was kept for a mark that never came is returned before.
        """
        try:
            for delta in self._deltas:
                if text := self._told(self.feed(delta)):
                    return text
        except (WatsonxError, KeyboardInterrupt) as error:
            self._error = error
        if self._error is None and self._response is not None:
            self._response.drain()
        is_whole = self._error is None and not is_cut(self.finish_reason)
        if text := self._told(self.finish(is_whole=is_whole)):
            return text
        if self._error is not None:
            failure, self._error = self._error, None
            raise failure
        return None

    def feed(self, delta: AnswerDelta) -> str:
        """Keep what a delta brings, and return its text of the answer."""
        # unpacked at once: this runs for each of thousands of deltas
        (
            text, reasoning, reason, usage, model_id, request_id, warnings, guardrail, recurring,
            refusal, calls, logprobs, prompt_logprobs, choice,
        ) = delta  # fmt: skip
        if choice is not None and choice != self._choice and self._is_other(choice):
            self._feed_other(choice, delta)
            return ""
        if text:
            text = self._add_text(text)
        if reasoning and (reasoning := self._reasoning_joiner.feed(reasoning)):
            self._add_reasoning(reasoning)
        if reason or usage is not None:
            self._add_end(reason, usage)
        if model_id:
            self.model_id = model_id
        if request_id:
            self.request_id = request_id
        if calls:
            self.calls.feed(calls)
        if warnings or guardrail or recurring or refusal:
            self.refusals += filter(None, [self._refusal_joiner.feed(refusal)])
            self.add_notices([*warnings, *guardrail])
            self.notices += [Notice(one, is_recurring=True) for one in recurring]
        if logprobs or prompt_logprobs:
            self.logprobs += logprobs
            self.prompt_logprobs += prompt_logprobs
        return text

    def _is_other(self, choice: int) -> bool:
        """Return whether a number is that of another answer; the first one is this answer's."""
        if self._choice is None:
            self._choice = choice
        return choice != self._choice

    def _feed_other(self, choice: int, delta: AnswerDelta) -> None:
        if choice not in self.others:
            self.others[choice] = AnswerReader(iter(()), None, self._prompt)
        other = self.others[choice]
        other.feed(delta._replace(usage=None))
        if delta.finish_reason or delta.usage is not None:
            self._add_end("", delta.usage)
        if self.on_other is not None:
            self.on_other(choice, other)

    def finish(self, *, is_whole: bool) -> str:
        """Keep what was held back for a mark or for half a character, and return its text.

        A second call does nothing.

        Parameters
        ----------
        is_whole
            Whether the model came to its end.
        """
        for other in self.others.values():
            other.finish(is_whole=is_whole and not is_cut(other.finish_reason))
        if reasoning := self._reasoning_joiner.finish():
            self._add_reasoning(reasoning)
        self.refusals += filter(None, [self._refusal_joiner.finish()])
        text, splitter = self._text_joiner.finish(), self._splitter
        if splitter is None:
            self.texts += filter(None, [text])
            return text
        first = self._keep(splitter.feed(text, self.texts)) if text else ""
        last = splitter.finish(self.texts, is_whole=is_whole)
        if splitter.was_unclosed:
            self.add_notices([_NEVER_CLOSED])
        self._splitter = None
        return first + self._keep(last)

    def _add_text(self, text: str) -> str:
        """Keep a part of the text, and return what is the answer's by now."""
        if self._has_half or not text.isascii():
            text = self._text_joiner.feed(text)
            self._has_half = self._text_joiner.has_half
        if self._splitter is not None and not self._splitter.ignores(text):
            return self._keep(self._splitter.feed(text, self.texts))
        if text:
            self.texts.append(text)
        return text

    def _add_end(self, reason: str, usage: Usage | None) -> None:
        if reason:
            self.finish_reason = reason
        if usage is not None:
            self.usage = usage if self.usage is None else self.usage.updated(usage)
        has_ended = all(one.finish_reason for one in (self, *self.others.values()))
        if has_ended and self._response is not None:
            self._response.expect_end_within(LAST_EVENT_S if usage is None else _END_S)

    def _keep(self, split: Split) -> str:
        """Keep a part of the text that was sorted, and return what is the answer's."""
        if self._splitter is not None and self._splitter.is_done:
            self._splitter = None
        if split.moves_text or split.moved_reasoning:
            self._reset(split)
        if split.reasoning:
            self._add_reasoning(split.reasoning)
        if split.text:
            self.texts.append(split.text)
        return split.text

    def _reset(self, split: Split) -> None:
        reasoning = "".join(self.reasonings)
        if split.moves_text:
            self.texts.clear()
        reasoning = reasoning.replace(split.moved_reasoning, "", 1)
        self.reasonings[:] = [reasoning] if reasoning else []
        if self.on_reset is not None:
            self._untold.append((self.on_reset, ("".join(self.texts), reasoning)))

    def _add_reasoning(self, reasoning: str) -> None:
        self.reasonings.append(reasoning)
        if self.on_reasoning is not None:
            self._untold.append((self.on_reasoning, (reasoning,)))

    def _told(self, text: str) -> str:
        """Call back now that all is kept: what fails there, or is stopped, loses nothing."""
        while self._untold:
            callback, parts = self._untold.pop(0)
            callback(*parts)
        return text

    def add_notices(self, texts: Iterable[str]) -> None:
        """Keep sentences for the warnings of the answer."""
        self.notices += map(Notice, texts)
