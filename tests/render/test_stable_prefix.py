"""A frame of an answer on its way: the next frame does not take back what it shows."""

from __future__ import annotations

import re

import pytest
from allowed_html import check_html
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.render import markdown_html, partial_html
from wx_notebook.render.stable_prefix import stable_inline, stable_prefix
from wx_notebook.render.tex_to_text import stable_tex, tex_to_text

BUSY = "…"


def body(text: str) -> str:
    """The HTML of a frame without wrapper, styles and line ends."""
    html = partial_html(text)
    check_html(html, typeset=False)
    inside = html.partition(">")[2].removesuffix("</div>")
    return re.sub(r' (?:style|rel|target)="[^"]*"', "", inside).replace("\n", "")


def seen(text: str, **options: str) -> str:
    """What a reader sees in a frame, with single blanks."""
    return " ".join(check_html(partial_html(text, **options), typeset=False).text.split())


@all_cases(
    ("text", "html"),
    [
        ("a **bol", "<p>a <strong>bol</strong></p>"),
        ("a **bold*", "<p>a <strong>bold</strong></p>"),
        ("a **bold *both", "<p>a <strong>bold <em>both</em></strong></p>"),
        ("***a", "<p><em><strong>a</strong></em></p>"),
        ("a _b", "<p>a <em>b</em></p>"),
        ("snake_cas", "<p>snake_cas</p>"),
        ("a 5 * 3", "<p>a 5 * 3</p>"),
        ("a ~~b", "<p>a <s>b</s></p>"),
        ("a `co", "<p>a <code>co</code></p>"),
        ("a ``c ` d", "<p>a <code>c ` d</code></p>"),
        ("**a `b", "<p><strong>a <code>b</code></strong></p>"),
        ("**a** *b* `c` d", "<p><strong>a</strong> <em>b</em> <code>c</code> d</p>"),
        ("# a **b", "<h1>a <strong>b</strong></h1>"),
        ("- a\n- *b", "<ul><li>a</li><li><em>b</em></li></ul>"),
        ("> *b", "<blockquote><p><em>b</em></p></blockquote>"),
        (r"a \*b", "<p>a *b</p>"),
        ("*a\n\nb", "<p>*a</p><p>b</p>"),
    ],
)
def test_what_is_open_at_the_end_of_a_paragraph_is_closed(text, html):
    assert body(text) == html


@all_cases("mark", ["**", "*", "_", "~~", "`", "``", "***"])
def test_an_emphasis_that_never_ends_is_text_when_it_goes_on_for_too_long(mark):
    assert seen(f"{mark}kwargs " + "word " * 80).startswith(f"{mark}kwargs word")


@all_cases(
    ("text", "shown"),
    [
        ("see [the docs", "see the docs"),
        ("see [the docs]", "see the docs"),
        ("see [the docs](https://exam", "see the docs"),
        ("see [the docs](https://example.org 'a ti", "see the docs"),
        ("see [the docs][re", "see the docs"),
        ("see [the **docs", "see the docs"),
        ("see [1", "see"),
        ("see [1] and", "see [1] and"),
        ("see ![a picture", "see"),
        ("see ![a](https://exa", "see"),
        ("see ![a $x^2", "see"),
        ("see *this* ![a `b", "see this"),
        ("see <https://exam", "see https://exam"),
        ("see <b", "see"),
        ("a < b", "a < b"),
        ("x &am", "x"),
        ("x &amp; y", "x & y"),
        ("a!", "a"),
        ("a \\", "a"),
        ("[a](b) [c](https://d.org) [e](https://f.org", "a (b) c (d.org) e"),
    ],
)
def test_a_link_on_its_way_is_its_words_and_a_sign_without_its_end_is_nothing(text, shown):
    assert seen(text) == shown


