"""Handing a cell to our magic as it was typed.

IPython rewrites a cell before a magic sees it: ``>>>`` and ``In [1]:`` are stripped from its lines,
an empty body is an error of its own, and a line magic that ends in ``?`` becomes a request for
help. Our transformer stands at the head of `input_transformers_cleanup` and turns our cells, and
``%watsonx ask TEXT``, into plain calls, of which nothing is rewritten.
"""

from __future__ import annotations

import re

_HEAD = re.compile(
    r"(?:[ \t\r\f]*(?:\#[^\n]*)?\n)*"  # blank lines and comments above the magic
    r"[ \t]*%%watsonx(?=[ \t\r\n]|$)(?P<line>[^\n]*)(?:\n|$)"
)
_ASK = re.compile(
    r"(?P<before>[ \t]*(?:[^\W\d]\w*[ \t]*=[ \t]*)?)"
    r"%watsonx[ \t]+(?P<line>ask(?:[ \t][^\r\n]*)?)[\r\n]*$"
)


def hand_over(lines: list[str]) -> list[str]:
    """Return the lines of a cell with our magics as calls; other cells come back as they are."""
    text = "".join(lines)
    if (head := _HEAD.match(text)) is not None:
        body = text[head.end() :]
        if body.endswith("\n") and not body.endswith("\r\n"):
            # IPython ends every cell with a line feed; `as_typed` gives one back that was typed
            body = body[:-1]
        line = head["line"].strip()
        # IPython refuses an empty body with words of its own
        return [f"get_ipython().run_cell_magic('watsonx', {line!r}, {(body or chr(10))!r})\n"]
    if "%watsonx" not in text or text.lstrip().startswith("%%"):
        # the body of another cell magic is that one's matter
        return lines
    for number in range(len(lines)):
        found = _ASK.match(lines[number])
        if found is not None and _begins_statement(lines, number):
            call = f"get_ipython().run_line_magic('watsonx', {found['line']!r})"
            lines = [*lines[:number], f"{found['before']}{call}\n", *lines[number + 1 :]]
    return lines


# A terminal asks IPython whether a cell is complete, and a cell magic is at its first empty line.
# For that question transformers with this mark are left out, so that `%%watsonx` stays in sight.
hand_over.has_side_effects = True  # type: ignore[attr-defined]  # IPython's protocol


def head_of(text: str) -> re.Match[str] | None:
    """Return where a cell says that it is ours, its option line as the group "line"."""
    return _HEAD.match(text)


def as_typed(body: str, raw_cell: str | None) -> str:
    """Return a cell's body with the line feed at its end that the user typed, if there was one."""
    head = _HEAD.match(raw_cell) if raw_cell is not None else None
    if head is not None and raw_cell is not None and raw_cell[head.end() :] == body + "\n":
        return body + "\n"
    return body


def _begins_statement(lines: list[str], number: int) -> bool:
    """Whether a statement begins in this line: in a longer string the same text is only text."""
    from IPython.core.inputtransformer2 import make_tokens_by_line

    for tokens in make_tokens_by_line(lines):
        for token in tokens:
            if token.string.strip():
                if token.start[0] == number + 1:
                    return True
                break
    return False
