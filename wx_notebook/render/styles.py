"""The styles that this room writes, each a whole value: the sanitiser lets these and no others by.

Jupyter's variables follow the theme. Where the page has none, a colour is made of the colour of the
text around, which is dark on light or light on dark.
"""

from __future__ import annotations

# MathJax reads the first class, the MathJax 2 of exported pages the second. Every fragment carries
# both: TeX in a page can redefine the user's own equations.
NO_TEX = "mathjax_ignore tex2jax_ignore"
#: The class of the only element in which MathJax works; the second name is for MathJax 2.
TEX_CLASS = "mathjax_process tex2jax_process"

#: Where JupyterLab begins the text of other outputs.
EDGE = "padding-left: var(--jp-code-padding, 5px)"
#: While it grows, what is too wide is cut: a scroll bar would come and go.
GROWING_EDGE = f"{EDGE}; overflow-x: clip"
#: Our own lines around an answer.
MUTED = (
    "color: var(--jp-ui-font-color2, color-mix(in srgb, currentColor 70%, transparent));"
    " font-size: var(--jp-ui-font-size1, 13px)"
)
#: Foreign text as it is. JupyterLab breaks a <pre> within words, which code does not like.
PRE_STYLE = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
#: As an answer, at least as high as the lines of ours that it takes the place of.
TEXT_STYLE = f"{PRE_STYLE};min-height:1.7em"
CODE_STYLE = (
    f"{PRE_STYLE};border:1px solid var(--jp-border-color2,#bdbdbd);padding:.5em .7em;margin:0 0 1em"
)
#: What must stay one line high.
ONE_LINE_STYLE = "white-space:nowrap;overflow:hidden;text-overflow:ellipsis"
#: A formula in words is a little smaller than the text, so that it is no wider than the formula.
WORDS_STYLE = "font-size:90%"

ALIGNED = {side: f"text-align:{side}" for side in ("left", "right", "center")}
#: In a table on its way a cell is one line high: its columns still change their widths.
UNBROKEN = "white-space:nowrap"
GROWING = {side: f"{style};{ONE_LINE_STYLE};max-width:20em" for side, style in ALIGNED.items()}

#: A tree of JSON, its nodes, and a row that has no triangle before it.
TREE_STYLE = (
    "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);"
    "line-height:var(--jp-code-line-height,1.3);overflow-wrap:anywhere;margin-bottom:.4em"
)
NODE_STYLE = "padding-left:1.2em"
ROW_STYLE = "padding-left:1.1em;white-space:pre-wrap"
#: A page of its own: its height is ours to choose, and the reader's to change by its corner.
PAGE_STYLE = (
    "display:block;box-sizing:border-box;width:100%;min-height:100px;resize:vertical;"
    "border:1px solid var(--jp-border-color2,#bdbdbd);background:#fff"
)
#: There for a screen reader only.
UNSEEN_STYLE = (
    "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"
)