@all_cases(
    "end",
    [
        "-", "- ", "*", "1", "12.", "1. ", "#", "## ", "=", "===", "---", "--", "***", ">", "> ",
        "`", "``", "```", "```pyth", "~~~ja", "|", "| a", "| a | b |", "|---", "|:--|--", "+",
        "[ref", "[ref]", "[ref]:", "[ref]: https://example.org 'x", "  - ", "- [ ]", "> - ",
        "- ```py", "$", "$$", "\\[", "\\(", "![", "&", "<", "[^", "[^1", "[^1]", "[^1]:", "<deta",
        "<details", "<kbd class='", "</details", "<!--", "<!-- a", "- [x]", "- [x", "\\begin{ali",
    ],
)  # fmt: skip
def test_a_line_that_is_only_markup_is_held_back(end):
    assert seen(f"Text\n{end}") == "Text"
    assert seen(f"Text\n\n{end}") == "Text"


def test_the_first_row_of_a_table_waits_for_the_dashes_below_it():
    assert seen("Text\n\n| a | b |\n") == "Text"
    assert seen("Text\n\n| a | b |\n|--") == "Text"
    assert body("Text\n\n| a | b |\n|---|---|\n") == (
        "<p>Text</p><table><thead><tr><th>a</th><th>b</th></tr></thead></table>"
    )
    assert seen("Text\n\n| a | b |\nis no table") == "Text | a | b | is no table"


def test_a_row_of_a_table_comes_as_a_whole():
    table = "| a | b |\n|---|---|\n| c | d |\n"
    assert seen(table + "| e | f") == "a b c d"
    assert seen(table + "| e | f |\n") == "a b c d e f"


def test_the_table_at_the_end_has_cells_of_one_line_and_those_before_have_not():
    table = "| a |\n|---|\n| b |\n\n"
    growing = partial_html(f"{table}words\n\n{table}")
    assert growing.count("max-width:20em") == 2
    assert partial_html(table + "words").count("max-width:20em") == 0
    assert '<code style="white-space:nowrap">' in partial_html("| `a b` |\n|---|\n")
    assert "<code>" in partial_html("`a b`\n\n| a |\n|---|\n")


def test_an_underline_becomes_a_heading_and_not_a_list_in_between():
    assert body("Title\n-") == "<p>Title</p>"
    assert body("Title\n---\n") == "<h2>Title</h2>"
    assert body("Title\n- a") == "<p>Title</p><ul><li>a</li></ul>"


def test_the_end_of_a_fence_is_never_a_line_of_its_code():
    assert "``" not in seen("```python\nx = 1\n``")
    assert seen("```python\nx = 1\n```") == "x = 1"
    assert seen("```\n| a\n--\n# b") == "| a -- # b"


def test_a_definition_of_a_link_is_not_shown_and_what_looked_like_one_is():
    assert seen("Text\n\n[a]: https://example.org\n") == "Text"
    assert seen("Text\n\n[a] is not one") == "Text [a] is not one"


def test_a_formula_is_words_until_it_is_typeset():
    assert seen(r"so $\frac{\alpha}{2} \le x^2$ holds") == "so α/2 ≤ x² holds"
    assert seen(r"so \(\frac{\alpha}{2} \l") == "so α/2"
    assert seen(r"so $x_{1} = \al") == "so x₁ ="
    assert seen("$$\nx\n- z\n= y") == "x - z = y", "no list, no heading"
    assert seen("\\[\nx \\\\\ny") == "x ; y"
    assert seen(r"none in $\mathbb") == "none in"
    assert seen(r"so \begin{pmatrix} a & \alpha \\ c & d \end{pmatrix} is") == "so a α ; c d is"
    assert seen(r"so \begin{pmatrix} a & \al") == "so a"
    assert seen("\\begin{align}\nx &= y \\\\\n- z") == "x = y ; - z", "no list"
    assert seen(r"none in \begin{pma") == "none in"
    assert seen(r"the \begin{itemize} of it") == r"the \begin{itemize} of it"
    assert seen(r"none in *some $\alp") == "none in some"


