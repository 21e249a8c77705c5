"""An answer that is written, and what every document about it repeats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wx_notebook.sandbox.guards import Finding
from wx_notebook.sandbox.prompts import CHAT_TOKENS, Prompt
from wx_notebook.sandbox.replies import DOCS
from wx_notebook.sandbox.shapes import ToolCall

Document = dict[str, object]

NOT_ASKED = {
    "message": "No model was asked: the sandbox on your own machine made this answer.",
    "id": "sandbox_no_model",
    "more_info": DOCS,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Text in pieces, each of them a token, or a call of a tool whose arguments they are.

    Attributes
    ----------
    reason
        Why it ends: `end`, `stop`, `length`, `time` or `call`.
    created
        Epoch seconds.
    thinking
        What comes before it, in pieces.
    findings
        What guardrails found.
    """

    prompt: Prompt
    pieces: list[str]
    reason: str
    wall_clock: Callable[[], float]
    created: int
    id: str
    warnings: list[Document]
    call: ToolCall | None = None
    thinking: Sequence[str] = ()
    findings: Sequence[Finding] = ()

    @property
    def usage(self) -> Document:
        """What the answer cost."""
        written, read = len(self.thinking) + len(self.pieces), self.prompt.input_tokens
        usage: Document = {
            "completion_tokens": written,
            "prompt_tokens": read,
            "total_tokens": written + read,
        }
        if self.thinking:
            usage["completion_tokens_details"] = {"reasoning_tokens": len(self.thinking)}
        return usage

    def model_version(self) -> Document:
        """Return the field that names the version; the service names none for some models."""
        version = self.prompt.model.version
        return {"model_version": version} if version else {}


def warnings(prompt: Prompt, today: str, *, is_chat: bool) -> list[Document]:
    """Return what the service remarks about a prompt."""
    model = prompt.model
    remarks: list[Document] = []
    if model.stage(today) == "deprecated":
        message = f"Model '{model.model_id}' is deprecated; use '{model.successor}' instead."
        remarks.append({"message": message, "id": "deprecation_warning", "more_info": DOCS})
    if model.provider != "IBM":
        message = f"'{model.model_id}' is a third-party model: its provider's terms apply."
        remarks.append({"message": message, "id": "disclaimer_warning", "more_info": DOCS})
    if not is_chat:
        message = "This API is legacy. Please consider using '/ml/v1/text/chat' instead."
        remarks.append({"message": message, "id": "api_legacy", "more_info": DOCS})
    elif not prompt.limit_given:
        remarks.append(
            {
                "message": "The value of 'max_completion_tokens' for this model was set to value "
                f"{CHAT_TOKENS}",
                "id": "unspecified_max_completion_tokens",
                "additional_properties": {
                    "limit": 0,
                    "new_value": CHAT_TOKENS,
                    "parameter": "max_completion_tokens",
                    "value": 0,
                },
            }
        )
    return remarks
