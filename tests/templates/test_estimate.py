"""The estimate of tokens: near enough to warn by, and never nothing for something."""

from __future__ import annotations

import pytest
from support.cases import all_cases

from wx_notebook.templates import estimate_tokens


@all_cases(
    ("text", "low", "high"),
    [
        ("", 0, 0),
        ("a", 1, 1),
        ("The quick brown fox jumps over the lazy dog.", 8, 13),
        ("def add(a: int, b: int) -> int:\n    return a + b\n", 12, 24),
        ("3.141592653589793", 6, 12),
        ("漢字かな交じり文", 4, 9),
        ("\u00a0\u2003", 1, 2),
    ],
)
def test_an_estimate_is_near_what_tokenizers_say(text, low, high):
    assert low <= estimate_tokens(text) <= high


def test_twice_the_text_is_about_twice_the_tokens():
    text = "Give me three facts about heat pumps, as a table. "
    assert estimate_tokens(text * 200) == pytest.approx(200 * estimate_tokens(text), rel=0.1)
