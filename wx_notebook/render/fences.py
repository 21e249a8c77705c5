"""The code in an answer: its fenced blocks, as CommonMark reads them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: What is in such a fence is shown to a reader, not run: taken only where there is nothing else.
_NO_CODE = frozenset({"text", "txt", "plaintext", "plain", "output", "console", "log", "markdown"})
_SAME = {
    "py": "python", "python3": "python", "py3": "python", "ipython": "python", "jupyter": "python",
    "sh": "bash", "shell": "bash", "zsh": "bash", "js": "javascript", "ts": "typescript",
    "yml": "yaml", "htm": "html", "xhtml": "html",
}  # fmt: skip


class Code(NamedTuple):
    """Code of an answer: the language, as one name for each ("" is not said), and the text."""

    language: str
    text: str


class Fence(NamedTuple):
    """A fenced block: its code, and the number of lines before it."""

    language: str
    text: str
    lines_before: int


def language_name(info: str) -> str:
    """Return one name for a language, from what stands behind a fence."""
    name = (info.split(maxsplit=1) or [""])[0].strip("{}.").lower()
    return _SAME.get(name, name)


def fences(text: str) -> list[Fence]:
    """Return the fenced blocks of a text, also those in lists and quotes."""
    if "```" not in text and "~~~" not in text:
        return []
    found = []
    for token in _parser().parse(text):
        if token.type == "fence" and token.map is not None:
            code = _without_begun_end(text, token)
            found.append(Fence(language_name(token.info), code, token.map[0] + 1))
    return found


def fenced_code(text: str) -> Code | None:
    """Return the code of an answer alone.

    Parameters
    ----------
    text
        An answer, also one that was cut within its code.

    Returns
    -------
    Code | None
        The blocks of one language, the one with the most lines, with an empty line between them.
        An answer without a fence is the code itself; None where there is no code at all.
    """
    from wx_notebook.render.text import clean_text

    text = clean_text(text)
    every = fences(text)
    if not every:
        return Code("", text.strip("\n")) if text.strip() else None
    blocks = [block for block in every if block.text.strip()]
    if not blocks:
        return None
    blocks = [block for block in blocks if block.language not in _NO_CODE] or blocks
    language = _longest(blocks)
    parts = [block.text.strip("\n") for block in blocks if block.language == language]
    return Code(language, "\n\n".join(parts))


def _longest(blocks: Sequence[Fence]) -> str:
    """Return the language with the most lines; of two, the one that comes first."""
    lines: dict[str, int] = {}
    for block in blocks:
        lines[block.language] = lines.get(block.language, 0) + block.text.count("\n") + 1
    return max(lines, key=lambda language: lines[language])


def _without_begun_end(text: str, fence: Token) -> str:
    """Give the code of a fence without the marks of an end that was cut."""
    head, _, last = fence.content.rpartition("\n")
    is_cut = not text.endswith("\n") and text.endswith(last) and last.strip()
    if is_cut and not last.strip().strip(fence.markup[0]) and len(last.strip()) < len(fence.markup):
        return head
    return fence.content


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": 30})
    # blocks only: what is inside a paragraph is not asked for
    return parser.disable(["inline", "text_join", "html_block"])
