"""The sanitiser keeps whole values of ours, and nothing else."""

from __future__ import annotations

from allowed_html import CODE
from support.cases import all_cases

from wx_notebook.render.sanitiser import clean_html


@all_cases(
    ("html", "left"),
    [
        ('<span style="color: var(--wxn-k)">x</span>', None),
        (f'<pre style="{CODE}">x</pre>', None),
        ('<td style="text-align:left">x</td>', "x"),
        (
            '<span class="k evil" style="color: var(--wxn-k);x:y">x</span>',
            "<span>x</span>",
        ),
        ('<span class="k" style="color: var(--wxn-x)">x</span>', "<span>x</span>"),
        ('<span style=" color: var(--wxn-k)">x</span>', "<span>x</span>"),
        ('<span style="color:red">x</span>', "<span>x</span>"),
        (f'<p style="{CODE}">x</p>', "<p>x</p>"),
        (f'<pre style="{CODE};x:y">x</pre>', "<pre>x</pre>"),
        ('<div class="wxn-answer">x</div>', "x"),
        (
            '<details open="x" class="a"><summary id="b">x</summary></details>',
            "<details><summary>x</summary></details>",
        ),
        ('<p dir="rtl">x</p>', "<p>x</p>"),
        ('<kbd dir="auto">x</kbd>', "<kbd>x</kbd>"),
        ('<iframe sandbox="" srcdoc="x"></iframe>y', "y"),
        ('<p role="status" id="a" hidden>x</p>', "<p>x</p>"),
        ('<code class="language-x jp-Dialog">x</code>', "<code>x</code>"),
    ],
)
def test_the_sanitiser_keeps_whole_values_of_ours_and_nothing_near_them(html, left):
    """It stands behind a parser that lets no HTML by, and must not need it."""
    assert clean_html(html) == (html if left is None else left)
