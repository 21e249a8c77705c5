"""What the documents of one answer share: its head, its usage, its warnings."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from wx_notebook.sandbox.http.messages import DOCS, Document, timestamp
from wx_notebook.sandbox.inference.prompts import CHAT_TOKENS, LONGEST_CALL_MS, Prompt

NO_MODEL = {
    "message": "No model was asked: the sandbox on your own machine made this answer.",
    "id": "sandbox_no_model",
    "more_info": DOCS,
}
#: Sent in place of the answer to a prompt that a guardrail stops (recorded in IBM's Java SDK).
UNSUITABLE_INPUT = {
    "message": "Unsuitable input detected. Please check the detected entities on your input and "
    "try again with the unsuitable input removed.",
    "id": "UNSUITABLE_INPUT",
}


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """What every document of one answer repeats.

    Attributes
    ----------
    version
        Of the model; "" if the service names none.
    id, created
        Id of a chat; epoch seconds.
    """

    prompt: Prompt
    warnings: list[Document]
    wall_clock: Callable[[], float]
    version: str
    id: str
    created: int

    @classmethod
    def begin(
        cls,
        prompt: Prompt,
        warnings: list[Document],
        wall_clock: Callable[[], float],
        version: str = "",
    ) -> ReplyContext:
        """Return the context of a new answer."""
        chat_id = f"chatcmpl-{uuid.uuid4().hex}"
        return cls(prompt, warnings, wall_clock, version, chat_id, int(wall_clock()))

    def _version(self) -> Document:
        return {"model_version": self.version} if self.version else {}

    def chat_document(self, kind: str, choices: list[Document], **more: object) -> Document:
        """Return a document of `text/chat`; `kind` is its `object`."""
        model_id = self.prompt.model.model_id
        return {
            "id": self.id,
            "object": kind,
            "model_id": model_id,
            "model": model_id,
            "choices": choices,
            "created": self.created,
            **self._version(),
            "created_at": timestamp(self.wall_clock()),
            **more,
        }

    def generation_document(
        self,
        text: str,
        written: int,
        read: int,
        stop_reason: str,
        details: Document | None = None,
        **more: object,
    ) -> Document:
        """Return a document of `text/generation`; the details belong to its result."""
        result: Document = {
            "generated_text": text,
            "generated_token_count": written,
            "input_token_count": read,
            "stop_reason": stop_reason,
            **(details or {}),
        }
        return {
            "model_id": self.prompt.model.model_id,
            **self._version(),
            "created_at": timestamp(self.wall_clock()),
            "results": [result],
            **more,
        }

    def gateway_document(
        self, kind: str, choices: list[Document], fingerprint: str, **more: object
    ) -> Document:
        """Return a document of the model gateway; OpenAI's clients show the fingerprint."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.prompt.model.model_id,
            "cached": False,
            "service_tier": "default",
            "system_fingerprint": fingerprint,
            "choices": choices,
            **more,
        }


def usage_document(read: int, written: int, reasoning: int = 0) -> Document:
    """Return the usage of an answer in tokens; those of the reasoning are among the written."""
    usage: Document = {
        "completion_tokens": written,
        "prompt_tokens": read,
        "total_tokens": written + read,
    }
    if reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return usage


def reply_warnings(prompt: Prompt, today: str, *, is_chat: bool) -> list[Document]:
    """Return the service's warnings about a prompt."""
    model = prompt.model
    warnings: list[Document] = []
    if model.stage(today) == "deprecated":
        message = f"Model '{model.model_id}' is deprecated; use '{model.successor}' instead."
        warnings.append({"message": message, "id": "deprecation_warning", "more_info": DOCS})
    if model.provider != "IBM":
        message = f"'{model.model_id}' is a third-party model: its provider's terms apply."
        warnings.append({"message": message, "id": "disclaimer_warning", "more_info": DOCS})
    if not is_chat:
        message = "This API is legacy. Please consider using '/ml/v1/text/chat' instead."
        warnings.append({"message": message, "id": "api_legacy", "more_info": DOCS})
    elif not prompt.has_limit:
        name = "max_completion_tokens"
        warnings.append(
            {
                "message": f"The value of '{name}' for this model was set to value {CHAT_TOKENS}",
                "id": f"unspecified_{name}",
                "additional_properties": {
                    "limit": 0,
                    "new_value": CHAT_TOKENS,
                    "parameter": name,
                    "value": 0,
                },
            }
        )
    if prompt.time_limit_ms is not None and prompt.time_limit_ms > LONGEST_CALL_MS:
        warnings.append(_time_limit_warning(prompt.time_limit_ms))
    return warnings


def _time_limit_warning(asked: int) -> Document:
    # recorded in the tests of quarkus-langchain4j (2024-10)
    rule = "must be larger than 0 and not larger than 10m0s; it was set to 10m0s"
    return {
        "message": f"The value of 'time_limit' for this model {rule}",
        "id": "time_limit_out_of_range",
        "additional_properties": {
            "limit": LONGEST_CALL_MS,
            "new_value": LONGEST_CALL_MS,
            "parameter": "time_limit",
            "value": asked,
        },
    }
