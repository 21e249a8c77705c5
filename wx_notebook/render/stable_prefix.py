"""The part of an unfinished Markdown text that the next piece of text does not change.

While an answer streams, its text is rendered again at every repaint, and its end can look like
another document: ``Title`` and a ``-`` make a heading that a blank turns into a list, and a row
with bars is a paragraph until the next line makes it a table. To a reader the output would jump. So
`stable_prefix` holds back an end that is only markup until its meaning is clear. Within the last
paragraph, `stable_inline` closes open markup: ``a **bol`` is bold at once, and a link is shown as
its words while its address arrives. Markup that is still open after many characters is shown as
typed. The last frame shows everything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from wx_notebook.render.flanks import find_flanks
from wx_notebook.render.html_tags import COMMENT, COMMENT_END, ELEMENTS, read_tag
from wx_notebook.render.tex_rules import CLOSERS, UP_TO
from wx_notebook.render.tex_to_text import stable_tex

#: Nothing of a longer line is held back: people do not write such markup.
_MAX_UNDECIDED = 2_000
#: Marks of containers at the start of a line: quotes and lists.
_CONTAINERS = r"[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)*"
_UNDECIDED = tuple(
    re.compile(pattern)
    for pattern in (
        # a rule, an underline, the mark of a list, heading or quote; the end of a fence
        r"[\s>*+\-=_#|~:`.()\[\]\\$!<&\d]*",
        # a fence with an incomplete language
        _CONTAINERS + r"(?:```+[^`]*|~~~+.*)",
        # a row of a table: cell by cell its columns would change their widths
        _CONTAINERS + r"\|.{,600}",
        # a definition of a link, which is not shown at all, or the label of a note
        _CONTAINERS + r"\[(?!\^)[^\]]{,60}(?:\](?::.*)?)?",
        _CONTAINERS + r"\[\^[^\]\s]{,100}(?:\](?::\s*)?)?",
        # an incomplete tag or comment
        _CONTAINERS + r"<(?!https?:|mailto:)(?:[A-Za-z/][^<>]{,300}|!-.{,300})",
    )
)
_ROW = re.compile(_CONTAINERS + r"\|")

#: After this many characters, something open is taken for text.
_MAX_EMPHASIS, _MAX_LINK, _MAX_TEX, _MAX_DOLLAR_TEX = 200, 300, 1_000, 200
#: A bracket around so few characters is a reference "[1]" or a box "[x]", shown when complete.
_SHORT_BRACKET = 3
_TOKEN = re.compile(
    r"\\begin\{[A-Za-z]+\*?\}|\\.|`+|\*+|_+|~~+|\$\$?|!?\[(?!\^[^\s\]]{1,100}\])|\]|<", re.DOTALL
)
#: A reference to a note on its way, "[^1": it is shown when complete.
_PARTIAL_REFERENCE = re.compile(r"\[\^[^\s\]]{,100}\Z")
#: Ends without a meaning yet: runs of marks, and the beginning of an escape, entity or tag.
_END_MARKS = "*_~`$! \t\n"
_UNSTABLE_END = re.compile(
    r"(?:\\[(\[]|(?<!\\)\\|(?<!\\)\\b(?:e(?:g(?:i(?:n(?:\{[A-Za-z]{,12}\*?)?)?)?)?)?|&#?\w{0,31}"
    r"|<(?!https?:|mailto:)[^\s<>]{0,20}"
    rf"|<(?:{'|'.join(name for name in ELEMENTS if name[1:])}|br)\s[^<>]{{,300}})\Z",
    re.IGNORECASE,
)
_MAX_UNSTABLE_END = 320
#: Unstable ends in a row, and open marks to look back over: people do not write more.
_MAX_ENDS, _MAX_OPEN = 20, 50
_ADDRESS = r"\(\s*(?:<[^<>\n]*>|[^\s()<]*(?:\([^\s()]*\)[^\s()]*)*)"
_TITLE = r"""(?:\s+(?:"[^"]*"|'[^']*'))?"""
_COMPLETE_TARGET = re.compile(rf"{_ADDRESS}{_TITLE}\s*\)|\[[^\]]*\]")
_PARTIAL_TARGET = re.compile(
    r"""\(\s*(?:<[^<>\n]*|[^\s<][^\s]*)?(?:>?\s+["']?[^"']*["']?)?|\[[^\]]*"""
)
_AUTOLINK = re.compile(r"<[A-Za-z][^\s<>]*>")
_PARTIAL_AUTOLINK = re.compile(r"<(?:https?|mailto):[^\s<>]*\Z")
_PRICE = re.compile(r"\d[\d.,]*(?:\s|[kKmMbB]?\Z)|\s")
_PROSE = re.compile(r"[A-Za-z]{2,}\s+[A-Za-z]{2,}")


def stable_prefix(text: str) -> str:
    """Return the beginning of a cleaned Markdown `text` whose blocks are decided."""
    head, line_end, line = text.rpartition("\n")
    if line and not _is_undecided(line):
        return text
    text = head + line_end
    # the first row of a table looks like a paragraph until the row of dashes below it arrives
    before, last = ("", "", *head.rsplit("\n", 2))[-2:]
    if _ROW.match(last) and not _ROW.match(before) and len(last) <= _MAX_UNDECIDED:
        text = head[: len(head) - len(last)]
    return text


def stable_inline(text: str) -> str:
    """Return the beginning of a paragraph with its open markup closed or held back."""
    scan = _Scan(_strip_unstable_end(text))
    position = 0
    while token := _TOKEN.search(scan.text, position):
        position = scan.read(token[0], token.start())
        if position < 0:
            break
    return scan.closed_text()


def _is_undecided(line: str) -> bool:
    return len(line) <= _MAX_UNDECIDED and any(form.fullmatch(line) for form in _UNDECIDED)


def _strip_unstable_end(text: str) -> str:
    for _ in range(_MAX_ENDS):
        shorter = text.rstrip(_END_MARKS)
        tail = shorter[-_MAX_UNSTABLE_END:]
        if end := _UNSTABLE_END.search(tail):
            shorter = shorter[: len(shorter) - len(tail) + end.start()]
        if shorter == text:
            break
        text = shorter
    return text


@dataclass
class _OpenMark:
    """A mark that is not closed yet: a run of `*`, `_` or `~`, a bracket, or a tag."""

    mark: str
    start: int
    #: What closes it, if that is not the mark itself.
    closer: str = ""


@dataclass
class _Scan:
    """A scan of a paragraph: its open marks, the parts to remove, and what closes its end."""

    text: str
    open: list[_OpenMark] = field(default_factory=list)
    removed: list[tuple[int, int]] = field(default_factory=list)
    #: Marks without a closer: if one has none, no later one has.
    unclosed: set[str] = field(default_factory=set)
    #: The delimiters of TeX, or of code, that is open at the end.
    opener: str = ""
    closer: str = ""

    def read(self, mark: str, start: int) -> int:
        """Read one mark; return where to go on, or -1 if the mark is open up to the end."""
        if mark[0] == "`":
            return self._read_code(mark, start)
        if mark in CLOSERS:
            return self._read_tex(mark, start)
        if mark[0] in "*_~":
            self._read_emphasis(mark, start)
        elif mark == "]":
            return self._read_link(start)
        elif mark[0] == "<":
            return self._read_tag(start)
        elif mark[-1] == "[" and mark[0] != "\\":
            self.open.append(_OpenMark(mark, start))
        return start + len(mark)

    def closed_text(self) -> str:
        """Return the text without the removed parts, and with what is open closed."""
        text, closer, closers = self.text, self.closer, ""
        end = min([start for start, stop in self.removed if stop == len(text)], default=len(text))
        for opened in reversed(self.open):
            size = end - opened.start - len(opened.mark)
            if size <= 0:
                # nothing of it is shown yet
                end = opened.start
                self.removed.append((end, len(text)))
            elif opened.mark[-1] == "[":
                if size > _MAX_LINK:
                    continue
                is_reference = _PARTIAL_REFERENCE.match(text, opened.start)
                if opened.mark[0] == "!" or size <= _SHORT_BRACKET or is_reference:
                    # everything from here on is held back, with the marks that are open in it
                    end = opened.start
                    self.removed.append((end, len(text)))
                    closer = closers = ""
                else:
                    self.removed.append((opened.start, opened.start + 1))
            elif 0 < size <= _MAX_EMPHASIS:
                closers += opened.closer or opened.mark
        body = self._without_removed().rstrip()
        if closer in CLOSERS.values():
            body = stable_tex(body)
            if body.endswith(self.opener):
                # nothing of the formula is decided yet
                body, closer = body.removesuffix(self.opener).rstrip(), ""
        return body + closer + closers

    def _read_code(self, mark: str, start: int) -> int:
        inside = start + len(mark)
        if mark not in self.unclosed:
            if closer := re.compile(rf"(?<!`){mark}(?!`)").search(self.text, inside):
                return closer.end()
            self.unclosed.add(mark)
        if self._length_from(start) > _MAX_LINK:
            return inside
        self.closer = mark
        return -1

    def _read_tex(self, mark: str, start: int) -> int:
        inside = start + len(mark)
        closer = CLOSERS[mark]
        if mark not in self.unclosed:
            if complete := UP_TO[closer].match(self.text, inside):
                return complete.end()
            self.unclosed.add(mark)
        if self._length_from(start) > (_MAX_DOLLAR_TEX if mark == "$" else _MAX_TEX):
            return inside
        rest = self.text[inside:]
        if mark == "$" and (_PRICE.match(rest) or _PROSE.search(rest)):
            return inside
        self.opener, self.closer = mark, closer
        return -1

    def _read_emphasis(self, mark: str, start: int) -> None:
        """Close the marks that this run closes, and open a mark with the rest of it."""
        end = start + len(mark)
        before, after = self.text[max(0, start - 2) : start], self.text[end : end + 1]
        opens, closes = find_flanks(before, after, splits_words=mark[0] != "_")
        count = len(mark)
        while closes and count:
            index = self._last_open(mark[0])
            if index is None:
                break
            opened = self.open[index]
            # marks opened in between have no end in here; a bracket may have one further on
            del self.open[index + 1 :]
            both = min(count, len(opened.mark))
            count -= both
            opened.mark = opened.mark[both:]
            if not opened.mark:
                del self.open[index]
        if opens and count:
            self.open.append(_OpenMark(mark[0] * count, start))

    def _read_link(self, start: int) -> int:
        index = self._last_open("[")
        if index is None:
            return start + 1
        text, following = self.text, start + 1
        if complete := _COMPLETE_TARGET.match(text, following):
            del self.open[index]
            return complete.end()
        is_long = self._length_from(following) > _MAX_LINK
        if is_long or (following < len(text) and not _PARTIAL_TARGET.fullmatch(text, following)):
            del self.open[index]
            return following
        # show the words of the link; its address still arrives
        self.removed.append((start, len(text)))
        opened = self.open[index]
        is_decided = following < len(text) or start - opened.start > _SHORT_BRACKET
        if opened.mark == "[" and is_decided:
            self.removed.append((opened.start, opened.start + 1))
            del self.open[index]
        return -1

    def _read_tag(self, start: int) -> int:
        """Read a tag, a comment or the address of a link."""
        tag = read_tag(self.text, start)
        if tag is not None and tag.name in ELEMENTS:
            if not tag.closes:
                self.open.append(_OpenMark(self.text[start : tag.end], start, f"</{tag.name}>"))
            elif (index := self._last_open(f"</{tag.name}>")) is not None:
                del self.open[index:]
            return tag.end
        if self.text.startswith(COMMENT, start) and COMMENT_END not in self.unclosed:
            if (end := self.text.find(COMMENT_END, start)) >= 0:
                return end + len(COMMENT_END)
            self.unclosed.add(COMMENT_END)
            if self._length_from(start) <= _MAX_LINK:
                self.removed.append((start, len(self.text)))
                return -1
        return self._read_autolink(start)

    def _read_autolink(self, start: int) -> int:
        if complete := _AUTOLINK.match(self.text, start):
            return complete.end()
        if _PARTIAL_AUTOLINK.match(self.text, start) and self._length_from(start) <= _MAX_LINK:
            self.removed.append((start, start + 1))
            return len(self.text)
        return start + 1

    def _length_from(self, start: int) -> int:
        return len(self.text) - start

    def _last_open(self, kind: str) -> int | None:
        """Return the index of the last open mark of a kind: one character, or what closes it."""
        first = max(0, len(self.open) - _MAX_OPEN)
        for n in reversed(range(first, len(self.open))):
            if kind == (self.open[n].closer or self.open[n].mark[-1]):
                return n
        return None

    def _without_removed(self) -> str:
        parts, position = [], 0
        for start, stop in sorted(self.removed):
            parts.append(self.text[position:start])
            position = max(position, stop)
        return "".join([*parts, self.text[position:]])
