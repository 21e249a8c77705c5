"""What gives its rows one by one is sent as rows, the same ones each time."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import sqlite3
from typing import NamedTuple

import pandas as pd
import polars as pl
import pytest
from transport.servers import caught

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, WatsonxError
from wx_notebook.templates import fill_placeholders
from wx_notebook.templates.tables import TABLE_BUDGET

FRAME = pd.DataFrame({"name": ["Ada", "Bo"], "age": [36, 7]})
PEOPLE = [{"name": "Ada", "age": 36}, {"name": "Bo", "age": 7}]
LINES = ["name,age", "Ada,36", "Bo,7"]


class Person(NamedTuple):
    name: str
    age: int


@dataclasses.dataclass
class Named:
    name: str
    age: int


def fill(value, typed="{{ v }}"):
    return fill_placeholders(typed, {"v": value})


def rows_of_sqlite(factory=None):
    connection = sqlite3.connect(":memory:")
    connection.row_factory = factory
    connection.execute("create table t (name, age)")
    connection.executemany("insert into t values (?, ?)", [("Ada", 36), ("Bo", 7)])
    return connection.execute("select name, age from t")


NAMED = (
    "v: a table of 2 rows and 2 columns: name, age.\nAll 2 rows, as CSV:\nname,age\nAda,36\nBo,7"
)
INDEXED = (
    "v: a table of 2 rows and 3 columns: {0}, name, age.\nAll 2 rows, as CSV:\n{0},name,age\n"
    "0,Ada,36\n1,Bo,7"
)


@pytest.mark.parametrize(
    ("iterator", "text"),
    [
        (lambda: (one for one in PEOPLE), NAMED),
        (lambda: csv.DictReader(LINES), NAMED),
        (lambda: map(Person._make, [("Ada", 36), ("Bo", 7)]), NAMED),
        (lambda: (Named(**one) for one in PEOPLE), NAMED),
        (lambda: rows_of_sqlite(sqlite3.Row), NAMED),
        (lambda: FRAME.iterrows(), INDEXED.format("index")),
        (lambda: FRAME.itertuples(), INDEXED.format("Index")),
        (lambda: pl.DataFrame(PEOPLE).iter_rows(named=True), NAMED),
        (lambda: csv.reader(LINES), NAMED.replace("2 rows", "3 rows").replace(": name, age", "")),
        (rows_of_sqlite, NAMED.replace(": name, age", "").replace("name,age\n", "")),
    ],
    ids=["generator", "DictReader", "map", "data class", "sqlite3.Row", "iterrows", "itertuples",
         "polars", "csv.reader", "cursor"],
)  # fmt: skip
def test_iterators_of_rows_are_sent_as_rows_under_the_rules_of_a_table(iterator, text):
    prompt = fill(iterator())
    assert prompt.text == text
    (sent,) = prompt.placeholders
    assert sent.document.sends.endswith("rows of v")


@pytest.mark.parametrize(
    ("iterator", "typed", "text"),
    [
        (
            lambda: (one for one in PEOPLE),
            "{{ v | map(attribute='name') | list }}",
            "['Ada', 'Bo']",
        ),
        (lambda: iter(PEOPLE), "{{ v | first }}", "{'name': 'Ada', 'age': 36}"),
    ],
)
def test_a_filter_gets_the_rows_as_a_list(iterator, typed, text):
    assert fill(iterator(), typed).text == text


@pytest.mark.parametrize("typed", ["{{ v }}", "{{ v | list }}", "{{ v | join(', ') }}"])
def test_an_iterator_of_single_values_is_refused_each_time(typed):
    for numbers in ((n for n in range(3)), map(str, [1]), itertools.count()):
        for _ in range(2):
            problem = caught(lambda value=numbers: fill(value, typed))
            assert type(problem) is BadOption
            assert problem.message.startswith("'v' is an iterator, and a prompt would use it up.")
            assert problem.hint.endswith("rows = list(v)")


def test_a_second_run_sends_the_same_rows_and_says_that_they_were_read():
    rows = csv.reader(LINES)
    first, second = fill(rows), fill(rows)
    assert first.text == second.text
    (note,) = first.notes
    assert second.notes == first.notes == first.notes_on_sent
    assert note.startswith(
        "v is an iterator, and 3 items of it were read: the same cell sends them"
    )
    assert list(rows) == []
    assert fill(rows).text == first.text, "also when the user's own loop has read the rest"


def test_no_more_is_read_than_a_prompt_is_given():
    rows = ({"n": n, "square": n * n} for n in itertools.count())
    prompt = fill(rows)
    assert len(prompt.text) < 5 * TABLE_BUDGET
    assert prompt.text.startswith("v: a table of 2 columns: n, square.\nThe first ")
    (cut, *_) = prompt.notes_on_sent
    assert cut.startswith("left out of the prompt: what follows the first ")
    assert next(rows)["n"] < 400
    few = fill(({"n": n} for n in itertools.count()), "{{ v | rows(2) }}")
    assert few.text == "v: a table of 1 column: n.\nThe first 2 rows, as CSV:\nn\n0\n1"
    assert fill(iter(csv.reader(LINES)), "{{ v | rows(9) }}").text.count("\n") == 4


def test_more_rows_than_the_first_time_are_read_on():
    rows = ({"n": n} for n in range(9))
    assert fill(rows, "{{ v | rows(2) }}").text.endswith("\n0\n1")
    assert fill(rows, "{{ v | rows(4) }}").text.endswith("\n0\n1\n2\n3")
    assert "All 9 rows" in fill(rows).text


def test_rows_with_other_names_have_a_column_for_each():
    rows = iter(csv.DictReader(["a", "1"]))
    mixed = itertools.chain(rows, [{"b": 2}])
    assert fill(mixed).text.endswith("a,b\n1,\n,2")


def test_an_iterator_that_is_used_up_or_fails_is_an_error_each_time():
    spent = csv.reader(LINES)
    list(spent)

    def failing():
        yield {"n": 1}
        raise RuntimeError("no more")

    rows = failing()
    for value, said in (
        (spent, "has no items: it is an iterator"),
        (rows, "RuntimeError: no more"),
    ):
        for _ in range(2):
            problem = caught(lambda value=value: fill(value))
            assert type(problem) is BadOption
            assert said in problem.message
            assert problem.hint.endswith("rows = list(v)")


def test_a_stop_while_rows_are_read_makes_no_whole_of_them():
    def stopped():
        yield {"n": 1}
        raise KeyboardInterrupt

    rows = stopped()
    with pytest.raises(KeyboardInterrupt):
        fill(rows)
    assert "it was stopped" in caught(lambda: fill(rows)).message


def test_rows_without_a_text_and_secrets_are_refused_here_too():
    for value in (object(), len, b"abc", (n for n in [1])):
        problem = caught(lambda value=value: fill({"x": one} for one in [value]))
        assert type(problem) is BadOption
        assert "a value of the column x is" in problem.message.lower()
    secret = Secret("w9" * 22)  # pragma: allowlist secret
    for value in (({"x": secret} for _ in [1]), (secret for _ in [1]), ([secret] for _ in [1])):
        problem = caught(
            lambda value=value: fill_placeholders("{{ v }}", {"v": value}, refused_types=(Secret,))
        )
        assert isinstance(problem, WatsonxError)
        assert "w9w9" not in str(problem)
