"""Model text never becomes script, a request, a form, or a redefinition of the user's formulas.

The list of what may come out is written here a second time, on purpose: a mistake in the
renderer's own list must not be able to hide.
"""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payloads import PAYLOADS

from wx_notebook.render import answer_html, clean_text, line_html, markdown_html, pre_html

WRAPPER = (
    "div",
    {
        "class": "wxn-answer mathjax_ignore tex2jax_ignore",
        "style": "padding-left: var(--jp-code-padding, 5px)",
    },
)
TAG_NAMES = """
    p br hr h1 h2 h3 h4 h5 h6 strong em s code pre blockquote ul ol li a span
    table thead tbody tr th td
"""
TAGS = set(TAG_NAMES.split())
VOID = {"br", "hr"}
#: The exceptions to "no format characters": joiners, where a script or an emoji needs them.
JOINERS = "\u200c\u200d"
FORBIDDEN_TEX = re.compile(
    r"\\(?:[a-zA-Z]*def|let|global|[a-z]*newcommand|[a-z]*command|[a-z]*newenvironment|Declare\w+|href|"
    r"url|require|style|class|cssId|data|mmlToken|includegraphics|unicode|color\w*|bbox|csname|"
    r"texttip|mathtip|toggle|label|ref|eqref|rule|kern|hspace|raise|llap|rlap|smash|[()\[\]])"
)
LEAK = "http://127.0.0.1:9/leak"


