"""What formulas cost the page is known before they are typeset, and limited in an answer."""

from __future__ import annotations

import re
from html import unescape

import pytest
from support.cases import all_cases

from wx_notebook.render import answer_html, markdown_html
from wx_notebook.render.tex_cost import MAX_COST, tex_cost


def nested(opener: str, closer: str, depth: int = 14) -> str:
    return opener * depth + "x" + closer * depth


#: Seconds of the page's own time for 4,000 characters of each, in Chromium with MathJax 3.2 on a
#: busy machine.
MEASURED = {
    "letters": ("x+" * 1950 + "x", 1, 1.64),
    "a wide table": (r"\begin{matrix}" + "&" * 1800 + r"\\" * 40 + r"\end{matrix}", 2, 54.9),
    "a long table": (r"\begin{matrix}" + r"a\\" * 950 + r"\end{matrix}", 1, 0.77),
    "aligned rows": (r"\begin{align}" + r"a&=b\\" * 480 + r"\end{align}", 1, 0.76),
    "tables in tables": (nested(r"\begin{pmatrix}", r"\end{pmatrix}", 10), 14, 0.31),
    "roots": (nested(r"\sqrt{", "}"), 40, 0.95),
    "fractions": (nested(r"\cfrac{1}{1+", "}"), 20, 1.17),
    "braces": (nested(r"\underbrace{", "}_a"), 18, 0.83),
    "boxes": (nested(r"\boxed{", "}"), 34, 1.45),
    "exponents": (nested("x^{", "}"), 70, 1.09),
    "sums": (r"\sum_{a}^{b}" * 300, 1, 0.82),
    "small ones": ("x^2+y", 500, 1.34),
}


@all_cases("name", MEASURED)
def test_the_estimate_is_near_what_was_measured(name):
    tex, times, seconds = MEASURED[name]
    estimate = times * tex_cost(tex) / 2_400
    assert seconds / 2.5 < estimate < seconds * 2.5


def typeset(text: str) -> list[str]:
    found = re.findall(
        r'mathjax_process tex2jax_process">\\\[(.*?)\\\]</span>', markdown_html(text), re.DOTALL
    )
    return [unescape(tex) for tex in found]


@pytest.mark.slow
@all_cases("name", MEASURED)
def test_no_answer_costs_the_page_more_than_its_budget(name):
    tex, _, _ = MEASURED[name]
    # more than a page can take, and less than what is shown without any markup
    formulas = typeset("\n\n".join([f"$${tex}$$"] * (190_000 // (len(tex) + 6))))
    assert sum(map(tex_cost, formulas)) <= MAX_COST
    assert formulas or tex_cost(tex) > MAX_COST


def test_what_is_too_dear_is_shown_as_code_and_what_follows_is_typeset():
    dear = MEASURED["a wide table"][0]
    html = markdown_html(f"$${dear}$$\n\nand $$x$$")
    assert typeset(f"$${dear}$$\n\nand $$x$$") == ["x"]
    assert "<code>$$\\begin{matrix}&amp;" in html
    assert "mathjax_process" not in answer_html(dear, format="math")


def test_a_long_answer_full_of_formulas_has_them_all_typeset():
    """Sixty displays of a lecture: far more than the 2,048 tokens of an answer by default."""
    tex = r"\frac{\partial u}{\partial t} = a \sum_{i=1}^{n} \frac{\partial^2 u}{\partial x_i^2}"
    matrix = (
        r"A = \begin{pmatrix} a_{11} & a_{12} & a_{13} \\ a_{21} & a_{22} & a_{23} \end{pmatrix}"
    )
    text = "\n\n".join(f"Step {n}: $${tex}$$ with $${matrix}$$" for n in range(30))
    assert len(typeset(text)) == 60
