"""The colours of code and JSON: one fixed table, readable in every theme that Jupyter has.

A colour is the theme's own, drawn towards the colour of the text around it: JupyterLab's palette
by itself has less contrast than reading needs (its comments 4.2 to 1 in the dark theme). Outside
Jupyter a colour between light and dark takes its place. Each is a custom property of our own
wrapper, so that a piece of code carries its class and a short reference, and a page that takes
styles off (GitHub, an untrusted notebook) shows the code in the colour of its text.
"""

from __future__ import annotations

from typing import NamedTuple


class Colour(NamedTuple):
    """Where a colour comes from: Jupyter's variable, and what stands in for it elsewhere."""

    variable: str
    elsewhere: str


#: The classes are Pygments' short names, so that a page with its own style sheet can use them.
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
#: Of a hundred parts of a colour so many are its own; the others are the text's.
SHARE = 65


def reference(name: str) -> str:
    """Return the style of a piece that has the class `name`."""
    return f"color:var(--wxn-{name})"


def definitions(html: str) -> str:
    """Return what the style of the wrapper around `html` defines: the colours that are in it."""
    used = [name for name in COLOURS if f'style="{reference(name)}"' in html]
    return "".join(f";{_definition(name)}" for name in used)


def _definition(name: str) -> str:
    source = f"var({COLOURS[name].variable},{COLOURS[name].elsewhere})"
    return f"--wxn-{name}:color-mix(in srgb,{source} {SHARE}%,currentColor)"


def piece(name: str, escaped: str) -> str:
    """Return a piece of coloured text that has been escaped already."""
    return f'<span class="{name}" style="{reference(name)}">{escaped}</span>'
