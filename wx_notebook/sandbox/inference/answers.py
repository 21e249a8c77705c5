"""An answer with its choices, as the documents and events of watsonx.ai."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wx_notebook.sandbox.http.messages import Document, encode_json, sse_event
from wx_notebook.sandbox.inference.choices import FINISH_REASONS, STOP_REASONS, Choice
from wx_notebook.sandbox.inference.moderation import (
    Detection,
    detections_field,
    moderations_field,
)
from wx_notebook.sandbox.inference.reply_context import (
    UNSUITABLE_INPUT,
    ReplyContext,
    usage_document,
)
from wx_notebook.sandbox.inference.text_measures import split_tokens
from wx_notebook.sandbox.inference.token_details import END_TOKEN, chat_logprobs, token_records

#: The choices and the other fields of one event.
_Chunk = tuple[list[Document], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """The choices of an answer, and what its documents repeat."""

    context: ReplyContext
    choices: Sequence[Choice]

    @property
    def written(self) -> int:
        """The number of tokens of all choices."""
        return sum(choice.written for choice in self.choices)

    @property
    def usage(self) -> Document:
        """The usage of the answer, summed over its choices."""
        reasoning = sum(len(choice.reasoning) for choice in self.choices)
        return usage_document(self.context.prompt.input_tokens, self.written, reasoning)

    def _logprobs(self, choice: Choice, tokens: Sequence[str], start: int, end: bool) -> Document:
        """Return the field `logprobs` of a choice for its tokens from number `start` on, or {}."""
        top = self.context.prompt.top_logprobs
        if top is None or choice.calls:
            return {}
        # the token that ends the text is listed, too (seen in a real run)
        listed = [*tokens, *([END_TOKEN] if end and choice.reason == "end" else [])]
        return {"logprobs": chat_logprobs(listed, start, top)}

    def chat(self) -> Document:
        """Return the reply of `text/chat`."""
        choices = []
        for choice in self.choices:
            message: Document = {"role": "assistant", "content": choice.text}
            if choice.calls:
                message["tool_calls"] = choice.call_documents()
            if choice.reasoning:
                message["reasoning_content"] = "".join(choice.reasoning)
            reason = FINISH_REASONS[choice.reason]
            choices.append(
                {
                    "index": choice.index,
                    "message": message,
                    "finish_reason": reason,
                    **self._logprobs(choice, choice.tokens, 0, end=True),
                }
            )
        found = [each for choice in self.choices for each in choice.detections()]
        return self.context.chat_document(
            "chat.completion",
            choices,
            usage=self.usage,
            **moderations_field(found),
            **detections_field(found),
            system={"warnings": self.context.warnings},
        )

    def chat_chunks(self) -> list[_Chunk]:
        """Return choices and other fields of each event of `text/chat_stream`.

        Each event has one choice. Those of several choices come in turn (recorded in IBM's Java
        SDK).
        """
        turns = itertools.zip_longest(*(self._chunks_of(choice) for choice in self.choices))
        chunks = [chunk for turn in turns for chunk in turn if chunk is not None]
        first, more = chunks[0]
        chunks[0] = (first, {**more, "system": {"warnings": self.context.warnings}})
        return [*chunks, ([], {"usage": self.usage})]

    def _chunks_of(self, choice: Choice) -> list[_Chunk]:
        def chunk(delta: Document, reason: str | None = None, **more: object) -> Document:
            return {"index": choice.index, "finish_reason": reason, "delta": delta, **more}

        chunks: list[_Chunk] = [([chunk({"role": "assistant", "content": ""})], {})]
        # the first one is empty (IBM's Java SDK fixtures)
        thoughts = ("", *choice.reasoning) if choice.reasoning else ()
        chunks += [([chunk({"reasoning_content": text})], {}) for text in thoughts]
        if choice.calls:
            chunks += [([chunk(delta)], {}) for delta in choice.call_deltas()]
        else:
            pieces = choice.pieces()
            start = 0
            for number, piece in enumerate(pieces, 1):
                logprobs = self._logprobs(choice, piece.tokens, start, end=number == len(pieces))
                found = {
                    **moderations_field(piece.detections),
                    **detections_field(piece.detections),
                }
                chunks.append(([chunk({"content": piece.text}, **logprobs)], found))
                start += len(piece.tokens)
        reason = FINISH_REASONS[choice.reason]
        if len(self.choices) > 1:
            # of several choices each has an event of its own for it (recorded)
            return [*chunks, ([chunk({}, reason)], {})]
        chunks[-1][0][0]["finish_reason"] = reason
        return chunks

    def generation(self) -> Document:
        """Return the reply of `text/generation`."""
        (choice,) = self.choices
        prompt = self.context.prompt
        details = {**self._input_details(), **self._token_details(choice.tokens, 0)}
        return self.context.generation_document(
            self._input_text() + choice.text,
            len(choice.tokens),
            prompt.input_tokens,
            STOP_REASONS[choice.reason],
            {**details, **moderations_field(choice.detections())},
            system={"warnings": self.context.warnings},
        )

    def _input_text(self) -> str:
        prompt = self.context.prompt
        return prompt.messages[0].text if prompt.return_options.input_text else ""

    def _input_details(self) -> Document:
        prompt = self.context.prompt
        if not prompt.return_options.input_tokens:
            return {}
        # of a prompt that is cut on its left the end is what the model reads
        tokens = split_tokens(prompt.messages[0].text)[-prompt.input_tokens :]
        return {"input_tokens": token_records(tokens, prompt.return_options, 0)}

    def _token_details(self, tokens: Sequence[str], start: int) -> Document:
        prompt = self.context.prompt
        if not prompt.return_options.generated_tokens:
            return {}
        start += max(prompt.input_tokens, 1)
        return {"generated_tokens": token_records(tokens, prompt.return_options, start)}

    def generation_chunks(self) -> list[tuple[Any, ...]]:
        """Return the arguments of `ReplyContext.generation_document` for each event of a stream."""
        (choice,) = self.choices
        read = self.context.prompt.input_tokens
        begin = (self._input_text(), 0, read, "not_finished", self._input_details())
        chunks: list[tuple[Any, ...]] = [begin]
        written = 0
        pieces = choice.pieces()
        for number, piece in enumerate(pieces, 1):
            reason = STOP_REASONS[choice.reason] if number == len(pieces) else "not_finished"
            details = self._token_details(piece.tokens, written)
            # cumulative in the recordings, although IBM's Java SDK adds the values up
            written += len(piece.tokens)
            details |= moderations_field(piece.detections)
            chunks.append((piece.text, written, 0, reason, details))
        return chunks

    def chat_events(self) -> tuple[Iterator[bytes], int]:
        """Return the events of `text/chat_stream`, and their number."""
        chunks = self.chat_chunks()
        events = (
            sse_event(
                number,
                encode_json(self.context.chat_document("chat.completion.chunk", choices, **more)),
            )
            for number, (choices, more) in enumerate(chunks, 1)
        )
        return events, len(chunks)

    def generation_events(self) -> tuple[Iterator[bytes], int]:
        """Return the events of `text/generation_stream`, and their number."""
        chunks = self.generation_chunks()

        def event(number: int, chunk: tuple[Any, ...]) -> bytes:
            more: Document = {}
            if number == 1:
                more = {"system": {"warnings": self.context.warnings}}
            return sse_event(number, encode_json(self.context.generation_document(*chunk, **more)))

        return (event(number, chunk) for number, chunk in enumerate(chunks, 1)), len(chunks)


def blocked_document(
    context: ReplyContext, found: Sequence[Detection], *, is_chat: bool, streams: bool
) -> Document:
    """Return the only document that answers a prompt which a guardrail stops.

    That of a streamed chat is recorded in IBM's Java SDK: a choice without a text or a reason.
    The same body with the whole form, and an empty text of a text generation, are likely.
    """
    system = {"warnings": [UNSUITABLE_INPUT]}
    read = context.prompt.input_tokens
    if not is_chat:
        details = moderations_field(found)
        return context.generation_document("", 0, read, "not_finished", details, system=system)
    kind = "chat.completion.chunk" if streams else "chat.completion"
    return replace(context, id=uuid.uuid4().hex).chat_document(
        kind,
        [{"index": 0, "finish_reason": None}],
        usage={"prompt_tokens": read},
        system=system,
        **moderations_field(found),
        **detections_field(found),
    )
