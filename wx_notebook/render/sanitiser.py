"""The sanitiser behind the parser: only what is listed here leaves this room."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from wx_notebook.render.direction import AUTO, DIRECTED
from wx_notebook.render.styles import (
    ALIGNED,
    CODE_STYLE,
    COLOUR_STYLES,
    GROWING,
    NO_WRAP,
    ONE_LINE_STYLE,
    TEX_CLASS,
    TEX_TEXT_STYLE,
)

if TYPE_CHECKING:
    from nh3 import Cleaner

_TAGS = """
    p br hr h1 h2 h3 h4 h5 h6 strong em s code pre blockquote ul ol li a
    table thead tbody tr th td sup sub span
    kbd mark ins del u samp var q cite small ruby rt rp details summary
"""
#: These are removed with their content: a browser does not read it as text of this page.
_DROPPED_WITH_CONTENT = """
    script style template noscript iframe object embed math svg title textarea xmp noembed
    noframes plaintext
"""


def _one_of(*values: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, values)))


_CELL = _one_of(*ALIGNED.values(), *GROWING.values())
#: An attribute is kept if its whole value matches the pattern.
_VALUES = {
    # An absolute address with a host: "http:x" and "//x" are relative to the page, and JupyterLab
    # resolves relative addresses to its own files, with a token.
    ("a", "href"): re.compile(r"https?://[^/?#\s].*|mailto:[^\s]+", re.IGNORECASE),
    ("a", "title"): re.compile(r".{1,300}", re.DOTALL),
    ("ol", "start"): re.compile(r"[0-9]{1,6}"),
    ("code", "class"): re.compile(r"language-[A-Za-z0-9_+#.-]{1,40}"),
    ("code", "style"): _one_of(NO_WRAP),
    ("pre", "style"): _one_of(CODE_STYLE),
    ("p", "style"): _one_of(ONE_LINE_STYLE),
    ("span", "class"): _one_of(TEX_CLASS),
    ("span", "style"): _one_of(TEX_TEXT_STYLE, *COLOUR_STYLES.values()),
    ("th", "style"): _CELL,
    ("td", "style"): _CELL,
    ("details", "open"): _one_of(""),
    # written by our own rule, and only in a text with letters from right to left
    **{(tag, "dir"): _one_of(AUTO) for tag in DIRECTED},
}
#: The sanitiser itself writes these onto every link.
_LINK = {"rel": "noopener noreferrer nofollow", "target": "_blank"}


def clean_html(html: str) -> str:
    """Return `html` with only the listed elements, attributes, values and schemes."""
    return _cleaner().clean(html)


def _filter_attribute(tag: str, attribute: str, value: str) -> str | None:
    if tag == "a" and attribute in _LINK:
        return _LINK[attribute]
    pattern = _VALUES.get((tag, attribute))
    return value if pattern is not None and pattern.fullmatch(value) else None


@cache
def _cleaner() -> Cleaner:
    import nh3

    attributes: dict[str, set[str]] = {}
    for tag, attribute in _VALUES:
        attributes.setdefault(tag, set()).add(attribute)
    return nh3.Cleaner(
        tags=set(_TAGS.split()),
        clean_content_tags=set(_DROPPED_WITH_CONTENT.split()),
        attributes=attributes,
        attribute_filter=_filter_attribute,
        link_rel=_LINK["rel"],
        set_tag_attribute_values={"a": {"target": _LINK["target"]}},
        generic_attribute_prefixes=set(),
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
    )
