"""TeX as a line of text, for the frames before an answer."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.render.tex_to_text import tex_to_text


@all_cases(
    ("tex", "shown"),
    [
        (r"\alpha + \beta \neq \Gamma", "α + β ≠ Γ"),
        (r"\sum_{i=1}^{n} x_i^2", "∑ᵢ₌₁ⁿ xᵢ²"),
        (r"\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}", "-b ± √ b² - 4ac/2a"),
        (r"\mathbb{R} \to \mathbb{C}", "R → C"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "a b ; c d"),
        (r"\left\{ x \mid x > 0 \right\}", "{ x | x > 0 }"),
        (r"\sin x, \ldots, \text{if } y", "sin x, …, if y"),
        (r"e^{-x^2}", "e^-x²"),
        (r"\unknown{x}", "unknown x"),
        ("x < y", "x < y"),
        ("{" * 99, ""),
    ],
)
def test_tex_can_be_read_as_words(tex, shown):
    assert tex_to_text(tex) == shown


@given(st.text(alphabet="\\{}^_&$ abfrac12αβ%~\n", max_size=60))
def test_words_of_any_tex_are_one_line_and_no_command(tex):
    assert "\n" not in tex_to_text(tex)
    assert not re.search(r"\\[A-Za-z]", tex_to_text(tex).replace("\\\\", ""))
