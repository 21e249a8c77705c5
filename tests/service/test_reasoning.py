"""Thinking inside the text comes apart from the answer, wherever the network cuts the two."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases
from transport.servers import caught

from wx_notebook.answer import AnswerReader
from wx_notebook.errors import AnswerCut, Interrupted
from wx_notebook.service.deltas import AnswerDelta, Usage
from wx_notebook.service.reasoning_formats import FORMATS

HARMONY = "<|channel|>{}<|message|>".format
FINAL = "<|start|>assistant" + HARMONY("final")
#: A format: what arrives; what was thought; what was said. One for each that public models use.
FORMAT_TEXTS = [
    ("<think>A watt is J/s.</think>One watt.", "A watt is J/s.", "One watt."),
    ("<thinking>hm</thinking>\nOne watt.", "hm", "One watt."),
    ("<thought>\nhm\n</thought>\n\nOne watt.", "\nhm\n", "One watt."),
    ("<reasoning>hm</reasoning><answer>One watt.</answer>", "hm", "One watt."),
    ("<thoughts>hm</thoughts>One watt.", "hm", "One watt."),
    ("<scratchpad>\nhm\n</scratchpad>\nOne watt.", "\nhm\n", "One watt."),
    ("<reflection>hm</reflection>One watt.", "hm", "One watt."),
    ("<analysis>hm</analysis><answer>One watt.</answer>", "hm", "One watt."),
    ("<inner_monologue>hm</inner_monologue>One watt.", "hm", "One watt."),
    ("<seed:think>hm</seed:think>One watt.", "hm", "One watt."),
    ("[THINK]hm[/THINK]One watt.", "hm", "One watt."),
    (f"{HARMONY('analysis')}hm<|end|>{FINAL}One watt.<|return|>", "hm", "One watt."),
    ("analysisWe need a watt.assistantfinalOne watt.", "We need a watt.", "One watt."),
    ("Here is my thought process:\nhm\n\nHere is my response:\nOne watt.", "\nhm\n\n", "One watt."),
    ("<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>One watt.<|END_RESPONSE|>",
     "hm", "One watt."),
    ("<|begin_of_thought|>hm<|end_of_thought|>\n<|begin_of_solution|>One watt.<|end_of_solution|>",
     "hm", "One watt."),
    ("◁think▷hm◁/think▷One watt.", "hm", "One watt."),
    ("<longcat_think>hm</longcat_think>One watt.", "hm", "One watt."),
    ("<unused94>thought\nhm<unused95>One watt.", "hm", "One watt."),
    ("<|inner_prefix|>hm<|inner_suffix|>One watt.", "hm", "One watt."),
]  # fmt: skip
TEXTS = [
    *FORMAT_TEXTS,
    ("\n <think>\nhm\n</think>\n\nOne watt.\n", "\nhm\n", "One watt.\n"),
    ("<think>hm</think><response>One\n\nwatt.</response>", "hm", "One\n\nwatt."),
    ("<think>hm</think>\n<response>\nOne watt.\n</response>\n", "hm", "One watt."),
    ("<think>a < b, </b> </thin</think>a</response>b", "a < b, </b> </thin", "a</response>b"),
    ("<think></think>x", "", "x"),
    ("<think>hm</think><response>cut of", "hm", "cut of"),
    ("<think>hm</think><response>a <b>bold</b> </re", "hm", "a <b>bold</b> </re"),
    ("<think>hm</think>", "hm", ""),
    ("<think>a</think>\n<think>b</think>\nOne watt.", "a\n\nb", "One watt."),
    (f"{HARMONY('analysis')}a<|end|><|start|>assistant{HARMONY('commentary')}b<|end|>{FINAL}4",
     "a\n\nb", "4"),
    (f"{HARMONY('analysis')}hm{HARMONY('final')}One watt.", "hm", "One watt."),
    (f"{HARMONY('final')}One watt.<|return|>", "", "One watt."),
    ('<|channel|>final <|constrain|>json<|message|>{"a": 1}<|return|>', "", '{"a": 1}'),
    ("Here's my thought process: hm Here's my response: One watt.", " hm ", "One watt."),
    # a template opened the tag
    ("Okay, the user asks 2+2.\n</think>\n\nThe answer is 4.", "Okay, the user asks 2+2.\n",
     "The answer is 4."),
    ("hm</think>4", "hm", "4"),
    ("</think>\n\n4", "", "4"),
    ("so it is \"4\".</think>Yes", "so it is \"4\".", "Yes"),
    ("hm `x` '</th' \n</thinking><response>4</response>", "hm `x` '</th' \n", "4"),
    ("hm[/THINK]4", "hm", "4"),
    ("\ufeff<think>hm</think>4", "hm", "4"),
    ("\n\u200b\ufeff <think>hm</think>4", "hm", "4"),
    ("So 4.</think>the answer is 4", "So 4.", "the answer is 4"),
    ("So 4. </think> The answer is 4", "So 4. ", "The answer is 4"),
    ("so 4 </think>\n\nIt is 4.", "so 4 ", "It is 4."),
    ("2+2 is 4 </think> the answer", "2+2 is 4 ", "the answer"),
    ("so it is four </think> The answer is four", "so it is four ", "The answer is four"),
    # a sentence that speaks of the mark, in the thinking
    ("<think>They ask about the </think> tag. So.</think>It ends the thinking.",
     "They ask about the </think> tag. So.", "It ends the thinking."),
    ("<think>Is it `</think>`? Yes.\n</think>\n\nYes.", "Is it `</think>`? Yes.\n", "Yes."),
    ("<think>so it is 4 </think> it is 4", "so it is 4 ", "it is 4"),
    # ... and in the answer
    ("The tag </think> closes it. Then the answer comes.", "",
     "The tag </think> closes it. Then the answer comes."),
    ("Models end their thinking with </think>. The rest is shown.", "",
     "Models end their thinking with </think>. The rest is shown."),
    ("It ends with </think>\nand goes on.", "", "It ends with </think>\nand goes on."),
    ("Der Text endet mit </think> Das war es.", "", "Der Text endet mit </think> Das war es."),
    ("</think> is a tag of some models.", "", "</think> is a tag of some models."),
    ("They write <b>, [/THINK] or </thought>, never both.", "",
     "They write <b>, [/THINK] or </thought>, never both."),
    # no thinking: the marks are part of the answer
    ("plain", "", "plain"),
    ("In HTML <think>is no tag</think>.", "", "In HTML <think>is no tag</think>."),
    ("End it with `</think>`, then answer.", "", "End it with `</think>`, then answer."),
    ("End it with \"</think>\", then </think>", "End it with \"</think>\", then ", ""),
    ("```\nhm</think>\n```\nSo.", "", "```\nhm</think>\n```\nSo."),
    ("an analysis by the assistantfinal", "", "an analysis by the assistantfinal"),
    ("analysis of a watt", "", "analysis of a watt"),
    ("Here is my third", "", "Here is my third"),
    ("[THIN", "", "[THIN"),
    ("<thin", "", "<thin"),
    ("  \n", "", "  \n"),
    ("", "", ""),
]  # fmt: skip


class Unread:
    """A response with nothing behind the last delta."""

    def drain(self):
        pass

    def expect_end_within(self, limit_s):
        pass


def cut(text: str, places: list[int]) -> list[AnswerDelta]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [AnswerDelta(text[a:b]) for a, b in itertools.pairwise(edges)]


def read(deltas, prompt=""):
    """The reader of an answer that has been read to its end, and the parts that it handed out."""
    reader = AnswerReader(iter(deltas), Unread(), lambda: prompt)
    parts = []
    while (part := reader.next_text()) is not None:
        parts.append(part)
    return reader, parts


def sort(deltas, prompt="", finish="stop"):
    reader, _ = read([*deltas, AnswerDelta(finish_reason=finish)], prompt)
    return "".join(reader.reasonings), "".join(reader.texts)


def test_each_format_has_a_text_of_its_own_here():
    for one in FORMATS:
        marks = one.opens or (one.must_begin,)
        assert any(text.startswith(marks) for text, _, _ in FORMAT_TEXTS), one


@all_cases(("text", "thought", "said"), TEXTS)
def test_thought_and_said_are_the_same_wherever_the_text_is_cut(text, thought, said):
    for places in ([], range(len(text)), *([place] for place in range(len(text)))):
        assert sort(cut(text, places)) == (thought, said), places


@given(places=st.lists(st.integers(0, 200), max_size=30), case=st.sampled_from(TEXTS))
def test_nor_does_it_matter_in_how_many_pieces(places, case):
    text, *sorted_ = case
    assert sort(cut(text, places)) == tuple(sorted_)


@all_cases(("text", "thought", "said"), FORMAT_TEXTS)
def test_a_mark_that_stands_in_the_prompt_is_part_of_the_answer(text, thought, said):
    for one in FORMATS:
        marks = [mark for mark in (*one.opens, *one.closes) if mark in text]
        if marks and text.startswith(one.opens or (one.must_begin,)):
            for mark in marks:
                assert sort(cut(text, [3]), f"Write your thoughts behind {mark}.") == ("", text)


def test_a_frame_that_stands_in_the_prompt_is_part_of_the_answer():
    text = "<think>hm</think><answer>4</answer>"
    assert sort(cut(text, []), "Give the result in <answer>.") == ("hm", "<answer>4</answer>")


@given(st.text(alphabet="<think>/respo \nx", max_size=60), st.lists(st.integers(0, 60), max_size=9))
def test_no_character_is_lost_but_tags_and_the_blanks_beside_them(text, places):
    thought, said = sort(cut(text, places))
    left = "".join((thought + said).split())
    whole = "".join(text.split())
    tags = ("<think>", "</think>", "<response>", "</response>")
    assert len(whole) - len(left) <= sum(len(tag) * whole.count(tag) for tag in tags)


# --- thinking that never ends, or whose beginning nobody saw -------------------------------------


@all_cases("places", [[], [9], [3, 12, 20]])
@all_cases(
    ("text", "said"),
    [
        ("<think>Hello! How are you?", "Hello! How are you?"),
        ("[THINK]Hello!", "Hello!"),
        ("Here is my thought process: be brief.", "Here is my thought process: be brief."),
        (f"{HARMONY('analysis')}Hello!", "Hello!"),
    ],
)
def test_thinking_that_a_whole_answer_never_closes_is_the_answer(text, said, places):
    reader, parts = read([*cut(text, places), AnswerDelta(finish_reason="stop")])
    assert ("".join(reader.texts), "".join(reader.reasonings)) == (said, "")
    assert "".join(parts) == said
    (notice,) = reader.notices
    assert notice.text.startswith("the model never ended its thinking: all that it wrote is ")


@all_cases("finish", ["length", "max_tokens", "time_limit", "cancelled", "error"])
def test_thinking_that_a_limit_ended_stays_thinking(finish):
    assert sort(cut("<think>hm, so", [9]), finish=finish) == ("hm, so", "")


def test_thinking_in_a_field_stays_when_the_text_turns_out_to_be_the_answer():
    deltas = [AnswerDelta(reasoning="in a field"), AnswerDelta("<think>a"), AnswerDelta("b")]
    assert sort(deltas) == ("in a field", "ab")


def test_what_was_shown_as_text_moves_to_the_thinking_once_the_tag_comes():
    resets = []
    deltas = [AnswerDelta("Okay, "), AnswerDelta("2+2.\n</th"), AnswerDelta("ink>\n\nFour.")]
    reader = AnswerReader(iter(deltas), Unread())
    reader.on_reset = lambda text, reasoning: resets.append((text, reasoning))
    thoughts = []
    reader.on_reasoning = thoughts.append
    assert [reader.next_text() for _ in range(4)] == ["Okay, ", "2+2.\n", "Four.", None]
    assert resets == [("", "")], "nothing of the text so far is the answer's"
    assert thoughts == ["Okay, 2+2.\n"]
    assert (reader.texts, reader.reasonings) == (["Four."], ["Okay, 2+2.\n"])


# --- beside the text -----------------------------------------------------------------------------


def test_what_comes_besides_the_text_passes_through():
    reader, parts = read(
        [AnswerDelta("<think>a", model_id="m", request_id="r"),
         AnswerDelta("</think>b", finish_reason="stop"), AnswerDelta(usage=Usage(1, 2))]
    )  # fmt: skip
    assert (parts, reader.reasonings, reader.finish_reason) == (["b"], ["a"], "stop")
    assert (reader.model_id, reader.request_id, reader.usage) == ("m", "r", Usage(1, 2))


def test_thinking_in_a_field_of_its_own_stays_there():
    reader, parts = read([AnswerDelta(reasoning="hm"), AnswerDelta("one "), AnswerDelta("two")])
    assert (parts, reader.reasonings) == (["one ", "two"], ["hm"])


def test_a_text_that_can_be_no_mark_is_handed_out_at_once():
    _, parts = read([AnswerDelta(one) for one in ("Here", " it", " is", ": <", "b>")])
    assert parts == ["Here it", " is", ": ", "<b>"]


@pytest.mark.parametrize("failure", [AnswerCut("cut"), Interrupted("stopped")])
def test_what_was_held_back_is_there_when_the_stream_fails(failure):
    def failing():
        yield AnswerDelta("<think>hm</think><response>half </resp")
        raise failure

    reader = AnswerReader(failing(), Unread())
    assert (reader.next_text() or "") + (reader.next_text() or "") == "half </resp"
    assert caught(reader.next_text) is failure
    assert ("".join(reader.reasonings), "".join(reader.texts)) == ("hm", "half </resp")