@all_cases("text", ["it is $5", "it is $5 and", "$HOME is", "US$", "from $5 to $10"])
def test_a_price_is_no_formula(text):
    assert seen(text) == text.removesuffix("$")


@given(st.text(alphabet="*_`~$[]()!<>&\\\\{}^ab 1\n|-", max_size=80))
def test_no_text_whatever_makes_it_stumble(text):
    """A frame would be shown all the same, as it came; so this is asked of the parts."""
    stable_inline(stable_prefix(text))
    stable_tex(text)
    assert "\n" not in tex_to_text(text)


word = st.sampled_from(["watt", "power", "is", "a", "unit", "Größe", "函数"])
plain = st.lists(word, min_size=1, max_size=6).map(" ".join)
inline = st.one_of(
    plain,
    plain.map(lambda text: f"**{text}**"),
    plain.map(lambda text: f"*{text}*"),
    plain.map(lambda text: f"`{text}`"),
    plain.map(lambda text: f"~~{text}~~"),
    plain.map(lambda text: f"**{text} *{text}* `{text}`**"),
    plain.map(lambda text: f"[{text} it](https://example.org/a_(b) 'c')"),
    plain.map(lambda text: f"![{text}](https://example.org/c.png)"),
    st.just("<https://example.org/a>"),
    st.just("AT&amp;T"),
    st.just("[1] or [12]"),
    st.just("5 * 3 - 2 > 1"),
    plain.map(lambda text: f"<kbd>{text}</kbd> H<sub>2</sub>O<br>"),
    plain.map(lambda text: f"<mark class='a'>**{text}** it</mark> <!-- {text} -->"),
    plain.map(lambda text: f"**注意：**{text}これは**「{text}」**です"),
)
line = st.lists(inline, min_size=1, max_size=4).map(" ".join)
block = st.one_of(
    line,
    line.map(lambda text: f"## {text}"),
    plain.map(lambda text: f"{text}\n===="),
    plain.map(lambda text: f"{text}\n---"),
    st.lists(line, min_size=1, max_size=3).map(lambda lines: "\n".join(f"- {x}" for x in lines)),
    st.lists(line, min_size=1, max_size=3).map(
        lambda lines: "\n".join(f"{n}. {x}\n   - {x}" for n, x in enumerate(lines, 1))
    ),
    line.map(lambda text: f"> {text}\n> {text}"),
    st.lists(plain, min_size=2, max_size=4).map(
        lambda cells: (
            f"| {cells[0]} | **{cells[1]}** |\n|:--|---|\n"
            + "\n".join(f"| {cell} | `{cell}` |" for cell in cells)
        )
    ),
    plain.map(lambda text: f"```python\n# {text}\n| {text}\n---\n\nx = '`{text}'\n```"),
    plain.map(lambda text: f"~~~\n{text}\n~~~"),
    plain.map(lambda text: f"- [x] {text}\n- [ ] {text}"),
    plain.map(
        lambda text: f"{text}\n\n```markdown\n# {text}\n\n```python\n{text}\n```\n\n{text}\n```"
    ),
    line.map(lambda text: f"<details>\n<summary>{text}</summary>\n\n{text}\n\n</details>"),
    st.just("<!-- a\n\n# comment -->"),
    st.just("---"),
    st.just("[ref]: https://example.org 'a title'"),
)
texts = st.lists(block, min_size=1, max_size=4).map("\n\n".join)


@pytest.mark.slow
@settings(max_examples=max(1, settings().max_examples // 3))  # each makes some hundred frames
@given(texts)
def test_each_frame_of_a_well_formed_text_begins_as_the_one_before_it(text):
    shown = ""
    for end in range(1, len(text) + 1):
        now = seen(text[:end]).removesuffix(BUSY)
        assert now.startswith(shown), text[:end]
        shown = now
    last = check_html(markdown_html(text)).text
    assert " ".join(last.split()).startswith(shown), "the answer begins as its last frame"
