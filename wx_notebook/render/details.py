"""``<details>`` and ``<summary>`` of a model as blocks, with Markdown inside them.

As with the elements of a paragraph, no HTML passes: the lines become tokens. A block that is never
closed ends with the list, the quote or the answer that it stands in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it.token import Token

from wx_notebook.render.html_tags import COMMENT, COMMENT_END, read_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore

_SUMMARY_END = re.compile(r"</summary\s*>", re.IGNORECASE)
_LINE_ENDS = re.compile(r"</details\s*>[ \t]*(?:\n|\Z)", re.IGNORECASE)
#: Lines and characters of a summary; blocks inside each other. People write one, eighty and two.
_MAX_LINES, _MAX_SUMMARY, _MAX_NESTING = 20, 2_000, 10
#: A longer comment that has no end yet is shown, in case that it never gets one.
_MAX_COMMENT, _MAX_COMMENT_LINES = 1_000, 200


def install_details(markdown: MarkdownIt) -> None:
    """Make the parser read ``<details>`` and what belongs to it, ``<hr>`` and comments."""
    alternatives = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("fence", "details", _read_block, {"alt": alternatives})
    markdown.core.ruler.after("block", "details_pairs", _pair_details)


def _read_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    start, end = state.bMarks[start_line] + state.tShift[start_line], state.eMarks[start_line]
    if state.is_code_block(start_line) or state.src[start : start + 1] != "<":
        return False
    if state.env.get("tags", 0) > _MAX_NESTING:
        return False
    if state.src.startswith(COMMENT, start):
        return _skip_comment(state, start_line, end_line, silent)
    tag = read_tag(state.src, start, end)
    if tag is None or (tag.name, tag.closes) not in {
        ("details", False), ("details", True), ("summary", False), ("hr", False),
    }:  # fmt: skip
        return False
    if silent:
        return True
    if tag.name == "summary":
        _read_summary(state, start_line, end_line, tag.end)
        return True
    # (the pairs are found when all blocks are known: until then it is no nesting)
    kind = "hr" if tag.name == "hr" else "details_close" if tag.closes else "details_open"
    token = state.push(kind, tag.name, 0)
    token.markup = state.src[start : tag.end]
    if tag.is_open and kind == "details_open":
        token.attrSet("open", "")
    _go_on_behind(state, start_line, end_line, tag.end)
    return True


def _go_on_behind(state: StateBlock, line: int, end_line: int, position: int) -> None:
    """Read what stands behind a tag in the same line, as a block that begins there."""
    position = state.skipSpaces(position)
    if position >= state.eMarks[line]:
        state.line = line + 1
        return
    state.bMarks[line], state.tShift[line] = position, 0
    state.env["tags"] = state.env.get("tags", 0) + 1
    # (the parser itself starts its rules at the beginning of a line)
    any(rule(state, line, end_line, False) for rule in state.md.block.ruler.getRules(""))
    state.env["tags"] -= 1


def _read_summary(state: StateBlock, line: int, end_line: int, start: int) -> None:
    """Read a summary up to its end, which may stand in a later line of the same paragraph."""
    last, behind = line, state.eMarks[line]
    parts = [state.src[start:behind]]
    lines: list[str] = []
    for later in range(line, min(line + _MAX_LINES, end_line)):
        if state.isEmpty(later) or state.eMarks[later] - start > _MAX_SUMMARY:
            break
        begin = start if later == line else state.bMarks[later] + state.tShift[later]
        if match := _SUMMARY_END.search(state.src, begin, state.eMarks[later]):
            last, behind = later, match.end()
            parts = [*lines, state.src[begin : match.start()]]
            break
        lines.append(state.src[begin : state.eMarks[later]])
    state.push("summary_open", "summary", 1)
    token = state.push("inline", "", 0)
    token.content, token.children = "\n".join(part.strip() for part in parts).strip(), []
    state.push("summary_close", "summary", -1)
    _go_on_behind(state, last, end_line, behind)


def _skip_comment(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Skip a comment, which may have empty lines in it; one without an end is text."""
    start = state.bMarks[start_line] + state.tShift[start_line]
    first = start + len(COMMENT)
    # the search of one comment is good for all that start before its end
    began, end = state.env.get("comment", (0, 0))
    if not began <= first <= end:
        found = state.src.find(COMMENT_END, first)
        end = len(state.src) if found < 0 else found
        state.env["comment"] = (first, end)
    if end >= state.eMarks[end_line - 1]:
        is_growing = state.env.get("partial") and len(state.src) - start <= _MAX_COMMENT
        if is_growing and not silent:
            state.line = end_line  # its end, and with it its meaning, still arrives
        return bool(is_growing)
    line = start_line
    while state.eMarks[line] < end:
        line += 1
        if line - start_line > _MAX_COMMENT_LINES or (
            state.sCount[line] < state.blkIndent and not state.isEmpty(line)
        ):
            return False  # the list around it ends
    if not silent:
        _go_on_behind(state, line, end_line, end + len(COMMENT_END))
    return True


