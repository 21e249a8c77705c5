"""The end of a paragraph on its way, with what is open in it closed.

``a **bol`` is shown as bold already, ``[the docs](https://exa`` as the words that will be the
link. What has been shown is not taken back when the rest arrives: an emphasis, a code span or a
link that never ends is shown as it was typed once it has gone on for too long, or at the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from wx_notebook.render.tex_rules import CLOSERS, UP_TO
from wx_notebook.render.tex_words import begun

#: Characters after which what was opened is taken for no markup.
_LONGEST_EMPHASIS, _LONGEST_LINK, _LONGEST_TEX = 200, 300, 1_000
_LONGEST_DOLLAR = 200
#: A bracket around so few is a reference "[1]" or a box "[x]": shown when it is whole.
_SHORT_BRACKET = 3

_TOKEN = re.compile(r"\\.|`+|\*+|_+|~~+|\$\$?|!?\[|\]|<", re.DOTALL)
#: Ends that say nothing yet: runs of marks, then what a mark or a name begins.
_HELD_MARKS = "*_~`$! \t\n"
_HELD_END = re.compile(r"(?:\\[(\[]|(?<!\\)\\|&#?\w{0,31}|<(?!https?:|mailto:)[^\s<>]{0,20})\Z")
_LONGEST_END = 40
#: Held ends behind each other, and marks to look back over: more is no text that somebody wrote.
_MOST_ENDS, _MOST_OPEN = 20, 50
_ADDRESS = r"\(\s*(?:<[^<>\n]*>|[^\s()<]*(?:\([^\s()]*\)[^\s()]*)*)"
_TITLE = r"""(?:\s+(?:"[^"]*"|'[^']*'))?"""
_WHOLE_TARGET = re.compile(rf"{_ADDRESS}{_TITLE}\s*\)|\[[^\]]*\]")
_BEGUN_TARGET = re.compile(
    r"""\(\s*(?:<[^<>\n]*|[^\s<][^\s]*)?(?:>?\s+["']?[^"']*["']?)?|\[[^\]]*"""
)
_AUTOLINK = re.compile(r"<[A-Za-z][^\s<>]*>")
_OPEN_AUTOLINK = re.compile(r"<(?:https?|mailto):[^\s<>]*\Z")
_PRICE = re.compile(r"\d[\d.,]*(?:\s|[kKmMbB]?\Z)|\s")
_PROSE = re.compile(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}")


@dataclass
class _Open:
    """Something that was opened: a run of `*`, `_` or `~`, or a bracket."""

    mark: str
    at: int


@dataclass
class _Scan:
    """A paragraph as it is read: what is open, what must go from it, what closes its end."""

    text: str
    open: list[_Open] = field(default_factory=list)
    gone: list[tuple[int, int]] = field(default_factory=list)
    #: Marks that have no closer: what has none here has none further on.
    unclosed: set[str] = field(default_factory=set)
    closer: str = ""
    #: What opened the TeX that the closer closes.
    opener: str = ""

    def rest(self, at: int) -> int:
        return len(self.text) - at

    def last(self, kind: str) -> int | None:
        """Return where the last open mark that ends in `kind` stands in the list."""
        first = max(0, len(self.open) - _MOST_OPEN)
        places = reversed(range(first, len(self.open)))
        return next((n for n in places if self.open[n].mark[-1] == kind), None)


def settled_inline(text: str) -> str:
    """Give the Markdown of a paragraph's beginning with its open ends closed or held back."""
    scan = _Scan(_without_held_end(text))
    text = scan.text
    position = 0
    while token := _TOKEN.search(text, position):
        position = _read(scan, token[0], token.start())
        if position < 0:
            break
    return _closed(scan)


def _without_held_end(text: str) -> str:
    for _ in range(_MOST_ENDS):
        shorter = text.rstrip(_HELD_MARKS)
        tail = shorter[-_LONGEST_END:]
        if end := _HELD_END.search(tail):
            shorter = shorter[: len(shorter) - len(tail) + end.start()]
        if shorter == text:
            break
        text = shorter
    return text


def _read(scan: _Scan, mark: str, at: int) -> int:
    """Read one mark; return where to go on, or -1 at what reaches the end."""
    if mark[0] == "`":
        return _code(scan, mark, at)
    if mark in CLOSERS:
        return _tex(scan, mark, at)
    if mark[0] in "*_~":
        _emphasis(scan, mark, at)
    elif mark == "]":
        return _link(scan, at)
    elif mark[0] == "<":
        return _autolink(scan, at)
    elif mark[-1] == "[" and mark[0] != "\\":
        scan.open.append(_Open(mark, at))
    return at + len(mark)


def _code(scan: _Scan, mark: str, at: int) -> int:
    start = at + len(mark)
    if mark not in scan.unclosed:
        if closer := re.compile(rf"(?<!`){mark}(?!`)").search(scan.text, start):
            return closer.end()
        scan.unclosed.add(mark)
    if scan.rest(at) > _LONGEST_LINK:
        return start
    scan.closer = mark
    return -1


def _tex(scan: _Scan, mark: str, at: int) -> int:
    start = at + len(mark)
    closer = CLOSERS[mark]
    if mark not in scan.unclosed:
        if whole := UP_TO[closer].match(scan.text, start):
            return whole.end()
        scan.unclosed.add(mark)
    if scan.rest(at) > (_LONGEST_DOLLAR if mark == "$" else _LONGEST_TEX):
        return start
    inside = scan.text[start:]
    if mark == "$" and (_PRICE.match(inside) or _PROSE.search(inside)):
        return start
    scan.opener, scan.closer = mark, closer
    return -1


def _emphasis(scan: _Scan, mark: str, at: int) -> None:
    """Close what this run of marks closes, and open with what is left of it."""
    before, after = scan.text[at - 1 : at] or " ", scan.text[at + len(mark) :][:1] or " "
    is_word = mark[0] == "_"
    closes = not before.isspace() and not (is_word and after.isalnum())
    opens = not after.isspace() and not (is_word and before.isalnum())
    count = len(mark)
    while closes and count:
        place = scan.last(mark[0])
        if place is None:
            break
        opened = scan.open[place]
        # what was opened in between has no end in here; a bracket may have one further on
        del scan.open[place + 1 :]
        both = min(count, len(opened.mark))
        count -= both
        opened.mark = opened.mark[both:]
        if not opened.mark:
            del scan.open[place]
    if opens and count:
        scan.open.append(_Open(mark[0] * count, at))


def _link(scan: _Scan, at: int) -> int:
    place = scan.last("[")
    if place is None:
        return at + 1
    text, following = scan.text, at + 1
    if whole := _WHOLE_TARGET.match(text, following):
        del scan.open[place]
        return whole.end()
    is_long = scan.rest(following) > _LONGEST_LINK
    if is_long or (following < len(text) and not _BEGUN_TARGET.fullmatch(text, following)):
        del scan.open[place]
        return following
    # the words of a link whose address is on its way
    scan.gone.append((at, len(text)))
    opened = scan.open[place]
    is_decided = following < len(text) or at - opened.at > _SHORT_BRACKET
    if opened.mark == "[" and is_decided:
        scan.gone.append((opened.at, opened.at + 1))
        del scan.open[place]
    return -1


def _autolink(scan: _Scan, at: int) -> int:
    if whole := _AUTOLINK.match(scan.text, at):
        return whole.end()
    if _OPEN_AUTOLINK.match(scan.text, at) and scan.rest(at) <= _LONGEST_LINK:
        scan.gone.append((at, at + 1))
        return len(scan.text)
    return at + 1


def _closed(scan: _Scan) -> str:
    text, closer, closers = scan.text, scan.closer, ""
    end = min([start for start, stop in scan.gone if stop == len(text)], default=len(text))
    for opened in reversed(scan.open):
        inside = end - opened.at - len(opened.mark)
        if opened.mark[-1] == "[":
            if inside > _LONGEST_LINK:
                continue
            if opened.mark[0] == "!" or inside <= _SHORT_BRACKET:
                # all from here on is held back, with what is open in it
                scan.gone.append((opened.at, len(text)))
                closer = closers = ""
            else:
                scan.gone.append((opened.at, opened.at + 1))
        elif 0 < inside <= _LONGEST_EMPHASIS:
            closers += opened.mark
    body = _without(text, scan.gone).rstrip()
    if closer in CLOSERS.values():
        body = begun(body)
        if body.endswith(scan.opener):
            # nothing of the formula is decided yet
            body, closer = body.removesuffix(scan.opener).rstrip(), ""
    return body + closer + closers


def _without(text: str, gone: list[tuple[int, int]]) -> str:
    parts, position = [], 0
    for start, stop in sorted(gone):
        parts.append(text[position:start])
        position = max(position, stop)
    return "".join([*parts, text[position:]])
