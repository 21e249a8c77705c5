r"""TeX as a line of readable text, for the frames of an answer on its way.

Formulas are typeset once, at the end: typesetting anew at every repaint would make them jump. Until
then ``\frac{\alpha}{2} \le x^2`` is shown as ``α/2 ≤ x²``. That is about as wide as the
formula will be (its source is twice that), so that no line is lost when it takes its place.
"""

from __future__ import annotations

import re
from html.entities import html5

from wx_notebook.render.tex import LONGEST

#: HTML's entities have most of TeX's names; these it lacks, or has for another sign.
_SIGNS = {
    "infty": "∞", "partial": "∂", "cdot": "·", "to": "→", "gets": "←", "ldots": "…", "dots": "…",
    "cdots": "⋯", "exists": "∃", "sqrt": "√", "neq": "≠", "ne": "≠", "mid": "|", "vert": "|",
    "Vert": "‖", "lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|", "iff": "⇔",
    "implies": "⇒", "quad": " ", "qquad": " ", "phi": "φ", "epsilon": "ε", "hbar": "ℏ",
    "star": "⋆", "land": "∧", "lor": "∨", "neg": "¬", "prime": "′",
}  # fmt: skip
#: What says how a thing looks or how large it is: the thing stays.
_SILENT = """
    left right middle big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm
    displaystyle textstyle limits nolimits mathbb mathbf mathcal mathfrak mathit mathrm mathscr
    mathsf mathtt boldsymbol text textrm textbf textit operatorname mbox tag nonumber notag hline
    dfrac tfrac frac cfrac hat bar vec dot tilde widehat overline underline phantom boxed
"""
_IS_SILENT = frozenset(_SILENT.split())
_COMMAND = re.compile(r"\\(?:([A-Za-z]+)\*?|(.))", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[^{}]*\}(?:\{[clr|]*\})?")
#: From the inside out: each has nothing but plain text in its braces.
_FRACTION = re.compile(r"\\[dtc]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}]*)\}|([^\s\\{}]))")
_WITH_GROUP = re.compile(r"\\(?![dtc]?frac\b)([A-Za-z]+)\s*\{([^{}]*)\}")
_GROUP = re.compile(r"(?<![A-Za-z}\^_])\{([^{}]*)\}")
_DEEPEST = 12
#: What the next piece may still change: a command's name, an argument that has no end yet.
_BEGUN = re.compile(
    r"(?:\\[A-Za-z]*|\\(?:begin|end)\s*\{[^{}]*|\\[dtc]?frac\s*\{[^{}]*(?:\}\s*(?:\{[^{}]*)?)?"
    r"|[\^_]\{[^{}]*|[\^_&\s]+)\Z"
)
_LONGEST_BEGUN = 200
_RAISED = dict(zip("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", strict=True))
_LOWERED = dict(zip("0123456789+-=()aeoxijnkmt", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓᵢⱼₙₖₘₜ", strict=True))
#: Braces and columns go; what stood in for a sign on the way becomes that sign.
_LEFT_OVER = str.maketrans({"{": "", "}": "", "&": " ", "ˆ": "^", "ˍ": "_", "❴": "{", "❵": "}"})
_BLANKS = re.compile(r"\s+")


def words(tex: str) -> str:
    """Give `tex`, without its delimiters, as a line of text: the same always, and no TeX."""
    # what is longer becomes code in the end
    tex = _ENVIRONMENT.sub(" ", tex[:LONGEST]).replace("\\{", "❴").replace("\\}", "❵")
    for _ in range(_DEEPEST):
        before = tex
        tex = _FRACTION.sub(r"\1/\2", tex)
        tex = _SCRIPT.sub(_script, tex)
        tex = _WITH_GROUP.sub(r"\\\1 \2", tex)
        tex = _GROUP.sub(r"\1", tex)
        if tex == before:
            break
    tex = _COMMAND.sub(_sign, tex)
    return _BLANKS.sub(" ", tex.translate(_LEFT_OVER)).strip()


def begun(tex: str) -> str:
    """Give the beginning of an unfinished `tex` that the next piece will not change."""
    end = len(tex)
    # near the end only, and one cut: a model that repeats itself writes a hundred thousand of them
    while found := _BEGUN.search(tex, max(0, end - _LONGEST_BEGUN), end):
        end = found.start()
    return tex[:end]


def _script(match: re.Match[str]) -> str:
    inside = match[2] if match[2] is not None else match[3]
    letters = _RAISED if match[1] == "^" else _LOWERED
    if inside and all(letter in letters for letter in inside):
        return "".join(letters[letter] for letter in inside)
    # marked once: a second pass must not find the same script again
    return f"{'ˆ' if match[1] == '^' else 'ˍ'}{inside}"


def _sign(match: re.Match[str]) -> str:
    name, symbol = match[1], match[2]
    if not name:
        # a line of the formula ends, or a sign that means itself, or a space
        return {"\\": "; ", ",": " ", ";": " ", ":": " ", "!": "", " ": " "}.get(symbol, symbol)
    if name in _IS_SILENT:
        return ""
    # a name that has no sign is a function: "sin", "log"
    return _SIGNS.get(name) or html5.get(f"{name};", name)
