"""Chat and text generation: from the body of a request to an answer at its pace."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from wx_notebook.sandbox.http.messages import (
    Document,
    Reply,
    Request,
    Stream,
    encode_json,
    ok,
    sse_event,
    timestamp,
)
from wx_notebook.sandbox.inference import gateway, sample_answers
from wx_notebook.sandbox.inference.answers import Answer, blocked_document
from wx_notebook.sandbox.inference.catalogue import Deployments
from wx_notebook.sandbox.inference.choices import Choice
from wx_notebook.sandbox.inference.constraints import (
    UNCONSTRAINED,
    constrained_text,
    tool_calls,
)
from wx_notebook.sandbox.inference.moderation import Detection, detect_in_prompt
from wx_notebook.sandbox.inference.prompts import (
    ANCHORS,
    Prompt,
    ScopeCheck,
    read_chat,
    read_prompt,
    scoped_model,
)
from wx_notebook.sandbox.inference.reply_context import NO_MODEL, ReplyContext, reply_warnings
from wx_notebook.sandbox.inference.request_body import needs_thread
from wx_notebook.sandbox.inference.text_measures import split_tokens, trim
from wx_notebook.sandbox.inference.tools import ToolCall


@dataclass(frozen=True, slots=True)
class Draft:
    """A choice before any limit is applied: text in tokens, or calls.

    Attributes
    ----------
    is_queued
        A test set it, word for word; it need not say that no model was asked.
    reasoning
        The tokens of the reasoning before it, for a chat.
    """

    tokens: list[str]
    calls: tuple[ToolCall, ...] = ()
    is_queued: bool = False
    reasoning: tuple[str, ...] = ()


class AnswerQueue:
    """The answers that a test set, of which each choice takes one; then the sandbox writes its own.

    Safe for threads.
    """

    def __init__(self) -> None:
        self._queue: deque[Draft] = deque()
        self._lock = threading.Lock()

    def add(self, answers: Iterable[list[str]], reasoning: str = "") -> None:
        """Queue answers, each a list of tokens, with the same reasoning before each."""
        before = tuple(split_tokens(reasoning))
        with self._lock:
            self._queue.extend(Draft(each, is_queued=True, reasoning=before) for each in answers)

    def add_calls(self, calls: Iterable[ToolCall]) -> None:
        """Queue one answer that consists of these tool calls."""
        with self._lock:
            self._queue.append(Draft([], tuple(calls), is_queued=True))

    def take(self, prompt: Prompt, anchor: str, choice: int = 0) -> Draft:
        """Return the choice of this number of the answer, before any limit is applied.

        Raises
        ------
        ErrorResponse
            400: the prompt sets constraints that no text of the sandbox meets.
        """
        amount = prompt.reasoning if prompt.model.reasons == "field" else 0
        reasoning = tuple(split_tokens(sample_answers.reasoning_text(amount)))
        with self._lock:
            if self._queue:
                draft = self._queue.popleft()
                return draft if draft.reasoning else replace(draft, reasoning=reasoning)
        # the result of a tool is answered in words, or no agent would ever come to its end
        last = prompt.messages[-1]
        if last.role != "tool" or prompt.constraints.must_call:
            calls = tool_calls(prompt.constraints, last.text, anchor)
            if calls:
                return Draft([], calls, reasoning=reasoning)
        text = constrained_text(prompt.constraints, anchor, choice)
        text = sample_answers.write(prompt, choice) if text is None else text
        if prompt.reasoning and prompt.model.reasons == "tags":
            thought = sample_answers.reasoning_text(prompt.reasoning)
            text = f"<think>{thought}</think><response>{text}</response>"
        return Draft(split_tokens(text), reasoning=reasoning)


class Generator:
    """Answers prompts without a model.

    Parameters
    ----------
    check_scope
        Checks the project or space of a prompt.
    deployments
        Models that are asked by the name of a deployment.
    queue
        The source of answers.
    words_per_second
        The pace of an answer, streamed or whole; None is as fast as the machine can.
    wall_clock
        Epoch seconds.
    """

    def __init__(
        self,
        check_scope: ScopeCheck,
        deployments: Deployments,
        queue: AnswerQueue,
        words_per_second: float | None,
        wall_clock: Callable[[], float],
    ) -> None:
        self._check_scope = check_scope
        self._deployments = deployments
        self._queue = queue
        self._interval_s = 1 / words_per_second if words_per_second else 0.0
        self._wall_clock = wall_clock

    async def answer(self, kind: str, request: Request) -> Reply | Stream:
        """Answer a prompt in the way that its kind, a key of `ANCHORS`, asks for.

        Raises
        ------
        ErrorResponse
            The service does not take the body.
        """
        if needs_thread(request.body):
            return await asyncio.to_thread(self._answer, kind, request)
        return self._answer(kind, request)

    def _answer(self, kind: str, request: Request) -> Reply | Stream:
        today = timestamp(self._wall_clock())[:10]
        if kind.startswith("gateway_"):
            return self._gateway(request, today, is_chat=kind == "gateway_chat")
        is_chat = "chat" in kind
        if kind.startswith("deployment_"):
            find_model = self._deployments.model_finder(request.path)
        else:
            find_model = scoped_model(self._check_scope, today)
        prompt = read_prompt(kind, request.body, find_model)
        streams = kind.endswith("_stream")
        if found := detect_in_prompt(prompt.guardrails, [each.text for each in prompt.messages]):
            return blocked_reply(self._context(prompt, []), found, is_chat=is_chat, streams=streams)
        answer = self._write(prompt, ANCHORS[kind], today, is_chat=is_chat)
        if not streams:
            return self._whole(answer, answer.chat() if is_chat else answer.generation())
        return self._stream(
            answer, *(answer.chat_events() if is_chat else answer.generation_events())
        )

    def _gateway(self, request: Request, today: str, *, is_chat: bool) -> Reply | Stream:
        body = gateway.native_body(request.body, is_chat=is_chat)
        prompt = read_chat(body.data, "", gateway.model_finder(today))
        answer = self._write(prompt, "", today, is_chat=True)
        if not body.wants_stream:
            return self._whole(answer, gateway.whole_reply(answer, is_chat=is_chat))
        chunks = gateway.chunks_of(answer, is_chat=is_chat, with_usage=body.wants_usage)
        return self._stream(answer, gateway.events_of(chunks), len(chunks) + 1)

    def _whole(self, answer: Answer, document: Document) -> Reply:
        # choices are written side by side
        longest = max(choice.written for choice in answer.choices)
        return ok(document, delay_s=self._interval_s * longest)

    def _stream(self, answer: Answer, events: Iterator[bytes], length: int) -> Stream:
        return Stream(_async(events), length, self._interval_s / len(answer.choices))

    def _context(self, prompt: Prompt, warnings: list[Document]) -> ReplyContext:
        return ReplyContext.begin(prompt, warnings, self._wall_clock, prompt.model.version)

    def _write(self, prompt: Prompt, anchor: str, today: str, *, is_chat: bool) -> Answer:
        drafts = [self._queue.take(prompt, anchor, choice) for choice in range(prompt.count)]
        warnings = reply_warnings(prompt, today, is_chat=is_chat)
        # prose says it itself; a repetition, or an answer under constraints, has no room for it
        is_silent = prompt.constraints != UNCONSTRAINED or sample_answers.repetition(prompt)
        if is_silent and not all(each.is_queued for each in drafts):
            warnings.append({**NO_MODEL})
        choices = [self._choice(prompt, each, n, is_chat) for n, each in enumerate(drafts)]
        return Answer(self._context(prompt, warnings), choices)

    def _choice(self, prompt: Prompt, draft: Draft, index: int, is_chat: bool) -> Choice:
        """Return a draft within the limits of the prompt."""
        most, limit = self._limit(prompt)
        # text generation has no field for it
        reasoning = draft.reasoning[:most] if is_chat else ()
        room = most - len(reasoning)
        if draft.calls:
            calls, is_cut = _cut_calls(draft.calls, room)
            return Choice((), limit if is_cut else "call", calls, reasoning, index)
        tokens, reason = trim(
            draft.tokens,
            room,
            prompt.stops,
            keep_stop=prompt.keep_stop,
            least=prompt.least_tokens,
        )
        reason = limit if reason == "length" else reason
        guardrails = prompt.guardrails
        return Choice(tokens, reason, (), reasoning, index, guardrails)

    def _limit(self, prompt: Prompt) -> tuple[int, str]:
        """Return the number of tokens there is room for, and why a longer answer ends."""
        if prompt.most_s is None or not self._interval_s:
            return prompt.most_tokens, "length"
        in_time = int(prompt.most_s / self._interval_s)
        return min((prompt.most_tokens, "length"), (in_time, "time"))


def blocked_reply(
    context: ReplyContext, found: Sequence[Detection], *, is_chat: bool, streams: bool
) -> Reply | Stream:
    """Return the reply to a prompt that a guardrail stops: one document, or one event."""
    document = blocked_document(context, found, is_chat=is_chat, streams=streams)
    if not streams:
        return ok(document)
    return Stream(_async(iter([sse_event(1, encode_json(document))])), 1)


def _cut_calls(calls: Sequence[ToolCall], room: int) -> tuple[list[ToolCall], bool]:
    """Return the calls within `room` tokens, and whether that is less than all of them."""
    kept: list[ToolCall] = []
    for call in calls:
        tokens = call.tokens
        if len(tokens) > room:
            return [*kept, replace(call, arguments="".join(tokens[:room]))], True
        kept.append(call)
        room -= len(tokens)
    return kept, False


async def _async(events: Iterator[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event
