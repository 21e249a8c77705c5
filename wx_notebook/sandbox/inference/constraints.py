"""What an answer must be if it is not free prose: JSON, a choice, a pattern, or a tool call."""

from __future__ import annotations

import json
from dataclasses import dataclass

from wx_notebook.sandbox.http.messages import ErrorResponse, service_error
from wx_notebook.sandbox.inference.json_schema import schema_fault, text_for_pattern
from wx_notebook.sandbox.inference.request_body import FieldRule, RequestBody
from wx_notebook.sandbox.inference.schema_instance import TEXT, NoInstance, make_instance
from wx_notebook.sandbox.inference.tools import Tool, ToolCall, choose_tools

CONSTRAINT_RULES = {
    "tools": FieldRule("array"),
    "tool_choice_option": FieldRule("string", words=("none", "auto", "required")),
    "tool_choice": FieldRule("object"),
    "response_format": FieldRule("object"),
    "guided_choice": FieldRule("array of strings"),
    "guided_regex": FieldRule("string"),
    "guided_grammar": FieldRule("string"),
    # sent by clients that come from OpenAI; unknown to IBM's SDKs
    "parallel_tool_calls": FieldRule("boolean"),
}
_RESPONSE_FORMAT = {
    "type": FieldRule("string", words=("text", "json_object", "json_schema")),
    "json_schema": FieldRule("object"),
}
_TOOL = {"type": FieldRule("string", words=("function",)), "function": FieldRule("object")}
_FUNCTION = {
    "name": FieldRule("string"),
    "description": FieldRule("string"),
    "parameters": FieldRule("object"),
}
_ANY_OBJECT = {
    "type": "object",
    "properties": {
        "written_by": {"const": "the sandbox"},
        "text": {"const": TEXT},
        # something to look at, and to work with
        "devices": {"const": [{"name": "lamp", "watts": 9}, {"name": "laptop", "watts": 45}]},
    },
    "required": ["written_by", "text", "devices"],
}


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a chat asks of its answer.

    Attributes
    ----------
    schema
        The answer is an instance of it; None without one.
    choices, pattern
        The answer is one of them; it matches this regular expression.
    tools
        The model may call these; empty if calls are forbidden.
    must_call
        The answer must be a call.
    may_call_several
        It may be several calls at once.
    """

    schema: object = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    tools: tuple[Tool, ...] = ()
    must_call: bool = False
    may_call_several: bool = True


UNCONSTRAINED = Constraints()


def read_constraints(body: RequestBody) -> Constraints:
    """Return what the fields of a chat ask of its answer.

    Raises
    ------
    ErrorResponse
        400: they contradict each other, or lack something.
    """
    document = body.document
    if "tool_choice" in document and "tool_choice_option" in document:
        raise body.invalid("'tool_choice' excludes 'tool_choice_option'.", "tool_choice")
    tools = _tools(body)
    option = document.get("tool_choice_option", "auto")
    choice = document.get("tool_choice", {}).get("function")
    if isinstance(choice, dict):
        # an unknown name is ignored: no public source says what the service does
        tools = tuple(each for each in tools if each.name == choice.get("name")) or tools
    return Constraints(
        _schema(body),
        tuple(document.get("guided_choice", ())),
        document.get("guided_regex", ""),
        () if option == "none" else tools,
        option == "required" or isinstance(choice, dict),
        document.get("parallel_tool_calls", True),
    )


def _tools(body: RequestBody) -> tuple[Tool, ...]:
    tools = []
    for index, tool in enumerate(body.objects(body.document.get("tools", []), "tools")):
        prefix = f"tools[{index}]."
        body.check(_TOOL, tool, prefix=prefix, required=("type", "function"))
        function = body.object_at("function", tool, prefix)
        body.check(_FUNCTION, function, prefix=f"{prefix}function.", required=("name",))
        _check_schema(body, function.get("parameters", {}), f"{prefix}function.parameters")
        tools.append(
            Tool(function["name"], function.get("description", ""), function.get("parameters", {}))
        )
    return tuple(tools)


def _schema(body: RequestBody) -> object:
    guided = body.document.get("guided_json")
    if isinstance(guided, str):
        # an object in IBM's Python SDK, a text in its Node SDK
        try:
            guided = json.loads(guided)
        except (ValueError, RecursionError):
            raise body.invalid("'guided_json' is not JSON.", "guided_json") from None
    if guided is not None:
        return _check_schema(body, guided, "guided_json")
    if "response_format" not in body.document:
        return None
    response_format = body.document["response_format"]
    needs_schema = response_format.get("type") == "json_schema"
    required = ("type", "json_schema") if needs_schema else ("type",)
    body.check(_RESPONSE_FORMAT, response_format, prefix="response_format.", required=required)
    if needs_schema:
        schema = response_format["json_schema"].get("schema", {})
        return _check_schema(body, schema, "response_format.json_schema.schema")
    return _ANY_OBJECT if response_format["type"] == "json_object" else None


def _check_schema(body: RequestBody, schema: object, field: str) -> object:
    """Return `schema`, or raise the service's error if it is not a JSON Schema."""
    if fault := schema_fault(schema):
        raise body.invalid(f"'{field}' is not a JSON Schema: {fault}.", field)
    return schema


def constrained_text(constraints: Constraints, anchor: str, choice: int = 0) -> str | None:
    """Return a text that meets the constraints, for the choice of this number; None for prose.

    Raises
    ------
    ErrorResponse
        400: no such text was found.
    """
    if constraints.choices:
        return constraints.choices[choice % len(constraints.choices)]
    if constraints.pattern:
        text = text_for_pattern(constraints.pattern, 0)
        if text is None:
            raise _no_answer("no text was found that matches 'guided_regex'", anchor)
        return text
    return None if constraints.schema is None else _json_for(constraints.schema, anchor)


def tool_calls(constraints: Constraints, prompt: str, anchor: str) -> tuple[ToolCall, ...]:
    """Return calls of the tools that `prompt` speaks of; () without tools.

    Raises
    ------
    ErrorResponse
        400: no arguments were found for the parameters of a tool.
    """
    # arguments are an object, whether the schema says so or not
    return tuple(
        ToolCall(tool.name, _json_for({"type": "object", **tool.parameters}, anchor))
        for tool in choose_tools(
            constraints.tools, prompt, may_be_several=constraints.may_call_several
        )
    )


def _json_for(schema: object, anchor: str) -> str:
    try:
        return json.dumps(make_instance(schema), ensure_ascii=False)
    except NoInstance as error:
        reason = str(error)
    raise _no_answer(reason, anchor)


def _no_answer(reason: str, anchor: str) -> ErrorResponse:
    message = f"The sandbox cannot write such an answer: {reason}."
    return service_error(400, "invalid_request_entity", message, anchor=anchor)
