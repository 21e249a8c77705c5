"""Model text never becomes script, a request, a form, or a redefinition of the user's formulas.

`allowed_html` lists what may come out, a second time on purpose.
"""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from allowed_html import assert_visible, check_html
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.cases import all_cases
from support.payloads import PAGES, PAYLOADS

from wx_notebook.render import (
    VALUE_FORMAT,
    answer_html,
    answer_text,
    clean_text,
    line_html,
    markdown_html,
    partial_html,
    pre_html,
)

LEAK = "http://127.0.0.1:9/leak"
FORMATS = ("auto", "markdown", "text", "code", "json", "html", "math", VALUE_FORMAT)


@pytest.mark.slow
@all_cases("name", PAYLOADS)
def test_no_payload_passes_whole_or_as_any_piece_of_a_stream(name):
    text = PAYLOADS[name].replace("{leak}", LEAK)
    for end in {*range(0, len(text), 2), len(text)}:
        for typeset in (False, True):
            check_html(markdown_html(text[:end], typeset=typeset), typeset=typeset)


@pytest.mark.slow
@all_cases("name", PAYLOADS)
def test_no_payload_passes_in_any_format_or_place(name):
    text = PAYLOADS[name].replace("{leak}", LEAK)
    carriers = {
        "as it is": text,
        "in a fence": f"words\n\n````python\n{text}\n````",
        "in a fence of HTML": f"````html\n{text}\n````",
        "in JSON": json.dumps({"a": [text], text: text}),
    }
    for place, carrier in carriers.items():
        values = (json.loads(carrier),) if place == "in JSON" else ()
        for format_ in FORMATS:
            html = answer_html(
                carrier, format=format_, footer=text, notes=[text], reasoning=text, summary=text,
                values=values,
            )  # fmt: skip
            check_html(html)
            assert_visible(answer_text(carrier, format_))


@pytest.mark.slow
@all_cases("name", PAYLOADS)
def test_no_payload_passes_in_a_frame_on_the_way(name):
    text = PAYLOADS[name].replace("{leak}", LEAK)
    for end in {*range(1, len(text), 3), len(text)}:
        check_html(partial_html(text[:end]), typeset=False)
    rows = json.dumps([{text: text, "b": [text, {text: text}]}] * 2)
    for end in range(1, len(rows), 11):
        check_html(partial_html(rows[:end], format=VALUE_FORMAT), typeset=False)
    for format_ in FORMATS:
        for end in (len(text) // 2, len(text)):
            check_html(partial_html(text[:end], format=format_, reasoning=text), typeset=False)
            check_html(partial_html("", format=format_, reasoning=text[:end]), typeset=False)


@all_cases("name", PAGES)
def test_no_page_leaves_its_frame(name):
    html = answer_html(PAGES[name].replace("{leak}", LEAK), format="html")
    check_html(html)
    (page,) = re.findall(r'srcdoc="([^"]*)"', html)
    elements: list[tuple[str, dict[str, str | None]]] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: elements.append((tag, dict(attrs)))
    reader.feed(unescape(page))
    assert [tag for tag, _ in elements[:4]] == ["meta", "meta", "meta", "style"]
    for tag, attributes in elements[4:]:
        assert tag not in {
            "meta", "link", "base", "script", "iframe", "object", "embed", "form", "area", "source",
            "image", "use", "animate", "set",
        }  # fmt: skip
        assert not attributes.keys() & {"href", "action", "srcset", "poster", "autofocus", "ping"}
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("src") or "data:").startswith("data:")
        if tag in {"input", "textarea"}:
            assert "readonly" in attributes
            assert attributes.get("type") != "file"


@all_cases("name", PAYLOADS)
def test_no_payload_passes_through_our_own_lines(name):
    text = PAYLOADS[name].replace("{leak}", LEAK)
    for html in (
        line_html(text),
        line_html(text, kind="busy"),
        pre_html(text),
    ):
        assert_visible(html)
        assert not re.search(r"<(?!/?(?:div|pre|p|small)\b)", html), html
        # what is in a tag is ours: no value of somebody else's comes near an attribute
        for tag in re.findall(r"<[^>]*>", html):
            assert re.fullmatch(
                r'</?\w+(?: (?:class="[\w -]+"|role="status"|dir="auto"|style="[\w:;#(),% -]+"))*>',
                tag,
            ), tag
        assert "mathjax_process" not in re.sub(r">[^<]*", ">", html)
        assert html.startswith("<div class=")
        assert "mathjax_ignore" in html.partition(">")[0]


@all_cases("name", PAYLOADS)
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


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(text=splices, format_=st.sampled_from(FORMATS), reasoning=splices)
def test_no_text_whatever_passes(text, format_, reasoning):
    check_html(answer_html(text, format=format_, reasoning=reasoning))
    check_html(partial_html(text, format=format_, reasoning=reasoning), typeset=False)


@given(text=st.one_of(splices, st.text()))
def test_cleaning_twice_is_cleaning_once(text):
    once = clean_text(text)
    assert clean_text(once) == once
    assert_visible(once)
