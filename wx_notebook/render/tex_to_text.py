r"""TeX as a line of readable text, for the frames of an answer that still arrives.

Formulas are typeset once, at the end: typesetting at every repaint would make them jump. Until then
``\frac{\alpha}{2} \le x^2`` is shown as ``α/2 ≤ x²``. This text is about as wide as the typeset
formula (the source is twice as wide), so that the output does not become lower at the end.
"""

from __future__ import annotations

import re
from html.entities import html5

from wx_notebook.render.tex_allowlist import MAX_FORMULA

#: HTML's entities have most of TeX's names. These are missing there, or mean another sign.
_SIGNS = {
    "infty": "∞", "partial": "∂", "cdot": "·", "to": "→", "gets": "←", "ldots": "…", "dots": "…",
    "cdots": "⋯", "exists": "∃", "sqrt": "√", "neq": "≠", "ne": "≠", "mid": "|", "vert": "|",
    "Vert": "‖", "lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|", "iff": "⇔",
    "implies": "⇒", "quad": " ", "qquad": " ", "phi": "φ", "epsilon": "ε", "hbar": "ℏ",
    "star": "⋆", "land": "∧", "lor": "∨", "neg": "¬", "prime": "′",
}  # fmt: skip
#: Commands for the look or size of their argument: only the argument is shown.
_SILENT = """
    left right middle big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm
    displaystyle textstyle limits nolimits mathbb mathbf mathcal mathfrak mathit mathrm mathscr
    mathsf mathtt boldsymbol text textrm textbf textit operatorname mbox tag nonumber notag hline
    dfrac tfrac frac cfrac hat bar vec dot tilde widehat overline underline phantom boxed
"""
_SILENT_NAMES = frozenset(_SILENT.split())
_COMMAND = re.compile(r"\\(?:([A-Za-z]+)\*?|(.))", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[^{}]*\}(?:\{[clr|]*\})?")
#: These are replaced from the inside out: each has only plain text in its braces.
_FRACTION = re.compile(r"\\[dtc]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}]*)\}|([^\s\\{}]))")
_WITH_GROUP = re.compile(r"\\(?![dtc]?frac\b)([A-Za-z]+)\s*\{([^{}]*)\}")
_GROUP = re.compile(r"(?<![A-Za-z}\^_])\{([^{}]*)\}")
_MAX_NESTING = 12
#: What the next piece of text may still change: the name of a command, an argument without its end.
_UNSTABLE_END = re.compile(
    r"(?:\\[A-Za-z]*|\\(?:begin|end)\s*\{[^{}]*|\\[dtc]?frac\s*\{[^{}]*(?:\}\s*(?:\{[^{}]*)?)?"
    r"|[\^_]\{[^{}]*|[\^_&\s]+)\Z"
)
_MAX_UNSTABLE = 200
_RAISED = dict(zip("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", strict=True))
_LOWERED = dict(zip("0123456789+-=()aeoxijnkmt", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓᵢⱼₙₖₘₜ", strict=True))
#: Braces and columns are removed; a substitute of a sign becomes that sign again.
_LEFT_OVER = str.maketrans({"{": "", "}": "", "&": " ", "ˆ": "^", "ˍ": "_", "❴": "{", "❵": "}"})
_BLANKS = re.compile(r"\s+")


def tex_to_text(tex: str) -> str:
    """Return `tex`, without its delimiters, as a line of text without TeX commands."""
    # a longer formula is shown as code in the end
    tex = _ENVIRONMENT.sub(" ", tex[:MAX_FORMULA]).replace("\\{", "❴").replace("\\}", "❵")
    for _ in range(_MAX_NESTING):
        before = tex
        tex = _FRACTION.sub(r"\1/\2", tex)
        tex = _SCRIPT.sub(_script_text, tex)
        tex = _WITH_GROUP.sub(r"\\\1 \2", tex)
        tex = _GROUP.sub(r"\1", tex)
        if tex == before:
            break
    tex = _COMMAND.sub(_sign_for, tex)
    return _BLANKS.sub(" ", tex.translate(_LEFT_OVER)).strip()


def stable_tex(tex: str) -> str:
    """Return the beginning of an unfinished `tex` that the next piece of text will not change."""
    end = len(tex)
    # Only near the end: a model that repeats itself writes a hundred thousand of them.
    while match := _UNSTABLE_END.search(tex, max(0, end - _MAX_UNSTABLE), end):
        end = match.start()
    return tex[:end]


def _script_text(match: re.Match[str]) -> str:
    inside = match[2] if match[2] is not None else match[3]
    letters = _RAISED if match[1] == "^" else _LOWERED
    if inside and all(letter in letters for letter in inside):
        return "".join(letters[letter] for letter in inside)
    # a substitute for the mark: the next pass must not match this script again
    return f"{'ˆ' if match[1] == '^' else 'ˍ'}{inside}"


def _sign_for(match: re.Match[str]) -> str:
    name, symbol = match[1], match[2]
    if not name:
        # the end of a line of the formula, a space, or a sign that stands for itself
        return {"\\": "; ", ",": " ", ";": " ", ":": " ", "!": "", " ": " "}.get(symbol, symbol)
    if name in _SILENT_NAMES:
        return ""
    # a name without a sign is a function: "sin", "log"
    return _SIGNS.get(name) or html5.get(f"{name};", name)
