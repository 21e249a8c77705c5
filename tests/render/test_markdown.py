"""Ordinary Markdown looks as its writer meant it."""

from __future__ import annotations

from allowed_html import CODE
from support.cases import all_cases

from wx_notebook.render import markdown_html

LINK = 'target="_blank" rel="noopener noreferrer nofollow"'


def body(text: str) -> str:
    """The HTML of `text` without wrapper, line ends and what each link and block of code has."""
    html = markdown_html(text)
    start = (
        '<div class="wxn-answer mathjax_ignore tex2jax_ignore"'
        ' style="padding-left: var(--jp-code-padding, 5px)">'
    )
    assert html.startswith(start)
    assert html.endswith("</div>")
    inside = html[len(start) : -len("</div>")].replace("\n", "").replace(" " + LINK, "")
    return inside.replace(f'<pre style="{CODE}">', "<pre>")


@all_cases(
    ("text", "html"),
    [
        ("# a\n\n###### b", "<h1>a</h1><h6>b</h6>"),
        ("a\n===", "<h1>a</h1>"),
        ("*a* __b__ ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>"),
        ("a  \nb\\\nc", "<p>a<br>b<br>c</p>"),
        ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("1. a\n   - b", "<ol><li>a<ul><li>b</li></ul></li></ol>"),
        ("> a\n>> b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"),
        ("---", "<hr>"),
        ("```text\nx < 1\n```", '<pre><code class="language-text">x &lt; 1</code></pre>'),
        ("```c++ title=x\n```", '<pre><code class="language-c++"></code></pre>'),
        ("```\na\n```", "<pre><code>a</code></pre>"),
        ("    a", "<pre><code>a</code></pre>"),
        ("a < b & c > d &amp; &copy;", "<p>a &lt; b &amp; c &gt; d &amp; ©</p>"),
        (r"\*a\* snake_case_name", "<p>*a* snake_case_name</p>"),
        ("", ""),
    ],
)
def test_markdown_is_rendered(text, html):
    assert body(text) == html


def test_a_table_keeps_its_alignment_and_its_line_breaks():
    html = body("| a | b |\n|:--|--:|\n| `x|y` | 1<br>2<BR/>3 |")
    assert '<th style="text-align:left">a</th><th style="text-align:right">b</th>' in html
    assert '<td style="text-align:right">y`</td>' in html
    html = body("| a |\n|---|\n| 1<br>2<BR/>3 |")
    assert '<td style="text-align:left">1<br>2<br>3</td>' in html


def test_a_cell_without_an_alignment_says_left_because_jupyterlab_sets_outputs_to_the_right():
    html = body("| a |\n|---|\n| 1 |")
    assert '<th style="text-align:left">a</th>' in html
    assert '<td style="text-align:left">1</td>' in html


def test_html_that_is_not_listed_is_shown_as_text():
    assert body("<div>a</div> <img src=x>") == "<p>&lt;div&gt;a&lt;/div&gt; &lt;img src=x&gt;</p>"


@all_cases(
    ("text", "html"),
    [
        (
            "- [ ] a\n- [x] **b**\n- [X] c",
            "<ul><li>☐ a</li><li>☑ <strong>b</strong></li><li>☑ c</li></ul>",
        ),
        ("1. [ ] a\n   - [x] b", "<ol><li>☐ a<ul><li>☑ b</li></ul></li></ol>"),
        ("- [x] a\n\n- [ ] b", "<ul><li><p>☑ a</p></li><li><p>☐ b</p></li></ul>"),
        ("- [x]\n- [y] a\n- [ ]b", "<ul><li>[x]</li><li>[y] a</li><li>[ ]b</li></ul>"),
        ("[x] a", "<p>[x] a</p>"),
        ("- [x] a\n\n[x]: http://example.org", "<ul><li>☑ a</li></ul>"),
    ],
)
def test_a_task_has_a_box_which_is_no_field(text, html):
    assert body(text) == html


@all_cases("kind", ["NOTE", "tip", "Important", "WARNING", "CAUTION"])
def test_a_quote_of_a_kind_begins_with_its_name_as_on_github(kind):
    html = markdown_html(f"> [!{kind}]\n> Mind *this*.")
    assert f"<strong>{kind.capitalize()}</strong><br>\nMind <em>this</em>." in html
    assert "[!" not in html
    for other in (f"[!{kind}]\nx", f"> [!{kind}]", f"> [!{kind}] x", "> [!OTHER]\n> x"):
        assert "[!" in markdown_html(other)
