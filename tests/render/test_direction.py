"""Arabic and Hebrew run from right to left, block by block; code keeps its own direction."""

from __future__ import annotations

from allowed_html import unwrap
from support.cases import all_cases

from wx_notebook.render import answer_html, markdown_html, partial_html, pre_html

ARABIC, HEBREW = "مرحبا بالعالم", "שלום עולם"


def body(text: str) -> str:
    return unwrap(markdown_html(text))


@all_cases("words", [ARABIC, HEBREW, "ܫܠܡܐ", "ދިވެހި"])
@all_cases(
    ("text", "html"),
    [
        ("{}", '<p dir="auto">{}</p>'),
        ("# {}", '<h1 dir="auto">{}</h1>'),
        ("- {}\n  1. {}", '<ul dir="auto"><li>{}<ol><li>{}</li></ol></li></ul>'),
        ("1. {}\n\n   {}", '<ol dir="auto"><li><p>{}</p><p>{}</p></li></ol>'),
        ("> {}\n>\n> {}", '<blockquote dir="auto"><p>{}</p><p>{}</p></blockquote>'),
        (
            "|{}|\n|-|\n|{}|",
            (
                '<table dir="auto"><thead><tr><th style="text-align:start">{}</th></tr></thead>'
                '<tbody><tr><td style="text-align:start">{}</td></tr></tbody></table>'
            ),
        ),
        (
            "<details><summary>{}</summary>{}</details>",
            '<details><summary dir="auto">{}</summary><p dir="auto">{}</p></details>',
        ),
        ("{} `f()`", '<p dir="auto">{} <code dir="auto">f()</code></p>'),
    ],
)
def test_each_outermost_block_finds_its_direction_and_what_is_inside_follows(words, text, html):
    count = text.count("{}")
    assert body(text.format(*[words] * count)) == html.format(*[words] * count)


def test_english_beside_it_finds_its_own():
    assert body(f"English\n\n{HEBREW}") == f'<p dir="auto">English</p><p dir="auto">{HEBREW}</p>'


def test_an_answer_without_such_letters_needs_no_direction():
    assert "dir=" not in markdown_html("# a\n\n- b\n\n|c|\n|-|\n|d|\n\n日本語 `e`")


def test_an_alignment_that_was_asked_for_stays():
    assert '<th style="text-align:right">' in markdown_html(f"|{HEBREW}|\n|-:|\n|a|")


def test_code_and_plain_text_find_theirs_line_by_line():
    # (a browser does that for <pre dir="auto">)
    assert '<pre dir="auto" style=' in markdown_html(f"{HEBREW}\n\n```python\nx\n```")
    assert '<pre dir="auto" style=' in answer_html(ARABIC, format="text")
    assert '<pre dir="auto" style=' in pre_html(ARABIC)


def test_a_frame_has_the_same_directions():
    assert '<p dir="auto">' in partial_html(f"{ARABIC} **{ARABIC}")
