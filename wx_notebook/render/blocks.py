"""How code and tables of a Markdown text look, and its last block while the text is on its way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wx_notebook.render.highlight import coloured
from wx_notebook.render.settled_inline import settled_inline
from wx_notebook.render.styles import ALIGNED, CODE_STYLE, GROWING, UNBROKEN

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererProtocol
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token
    from markdown_it.utils import OptionsDict

#: The language of a fence as a class may be named: what else it says is not shown.
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,40}")
_ALIGNMENT = re.compile(r"text-align: ?(left|right|center)")


def install(markdown: MarkdownIt) -> None:
    """Add the rules to the parser and to its renderer."""
    markdown.core.ruler.before("inline", "settle", _settle)
    markdown.core.ruler.push("align", _align)
    for name in ("fence", "code_block"):
        markdown.add_render_rule(name, _draw_code)


def code_html(code: str, language: str, budget: int) -> tuple[str, int]:
    """Give cleaned code as a block of its own, and what is left of the budget for colours."""
    html, left = coloured(code, language, budget)
    named = f' class="language-{language}"' if _LANGUAGE.fullmatch(language) else ""
    return f'<pre style="{CODE_STYLE}"><code{named}>{html}</code></pre>\n', left


def _draw_code(
    _renderer: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    token = tokens[index]
    language = (token.info.split(maxsplit=1) or [""])[0]
    html, env["colours"] = code_html(token.content, language, env["colours"])
    return html


def _settle(state: StateCore) -> None:
    """Close what is open in the last paragraph, before its inside is read."""
    if state.env.get("partial"):
        last = _last(state)
        if last is not None and last.type == "inline":
            last.content = settled_inline(last.content)


def _last(state: StateCore) -> Token | None:
    """Give the last token that has content of its own."""
    return next((token for token in reversed(state.tokens) if token.nesting == 0), None)


def _align(state: StateCore) -> None:
    """Say how each cell is aligned: JupyterLab sets the cells of an output to the right."""
    tables = [n for n, token in enumerate(state.tokens) if token.type == "table_open"]
    growing = len(state.tokens)
    if tables and state.env.get("partial") and _is_last(state, tables[-1]):
        growing = tables[-1]
    for number, token in enumerate(state.tokens):
        if token.type in ("th_open", "td_open"):
            match = _ALIGNMENT.match(str(token.attrGet("style") or ""))
            styles = ALIGNED if number < growing else GROWING
            token.attrSet("style", styles[match[1] if match else "left"])
        elif number > growing:
            # JupyterLab lets code break, whatever is said around it
            for child in token.children or ():
                if child.type == "code_inline":
                    child.attrSet("style", UNBROKEN)


def _is_last(state: StateCore, table: int) -> bool:
    """Tell whether nothing follows the table that begins there."""
    after = next(
        n for n in range(table, len(state.tokens)) if state.tokens[n].type == "table_close"
    )
    return all(token.nesting < 0 for token in state.tokens[after + 1 :])
