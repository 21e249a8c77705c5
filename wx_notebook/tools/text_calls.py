"""Tool calls that a model writes into its text, in the marks of its family.

Sources of the forms: the chat templates of the models, and vLLM's parsers for them: Hermes and
Qwen, Granite 3 and 4 (``<tool_call>``, ``<|tool_call|>``), Llama 3 (``<|python_tag|>``, a bare
object, ``<function=...>``), Llama 3.2 and 4 (a list of Python calls), Mistral (``[TOOL_CALLS]``).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from wx_notebook.answer import ToolCall, parse_arguments
from wx_notebook.answer.calls import new_call_id

_MARKS = ("<tool_call>", "<|tool_call|>", "<|python_tag|>", "[TOOL_CALLS]", "<function=")
_TAGGED = re.compile(
    r"(?:<tool_call>|<\|tool_call\|>|<\|python_tag\|>|\[TOOL_CALLS\])\s*"
    r"(?P<body>.*?)\s*(?:<[/]tool_call>|<\|eom_id\|>|<\|eot_id\|>|"
    r"(?=<tool_call>|<\|tool_call\|>|<\|python_tag\|>|\[TOOL_CALLS\])|\Z)",
    re.DOTALL,
)
_FUNCTION = re.compile(r"<function=(?P<name>[\w.-]+)>(?P<body>.*?)(?:<[/]function>|\Z)", re.DOTALL)
_MISTRAL = re.compile(r"(?P<name>[\w.-]+)\[ARGS\](?P<body>.*)", re.DOTALL)
_SEPARATORS = re.compile(r"[\s;,]*")
_LONGEST = 200_000
_DECODER = json.JSONDecoder()


def text_calls(text: str, names: Collection[str]) -> tuple[str, tuple[ToolCall, ...]]:
    """Return the text without the calls in it, and the calls.

    Parameters
    ----------
    names
        The tools that there are: what has no mark of its own is a call only of one of these.
    """
    if len(text) > _LONGEST:
        return text, ()
    calls: list[ToolCall] = []
    rest = text
    for pattern in (_TAGGED, _FUNCTION):
        for match in pattern.finditer(text):
            name = match.groupdict().get("name")
            found = [_call(name, match["body"])] if name else list(_calls_in(match["body"], names))
            if found:
                calls += found
                rest = rest.replace(match[0], "", 1)
    if not calls:
        # without a mark it is a call only if nothing else is there
        calls = [call for call in _calls_in(text.strip(), names) if call.name in names]
        rest = "" if calls else rest
    return (rest.strip(), tuple(calls)) if calls else (text, ())


def may_become_call(text: str) -> bool:
    """Return whether a text that has begun may be nothing but a call, so that it is held back."""
    begun = text.lstrip()
    if not begun:
        return False
    if any(begun.startswith(mark) or mark.startswith(begun) for mark in _MARKS):
        return True
    return (
        re.match(r'\{(\s*("(n|t|f|$)|$))|\[(\s*([A-Za-z_]\w*\(|\{|$|[A-Za-z_]\w*$))', begun)
        is not None
    )


def _calls_in(body: str, names: Collection[str]) -> Iterator[ToolCall]:
    """Yield the calls of a text that consists of calls; nothing if it has anything else."""
    if (mistral := _MISTRAL.fullmatch(body)) is not None:
        yield _call(mistral["name"], mistral["body"])
        return
    if body[:1] in "{[":
        found = list(_json_calls(body))
        if found:
            yield from found
            return
    yield from _python_calls(body, names)


def _json_calls(body: str) -> Iterator[ToolCall]:
    found: list[ToolCall] = []
    at = 0
    while at < len(body):
        try:
            value, at = _DECODER.raw_decode(body, at)
        except (ValueError, RecursionError):
            return
        for each in value if isinstance(value, list) else [value]:
            call = _from_object(each)
            if call is None:
                return
            found.append(call)
        separator = _SEPARATORS.match(body, at)
        at = separator.end() if separator is not None else at
    yield from found


def _from_object(value: Any) -> ToolCall | None:  # noqa: ANN401
    """Return the call in a JSON object, in any of the names that families have for its fields."""
    if not isinstance(value, Mapping):
        return None
    inner = value.get("function")
    if isinstance(inner, Mapping):
        value = inner
    name = value.get("name") or (inner if isinstance(inner, str) else None)
    arguments = next((value[key] for key in ("arguments", "parameters") if key in value), None)
    if not isinstance(name, str) or not name or arguments is None:
        return None
    raw = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return _call(name, raw)


def _python_calls(body: str, names: Collection[str]) -> Iterator[ToolCall]:
    """Yield calls written as Python, ``[area(w=3)]``; only literals, and nothing is run."""
    try:
        tree = ast.parse(body.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    nodes = tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree]
    found = []
    for node in nodes:
        name = _called(node)
        if not isinstance(node, ast.Call) or name not in names or node.args:
            return
        try:
            given = {each.arg: ast.literal_eval(each.value) for each in node.keywords}
            found.append(_call(name, json.dumps(given, ensure_ascii=False)))
        except (ValueError, TypeError):
            return
    yield from found


def _called(node: ast.expr) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    # Llama writes its built-in tools as brave_search.call(query="...")
    if isinstance(function, ast.Attribute) and function.attr == "call":
        function = function.value
    return function.id if isinstance(function, ast.Name) else ""


def _call(name: str, raw: str) -> ToolCall:
    return ToolCall(name, parse_arguments(raw), new_call_id(), raw)
