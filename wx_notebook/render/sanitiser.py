"""The sanitiser behind the parser: what is not listed here does not leave this room."""

from __future__ import annotations

import re
from functools import cache

import nh3

from wx_notebook.render.palette import COLOURS, reference
from wx_notebook.render.styles import (
    ALIGNED,
    CODE_STYLE,
    GROWING,
    ONE_LINE_STYLE,
    TEX_CLASS,
    UNBROKEN,
    WORDS_STYLE,
)

_TAGS = """
    p br hr h1 h2 h3 h4 h5 h6 strong em s code pre blockquote ul ol li a
    table thead tbody tr th td sup sub span
"""
#: These go with all that is inside: it is no text to a browser, or another language.
_DROPPED_WITH_CONTENT = """
    script style template noscript iframe object embed math svg title textarea xmp noembed
    noframes plaintext
"""


def _one_of(*values: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, values)))


_CELL = _one_of(*ALIGNED.values(), *GROWING.values())
#: An attribute is kept if its whole value is of the form.
_VALUES = {
    # An absolute address with a host: "http:x" and "//x" are relative to the page, and JupyterLab
    # resolves relative addresses to its own files, with a token.
    ("a", "href"): re.compile(r"https?://[^/?#\s].*|mailto:[^\s]+", re.IGNORECASE),
    ("a", "title"): re.compile(r".{1,300}", re.DOTALL),
    ("ol", "start"): re.compile(r"[0-9]{1,6}"),
    ("code", "class"): re.compile(r"language-[A-Za-z0-9_+#.-]{1,40}"),
    ("code", "style"): _one_of(UNBROKEN),
    ("pre", "style"): _one_of(CODE_STYLE),
    ("p", "style"): _one_of(ONE_LINE_STYLE),
    ("span", "class"): _one_of(TEX_CLASS, *COLOURS),
    ("span", "style"): _one_of(WORDS_STYLE, *map(reference, COLOURS)),
    ("th", "style"): _CELL,
    ("td", "style"): _CELL,
}
#: Written by the sanitiser itself onto every link.
_LINK = {"rel": "noopener noreferrer nofollow", "target": "_blank"}


def _kept(tag: str, attribute: str, value: str) -> str | None:
    if tag == "a" and attribute in _LINK:
        return _LINK[attribute]
    form = _VALUES.get((tag, attribute))
    return value if form is not None and form.fullmatch(value) else None


@cache
def _cleaner() -> nh3.Cleaner:
    attributes: dict[str, set[str]] = {}
    for tag, attribute in _VALUES:
        attributes.setdefault(tag, set()).add(attribute)
    return nh3.Cleaner(
        tags=set(_TAGS.split()),
        clean_content_tags=set(_DROPPED_WITH_CONTENT.split()),
        attributes=attributes,
        attribute_filter=_kept,
        link_rel=_LINK["rel"],
        set_tag_attribute_values={"a": {"target": _LINK["target"]}},
        generic_attribute_prefixes=set(),
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
    )


def clean_html(html: str) -> str:
    """Give `html` with nothing but the listed elements, attributes, values and schemes."""
    return _cleaner().clean(html)
