r"""Which TeX may be typeset: that which only draws, and draws in its own place.

A list of what is allowed, not of what is forbidden. MathJax keeps definitions for the whole page
(``\def\alpha{...}`` in an answer rewrote the user's own equations), makes links, sets styles and
ids, and loads extensions at a name's first use. A name that is missing from the list costs little:
the formula is shown as code.
"""

from __future__ import annotations

import re

from wx_notebook.render.tex_names import COMMANDS, ENVIRONMENTS, SYMBOLS

#: Characters. Beyond it a formula is not for reading, and typesetting holds up the page.
LONGEST = 4_000
_DEEPEST = 30
#: Negative thin spaces: a few correct a gap, hundreds move a formula over what is not ours.
_MOST_NEGATIVE_SPACES = 20

_PIECE = re.compile(
    r"\\(?:begin|end)\s*\{(?P<environment>[^{}]*)\}"
    r"|\\tag\*?\s*\{(?P<tag>[^{}]*)\}"
    # A line end with its distance: a large or a negative one draws over other outputs.
    r"|\\\\\*?\s*\[(?P<skip>[^\]]*)\]?"
    r"|\\(?P<name>[A-Za-z]+)"
    r"|\\(?P<symbol>.?)"
    r"|(?P<brace>[{}])",
    re.DOTALL,
)
_FORMS = {
    "tag": re.compile(r"[\w.*' -]{1,12}"),
    "skip": re.compile(r"\s*[0-9](?:\.[0-9]+)?\s*(?:em|ex|pt|mm)\s*"),
}
_LISTED = {"environment": ENVIRONMENTS, "name": COMMANDS}


def is_harmless(tex: str) -> bool:
    r"""Tell whether `tex`, without its delimiters, may be typeset.

    Parameters
    ----------
    tex
        Cleaned text.

    Returns
    -------
    bool
        False for commands and environments that are not listed, for TeX that is too long or too
        deep, and for TeX that could end its own delimiters: braces out of balance, ``\)``, ``\]``.
    """
    if len(tex) > LONGEST or tex.count("\\!") > _MOST_NEGATIVE_SPACES:
        return False
    open_pairs: list[str] = []
    for piece in _PIECE.finditer(tex):
        kind = str(piece.lastgroup)
        if not _is_listed(kind, piece[kind]) or not _keeps_balance(piece, open_pairs):
            return False
    return not open_pairs


def _is_listed(kind: str, value: str) -> bool:
    if kind == "symbol":
        return value in SYMBOLS and value != ""
    if kind in _FORMS:
        return _FORMS[kind].fullmatch(value) is not None
    return kind == "brace" or value in _LISTED[kind]


def _keeps_balance(piece: re.Match[str], open_pairs: list[str]) -> bool:
    r"""Open or close a pair: braces, ``\left`` and ``\right``, ``\begin`` and ``\end``."""
    if piece[0] in {"{", "\\left"} or piece[0].startswith("\\begin"):
        open_pairs.append(piece["environment"] or piece[0])
        return len(open_pairs) <= _DEEPEST
    if piece[0] in {"}", "\\right"} or piece[0].startswith("\\end"):
        opener = {"}": "{", "\\right": "\\left"}.get(piece[0], piece["environment"])
        return bool(open_pairs) and open_pairs.pop() == opener
    return True
