"""The pieces of HTML that the other rooms show: an answer, a line of ours, a preformatted text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Literal

from wx_notebook.render.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Characters. Above it the parser's time is felt: plain text instead.
LARGEST_MARKDOWN = 200_000

# MathJax reads the first class, the MathJax 2 of exported pages the second. Every fragment carries
# both: TeX in a page can redefine the user's own equations.
_NO_TEX = "mathjax_ignore tex2jax_ignore"

# Jupyter's variables follow the theme; the fallbacks are greys that both white and black carry.
_MUTED = "color: var(--jp-ui-font-color2, #767676); font-size: var(--jp-ui-font-size1, 13px)"
_LINE_STYLES = {
    "status": "color: var(--jp-ui-font-color1, inherit); font-size: var(--jp-ui-font-size1, 13px)",
    "note": _MUTED,
    "busy": f"{_MUTED}; font-style: italic",
}
# Where JupyterLab begins the text of other outputs.
_EDGE = "padding-left: var(--jp-code-padding, 5px)"
_PRE_STYLE = "white-space: pre-wrap; overflow-wrap: anywhere"


def markdown_html(text: str, *, typeset: bool = True) -> str:
    """Give foreign Markdown as an HTML fragment that runs nothing and fetches nothing.

    Parameters
    ----------
    text
        The whole text, at every repaint: pieces of HTML are never appended. Above
        `LARGEST_MARKDOWN` characters it is shown as it is, in a ``<pre>``.
    typeset
        Whether MathJax may typeset the TeX that is harmless. While an answer streams, say no:
        the source is shown then.

    Returns
    -------
    str
        One ``<div class="wxn-answer ...">`` with the sanitised HTML inside.
    """
    return _answer(_markdown(text, typeset=typeset))


def answer_html(
    text: str,
    *,
    footer: str = "",
    notes: Sequence[str] = (),
    typeset: bool = True,
    format: Literal["markdown", "text"] = "markdown",  # noqa: A002  (the option's name)
) -> str:
    """Give an answer as HTML, with our own notes and footer below it.

    Parameters
    ----------
    text
        The answer so far.
    footer
        One line about it: model, tokens, seconds. Foreign as well (a model id is), so escaped.
    notes
        One line each, for instance that the answer was interrupted.
    typeset
        As in `markdown_html`.
    format
        ``"text"`` shows the answer as it is.

    Returns
    -------
    str
        One ``<div class="wxn-answer ...">``.
    """
    body = _markdown(text, typeset=typeset) if format == "markdown" else _pre(text)
    lines = [f'<div class="wxn-note" style="{_MUTED}">{_small(note)}</div>' for note in notes]
    if footer:
        lines.append(f'<div class="wxn-footer" style="{_MUTED}">{_small(footer)}</div>')
    return _answer("\n".join([body, *lines]))


def line_html(text: str, *, kind: Literal["status", "note", "busy"] = "note") -> str:
    """Give one line of ours as HTML; line ends inside `text` become spaces.

    Parameters
    ----------
    text
        What to say. It may quote foreign text.
    kind
        ``"status"`` stands out, ``"note"`` is muted, ``"busy"`` is muted and slanted. Changes of
        the first and the last are announced by screen readers.
    """
    role = "" if kind == "note" else ' role="status"'
    style = _LINE_STYLES[kind]
    return (
        f'<div class="wxn-{kind} {_NO_TEX}"{role} style="{_EDGE}; {style}">{_one_line(text)}</div>'
    )


def pre_html(text: str) -> str:
    """Give `text` as it is, cleaned and escaped, in a ``<pre>`` that wraps."""
    return f'<div class="wxn-text {_NO_TEX}" style="{_EDGE}">{_pre(text)}</div>'


def warm() -> None:
    """Import and build the parser and the sanitiser, so that the first paint is quick."""
    from wx_notebook.render.markdown import sanitised

    sanitised("**warm** `x` $x$\n\n|a|\n|-|\n", typeset=True)


def _markdown(text: str, *, typeset: bool) -> str:
    if len(text) > LARGEST_MARKDOWN:
        return _pre(text)
    try:
        from wx_notebook.render.markdown import sanitised

        return sanitised(clean_text(text), typeset=typeset)
    except Exception:  # noqa: BLE001  (an answer was paid for: no fault of a parser may hide it)
        return _pre(text)


def _answer(body: str) -> str:
    return f'<div class="wxn-answer {_NO_TEX}" style="{_EDGE}">{body}</div>'


def _pre(text: str) -> str:
    # A parser of HTML drops the first line end of a <pre>: one more keeps the text's own.
    return f'<pre style="{_PRE_STYLE}">\n{escape(clean_text(text))}</pre>'


def _small(text: str) -> str:
    # GitHub takes the styles off; the element stays.
    return f"<small>{_one_line(text)}</small>"


def _one_line(text: str) -> str:
    return escape(" ".join(clean_text(text).split()))
