"""An answer that the live output has shown is not displayed again as the result of its cell."""

from __future__ import annotations

import dataclasses

import pytest
from IPython.core.interactiveshell import InteractiveShell

from wx_notebook.answer import Answer
from wx_notebook.display import suppress_next_display
from wx_notebook.render import ANSWER_TYPE

ANSWER = Answer("A **watt**.", model_id="ibm/granite-4-h-small", finish_reason="stop")


@pytest.fixture
def shell():
    """A shell whose formatter displays results as a cell does."""
    return InteractiveShell()


def display(shell, answer):
    return shell.display_formatter.format(answer)


def test_it_is_displayed_every_time_but_the_next(shell):
    suppress_next_display(shell, ANSWER)
    first, second, third = (display(shell, ANSWER) for _ in range(3))
    assert first == ({}, {})
    for data, metadata in (second, third):
        assert set(data) == {"text/plain", "text/html", ANSWER_TYPE}
        assert metadata["wx_notebook"]["model_id"] == "ibm/granite-4-h-small"


def test_an_equal_answer_is_displayed(shell):
    suppress_next_display(shell, ANSWER)
    data, _ = display(shell, dataclasses.replace(ANSWER))
    assert data["text/plain"] == ANSWER.plain
    assert display(shell, ANSWER) == ({}, {})


def test_two_answers_of_one_cell_are_each_left_out_once(shell):
    other = dataclasses.replace(ANSWER, text="A joule.")
    suppress_next_display(shell, ANSWER)
    suppress_next_display(shell, other)
    assert display(shell, other) == display(shell, ANSWER) == ({}, {})
    assert display(shell, other)[0]["text/plain"] == other.plain


def test_it_can_be_taken_back_and_leaves_no_hook_in_the_shell(shell):
    forget = suppress_next_display(shell, ANSWER)
    forget()
    forget()
    assert display(shell, ANSWER)[0]["text/plain"] == ANSWER.plain
    assert Answer not in shell.display_formatter.ipython_display_formatter.type_printers
