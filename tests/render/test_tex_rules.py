"""Formulas are found in all four forms; prices and shell variables stay text."""

from __future__ import annotations

import re
from html import unescape

from allowed_html import CODE
from support.cases import all_cases

from wx_notebook.render import markdown_html


def typeset(text: str) -> list[str]:
    found = re.findall(
        r'<span class="mathjax_process tex2jax_process">(.*?)</span>',
        markdown_html(text),
        re.DOTALL,
    )
    return [unescape(tex) for tex in found]


@all_cases(
    ("text", "formulas"),
    [
        ("$x^2$ and $a_1 < b$", [r"\(x^2\)", r"\(a_1 < b\)"]),
        (r"\(x\) and \[y\]", [r"\(x\)", r"\[y\]"]),
        ("so $$x = 1$$ holds", [r"\[x = 1\]"]),
        ("the $n$th, the $k$-means, ($z$).", [r"\(n\)", r"\(k\)", r"\(z\)"]),
        ("函数$f(x)$是", [r"\(f(x)\)"]),
        ("$$\nx\n= y\n- z\n\\\\ w\n$$", ["\\[x\n= y\n- z\n\\\\ w\\]"]),
        ("text\n\\[\nx *a* _b_\n\\]\ntext", [r"\[x *a* _b_\]"]),
        ("- a\n\n  $$\n  x\n  $$\n- $y$", [r"\[x\]", r"\(y\)"]),
        ("> $$\n> x\n> $$", [r"\[x\]"]),
        ("|a|\n|-|\n|$x$|", [r"\(x\)"]),
        ("**$x$** [$y$](http://example.org)", [r"\(x\)", r"\(y\)"]),
        (r"$\{a\}$ $5\%$ $\$5$", [r"\(\{a\}\)", r"\(5\%\)", r"\(\$5\)"]),
        (
            r"$$\begin{pmatrix}a&b\\[2pt]c&d\end{pmatrix}$$",
            [r"\[\begin{pmatrix}a&b\\[2pt]c&d\end{pmatrix}\]"],
        ),
        (r"\(\left\{\frac{a}{b}\right. \tag{1}\)", [r"\(\left\{\frac{a}{b}\right. \tag{1}\)"]),
        (
            r"$e^{i\pi} + 1 = 0 \text{ for } x \in \mathbb{R}$",
            [r"\(e^{i\pi} + 1 = 0 \text{ for } x \in \mathbb{R}\)"],
        ),
        (
            "so\n\\begin{align}\na &= b \\\\\n- c &= d\n\\end{align}\nand",
            ["\\[\\begin{align}a &= b \\\\\n- c &= d\\end{align}\\]"],
        ),
        (r"so \begin{align*}a\end{align*} and", [r"\[\begin{align*}a\end{align*}\]"]),
        (
            r"the \begin{pmatrix}1&2\\3&4\end{pmatrix} is",
            [r"\(\begin{pmatrix}1&2\\3&4\end{pmatrix}\)"],
        ),
        (r"f = \begin{cases}1 & x \\ 0\end{cases}.", [r"\(\begin{cases}1 & x \\ 0\end{cases}\)"]),
        (r"\begin{array}{cc}a&b\end{array}", [r"\[\begin{array}{cc}a&b\end{array}\]"]),
        ("- a\n  \\begin{gather}\n  b\n  \\end{gather}\n- c", [r"\[\begin{gather}b\end{gather}\]"]),
        ("> \\begin{equation}\n> a\n> \\end{equation}", [r"\[\begin{equation}a\end{equation}\]"]),
        (r"$$\begin{cases}a\end{cases}$$", [r"\[\begin{cases}a\end{cases}\]"]),
    ],
)
def test_tex_is_found_in_its_delimiters_and_environments(text, formulas):
    assert typeset(text) == formulas


@all_cases(
    "text",
    [
        "$5 and $10",
        "between $5 and $10, or US$5.",
        "$5/month to $10/month",
        "($5, or $6)",
        "I paid $20, you paid 30$",
        "$5 million and 10$",
        "$HOME/$USER and $PATH:$HOME",
        "echo $HOME and $PATH",
        "$ x $",
        "$$",
        "$$$$",
        r"\$x\$ and $y",
        r"\\(x\\)",
        "`$x$` ``\\(y\\)``",
        "```\n$$\nx\n$$\n```",
        "    $x$",
        "$x\n\ny$",
        r"\begin{itemize}\item a\end{itemize}",
        "\\begin{align}a\n\n\\end{align}",
        r"\begin{align}a",
        r"`\begin{align}a\end{align}`",
        "```\n\\begin{align}\na\n\\end{align}\n```",
        r"\begin{align}\end{align}",
        "$$\nx\n\ny",
        r"\(x",
        "![$x$](http://example.org)",
        "[a]($x$)",
    ],
)
def test_what_is_no_formula_stays_text(text):
    assert typeset(text) == []


@all_cases(
    ("text", "html"),
    [
        (r"$\def\alpha{<b>}$", r"<p><code>$\def\alpha{&lt;b&gt;}$</code></p>"),
        (r"a \(\href{x}{y}\) b", r"<p>a <code>\(\href{x}{y}\)</code> b</p>"),
        (r"\begin{align}\def\a{b}\end{align}", r"<code>\begin{align}\def\a{b}\end{align}</code>"),
        (r"\begin{alignat}{9}a\end{alignat}", r"<code>\begin{alignat}{9}a\end{alignat}</code>"),
        ("$$\n\\require{x}\n$$", rf'<pre style="{CODE}"><code>$$\require{{x}}$$</code></pre>'),
    ],
)
def test_refused_tex_is_shown_as_code_with_its_delimiters(text, html):
    assert html in markdown_html(text)


def test_while_an_answer_streams_tex_is_its_source():
    html = markdown_html("a $x<y$ *b*\n\n$$\nx\n$$\n\n\\(\\def\\a{b}\\)", typeset=False)
    assert "mathjax_process" not in html
    assert "<p>a $x&lt;y$ <em>b</em></p>\n<p>$$x$$</p>\n<p>\\(\\def\\a{b}\\)</p>" in html


def test_a_page_is_not_held_up_by_thousands_of_formulas():
    assert len(typeset("$x$ " * 2_000)) == 500
    assert sum(map(len, typeset(f"${'x + ' * 500}x$ " * 60))) < 41_000


def test_every_formula_is_inside_an_element_that_mathjax_leaves_alone():
    html = markdown_html("$x$")
    assert html.startswith('<div class="wxn-answer mathjax_ignore tex2jax_ignore" ')
    assert html.count("mathjax_process") == 1


def test_a_block_of_the_language_math_is_a_formula_as_on_github():
    for text in ("```math\nx^2\n```", "So:\n\n```math\nx^2\n```\nand more"):
        assert typeset(text) == [r"\[x^2\]"]
    # its own delimiters in it, another language, and what is not allowed stay source
    for tex, language in (
        (r"x \] y", "math"),
        ("x^2", "latex"),
        (r"\href{javascript:x}{y}", "math"),
    ):
        assert typeset(f"```{language}\n{tex}\n```") == []
