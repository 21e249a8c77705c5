"""The HTML elements that models write within Markdown: ``H<sub>2</sub>O``, ``<kbd>``, ``<br>``.

No HTML of a model passes: a tag that is listed here becomes a token of the parser, without its
attributes, and only as one of a pair within the same paragraph. Any other tag is shown as text, so
that no ``vector<int>`` is lost. Comments are not shown, as on GitHub.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

#: The element that is drawn for each name; "" for one that is nothing without its attributes.
ELEMENTS = {
    **{name: name for name in (
        "sub", "sup", "kbd", "mark", "ins", "del", "u", "s", "em", "strong", "code", "samp", "var",
        "q", "cite", "small", "ruby", "rt", "rp",
    )},
    "b": "strong", "i": "em", "strike": "s", "tt": "code", "span": "", "font": "",
}  # fmt: skip
_TAG = re.compile(
    r"<(?P<closes>/?)(?P<name>[a-z][a-z0-9]*)"
    r"(?P<attributes>(?:\s+[a-z_:][\w.:-]*(?:\s*=\s*(?:[^\s\"'=<>`]+|'[^']*'|\"[^\"]*\"))?)*+)"
    r"\s*/?>",
    re.IGNORECASE | re.ASCII,
)
_OPEN = re.compile(r"\sopen(?![\w.:-])", re.IGNORECASE)
#: Characters of one tag, and elements inside each other: people write fewer.
_MAX_TAG, _MAX_OPEN = 300, 30
COMMENT, COMMENT_END = "<!--", "-->"


class Tag(NamedTuple):
    """A tag as it was written: the name in small letters, and the place behind it."""

    name: str
    closes: bool
    is_open: bool
    end: int


def read_tag(text: str, start: int, end: int | None = None) -> Tag | None:
    """Return the HTML tag that starts at this place of a text, whatever its name is."""
    limit = min(start + _MAX_TAG, len(text) if end is None else end)
    match = _TAG.match(text, start, limit)
    if match is None:
        return None
    is_open = _OPEN.search(match["attributes"]) is not None
    return Tag(match["name"].lower(), bool(match["closes"]), is_open, match.end())


def install_tags(markdown: MarkdownIt) -> None:
    """Make the parser read the listed tags, and pair them after its inline rules."""
    markdown.inline.ruler.before("autolink", "html_tag", _read_inline)
    markdown.core.ruler.after("inline", "html_pairs", _pair_tags)


def _read_inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "<":
        return False
    if state.src.startswith(COMMENT, state.pos):
        return _skip_comment(state)
    tag = read_tag(state.src, state.pos, state.posMax)
    if tag is None or (tag.name not in ELEMENTS and tag.name not in {"br", "wbr"}):
        return False
    if not silent:
        if tag.name == "br":
            state.push("hardbreak", "br", 0)
        elif tag.name != "wbr":
            # (a nesting of its own would keep the emphasis around it from being found)
            token = state.push("html_tag", ELEMENTS[tag.name], 0)
            token.markup = state.src[state.pos : tag.end]
            token.meta = {"name": tag.name, "closes": tag.closes}
    state.pos = tag.end
    return True


def _skip_comment(state: StateInline) -> bool:
    start = state.pos + len(COMMENT)
    # If one comment has no end, the later ones have none either: no second search.
    unended = state.env.setdefault("unended", {})
    key = (state.posMax, state.src)
    if start >= unended.get(key, len(state.src) + 1):
        return False
    end = state.src.find(COMMENT_END, start, state.posMax)
    if end < 0:
        unended[key] = start
        return False
    state.pos = end + len(COMMENT_END)
    return True


def _pair_tags(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and any(
            child.type == "html_tag" for child in token.children or ()
        ):
            _pair_children(token.children or [])


def _pair_children(children: list[Token]) -> None:
    """Make elements of tags that form pairs, as text does not cross them, and text of the rest."""
    is_open: list[Token] = []
    for child in children:
        if child.type == "html_tag" and child.meta["closes"]:
            _close_tag(is_open, child)
        elif child.type == "html_tag" or child.nesting > 0:
            is_open.append(child)
        elif child.nesting < 0:
            while is_open and (inner := is_open.pop()).type == "html_tag":
                _show_as_text(inner)
    for child in is_open:
        if child.type == "html_tag":
            _show_as_text(child)


def _close_tag(is_open: list[Token], closer: Token) -> None:
    opener = _find_opener(is_open, closer.meta["name"])
    if opener is None:
        _show_as_text(closer)
        return
    while (inner := is_open.pop()) is not opener:
        _show_as_text(inner)
    if opener.tag:
        opener.type, opener.nesting = "html_open", 1
        closer.type, closer.nesting = "html_close", -1
    else:
        opener.type = closer.type = "text"


def _find_opener(is_open: list[Token], name: str) -> Token | None:
    for token in reversed(is_open[-_MAX_OPEN:]):
        if token.type != "html_tag":
            return None
        if token.meta["name"] == name:
            return token
    return None


def _show_as_text(token: Token) -> None:
    token.type, token.tag, token.content = "text", "", token.markup
