"""The part of an unfinished Markdown text that the next piece will not take back.

While an answer streams, its text is rendered anew at every repaint, and its end is a document of
its own: ``Title`` and a ``-`` make a heading that a blank turns into a list, a row with bars
is a paragraph until the line below makes it a table. A reader would see the output jump. So an end
that is markup alone is held back until it is decided; the last frame shows all there is.
"""

from __future__ import annotations

import re

#: Of a line that is longer nothing is held back: it is no markup that somebody wrote.
_LONGEST_HELD = 2_000
#: In a container: quotes and the marks of lists before what a line is about.
_INSIDE = r"[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)*"
_UNDECIDED = tuple(
    re.compile(pattern)
    for pattern in (
        # a rule, an underline, the mark of a list, heading, quote; the end of a fence
        r"[\s>*+\-=_#|~:`.()\[\]\\$!<&\d]*",
        # a fence whose language is not all there
        _INSIDE + r"(?:```+[^`]*|~~~+.*)",
        # a row of a table: cell by cell its columns would change their widths
        _INSIDE + r"\|.{,600}",
        # a definition of a link, which is not shown at all
        _INSIDE + r"\[[^\]]{,60}(?:\](?::.*)?)?",
    )
)
_ROW = re.compile(_INSIDE + r"\|")
#: The beginning of a terminal's control sequence, of which nothing must be left.
_CONTROL = re.compile("(?:\x1b\\[?|\x9b)[0-?]{0,64}[ -/]{0,8}\\Z")


def without_control(text: str) -> str:
    """Give `text` without a control sequence that may go on; before it is cleaned."""
    # only the last hundred characters can be such a beginning
    head, end = text[:-100], text[-100:]
    return head + _CONTROL.sub("", end)


def settled(text: str) -> str:
    """Give the beginning of a cleaned Markdown `text` whose blocks are decided."""
    head, line_end, line = text.rpartition("\n")
    if line and not _is_undecided(line):
        return text
    text = head + line_end
    # the first row of a table looks like a paragraph until the row of dashes below it is there
    *_, before, last = ("", *head.rsplit("\n", 2)) if head.count("\n") < 2 else head.rsplit("\n", 2)
    if _ROW.match(last) and not _ROW.match(before) and len(last) <= _LONGEST_HELD:
        text = head[: len(head) - len(last)]
    return text


def _is_undecided(line: str) -> bool:
    return len(line) <= _LONGEST_HELD and any(form.fullmatch(line) for form in _UNDECIDED)
