"""Text from right to left: each block finds its own direction, in a text that has such letters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

AUTO = "auto"
#: The letters of Hebrew, Arabic, Syriac, Thaana, N'Ko and the older scripts.
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_BLOCKS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "table"})
#: The elements that may have a direction of their own.
DIRECTED = _BLOCKS | {"summary", "pre", "code"}


def direction_attribute(text: str) -> str:
    """Return the attribute, with a blank before it, that an element with `text` needs, or ""."""
    return f' dir="{AUTO}"' if _RIGHT_TO_LEFT.search(text) else ""


def set_directions(state: StateCore) -> None:
    """Let each outermost block find its direction; what is inside of it follows.

    An element with a direction of its own does not count for the element around it. So items, cells
    and paragraphs in a list have none, or the marks of an Arabic list would stand on the left.
    """
    state.env["direction"] = direction_attribute(state.src)
    if not state.env["direction"]:
        return
    depth = 0
    for token in state.tokens:
        if token.tag in {"details", "summary"}:
            if token.type == "summary_open":
                token.attrSet("dir", AUTO)
            continue
        if token.nesting > 0:
            if depth == 0 and token.tag in _BLOCKS:
                token.attrSet("dir", AUTO)
            depth += 1
        elif token.nesting < 0:
            depth -= 1
        for child in token.children or ():
            _isolate_code(child)


def _isolate_code(token: Token) -> None:
    # `f()` within Arabic words would be shown as `()f`
    if token.type == "code_inline":
        token.attrSet("dir", AUTO)
