"""No text makes the parser slow, the HTML huge or its nesting deep."""

from __future__ import annotations

import re
import time
from functools import partial

import pytest
from allowed_html import check_html
from support.cases import all_cases
from support.payloads import PAYLOADS

from wx_notebook.render import (
    answer_html,
    markdown_html,
    partial_html,
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "[a]: http://example.org/" + "x" * 5_000 + "\n\n" + "[a]" * 5_000,
        "![a]: http://example.org/" + "x" * 5_000 + "\n\n" + "![a]" * 4_000,
        "|" * 200 + "\n" + "|-" * 200 + "|\n" + "|\n" * 9_000,
        "|a" * 64 + "|\n" + "|-" * 64 + "|\n" + "|\n" * 9_000,
        "*" * 9_000 + "a" + "*" * 9_000,
        "![" * 2_500 + "a" + "](b)" * 2_500,
        "$\\frac{" * 2_500,
        "<details>" * 2_000,
        "<b><i>" * 3_000 + "</i></b>" * 3_000,
        "[^1] " * 4_000 + "\n\n[^1]: a",
    ],
    ids=[
        "links",
        "images",
        "wide table",
        "tall table",
        "emphasis",
        "nested images",
        "tex",
        "details",
        "elements",
        "footnotes",
    ],
)
def test_twenty_thousand_characters_do_not_become_millions(text):
    html = markdown_html(text)
    check_html(html)
    assert len(html) < 20 * len(text)


@pytest.mark.slow
@all_cases(
    "show",
    [markdown_html, partial_html, partial(answer_html, format="html")],
    ids=["whole", "on its way", "page"],
)
@all_cases(
    "piece", ["[", "<", "_", "*a_ ", "**", "[a](", "`a ", "![", "$x ", "| a ", "\\(", "\\(\\frac{"]
)
def test_a_model_that_repeats_itself_does_not_hold_up_the_kernel(piece, show):
    """Four times the text takes about four times as long, not sixteen times."""

    def takes(length):
        # (the process's own time, the best of three: a busy machine changes neither much)
        text = (piece * length)[:length]
        times = []
        for _ in range(3):
            began = time.process_time()
            show(text)
            times.append(time.process_time() - began)
        return min(times)

    assert takes(160_000) < 9 * takes(40_000) + 0.5


REPEATED = [
    # emphasis, fences in Markdown, elements and comments
    "**「a」", "```md\n", "```md\n```a\n", "~~~md\n\n```\na\n", "- ```md\n", "<b>", "</b>",
    "<b></i>", "<b x='", "<sub ", "<!--", "<!--\n", "> <!--\n", "- <!-- a\n",
    # details, footnotes, environments, tasks, directions
    "<details>", "<details>\n", "<summary>\n", "a</details>\n", "<details><summary>a\n",
    "- <details>\n", "[^", "[^a]", "[^a]: ", "[^a]: b\n", "[^a][^b]\n\n[^a]: [^b]\n\n",
    "\\begin{align}", "\\begin{align}\n", "\\begin{align}\\end{align}\n", "\\begin", "- [x] a\n",
    "א `b` ",
]  # fmt: skip


@pytest.mark.slow
@all_cases("text", [*REPEATED, *PAYLOADS.values()])
def test_no_text_over_and_over_holds_up_the_kernel(text):
    """50,000 characters take far less than this; what takes quadratic time takes far more."""
    repeated = text * (50_000 // len(text))
    for show in (markdown_html, partial_html):
        began = time.process_time()
        show(repeated)
        assert time.process_time() - began < 3


def depth(html: str) -> int:
    most = now = 0
    for close in re.findall(r"<(/?)(?!br|hr)\w", html):
        now += -1 if close else 1
        most = max(most, now)
    return most


@all_cases(
    "text",
    [
        "> " * 500 + "a", "- " * 500 + "a", "*" * 999 + "a" + "*" * 999,
        "<b>" * 99 + "a" + "</b>" * 99,
        "<details>\n" * 99 + "- " * 99 + "a", "[^a]: " * 99 + "b", "[^a]: - > " * 99 + "b",
    ],
)  # fmt: skip
def test_no_text_nests_deeper_than_a_browser_likes(text):
    assert depth(markdown_html(text)) < 80
