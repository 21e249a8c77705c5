"""What stays in the notebook when somebody has signed in: one line, as plain text and as HTML.

No widget: GitHub, nbviewer and an export show the line as it is. In the page where somebody signed
in, the form's own script finds it by its id and puts buttons beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from wx_notebook.form.links import in_note
from wx_notebook.form.words import word

_COMMANDS = (("saved.change", "%watsonx use"), ("saved.log_out", "%watsonx logout"))
_TEXT = "color: var(--jp-ui-font-color1, inherit); font-size: var(--jp-ui-font-size1, 13px)"
_MUTED = "color: var(--jp-ui-font-color2, inherit); font-size: var(--jp-ui-font-size1, 13px)"
#: How long the token lives, which the page counts down, and whether another follows.
_LIFE = re.compile(r"token for (\d+) (min|s)\b(, renewed by itself)?")


def line_bundle(line: str, notes: Sequence[str] = (), line_id: str = "") -> dict[str, str]:
    """Return the line of a session that stands, with what stands below it."""
    mark = "✓ " if line else ""
    text = line or word("saved.out")
    commands = _COMMANDS if line else (("saved.again", "%watsonx login"),)
    below = " · ".join(f"{word(name)}: {command}" for name, command in commands)
    rows = [f'<p style="margin: 0; {_TEXT}">{mark}{_counting(text)}</p>']
    rows += [f'<p style="margin: 0; {_TEXT}">{_linking(note)}</p>' for note in notes]
    codes = " · ".join(f"{word(name)}: <code>{command}</code>" for name, command in commands)
    rows.append(f'<p style="margin: 0; {_MUTED}" data-wxn="commands">{codes}</p>')
    html = "".join(rows)
    return {
        "text/plain": "\n".join([f"{mark}{text}", *notes, below]),
        "text/html": f'<div class="mathjax_ignore" data-wxn-line="{escape(line_id)}">{html}</div>',
    }


def _counting(line: str) -> str:
    """Return the line as HTML, with the token's life where the page can find it."""

    def span(found: re.Match[str]) -> str:
        seconds = int(found[1]) * (60 if found[2] == "min" else 1)
        rest = found[3] or ""
        renewed = ' data-wxn-renewed="true"' if rest else ""
        life = found[0].removesuffix(rest)
        return f'<span data-wxn-seconds="{seconds}"{renewed}>{life}</span>{rest}'

    return _LIFE.sub(span, escape(line), count=1)


def _linking(note: str) -> str:
    """Return a note as HTML, with the page that it names to click on."""
    text, href = in_note(note)
    if not href:
        return escape(note)
    link = f'<a href="{escape(href)}" target="_blank" rel="noopener noreferrer">{escape(href)}</a>'
    return f"{escape(text)} {link}"
