"""Replies of an upstream in the words of watsonx.ai."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wx_notebook.sandbox import pieces
from wx_notebook.sandbox.prompts import Prompt
from wx_notebook.sandbox.trouble import Trouble
from wx_notebook.sandbox.wire import created_at

Document = dict[str, Any]

_FINISH_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "cancelled",
    "abort": "cancelled",
}
_STOP_REASONS = {"stop": "eos_token", "length": "max_tokens", "tool_calls": "eos_token"}


@dataclass(frozen=True, slots=True)
class About:
    """What every document of one answer repeats."""

    prompt: Prompt
    warnings: list[dict[str, object]]
    wall_clock: Callable[[], float]
    id: str
    created: int

    def head(self, what: str) -> Document:
        """Return the first fields of a chat's document."""
        model_id = self.prompt.model.model_id
        return {
            "id": self.id,
            "object": what,
            "model_id": model_id,
            "model": model_id,
            "created": self.created,
            "created_at": created_at(self.wall_clock()),
        }

    def result(self, text: str, written: int, read: int, stop_reason: str) -> Document:
        """Return a document of text generation."""
        return {
            "model_id": self.prompt.model.model_id,
            "created_at": created_at(self.wall_clock()),
            "results": [
                {
                    "generated_text": text,
                    "generated_token_count": written,
                    "input_token_count": read,
                    "stop_reason": stop_reason,
                }
            ],
        }


def choices_of(document: Document) -> list[Document]:
    """Return the choices of a reply or chunk; those that are none are left out."""
    choices = document.get("choices")
    return [each for each in choices if isinstance(each, dict)] if isinstance(choices, list) else []


def finish_reason(choice: Mapping[str, Any]) -> str | None:
    """Return why an answer ends, in the words of a chat; None while it goes on."""
    reason = choice.get("finish_reason")
    if not isinstance(reason, str) or not reason:
        return None
    return _FINISH_REASONS.get(reason.lower(), "error")


def stop_reason(choice: Mapping[str, Any]) -> str:
    """Return why a generation ends, in its words; "not_finished" while it goes on."""
    reason = finish_reason(choice)
    if reason == "stop" and isinstance(choice.get("stop_reason"), str):
        return "stop_sequence"  # vLLM names the sequence
    return "not_finished" if reason is None else _STOP_REASONS.get(reason, reason)


