"""Lines of ours, as each kind of front end takes them."""

from __future__ import annotations

from collections.abc import Sequence


def lines_bundle(lines: Sequence[str]) -> dict[str, str]:
    """Return lines of ours, or a table that is made of them, in plain text and HTML."""
    from wx_notebook.render import clean_text, pre_html

    text = "\n".join(clean_text(line) for line in lines)
    return {"text/plain": text, "text/html": pre_html(text)}


def clean_line(text: str) -> str:
    """Return a text as one line without control characters."""
    from wx_notebook.render import clean_text

    return clean_text(text).replace("\n", " ")
