"""One test of many cases hides none of them."""

from __future__ import annotations

import inspect
import os

import pytest
from support.cases import all_cases


def test_every_case_that_fails_is_listed_by_its_name():
    @all_cases("number", [1, 2, 3, 4])
    def even(number):
        assert number % 2 == 0

    with pytest.raises(BaseExceptionGroup, match="2 of 4 cases fail") as caught:
        even()
    assert [error.__notes__ for error in caught.value.exceptions] == [["case: 1"], ["case: 3"]]


def test_a_single_failure_is_raised_as_it_is_and_the_cases_behind_it_run():
    ran = []

    @all_cases(("text", "length"), [("a", 1), ("b", 2), pytest.param("c", 1, id="last")])
    def measured(text, length):
        ran.append(text)
        if len(text) != length:
            pytest.fail("another length")

    with pytest.raises(pytest.fail.Exception, match="another length") as caught:
        measured()
    assert caught.value.__notes__ == ["case: 'b', 2"]
    assert ran == ["a", "b", "c"]


def test_stacked_it_runs_each_with_each():
    ran = []

    @all_cases("one", "ab")
    @all_cases("other", [1, 2], ids=["first", "second"])
    def pair(one, other):
        ran.append((one, other))
        assert (one, other) != ("b", 2)

    with pytest.raises(AssertionError) as caught:
        pair()
    assert ran == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert caught.value.__notes__ == ["case: 'b'-second"]


@all_cases("number", [1, 2])
def test_each_case_has_an_environment_and_a_folder_of_its_own(number, monkeypatch, tmp_path):
    assert "OF_ONE_CASE" not in os.environ
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("OF_ONE_CASE", str(number))
    (tmp_path / "file").touch()


def test_pytest_sees_the_fixtures_that_are_left():
    @all_cases("text", ["a"])
    def test(text, capsys): ...

    assert [*inspect.signature(test).parameters] == ["capsys"]


def test_a_mistake_in_a_family_is_told_where_it_stands():
    for names, values in (("text", []), ("other", ["a"]), (("text", "other"), [("a",)])):
        with pytest.raises((AssertionError, ValueError)):
            all_cases(names, values)(lambda text: None)
