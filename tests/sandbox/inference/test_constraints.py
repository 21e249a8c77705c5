"""Answers under constraints: an instance of a JSON Schema, always a valid one; a tool call."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.sandbox.inference.json_schema import text_for_pattern
from wx_notebook.sandbox.inference.schema_instance import NoInstance, make_instance

SAYS_SO = "No model was asked"


def judged(schema: object) -> object:
    """An instance, judged by a library that knows nothing of the sandbox."""
    value = make_instance(schema)
    jsonschema.Draft202012Validator(schema).validate(value)
    json.dumps(value, allow_nan=False)
    return value


NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
    },
    "required": ["value", "next"],
}
# what pydantic writes for a model with a nested model, an enum, an optional field and a date
PYDANTIC = {
    "$defs": {
        "Colour": {"enum": ["red", "green"], "title": "Colour", "type": "string"},
        "Part": {
            "properties": {
                "name": {"maxLength": 12, "title": "Name", "type": "string"},
                "weight": {"exclusiveMinimum": 0, "title": "Weight", "type": "number"},
            },
            "required": ["name", "weight"],
            "title": "Part",
            "type": "object",
        },
    },
    "properties": {
        "colour": {"$ref": "#/$defs/Colour"},
        "parts": {"items": {"$ref": "#/$defs/Part"}, "minItems": 2, "type": "array"},
        "made": {"format": "date", "type": "string"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "sku": {"pattern": "^[A-Z]{3}-\\d{4}$", "type": "string"},
        "counts": {"additionalProperties": {"minimum": 3, "type": "integer"}, "type": "object"},
    },
    "required": ["colour", "parts", "made", "sku", "counts"],
    "additionalProperties": False,
    "type": "object",
}
SCHEMAS = {
    "anything": {},
    "true": True,
    "pydantic": PYDANTIC,
    "a tree that holds itself": {"$defs": {"Node": NODE}, "$ref": "#/$defs/Node"},
    "required names without a schema": {"type": "object", "required": ["a", "b"]},
    "some constant": {"const": {"a": [1, None]}},
    "only null": {"enum": [None]},
    "short text": {"type": "string", "maxLength": 3},
    "no text": {"type": "string", "maxLength": 0},
    "long text": {"type": "string", "minLength": 500, "maxLength": 501},
    "pattern and length": {"type": "string", "pattern": "^[a-f0-9]+$", "minLength": 32},
    "narrow number": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.01},
    "multiple": {"type": "integer", "multipleOf": 7, "minimum": 100},
    "multiple in decimals": {"type": "number", "multipleOf": 0.1, "minimum": 0.25},
    "negative": {"type": "integer", "maximum": -5},
    "type list": {"type": ["null", "integer"], "minimum": 4},
    "one of": {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 3}]},
    "all of": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
            {"properties": {"a": {"maximum": -2}, "b": {"const": 3}}, "required": ["b"]},
        ]
    },
    "not": {"not": {"type": ["string", "integer"]}},
    "if": {
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["more"]},
        "else": False,
    },
    "different items": {"type": "array", "uniqueItems": True, "minItems": 60,
                        "items": {"type": "string"}},
    "different booleans": {"type": "array", "uniqueItems": True, "minItems": 2,
                           "items": {"type": "boolean"}},
    "tuple": {"type": "array", "prefixItems": [{"type": "integer"}, {"enum": ["x"]}],
              "items": False, "minItems": 2},
    "contains": {"type": "array", "contains": {"const": 5}, "items": {"type": "integer"}},
    "names by a pattern": {"type": "object", "patternProperties": {"^S_": {"type": "string"}},
                           "additionalProperties": False, "minProperties": 1},
    "names that match": {"type": "object", "minProperties": 4,
                         "propertyNames": {"pattern": "^x_[a-z]+$"}},
    "an example": {"type": "string", "examples": ["like this"]},
    "escaped reference": {"$ref": "#/$defs/a~1b%", "$defs": {"a/b%": {"type": "boolean"}}},
}  # fmt: skip


@all_cases("name", SCHEMAS)
def test_the_instance_is_valid(name):
    assert judged(SCHEMAS[name]) == make_instance(SCHEMAS[name])


def test_every_property_is_filled_in_not_only_those_that_must_be():
    assert set(judged(PYDANTIC)) == set(PYDANTIC["properties"])
    assert judged(SCHEMAS["a tree that holds itself"])["children"]


def test_free_text_says_that_no_model_was_asked():
    assert make_instance({"type": "string"}).startswith(SAYS_SO)
    assert make_instance(PYDANTIC)["note"].startswith(SAYS_SO)


@all_cases("name", ["date", "date-time", "email", "uri", "uuid", "ipv4", "ipv6"])
def test_known_formats_are_kept(name):
    value = make_instance({"type": "string", "format": name})
    checker = jsonschema.FormatChecker()
    assert checker.conforms(value, name)


names = st.sampled_from("abcd")
scalars = st.one_of(
    st.just({"type": "null"}),
    st.just({"type": "boolean"}),
    st.builds(lambda a, b: {"type": "integer", "minimum": a, "maximum": a + b},
              st.integers(-50, 50), st.integers(0, 9)),
    st.builds(lambda a, b: {"type": "number", "exclusiveMinimum": a, "maximum": a + b},
              st.integers(-50, 50), st.integers(1, 9)),
    st.builds(lambda a, b: {"type": "string", "minLength": a, "maxLength": a + b},
              st.integers(0, 60), st.integers(0, 60)),
    st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.text()), min_size=1, max_size=3)
    .map(lambda values: {"enum": values}),
)  # fmt: skip


def containers(inner):
    return st.one_of(
        st.builds(lambda item, least: {"type": "array", "items": item, "minItems": least},
                  inner, st.integers(0, 4)),
        st.builds(lambda properties, required, more: {
            "type": "object", "properties": properties,
            "required": sorted(required & properties.keys()), "additionalProperties": more},
            st.dictionaries(names, inner, max_size=4), st.sets(names), st.booleans() | inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts}),
        inner.map(lambda part: {"allOf": [part, {"title": "x"}]}),
    )  # fmt: skip


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.recursive(scalars, containers, max_leaves=8))
def test_whatever_a_schema_is_made_of_there_is_a_valid_instance(schema):
    judged(schema)


def test_a_schema_never_leads_to_a_request(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    remote = {"$ref": "https://example.com/schema"}
    for schema in (remote, {"not": remote}, {"type": "array", "minItems": 1, "items": remote}):
        with pytest.raises(NoInstance):
            make_instance(schema)


@all_cases(
    "schema",
    [
        False,
        {"type": "string", "enum": [1]},
        {"type": "nope"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "#"},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"type": "string", "pattern": "("},
        {"type": "string", "pattern": "^a$", "minLength": 2},
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "array", "minItems": 10**9, "items": {}},
        {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"type": "boolean"}},
        {"properties": 5, "type": "object"},
        5,
        "text",
    ],
)
def test_an_unsatisfiable_or_malformed_schema_gets_no_wrong_instance(schema):
    with pytest.raises(NoInstance):
        make_instance(schema)


@all_cases(
    "pattern",
    [
        r"^\d{4}-\d{2}-\d{2}$",
        r"^[A-Z]{2,3}\s?[0-9]+$",
        r"^(?:foo|bar)+$",
        r"(a|b)c\1",
        r"[^abc]",
        r"^\S+@\S+\.\w+$",
        r"^[^\W\d_]+$",
        r"^.{5,}$",
        r"\bword\b",
        r"^$",
        r"^\D\s\W$",
    ],
)
def test_a_text_is_found_for_the_patterns_that_people_write(pattern):
    assert re.search(pattern, text_for_pattern(pattern))


def test_a_pattern_without_a_text_gives_none():
    for pattern in ("(", r"\p{L}", "a(?!a)a", "a{100000}", "(?<!x)^(?=y)z"):
        assert text_for_pattern(pattern) is None


# over HTTP

ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Adds two numbers.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "minimum": 10}},
            "required": ["a", "b"],
        },
    },
}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def json_schema(schema: object) -> dict[str, object]:
    return {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}


def asked(client, **more):
    (choice,) = client.chat(**more).json()["choices"]
    return choice


def says_so(reply) -> bool:
    return any(SAYS_SO in each["message"] for each in reply.json()["system"]["warnings"])


def test_a_schema_gets_an_instance_and_the_reply_says_that_no_model_was_asked(client):
    reply = client.chat(response_format=json_schema(PYDANTIC))
    (choice,) = reply.json()["choices"]
    jsonschema.validate(json.loads(choice["message"]["content"]), PYDANTIC)
    assert choice["finish_reason"] == "stop"
    assert says_so(reply)


def test_a_schema_streams_and_is_cut_by_the_limit_like_any_answer(client, events_of):
    form = json_schema(PYDANTIC)
    events = events_of(client.stream(response_format=form).content)
    texts = [c["delta"]["content"] for e in events for c in e["data"]["choices"]]
    jsonschema.validate(json.loads("".join(texts)), PYDANTIC)
    assert len(texts) > 5
    cut = asked(client, response_format=form, max_completion_tokens=3)
    assert cut["finish_reason"] == "length"


def test_json_without_a_schema_is_an_object_that_says_so(client):
    content = asked(client, response_format={"type": "json_object"})["message"]["content"]
    assert SAYS_SO in json.loads(content)["text"]


def test_guided_answers_are_what_they_are_guided_to(client):
    guided = asked(client, guided_json=PYDANTIC)["message"]["content"]
    jsonschema.validate(json.loads(guided), PYDANTIC)
    in_text = asked(client, guided_json=json.dumps({"type": "integer"}))["message"]["content"]
    assert isinstance(json.loads(in_text), int)
    assert asked(client, guided_choice=["yes", "no"])["message"]["content"] == "yes"
    matching = asked(client, guided_regex=r"^\d{3}$")["message"]["content"]
    assert re.fullmatch(r"\d{3}", matching)


def test_a_schema_without_an_instance_is_refused_with_the_reason(client, code_of):
    for more in (
        {"response_format": json_schema({"type": "integer", "minimum": 3, "maximum": 2})},
        {"response_format": json_schema({"$ref": "#/nothing"})},
        {"guided_regex": "("},
    ):
        reply = client.chat(**more)
        assert code_of(reply) == (400, "invalid_request_entity")
        assert "The sandbox cannot write such an answer" in reply.json()["errors"][0]["message"]
    assert code_of(client.chat(guided_json="{")) == (400, "json_validation_error")


def with_tool(parameters: object) -> dict[str, object]:
    function = {"name": "f", "parameters": parameters}
    return {"tools": [{"type": "function", "function": function}]}


@all_cases("fault", ["float", "int", "Number", 5, ["string", "float"]])
@all_cases(
    ("field", "place"),
    [
        ("tools[0].function.parameters", with_tool),
        (
            "response_format.json_schema.schema",
            lambda schema: {"response_format": json_schema(schema)},
        ),
        ("guided_json", lambda schema: {"guided_json": schema}),
        ("guided_json", lambda schema: {"guided_json": json.dumps(schema)}),
    ],
)
def test_a_type_that_json_schema_does_not_have_is_the_services_validation_error(
    client, code_of, fault, field, place
):
    schema = {"type": "object", "properties": {"price": {"type": fault}}}
    reply = client.chat(**place(schema))
    assert code_of(reply) == (400, "json_validation_error")
    (error,) = reply.json()["errors"]
    assert error["target"]["name"] == field
    assert "properties.price.type" in error["message"]
    assert "KeyError" not in reply.text


def test_a_tool_that_is_not_called_is_checked_too(client, code_of):
    tools = [ADD, *with_tool({"type": "float"})["tools"]]
    chosen = {"type": "function", "function": {"name": "add"}}
    reply = client.chat(tools=tools, tool_choice=chosen)
    assert code_of(reply) == (400, "json_validation_error")
    assert reply.json()["errors"][0]["target"]["name"] == "tools[1].function.parameters"


def test_a_keyword_of_a_schema_that_is_null_counts_as_absent(client):
    schema = {"type": "object", "description": None, "properties": {"a": {"type": "string"}}}
    assert client.chat(**with_tool(schema)).status_code == 200


def test_the_tool_that_is_nearest_to_the_prompt_is_called_with_arguments_that_fit(client):
    reply = client.chat("What is the weather in Paris?", tools=[ADD, WEATHER])
    (choice,) = reply.json()["choices"]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert (call["type"], call["function"]["name"]) == ("function", "get_weather")
    assert SAYS_SO in json.loads(call["function"]["arguments"])["city"]
    assert says_so(reply)
    (call,) = asked(client, prompt="Add two numbers", tools=[ADD, WEATHER])["message"]["tool_calls"]
    arguments = json.loads(call["function"]["arguments"])
    jsonschema.validate(arguments, ADD["function"]["parameters"])


def test_a_tool_that_is_chosen_is_called_and_none_where_calls_are_forbidden(client):
    chosen = {"type": "function", "function": {"name": "add"}}
    (call,) = asked(
        client, prompt="What is the weather?", tools=[ADD, WEATHER], tool_choice=chosen
    )["message"]["tool_calls"]
    assert call["function"]["name"] == "add"
    spoken = asked(client, tools=[ADD], tool_choice_option="none")
    assert spoken["finish_reason"] == "stop"
    assert "tool_calls" not in spoken["message"]


BOTH = "What is the weather in Paris? And add 2 and 3."


def test_each_tool_that_the_prompt_speaks_of_is_called(client, events_of):
    choice = asked(client, prompt=BOTH, tools=[ADD, WEATHER])
    calls = choice["message"]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["add", "get_weather"]
    assert len({call["id"] for call in calls}) == 2
    events = events_of(client.stream(BOTH, tools=[ADD, WEATHER]).content)
    parts = [
        part
        for event in events
        for choice in event["data"]["choices"]
        for part in choice["delta"].get("tool_calls", [])
    ]
    # one after the other, and each told apart by its index (recorded)
    indexes = [part["index"] for part in parts]
    assert indexes == sorted(indexes)
    assert set(indexes) == {0, 1}
    for index, call in enumerate(calls):
        fragments = [part for part in parts if part["index"] == index]
        assert fragments[0]["function"]["name"] == call["function"]["name"]
        assert all("id" not in part for part in fragments[1:])
        arguments = "".join(part["function"]["arguments"] for part in fragments)
        assert arguments == call["function"]["arguments"]


@pytest.mark.parametrize(
    "more",
    [
        {"parallel_tool_calls": False},
        {"tool_choice": {"type": "function", "function": {"name": "add"}}},
    ],
)
def test_only_one_tool_is_called_where_only_one_is_allowed(client, more):
    calls = asked(client, prompt=BOTH, tools=[ADD, WEATHER], **more)["message"]["tool_calls"]
    assert len(calls) == 1


def test_a_limit_ends_the_calls_where_it_falls(client):
    document = client.chat(BOTH, tools=[ADD, WEATHER], max_completion_tokens=5).json()
    (choice,) = document["choices"]
    assert choice["finish_reason"] == "length"
    assert document["usage"]["completion_tokens"] == 5
    whole, cut = choice["message"]["tool_calls"]
    jsonschema.validate(json.loads(whole["function"]["arguments"]), ADD["function"]["parameters"])
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut["function"]["arguments"])


def test_a_test_can_set_the_calls(client):
    client.sandbox.say_calls(("add", {"a": 2, "b": 3}), ("area", {"w": 3}))
    choice = asked(client, tools=[ADD])
    assert choice["finish_reason"] == "tool_calls"
    assert [
        (call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in choice["message"]["tool_calls"]
    ] == [("add", {"a": 2, "b": 3}), ("area", {"w": 3})]


def test_a_tool_without_parameters_gets_an_empty_object(client):
    tool = {"type": "function", "function": {"name": "now"}}
    (call,) = asked(client, tools=[tool])["message"]["tool_calls"]
    assert isinstance(json.loads(call["function"]["arguments"]), dict)


def test_a_call_streams_in_fragments_by_index(client, events_of):
    events = events_of(client.stream("add", tools=[ADD]).content)
    assert all(event["data"]["object"] == "chat.completion.chunk" for event in events)
    choices = [c for e in events for c in e["data"]["choices"]]
    first, *rest = [call for c in choices for call in c["delta"].get("tool_calls", [])]
    assert first["function"]["name"] == "add"
    assert first["id"]
    assert len(rest) >= 2
    for call in rest:
        assert (call["index"], call["type"], call["function"]["name"]) == (0, "function", "")
    whole = "".join(call["function"]["arguments"] for call in (first, *rest))
    jsonschema.validate(json.loads(whole), ADD["function"]["parameters"])
    assert [c["finish_reason"] for c in choices if c["finish_reason"]] == ["tool_calls"]
    assert events[-1]["data"]["choices"] == []


def test_what_a_tool_returned_is_answered_in_words_so_that_an_agent_comes_to_an_end(client):
    (call,) = asked(client, prompt="add", tools=[ADD])["message"]["tool_calls"]
    messages = [
        {"role": "user", "content": "add"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "content": "7", "tool_call_id": call["id"]},
    ]
    assert asked(client, messages=messages, tools=[ADD])["finish_reason"] == "stop"
    must = asked(client, messages=messages, tools=[ADD], tool_choice_option="required")
    assert must["finish_reason"] == "tool_calls"


def test_what_a_test_queued_comes_first(client):
    client.sandbox.say("as queued")
    assert asked(client, tools=[ADD])["message"] == {"role": "assistant", "content": "as queued"}
