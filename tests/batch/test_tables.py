"""A table in, the same kind of table out, with the answers beside their rows."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time

import pandas as pd
import polars as pl
import pytest
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.batch.prompt_batch import Batch
from wx_notebook.errors import BadOption, BatchStopped, MissingName
from wx_notebook.sandbox import Sandbox

TEXTS = ["good soup", "bad soup", "cold soup"]
PROMPT = "Say this: {{ text }}"


@pytest.fixture(autouse=True)
def _echo(session, sandbox):
    """Nobody knows in which order rows arrive: the answers are all the same."""
    sandbox.say(*["fine"] * 20)


def parquet(folder, rows):
    pd.DataFrame(rows).to_parquet(folder / "in.parquet")
    return folder / "in.parquet"


def csv_file(folder, rows):
    pd.DataFrame(rows).to_csv(folder / "in.csv", index=False)
    return str(folder / "in.csv")


ROWS = [{"n": at, "text": text} for at, text in enumerate(TEXTS)]
IN = {
    "pandas": lambda _: pd.DataFrame(ROWS),
    "polars": lambda _: pl.DataFrame(ROWS),
    "list of dicts": lambda _: ROWS,
    "dict of lists": lambda _: {"n": [0, 1, 2], "text": TEXTS},
    "iterator": lambda _: iter(ROWS),
    "CSV file": lambda folder: csv_file(folder, ROWS),
    "Parquet file": lambda folder: parquet(folder, ROWS),
}


def rows_of(value):
    if isinstance(value, pd.DataFrame):
        return value.to_dict("records")
    if isinstance(value, pl.DataFrame):
        return value.to_dicts()
    if isinstance(value, dict):
        return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
    return value


@pytest.mark.parametrize("name", IN)
def test_each_kind_of_table_comes_back_with_the_answers_in_order(name, tmp_path, prompts):
    table = IN[name](tmp_path)
    answered = wx.batch(PROMPT, table)
    assert prompts() == sorted(f"Say this: {text}" for text in TEXTS)
    in_memory = not isinstance(table, str) and name not in ("iterator", "Parquet file")
    assert type(answered) is (type(table) if in_memory else list)
    expected = [{**row, "answer": "fine", "error": None} for row in ROWS]
    if name == "CSV file":
        expected = [{**row, "n": str(row["n"])} for row in expected]
    assert rows_of(answered) == expected


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (TEXTS, list),
        (pd.Series(TEXTS), pd.DataFrame),
        (pl.Series(TEXTS), pl.DataFrame),
    ],
    ids=["list", "pandas Series", "polars Series"],
)
def test_plain_values_are_the_column_value(table, kind, prompts):
    answered = wx.batch("Say this: {{ value }}", table)
    assert isinstance(answered, kind)
    assert [row["value"] for row in rows_of(answered)] == TEXTS
    assert prompts() == sorted(f"Say this: {text}" for text in TEXTS)


def test_a_pandas_index_is_kept_even_with_a_label_twice(prompts):
    frame = pd.DataFrame({"text": TEXTS}, index=["a", "a", "b"])
    answered = wx.batch(PROMPT, frame)
    assert list(answered.index) == ["a", "a", "b"]
    assert list(answered.text) == TEXTS
    assert list(frame.columns) == ["text"], "the user's own table is left alone"


def test_columns_come_before_variables_and_any_name_of_a_column_can_be_used(prompts):
    frame = pd.DataFrame({"review text": ["x"], "tone": ["of the table"]})
    wx.batch(
        '{{ row["review text"] }} {{ tone }} {{ who }}', frame,
        names={"tone": "of the notebook", "who": "you"},
    )  # fmt: skip
    assert prompts() == ["x of the table you"]


def test_values_of_other_types_go_the_way_of_every_prompt(prompts):
    frame = pd.DataFrame({"words": [["a", "b"], ["c"]], "on": pd.to_datetime(["2026-01-02"] * 2)})
    wx.batch("{{ words | join('+') }} {{ on.year }}", frame)
    assert prompts() == ["a+b 2026", "c 2026"]


def test_a_row_without_a_value_is_an_error_of_its_own_and_is_not_sent(prompts):
    frame = pd.DataFrame({"text": ["x", None, float("nan")], "other": [None, "y", "z"]})
    answered = wx.batch(PROMPT, frame)
    assert list(answered.answer) == ["fine", None, None]
    assert list(answered.error) == [None, *["The column 'text' is empty in this row."] * 2]
    assert prompts() == ["Say this: x"]


@all_cases(
    ("prompt", "table", "error", "says"),
    [
        ("{{ txet }}", ROWS, MissingName, "Did you mean 'text'?"),
        ('{{ row["txet"] }}', ROWS, MissingName, "Did you mean 'text'?"),
        (None, ROWS, BadOption, "A prompt over a table is a text, not NoneType."),
        ("Classify!", ROWS, BadOption, "Columns: {{ n }}, {{ text }}."),
        ("{{ text.upper() }} {{ n }}", ROWS, BadOption, "No expression is run"),
        ("{{ a }}", [{"a": 1, "answer": 2}], BadOption, "has a column 'answer' already"),
        ("{{ a }}", {"a": [1], "b": [1, 2]}, BadOption, "different lengths"),
        ("{{ a }}", [{"a": 1}, 2], BadOption, "Row 1 of the list is not a dict"),
        ("{{ a }}", 7, BadOption, "of type int is not a table"),
        ("{{ a }}", "absent.csv", BadOption, "There is no file absent.csv"),
        ("{{ a }}", "absent.xlsx", BadOption, "ends with '.xlsx'"),
    ],
)
def test_what_cannot_be_right_is_an_error_before_anything_is_sent(
    prompt, table, error, says, prompts
):
    with pytest.raises(error, match=re.escape(says)):
        wx.batch(prompt, table)
    assert prompts() == []


@pytest.mark.parametrize(
    "table", [pd.DataFrame({"text": []}), [], iter(())], ids=["frame", "list", "iterator"]
)
def test_an_empty_table_comes_back_empty_without_a_request(table, sandbox):
    if isinstance(table, pd.DataFrame):
        answered = wx.batch(PROMPT, table)
        assert list(answered.columns) == ["text", "answer", "error"]
    else:
        assert wx.batch("{{ value }}", table) == []
    assert sandbox.counts["chat"] == 0


def test_two_thousand_columns_cost_no_more_than_the_one_that_is_used(prompts):
    frame = pd.DataFrame([[str(n) for n in range(2000)]] * 3).rename(columns=lambda n: f"c{n}")
    answered = wx.batch("{{ c7 }}", frame)
    assert answered.shape == (3, 2002)
    assert prompts() == ["7"], "equal rows are sent once"


@pytest.mark.parametrize("options", [{"rows": 2}, {"sample": 2}], ids=str)
def test_a_part_of_the_rows_can_be_sent(options, prompts):
    frame = pd.DataFrame({"text": [f"t{n}" for n in range(50)]}, index=range(100, 150))
    answered = wx.batch(PROMPT, frame, **options)
    assert len(answered) == 2
    if "rows" in options:
        assert list(answered.index) == [100, 101]
    assert list(wx.batch(PROMPT, frame, **options).index) == list(answered.index)
    numbers = iter(range(50))
    assert len(wx.batch("{{ value }}", numbers, **options)) == 2
    left = len(list(numbers))
    assert left == (48 if "rows" in options else 0), "no more is read than is needed"


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_file_grows_in_the_order_of_the_rows(suffix, tmp_path):
    path = tmp_path / f"out.{suffix}"
    rows = [{"n": at, "text": f"t{at}" if at != 3 else None} for at in range(12)]
    assert wx.batch(PROMPT, iter(rows), to=str(path)) == path
    if suffix == "jsonl":
        read = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        frame = pd.read_csv(path) if suffix == "csv" else pd.read_parquet(path)
        read = frame.astype(object).where(frame.notna(), None).to_dict("records")
    assert [row["n"] for row in read] == list(range(12))
    assert [row["answer"] for row in read] == ["fine" if at != 3 else None for at in range(12)]
    assert read[3]["error"] == "The column 'text' is empty in this row."
    assert [one.name for one in tmp_path.iterdir() if "out" in one.name] == [path.name]


def test_a_parquet_file_keeps_the_types_of_its_columns(tmp_path):
    source = pd.DataFrame({"text": ["x"], "at": pd.to_datetime(["2026-01-02"]), "n": [1]})
    source.to_parquet(tmp_path / "in.parquet")
    wx.batch(PROMPT, tmp_path / "in.parquet", to=tmp_path / "out.parquet")
    written = pd.read_parquet(tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(written[["text", "at", "n"]], source)


def test_a_parquet_file_that_ends_early_says_so(tmp_path):
    path = parquet(tmp_path, ROWS)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadOption, match="not a complete Parquet file"):
        wx.batch(PROMPT, path)


def test_an_iterator_that_fails_voids_no_row_before_it(prompts):
    def rows():
        yield from ROWS
        raise ValueError("the database is gone")

    with pytest.raises(BatchStopped, match=r"Row 3 .*ValueError: the database is gone") as caught:
        wx.batch(PROMPT, rows())
    assert [row["answer"] for row in caught.value.table] == ["fine"] * 3


def test_an_option_of_a_table_belongs_to_wx_batch():
    with pytest.raises(BadOption, match="'rows' is an option of a prompt over a table"):
        wx.ask("x", rows=3)
    with pytest.raises(BadOption, match="a whole number from 1"):
        wx.batch(PROMPT, ROWS, rows=0)
    with pytest.raises(BadOption, match="each row gets one answer"):
        wx.batch(PROMPT, ROWS, n=2)


def test_a_plan_and_a_mistake_leave_an_iterator_as_it_is(session, prompts):
    texts = iter(TEXTS)
    plan = Batch(session, "Say this: {{ value }}", texts, session.state.options({})).plan()
    assert plan.text == "Say this: good soup", "the first prompt is shown before it is sent"
    with pytest.raises(MissingName):
        wx.batch("{{ valeu }}", texts)
    assert [row["value"] for row in wx.batch("Say this: {{ value }}", texts)] == TEXTS


def test_the_plan_says_that_equal_rows_are_sent_once(session):
    def first_line(**options):
        return Batch(session, "{{ value }}", ["a", "a", "b"], session.state.options(options)).plan()

    assert first_line().lines()[0] == "3 rows, 2 distinct prompts; equal ones are sent once"
    assert first_line(dedupe=False).lines()[0] == "3 rows, 3 prompts"
    assert first_line(rows=1).lines()[0] == "1 row, 1 distinct prompt"


def test_beside_other_tasks_a_table_is_awaited():
    async def work():
        return await wx.abatch(PROMPT, ROWS)

    assert [row["answer"] for row in asyncio.run(work())] == ["fine"] * 3


@pytest.mark.parametrize("after_s", [0, 0.3], ids=["before its first row", "in the middle"])
def test_a_task_that_is_cancelled_sends_no_more_and_says_how_to_go_on(after_s, session, sandbox):
    async def work():
        task = asyncio.create_task(wx.abatch("{{ value }}", list(range(500))))
        await asyncio.sleep(after_s)
        task.cancel()
        await task

    with Sandbox(account=sandbox, words_per_second=40, requests_per_second=100_000) as slow:
        wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)
        with pytest.raises(asyncio.CancelledError) as caught:
            asyncio.run(work())
        assert slow.counts["chat"] < 60
    assert not after_s or "rows with an answer are not sent again" in str(caught.value)


def test_a_slow_iterator_holds_up_no_row_before_it(sandbox, session):
    sent = []

    def rows():
        for number in range(4):
            yield {"text": f"t{number}"}
            until = time.monotonic() + 5
            while sandbox.counts["chat"] <= number and time.monotonic() < until:
                time.sleep(0.01)
            sent.append(sandbox.counts["chat"])

    wx.batch(PROMPT, rows())
    assert sent == [1, 2, 3, 4]


def test_a_loop_that_is_stopped_under_a_run_stops_the_run(session, sandbox):
    """As Ctrl-C in IPython does: no task is cancelled, the loop just ends."""
    with Sandbox(account=sandbox, words_per_second=40, requests_per_second=100_000) as slow:
        wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)
        loop = asyncio.new_event_loop()
        task = loop.create_task(wx.abatch("{{ value }}", list(range(500))))
        loop.call_later(0.3, loop.stop)
        loop.run_forever()
        (watch,) = (one for one in threading.enumerate() if one.name == "wx-batch-loop")
        watch.join(5)
        with pytest.raises(BatchStopped, match="The loop of this run has stopped"):
            loop.run_until_complete(task)
        assert slow.counts["chat"] < 100
        loop.close()
