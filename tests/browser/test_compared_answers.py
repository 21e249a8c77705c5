"""The answers of several models stand side by side, and on a narrow page below each other."""

from __future__ import annotations

import pytest

from wx_notebook.render import AnswerColumn, columns_html

pytestmark = pytest.mark.browser

LONG = "x" * 400
CODE = f"```python\n{LONG}\n```\n\n| a | b |\n|-|-|\n| {LONG} | 1 |"
COLUMNS = [
    AnswerColumn("ibm/granite-4-h-small", "A **watt** is a unit.", facts="stop", is_done=True),
    AnswerColumn("openai/gpt-oss-120b", CODE, facts="0.42 s", notes=("cut",), is_done=True),
    AnswerColumn("meta-llama/llama-4-maverick-17b-128e-instruct-fp8", "It grows", facts="waiting"),
]
PLACES = """() => [...document.querySelectorAll('.wxn-column')].map((one) => {
    const box = one.getBoundingClientRect();
    return [Math.round(box.left), Math.round(box.top), Math.round(box.width)];
})"""
SPILLS = "() => document.documentElement.scrollWidth > window.innerWidth"


def places(page, html, widths):
    page.set_content(f"<!doctype html><body>{html}</body>")
    found = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        found[width] = page.evaluate(PLACES), page.evaluate(SPILLS)
    return found


def test_columns_stand_beside_each_other_where_there_is_room_and_never_spill(chromium):
    found = chromium.run(places, columns_html(COLUMNS), (1200, 700, 360))
    wide, middle, narrow = (boxes for boxes, _ in found.values())
    assert len({left for left, _, _ in wide}) == 3
    assert len({top for _, top, _ in wide}) == 1
    assert len({left for left, _, _ in middle}) == 2
    assert len({left for left, _, _ in narrow}) == 1
    assert [top for _, top, _ in narrow] == sorted({top for _, top, _ in narrow})
    assert not any(spills for _, spills in found.values())
    assert max(width for _, _, width in narrow) <= 360
