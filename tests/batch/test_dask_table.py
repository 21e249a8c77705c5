"""A Dask DataFrame in, a Dask DataFrame out."""

from __future__ import annotations

import subprocess
import sys

import dask.dataframe as dd
import pandas as pd
import pytest
from dask import delayed

import wx_notebook as wx
from wx_notebook.errors import BadOption, BatchStopped

PROMPT = "Say this: {{ text }}"
FRAME = pd.DataFrame({"n": range(10), "text": [f"t{at}" for at in range(10)]})


@pytest.fixture(autouse=True)
def _connected(session):
    """Each test has a session."""


def answer_with(sandbox, text):
    """Nobody knows in which order rows arrive: the answers are all the same."""
    sandbox.say(*[text] * 20)


@pytest.fixture
def table():
    return dd.from_pandas(FRAME, npartitions=3)


def test_a_dask_dataframe_comes_back_lazy_with_its_partitions_and_its_index(table, sandbox):
    answer_with(sandbox, "fine")
    answered = wx.batch(PROMPT, table)
    assert isinstance(answered, dd.DataFrame)
    assert answered.npartitions == table.npartitions
    assert answered.divisions == table.divisions
    assert list(answered.columns) == ["n", "text", "answer", "error"]
    computed = answered.compute()
    assert list(computed.n) == list(range(10))
    assert list(computed.answer) == ["fine"] * 10
    assert list(computed.error) == [None] * 10
    assert list(table.columns) == ["n", "text"], "the user's own table is left alone"
    # computing it once more, or a part of it, sends nothing
    assert answered.answer.value_counts().compute()["fine"] == 10
    assert sandbox.counts["chat"] == 10


def test_a_series_has_the_column_value(prompts):
    answered = wx.batch("{{ value }}", dd.from_pandas(pd.Series(["a", "b"]), npartitions=2))
    assert list(answered.compute()["value"]) == ["a", "b"]
    assert prompts() == ["a", "b"]


def test_values_of_a_schema_have_one_type_in_every_partition(table, sandbox):
    answer_with(sandbox, '{"score": 3}')
    answered = wx.batch(PROMPT, table, schema="score: int")
    assert answered.score.dtype == "int64"
    assert {str(part.score.dtype) for part in answered.partitions} == {"int64"}
    assert answered.score.compute().dtype == "int64"


def test_only_the_partitions_that_are_needed_are_read(sandbox):
    read = []

    def part(number):
        read.append(number)
        return FRAME.iloc[number * 2 : number * 2 + 2]

    parts = [delayed(part)(number) for number in range(5)]
    table = dd.from_delayed(parts, meta=FRAME.iloc[:0], verify_meta=False)
    answered = wx.batch(PROMPT, table, rows=3)
    assert set(read) == {0, 1}
    assert list(answered.compute().text) == ["t0", "t1", "t2"]
    assert sandbox.counts["chat"] == 3


def test_a_sample_keeps_the_rows_that_it_chooses(table, sandbox):
    answer_with(sandbox, "fine")
    sampled = wx.batch(PROMPT, table, sample=4).compute()
    assert len(sampled) == 4
    assert list(sampled.answer) == ["fine"] * 4


def test_filter_keeps_rows_and_adds_no_column(table, sandbox):
    answer_with(sandbox, '{"matches": true}')
    kept = wx.filter(table, "{{ text }} is a text", rows=5)
    assert list(kept.compute().n) == list(range(5))
    assert list(kept.columns) == ["n", "text"]


def test_a_file_is_written_as_for_any_other_table(table, sandbox, tmp_path):
    answer_with(sandbox, "fine")
    path = wx.batch(PROMPT, table, to=tmp_path / "out.parquet")
    written = pd.read_parquet(path)
    assert list(written.text) == list(FRAME.text)
    assert list(written.answer) == ["fine"] * 10


def test_an_empty_dask_dataframe_comes_back_empty_without_a_request(table, sandbox):
    answered = wx.batch(PROMPT, table[table.n > 100])
    assert len(answered) == 0
    assert list(answered.columns) == ["n", "text", "answer", "error"]
    assert sandbox.counts["chat"] == 0


def test_a_partition_that_cannot_be_computed_stops_the_run_and_keeps_what_was_done(sandbox):
    answer_with(sandbox, "fine")

    def part(number):
        if number == 2:
            raise OSError("the disk is gone")
        return FRAME.iloc[number * 2 : number * 2 + 2]

    parts = [delayed(part)(number) for number in range(4)]
    table = dd.from_delayed(parts, meta=FRAME.iloc[:0], verify_meta=False)
    with pytest.raises(BatchStopped, match=r"Partition 2 .* the disk is gone") as caught:
        wx.batch(PROMPT, table)
    assert list(caught.value.table.compute().answer) == ["fine"] * 4


def test_a_table_that_changes_behind_the_answers_is_an_error_when_it_is_computed(session):
    rows = [3]
    parts = [delayed(lambda: FRAME.iloc[: rows[0]], pure=False)()]
    table = dd.from_delayed(parts, meta=FRAME.iloc[:0], verify_meta=False)
    answered = wx.batch(PROMPT, table)
    rows[0] = 4
    with pytest.raises(BadOption, match="had 3 rows when its prompts were sent, and has 4 now"):
        answered.compute()


def test_the_run_again_sends_only_what_is_missing(table, sandbox):
    wx.batch(PROMPT, table, rows=4)
    wx.batch(PROMPT, table)
    assert sandbox.counts["chat"] == 10


WITHOUT_DASK = """
import sys, wx_notebook as wx
wx.connect(api_key=sys.argv[1], url=sys.argv[2], project_id=sys.argv[3])
assert len(wx.batch("{{ value }}", ["a"])) == 1
assert not {name.split(".")[0] for name in sys.modules} & {"dask", "distributed"}
"""


@pytest.mark.slow  # a process of its own
def test_for_any_other_table_nothing_of_dask_is_imported(sandbox):
    arguments = [sandbox.api_key, sandbox.url, sandbox.project_id]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DASK, *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
