"""Foreign Markdown to sanitised HTML: the parser, our rules in it, the sanitiser behind it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline.state_inline import Scanned, StateInline

from wx_notebook.render.code import unfenced_document
from wx_notebook.render.details import install_details
from wx_notebook.render.direction import set_directions
from wx_notebook.render.fences import install_fences
from wx_notebook.render.flanks import find_flanks
from wx_notebook.render.footnotes import install_footnotes
from wx_notebook.render.highlight import MAX_HIGHLIGHTED, MAX_HIGHLIGHTED_PARTIAL, code_html
from wx_notebook.render.html_tags import install_tags
from wx_notebook.render.limits import install_limits
from wx_notebook.render.links import install_links
from wx_notebook.render.sanitiser import clean_html
from wx_notebook.render.stable_prefix import stable_inline
from wx_notebook.render.styles import ALIGNED, GROWING, NO_WRAP
from wx_notebook.render.tex_rules import install_tex
from wx_notebook.render.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token
    from markdown_it.utils import EnvType

#: Levels of blocks and links inside each other. People write four; the time grows with the depth.
_MAX_NESTING = 30
_BOX = re.compile(r"\A\[([ xX])\](?=[ \t\n]+\S)")
#: The first line of a quote of a kind, with text below it.
_ALERT = re.compile(r"\A\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*\n(?=.)", re.IGNORECASE)
_ALIGNMENT = re.compile(r"text-align: ?(left|right|center)")


def render_markdown(text: str, *, typeset: bool, partial: bool = False) -> str:
    """Return the sanitised HTML of a cleaned `text`.

    Parameters
    ----------
    text
        Cleaned text.
    typeset
        Whether TeX is left to MathJax; otherwise its source is shown.
    partial
        Whether the text is the beginning of one that still arrives: markup that is open at its end
        is closed, formulas are shown as plain text, and less code gets colours.
    """
    text = unfenced_document(text, partial=partial)
    budget = MAX_HIGHLIGHTED_PARTIAL if partial else MAX_HIGHLIGHTED
    html = _parser().render(text, {"typeset": typeset, "partial": partial, "colours": budget})
    # cleaned again, because Markdown has decoded entities (``&#x202E;``)
    return clean_text(clean_html(html))


@cache
def _parser() -> MarkdownIt:
    """Build the parser: CommonMark with tables, strikethrough and TeX, without raw HTML."""
    markdown = MarkdownIt()
    markdown.inline = _InlineParser()
    markdown.configure(
        "commonmark",
        {"html": False, "linkify": False, "typographer": False, "maxNesting": _MAX_NESTING},
    )
    markdown.enable(["table", "strikethrough"])
    # The option turns them off already. A rule that is not there can't be turned on by an option.
    markdown.disable(["html_block", "html_inline"])
    install_fences(markdown)
    install_tex(markdown)
    install_tags(markdown)
    install_details(markdown)
    install_footnotes(markdown)
    install_limits(markdown, max_nesting=_MAX_NESTING)
    install_links(markdown)
    markdown.core.ruler.before("inline", "close_last_paragraph", _close_last_paragraph)
    markdown.core.ruler.before("inline", "boxes", _draw_boxes)
    markdown.core.ruler.before("inline", "alerts", _name_alerts)
    markdown.core.ruler.push("directions", set_directions)
    markdown.core.ruler.push("align_cells", _align_cells)
    for name in ("fence", "code_block"):
        markdown.add_render_rule(name, _draw_code)
    return markdown


class _InlineParser(ParserInline):
    """The parser of a paragraph's content, with `find_flanks` in place of CommonMark's rule."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Return `tokens` with those of `src` behind them, as the base class does."""
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


class _State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803
        length = start
        while length < self.posMax and self.src[length] == self.src[start]:
            length += 1
        length -= start
        before = self.src[max(0, start - 2) : start]
        after = self.src[start + length : min(start + length + 1, self.posMax)]
        flanks = find_flanks(before, after, splits_words=canSplitWord)
        return Scanned(flanks.opens, flanks.closes, length)


def _draw_code(_: object, tokens: Sequence[Token], index: int, __: object, env: EnvType) -> str:
    token = tokens[index]
    language = (token.info.split(maxsplit=1) or [""])[0]
    html, env["colours"] = code_html(token.content, language, env["colours"])
    return html.replace("<pre", f"<pre{env['direction']}", 1)


def _close_last_paragraph(state: StateCore) -> None:
    """Close the markup that is open in the last paragraph, before its content is parsed."""
    if state.env.get("partial"):
        contents = (token for token in reversed(state.tokens) if token.nesting == 0)
        last = next(contents, None)
        if last is not None and last.type == "inline":
            last.content = stable_inline(last.content)


def _draw_boxes(state: StateCore) -> None:
    """Draw the box of a task as a character: a field of a form has no place in an answer."""
    for at, token in enumerate(state.tokens[:-2]):
        inline = state.tokens[at + 2]
        if token.type == "list_item_open" and state.tokens[at + 1].type == "paragraph_open":
            inline.content = _BOX.sub(_box, inline.content)


def _name_alerts(state: StateCore) -> None:
    """Begin a quote of a kind that GitHub knows, such as `> [!NOTE]`, with the name of the kind."""
    for at, token in enumerate(state.tokens[:-2]):
        inline = state.tokens[at + 2]
        if token.type == "blockquote_open" and state.tokens[at + 1].type == "paragraph_open":
            inline.content = _ALERT.sub(_alert, inline.content)


def _alert(match: re.Match[str]) -> str:
    return f"**{match[1].capitalize()}**  \n"


def _box(match: re.Match[str]) -> str:
    return "☐" if match[1] == " " else "☑"


def _align_cells(state: StateCore) -> None:
    """Give each cell its alignment: JupyterLab aligns the cells of an output to the right."""
    tables = [n for n, token in enumerate(state.tokens) if token.type == "table_open"]
    growing = len(state.tokens)
    default = "start" if state.env["direction"] else "left"
    if tables and state.env.get("partial") and _is_last(state, tables[-1]):
        growing = tables[-1]
    for number, token in enumerate(state.tokens):
        if token.type in ("th_open", "td_open"):
            match = _ALIGNMENT.match(str(token.attrGet("style") or ""))
            styles = ALIGNED if number < growing else GROWING
            token.attrSet("style", styles[match[1] if match else default])
        elif number > growing:
            # JupyterLab lets inline code break, whatever the style of the cell is
            for child in token.children or ():
                if child.type == "code_inline":
                    child.attrSet("style", NO_WRAP)


def _is_last(state: StateCore, table: int) -> bool:
    """Tell whether nothing follows the table that starts at this index of the tokens."""
    end = next(n for n in range(table, len(state.tokens)) if state.tokens[n].type == "table_close")
    return all(token.nesting < 0 for token in state.tokens[end + 1 :])
