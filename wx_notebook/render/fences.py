"""Fenced blocks: as CommonMark reads them, and Markdown in a fence with its own fences inside.

CommonMark ends a block at the first bare fence, so a ```` ```markdown ```` block would break apart
at the end of an example within it, and the rest of the answer would turn inside out. In a block of
Markdown a fence with a language opens an example, and the next bare fence ends that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it.rules_block.fence import fence

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

#: Names for Markdown in a fence.
MARKDOWN_NAMES = frozenset({"markdown", "md", "mdx", "gfm", "commonmark", "rmd", "qmd", "mkd"})
_FENCE = re.compile(r"(`{3,}(?=[^`]*\Z)|~{3,})\s*(.*)", re.DOTALL)
#: A sentence: what stands behind a block, not at the start of its code.
_SENTENCE = re.compile(r"\w[\w'’-]*(?:,? +[\w'’-]+){2}.*[.!?]\W{0,3}\Z|.*[。！？]\Z")
_MAX_LINE = 1_000


def install_fences(markdown: MarkdownIt) -> None:
    """Make the parser read fences within fenced Markdown."""
    alternatives = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.at("fence", _fence, {"alt": alternatives})


def is_markdown(info: str) -> bool:
    """Tell whether the text after a fence names Markdown."""
    return (info.split(maxsplit=1) or [""])[0].strip("{}.").lower() in MARKDOWN_NAMES


def _fence(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if not fence(state, start_line, end_line, silent):
        return False
    if silent or not is_markdown(state.tokens[-1].info):
        return True
    token = state.tokens[-1]
    last, state.line = _find_end(state, start_line, end_line, token.markup)
    token.content = state.getLines(start_line + 1, last, state.sCount[start_line], True)
    token.map = [start_line, state.line]
    return True


def _find_end(state: StateBlock, start_line: int, end_line: int, mark: str) -> tuple[int, int]:
    """Return the line that closes a block of Markdown, and the line after the block."""
    #: the marks of the blocks that are open, and whether each is Markdown
    is_open = [(len(mark), True)]
    before = ""
    for line in range(start_line + 1, end_line):
        text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
        if text and state.sCount[line] < state.blkIndent:
            return line, line  # the list or quote around it ends
        match = None if state.is_code_block(line) else _FENCE.match(text[:_MAX_LINE])
        if match and match[1].startswith(mark):
            length, in_markdown = is_open[-1]
            if match[2]:
                if in_markdown:
                    is_open.append((len(match[1]), is_markdown(match[2])))
            elif in_markdown and _is_growing(state, line):
                return line, end_line
            elif in_markdown and _opens_example(before, state, line, end_line):
                is_open.append((len(match[1]), False))
            elif len(match[1]) >= length:
                is_open.pop()
                if not is_open:
                    return line, line + 1
        before = text
    return end_line, end_line


def _is_growing(state: StateBlock, line: int) -> bool:
    """Tell whether the line behind a bare fence still arrives: it decides what the fence means."""
    if not state.env.get("partial"):
        return False
    last = state.lineMax - 1
    return line >= last or (line == last - 1 and not state.src.endswith("\n"))


def _opens_example(before: str, state: StateBlock, line: int, end_line: int) -> bool:
    """Tell a bare fence that opens an example from one that ends the block, by its neighbours."""
    if before.strip() and not before.rstrip().endswith((":", "：")):
        return False
    if line + 1 >= end_line or state.isEmpty(line + 1):
        return False
    after = state.src[state.bMarks[line + 1] : state.eMarks[line + 1]][:_MAX_LINE].strip()
    return not _FENCE.match(after) and not _SENTENCE.match(after)
