r"""Which TeX may be typeset: only what draws, and only in its own place.

MathJax keeps definitions for the whole page (``\def\alpha{...}`` in an answer rewrote the user's
own equations), makes links, sets styles and ids, and loads extensions when a name is first used. So
this is a list of what is allowed: the names that only draw, from MathJax's `base` and `ams`, which
every front end has. (And ``boldsymbol``, which comes with MathJax everywhere and is very common.)
A name that is missing here costs little: its formula is shown as code.

Left out on purpose: what defines (``def``, ``newcommand``, ``let``, ``DeclareMathOperator``), links
or labels (``href``, ``url``, ``label``, ``ref``), loads an extension at its first use (``require``,
``color``, ``cancel``, ``bbox``, ``ce``, ``unicode``), sets styles, classes or ids, and what draws
outside of its own place (``rule``, ``kern``, ``hspace``, ``raise``, ``llap``, ``smash``).
"""

from __future__ import annotations

import re

_LETTERS = """
    alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda
    mu nu xi omicron pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega
    digamma Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega aleph beth gimel daleth
    hbar hslash ell imath jmath wp Re Im partial nabla infty prime backprime emptyset varnothing
    angle measuredangle sphericalangle forall exists nexists neg lnot top bot flat natural sharp
    surd clubsuit diamondsuit heartsuit spadesuit triangle triangledown blacktriangle square Box
    blacksquare lozenge blacklozenge bigstar eth mho complement Bbbk circledS checkmark maltese
    yen dagger ddagger
"""
_OPERATORS = """
    sum prod coprod int iint iiint iiiint oint intop smallint bigcup bigcap bigsqcup bigvee
    bigwedge bigodot bigoplus bigotimes biguplus pm mp times div ast star circ bullet cdot cap
    cup uplus sqcap sqcup vee wedge lor land setminus smallsetminus wr diamond bigtriangleup
    bigtriangledown triangleleft triangleright lhd rhd unlhd unrhd oplus ominus otimes oslash
    odot bigcirc amalg dotplus ltimes rtimes leftthreetimes rightthreetimes curlyvee curlywedge
    circledast circledcirc circleddash centerdot intercal boxplus boxminus boxtimes boxdot
    divideontimes doublebarwedge barwedge veebar Cap Cup
"""
_RELATIONS = """
    le leq ge geq ne neq lt gt ll gg lll ggg leqslant geqslant leqq geqq lesssim gtrsim lessgtr
    gtrless lesseqgtr gtreqless lessapprox gtrapprox lneq gneq lnsim gnsim nless ngtr nleq ngeq
    prec succ preceq succeq precsim succsim preccurlyeq succcurlyeq nprec nsucc sim simeq approx
    approxeq cong ncong equiv asymp doteq doteqdot propto varpropto models perp mid nmid
    parallel nparallel shortmid shortparallel smile frown bowtie Join vdash dashv vDash Vdash
    Vvdash nvdash nvDash nVdash subset supset subseteq supseteq subsetneq supsetneq nsubseteq
    nsupseteq Subset Supset sqsubset sqsupset sqsubseteq sqsupseteq in ni notin owns colon
    triangleq bumpeq Bumpeq circeq eqcirc risingdotseq fallingdotseq trianglelefteq
    trianglerighteq vartriangleleft vartriangleright backsim backsimeq between pitchfork
    therefore because thicksim thickapprox
"""
_ARROWS = """
    to gets leftarrow rightarrow leftrightarrow Leftarrow Rightarrow Leftrightarrow
    longleftarrow longrightarrow longleftrightarrow Longleftarrow Longrightarrow
    Longleftrightarrow iff implies impliedby mapsto longmapsto hookleftarrow hookrightarrow
    leftharpoonup leftharpoondown rightharpoonup rightharpoondown rightleftharpoons
    leftrightharpoons uparrow downarrow updownarrow Uparrow Downarrow Updownarrow nearrow
    searrow swarrow nwarrow leadsto rightsquigarrow twoheadrightarrow twoheadleftarrow
    leftrightarrows rightleftarrows rightrightarrows leftleftarrows nleftarrow nrightarrow
    nLeftarrow nRightarrow nleftrightarrow nLeftrightarrow upharpoonright upharpoonleft
    downharpoonright circlearrowleft circlearrowright curvearrowleft curvearrowright
    dashrightarrow dashleftarrow Lsh Rsh multimap xleftarrow xrightarrow
"""
_DELIMITERS = """
    left right middle big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm
    biggm Biggm langle rangle lvert rvert lVert rVert vert Vert lbrace rbrace lbrack rbrack
    lceil rceil lfloor rfloor lgroup rgroup lmoustache rmoustache ulcorner urcorner llcorner
    lrcorner backslash
"""
_FUNCTIONS = """
    sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan log ln lg exp lim limsup
    liminf varlimsup varliminf sup inf max min arg det dim gcd deg hom ker Pr injlim projlim
    bmod pmod pod mod operatorname limits nolimits
"""
_STRUCTURE_NAMES = """
    frac dfrac tfrac cfrac binom dbinom tbinom sqrt root of over atop choose stackrel overset
    underset overbrace underbrace overline underline overleftarrow overrightarrow
    overleftrightarrow underleftarrow underrightarrow underleftrightarrow widehat widetilde hat
    check breve acute grave tilde bar vec dot ddot dddot ddddot mathring not substack boxed
    phantom hphantom vphantom
"""
_FONTS = """
    mathbb mathbf mathcal mathfrak mathit mathrm mathscr mathsf mathtt boldsymbol pmb bf it rm
    sf tt cal mit text textrm textbf textit textsf texttt textnormal mbox mathop mathbin mathrel
    mathord mathopen mathclose mathpunct mathinner displaystyle textstyle scriptstyle
    scriptscriptstyle
"""
_SPACES = """
    dots ldots cdots vdots ddots dotsb dotsc dotsi dotsm dotso quad qquad enspace thinspace
    nobreakspace cr hline hfill nonumber notag
"""

