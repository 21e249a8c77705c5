"""Requests with a schema: as `response_format`, in the text of the prompt, and once more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wx_notebook.schemas.shapes import JsonSchema
from wx_notebook.service import Request

#: The field of a request that a schema goes in.
FIELD = "response_format"
#: What a request with tools has besides.
_OF_TOOLS = ("tools", "tool_choice_option")
_IN_PROMPT = (
    "\n\nAnswer with JSON alone, without any other words, that fits this JSON Schema:\n{schema}"
)
_REPAIR = (
    "Your answer does not fit the JSON Schema that was asked for: {fault}\nWrite the whole answer "
    "again, as JSON alone that fits."
)


def with_response_format(request: Request, response_format: Mapping[str, Any]) -> Request:
    """Return a request that names the schema in a field of its own."""
    return replace(request, body={**(request.body or {}), FIELD: response_format})


def with_schema_in_prompt(request: Request, document: JsonSchema) -> Request:
    """Return a request that says the schema at the end of its last message."""
    body = {name: each for name, each in (request.body or {}).items() if name != FIELD}
    text = schema_text(document)
    messages = list(body.get("messages", ()))
    if messages and messages[-1].get("role") == "user":
        last = messages[-1]
        messages[-1] = {**last, "content": _with_text(last.get("content"), text)}
    else:
        messages.append({"role": "user", "content": text.strip()})
    return replace(request, body={**body, "messages": messages})


def schema_text(document: JsonSchema) -> str:
    """Return what the prompt of a model says that takes no `response_format`."""
    return _IN_PROMPT.format(schema=json.dumps(document, ensure_ascii=False))


def repair_request(request: Request, text: str, fault: str) -> Request:
    """Return the request for an answer that fits, after the one that did not.

    Parameters
    ----------
    request
        What was asked first.
    text, fault
        The answer to it, and what is wrong with that.
    """
    body = {name: each for name, each in (request.body or {}).items() if name not in _OF_TOOLS}
    # an empty message is refused
    said = [{"role": "assistant", "content": text}] if text.strip() else []
    ask = {"role": "user", "content": _REPAIR.format(fault=fault)}
    body["messages"] = [*body.get("messages", ()), *said, ask]
    # who keeps the answer to `request` gets the one that counts
    return replace(request, body=body, is_part=True, repairs=False, rounds=None, cache=None)


def _with_text(content: object, text: str) -> object:
    """Return the content of a message with a text behind it."""
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [*content, {"type": "text", "text": text.strip()}]
    return f"{content or ''}{text}"
