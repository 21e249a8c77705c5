"""Calls that a model writes into its text, in the marks of its family."""

from __future__ import annotations

import time

from support.cases import all_cases

from wx_notebook.tools.text_calls import may_become_call, text_calls

NAMES = ("area", "now")
ONE = [("area", {"w": 3, "h": "x"})]
TWO = [*ONE, ("now", {})]
OBJECT = '{"name": "area", "arguments": {"w": 3, "h": "x"}}'
NOW = '{"name": "now", "arguments": {}}'


def found(text):
    rest, calls = text_calls(text, NAMES)
    return rest, [(call.name, call.arguments) for call in calls]


@all_cases(
    ("text", "calls"),
    [
        (f"<tool_call>\n{OBJECT}\n</tool_call>", ONE),  # Hermes, Qwen, Granite 4
        (f"<tool_call>{OBJECT}</tool_call>\n<tool_call>{NOW}</tool_call>", TWO),
        (f"<tool_call>[{OBJECT}, {NOW}]", TWO),  # Granite 3
        (f"<|tool_call|>[{OBJECT}]", ONE),
        (f"<tool_call>{OBJECT}", ONE),  # cut before its end mark
        (f"<|python_tag|>{OBJECT.replace('arguments', 'parameters')}<|eom_id|>", ONE),  # Llama 3
        (f"<|python_tag|>{OBJECT}; {NOW}", TWO),
        ('<|python_tag|>area.call(w=3, h="x")', ONE),
        (OBJECT.replace("arguments", "parameters"), ONE),
        (f"  {OBJECT}\n", ONE),
        (f'{{"type": "function", "function": {OBJECT}}}', ONE),
        (f'[{OBJECT}, {NOW}]', TWO),
        ('<function=area>{"w": 3, "h": "x"}</function>', ONE),
        ('<function=area>{"w": 3, "h": "x"}</function><function=now>{}</function>', TWO),
        ('[area(w=3, h="x"), now()]', TWO),  # Llama 3.2 and 4
        ("area(w=3, h='x')", ONE),
        (f"[TOOL_CALLS][{OBJECT}, {NOW}]", TWO),  # Mistral
        ('[TOOL_CALLS]area[ARGS]{"w": 3, "h": "x"}', ONE),
    ],
)  # fmt: skip
def test_each_form_is_a_call_and_no_text(text, calls):
    assert found(text) == ("", calls)
    if text.startswith("area("):
        return  # only its end tells this one from words
    # while it arrives nothing of it is shown
    assert may_become_call(text)
    assert all(may_become_call(text[:end]) for end in range(len(text) - len(text.lstrip()) + 1, 12))


def test_words_around_a_marked_call_stay():
    assert found(f"I look it up.\n<tool_call>{OBJECT}</tool_call>") == ("I look it up.", ONE)


@all_cases(
    "text",
    [
        "", "Hello.", '{"name": "Ada", "age": 3}', '{"name": "Ada", "arguments": {"a": 1}}',
        f"The call is {OBJECT}.", "[1, 2]", "open(file='x')", "area(3)", "area(w=print())",
        "area(w=3) and more", "area", "<tool_call>nonsense</tool_call>", "[area(w=3), other(x=1)]",
        "<|python_tag|>import os\nos.system('x')", "{" * 500, "[" * 5_000, "area(w=" + "(" * 5_000,
    ],
)  # fmt: skip
def test_what_is_no_call_of_a_tool_that_there_is_stays_text(text):
    assert found(text) == (text, [])


@all_cases("text", ["Hello", "The", "1. ", "# x", "{a", '{"age', "[1", "[x](y)", "<b>"])
def test_what_is_no_beginning_of_a_call_is_shown_at_once(text):
    assert not may_become_call(text)


def test_a_long_text_full_of_marks_takes_no_time():
    for text in ("<tool_call>" * 20_000, "<function=a>" * 20_000, f"<tool_call>{OBJECT}" * 3_000):
        began = time.perf_counter()
        text_calls(text, NAMES)
        assert time.perf_counter() - began < 5
