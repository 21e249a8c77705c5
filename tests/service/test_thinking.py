"""Thinking inside the text comes apart from the answer, wherever the network cuts the two."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transport.servers import caught

from wx_notebook.errors import AnswerCut, Interrupted
from wx_notebook.service.pieces import Piece, Usage
from wx_notebook.service.thinking import apart

#: What arrives; what was thought; what was said.
TEXTS = [
    ("<think>A watt is J/s.</think>One watt.", "A watt is J/s.", "One watt."),
    ("\n <think>\nhm\n</think>\n\nOne watt.\n", "\nhm\n", "One watt.\n"),
    ("<think>hm</think><response>One\n\nwatt.</response>", "hm", "One\n\nwatt."),
    ("<think>hm</think>\n<response>\nOne watt.\n</response>\n", "hm", "One watt."),
    ("<think>a < b, </b> </thin</think>a</response>b", "a < b, </b> </thin", "a</response>b"),
    ("<think></think>x", "", "x"),
    ("<think>hm</think><response>cut of", "hm", "cut of"),
    ("<think>hm</think><response>a <b>bold</b> </re", "hm", "a <b>bold</b> </re"),
    ("<think>cut in the middle", "cut in the middle", ""),
    ("<think>hm</think>", "hm", ""),
    ("plain", "", "plain"),
    ("In HTML <think>is no tag</think>.", "", "In HTML <think>is no tag</think>."),
    ("<thinking>no</thinking>", "", "<thinking>no</thinking>"),
    ("<thin", "", "<thin"),
    ("  \n", "", "  \n"),
    ("", "", ""),
]  # fmt: skip


def cut(text: str, places: list[int]) -> list[Piece]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [Piece(text[a:b]) for a, b in itertools.pairwise(edges)]


def put_together(pieces: list[Piece]) -> tuple[str, str]:
    return "".join(p.reasoning for p in pieces), "".join(p.text for p in pieces)


@pytest.mark.parametrize(("text", "thought", "said"), TEXTS)
@given(places=st.lists(st.integers(0, 200), max_size=30), ends=st.booleans())
def test_thought_and_said_are_the_same_however_the_text_is_cut(places, ends, text, thought, said):
    pieces = cut(text, places)
    if ends:
        pieces.append(Piece(finish_reason="stop"))
    assert put_together(list(apart(iter(pieces)))) == (thought, said)


@given(st.text(alphabet="<think>/respo \nx", max_size=60), st.lists(st.integers(0, 60), max_size=9))
def test_no_character_is_lost_but_tags_and_the_blanks_beside_them(text, places):
    thought, said = put_together(list(apart(iter(cut(text, places)))))
    left = "".join((thought + said).split())
    for tag in ("<think>", "</think>", "<response>", "</response>"):
        assert tag not in thought + said or tag in text
    whole = "".join(text.split())
    if not whole.startswith("<think>"):
        assert left == whole
    else:
        tags = ("<think>", "</think>", "<response>", "</response>")
        assert len(whole) - len(left) <= sum(map(len, tags))


def test_what_comes_besides_the_text_passes_through():
    first = Piece("<think>a", model_id="m", request_id="r")
    last = Piece("</think>b", finish_reason="stop")
    counted = Piece(usage=Usage(1, 2))
    assert list(apart(iter([first, last, counted]))) == [
        Piece("", "a", model_id="m", request_id="r"),
        Piece("b", finish_reason="stop"),
        counted,
    ]


def test_thinking_in_a_field_of_its_own_stays_there():
    pieces = [Piece(reasoning="hm"), Piece("one "), Piece("two", finish_reason="stop")]
    assert list(apart(iter(pieces))) == pieces


@pytest.mark.parametrize("failure", [AnswerCut("cut"), Interrupted("stopped")])
def test_what_was_held_back_is_there_when_the_stream_fails(failure):
    def failing():
        yield Piece("<think>hm</think><response>half </resp")
        raise failure

    taken: list[Piece] = []
    assert caught(lambda: taken.extend(apart(failing()))) is failure
    assert put_together(taken) == ("hm", "half </resp")
