"""The pieces of HTML that all is put together from: lines of ours, texts as they are."""

from __future__ import annotations

from html import escape
from typing import Literal

from wx_notebook.render.palette import definitions
from wx_notebook.render.styles import EDGE, GROWING_EDGE, MUTED, NO_TEX, PRE_STYLE, TEXT_STYLE
from wx_notebook.render.text import clean_text

#: Characters. Above it the parser's time is felt: plain text instead.
LARGEST_MARKDOWN = 200_000

_LINE_STYLES = {
    "status": "color: var(--jp-ui-font-color1, inherit); font-size: var(--jp-ui-font-size1, 13px)",
    "note": MUTED,
    "busy": f"{MUTED}; font-style: italic",
}


def markdown_html(text: str, *, typeset: bool = True) -> str:
    """Give foreign Markdown as an HTML fragment that runs nothing and fetches nothing.

    Parameters
    ----------
    text
        The whole text, at every repaint: pieces of HTML are never appended. Above
        `LARGEST_MARKDOWN` characters it is shown as it is, in a ``<pre>``.
    typeset
        Whether MathJax may typeset the TeX that is harmless; else its source is shown.

    Returns
    -------
    str
        One ``<div class="wxn-answer ...">`` with the sanitised HTML inside.
    """
    return answer_around(markdown_body(text, typeset=typeset))


def line_html(
    text: str, *, kind: Literal["status", "note", "busy"] = "note", announced: bool = True
) -> str:
    """Give one line of ours as HTML; line ends inside `text` become spaces.

    Parameters
    ----------
    text
        What to say. It may quote foreign text.
    kind
        ``"status"`` stands out, ``"note"`` is muted, ``"busy"`` is muted and slanted. The first
        and the last are announced by screen readers.
    announced
        False for a line that only counts on: nobody wants to hear every second of a wait.
    """
    role = "" if kind == "note" or not announced else ' role="status"'
    style = _LINE_STYLES[kind]
    return f'<div class="wxn-{kind} {NO_TEX}"{role} style="{EDGE}; {style}">{one_line(text)}</div>'


def pre_html(text: str) -> str:
    """Give `text` as it is, cleaned and escaped, in a ``<pre>`` that wraps."""
    return f'<div class="wxn-text {NO_TEX}" style="{EDGE}">{pre_body(text, PRE_STYLE)}</div>'


def warm() -> None:
    """Import and build what the first frame needs, so that it is painted soon.

    Colours are left to the first code, which takes longer to come than they take to load.
    """
    from wx_notebook.render.answers import partial_html

    partial_html("**warm** `x` $x$\n\n|a|\n|-|\n\nwarm")


def answer_around(body: str, *, growing: bool = False) -> str:
    """Give the wrapper of an answer with `body` inside; `growing` is one on its way."""
    style = GROWING_EDGE if growing else EDGE
    return f'<div class="wxn-answer {NO_TEX}" style="{style}{definitions(body)}">{body}</div>'


def markdown_body(text: str, *, typeset: bool) -> str:
    """Give foreign Markdown without a wrapper."""
    if len(text) > LARGEST_MARKDOWN:
        return pre_body(text)
    try:
        from wx_notebook.render.markdown import sanitised

        return sanitised(clean_text(text), typeset=typeset)
    except Exception:  # noqa: BLE001  (an answer was paid for: no fault of a parser may hide it)
        return pre_body(text)


def pre_body(text: str, style: str = TEXT_STYLE) -> str:
    """Give foreign text as it is, without a wrapper."""
    # A parser of HTML drops the first line end of a <pre>: one more keeps the text's own.
    return f'<pre style="{style}">\n{escape(clean_text(text))}</pre>'


def note_html(text: str, *, name: Literal["note", "footer"] = "note") -> str:
    """Give one muted line within an answer."""
    # GitHub takes the styles off; the element stays.
    return f'<div class="wxn-{name}" style="{MUTED}"><small>{one_line(text)}</small></div>'


def one_line(text: str) -> str:
    """Give foreign text as one line, escaped."""
    return escape(" ".join(clean_text(text).split()))
