"""The line that stays in the notebook after a sign-in, as plain text and as HTML.

It is not a widget: GitHub, nbviewer and exports show it as it is. So it reads as history: "was
connected to ...". In the page where the user signed in, the form's script finds it by its id, lets
it say what is so now, and puts buttons beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from wx_notebook.login.strings import split_link, string

_COMMANDS = (("saved.status", "%watsonx status"), ("saved.again", "%watsonx login"))
_TEXT = "color: var(--jp-ui-font-color1, inherit); font-size: var(--jp-ui-font-size1, 13px)"
_MUTED = "color: var(--jp-ui-font-color2, inherit); font-size: var(--jp-ui-font-size1, 13px)"
#: How long the token lives, which the page counts down, and whether it will be renewed.
_LIFE = re.compile(r"token for (\d+) (min|s)\b(, renewed by itself)?")


def fallback_plain() -> str:
    """Return the text that a front end without widgets shows in place of the form."""
    return string("saved.none")


def fallback_html() -> str:
    """Return the same as HTML, for pages that show a saved notebook."""
    before, code, after = fallback_plain().split("`")
    return f"<p>{before}<code>{code}</code>{after}</p>"


def line_bundle(line: str, notes: Sequence[str] = (), line_id: str = "") -> dict[str, str]:
    """Return the status line and the notes below it, as a MIME bundle.

    Parameters
    ----------
    line
        The status line of the session, "" when the user is signed out.
    notes
        Lines below it.
    line_id
        The id by which the page finds the line.
    """
    history, now = _split(line)
    commands = _COMMANDS if line else _COMMANDS[1:]
    text = f"{string('saved.was')} {history}" if line else string("saved.out")
    below = " · ".join(f"{string(key)}: {command}" for key, command in commands)
    shown = _line_html(line, history, now) if line else escape(text)
    rows = [f'<p style="margin: 0; {_TEXT}">{shown}</p>']
    rows += [f'<p style="margin: 0; {_TEXT}">{_note_html(note)}</p>' for note in notes]
    codes = " · ".join(f"{string(key)}: <code>{command}</code>" for key, command in commands)
    rows.append(f'<p style="margin: 0; {_MUTED}" data-wxn="commands">{codes}</p>')
    html = "".join(rows)
    return {
        "text/plain": "\n".join([text, *notes, below]),
        "text/html": f'<div class="mathjax_ignore" data-wxn-line="{escape(line_id)}">{html}</div>',
    }


def _split(line: str) -> tuple[str, str]:
    """Return what stays true of a status line, and what is so only while the kernel lives."""
    history, dot, now = line.rpartition(" · ")
    return (history if dot else line).removeprefix("not "), f"{dot}{now}" if dot else ""


def _line_html(line: str, history: str, now: str) -> str:
    """Return the line as history, with the words by which the page shows what is so now."""
    mark = "✓ not " if line.startswith("not ") else "✓ "
    life = ""
    if match := _LIFE.search(now):
        seconds = int(match[1]) * (60 if match[2] == "min" else 1)
        life = f' data-wxn-seconds="{seconds}"' + (' data-wxn-renewed="true"' if match[3] else "")
    return (
        f'<span data-wxn-now="{mark}">{string("saved.was")} </span>{escape(history)}'
        f'<span data-wxn-now="{escape(now)}"{life}></span>'
    )


def _note_html(note: str) -> str:
    """Return a note as HTML, with the page at its end as a link."""
    text, href = split_link(note)
    if not href:
        return escape(note)
    link = f'<a href="{escape(href)}" target="_blank" rel="noopener noreferrer">{escape(href)}</a>'
    return f"{escape(text)} {link}"
