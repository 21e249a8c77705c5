"""What an answer has to be when it is not free prose: JSON, a choice, a pattern, a tool call."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wx_notebook.sandbox import pieces
from wx_notebook.sandbox.fields import Body, Document, Rule
from wx_notebook.sandbox.pattern import text_for
from wx_notebook.sandbox.replies import refusal
from wx_notebook.sandbox.schema_instance import TEXT, NoInstance, instance
from wx_notebook.sandbox.vectors import embed, similarity

RULES = {
    "tools": Rule("array"),
    "tool_choice_option": Rule("string", words=("none", "auto", "required")),
    "tool_choice": Rule("object"),
    "response_format": Rule("object"),
    "guided_choice": Rule("array of strings"),
    "guided_regex": Rule("string"),
    "guided_grammar": Rule("string"),
}
_RESPONSE_FORMAT = {
    "type": Rule("string", words=("text", "json_object", "json_schema")),
    "json_schema": Rule("object"),
}
_TOOL = {"type": Rule("string", words=("function",)), "function": Rule("object")}
_FUNCTION = {
    "name": Rule("string"),
    "description": Rule("string"),
    "parameters": Rule("object"),
}
_ANY_OBJECT = {
    "type": "object",
    "properties": {
        "written_by": {"const": "the sandbox"},
        "text": {"const": TEXT},
        # something to look at, and to work on with
        "devices": {"const": [{"name": "lamp", "watts": 9}, {"name": "laptop", "watts": 45}]},
    },
    "required": ["written_by", "text", "devices"],
}


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that may be called; its parameters are a JSON Schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the answer asks for; the arguments are JSON text, as the service sends it."""

    name: str
    arguments: str
    id: str = field(default_factory=lambda: f"call_{uuid.uuid4().hex[:24]}")


@dataclass(frozen=True, slots=True)
class Shape:
    """What was asked for.

    Attributes
    ----------
    schema
        Of which the answer is an instance; None if of none.
    choices, pattern
        One of which is the answer; that the answer matches.
    tools
        Those that may be called, none where calls are forbidden.
    must_call
        The answer cannot be words.
    """

    schema: object = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    tools: tuple[Tool, ...] = ()
    must_call: bool = False


PROSE = Shape()


def shape_of(body: Body, document: Document) -> Shape:
    """Return what the fields of a chat ask for.

    Raises
    ------
    Refused
        400: they contradict each other, or lack something.
    """
    if "tool_choice" in document and "tool_choice_option" in document:
        raise body.invalid("'tool_choice' excludes 'tool_choice_option'.", "tool_choice")
    tools = _tools(body, document)
    option = document.get("tool_choice_option", "auto")
    named = document.get("tool_choice", {}).get("function")
    if isinstance(named, dict):
        # a name that is no tool is nobody's mistake here: no public source says what happens
        tools = tuple(each for each in tools if each.name == named.get("name")) or tools
    return Shape(
        _schema(body, document),
        tuple(document.get("guided_choice", ())),
        document.get("guided_regex", ""),
        () if option == "none" else tools,
        option == "required" or isinstance(named, dict),
    )


def _tools(body: Body, document: Document) -> tuple[Tool, ...]:
    tools = []
    for index, tool in enumerate(body.objects(document.get("tools", []), "tools")):
        prefix = f"tools[{index}]."
        body.check(_TOOL, tool, prefix=prefix, required=("type", "function"))
        (function,) = body.objects([tool["function"]], f"{prefix}function")
        body.check(_FUNCTION, function, prefix=f"{prefix}function.", required=("name",))
        tools.append(
            Tool(function["name"], function.get("description", ""), function.get("parameters", {}))
        )
    return tuple(tools)


def _schema(body: Body, document: Document) -> object:
    guided = document.get("guided_json")
    if isinstance(guided, str):
        # an object in IBM's Python SDK, a text in its Node SDK
        try:
            guided = json.loads(guided)
        except (ValueError, RecursionError):
            raise body.invalid("'guided_json' is not JSON.", "guided_json") from None
    if guided is not None:
        return guided
    if "response_format" not in document:
        return None
    form, prefix = document["response_format"], "response_format."
    needs_schema = form.get("type") == "json_schema"
    required = ("type", "json_schema") if needs_schema else ("type",)
    body.check(_RESPONSE_FORMAT, form, prefix=prefix, required=required)
    if needs_schema:
        return form["json_schema"].get("schema", {})
    return _ANY_OBJECT if form["type"] == "json_object" else None


def written(shape: Shape, anchor: str) -> str | None:
    """Return an answer of that shape, None where prose will do.

    Raises
    ------
    Refused
        400: nothing of that shape was found.
    """
    if shape.choices:
        return shape.choices[0]
    if shape.pattern:
        text = text_for(shape.pattern, 0)
        if text is None:
            raise _not_made("nothing is found that matches 'guided_regex'", anchor)
        return text
    return None if shape.schema is None else _json_for(shape.schema, anchor)


def called(shape: Shape, prompt: str, anchor: str) -> ToolCall | None:
    """Return a call of the tool whose description is nearest to `prompt`, None without tools.

    Raises
    ------
    Refused
        400: no arguments were found that fit its parameters.
    """
    if not shape.tools:
        return None
    asked = embed(prompt, 256)

    def nearness(tool: Tool) -> float:
        return similarity(asked, embed(f"{tool.name} {tool.description}".replace("_", " "), 256))

    tool = max(shape.tools, key=nearness)
    # arguments are an object, whether the schema says so or not
    return ToolCall(tool.name, _json_for({"type": "object", **tool.parameters}, anchor))


def cut(call: ToolCall) -> list[str]:
    """Return the arguments of `call` in pieces, as they stream."""
    return pieces.cut(call.arguments) or [""]


def _json_for(schema: object, anchor: str) -> str:
    try:
        return json.dumps(instance(schema), ensure_ascii=False)
    except NoInstance as problem:
        reason = str(problem)
    raise _not_made(reason, anchor)


def _not_made(reason: str, anchor: str) -> Exception:
    message = f"The small writer of the sandbox can make no such answer: {reason}."
    return refusal(400, "invalid_request_entity", message, anchor=anchor)
