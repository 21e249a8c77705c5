"""``<details>`` folds what is inside it, which is Markdown, however it was written."""

from __future__ import annotations

from allowed_html import check_html, unwrap
from support.cases import all_cases

from wx_notebook.render import markdown_html, partial_html


def body(text: str) -> str:
    return unwrap(markdown_html(text))


@all_cases(
    "text",
    [
        "<details>\n<summary>More</summary>\n\n**a**\n\n</details>\n\nEnd",
        "<details>\n<summary>More</summary>\n**a**\n</details>\nEnd",
        "<details><summary>More</summary>**a**</details>\n\nEnd",
        "<details>\n  <summary>\n    More\n  </summary>\n\n**a**</details>\nEnd",
        "<DETAILS>\n<Summary>More</SUMMARY >\n\n**a**\n\n</Details>\n\nEnd",
        "<details class=x onclick='y'>\n<summary id=a>More</summary>\n\n**a**\n\n</details>\nEnd",
    ],
)
def test_details_fold_their_markdown(text):
    html = "<details><summary>More</summary><p><strong>a</strong></p></details><p>End</p>"
    assert body(text) == html


def test_open_details_are_open():
    assert body("<details open>\n<summary>a</summary>\n\nb\n\n</details>") == (
        '<details open=""><summary>a</summary><p>b</p></details>'
    )
    assert "open" not in body("<details class=open data-open>a</details>")


def test_details_stand_in_details_in_items_and_in_quotes():
    inner = "<details>\n<summary>in</summary>\n\n- a\n- b\n\n</details>"
    drawn = "<details><summary>in</summary><ul><li>a</li><li>b</li></ul></details>"
    assert body(f"<details>\n<summary>out</summary>\n\n{inner}\n\nc\n\n</details>\n\nd") == (
        f"<details><summary>out</summary>{drawn}<p>c</p></details><p>d</p>"
    )
    indented = inner.replace("\n", "\n  ")
    assert body(f"- x\n\n  {indented}\n- y") == (
        f"<ul><li><p>x</p>{drawn}</li><li><p>y</p></li></ul>"
    )
    quoted = inner.replace("\n", "\n> ")
    assert body(f"> {quoted}\n\nz") == f"<blockquote>{drawn}</blockquote><p>z</p>"


def test_their_end_in_code_is_code():
    html = body(
        "<details>\n<summary>a</summary>\n\n```html\n</details>\n```\n\n`</details>`\n\n</details>\nb"
    )
    assert html.endswith("<p><code>&lt;/details&gt;</code></p></details><p>b</p>")


def test_details_that_never_end_end_with_what_is_around_them():
    assert body("<details>\n<summary>a</summary>\n\nb\n\nc") == (
        "<details><summary>a</summary><p>b</p><p>c</p></details>"
    )
    assert body("> <details>\n> <summary>a</summary>\n> b\n\nc") == (
        "<blockquote><details><summary>a</summary><p>b</p></details></blockquote><p>c</p>"
    )


@all_cases(
    ("text", "html"),
    [
        ("a\n</details>\nb", "<p>a</p><p>&lt;/details&gt;</p><p>b</p>"),
        ("a</details>", "<p>a&lt;/details&gt;</p>"),
        ("the <details> tag", "<p>the &lt;details&gt; tag</p>"),
        ("<summary>a</summary>", "<p>a</p>"),
        ("<details>\na\n\n<summary>b</summary>\n</details>", "<details><p>a</p><p>b</p></details>"),
    ],
)
def test_what_belongs_to_no_details_is_text(text, html):
    assert body(text) == html


def test_a_comment_of_many_lines_is_not_shown_and_one_without_an_end_is():
    assert body("<!-- a\n\n# b\n-->\nc") == "<p>c</p>"
    assert body("<!-- a\n\nb") == "<p>&lt;!-- a</p><p>b</p>"
    assert body("- <!-- a\n\nb -->") == "<ul><li>&lt;!-- a</li></ul><p>b --&gt;</p>"
    assert body("a\n\n<hr>\n\nb") == "<p>a</p><hr><p>b</p>"


def test_a_frame_shows_a_summary_as_soon_as_it_has_words_and_none_of_a_browser():
    text = "<details>\n<summary>Mo **re**</summary>\n\nbody\n\n</details>\n\nEnd"
    shown = ""
    for end in range(1, len(text) + 1):
        html = partial_html(text[:end])
        now = " ".join(check_html(html, typeset=False).text.split()).removesuffix("…")
        assert now.startswith(shown), text[:end]
        assert html.count("<details") == html.count("<summary"), text[:end]
        shown = now
    assert shown == "Mo re body End"


def test_a_hundred_details_are_folded_ten_deep():
    html = markdown_html("<details>" * 100 + "a")
    assert html.count("<details>") == 10
    assert check_html(html).text.strip().endswith("a")
    html = markdown_html("<details>\n" * 100 + "a\n" + "</details>\n" * 100)
    assert html.count("<details>") == 10
