"""TeX that does more than draw is refused."""

from __future__ import annotations

from support.cases import all_cases

from wx_notebook.render.tex_allowlist import is_tex_allowed


@all_cases(
    "tex",
    [
        r"\def\alpha{H}", r"\newcommand{\x}{}", r"\let\a\b", r"\DeclareMathOperator{\x}{y}",
        r"\href{http://example.org}{x}", r"\require{html}", r"\style{color:red}{x}",
        r"\class{a}{x}", r"\cssId{a}{x}", r"\includegraphics{x}", r"\unicode{65}",
        r"\color{red}x", r"\csname x\endcsname", r"\rule{9em}{9em}", r"\kern-9em x",
        r"\hspace{-9em}x", r"\llap{x}", r"\smash{x}", r"\label{x}",
        r"a\\[-9em]b", r"a\\[99em]b", r"a\\*  [-9em]b", r"\!" * 21, r"\tag{<b>}",
        r"\begin{def}\end{def}", r"\begin{align}x\end{gather}", r"\begin{align}x", r"x\end{align}",
        r"\begin x", "{", "}", "{" * 31 + "}" * 31, r"\left(x", r"\right)", r"\)", r"\]", r"\(x\)",
        "x\\", "x" * 4_001, r"\notACommand", r"\DEF", r"\é",
    ],
)  # fmt: skip
def test_tex_that_does_more_than_draw_is_refused(tex):
    assert not is_tex_allowed(tex)
