"""Chat and text generation: the documents of an answer, and their streams."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from wx_notebook.sandbox import pieces, prompts
from wx_notebook.sandbox.replies import DOCS, ok
from wx_notebook.sandbox.script import Script
from wx_notebook.sandbox.wire import Reply, Request, Stream, created_at, encode, event

#: The operation in IBM's API documentation, by kind of call.
ANCHORS = {
    "chat": "text-chat",
    "chat_stream": "text-chat-stream",
    "generation": "text-generation",
    "generation_stream": "text-generation-stream",
}
_FINISH_REASONS = {"end": "stop", "stop": "stop", "length": "length"}
_STOP_REASONS = {"end": "eos_token", "stop": "stop_sequence", "length": "max_tokens"}

_Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer, and what every document about it repeats."""

    prompt: prompts.Prompt
    pieces: list[str]
    reason: str
    wall_clock: Callable[[], float]
    created: int
    id: str
    warnings: list[_Document]

    @property
    def usage(self) -> _Document:
        written, read = len(self.pieces), self.prompt.input_tokens
        return {
            "completion_tokens": written,
            "prompt_tokens": read,
            "total_tokens": written + read,
        }

    def model_version(self) -> _Document:
        # the service names no version for some models
        version = self.prompt.model.version
        return {"model_version": version} if version else {}


class Inference:
    """Answers prompts.

    Parameters
    ----------
    admit
        Lets a prompt into its project or space, or refuses it.
    script
        Where answers come from.
    words_per_second
        The pace of an answer, streamed or not; None is as fast as the machine can.
    wall_clock
        Epoch seconds.
    """

    def __init__(
        self,
        admit: prompts.Admit,
        script: Script,
        words_per_second: float | None,
        wall_clock: Callable[[], float],
    ) -> None:
        self._admit = admit
        self._script = script
        self._interval_s = 1 / words_per_second if words_per_second else 0.0
        self._wall_clock = wall_clock

    def answer(self, kind: str, request: Request) -> Reply | Stream:
        """Answer a prompt in the way that its path asks for, a key of `ANCHORS`.

        Raises
        ------
        Refused
            The body is not what the service takes.
        """
        is_chat = kind.startswith("chat")
        read = prompts.chat if is_chat else prompts.generation
        today = created_at(self._wall_clock())[:10]
        prompt = read(request.body, ANCHORS[kind], self._admit, today)
        answer = self._written(prompt, today, is_chat)
        if not kind.endswith("_stream"):
            document = _chat(answer) if is_chat else _generation(answer)
            return ok(document, delay_s=self._interval_s * len(answer.pieces))
        events = _chat_events(answer) if is_chat else _generation_events(answer)
        # an answer without a piece still has an event that ends it
        length = 1 + max(len(answer.pieces), 1) + is_chat
        return Stream(events, length, self._interval_s)

    def _written(self, prompt: prompts.Prompt, today: str, is_chat: bool) -> _Answer:
        kept, reason = pieces.trim(
            self._script.answer(prompt),
            prompt.most_tokens,
            prompt.stops,
            keep_stop=prompt.keep_stop,
            least=prompt.least_tokens,
        )
        return _Answer(
            prompt,
            kept,
            reason,
            self._wall_clock,
            int(self._wall_clock()),
            f"chatcmpl-{uuid.uuid4().hex}",
            _warnings(prompt, today, is_chat),
        )


def _warnings(prompt: prompts.Prompt, today: str, is_chat: bool) -> list[_Document]:
    model = prompt.model
    warnings: list[_Document] = []
    if model.stage(today) == "deprecated":
        message = f"Model '{model.model_id}' is deprecated; use '{model.successor}' instead."
        warnings.append({"message": message, "id": "deprecation_warning", "more_info": DOCS})
    if model.provider != "IBM":
        message = f"'{model.model_id}' is a third-party model: its provider's terms apply."
        warnings.append({"message": message, "id": "disclaimer_warning", "more_info": DOCS})
    if not is_chat:
        message = "This API is legacy. Please consider using '/ml/v1/text/chat' instead."
        warnings.append({"message": message, "id": "api_legacy", "more_info": DOCS})
    elif not prompt.limit_given:
        warnings.append(
            {
                "message": "The value of 'max_completion_tokens' for this model was set to value "
                f"{prompts.CHAT_TOKENS}",
                "id": "unspecified_max_completion_tokens",
                "additional_properties": {
                    "limit": 0,
                    "new_value": prompts.CHAT_TOKENS,
                    "parameter": "max_completion_tokens",
                    "value": 0,
                },
            }
        )
    return warnings


def _chat(answer: _Answer) -> _Document:
    message = {"role": "assistant", "content": "".join(answer.pieces)}
    reason = _FINISH_REASONS[answer.reason]
    return {
        "id": answer.id,
        "object": "chat.completion",
        "model_id": answer.prompt.model.model_id,
        "model": answer.prompt.model.model_id,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "created": answer.created,
        **answer.model_version(),
        "created_at": created_at(answer.wall_clock()),
        "usage": answer.usage,
        "system": {"warnings": answer.warnings},
    }


def _chat_events(answer: _Answer) -> Iterator[bytes]:
    model_id = answer.prompt.model.model_id

    def chunk(number: int, choices: list[_Document], **more: object) -> bytes:
        document = {
            "id": answer.id,
            "object": "chat.completion.chunk",
            "model_id": model_id,
            "model": model_id,
            "choices": choices,
            "created": answer.created,
            **answer.model_version(),
            "created_at": created_at(answer.wall_clock()),
            **more,
        }
        return event(number, encode(document))

    def choice(finish_reason: str | None, **delta: str) -> list[_Document]:
        return [{"index": 0, "finish_reason": finish_reason, "delta": delta}]

    system = {"warnings": answer.warnings}
    yield chunk(1, choice(None, role="assistant", content=""), system=system)
    texts = answer.pieces or [""]
    for number, text in enumerate(texts, 2):
        last = number == len(texts) + 1
        yield chunk(number, choice(_FINISH_REASONS[answer.reason] if last else None, content=text))
    yield chunk(len(texts) + 2, [], usage=answer.usage)


def _generation(answer: _Answer) -> _Document:
    result = {
        "generated_text": "".join(answer.pieces),
        "generated_token_count": len(answer.pieces),
        "input_token_count": answer.prompt.input_tokens,
        "stop_reason": _STOP_REASONS[answer.reason],
    }
    return {
        "model_id": answer.prompt.model.model_id,
        **answer.model_version(),
        "created_at": created_at(answer.wall_clock()),
        "results": [result],
        "system": {"warnings": answer.warnings},
    }


def _generation_events(answer: _Answer) -> Iterator[bytes]:
    def chunk(
        number: int, text: str, written: int, read: int, stop_reason: str, **more: object
    ) -> bytes:
        result = {
            "generated_text": text,
            "generated_token_count": written,
            "input_token_count": read,
            "stop_reason": stop_reason,
        }
        document = {
            "model_id": answer.prompt.model.model_id,
            **answer.model_version(),
            "created_at": created_at(answer.wall_clock()),
            "results": [result],
            **more,
        }
        return event(number, encode(document))

    system = {"warnings": answer.warnings}
    yield chunk(1, "", 0, answer.prompt.input_tokens, "not_finished", system=system)
    texts = answer.pieces or [""]
    # the count is cumulative in the recordings, although IBM's Java SDK adds the values up
    for number, text in enumerate(texts, 2):
        last = number == len(texts) + 1
        reason = _STOP_REASONS[answer.reason] if last else "not_finished"
        yield chunk(number, text, min(number - 1, len(answer.pieces)), 0, reason)
