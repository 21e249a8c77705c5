r"""TeX in Markdown: ``$..$``, ``$$..$$``, ``\(..\)`` and ``\[..\]``, found by the parser itself.

As rules of the parser they never look into code, and what is between the delimiters is TeX to the
last character: no emphasis, no escapes.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from wx_notebook.render.styles import CODE_STYLE, ONE_LINE_STYLE, TEX_CLASS, WORDS_STYLE
from wx_notebook.render.tex import is_harmless
from wx_notebook.render.tex_words import begun, words

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererProtocol
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import OptionsDict

#: An answer with more is a load for the page: the rest of its TeX is shown as code.
_MOST_FORMULAS = 500
_MOST_CHARACTERS = 40_000

#: What opens TeX, the longer first, and what closes it.
CLOSERS = {"$$": "$$", "\\(": "\\)", "\\[": "\\]", "$": "$"}
#: Up to and with the closer, over pairs of a backslash and what it escapes. Possessive: one pass.
UP_TO = {
    "$": re.compile(r"(?:[^\\$]|\\.)*+\$", re.DOTALL),
    "$$": re.compile(r"(?:[^\\$]|\\.|\$(?!\$))*+\$\$", re.DOTALL),
    "\\)": re.compile(r"(?:[^\\]|\\[^)])*+\\\)", re.DOTALL),
    "\\]": re.compile(r"(?:[^\\]|\\[^\]])*+\\\]", re.DOTALL),
}
_ASCII_WORD = re.compile(r"[A-Za-z0-9]")
# "$5 and that is 10$": between two prices or two shell variables there is prose, not TeX.
_TEX_MARK = re.compile(r"[\\^_{}=<>+*]")
_PROSE = re.compile(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}|^[0-9.,]+[kKmMbB]?\s+[A-Za-z]{2,}")


def install(markdown: MarkdownIt) -> None:
    """Add the rules to the parser and the drawing of their tokens to its renderer."""
    markdown.inline.ruler.before("escape", "tex", _inline)
    markdown.block.ruler.before(
        "fence", "tex", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    markdown.add_render_rule("tex_inline", _draw_inline)
    markdown.add_render_rule("tex_block", _draw_block)


def _opener(text: str, position: int) -> str:
    if text[position : position + 1] not in {"$", "\\"}:
        return ""
    return next((opener for opener in CLOSERS if text.startswith(opener, position)), "")


def _inline(state: StateInline, silent: bool) -> bool:
    opener = _opener(state.src, state.pos)
    if not opener:
        return False
    closer = CLOSERS[opener]
    start = state.pos + len(opener)
    # Where one opener found no closer, the later ones find none either: no second search.
    unclosed = state.env.setdefault("unclosed", {})
    key = (closer, state.posMax, state.src)
    if start >= unclosed.get(key, len(state.src) + 1):
        return False
    match = UP_TO[closer].match(state.src, start, state.posMax)
    if not match:
        unclosed[key] = start
        return False
    tex = state.src[start : match.end() - len(closer)]
    if not tex.strip() or (opener == "$" and not _is_dollar_tex(state, tex, match.end())):
        return False
    if not silent:
        token = state.push("tex_inline", "", 0)
        token.content, token.markup = tex, opener
    state.pos = match.end()
    return True


def _is_dollar_tex(state: StateInline, tex: str, end: int) -> bool:
    """Tell TeX from prices and shell variables by what touches the two signs."""
    before = state.src[state.pos - 1 : state.pos]
    after = state.src[end : end + 1]
    if tex[0].isspace() or tex[-1].isspace() or before == "$" or after == "$":
        return False
    if _ASCII_WORD.match(before) or (after.isascii() and after.isdigit()):
        return False
    # "$n$th" is TeX, "$HOME/$USER" is not.
    if _ASCII_WORD.match(after) and not (_ASCII_WORD.match(tex[-1]) or tex[-1] in ")}]"):
        return False
    return bool(_TEX_MARK.search(tex)) or not _PROSE.search(tex)


def _block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if state.is_code_block(start_line):
        return False
    opener = _opener(state.src, state.bMarks[start_line] + state.tShift[start_line])
    if opener not in {"$$", "\\["}:
        return False
    closer = CLOSERS[opener]
    lines = [_line(state, start_line).removeprefix(opener)]
    line = start_line
    # As above, a second search over the same lines would end the same way.
    unclosed = state.env.setdefault("unclosed_before", {})
    while not (match := UP_TO[closer].match(lines[-1])):
        line += 1
        if state.env.get("partial") and line >= end_line == state.lineMax:
            # the text is on its way, and its closer with it
            lines[-1] = begun(lines[-1].rstrip("\\$")) + closer
            continue
        if line >= end_line or line < unclosed.get(closer, 0) or _ends_here(state, line):
            unclosed[closer] = max(line, unclosed.get(closer, 0))
            return False
        lines.append(_line(state, line))
    if lines[-1][match.end() :].strip():
        return False  # words follow: a formula within a paragraph
    lines[-1] = lines[-1][: match.end() - len(closer)]
    tex = "\n".join(lines).strip()
    if not tex:
        return False
    if not silent:
        token = state.push("tex_block", "", 0)
        state.line = min(line + 1, end_line)
        token.content, token.markup, token.map = tex, opener, [start_line, state.line]
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _ends_here(state: StateBlock, line: int) -> bool:
    return state.isEmpty(line) or state.sCount[line] < state.blkIndent


def _draw_inline(
    _renderer: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    token = tokens[index]
    if env.get("partial"):
        return f'<span style="{WORDS_STYLE}">{escape(words(token.content))}</span>'
    return _typeset_span(token, env) or _source(token, env)


def _draw_block(
    _renderer: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    token = tokens[index]
    if env.get("partial"):
        return f'<p style="{ONE_LINE_STYLE}">{escape(words(token.content)) or "…"}</p>\n'
    span = _typeset_span(token, env)
    if span or not env["typeset"]:
        return f"<p>{span or _source(token, env)}</p>\n"
    return f'<pre style="{CODE_STYLE}">{_source(token, env)}</pre>\n'


def _typeset_span(token: Token, env: MutableMapping[str, Any]) -> str:
    """Give the element that MathJax works in, or "" if this TeX is not for it."""
    formulas, characters = env.get("formulas", 0) + 1, env.get("characters", 0) + len(token.content)
    if not env["typeset"] or formulas > _MOST_FORMULAS or characters > _MOST_CHARACTERS:
        return ""
    if not is_harmless(token.content):
        return ""
    env["formulas"], env["characters"] = formulas, characters
    # The delimiters that every MathJax knows without configuration.
    first, last = ("\\(", "\\)") if token.markup in {"$", "\\("} else ("\\[", "\\]")
    return f'<span class="{TEX_CLASS}">{first}{escape(token.content)}{last}</span>'


def _source(token: Token, env: MutableMapping[str, Any]) -> str:
    source = escape(f"{token.markup}{token.content}{CLOSERS[token.markup]}")
    return f"<code>{source}</code>" if env["typeset"] else source
