"""Limits on what makes a parser or a browser slow: nesting, wide tables, endless paragraphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it.rules_block import table
from markdown_it.rules_inline import image
from markdown_it.token import Token

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline

#: The alternative text of an image is parsed inside the parser: each image in it goes deeper.
_DEEPEST_IMAGE = 2
#: Cells that a table's rows lack are filled up: 20 kB can ask for millions of them.
_SPARE_CELLS = 2_000
#: Characters of one paragraph. What is in it can take the square of its length (100,000 brackets:
#: 9 s; a model that repeats itself writes them); people write a thousand.
_LONGEST_PARAGRAPH = 20_000


def install(markdown: MarkdownIt, *, deepest: int) -> None:
    """Put the limits into the parser; emphasis may nest `deepest` deep."""
    markdown.inline.ruler.at("image", _image)
    markdown.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})

    markdown.core.ruler.before("inline", "long_paragraphs", _as_it_is)

    def flatten(state: StateCore) -> None:
        _flatten_emphasis(state, deepest)

    markdown.core.ruler.push("flatten_emphasis", flatten)


def _as_it_is(state: StateCore) -> None:
    """Take a paragraph that is too long for text without markup."""
    for token in state.tokens:
        if token.type == "inline" and len(token.content) > _LONGEST_PARAGRAPH:
            token.children = [Token("text", "", 0, content=token.content)]
            token.content = ""


def _image(state: StateInline, silent: bool) -> bool:
    depth = int(state.env.get("image_depth", 0))
    if depth >= _DEEPEST_IMAGE:
        return False
    state.env["image_depth"] = depth + 1
    try:
        return image(state, silent)
    finally:
        state.env["image_depth"] = depth


def _table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if start_line + 1 >= end_line or "-" not in _line(state, start_line + 1):
        return False
    # The lines of a refused table are asked again one by one, as its paragraph goes on.
    if start_line < int(state.env.get("no_table_before", 0)):
        return False
    if set(_line(state, start_line + 1)) <= set("|-: \t"):
        columns = _line(state, start_line).count("|") + 1
        last, bars = start_line, 0
        while last < end_line and not state.isEmpty(last):
            bars += _line(state, last).count("|")
            last += 1
        if columns * (last - start_line) > _SPARE_CELLS + 2 * bars:
            state.env["no_table_before"] = last
            return False
    return table(state, start_line, end_line, silent)


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _flatten_emphasis(state: StateCore, deepest: int) -> None:
    """Write the markup of emphasis that nests too deep out again, all of it in that paragraph."""
    for token in state.tokens:
        if token.type != "inline" or not token.children:
            continue
        depth = most = 0
        for child in token.children:
            depth += child.nesting
            most = max(most, depth)
        if most > deepest:
            for child in token.children:
                if child.tag in {"em", "strong", "s"}:
                    child.type, child.tag, child.nesting = "text", "", 0
                    child.content = child.markup
