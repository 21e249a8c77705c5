"""The styles and colours of this room. The sanitiser lets only these whole values pass.

Jupyter's variables follow the theme. Where a page does not define them, a colour is mixed from the
colour of the surrounding text, which is readable on light and dark pages.
"""

from __future__ import annotations

from typing import NamedTuple

# MathJax reads the first class, and MathJax 2 of exported pages the second. Every fragment has
# both, because TeX in a page can redefine the user's own equations.
NO_TEX = "mathjax_ignore tex2jax_ignore"
#: The class of the only element that MathJax typesets; the second name is for MathJax 2.
TEX_CLASS = "mathjax_process tex2jax_process"

#: The left edge of other outputs in JupyterLab.
EDGE = "padding-left: var(--jp-code-padding, 5px)"
#: A growing answer cuts off what is too wide: a scroll bar would come and go.
GROWING_EDGE = f"{EDGE}; overflow-x: clip"
#: Our own lines around an answer.
MUTED = (
    "color: var(--jp-ui-font-color2, color-mix(in srgb, currentColor 70%, transparent));"
    " font-size: var(--jp-ui-font-size1, 13px)"
)
#: Foreign text as it is. JupyterLab's own <pre> breaks lines within words, which is bad for code.
PRE_STYLE = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
#: An answer as plain text: at least as high as the status line that it replaces.
TEXT_STYLE = f"{PRE_STYLE};min-height:1.7em"
CODE_STYLE = (
    f"{PRE_STYLE};border:1px solid var(--jp-border-color2,#bdbdbd);padding:.5em .7em;margin:0 0 1em"
)
#: For an element that must stay one line high.
ONE_LINE_STYLE = "white-space:nowrap;overflow:hidden;text-overflow:ellipsis"
#: A formula as text is a little smaller, so that it is no wider than the typeset formula.
TEX_TEXT_STYLE = "font-size:90%"

#: "start" is the right in a table that runs from right to left.
ALIGNED = {side: f"text-align:{side}" for side in ("start", "left", "right", "center")}
#: A cell of a growing table stays one line high, because its columns still change their widths.
NO_WRAP = "white-space:nowrap"
GROWING = {side: f"{style};{ONE_LINE_STYLE};max-width:20em" for side, style in ALIGNED.items()}

#: A tree of JSON, its nodes, and a row that has no triangle before it.
TREE_STYLE = (
    "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);"
    "line-height:var(--jp-code-line-height,1.3);overflow-wrap:anywhere;margin-bottom:.4em"
)
NODE_STYLE = "padding-left:1.2em"
ROW_STYLE = "padding-left:1.1em;white-space:pre-wrap"
#: The frame of a page that the model wrote. We choose the height; the reader can drag its corner.
PAGE_STYLE = (
    "display:block;box-sizing:border-box;width:100%;min-height:100px;resize:vertical;"
    "border:1px solid var(--jp-border-color2,#bdbdbd);background:#fff"
)
#: For screen readers only.
UNSEEN_STYLE = (
    "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"
)


class Colour(NamedTuple):
    """A colour of code: Jupyter's variable, and the fallback for pages that do not define it."""

    variable: str
    fallback: str


#: The colours of code and JSON by Pygments' short names. Each is the theme's own colour mixed with
#: the colour of the text: JupyterLab's palette alone has too little contrast (its comments reach
#: 4.2 to 1 in the dark theme). Each is a custom property of our wrapper, so a coloured piece has
#: only a short reference, and a page that removes styles (GitHub) shows the code as plain text.
COLOURS = {
    "k": Colour("--jp-mirror-editor-keyword-color", "#008000"),
    "s": Colour("--jp-mirror-editor-string-color", "#cf4a4a"),
    "c": Colour("--jp-mirror-editor-comment-color", "#6b8a8a"),
    "m": Colour("--jp-mirror-editor-number-color", "#2e8b57"),
    "nf": Colour("--jp-mirror-editor-def-color", "#4a7fe0"),
    "nb": Colour("--jp-mirror-editor-builtin-color", "#3f8a3f"),
    "nd": Colour("--jp-mirror-editor-meta-color", "#b455e0"),
    "nt": Colour("--jp-mirror-editor-tag-color", "#2a8a2a"),
    "na": Colour("--jp-mirror-editor-property-color", "#3f86c0"),
    "gd": Colour("--jp-mirror-editor-error-color", "#e04545"),
    "gi": Colour("--jp-mirror-editor-quote-color", "#2e9a4a"),
}
#: Percentage of the theme's colour in the mix; the rest is the colour of the text.
COLOUR_SHARE = 65
#: The style of a coloured piece, written as Pygments writes it.
COLOUR_STYLES = {name: f"color: var(--wxn-{name})" for name in COLOURS}


def colour_span(name: str, escaped: str) -> str:
    """Return escaped text as a coloured piece; `name` is a key of `COLOURS`."""
    return f'<span style="{COLOUR_STYLES[name]}">{escaped}</span>'


def colour_definitions(html: str) -> str:
    """Return the custom properties that the wrapper of `html` needs: one for each colour in it."""
    return "".join(
        f";--wxn-{name}:color-mix(in srgb,"
        f"var({colour.variable},{colour.fallback}) {COLOUR_SHARE}%,currentColor)"
        for name, colour in COLOURS.items()
        if f'style="{COLOUR_STYLES[name]}"' in html
    )
