"""One text: what stands in it, also between the colours of a terminal, and the text without it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from wx_notebook.guard.hits import CERTAIN, Hit, Search

#: What stands where a secret was. It is harmless in Python, JSON, HTML, a URL and a shell, and
#: whoever uses it as a key is told by the service that it is none.
REPLACEMENTS = {
    "key": "KEY-REMOVED-BY-WX_NOTEBOOK",
    "token": "TOKEN-REMOVED-BY-WX_NOTEBOOK",
    "password": "PASSWORD-REMOVED-BY-WX_NOTEBOOK",
}
_CODE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def hits_in(text: str, search: Search) -> list[Hit]:
    """Return the hits of a search in the order of the text; of those that overlap, one.

    IPython colours each token of a line of source by itself: a key without its quotes stands in a
    traceback in pieces. So a text with colours is searched without them, too.
    """
    found = list(search(text))
    if "\x1b[" in text:
        found += _hits_between_colours(text, search)
    kept: list[Hit] = []
    for hit in sorted(found, key=lambda hit: (hit.start, hit.what not in CERTAIN, -hit.end)):
        if kept and hit.start < kept[-1].end:
            better, other = sorted((kept[-1], hit), key=lambda one: one.what not in CERTAIN)
            kept[-1] = replace(better, start=kept[-1].start, end=max(kept[-1].end, other.end))
        else:
            kept.append(hit)
    return kept


def without(text: str, hits: Sequence[Hit], begins: int = 0) -> str:
    """Return a text with its hits replaced; everything else stays as it is.

    Parameters
    ----------
    text
        The text, or a piece of it.
    hits
        Those of the whole text, in order.
    begins
        Where the piece begins in the whole.
    """
    parts, at = [], 0
    for hit in hits:
        start, end = hit.start - begins, hit.end - begins
        if end <= 0 or start >= len(text):
            continue
        parts.append(text[at : max(start, 0)])
        # a hit that goes over several pieces is named in the first one
        if start >= 0:
            parts.append(REPLACEMENTS[hit.what])
        at = min(end, len(text))
    return "".join([*parts, text[at:]])


def bare(text: str) -> str:
    """Return a text without the codes that colour it."""
    return _CODE.sub("", text)


def line_of(text: str, hit: Hit) -> int:
    """Return the line in which a hit begins, from 1."""
    return text.count("\n", 0, hit.start) + 1


def _hits_between_colours(text: str, search: Search) -> list[Hit]:
    plain, begins, shifts, at = [], [0], [0], 0
    length = 0
    for code in _CODE.finditer(text):
        plain.append(text[at : code.start()])
        length += code.start() - at
        at = code.end()
        begins.append(length)
        shifts.append(at - length)
    plain.append(text[at:])

    def in_text(position: int) -> int:
        return position + shifts[bisect_right(begins, position) - 1]

    return [
        replace(hit, start=in_text(hit.start), end=in_text(hit.end - 1) + 1)
        for hit in search("".join(plain))
    ]