def usage_of(told: object, prompt: Prompt, text: str) -> Document:
    """Return the usage as the upstream tells it; where it does not, as the sandbox counts."""
    usage = told if isinstance(told, dict) else {}
    read, written = (
        value if isinstance(value := usage.get(name), int) else counted
        for name, counted in (
            ("prompt_tokens", prompt.input_tokens),
            ("completion_tokens", pieces.count(text)),
        )
    )
    document: Document = {
        "completion_tokens": written,
        "prompt_tokens": read,
        "total_tokens": written + read,
    }
    details = usage.get("completion_tokens_details")
    if isinstance(details, dict) and isinstance(details.get("reasoning_tokens"), int):
        reasoning = details["reasoning_tokens"]
        document["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return document


def index_of(part: Mapping[str, Any]) -> int:
    """Return which of several choices or calls this is."""
    index = part.get("index")
    return index if isinstance(index, int) else 0


def text_in(message: Mapping[str, Any], *names: str) -> str:
    """Return the first text among these fields, "" without one."""
    return next((message[name] for name in names if isinstance(message.get(name), str)), "")


def reasoning_in(message: Mapping[str, Any]) -> str:
    """Return what a model thought aloud: `reasoning` at Ollama and newer vLLM."""
    return text_in(message, "reasoning_content", "reasoning")


def whole_call(call: Mapping[str, Any]) -> Document:
    """Return a tool call with all that clients need of it."""
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    name, arguments = text_in(function, "name"), text_in(function, "arguments")
    call_id = text_in(call, "id") or f"call_{uuid.uuid4().hex[:24]}"
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def calls_of(message: Mapping[str, Any]) -> list[Document]:
    """Return the tool calls of a message or delta."""
    calls = message.get("tool_calls")
    return [each for each in calls if isinstance(each, dict)] if isinstance(calls, list) else []


def message_of(choice: Mapping[str, Any]) -> Document:
    """Return the message of a whole choice."""
    told = choice.get("message")
    told = told if isinstance(told, dict) else {}
    message: Document = {"role": "assistant", "content": text_in(told, "content")}
    if reasoning := reasoning_in(told):
        message["reasoning_content"] = reasoning
    if refusal := text_in(told, "refusal"):
        message["refusal"] = refusal
    if calls := calls_of(told):
        message["tool_calls"] = [whole_call(each) for each in calls]
    return message


def chat(reply: Document, about: About, told: Callable[[str], str]) -> Document:
    """Return the reply of `text/chat`.

    Raises
    ------
    Trouble
        The upstream's reply holds no choice.
    """
    choices = []
    for index, choice in enumerate(_answered(reply, told)):
        one: Document = {
            "index": index,
            "message": message_of(choice),
            "finish_reason": finish_reason(choice) or "stop",
        }
        if choice.get("logprobs") is not None:
            one["logprobs"] = choice["logprobs"]
        choices.append(one)
    text = "".join(_said(one["message"]) for one in choices)
    return {
        **about.head("chat.completion"),
        "choices": choices,
        "usage": usage_of(reply.get("usage"), about.prompt, text),
        "system": {"warnings": about.warnings},
    }


def generation(reply: Document, about: About, told: Callable[[str], str]) -> Document:
    """Return the reply of `text/generation`; raises as `chat` does."""
    choice = _answered(reply, told)[0]
    text = text_of(choice)
    usage = usage_of(reply.get("usage"), about.prompt, text)
    reason = stop_reason(choice)
    document = about.result(
        text,
        usage["completion_tokens"],
        usage["prompt_tokens"],
        "eos_token" if reason == "not_finished" else reason,
    )
    return {**document, "system": {"warnings": about.warnings}}


def at_the_gateway(
    reply: Document, about: About, told: Callable[[str], str], *, is_chat: bool
) -> Document:
    """Return the reply of `chat/completions` or `completions`; raises as `chat` does."""
    choices = []
    for index, choice in enumerate(_answered(reply, told)):
        said: Document = {"message": message_of(choice)} if is_chat else {"text": text_of(choice)}
        reason = finish_reason(choice) or "stop"
        choices.append({"index": index, "finish_reason": reason, "logprobs": None, **said})
    text = "".join(text_of(choice) for choice in choices)
    return {
        **gateway_head(about, "chat.completion" if is_chat else "text_completion"),
        "choices": choices,
        "usage": usage_of(reply.get("usage"), about.prompt, text),
    }


def gateway_head(about: About, what: str) -> Document:
    """Return the first fields of a document of the gateway."""
    return {
        "id": about.id,
        "object": what,
        "created": about.created,
        "model": about.prompt.model.model_id,
        "cached": False,
        "service_tier": "default",
        "system_fingerprint": "wx_notebook-sandbox-upstream",
    }


def text_of(choice: Mapping[str, Any]) -> str:
    """Return the text of a choice of `/completions`, or of a chat that stands in for it."""
    for name in ("message", "delta"):
        if isinstance(choice.get(name), dict):
            return text_in(choice[name], "content")
    return text_in(choice, "text")


def streamed(reply: Document) -> Iterator[Document]:
    """Yield a whole reply as the chunks of a stream, for an upstream that does not stream."""
    choices = []
    for choice in choices_of(reply):
        message = choice.get("message")
        changed = {name: value for name, value in choice.items() if name != "message"}
        if isinstance(message, dict):
            calls = [{"index": n, **each} for n, each in enumerate(calls_of(message))]
            changed["delta"] = {**message, "tool_calls": calls}
        choices.append(changed)
    yield {**reply, "choices": choices}


def _answered(reply: Document, told: Callable[[str], str]) -> list[Document]:
    choices = choices_of(reply)
    if not choices:
        raise Trouble(told("answered without a choice: it does not speak OpenAI's protocol"))
    return choices


def _said(message: Document) -> str:
    arguments = [call["function"]["arguments"] for call in message.get("tool_calls", ())]
    return "".join([message["content"], message.get("reasoning_content", ""), *arguments])
