"""HTML that a model wrote: what is left of it, and the frame around it."""

from __future__ import annotations

import re
from html import unescape

from allowed_html import PAGE_HEAD
from support.cases import all_cases
from support.payloads import PAYLOADS

from wx_notebook.render.page import page_html, page_source


def page(source: str) -> str:
    """The document in the frame, without what is ours."""
    html = page_html(source)
    document = re.search(r'srcdoc="([^"]*)"></iframe>$', html)
    assert document is not None
    inside = unescape(document[1])
    assert inside.startswith(PAGE_HEAD)
    return inside[len(PAGE_HEAD) :].partition("</style>")[2]


@all_cases(
    ("answer", "source"),
    [
        ("Here:\n```html\n<b>x</b>\n```\nBye", "<b>x</b>"),
        ("```svg\n<svg></svg>\n```", "<svg></svg>"),
        ("<b>x</b>\n", "<b>x</b>"),
        ("```css\na{}\n```", "```css\na{}\n```"),
    ],
)
def test_the_page_is_the_fenced_block_of_html_or_all_of_the_answer(answer, source):
    assert page_source(answer) == source


def test_what_a_page_is_drawn_with_stays():
    source = (
        "<style>td { color: red } a > b { margin: 1px }</style>"
        '<table class="t" id="i"><tbody><tr><td style="padding:1px" colspan="2">x</td></tr></tbody>'
        '</table><svg viewBox="0 0 1 1"><linearGradient id="g"><stop offset="1"></stop>'
        '</linearGradient><path d="M0 0" fill="url(#g)" stroke-width="2"></path>'
        '<text x="1"><tspan>t</tspan></text></svg><img src="data:image/png;base64,AAAA" alt="p">'
        '<details open=""><summary>s</summary>d</details>'
    )
    assert page(source) == source


@all_cases(
    "gone",
    [
        "<script>x</script>", "<link rel=preconnect href=http://example.org>", "<base href=/x>",
        "<meta http-equiv=refresh content='0;url=http://example.org'>", "<iframe src=x></iframe>",
        "<object data=x></object>", "<embed src=x>", "<frameset><frame src=x></frameset>",
        "<noscript>x</noscript>", "<template>x</template>", "<math><mi>x</mi></math>",
        "<portal src=x></portal>",
    ],
)  # fmt: skip
def test_what_could_ask_for_something_goes(gone):
    assert page(f"<p>a</p>{gone}<p>b</p>") == "<p>a</p><p>b</p>"


@all_cases(
    ("source", "left"),
    [
        ("<a href=http://example.org ping=x>a</a>", "<a>a</a>"),
        ("<a href='javascript:alert(1)'>a</a>", "<a>a</a>"),
        ("<img src=http://example.org/x.png>", "<img>"),
        ("<img src=/x.png srcset='x 1x'>", "<img>"),
        ("<p onclick=alert(1) style='color:red'>a</p>", '<p style="color:red">a</p>'),
        ("<form action=x><input name=y></form>", '<input readonly="">'),
        ("<body onload=x background=y><p>a</p></body>", "<p>a</p>"),
        ("<svg><a xlink:href='x'><text>a</text></a></svg>", "<svg><a><text>a</text></a></svg>"),
        ("a\u202eb\x00", "ab"),
    ],
)
def test_of_an_element_that_may_stay_what_asks_or_runs_goes(source, left):
    assert page(source) == left


@all_cases("name", PAYLOADS)
def test_no_payload_leaves_the_frame_or_gets_before_the_policy(name):
    html = page_html(PAYLOADS[name])
    assert re.fullmatch(r"<iframe [^<>]*></iframe>", html)
    assert html.count("sandbox=") - PAYLOADS[name].count("sandbox=") <= 1
    asking = r"<(?:script|iframe|frame|object|embed|link|meta|base|form|template)\b"
    assert not re.search(asking, page(PAYLOADS[name]))


@all_cases(
    ("source", "height"),
    [("x", 120), ("<p>x</p>" * 8, 280), ("<svg></svg>", 240), ("<p>x</p>" * 5_000, 480)],
)
def test_a_page_is_about_as_high_as_it_has_rows(source, height):
    assert f";height:{height}px" in page_html(source)
