"""Tables in files: what CSV files look like, and what `--to` writes and leaves alone."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
from collections import namedtuple

import pandas as pd
import polars as pl
import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.batch import writers
from wx_notebook.errors import BadOption, BatchStopped, Interrupted, MissingName

PROMPT = "Say this: {{ text }}"


@pytest.fixture(autouse=True)
def _say(session, sandbox, tmp_path, monkeypatch):
    sandbox.say(*["fine"] * 40)
    monkeypatch.chdir(tmp_path)


@all_cases(
    "content",
    ["text,n\nx,1\n", "text;n\nx;1\n", "text\tn\nx\t1\n", "text|n\nx|1\n", "\n\ntext,n\n\nx,1\n",
     '"text";"n"\n"x";"1"\n', "\ufefftext;n\r\nx;1\r\n"],
)  # fmt: skip
def test_a_csv_file_may_have_any_usual_delimiter_a_mark_and_empty_lines(content, tmp_path):
    (tmp_path / "in.csv").write_text(content, encoding="utf-8", newline="")
    answered = wx.batch(PROMPT, tmp_path / "in.csv")
    assert answered == [{"text": "x", "n": "1", "answer": "fine", "error": None}]


def test_a_delimiter_inside_a_name_or_a_value_is_none(tmp_path):
    (tmp_path / "in.csv").write_text('"a; b; c",text\n"1; 2","x, y"\n')
    answered = wx.batch(PROMPT, "in.csv")
    assert answered == [{"a; b; c": "1; 2", "text": "x, y", "answer": "fine", "error": None}]


def written(path):
    """Return the rows of a file, with None where it has no value."""
    if path.suffix == ".jsonl":
        no_constant = {"parse_constant": lambda name: pytest.fail(f"{name} is no JSON")}
        return [json.loads(line, **no_constant) for line in path.read_text().splitlines()]
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_what_is_missing_in_a_table_is_missing_in_its_file(suffix):
    frame = pd.DataFrame(
        {
            "text": ["x", "y"],
            "score": [1.5, float("nan")],
            "on": pd.to_datetime(["2026-01-02", None]),
            "stars": pd.array([4, None], dtype="Int64"),
        }
    )
    first, second = written(wx.batch(PROMPT, frame, to=f"out.{suffix}"))
    assert (first["score"], str(first["on"])[:10], first["stars"]) == (1.5, "2026-01-02", 4)
    assert [second[name] for name in ("score", "on", "stars", "error")] == [None] * 4


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_a_column_without_values_at_first_keeps_its_type_in_parquet(library, monkeypatch):
    monkeypatch.setattr(writers, "_GROUP", 2)
    on = [None, None, dt.datetime(2026, 1, 2)]
    frame = library.DataFrame({"text": ["x", "y", "z"], "score": [None, None, 1.5], "on": on})
    path = wx.batch(PROMPT, frame, to="out.parquet")
    assert (written(path)[2]["score"], written(path)[2]["on"]) == (1.5, on[2])


@pytest.mark.parametrize(
    ("schema", "early", "late"),
    [
        ("v: float", 3, 3.5),
        ({"type": "object", "properties": {"v": {"type": ["integer", "null"]}}}, None, 4),
        ({"type": "object", "properties": {"v": {"$ref": "#/$defs/w"}},
          "$defs": {"w": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}}}, None, True),
    ],
    ids=["whole numbers first", "none first", "of a definition"],
)  # fmt: skip
def test_a_column_has_the_type_of_the_schema_whatever_its_first_rows_are(
    schema, early, late, sandbox, monkeypatch
):
    monkeypatch.setattr(writers, "_GROUP", 2)
    # to what the fixture has given, nobody listens
    wx.batch("Say: {{ value }}", [f"x{n}" for n in range(40)])
    sandbox.say(*[json.dumps({"v": value}) for value in (early, early, late)])
    rows = [{"text": "a"}, {"text": "b"}, {"text": "c"}]
    path = wx.batch(PROMPT, rows, to="out.parquet", schema=schema, concurrency=1)
    assert [row["v"] for row in written(path)] == [early, early, late]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_an_index_that_says_something_is_a_column_of_the_file(suffix):
    frame = pd.DataFrame({"text": ["x", "y"]}, index=pd.Index(["r7", "r9"], name="review"))
    path = wx.batch(PROMPT, frame, to=f"out.{suffix}")
    assert [(row["review"], row["text"]) for row in written(path)] == [("r7", "x"), ("r9", "y")]
    frame = pd.DataFrame({"text": ["x", "y", "z"]})
    chosen = written(wx.batch(PROMPT, frame[frame.text != "y"], to=f"out.{suffix}"))
    assert [row["index"] for row in chosen] == [0, 2], "the rows of a selection can be found again"
    assert "index" not in written(wx.batch(PROMPT, frame, to=f"out.{suffix}"))[0]


def test_an_index_of_a_columns_name_is_not_written_twice():
    frame = pd.DataFrame({"text": ["x"], "n": [7]}).set_index("n", drop=False)
    assert list(pd.read_csv(wx.batch(PROMPT, frame, to="out.csv"))) == [
        "text", "n", "answer", "error",
    ]  # fmt: skip


def stopping(progress):
    if progress.counts.finished:
        raise KeyboardInterrupt


def test_a_run_that_is_stopped_leaves_an_older_file_alone(tmp_path):
    frame = pd.DataFrame({"text": [f"t{n}" for n in range(9)]})
    older = wx.batch("Before: {{ text }}", frame, to="out.csv").read_text()
    with pytest.raises(
        Interrupted, match=r"in out\.part\.csv, and out\.csv is as it was"
    ) as caught:
        wx.batch(PROMPT, frame, to="out.csv", concurrency=1, on_progress=stopping)
    assert (tmp_path / "out.csv").read_text() == older
    assert caught.value.table.name == "out.part.csv"
    assert len(pd.read_csv(caught.value.table)) == 9, "a row that was not sent says so"
    assert pd.read_csv(wx.batch(PROMPT, frame, to="out.csv")).answer.notna().all()
    assert [one.name for one in tmp_path.glob("out*")] == ["out.csv"]


def test_without_an_older_file_a_stopped_run_has_its_rows_in_the_file():
    frame = pd.DataFrame({"text": [f"t{n}" for n in range(9)]})
    with pytest.raises(Interrupted, match=r"The rows so far are in out\.csv\.") as caught:
        wx.batch(PROMPT, frame, to="out.csv", concurrency=1, on_progress=stopping)
    assert caught.value.table.name == "out.csv"


def test_a_column_that_parquet_cannot_take_costs_nothing_twice(sandbox):
    rows = [{"text": "x", "any": 1}, {"text": "y", "any": [2]}]
    with pytest.raises(BatchStopped, match=r"written as Parquet[^$]*2 rows answered") as caught:
        wx.batch(PROMPT, rows, to="out.parquet")
    assert caught.value.table is None, "a file that lacks rows is no table"
    assert len(written(wx.batch(PROMPT, rows, to="out.jsonl"))) == 2
    assert sandbox.counts["chat"] == 2


def test_a_folder_is_no_file_to_write_into(tmp_path, sandbox):
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(BadOption, match=r"out\.csv is a folder"):
        wx.batch(PROMPT, [{"text": "x"}], to="out.csv")
    with pytest.raises(BadOption, match=r"written: there is no folder none\."):
        wx.batch(PROMPT, [{"text": "x"}], to="none/out.csv")
    assert sandbox.counts["chat"] == 0


Review = namedtuple("Review", ["text", "n"])  # noqa: PYI024  # as a library makes it


@pytest.mark.parametrize("make", [iter, list], ids=["iterator", "list"])
def test_rows_with_names_are_rows_of_a_table(make):
    answered = wx.batch(PROMPT, make([Review("x", 1), Review("y", 2)]))
    assert answered == [
        {"text": "x", "n": 1, "answer": "fine", "error": None},
        {"text": "y", "n": 2, "answer": "fine", "error": None},
    ]


def test_the_cursor_of_a_database_is_a_table():
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE reviews (text, n)")
        database.executemany("INSERT INTO reviews VALUES (?, ?)", [("x", 1), ("y", 2)])
        answered = wx.batch(PROMPT, database.execute("SELECT text, n AS stars FROM reviews"))
        database.row_factory = sqlite3.Row
        rows = wx.batch(PROMPT, database.execute("SELECT text, n AS stars FROM reviews"))
    assert [row["stars"] for row in answered] == [1, 2]
    assert rows == answered


@pytest.mark.parametrize("table", [[], iter(())], ids=["list", "iterator"])
def test_a_table_without_rows_needs_no_columns(table, sandbox):
    assert wx.batch('{{ text }} {{ row["a b"] }}', table) == []
    with pytest.raises(BadOption, match=r"uses no column.*\n.* For example \{\{ text \}\}"):
        wx.batch("Hello", [])
    assert sandbox.counts["chat"] == 0


def test_an_iterator_that_was_stopped_has_to_be_made_again():
    rows = iter([{"text": f"t{n}"} for n in range(9)])
    with pytest.raises(Interrupted, match="Make the iterator again"):
        wx.batch(PROMPT, rows, concurrency=1, on_progress=stopping)


def test_a_row_that_is_unlike_the_first_of_an_iterator_stops_before_it():
    with pytest.raises(BatchStopped, match="Row 1 of the iterator is not a dict") as caught:
        wx.batch(PROMPT, iter([{"text": "x"}, "y"]))
    assert [row["answer"] for row in caught.value.table] == ["fine"]


def test_a_column_whose_name_is_a_number_is_taken_by_it(prompts):
    frame = pd.DataFrame([["x", "y"]])
    wx.batch("{{ row[0] }} and {{ row[1] | upper }}", frame)
    assert prompts() == ["x and Y"]
    with pytest.raises(MissingName, match="no column '7'"):
        wx.batch("{{ row[7] }}", frame)


def test_examples_of_a_filter_are_true_or_false():
    with pytest.raises(BadOption, match="'no' beside it"):
        wx.filter([{"text": "x"}], "{{ text }} is bad", examples=[("y is bad", "no")])
