"""Passes a cell to our magic as it was typed.

IPython rewrites a cell before a magic sees it: it strips ``>>>`` and ``In [1]:`` from the lines,
raises its own error for an empty body, and turns a line magic that ends in ``?`` into a request for
help. Our transformer is the first of `input_transformers_cleanup`. It turns our cells, and
``%watsonx ask TEXT`` and ``explain TEXT``, into plain calls, which IPython does not rewrite.
"""

from __future__ import annotations

import re

_HEAD = re.compile(
    r"(?:[ \t\r\f]*(?:\#[^\n]*)?\n)*"  # blank lines and comments above the magic
    r"[ \t]*%%watsonx(?=[ \t\r\n]|$)(?P<line>[^\n]*)(?:\n|$)"
)
_ASK = re.compile(
    r"(?P<before>[ \t]*(?:[^\W\d]\w*[ \t]*=[ \t]*)?)"
    r"%watsonx[ \t]+(?P<line>(?:ask|explain)(?:[ \t][^\r\n]*)?)[\r\n]*$"
)


def hand_over(lines: list[str]) -> list[str]:
    """Return the lines of a cell with our magics as calls; other cells come back as they are."""
    text = "".join(lines)
    if (head := _HEAD.match(text)) is not None:
        body = text[head.end() :]
        if body.endswith("\n") and not body.endswith("\r\n"):
            # IPython ends every cell with a line feed; `as_typed` restores one that was typed
            body = body[:-1]
        line = head["line"].strip()
        # an empty body would be IPython's own error
        return [f"get_ipython().run_cell_magic('watsonx', {line!r}, {(body or chr(10))!r})\n"]
    if "%watsonx" not in text or text.lstrip().startswith("%%"):
        # the body of another cell magic is not ours
        return lines
    for number in range(len(lines)):
        ask = _ASK.match(lines[number])
        if ask is not None and _begins_statement(lines, number):
            call = f"get_ipython().run_line_magic('watsonx', {ask['line']!r})"
            lines = [*lines[:number], f"{ask['before']}{call}\n", *lines[number + 1 :]]
    return lines


# A terminal asks IPython whether a cell is complete; a cell magic is complete at an empty line.
# IPython skips transformers with this mark for that question, and so it still sees `%%watsonx`.
hand_over.has_side_effects = True  # type: ignore[attr-defined]  # IPython's protocol


def head_of(text: str) -> re.Match[str] | None:
    """Return the match of our head in a cell, with the option line as the group "line"."""
    return _HEAD.match(text)


def as_typed(body: str, raw_cell: str | None) -> str:
    """Return a cell's body with the line feed that the user typed at its end, if any."""
    head = _HEAD.match(raw_cell) if raw_cell is not None else None
    if head is not None and raw_cell is not None and raw_cell[head.end() :] == body + "\n":
        return body + "\n"
    return body


def _begins_statement(lines: list[str], number: int) -> bool:
    """Whether a statement begins in this line; inside a long string the same text is only text."""
    from IPython.core.inputtransformer2 import make_tokens_by_line

    for tokens in make_tokens_by_line(lines):
        for token in tokens:
            if token.string.strip():
                if token.start[0] == number + 1:
                    return True
                break
    return False
