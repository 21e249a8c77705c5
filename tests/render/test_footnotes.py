"""Footnotes are numbers and a list at the end, without ids and links."""

from __future__ import annotations

import pytest
from allowed_html import check_html, unwrap
from support.cases import all_cases

from wx_notebook.render import markdown_html, partial_html


def body(text: str) -> str:
    return unwrap(markdown_html(text))


@all_cases(
    ("text", "html"),
    [
        ("A[^1].\n\n[^1]: *one*", "<p>A<sup>[1]</sup>.</p><hr><ol><li><em>one</em></li></ol>"),
        (
            "A[^x] B[^Y] C[^x]\n\n[^y]: two\n[^X]: one",
            (
                "<p>A<sup>[1]</sup> B<sup>[2]</sup> C<sup>[1]</sup></p>"
                "<hr><ol><li>one</li><li>two</li></ol>"
            ),
        ),
        (
            "A[^1]\n\n[^1]: one\n\n    two\n\n    - three\n\nB",
            (
                "<p>A<sup>[1]</sup></p><p>B</p>"
                "<hr><ol><li><p>one</p><p>two</p><ul><li>three</li></ul></li></ol>"
            ),
        ),
        ("A[^1]\n\n[^1]:\n    one", "<p>A<sup>[1]</sup></p><hr><ol><li>one</li></ol>"),
        (
            "> A[^1]\n>\n> [^1]: one",
            "<blockquote><p>A<sup>[1]</sup></p></blockquote><hr><ol><li>one</li></ol>",
        ),
        (
            "A[^1]\n\n[^1]: one\n[^2]: never referred to",
            "<p>A<sup>[1]</sup></p><hr><ol><li>one</li><li>never referred to</li></ol>",
        ),
    ],
)
def test_notes_are_numbered_by_their_first_reference(text, html):
    assert body(text) == html


@pytest.mark.parametrize("text", ["A[^1] b", "[^abc] is a class", "`[^1]`\n\n[^1]"])
def test_a_reference_without_a_note_is_text(text):
    html = markdown_html(text)
    assert "<sup>" not in html
    assert "[^" in check_html(html).text


def test_two_answers_on_a_page_have_nothing_that_could_be_the_same():
    html = markdown_html("A[^cookie] [^body]\n\n[^cookie]: x\n[^body]: y")
    assert " id=" not in html
    assert "href" not in html
    assert "cookie" not in html


def frames(text: str) -> list[str]:
    whole = [
        check_html(partial_html(text[:end]), typeset=False).text for end in range(1, len(text) + 1)
    ]
    return [" ".join(frame.split()).removesuffix("…") for frame in whole]


def test_a_number_stands_there_before_its_note_has_arrived():
    text = "A[^1] and b[^2].\n\n[^1]: one\n[^2]: two"
    shown = ""
    for frame in frames(text):
        assert frame.startswith(shown)
        shown = frame
    assert "A[1] and b[2]." in frames(text)
    assert shown == "A[1] and b[2]. one two"


def test_a_name_in_brackets_waits_until_it_is_known_to_be_a_reference():
    assert frames("use [^abc] here")[-1] == "use here"
    assert frames("use [^abc] here\n\n[^abc]: a note")[-1] == "use [1] here a note"
