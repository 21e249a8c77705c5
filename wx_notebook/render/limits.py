"""Limits on what makes a parser or a browser slow: nesting, wide tables, endless paragraphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it.rules_block import table
from markdown_it.rules_inline import image
from markdown_it.token import Token

from wx_notebook.render.tex_rules import line_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline

#: Images inside the alternative text of an image: the parser calls itself for each level.
_MAX_IMAGE_DEPTH = 2
#: Missing cells of a table that may be filled up: 20 kB of text can ask for millions of them.
_MAX_SPARE_CELLS = 2_000
#: Characters of one paragraph. Its parsing can take quadratic time (100,000 brackets, which a model
#: that repeats itself writes: 9 s); people write a thousand.
_MAX_PARAGRAPH = 20_000


def install_limits(markdown: MarkdownIt, *, max_nesting: int) -> None:
    """Add the limits to the parser; emphasis may nest `max_nesting` deep."""

    def flatten(state: StateCore) -> None:
        _flatten_emphasis(state, max_nesting)

    markdown.inline.ruler.at("image", _image)
    markdown.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    markdown.core.ruler.before("inline", "long_paragraphs", _keep_long_paragraphs)
    markdown.core.ruler.push("flatten_emphasis", flatten)


def _keep_long_paragraphs(state: StateCore) -> None:
    """Show a paragraph that is too long as text without markup."""
    for token in state.tokens:
        if token.type == "inline" and len(token.content) > _MAX_PARAGRAPH:
            token.children = [Token("text", "", 0, content=token.content)]
            token.content = ""


def _image(state: StateInline, silent: bool) -> bool:
    depth = int(state.env.get("image_depth", 0))
    if depth >= _MAX_IMAGE_DEPTH:
        return False
    state.env["image_depth"] = depth + 1
    try:
        return image(state, silent)
    finally:
        state.env["image_depth"] = depth


def _table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if start_line + 1 >= end_line or "-" not in line_text(state, start_line + 1):
        return False
    # The parser tries the lines of a refused table again one by one, as its paragraph goes on.
    if start_line < int(state.env.get("no_table_before", 0)):
        return False
    if set(line_text(state, start_line + 1)) <= set("|-: \t"):
        columns = line_text(state, start_line).count("|") + 1
        last, bars = start_line, 0
        while last < end_line and not state.isEmpty(last):
            bars += line_text(state, last).count("|")
            last += 1
        if columns * (last - start_line) > _MAX_SPARE_CELLS + 2 * bars:
            state.env["no_table_before"] = last
            return False
    return table(state, start_line, end_line, silent)


def _flatten_emphasis(state: StateCore, max_nesting: int) -> None:
    """Show the marks of emphasis and tags as text in a paragraph where they nest too deep."""
    for token in state.tokens:
        if token.type != "inline" or not token.children:
            continue
        depth = deepest = 0
        for child in token.children:
            depth += child.nesting
            deepest = max(deepest, depth)
        if deepest > max_nesting:
            for child in token.children:
                if child.tag in {"em", "strong", "s"} or child.type.startswith("html_"):
                    child.type, child.tag, child.nesting = "text", "", 0
                    child.content = child.markup