class Strict(HTMLParser):
    """Fails at the first element, attribute or value that is not expected."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.shown: list[str] = []
        self.tex: list[str] = []
        self.elements = 0

    def handle_starttag(self, tag, attrs):
        self.elements += 1
        if self.elements == 1:
            assert (tag, dict(attrs)) == WRAPPER
        else:
            assert self.open, f"<{tag}> outside of the wrapper"
            assert tag in TAGS, tag
            for name, value in attrs:
                self.check(tag, name, value or "")
        if tag == "span":
            self.tex.append("")
        if tag not in VOID:
            self.open.append(tag)

    def check(self, tag, name, value):
        match tag, name:
            case "a", "href":
                url = urlsplit(value)
                assert url.scheme in {"http", "https", "mailto"}, value
                assert url.scheme == "mailto" or (url.hostname and "@" not in url.netloc), value
            case "a", "rel":
                assert value == "noopener noreferrer nofollow"
            case "a", "target":
                assert value == "_blank"
            case "a", "title":
                pass
            case "ol", "start":
                assert value.isascii()
                assert value.isdigit()
                assert len(value) < 7
            case "code", "class":
                assert re.fullmatch(r"language-[\w.#+-]+", value, re.ASCII), value
            case "span", "class":
                assert value == "mathjax_process tex2jax_process"
            case (("th" | "td"), "style"):
                assert value in {"text-align:left", "text-align:right", "text-align:center"}
            case _:
                pytest.fail(f"{tag} {name}={value!r}")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        assert self.open, "text outside of the wrapper"
        self.shown.append(data)
        if self.open[-1] == "span":
            self.tex[-1] += data

    def handle_comment(self, data):
        pytest.fail(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def check(html: str, *, typeset: bool) -> Strict:
    parsed = Strict()
    parsed.feed(html)
    parsed.close()
    assert not parsed.open
    assert_visible(html)
    html.encode()  # no lone surrogate is left: the message to the page must not fail
    if not typeset:
        assert not parsed.tex
    for tex in parsed.tex:
        assert (tex[:2], tex[-2:]) in {("\\(", "\\)"), ("\\[", "\\]")}
        assert not FORBIDDEN_TEX.search(tex[2:-2].replace(r"\\", "")), tex
        assert len(tex) < 4_010
    return parsed


def assert_visible(text: str) -> None:
    for character in text:
        category = unicodedata.category(character)
        assert category not in {"Cc", "Cf", "Cs"} or character in "\n\t" + JOINERS, ascii(character)


@pytest.mark.parametrize("name", PAYLOADS)
def test_no_payload_passes_whole_or_as_any_piece_of_a_stream(name):
    text = PAYLOADS[name].replace("{leak}", LEAK)
    for end in {*range(0, len(text), 2), len(text)}:
        for typeset in (False, True):
            check(markdown_html(text[:end], typeset=typeset), typeset=typeset)


@pytest.mark.parametrize("name", PAYLOADS)
def test_no_payload_passes_through_our_own_lines(name):
    text = PAYLOADS[name].replace("{leak}", LEAK)
    for html in (
        answer_html("x", footer=text, notes=[text, text]),
        answer_html(text, format="text"),
        line_html(text),
        line_html(text, kind="busy"),
        pre_html(text),
    ):
        assert_visible(html)
        assert not re.search(r"<(?!/?(?:div|pre|p|small)\b)", html), html
        # what is in a tag is ours: no value of somebody else's comes near an attribute
        for tag in re.findall(r"<[^>]*>", html):
            assert re.fullmatch(
                r'</?\w+(?: (?:class="[\w -]+"|role="status"|style="[\w:;#(), -]+"))*>', tag
            ), tag
        assert "mathjax_process" not in re.sub(r">[^<]*", ">", html)
        assert html.startswith("<div class=")
        assert "mathjax_ignore" in html.partition(">")[0]


@pytest.mark.parametrize("name", PAYLOADS)
def test_plain_text_is_clean_too(name):
    assert_visible(clean_text(PAYLOADS[name]))


def test_the_corpus_is_as_broad_as_promised():
    assert len(PAYLOADS) >= 60
    assert all(isinstance(text, str) and text for text in PAYLOADS.values())


MARKS = r"* _ ` ~ $ $$ \( \) \[ \] [ ]( ) ![ < > & | # \ ``` ~~~ --- {} &#x202e; <br>"
PIECES = [
    *PAYLOADS.values(),
    *MARKS.split(" "),
    "\n", "\n\n", "\n- ", "\n> ", "\n    ", "\n|a|\n|-|\n|", "[x]: http://example.org/ 'y'\n",
    "\u202e", "\u200d", "\ufe0f", "\ud800", "\U000e0041", "\x1b[", "\x00",
]  # fmt: skip
splices = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(PIECES),
        st.builds(
            lambda text, a, b: text[a : a + b], st.sampled_from(PIECES), *[st.integers(0, 40)] * 2
        ),
    ),
    max_size=12,
).map("".join)


@settings(
    max_examples=400, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(text=splices, typeset=st.booleans())
def test_no_text_whatever_passes(text, typeset):
    check(markdown_html(text, typeset=typeset), typeset=typeset)


@settings(max_examples=300, deadline=None, database=None)
@given(text=st.one_of(splices, st.text()))
def test_cleaning_twice_is_cleaning_once(text):
    once = clean_text(text)
    assert clean_text(once) == once
    assert_visible(once)


def test_a_fault_of_the_parser_hides_no_answer(monkeypatch):
    def broken(text, *, typeset):
        raise RecursionError

    monkeypatch.setattr("wx_notebook.render.markdown.sanitised", broken)
    html = markdown_html("an **answer** <b>")
    assert "an **answer** &lt;b&gt;</pre>" in html


def test_a_text_that_is_too_long_for_the_parser_is_shown_as_it_is():
    html = markdown_html("**a**" * 40_001)
    assert "<strong>" not in html
    assert html.count("**a**") == 40_001


@pytest.mark.parametrize(
    "text",
    [
        "[a]: http://example.org/" + "x" * 5_000 + "\n\n" + "[a]" * 5_000,
        "![a]: http://example.org/" + "x" * 5_000 + "\n\n" + "![a]" * 4_000,
        "|" * 200 + "\n" + "|-" * 200 + "|\n" + "|\n" * 9_000,
        "|a" * 64 + "|\n" + "|-" * 64 + "|\n" + "|\n" * 9_000,
        "*" * 9_000 + "a" + "*" * 9_000,
        "![" * 2_500 + "a" + "](b)" * 2_500,
        "$\\frac{" * 2_500,
    ],
    ids=["links", "images", "wide table", "tall table", "emphasis", "nested images", "tex"],
)
def test_twenty_thousand_characters_do_not_become_millions(text):
    html = markdown_html(text)
    check(html, typeset=True)
    assert len(html) < 20 * len(text)


def depth(html: str) -> int:
    most = now = 0
    for close in re.findall(r"<(/?)(?!br|hr)\w", html):
        now += -1 if close else 1
        most = max(most, now)
    return most


@pytest.mark.parametrize("text", ["> " * 500 + "a", "- " * 500 + "a", "*" * 999 + "a" + "*" * 999])
def test_no_text_nests_deeper_than_a_browser_likes(text):
    assert depth(markdown_html(text)) < 80
