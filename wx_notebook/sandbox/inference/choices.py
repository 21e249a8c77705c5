"""One of the texts of an answer, or the tool calls in its place, whole and in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wx_notebook.sandbox.http.messages import Document
from wx_notebook.sandbox.inference.moderation import (
    NO_GUARDRAILS,
    Detection,
    Guardrails,
    detect_in_answer,
)
from wx_notebook.sandbox.inference.text_measures import split_sentences
from wx_notebook.sandbox.inference.tools import ToolCall

#: Why an answer ends, in the words of a chat and in those of text generation.
FINISH_REASONS = {
    "end": "stop",
    "stop": "stop",
    "length": "length",
    "time": "time_limit",
    "call": "tool_calls",
}
STOP_REASONS = {
    "end": "eos_token",
    "stop": "stop_sequence",
    "length": "max_tokens",
    "time": "time_limit",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event of a stream adds to a text: tokens, and what was found in them."""

    tokens: Sequence[str]
    detections: Sequence[Detection]

    @property
    def text(self) -> str:
        """The tokens as one text."""
        return "".join(self.tokens)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the texts of an answer, in tokens, or the tool calls in its place.

    Attributes
    ----------
    reason
        Why it ends, a key of `FINISH_REASONS`.
    reasoning
        The tokens of the reasoning before it.
    index
        Its number among the choices.
    guardrails
        What to look for in the text.
    """

    tokens: Sequence[str]
    reason: str
    calls: Sequence[ToolCall] = ()
    reasoning: Sequence[str] = ()
    index: int = 0
    guardrails: Guardrails = NO_GUARDRAILS

    @property
    def text(self) -> str:
        """The tokens as one text."""
        return "".join(self.tokens)

    @property
    def written(self) -> int:
        """The number of tokens, those of the reasoning and of the calls included."""
        in_calls = sum(len(each.tokens) for each in self.calls)
        return len(self.reasoning) + len(self.tokens) + in_calls

    def detections(self) -> list[Detection]:
        """Return what was found in the whole text."""
        found: list[Detection] = []
        offset = 0
        for sentence in split_sentences(self.tokens) if self.guardrails.output else ():
            text = "".join(sentence)
            found += detect_in_answer(self.guardrails, text, self.index, offset)
            offset += len(text)
        return found

    def pieces(self) -> list[Piece]:
        """Return the text in the pieces of a stream, at least one.

        They are tokens. Where a guardrail reads along they are sentences, in which it counts the
        positions (recorded in IBM's Java SDK).
        """
        if not self.guardrails.output:
            return [Piece([token], ()) for token in self.tokens] or [Piece((), ())]
        pieces = [
            Piece(tokens, detect_in_answer(self.guardrails, "".join(tokens), self.index))
            for tokens in split_sentences(self.tokens)
        ]
        return pieces or [Piece((), ())]

    def call_documents(self) -> list[Document]:
        """Return the field `tool_calls` of a message."""
        return [
            {"id": call.id, "type": "function",
             "function": {"name": call.name, "arguments": call.arguments}}
            for call in self.calls
        ]  # fmt: skip

    def call_deltas(self) -> Iterator[Document]:
        """Yield the fragments of the calls, one call after the other."""
        for index, call in enumerate(self.calls):
            for number, text in enumerate(call.tokens or ("",)):
                # a continuation repeats the type and leaves the name empty (IBM's Java SDK)
                begin = {} if number else {"id": call.id}
                function = {"name": "" if number else call.name, "arguments": text}
                part = {"index": index, **begin, "type": "function", "function": function}
                yield {"tool_calls": [part]}
