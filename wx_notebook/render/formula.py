"""An answer that is one formula."""

from __future__ import annotations

import re
from html import escape

from wx_notebook.render.fences import fenced_code, fences
from wx_notebook.render.sanitiser import clean_html
from wx_notebook.render.styles import CODE_STYLE, TEX_CLASS
from wx_notebook.render.tex import is_harmless
from wx_notebook.render.tex_rules import CLOSERS

_TEX_FENCES = frozenset({"", "latex", "tex", "math", "katex"})
_DELIMITER = re.compile(r"(?<!\\)(?:\\\\)*(?:\$|\\[()\[\]])")


def formula_html(text: str, *, typeset: bool) -> str:
    """Give a cleaned text that is TeX as a formula of its own, or as code where it is not harmless.

    Returns
    -------
    str
        "" for a text that is more than one formula: words with formulas in them are Markdown.
    """
    tex = _inside(text)
    if not tex or _DELIMITER.search(tex):
        return ""
    if typeset and is_harmless(tex):
        return clean_html(f'<p><span class="{TEX_CLASS}">\\[{escape(tex)}\\]</span></p>')
    return clean_html(f'<pre style="{CODE_STYLE}"><code>{escape(tex)}</code></pre>')


def _inside(text: str) -> str:
    """Give the TeX without the fence or the one pair of delimiters around it."""
    code = fenced_code(text) if len(fences(text)) == 1 else None
    text = (code.text if code is not None and code.language in _TEX_FENCES else text).strip()
    for opener, closer in CLOSERS.items():
        if text.startswith(opener) and text.endswith(closer) and len(text) > len(opener + closer):
            return text[len(opener) : -len(closer)].strip()
    return text