def _pair_details(state: StateCore) -> None:
    if any(token.tag == "details" for token in state.tokens):
        state.tokens = _Pairs(bool(state.env.get("partial"))).pair(state.tokens)
    state.tokens = list(_without_lone_summaries(state.tokens))


class _Pairs:
    """The pairs of ``<details>`` and ``</details>``, each within one list item, quote or answer."""

    def __init__(self, is_partial: bool) -> None:
        self._is_partial = is_partial
        self._done: list[Token] = []
        #: The blocks that are open, of both kinds.
        self._open: list[Token] = []

    def pair(self, tokens: list[Token]) -> list[Token]:
        rest: list[str] = []
        for token in tokens:
            if token.tag == "details":
                self._read(token)
                continue
            if token.type == "inline" and self._open and self._open[-1].type == "paragraph_open":
                rest = self._split(token)
            if token.nesting < 0:
                self._close_inner()
                self._open.pop()
            elif token.nesting > 0:
                self._open.append(token)
            self._done.append(token)
            if token.type == "paragraph_close":
                for part in rest:
                    self._close()
                    self._done += _paragraph(part.strip()) if part.strip() else []
                rest = []
        self._close_inner(is_end=True)
        return self._done

    def _read(self, token: Token) -> None:
        depth = sum(opened.tag == "details" for opened in self._open)
        if token.type == "details_open" and depth < _MAX_NESTING:
            token.nesting = 1
            self._open.append(token)
            self._done.append(token)
        elif token.type == "details_close" and self._open and self._open[-1].tag == "details":
            self._close()
        else:
            self._done += _paragraph(token.markup)

    def _split(self, token: Token) -> list[str]:
        """Cut a paragraph at ``</details>``, as often as one is open around it; return the rest."""
        is_around = 0
        for opened in reversed(self._open[:-1]):
            if opened.tag != "details":
                break
            is_around += 1
        if not is_around:
            return []
        first, *rest = _LINE_ENDS.split(token.content, is_around)
        token.content = first.rstrip()
        return rest

    def _close(self) -> None:
        self._open.pop()
        self._done.append(Token("details_close", "details", -1, block=True))

    def _close_inner(self, *, is_end: bool = False) -> None:
        """Close the blocks that are still open where the block around them ends."""
        while self._open and self._open[-1].tag == "details":
            if is_end and self._is_partial and self._done[-1] is self._open[-1]:
                # nothing of it has arrived: a browser would write its own summary
                self._done.pop()
                self._open.pop()
            else:
                self._close()


def _without_lone_summaries(tokens: list[Token]) -> Iterator[Token]:
    """Yield the tokens; a summary that is not the first thing in its block becomes a paragraph."""
    before: Token | None = None
    is_lone = False
    for token in tokens:
        if token.type == "summary_open":
            is_lone = before is None or before.type != "details_open"
        if is_lone and token.tag == "summary":
            token.type = token.type.replace("summary", "paragraph")
            token.tag = "p"
            is_lone = token.nesting > 0
        yield token
        before = token


def _paragraph(text: str) -> list[Token]:
    inline = Token("inline", "", 0, content=text, children=[])
    return [Token("paragraph_open", "p", 1), inline, Token("paragraph_close", "p", -1)]
