r"""TeX in Markdown, found and drawn by the parser: in four pairs of delimiters, and environments.

These are ``$..$``, ``$$..$$``, ``\(..\)`` and ``\[..\]``, and ``\begin{align}..\end{align}`` alone.

As rules of the parser they never look into code, and the text between the delimiters is TeX to the
last character: no emphasis, no escapes. (Measured with mdit-py-plugins 0.7.0: `texmath` drops the
words after ``\[..\]`` and takes quadratic time for ``\(`` without its end; `dollarmath` misses a
formula at the start of a paragraph that ends in a digit. Frames need the same patterns, too.)
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from wx_notebook.render.code import fenced_blocks, fenced_code
from wx_notebook.render.sanitiser import clean_html
from wx_notebook.render.styles import CODE_STYLE, ONE_LINE_STYLE, TEX_CLASS, TEX_TEXT_STYLE
from wx_notebook.render.tex_allowlist import ENVIRONMENTS, is_tex_allowed
from wx_notebook.render.tex_cost import MAX_COST, tex_cost
from wx_notebook.render.tex_to_text import stable_tex, tex_to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.utils import EnvType

#: Formulas of an answer: more are a load for the page and are shown as code.
_MAX_FORMULAS = 500

#: Environments without delimiters. Those that MathJax knows and we don't allow are shown as code.
_NAMES = ENVIRONMENTS | {"alignat", "alignat*", "alignedat", "flalign", "flalign*", "dcases"}
#: Those of them that can stand within a line.
_WITHIN_A_LINE = re.compile(r"\\begin\{(?:.*matrix|array|subarray|d?cases)\}")
_DELIMITERS = {"$$": "$$", "\\(": "\\)", "\\[": "\\]", "$": "$"}
#: What opens TeX, the longer first, and what closes it.
CLOSERS = _DELIMITERS | {f"\\begin{{{name}}}": f"\\end{{{name}}}" for name in _NAMES}
#: All up to the closer, with pairs of a backslash and what it escapes. Possessive: one pass.
UP_TO = {
    "$": re.compile(r"(?:[^\\$]|\\.)*+\$", re.DOTALL),
    "$$": re.compile(r"(?:[^\\$]|\\.|\$(?!\$))*+\$\$", re.DOTALL),
    "\\)": re.compile(r"(?:[^\\]|\\[^)])*+\\\)", re.DOTALL),
    "\\]": re.compile(r"(?:[^\\]|\\[^\]])*+\\\]", re.DOTALL),
} | {
    closer: re.compile(rf"(?:[^\\]|\\(?!{re.escape(closer[1:])}).)*+{re.escape(closer)}", re.DOTALL)
    for closer in CLOSERS.values()
    if closer.startswith("\\end")
}
_BEGIN = re.compile(r"\\begin\{[A-Za-z]+\*?\}")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]")
# "$5 and that is 10$": between two prices or two shell variables stands prose, not TeX
_TEX_MARK = re.compile(r"[\\^_{}=<>+*]")
_PROSE = re.compile(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}|^[0-9.,]+[kKmMbB]?\s+[A-Za-z]{2,}")
_TEX_FENCES = frozenset({"", "latex", "tex", "math", "katex"})
_DELIMITER = re.compile(r"(?<!\\)(?:\\\\)*(?:\$|\\[()\[\]])")


def install_tex(markdown: MarkdownIt) -> None:
    """Add the rules to the parser, and the drawing of their tokens to its renderer."""
    markdown.inline.ruler.before("escape", "tex", _inline)
    markdown.block.ruler.before(
        "fence", "tex", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    markdown.core.ruler.after("block", "tex_fences", _take_fences)
    markdown.add_render_rule("tex_inline", _draw_inline)
    markdown.add_render_rule("tex_block", _draw_block)


def formula_html(text: str, *, typeset: bool) -> str:
    """Return a cleaned text that is one formula as HTML: typeset, or as code if not allowed.

    Returns
    -------
    str
        "" for a text that is more than one formula: words with formulas in them are Markdown.
    """
    tex = _formula_in(text)
    if not tex or _DELIMITER.search(tex):
        return ""
    if typeset and is_tex_allowed(tex) and tex_cost(tex) <= MAX_COST:
        return clean_html(f'<p><span class="{TEX_CLASS}">\\[{escape(tex)}\\]</span></p>')
    return clean_html(f'<pre style="{CODE_STYLE}"><code>{escape(tex)}</code></pre>')


def line_text(state: StateBlock, line: int) -> str:
    """Return a line of a block without the marks of the containers around it."""
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _formula_in(text: str) -> str:
    """Return the TeX without the fence or the one pair of delimiters around it."""
    code = fenced_code(text) if len(fenced_blocks(text)) == 1 else None
    text = (code.text if code is not None and code.language in _TEX_FENCES else text).strip()
    for opener, closer in _DELIMITERS.items():
        if text.startswith(opener) and text.endswith(closer) and len(text) > len(opener + closer):
            return text[len(opener) : -len(closer)].strip()
    return text


def _opener_at(text: str, position: int) -> str:
    if text[position : position + 1] not in {"$", "\\"}:
        return ""
    if begin := _BEGIN.match(text, position):
        return begin[0] if begin[0] in CLOSERS else ""
    return next((opener for opener in _DELIMITERS if text.startswith(opener, position)), "")


def _take_fences(state: StateCore) -> None:
    """Make a formula of each block of code in the language `math`, as GitHub does."""
    for token in state.tokens:
        tex = token.content.strip()
        is_math = token.type == "fence" and token.info.strip().lower() == "math"
        if is_math and tex and not _DELIMITER.search(tex):
            token.type, token.tag, token.info = "tex_block", "", ""
            token.content, token.markup = tex, "\\["


def _fill_token(token: Token, opener: str, tex: str) -> None:
    """Store the TeX of a token, and the delimiters for it: an environment gets its own."""
    token.content, token.markup = tex, opener
    if opener not in _DELIMITERS:
        is_inline = token.type == "tex_inline" and _WITHIN_A_LINE.match(opener)
        token.content, token.markup = (
            f"{opener}{tex}{CLOSERS[opener]}",
            "\\(" if is_inline else "\\[",
        )
        token.info = "environment"


def _inline(state: StateInline, silent: bool) -> bool:
    opener = _opener_at(state.src, state.pos)
    if not opener:
        return False
    closer = CLOSERS[opener]
    start = state.pos + len(opener)
    # If one opener found no closer, the later ones find none either: no second search.
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
        _fill_token(state.push("tex_inline", "", 0), opener, tex)
    state.pos = match.end()
    return True


def _is_dollar_tex(state: StateInline, tex: str, end: int) -> bool:
    """Tell TeX from prices and shell variables by the characters around the two dollars."""
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
    opener = _opener_at(state.src, state.bMarks[start_line] + state.tShift[start_line])
    if opener in {"", "$", "\\("}:
        return False
    closer = CLOSERS[opener]
    lines = [line_text(state, start_line).removeprefix(opener)]
    line = start_line
    # As above, a second search over the same lines would end the same way.
    unclosed = state.env.setdefault("unclosed_before", {})
    while not (match := UP_TO[closer].match(lines[-1])):
        line += 1
        if state.env.get("partial") and line >= end_line == state.lineMax:
            # the text still arrives, and its closer with it
            lines[-1] = stable_tex(lines[-1].rstrip("\\$")) + closer
            continue
        if line >= end_line or line < unclosed.get(closer, 0) or _ends_block(state, line):
            unclosed[closer] = max(line, unclosed.get(closer, 0))
            return False
        lines.append(line_text(state, line))
    if lines[-1][match.end() :].strip():
        return False  # words follow: a formula within a paragraph
    lines[-1] = lines[-1][: match.end() - len(closer)]
    tex = "\n".join(lines).strip()
    if not tex:
        return False
    if not silent:
        token = state.push("tex_block", "", 0)
        state.line = min(line + 1, end_line)
        token.map = [start_line, state.line]
        _fill_token(token, opener, tex)
    return True


def _ends_block(state: StateBlock, line: int) -> bool:
    return state.isEmpty(line) or state.sCount[line] < state.blkIndent


def _draw_inline(_: object, tokens: Sequence[Token], index: int, __: object, env: EnvType) -> str:
    token = tokens[index]
    if env.get("partial"):
        return f'<span style="{TEX_TEXT_STYLE}">{escape(tex_to_text(token.content))}</span>'
    return _typeset_span(token, env) or _source(token, env)


def _draw_block(_: object, tokens: Sequence[Token], index: int, __: object, env: EnvType) -> str:
    token = tokens[index]
    if env.get("partial"):
        return f'<p style="{ONE_LINE_STYLE}">{escape(tex_to_text(token.content)) or "…"}</p>\n'
    span = _typeset_span(token, env)
    if span or not env["typeset"]:
        return f"<p>{span or _source(token, env)}</p>\n"
    return f'<pre style="{CODE_STYLE}">{_source(token, env)}</pre>\n'


def _typeset_span(token: Token, env: EnvType) -> str:
    """Return the element that MathJax typesets, or "" if it must not typeset this TeX."""
    if not env["typeset"] or not is_tex_allowed(token.content):
        return ""
    formulas, cost = env.get("formulas", 0) + 1, env.get("cost", 0) + tex_cost(token.content)
    if formulas > _MAX_FORMULAS or cost > MAX_COST:
        return ""
    env["formulas"], env["cost"] = formulas, cost
    # the delimiters that every MathJax knows without configuration
    first, last = ("\\(", "\\)") if token.markup in {"$", "\\("} else ("\\[", "\\]")
    return f'<span class="{TEX_CLASS}">{first}{escape(token.content)}{last}</span>'


def _source(token: Token, env: EnvType) -> str:
    is_alone = token.info == "environment"
    source = token.content if is_alone else f"{token.markup}{token.content}{CLOSERS[token.markup]}"
    source = escape(source)
    return f"<code>{source}</code>" if env["typeset"] else source
