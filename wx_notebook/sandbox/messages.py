"""The messages of a chat, checked one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wx_notebook.sandbox import pieces
from wx_notebook.sandbox.fields import Body, Document, Rule

#: Tokens that a message costs beside its text.
_PER_MESSAGE = 3

_MESSAGE = {
    # no `developer`: IBM's Java SDK keeps it to the model gateway
    "role": Rule("string", words=("system", "user", "assistant", "tool", "control")),
    "name": Rule("string"),
    "refusal": Rule("string"),
    "tool_calls": Rule("array"),
    "tool_call_id": Rule("string"),
}
_TEXT = {"content": Rule("string")}
_CALL = {"id": Rule("string"), "type": Rule("string"), "function": Rule("object")}
_FUNCTION = {"name": Rule("string"), "arguments": Rule("string")}
_PART = {"type": Rule("string", words=("text", "image_url", "video_url", "input_audio"))}
_PARTS = {
    "text": Rule("string"),
    "image_url": Rule("object"),
    "video_url": Rule("object"),
    "input_audio": Rule("object"),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: who speaks, the text, and how many images came with it."""

    role: str
    text: str
    images: int = 0

    @property
    def tokens(self) -> int:
        """The length, by the sandbox's own measure."""
        return pieces.count(self.text) + _PER_MESSAGE


def turns_of(body: Body, messages: list[Any]) -> tuple[Turn, ...]:
    """Return the turns of a conversation.

    Raises
    ------
    Refused
        400: there is none, or one lacks what its role needs.
    """
    if not messages:
        raise body.wrong("'messages' must not be empty.", "messages")
    documents = body.objects(messages, "messages")
    return tuple(_turn(body, each, f"messages[{i}].") for i, each in enumerate(documents))


def _turn(body: Body, message: Document, prefix: str) -> Turn:
    body.check(_MESSAGE, message, prefix=prefix, required=("role",))
    role = message["role"]
    if role == "user" and isinstance(message.get("content"), list):
        return _turn_in_parts(body, message["content"], prefix)
    required = ["content"]
    if role == "assistant" and "tool_calls" in message:
        required = []
        _check_tool_calls(body, message["tool_calls"], prefix)
    body.check(_TEXT, message, prefix=prefix, required=required)
    if role == "tool" and "tool_call_id" not in message:
        raise body.wrong(f"'{prefix}tool_call_id' is required.", f"{prefix}tool_call_id")
    return Turn(role, message.get("content", ""))


def _turn_in_parts(body: Body, parts: list[Any], prefix: str) -> Turn:
    if not parts:
        raise body.wrong(f"'{prefix}content' must not be empty.", f"{prefix}content")
    texts: list[str] = []
    images = 0
    for index, part in enumerate(body.objects(parts, f"{prefix}content")):
        at = f"{prefix}content[{index}]."
        body.check(_PART, part, prefix=at, required=("type",))
        kind = part["type"]
        body.check({kind: _PARTS[kind]}, part, prefix=at, required=(kind,))
        if kind == "text":
            texts.append(part["text"])
        elif kind == "image_url":
            images += 1
            at += "image_url."
            body.check({"url": Rule("string")}, part["image_url"], prefix=at, required=("url",))
    return Turn("user", "\n".join(texts), images)


def _check_tool_calls(body: Body, calls: list[Any], prefix: str) -> None:
    for index, call in enumerate(body.objects(calls, f"{prefix}tool_calls")):
        at = f"{prefix}tool_calls[{index}]."
        body.check(_CALL, call, prefix=at, required=("id", "type", "function"))
        at += "function."
        # the service refuses a call without arguments, even if the tool takes none
        body.check(_FUNCTION, call["function"], prefix=at, required=("name", "arguments"))
