"""Tool calls in the parts of an answer, in the shapes that families of models have for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

#: Of a tool, and of a call.
_LONGEST_NAME = 200


class CallFragment(NamedTuple):
    """A part of a tool call: streams repeat neither its id nor its name.

    `index` is the service's number of the call, -1 where it gives none; `arguments` are a part of a
    JSON text.
    """

    index: int = -1  # type: ignore[assignment]  # as the service calls it
    id: str = ""
    name: str = ""
    arguments: str = ""


def read_calls(content: Mapping[str, Any]) -> tuple[CallFragment, ...]:
    """Return the parts of tool calls in a delta or a message.

    Shapes: `tool_calls` with or without `index`, `id` and `type`, whole or in parts; the older
    `function_call` (recorded in IBM's Java SDK, see the tests).
    """
    listed = content.get("tool_calls")
    calls = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if isinstance(older := content.get("function_call"), dict):
        calls.append({"index": 0, "function": older})
    return tuple(map(_fragment, calls))


def _fragment(call: Mapping[str, Any]) -> CallFragment:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments")
    if arguments is not None and not isinstance(arguments, str):
        # some servers send the object itself
        arguments = json.dumps(arguments, ensure_ascii=False)
    index, call_id, name = call.get("index"), call.get("id"), function.get("name")
    return CallFragment(
        index if isinstance(index, int) else -1,
        call_id[:_LONGEST_NAME] if isinstance(call_id, str) else "",
        name[:_LONGEST_NAME] if isinstance(name, str) else "",
        arguments or "",
    )
