"""The messages of a chat, checked one by one, and whether the model reasons before it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wx_notebook.sandbox.http.messages import Document
from wx_notebook.sandbox.inference.models import Model
from wx_notebook.sandbox.inference.request_body import FieldRule, RequestBody
from wx_notebook.sandbox.inference.text_measures import count_tokens

# tokens that a message costs beside its text
_PER_MESSAGE = 3

_MESSAGE = {
    # no `developer`: IBM's Java SDK has it at the model gateway only
    "role": FieldRule("string", words=("system", "user", "assistant", "tool", "control")),
    "name": FieldRule("string"),
    "refusal": FieldRule("string"),
    "tool_calls": FieldRule("array"),
    "tool_call_id": FieldRule("string"),
}
_TEXT = {"content": FieldRule("string")}
_CALL = {"id": FieldRule("string"), "type": FieldRule("string"), "function": FieldRule("object")}
_FUNCTION = {"name": FieldRule("string"), "arguments": FieldRule("string")}
_PART = {"type": FieldRule("string", words=("text", "image_url", "video_url", "input_audio"))}
_TEXT_PART = {"type": FieldRule("string", words=("text",))}
_PARTS = {
    "text": FieldRule("string"),
    "image_url": FieldRule("object"),
    "video_url": FieldRule("object"),
    "input_audio": FieldRule("object"),
}
_EFFORTS = {"low": 1, "medium": 2, "high": 3}
# switches in `chat_template_kwargs`: Granite's, and that of other families (IBM's Java SDK)
_SWITCHES = ("thinking", "enable_thinking")


@dataclass(frozen=True, slots=True)
class Message:
    """One message: the role of its author, its text, and the number of images in it."""

    role: str
    text: str
    images: int = 0

    @property
    def tokens(self) -> int:
        """Its length in the sandbox's tokens."""
        return count_tokens(self.text) + _PER_MESSAGE


def read_messages(body: RequestBody, messages: list[Any]) -> tuple[Message, ...]:
    """Return the messages of a conversation.

    Raises
    ------
    ErrorResponse
        400: there is no message, or one lacks what its role needs.
    """
    if not messages:
        raise body.incomplete("'messages' must not be empty.", "messages")
    documents = body.objects(messages, "messages")
    return tuple(_message(body, each, f"messages[{i}].") for i, each in enumerate(documents))


def _message(body: RequestBody, message: Document, prefix: str) -> Message:
    body.check(_MESSAGE, message, prefix=prefix, required=("role",))
    role = message["role"]
    required = ["content"]
    if role == "assistant" and "tool_calls" in message:
        required = []
        _check_tool_calls(body, message["tool_calls"], prefix)
    if role == "tool" and "tool_call_id" not in message:
        raise body.incomplete(f"'{prefix}tool_call_id' is required.", f"{prefix}tool_call_id")
    if isinstance(message.get("content"), list):
        return _message_of_parts(body, message["content"], prefix, role)
    body.check(_TEXT, message, prefix=prefix, required=required)
    return Message(role, message.get("content", ""))


def _message_of_parts(body: RequestBody, parts: list[Any], prefix: str, role: str) -> Message:
    """Return a message whose content is a list; only the user's may hold more than text."""
    rules = _PART if role == "user" else _TEXT_PART
    if not parts:
        raise body.incomplete(f"'{prefix}content' must not be empty.", f"{prefix}content")
    texts: list[str] = []
    images = 0
    for index, part in enumerate(body.objects(parts, f"{prefix}content")):
        at = f"{prefix}content[{index}]."
        body.check(rules, part, prefix=at, required=("type",))
        kind = part["type"]
        body.check({kind: _PARTS[kind]}, part, prefix=at, required=(kind,))
        if kind == "text":
            texts.append(part["text"])
        elif kind == "image_url":
            images += 1
            at += "image_url."
            body.check(
                {"url": FieldRule("string")}, part["image_url"], prefix=at, required=("url",)
            )
    return Message(role, "\n".join(texts), images)


def _check_tool_calls(body: RequestBody, calls: list[Any], prefix: str) -> None:
    for index, call in enumerate(body.objects(calls, f"{prefix}tool_calls")):
        at = f"{prefix}tool_calls[{index}]."
        body.check(_CALL, call, prefix=at, required=("id", "type", "function"))
        at += "function."
        # the service refuses a call without arguments, even if the tool takes none
        body.check(_FUNCTION, call["function"], prefix=at, required=("name", "arguments"))


def reasoning_effort(document: Document, messages: Sequence[Message], model: Model) -> int:
    """Return how much a model reasons about a chat, 0 to 3.

    A model that reasons in a field of its own, such as gpt-oss, takes an effort. Granite takes a
    switch of its template, or a message of the role `control` (IBM's Python SDK).
    """
    switches = document.get("chat_template_kwargs", {})
    effort = document.get("reasoning_effort")
    is_on = any(switches.get(name) is True for name in _SWITCHES)
    is_on |= any(each.role == "control" and each.text == "thinking" for each in messages)
    if model.reasons == "field":
        is_on |= effort is not None
    if not (model.reasons and is_on) or document.get("include_reasoning") is False:
        return 0
    return _EFFORTS.get(effort or "medium", 2)