#: Commands that build something around or above their argument.
STRUCTURES = frozenset(f"{_STRUCTURE_NAMES} xleftarrow xrightarrow".split())
#: Commands, without the backslash.
_COMMANDS = frozenset(
    f"{_LETTERS} {_OPERATORS} {_RELATIONS} {_ARROWS} {_DELIMITERS}"
    f" {_FUNCTIONS} {_STRUCTURE_NAMES} {_FONTS} {_SPACES}".split()
)
_WITH_ROWS = """
    matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix array subarray cases split align
    align* aligned gather gather* gathered equation equation* multline
    multline* eqnarray eqnarray*
"""
#: What may stand in ``\\begin{...}``.
ENVIRONMENTS = frozenset(_WITH_ROWS.split())
#: Single characters that may follow a backslash; not ``()[]``, the delimiters.
_SYMBOLS = frozenset("\\{}|,;:!>.$%&#_'\"`^~= \n*-/")

#: Characters. Nobody reads a longer formula, and its typesetting holds up the page.
MAX_FORMULA = 4_000
#: Pairs inside each other: of 28 braces below each other Chromium dies; people write six.
_MAX_NESTING = 15
#: Negative thin spaces: a few correct a gap, hundreds move a formula over other outputs.
_MAX_NEGATIVE_SPACES = 20

_PIECE = re.compile(
    r"\\(?:begin|end)\s*\{(?P<environment>[^{}]*)\}"
    r"|\\tag\*?\s*\{(?P<tag>[^{}]*)\}"
    # a line end with its distance: a large or a negative one draws over other outputs
    r"|\\\\\*?\s*\[(?P<skip>[^\]]*)\]?"
    r"|\\(?P<name>[A-Za-z]+)"
    r"|\\(?P<symbol>.?)"
    r"|(?P<brace>[{}])",
    re.DOTALL,
)
#: Columns of an array that are more than their alignment: TeX of their own, or thousands of them.
_ODD_COLUMNS = re.compile(
    r"\\begin\s*\{(?:sub)?array\}\s*(?:\[[^\]]{,9}\]\s*)?\{(?![clr|:\s]{1,60}\})"
)
_PATTERNS = {
    "tag": re.compile(r"[\w.*' -]{1,12}"),
    "skip": re.compile(r"\s*[0-9](?:\.[0-9]+)?\s*(?:em|ex|pt|mm)\s*"),
}
_LISTED = {"environment": ENVIRONMENTS, "name": _COMMANDS}


def is_tex_allowed(tex: str) -> bool:
    r"""Tell whether `tex`, without its delimiters, may be typeset.

    Parameters
    ----------
    tex
        Cleaned text.

    Returns
    -------
    bool
        False for commands and environments that are not listed, for TeX that is too long or too
        deep, and for TeX that could end its own delimiters: unbalanced braces, ``\)``, ``\]``.
    """
    if len(tex) > MAX_FORMULA or tex.count("\\!") > _MAX_NEGATIVE_SPACES:
        return False
    if _ODD_COLUMNS.search(tex):
        return False
    open_pairs: list[str] = []
    for piece in _PIECE.finditer(tex):
        kind = str(piece.lastgroup)
        if not _is_listed(kind, piece[kind]) or not _keeps_balance(piece, open_pairs):
            return False
    return not open_pairs


def _is_listed(kind: str, value: str) -> bool:
    if kind == "symbol":
        return value in _SYMBOLS and value != ""
    if kind in _PATTERNS:
        return _PATTERNS[kind].fullmatch(value) is not None
    return kind == "brace" or value in _LISTED[kind]


def _keeps_balance(piece: re.Match[str], open_pairs: list[str]) -> bool:
    r"""Open or close a pair: braces, ``\left`` and ``\right``, ``\begin`` and ``\end``."""
    if piece[0] in {"{", "\\left"} or piece[0].startswith("\\begin"):
        open_pairs.append(piece["environment"] or piece[0])
        return len(open_pairs) <= _MAX_NESTING
    if piece[0] in {"}", "\\right"} or piece[0].startswith("\\end"):
        opener = {"}": "{", "\\right": "\\left"}.get(piece[0], piece["environment"])
        return bool(open_pairs) and open_pairs.pop() == opener
    return True
