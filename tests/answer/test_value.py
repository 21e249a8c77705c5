"""An answer as a value."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.answer import Answer, Continuation, ToolCall, named_answer
from wx_notebook.errors import BadOption, SchemaMismatch
from wx_notebook.render import ANSWER_TYPE
from wx_notebook.service import Usage

ANSWER = Answer(
    text="# A **watt**\n\nis a joule a second.",
    model_id="ibm/granite-4-h-small",
    finish_reason="stop",
    usage=Usage(1234, 56),
    request_id="chatcmpl-1",
    seconds=1.26,
    warnings=("be careful",),
    reasoning="hm",
)


def test_its_text_is_what_str_gives():
    assert str(ANSWER) == ANSWER.text
    assert f"{ANSWER}" == ANSWER.text


def test_it_behaves_as_its_text():
    answer = Answer("Yes, a watt.")
    assert len(answer) == 12
    assert "watt" in answer
    assert Answer("watt") in answer
    assert "volt" not in answer
    assert (answer + "!", "So: " + answer, answer + answer) == (
        "Yes, a watt.!", "So: Yes, a watt.", "Yes, a watt.Yes, a watt."
    )  # fmt: skip
    assert type(answer + "!") is str
    assert answer == "Yes, a watt."
    assert answer != "Yes"
    assert "Yes, a watt." in {answer: 1}
    assert answer
    assert not Answer("")


@all_cases(
    "wrong", [lambda a: a + 1, lambda a: 1 + a, lambda a: 1 in a, lambda a: a + None, iter, list]
)
def test_what_a_text_refuses_is_refused(wrong):
    """It has no order of its own: a table takes it as one value, not as a list of characters."""
    with pytest.raises(TypeError):
        wrong(ANSWER)


@all_cases("text", ["Just words.", "", '{"a": 1', "[1] says so."])
def test_data_that_is_not_there_is_no_attribute(text):
    answer = Answer(text)
    assert not hasattr(answer, "data")
    assert getattr(answer, "data", None) is None
    assert "data" not in dict(inspect.getmembers(answer))
    with pytest.raises(SchemaMismatch, match="The answer is not JSON"):
        _ = answer.data
    assert issubclass(SchemaMismatch, AttributeError)


def test_data_that_is_there_is_an_attribute():
    answer = Answer('Here: {"a": 1}.')
    assert answer.data == {"a": 1}
    assert dict(inspect.getmembers(answer))["data"] == {"a": 1}


def test_its_code_is_a_value():
    assert Answer("So:\n\n```python\nx = 1\n```\nDone.").code == "x = 1"
    assert Answer("```sh\nls\n```\n```python\nx = 1\ny = 2\n```").code == "x = 1\ny = 2"
    assert Answer("").code == ""


def test_its_repr_is_one_line_and_cuts_a_long_text():
    assert repr(ANSWER) == (
        "Answer('# A **watt**\\n\\nis a joule a second.', model_id='ibm/granite-4-h-small', "
        "finish_reason='stop')"
    )
    long = repr(Answer("x" * 5000))
    assert len(long) < 130
    assert "..." in long


def test_it_is_frozen_comparable_and_hashable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ANSWER.text = "other"
    assert dataclasses.replace(ANSWER) == ANSWER
    assert hash(dataclasses.replace(ANSWER)) == hash(ANSWER)
    assert dataclasses.replace(ANSWER, text="other") != ANSWER


def test_it_can_be_copied_pickled_and_stored():
    for again in (pickle.loads(pickle.dumps(ANSWER)), copy.deepcopy(ANSWER), copy.copy(ANSWER)):
        assert again == ANSWER
    assert json.dumps(dataclasses.asdict(ANSWER))


def test_total_tokens_are_both_together():
    assert ANSWER.usage.total_tokens == 1290


# --- as a person sees it -----------------------------------------------------------------------


def test_its_footer_names_model_tokens_and_time():
    assert ANSWER.footer == "ibm/granite-4-h-small · 1,234 in, 56 out · 1.3 s"
    assert Answer("x").footer == "0.0 s"


@pytest.mark.parametrize("reason", ["length", "max_tokens", "token_limit", "model_length"])
def test_an_answer_at_the_limit_says_how_to_raise_it(reason):
    (note,) = Answer("x", finish_reason=reason).notes
    assert "--max-tokens" in note


CUT = ["interrupted", "cut", "time_limit", "cancelled", "error", "content_filter",
       # words of other providers behind a gateway
       "canceled", "aborted", "safety", "recitation", "guardrail_intervened"]  # fmt: skip


@all_cases("reason", [*CUT, *map(str.upper, CUT)])
@all_cases("text", ["x", ""])
def test_an_answer_that_did_not_end_by_itself_says_so(reason, text):
    answer = Answer(text, finish_reason=reason)
    (note,) = answer.notes
    assert note
    assert not answer.is_whole
    assert answer.summary.startswith("Answer not complete")


def test_an_answer_that_a_filter_stopped_says_what_to_do():
    (note,) = Answer("x", finish_reason="content_filter").notes
    assert note.startswith("a content filter of the service ended the answer here; change the pro")


@all_cases(
    ("reason", "words"),
    [
        ("stop", "the answer is empty: it ended with 'stop' at once; run it again"),
        ("eos_token", "it ended with 'eos_token' at once"),
        ("stop_sequence", "a stop text came first; change --stop"),
        ("tool_calls", "no call has arrived; try again with --no-stream"),
        ("function_call", "no call has arrived; try again with --no-stream"),
        ("tool_use", "no call has arrived; try again with --no-stream"),
        ("refusal", "the model refused to answer, and did not say why; change the prompt"),
        ("unknown", "the answer is empty, and the service did not say why; run it again"),
        ("guardrails_v2", "it ended with 'guardrails_v2' at once"),
        ("length", "before the first word of the answer; raise it with --max-tokens"),
    ],
)
def test_an_empty_answer_says_why_and_what_to_do(reason, words):
    (note,) = Answer(" \n", finish_reason=reason).notes
    assert words in note


def test_a_call_that_nobody_runs_is_told_with_its_name():
    notes = Answer("", finish_reason="tool_calls", calls=(ToolCall("area", {}, "c1"),)).notes
    assert notes[0].endswith("tools are not run here; ask without them")
    assert notes[1:] == ("the model called the tool 'area', which is not run here",)


def test_an_answer_of_thinking_alone_says_so():
    (note,) = Answer("", finish_reason="stop", reasoning="hm").notes
    assert note.startswith("the model thought and wrote no answer; run it again")
    (note,) = Answer("", finish_reason="max_tokens", reasoning="hm").notes
    assert "--max-tokens" in note


def test_a_refusal_is_a_note_of_its_own_and_no_empty_answer():
    answer = Answer("", finish_reason="stop", refusal="I can't\nhelp.")
    assert answer.notes == ("the model refused: I can't help.",)
    assert "the model refused: I can&#x27;t help." in answer._repr_mimebundle_()[0]["text/html"]


def test_words_around_the_json_are_named_where_json_was_asked_for():
    text = 'Here: {"a": 1}. ' + "More. " * 100
    (note,) = Answer(text, finish_reason="stop", format="json").notes
    assert note.startswith("the JSON stands in a text; .data leaves out: Here: . More. More.")
    assert len(note) < 300
    assert Answer(text, finish_reason="stop").notes == ()
    assert Answer('{"a": 1}', finish_reason="stop", format="json").notes == ()


@all_cases("reason", ["stop", "eos_token", "stop_sequence", "tool_calls", ""])
def test_an_answer_that_did_has_no_note(reason):
    assert Answer("x", finish_reason=reason).notes == ()


def test_the_service_s_warnings_are_notes():
    assert ANSWER.notes == ("be careful",)


def test_its_plain_form_is_text_notes_and_footer():
    assert ANSWER.plain == (
        "# A **watt**\n\nis a joule a second.\n\n[be careful]\n"
        "[ibm/granite-4-h-small · 1,234 in, 56 out · 1.3 s]"
    )


@given(st.text(max_size=80))
def test_its_plain_form_has_no_control_character_whatever_the_model_wrote(text):
    answer = Answer(text, model_id=text, finish_reason=text, warnings=(text,))
    plain = answer.plain
    assert not [c for c in plain if ord(c) < 32 and c not in "\n\t"]
    assert not [c for c in plain if 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E]
    assert "\n" not in plain.split("\n\n")[-1].replace("\n[", "")


# --- in a notebook -----------------------------------------------------------------------------


def test_its_bundle_is_plain_text_and_html_and_nothing_that_runs():
    bundle, metadata = ANSWER._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", ANSWER_TYPE}
    assert bundle["text/plain"] == ANSWER.plain
    assert "<strong>watt</strong>" in bundle["text/html"]
    assert metadata == ANSWER.metadata
    for name in ("_repr_markdown_", "_repr_html_", "_repr_latex_", "_repr_javascript_",
                 "_repr_svg_", "_repr_json_"):  # fmt: skip
        assert not hasattr(ANSWER, name)


def test_a_script_in_an_answer_is_in_no_html():
    bundle, _ = Answer("<script>alert(1)</script> <img src=x onerror=alert(1)>",
                       model_id='"><script>alert(2)</script>')._repr_mimebundle_()  # fmt: skip
    assert "<script" not in bundle["text/html"]
    assert "<img" not in bundle["text/html"]


def test_its_metadata_uses_the_names_of_its_fields_and_is_json():
    assert ANSWER.metadata == {
        "wx_notebook": {
            "model_id": "ibm/granite-4-h-small",
            "finish_reason": "stop",
            "usage": {"input_tokens": 1234, "output_tokens": 56, "total_tokens": 1290},
            "request_id": "chatcmpl-1",
            "seconds": 1.26,
        }
    }
    assert Answer("x").metadata["wx_notebook"]["usage"] is None
    assert json.dumps(ANSWER.metadata)


def test_a_name_for_it_changes_its_note_and_nothing_else():
    cut = dataclasses.replace(ANSWER, finish_reason="length")
    named = named_answer(cut, "summary")
    assert "summary.more()" in named.notes[0]
    assert named == cut


def test_how_it_goes_on_is_no_part_of_its_value_and_stays_behind_in_copies():
    def go_on(so_far):
        return dataclasses.replace(so_far, finish_reason="stop")

    cut = Answer("x", finish_reason="length", _continuation=Continuation(go_on))
    assert cut == Answer("x", finish_reason="length")
    assert cut.more().finish_reason == "stop"
    assert "go_on" not in repr(cut)
    assert json.dumps(dataclasses.asdict(cut))
    for again in (pickle.loads(pickle.dumps(cut)), copy.deepcopy(cut), copy.copy(cut)):
        assert again == cut
        with pytest.raises(BadOption, match="copied"):
            again.more()
