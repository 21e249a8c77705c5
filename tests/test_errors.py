"""An error as its reader meets it: short, the next step last, nothing that steers a terminal."""

from __future__ import annotations

import copy
import copyreg
import pickle

import pytest
from support.cases import all_cases

from wx_notebook import errors
from wx_notebook.errors import Interrupted, WatsonxError, did_you_mean

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type)
    and issubclass(kind, errors.UserFacingError)
    and kind is not errors.UserFacingError
]


@all_cases("kind", KINDS)
def test_the_last_line_is_the_next_step_and_there_are_at_most_six(kind):
    lines = kind(
        "\n".join(f"line {n}" for n in range(20)), hint="Next: type this"
    )._render_traceback_()
    assert len(lines) == 6
    assert lines[0] == f"{kind.__name__}: line 0"
    assert lines[-1] == "Next: type this"


@all_cases("kind", KINDS)
def test_escape_sequences_and_direction_marks_are_taken_out(kind):
    error = kind("a \x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b1m \u202eb\r\x00", hint="h\x1b[2J")
    shown = "\n".join(error._render_traceback_()) + str(error) + repr(error)
    assert not set(shown) & set("\x1b\x07\x9b\u202e\r\x00")
    assert "red" in shown


def test_a_line_without_end_is_cut():
    assert all(len(line) < 700 for line in WatsonxError("x" * 100_000)._render_traceback_())


@all_cases("kind", KINDS)
def test_an_error_crosses_processes_with_its_words_and_without_the_answer(kind):
    copy = pickle.loads(pickle.dumps(kind("what", hint="next", answer=object())))
    assert (type(copy), copy.message, copy.hint, copy.answer) == (kind, "what", "next", None)


def test_a_copy_has_no_frames_also_where_a_library_keeps_them(monkeypatch):
    """As tblib does, which Dask brings along."""
    monkeypatch.setitem(copyreg.dispatch_table, WatsonxError, lambda error: (lambda: error, ()))
    with pytest.raises(WatsonxError) as caught:
        raise WatsonxError("down", hint="Run it again.")
    copied = copy.copy(caught.value)
    assert str(copied) == str(caught.value)
    assert copied.__traceback__ is None


def test_an_interrupt_is_still_a_keyboard_interrupt():
    with pytest.raises(KeyboardInterrupt):
        raise Interrupted("Stopped.")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("granit", " Did you mean 'granite'?"),
        ("GRANITE-4", " Did you mean 'granite'?"),
        ("zzz", ""),
    ],
)
def test_a_near_name_is_offered_for_a_typo_only(word, told):
    assert did_you_mean(word, ["granite", "llama"]) == told


@all_cases(
    ("word", "known", "nearest"),
    [
        ("--temp", ["--system", "--temperature"], "--temperature"),
        ("--max", ["--format", "--max-tokens"], "--max-tokens"),
        ("--TOP", ["--stop", "--top-p"], "--top-p"),
        ("set", ["use", "settings"], "settings"),
        ("price", ["price_per_unit", "prices"], "prices"),
        ("--h", ["--help-me-out-of-this"], ""),
    ],
)
def test_what_begins_with_the_word_is_nearer_than_what_is_spelt_alike(word, known, nearest):
    assert did_you_mean(word, known) == (nearest and f" Did you mean '{nearest}'?")
