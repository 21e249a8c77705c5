"""The pieces of HTML that every output is made of: lines of ours, foreign text as it is."""

from __future__ import annotations

from html import escape
from typing import Literal

from wx_notebook.render.direction import direction_attribute
from wx_notebook.render.styles import (
    EDGE,
    GROWING_EDGE,
    MUTED,
    NO_TEX,
    PRE_STYLE,
    TEXT_STYLE,
    colour_definitions,
)
from wx_notebook.render.text import clean_text, single_line

#: Characters. A longer text is shown as it is, because the parser would take noticeable time.
MAX_MARKDOWN = 200_000

_LINE_STYLES = {
    "status": "color: var(--jp-ui-font-color1, inherit); font-size: var(--jp-ui-font-size1, 13px)",
    "note": MUTED,
    "busy": f"{MUTED}; font-style: italic",
}


def markdown_html(text: str, *, typeset: bool = True) -> str:
    """Return foreign Markdown as an HTML fragment that runs nothing and fetches nothing.

    Parameters
    ----------
    text
        The whole text, at every repaint: pieces of HTML are never appended. A text with more than
        `MAX_MARKDOWN` characters is shown as it is, in a ``<pre>``.
    typeset
        Whether MathJax may typeset the TeX that is allowed; otherwise its source is shown.

    Returns
    -------
    str
        One ``<div class="wxn-answer ...">`` with the sanitised HTML inside.
    """
    return wrap_answer(markdown_body(text, typeset=typeset))


def line_html(
    text: str, *, kind: Literal["status", "note", "busy"] = "note", announced: bool = True
) -> str:
    """Return one line of ours as HTML; line ends in `text` become spaces.

    Parameters
    ----------
    text
        The message. It may quote foreign text.
    kind
        ``"status"`` stands out, ``"note"`` is muted, ``"busy"`` is muted and slanted. Screen
        readers announce "status" and "busy".
    announced
        False for a line that only counts seconds: a screen reader should not read each of them.
    """
    role = "" if kind == "note" or not announced else ' role="status"'
    style = f"{EDGE}; {_LINE_STYLES[kind]}"
    return f'<div class="wxn-{kind} {NO_TEX}"{role} style="{style}">{escaped_line(text)}</div>'


def pre_html(text: str) -> str:
    """Return `text` as it is, cleaned and escaped, in a ``<pre>`` that wraps lines."""
    return f'<div class="wxn-text {NO_TEX}" style="{EDGE}">{pre_body(text, PRE_STYLE)}</div>'


def wrap_answer(body: str, *, growing: bool = False) -> str:
    """Return the wrapper of an answer with `body` inside; `growing` while the answer arrives."""
    style = (GROWING_EDGE if growing else EDGE) + colour_definitions(body)
    return f'<div class="wxn-answer {NO_TEX}" style="{style}">{body}</div>'


def markdown_body(text: str, *, typeset: bool, partial: bool = False) -> str:
    """Return foreign Markdown without a wrapper; `partial` for a text that still arrives."""
    if len(text) > MAX_MARKDOWN:
        return pre_body(text)
    try:
        # the only door to the parser: whatever else imports this room does not load markdown-it
        from wx_notebook.render.markdown import render_markdown

        return render_markdown(clean_text(text), typeset=typeset, partial=partial)
    except Exception:  # noqa: BLE001  (an answer was paid for: no fault of a parser may hide it)
        return pre_body(text)


def pre_body(text: str, style: str = TEXT_STYLE) -> str:
    """Return foreign text as it is, without a wrapper."""
    # A parser of HTML drops the first line end of a <pre>: one more keeps the text's own.
    return f'<pre{direction_attribute(text)} style="{style}">\n{escape(clean_text(text))}</pre>'


def note_html(text: str, *, name: Literal["note", "footer"] = "note") -> str:
    """Return one muted line for use within an output."""
    # GitHub removes the styles; the <small> element stays.
    return f'<div class="wxn-{name}" style="{MUTED}"><small>{escaped_line(text)}</small></div>'


def escaped_line(text: str) -> str:
    """Return foreign text as one escaped line."""
    return escape(single_line(text))
