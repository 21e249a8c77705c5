"""Tables, files and answers in a prompt: what of them goes out, and what is said about it."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases
from transport.servers import caught

from wx_notebook.answer import Answer
from wx_notebook.errors import BadOption, MissingName
from wx_notebook.templates import estimate_tokens, fill_placeholders
from wx_notebook.templates.placeholders import _PLACEHOLDER
from wx_notebook.templates.tables import TABLE_BUDGET


def fill(text, names, **options):
    return fill_placeholders(text, names, **options).text


SALES = pd.DataFrame(
    {
        "city": ["Köln", "Bonn, am Rhein", None],
        "sold": [3, 4, 5],
        "price": [1.5, float("nan"), 2.0],
        "day": [dt.datetime(2026, 1, n) for n in (1, 2, 3)],
    }
)
MANY = pd.DataFrame({"n": range(10_000), "text": ["some words of a row"] * 10_000})


def only(prompt: str, **names: object):
    """The one place of a prompt, filled in."""
    (place,) = fill_placeholders(prompt, names, text_types=(Answer,)).placeholders
    return place.document


# --- tables ------------------------------------------------------------------------------------


def test_a_small_table_goes_out_whole_with_its_schema():
    schema = f"city (text), sold (int64), price (float64), day ({SALES.day.dtype})"
    assert fill("{{ sales }}", {"sales": SALES}).split("\n") == [
        f"sales: a table of 3 rows and 4 columns: {schema}.",
        "All 3 rows, as CSV:",
        "city,sold,price,day",
        "Köln,3,1.5,2026-01-01 00:00:00",
        '"Bonn, am Rhein",4,,2026-01-02 00:00:00',
        ",5,2.0,2026-01-03 00:00:00",
    ]
    document = only("{{ sales }}", sales=SALES)
    assert (document.sends, document.cut) == ("3 rows of sales", "")


def test_a_large_table_becomes_a_sample_within_the_stated_budget():
    document = only("{{ df }}", df=MANY)
    sent = document.text.count("\n") - 2
    assert document.text.startswith("df: a table of 10,000 rows and 2 columns: n (int64)")
    assert document.sends == f"{sent} rows of df"
    assert (
        document.cut == f"{10_000 - sent:,} of 10,000 rows of df (within {TABLE_BUDGET:,} tokens)"
    )
    assert 0.8 * TABLE_BUDGET < estimate_tokens(document.text) <= 1.05 * TABLE_BUDGET


def test_a_place_can_say_how_many_rows():
    document = only("{{ df | rows(7) }}", df=MANY)
    assert "The first 7 rows, as CSV:" in document.text
    assert (document.sends, document.cut) == (
        "7 rows of df",
        "9,993 of 10,000 rows of df (as asked)",
    )
    assert only("{{ df | rows(700) }}", df=MANY).sends == "700 rows of df"
    assert only("{{ df | rows(70) }}", df=SALES).sends == "3 rows of df"
    assert only("{{ df|rows( 1 ) }}", df=SALES).sends == "1 row of df"
    schema = only("{{ df | rows(0) }}", df=MANY).text
    assert schema == "df: a table of 10,000 rows and 2 columns: n (int64), text (text)."


@all_cases(
    ("typed", "said"),
    [
        ("{{ t | rows(3) }}", "rows(N) works only on tables, and 't' is not a table."),
        ("{{ t | upper | rows }}", "rows(N) works only on tables, and 't' is not a table."),
        ("{{ df | rows }}", "rows(N) needs a number, and comes right after the table."),
        ("{{ df | upper | rows(3) }}", "rows(N) needs a number, and comes right after the table."),
        ("{{ df | rows(3) | rows(2) }}", "rows(N) needs a number, and comes right after the"),
    ],
)
def test_rows_in_a_wrong_place_says_where_it_belongs(typed, said):
    problem = caught(lambda: fill(typed, {"df": MANY, "t": "abc"}))
    assert type(problem) is BadOption
    assert said in problem.message
    assert problem.hint.endswith(("{{ df | rows(20) }}", "{{ t | truncate(500) }}"))


def test_filters_apply_to_the_text_of_a_table():
    document = only("{{ df | truncate(40) }}", df=MANY)
    assert len(document.text) <= 40
    assert document.text.startswith("df: a table of")
    assert document.cut


def test_an_index_that_says_something_is_a_column():
    named = SALES.set_index("city")
    assert "\ncity,sold,price,day\nKöln,3" in fill("{{ x }}", {"x": named})
    two = SALES.set_index(["city", "sold"])
    assert "\ncity,sold,price,day\nKöln,3" in fill("{{ x }}", {"x": two})
    dated = SALES.set_index(pd.Index([7, 8, 9]))
    assert "\nindex,city" in fill("{{ x }}", {"x": dated})


def test_a_series_and_a_column_are_tables_of_one_column():
    assert "\nsold\n3\n4\n5" in fill("{{ df.sold }}", {"df": SALES})
    assert "\nsold\n3\n4\n5" in fill("{{ df['sold'] }}", {"df": SALES})
    assert "\nvalue\n1\n2" in fill("{{ s }}", {"s": pd.Series([1, 2])})


def test_a_table_of_polars_is_one_too():
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y, z"]})
    assert fill("{{ f }}", {"f": frame}) == (
        "f: a table of 2 rows and 2 columns: a (int64), b (string).\n"
        'All 2 rows, as CSV:\na,b\n1,x\n,"y, z"'
    )


def test_a_wide_table_loses_columns_and_says_so():
    wide = pd.DataFrame([range(3000)], columns=[f"column_{n}" for n in range(3000)])
    document = only("{{ wide }}", wide=wide)
    assert "more columns" in document.text
    assert "of 3,000 columns of wide" in document.cut
    assert estimate_tokens(document.text) < 1.5 * TABLE_BUDGET


def test_long_values_are_shortened_and_said_so():
    document = only("{{ df }}", df=pd.DataFrame({"a": ["x" * 5000, "short"]}))
    assert "x" * 200 + "…" in document.text
    assert document.cut == "the end of 1 long value of df"


def test_an_empty_table_is_its_schema():
    assert fill("{{ df }}", {"df": SALES.head(0)}).endswith(f"day ({SALES.day.dtype}).")
    assert fill("{{ df }}", {"df": pd.DataFrame()}) == "df: a table of 0 rows and 0 columns."


def test_what_a_cell_of_a_table_holds_is_never_syntax():
    frame = pd.DataFrame({"a": ["{{ b }}", "{% x %}"]})
    assert "{{ b }}\n{% x %}" in fill("{{ frame }}", {"frame": frame, "b": "never"})


def test_an_array_that_numpy_shortens_is_said_to_be():
    assert only("{{ a }}", a=np.arange(3)).cut == ""
    assert only("{{ a }}", a=np.arange(10_000)).cut == "the middle of a (10,000 values)"


# --- files -------------------------------------------------------------------------------------


def test_a_path_becomes_the_text_of_its_file(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes("\ufeffone\r\n{{ two }}".encode())
    document = only("{{ notes }}", notes=path)
    assert (document.text, document.sends) == ("one\r\n{{ two }}", "the file notes.txt")
    assert fill("{{ p }}", {"p": PurePosixPath(path)}) == document.text


def test_filters_apply_to_the_text_of_a_file_and_attributes_to_the_path(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("word " * 500)
    document = only("{{ notes | truncate(20) }}", notes=path)
    assert document.text == "word word word..."
    assert document.cut == "a part of notes"
    assert fill("{{ notes.name }} {{ notes | wordcount }}", {"notes": path}) == "notes.txt 500"


@all_cases(
    ("make", "said"),
    [
        (lambda p: None, "cannot be read: No such file"),
        (lambda p: p.mkdir(), "cannot be read"),
        (lambda p: os.mkfifo(p), "is not a file"),
        (lambda p: p.write_bytes(b"\x80\0"), "is not text"),
        (lambda p: p.write_bytes(b"\xff\xfe"), "is not UTF-8 text"),
        (lambda p: p.write_bytes(b"x" * 4_000_001), "has more than 4,000,000 bytes"),
    ],
)
def test_a_path_to_no_text_file_says_what_it_is_and_what_to_do(tmp_path, make, said):
    path = tmp_path / "thing"
    make(path)
    problem = caught(lambda: fill("{{ p }}", {"p": path}))
    assert type(problem) is BadOption
    assert said in str(problem) or (said.startswith("cannot") and "is not a file" in str(problem))
    assert str(path) in str(problem)
    assert problem.hint.startswith(("Check the path", "Convert it to text", "Read "))


def test_a_text_that_looks_like_a_path_stays_a_text():
    assert fill("{{ p }}", {"p": "/etc/passwd"}) == "/etc/passwd"


def test_a_path_that_is_not_used_is_not_opened(tmp_path):
    assert fill("{{ a }}", {"a": 1, "p": Path("/nowhere")}) == "1"


# --- answers -----------------------------------------------------------------------------------


def test_an_earlier_answer_becomes_its_text_also_behind_filters():
    names = {"a": Answer("One. Two. Three."), "Out": {3: Answer("of cell 3")}}
    assert (
        fill("{{ a }}, {{ Out[3] }}", names, text_types=(Answer,)) == "One. Two. Three., of cell 3"
    )
    assert fill("{{ a | truncate(8) }}", names, text_types=(Answer,)) == "One...."
    assert fill("{{ a.finish_reason | default('x', true) }}", names, text_types=(Answer,)) == "x"


# --- the rest goes out as it was typed ----------------------------------------------------------

_NOISE = st.text(alphabet="{}{}{}|.%#'\"[]() ab1_\r\n\t\\$<>é", max_size=60)


@given(st.lists(_NOISE, max_size=6))
def test_any_text_without_a_well_formed_place_goes_out_byte_for_byte(parts):
    text = "{{".join(parts)
    if _PLACEHOLDER.search(text) is None:
        assert fill(text, {"a": "FILLED", "ab": "FILLED"}) == text


@given(st.text(max_size=200))
def test_so_does_any_text_at_all(text):
    if _PLACEHOLDER.search(text) is None:
        assert fill(text, {}) == text


@given(_NOISE, _NOISE)
def test_what_stands_around_a_place_is_not_touched(before, after):
    text = f"{before} {{{{ a }}}} {after}"
    if len(_PLACEHOLDER.findall(text)) == 1:
        assert fill(text, {"a": "X"}) == f"{before} X {after}"


def test_what_is_missing_names_the_place_also_behind_a_document():
    problem = caught(lambda: fill("{{ df | nosuch }} {{ df.prize }}", {"df": SALES}))
    assert type(problem) is MissingName
    assert "the filter 'nosuch'" in str(problem)
    assert "'df.prize'" in str(problem)
