"""Foreign Markdown to sanitised HTML: the parser, our rules in it, the sanitiser behind it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from wx_notebook.render import blocks, bounds, links, tex_rules
from wx_notebook.render.sanitiser import clean_html
from wx_notebook.render.text import clean_text

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline

#: Blocks and links inside each other. People nest four deep; the time grows with the depth.
DEEPEST = 30
#: Characters of code that get colours, which are three times as many bytes: in an answer, and in
#: each of the frames before it.
COLOURED, COLOURED_ON_THE_WAY = 24_000, 4_000

_LINE_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)


@cache
def parser() -> MarkdownIt:
    """Build the one parser: CommonMark with tables, strikethrough and TeX, without raw HTML."""
    markdown = MarkdownIt(
        "commonmark", {"html": False, "linkify": False, "typographer": False, "maxNesting": DEEPEST}
    )
    markdown.enable(["table", "strikethrough"])
    # Off by the option already; a rule that is not there cannot be switched on by another option.
    markdown.disable(["html_block", "html_inline"])
    markdown.inline.ruler.before("autolink", "line_break", _line_break)
    tex_rules.install(markdown)
    bounds.install(markdown, deepest=DEEPEST)
    links.install(markdown)
    blocks.install(markdown)
    return markdown


def sanitised(text: str, *, typeset: bool, partial: bool = False) -> str:
    """Give the HTML of a cleaned `text`.

    Parameters
    ----------
    text
        Cleaned text.
    typeset
        Whether TeX is for MathJax; else its source is shown.
    partial
        Whether the text is the beginning of one on its way: what is open at its end is closed,
        formulas are words, and less is coloured.
    """
    colours = COLOURED_ON_THE_WAY if partial else COLOURED
    html = parser().render(text, {"typeset": typeset, "partial": partial, "colours": colours})
    # Cleaned once more: Markdown has decoded entities (``&#x202E;``) since the first time.
    return clean_text(clean_html(html))


def _line_break(state: StateInline, silent: bool) -> bool:
    # The one piece of HTML that models cannot do without: lines within the cell of a table.
    match = _LINE_BREAK.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = match.end()
    return True
