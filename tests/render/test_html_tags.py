"""The HTML elements that models write within Markdown are drawn, and nothing else of HTML is."""

from __future__ import annotations

import re

from allowed_html import check_html, unwrap
from support.cases import all_cases

from wx_notebook.render import answer_text, markdown_html, partial_html


def body(text: str) -> str:
    return unwrap(markdown_html(text))


@all_cases(
    ("text", "html"),
    [
        ("H<sub>2</sub>O", "H<sub>2</sub>O"),
        ("x<sup>2</sup>", "x<sup>2</sup>"),
        ("press <kbd>Ctrl</kbd>+<kbd>C</kbd>", "press <kbd>Ctrl</kbd>+<kbd>C</kbd>"),
        ("<mark>**a** b</mark>", "<mark><strong>a</strong> b</mark>"),
        ("**<ins>a</ins>** <del>b</del>", "<strong><ins>a</ins></strong> <del>b</del>"),
        ("<b>a</b> <i>b</i> <u>c</u> <s>d</s>", "<strong>a</strong> <em>b</em> <u>c</u> <s>d</s>"),
        ("<KBD>x</Kbd>", "<kbd>x</kbd>"),
        ("<ruby>漢<rt>かん</rt></ruby>", "<ruby>漢<rt>かん</rt></ruby>"),
        ("a<br>b<BR/>c<br />d", "a<br>b<br>c<br>d"),
        ("a <!-- not shown --> b <!---->c", "a  b c"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
        (r"\<b>a</b>", "&lt;b&gt;a&lt;/b&gt;"),
    ],
)
def test_the_elements_of_a_paragraph_are_drawn(text, html):
    assert body(text) == f"<p>{html}</p>"


@all_cases(
    ("text", "html"),
    [
        ('<sub class="x" id=y onclick="z">2</sub >', "<sub>2</sub>"),
        ("<mark style='position:fixed'>a</mark>", "<mark>a</mark>"),
        ('<span style="color:red">a</span>', "a"),
        ("a<br clear=all onload=x>b", "a<br>b"),
        ("<kbd\nx>a</kbd>", "<kbd>a</kbd>"),
    ],
)
def test_no_attribute_of_theirs_passes(text, html):
    assert body(text) == f"<p>{html}</p>"


@all_cases(
    "text",
    [
        "vector<int> and List<String>", "the <b> tag", "a</b>", "x <y> z", "<script>a</script>",
        "<div>a</div>", "<sub>a *b</sub> c*", "<b>a\n\nb</b>", "1 <sub 2", "<!-- open", "<!- a -->",
        "<input type=password>", "<b><i>a</b>x",
    ],
)  # fmt: skip
def test_a_tag_that_is_no_element_of_the_paragraph_is_text(text):
    assert "<b>" not in text or "<strong>" not in body(text) or text == "<b><i>a</b>x"
    shown = re.sub(r"</?(?:p|em|strong)>", "", body(text))
    tags = re.findall(r"</?\w[^>]*>|<!-+ \w+", text.replace("<b><i>a</b>", "<i>a"))
    assert all(tag.replace("<", "&lt;").replace(">", "&gt;") in shown for tag in tags)


def test_they_are_drawn_in_headings_items_cells_and_links():
    html = body("# a<sub>1</sub>\n\n- b<sup>2</sup>\n\n|c|\n|-|\n|<kbd>d</kbd><br>e|")
    assert "<h1>a<sub>1</sub></h1>" in html
    assert "<li>b<sup>2</sup></li>" in html
    assert "<kbd>d</kbd><br>e</td>" in html


@all_cases(
    ("text", "html"),
    [
        ("H<sub>2", "H<sub>2</sub>"),
        ("H<sub", "H"),
        ("H<sub>", "H"),
        ("a <kbd class='x", "a"),
        ("**<mark>", ""),
        ("x **<mark>y", "x <strong><mark>y</mark></strong>"),
        ("<KBD>Ctrl</kb", "<kbd>Ctrl</kbd>"),
        ("a <!-- b", "a"),
        ("i <n and j", "i &lt;n and j"),
    ],
)
def test_a_frame_closes_them_as_emphasis(text, html):
    frame = partial_html(text)
    check_html(frame, typeset=False)
    assert f"<p>{html}</p>" in frame or not html


def test_the_plain_text_is_what_was_written():
    assert answer_text("H<sub>2</sub>O <!-- c -->", "auto") == "H<sub>2</sub>O <!-- c -->"
