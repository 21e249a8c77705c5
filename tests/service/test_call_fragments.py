"""Tool calls as the families of models stream them, parsed without loss.

The patterns are those recorded in the tests of IBM's Java SDK, with other values.
"""

from __future__ import annotations

import json

import pytest
from support.cases import all_cases

from wx_notebook.answer import AnswerReader
from wx_notebook.service import Request
from wx_notebook.service.chat import chat_deltas, chat_reply_deltas

REQUEST = Request("/ml/v1/text/chat_stream", "chat", {"messages": []}, stream=True)
USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}


def chunk(calls=None, reason=None, *, usage=None, **delta):
    if calls is not None:
        delta["tool_calls"] = calls
    document = {"id": "chatcmpl-1", "model_id": "m",
                "choices": [{"index": 0, "finish_reason": reason, "delta": delta}]}  # fmt: skip
    return document | ({"usage": usage} if usage else {})


def call(index=0, call_id=None, name=None, arguments=None, kind=None):
    function = {key: value for key, value in (("name", name), ("arguments", arguments))
                if value is not None}  # fmt: skip
    head = {"index": index} if index is not None else {}
    head |= {"id": call_id} if call_id else {}
    head |= {"type": kind} if kind else {}
    return head | {"function": function}


def read(documents, *, whole=False):
    if whole:
        deltas = chat_reply_deltas(documents, REQUEST)
    else:
        end = {"choices": [], "usage": USAGE, "model_id": "m"}
        events = [*documents, *([] if any("usage" in d for d in documents) else [end])]
        deltas = chat_deltas((("message", json.dumps(one)) for one in events), REQUEST)
    reader = AnswerReader(deltas, None)
    while reader.next_text() is not None:
        pass
    return [(c.name, c.arguments, c.id) for c in reader.calls.calls()], reader


FAMILIES = {
    # an opening chunk, then fragments without id and type, with an empty name
    "gpt-oss": [
        chunk([call(0, "chatcmpl-tool-01", "add", "", "function")]),
        chunk([call(0, None, "", '{\n')]), chunk([call(0, None, "", ' "a": 1,')]),
        chunk([call(0, None, "", ' "b": "x"}')]), chunk(reason="tool_calls"),
        chunk([call(1, "chatcmpl-tool-02", "area", "", "function")]),
        chunk([call(1, None, "", '{"w": 3}')], "tool_calls"),
    ],
    # an opening chunk with empty arguments, then one fragment with all of them
    "granite-3-3": [
        chunk(role="assistant", content=""),
        chunk([call(0, "chatcmpl-tool-01", "add", "", "function")]),
        chunk([call(0, None, None, '{"a": 1, "b": "x"}')]),
        chunk([call(1, "chatcmpl-tool-02", "area", "", "function")]),
        chunk([call(1, None, None, '{"w": 3}')], "tool_calls"),
    ],
    # the type in each fragment, the name in the first one, and no id at all
    "llama-4": [
        chunk([call(0, None, "add", "", "function")]),
        chunk([call(0, None, None, '{"a": 1, ', "function")]),
        chunk([call(0, None, None, '"b": "x"}', "function")]),
        chunk([call(1, None, "area", '{"w": 3}', "function")], "tool_calls"),
    ],
    # both calls whole in one chunk, with the reason and the usage
    "mistral": [
        chunk([call(0, "a1B2c3D4e", "add", '{"a": 1, "b": "x"}'),
               call(1, "f5G6h7I8j", "area", '{"w": 3}')], "tool_calls", usage=USAGE),
    ],
    # a server that numbers nothing
    "without numbers": [
        chunk([call(None, "call_1", "add", '{"a": 1, ')]),
        chunk([call(None, None, None, '"b": "x"}')]),
        chunk([call(None, "call_2", "area", '{"w": 3}')], "tool_calls"),
    ],
    # gpt-oss may end with another reason
    "a wrong reason": [
        chunk([call(0, "c1", "add", '{"a": 1, "b": "x"}'), call(1, "c2", "area", '{"w": 3}')]),
        chunk(reason="stop"),
    ],
}  # fmt: skip


@all_cases("family", FAMILIES)
def test_the_calls_of_each_family_are_put_together(family):
    found, reader = read(FAMILIES[family])
    assert [(name, arguments) for name, arguments, _ in found] == [
        ("add", {"a": 1, "b": "x"}), ("area", {"w": 3})
    ]  # fmt: skip
    ids = [call_id for _, _, call_id in found]
    assert all(ids)
    assert len(set(ids)) == 2, "a call without an id gets one of its own"
    assert "".join(reader.texts) == ""
    assert reader.usage.total_tokens == 12


@pytest.mark.parametrize("content", [None, "", "I will look it up."])
def test_a_whole_reply_has_its_calls_too(content):
    calls = [call(None, "c1", "add", '{"a": 1, "b": "x"}', "function"),
             call(None, "c2", "area", '{"w": 3}', "function")]  # fmt: skip
    message = {"role": "assistant", "content": content, "tool_calls": calls}
    reply = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
             "usage": USAGE, "model_id": "m"}  # fmt: skip
    found, reader = read(reply, whole=True)
    assert found == [("add", {"a": 1, "b": "x"}, "c1"), ("area", {"w": 3}, "c2")]
    assert "".join(reader.texts) == (content or "")


@all_cases(
    ("arguments", "value"),
    [
        ("", {}), ("{}", {}), (None, {}), ('{"n": "11"}', {"n": "11"}),
        ({"n": 1}, {"n": 1}),  # the object itself
        (json.dumps('{"n": 1}'), {"n": 1}),  # Granite: a JSON text that holds the JSON
        ('{"n": ', None), ("[1]", None), ("3", None), ('"word"', None), ("nonsense", None),
    ],
)  # fmt: skip
def test_arguments_are_an_object_or_none(arguments, value):
    (found,), _ = read([chunk([call(0, "c", "f", arguments)], "tool_calls")])
    assert found == ("f", value, "c")


def test_the_older_form_is_one_call():
    document = chunk(reason="function_call", function_call={"name": "f", "arguments": '{"a": 1}'})
    (found,), _ = read([document])
    assert found[:2] == ("f", {"a": 1})


def test_text_and_calls_of_one_answer_are_both_kept():
    found, reader = read([chunk(content="Let me see."), *FAMILIES["granite-3-3"]])
    assert "".join(reader.texts) == "Let me see."
    assert len(found) == 2


def test_the_reason_of_a_call_without_a_call_is_no_call():
    found, _ = read([chunk(content="x"), chunk(reason="tool_calls")])
    assert found == []


def test_arguments_may_be_cut_anywhere():
    raw = json.dumps({"text": 'a \ud83d\ude00 \\ "b" {c}', "n": [1, {"d": None}]})
    for size in (1, 3, 7):
        parts = [raw[n : n + size] for n in range(0, len(raw), size)]
        fragments = [chunk([call(0, None, "", part)]) for part in parts]
        (found,), _ = read([chunk([call(0, "c", "f", "")]), *fragments, chunk(reason="tool_calls")])
        assert found[1] == json.loads(raw)


@all_cases("odd", [None, 7, "x", [None], [7], [{"function": 3}], [{"function": {"name": 3}}]])
def test_what_has_no_known_shape_is_no_call(odd):
    found, _ = read([chunk(odd, content="x"), chunk(reason="stop")])
    assert found == []
