"""An answer as a value."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from wx_notebook.answer import Answer
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


@pytest.mark.parametrize("reason", ["length", "max_tokens", "token_limit"])
def test_an_answer_at_the_limit_says_how_to_raise_it(reason):
    (note,) = Answer("x", finish_reason=reason).notes
    assert "--max-tokens" in note


@pytest.mark.parametrize("reason", ["interrupted", "cut", "time_limit", "cancelled", "error"])
def test_an_answer_that_did_not_end_by_itself_says_so(reason):
    (note,) = Answer("x", finish_reason=reason).notes
    assert note


@pytest.mark.parametrize("reason", ["stop", "eos_token", "stop_sequence", "tool_calls", ""])
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
    assert set(bundle) == {"text/plain", "text/html"}
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


def test_it_is_silent_once_and_shown_every_time_after():
    """By IPython's own formatter, as a cell's result is shown."""
    shell = InteractiveShell()
    answer = dataclasses.replace(ANSWER)
    answer.be_silent_once()
    first, second, third = (shell.display_formatter.format(answer) for _ in range(3))
    assert first == ({}, {})
    for data, metadata in (second, third):
        assert set(data) == {"text/plain", "text/html"}
        assert metadata["wx_notebook"]["model_id"] == "ibm/granite-4-h-small"


def test_silence_can_be_taken_back_and_is_no_part_of_its_value():
    answer = dataclasses.replace(ANSWER)
    answer.be_silent_once()
    assert answer == ANSWER
    answer.be_silent_once(False)
    with pytest.raises(NotImplementedError):
        answer._ipython_display_()
