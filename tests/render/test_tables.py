"""A table of ours: the same in plain text and HTML, and what stands in it stays text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from render.test_render_in_the_browser import counter, show  # noqa: F401  # a fixture
from support.cases import all_cases
from support.payloads import PAYLOADS

from wx_notebook.render import Column, Row, TableView, bar, sparkline, table_html, table_text

if TYPE_CHECKING:
    from support.fronts import BrowserThread

COLUMNS = (Column("model"), Column("context", "number"), Column("share", "bar"))
#: Elements and attributes of ours.
OURS = {
    "div": {"class", "style"}, "table": {"style"}, "thead": set(), "tbody": set(), "tr": set(),
    "th": {"scope", "style"}, "td": {"style", "aria-hidden"}, "em": set(), "strong": set(),
    "small": set(), "span": {"style"},
}  # fmt: skip


def hostile(text):
    """A table with this text wherever a text can stand, but for the head, which is ours."""
    row = Row((text, text, text), mark=text, note=text)
    return TableView(COLUMNS, (row, Row((text, text, text), is_total=True)), text, (text,))


class Read(HTMLParser):
    """Elements, attributes and text as a parser sees them."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.words = {}, ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.setdefault(tag, set()).update(name for name, _ in attributes)

    def handle_data(self, data):
        self.words += data


@all_cases("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_no_text_becomes_an_element_or_an_attribute(payload):
    html = table_html(hostile(payload))
    read = Read(html)
    assert {tag: set(names) for tag, names in read.elements.items()}.keys() <= OURS.keys()
    for tag, names in read.elements.items():
        assert names <= OURS[tag]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", table_text(hostile(payload)))


@pytest.mark.browser
def test_in_chromium_no_table_runs_asks_or_grows_an_element(
    chromium: BrowserThread,
    counter: tuple[str, list[str]],  # noqa: F811
) -> None:
    url, asked = counter
    htmls = [table_html(hostile(text.replace("{leak}", f"{url}/leak")))
             for text in PAYLOADS.values()]  # fmt: skip
    found, dialogs, requests = chromium.run(show, url, htmls)
    assert (asked, dialogs, requests) == ([], [], [])
    assert found.keys() <= OURS.keys()
    for tag, every in found.items():
        assert all(json.loads(attributes).keys() <= OURS[tag] for attributes in every)
    assert len(found["div"]) == 3, "those of table, caption and notes, none of a payload"


def test_a_person_without_styles_reads_the_same_words():
    rows = (Row(("a/b", "1,024", bar(0.5)), mark="default", note="it goes"), Row(("c", "-", "")))
    table = TableView(COLUMNS, rows, "2 models", ("and a note",))
    words = Read(table_html(table)).words
    for word in ("2 models", "model", "context", "a/b", "1,024", "default", "it goes", "c", "-",
                 "and a note"):  # fmt: skip
        assert word in words
    assert table_text(table) == (
        "2 models\n"
        "model  context  share\n"
        "a/b      1,024  ██████████  <- default\n"
        "  it goes\n"
        "c            -\n"
        "and a note"
    )


def test_a_bar_is_for_the_eye_alone():
    html = table_html(TableView(COLUMNS, (Row(("a", "1", bar(1))),)))
    assert re.search(
        r'<td [^>]*aria-hidden="true"><span style="background: currentColor">█+</span></td>', html
    )
    assert html.count("aria-hidden") == 1
    assert html.count('scope="col"') == 3


def test_its_colours_follow_the_theme_of_the_page():
    html = table_html(hostile("x"))
    outside_of_fallbacks = re.sub(r"var\(--jp-[a-z0-9-]+, [^)]*\)", "", html)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", outside_of_fallbacks)
    assert "background" not in re.sub("background: currentColor", "", html), "rows keep Lab's own"


@pytest.mark.slow
def test_a_table_is_bounded_however_much_there_is():
    rows = tuple(Row(("x" * 20_000,) * 3, mark="m" * 20_000, note="n" * 20_000)
                 for _ in range(10_000))  # fmt: skip
    table = TableView(COLUMNS, rows, "c" * 100_000, ("n" * 100_000,))
    html = table_html(table)
    assert html.count("<tr>") == 201
    assert len(html) < 500_000
    assert len(table_text(table)) < 400_000


def test_one_long_cell_does_not_widen_the_rows_of_others():
    lines = table_text(TableView(COLUMNS, (Row(("x" * 150, "1", "")), Row(("a", "2", ""))))).split(
        "\n"
    )
    assert max(len(line) for line in lines if "x" not in line) < 70


@given(st.floats(-1, 2), st.floats(-1, 2), st.integers(1, 40))
def test_a_bar_grows_with_its_share_and_shows_whatever_is_more_than_nothing(one, other, width):
    less, more = sorted((one, other))
    assert len(bar(less, width)) <= len(bar(more, width)) <= width
    assert bool(bar(more, width)) is (more > 0)


@given(st.lists(st.integers(0, 10**12), max_size=30))
def test_a_sparkline_has_a_column_a_value_and_its_highest_for_the_highest(values):
    line = sparkline(values)
    assert len(line) == len(values)
    for value, column in zip(values, line, strict=True):
        assert (column == "·") is (value == 0)
        assert value != max(values) or value == 0 or column == "█"
