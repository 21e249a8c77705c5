"""The code in an answer: its fenced blocks, and the next cell that is made of them."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from wx_notebook.render.text import clean_text, single_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: Fences for text that people read. Their content counts as code only if there is no other fence.
_NOT_CODE = frozenset({"text", "txt", "plaintext", "plain", "output", "console", "log", "markdown"})
_SAME = {
    "py": "python", "python3": "python", "py3": "python", "ipython": "python", "jupyter": "python",
    "sh": "bash", "shell": "bash", "zsh": "bash", "js": "javascript", "ts": "typescript",
    "yml": "yaml", "htm": "html", "xhtml": "html", "md": "markdown",
}  # fmt: skip

#: The beginning of a text that may be Markdown in one fence.
_MARKDOWN_FENCE = re.compile(
    r"\s*(?:```|~~~)[`~]*\s*\{?\.?(?:m|gfm|commonmark|rmd|qmd)", re.IGNORECASE
)

_PYTHON = frozenset({"", "python", "pycon"})
#: Languages that a cell magic runs, here in a shell with the user's rights.
_MAGICS = {"bash": "%%bash"}
#: Prompts that IPython removes from the start of a line before it reads the line.
_PROMPTS = r"(?:[^\S\n]*(?:>>>|\.{3,}:?|(?:\[(?:nav|ins)\] ?)?In \[\d+\]:))*[^\S\n]*"
#: A line that IPython reads and Python does not: a shell command, a magic, help. ("% x" can also
#: continue a line of Python.)
_COMMAND = re.compile(rf"{_PROMPTS}(!{{1,2}}|\?|%%watsonx\b|%{{1,2}}(?=\S)|%|[,;/](?=\S))")
#: The same after an assignment, whatever the target is.
_ASSIGNMENT = re.compile(r"=\s*(!{1,2}|%{1,2})")
#: A line that Python continues on the next one, apart from an assignment.
_CONTINUED = re.compile(r"[^\s=]\s*\\$")
_HELP = re.compile(r"[^\s?](\?)\??\s*$")
#: Strings and comments, in which commands do not count, and the commands in which a quote opens no
#: string.
_LITERAL = re.compile(
    rf"""
    (?P<command> ^{_PROMPTS}(?:!|%(?=\S))[^\n]* | =[^\S\n]*(?:!|%(?=\S))[^\n]*)
    | \'\'\'(?:\\.|(?!\'\'\')[^\\])*+(?:\'\'\'|\Z) | \"\"\"(?:\\.|(?!\"\"\")[^\\])*+(?:\"\"\"|\Z)
    | '(?:\\.|[^'\\\n])*+' | "(?:\\.|[^"\\\n])*+" | \#[^\n]*
    | (?P<unclosed> ['"][^\n]*)
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_EFFECTS = {
    "!": "runs a shell command",
    "!!": "runs a shell command",
    "%": "is a magic",
    "%%": "is a cell magic, which works only as the first line",
    "%%watsonx": "sends a prompt, which costs tokens and contains values of your variables",
    "?": "asks IPython for help",
    **dict.fromkeys(",;/", "makes IPython call a function"),
}
_MAX_NOTES = 5
_MAX_SHOWN_LINE = 60


class SourceCode(NamedTuple):
    """Code of an answer: one name for its language ("" if the answer gives none), and the text."""

    language: str
    text: str


class FencedBlock(NamedTuple):
    """A fenced block: its code, and the number of lines before it."""

    language: str
    text: str
    lines_before: int


class NextCell(NamedTuple):
    """The text of a cell, and what the reader should know before running it, one line each."""

    text: str
    notes: tuple[str, ...]


def fenced_blocks(text: str) -> list[FencedBlock]:
    """Return the fenced blocks of a text, as CommonMark reads them, also in lists and quotes."""
    if "```" not in text and "~~~" not in text:
        return []
    return [
        FencedBlock(_language_name(token.info), _without_partial_end(text, token), token.map[0] + 1)
        for token in _parser().parse(text)
        if token.type == "fence" and token.map is not None
    ]


def unfenced_document(text: str, *, partial: bool = False) -> str:
    """Return a cleaned `text` without the fence, if it is one block of Markdown as a whole.

    A model that is asked for a document often puts all of it into a fence. `partial` is for the
    beginning of a text; what follows such a block makes it an example again.
    """
    if not _MARKDOWN_FENCE.match(text):
        return text
    from wx_notebook.render.fences import is_markdown

    tokens = _parser().parse(text, {"partial": partial})
    is_document = len(tokens) == 1 and tokens[0].type == "fence" and is_markdown(tokens[0].info)
    return _without_partial_end(text, tokens[0]) if is_document else text


def fenced_code(text: str) -> SourceCode | None:
    """Return the code of an answer alone.

    Parameters
    ----------
    text
        An answer. It may have been cut within its code.

    Returns
    -------
    SourceCode | None
        The blocks of the language with the most lines, with an empty line between them. An answer
        without a fence is the code itself. None if there is no code at all.
    """
    text = clean_text(text)
    fenced = fenced_blocks(text)
    if not fenced:
        return SourceCode("", text.strip("\n")) if text.strip() else None
    blocks = [block for block in fenced if block.text.strip()]
    if not blocks:
        return None
    blocks = [block for block in blocks if block.language not in _NOT_CODE] or blocks
    lines: dict[str, int] = {}
    for block in blocks:
        lines[block.language] = lines.get(block.language, 0) + block.text.count("\n") + 1
    # of two languages with as many lines, the one that comes first
    language = max(lines, key=lambda language: lines[language])
    parts = [block.text.strip("\n") for block in blocks if block.language == language]
    return SourceCode(language, "\n\n".join(parts))


def runnable_code(text: str) -> SourceCode | None:
    """Return the code of a complete answer for a cell, None if it has none.

    The code of a fence is taken at its word. A text without a fence is code if it is Python and
    does something: a sentence of one word is a name for Python, too.
    """
    code = fenced_code(text)
    if code is None or code.language in _NOT_CODE:
        return None
    if not code.language and not fenced_blocks(clean_text(text)) and not _is_python(code.text):
        return None
    return code


def _is_python(text: str) -> bool:
    lines = text.split("\n")
    # what IPython runs in a shell, or as a magic, is no Python
    marks = _command_marks(lines)
    python = "\n".join(
        re.sub(r"\S.*", "pass", line) if mark.startswith(("!", "%")) else line
        for line, mark in zip(lines, marks, strict=True)
    )
    try:
        tree = ast.parse(python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return not all(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Name | ast.Constant | ast.Tuple)
        for node in tree.body
    )


def next_cell(code: SourceCode, model_id: str) -> NextCell:
    """Return code as the text of a cell; nothing is run.

    Its first line is a comment, so a cell magic further down only fails. A shell script gets its
    `%%bash` above the comment. Code in a language that the kernel does not run becomes comments.

    Parameters
    ----------
    code
        From `fenced_code`.
    model_id
        The model that wrote it. This is foreign text as well.
    """
    lines = clean_text(code.text).strip("\n").split("\n")
    comment = f"# generated by {single_line(model_id)[:100] or 'a model'}, not run"
    if code.language in _PYTHON:
        return NextCell("\n".join([comment, *lines]), _command_notes(lines))
    if magic := _MAGICS.get(code.language):
        note = f"the cell starts with {magic}: it runs a shell script"
        return NextCell("\n".join([magic, comment, *lines]), (note,))
    name = single_line(code.language)[:40]
    note = f"the code is {name}, which this kernel does not run: each line is a comment"
    return NextCell("\n".join([comment, *(f"# {line}".rstrip() for line in lines)]), (note,))


def _language_name(info: str) -> str:
    """Return one name for a language, from the text after a fence."""
    name = (info.split(maxsplit=1) or [""])[0].strip("{}.").lower()
    return _SAME.get(name, name)


def _without_partial_end(text: str, fence: Token) -> str:
    """Return the code of a fence without the beginning of an end that was cut."""
    head, _, last = fence.content.rpartition("\n")
    is_cut = not text.endswith("\n") and text.endswith(last) and last.strip()
    if is_cut and not last.strip().strip(fence.markup[0]) and len(last.strip()) < len(fence.markup):
        return head
    return fence.content


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    from wx_notebook.render.fences import install_fences

    parser = MarkdownIt("commonmark", {"maxNesting": 30})
    install_fences(parser)
    # blocks only: the content of paragraphs is not needed
    return parser.disable(["inline", "text_join", "html_block"])


def _command_notes(lines: list[str]) -> tuple[str, ...]:
    notes = [
        f"line {number} {_EFFECTS[mark]}: {_cut(line.strip())}"
        for number, (line, mark) in enumerate(zip(lines, _command_marks(lines), strict=True), 2)
        if mark
    ]
    more = len(notes) - _MAX_NOTES
    return (*notes[:_MAX_NOTES], *([f"and {more:,} more such lines"] if more > 0 else []))


def _command_marks(lines: Sequence[str]) -> Iterator[str]:
    """Yield for each line the mark that makes it a command of IPython, "" for a line of Python.

    A line of a string that looks like a command counts as one: better a note too many.
    """
    bare_lines = _LITERAL.sub(_blank_literal, "\n".join(lines)).split("\n")
    depth, is_continued = 0, False
    for line, bare in zip(lines, bare_lines, strict=True):
        match = _COMMAND.match(line)
        if (depth or is_continued) and match and _continues_python(match[1], line[match.end() :]):
            match = None
        match = match or _ASSIGNMENT.search(bare) or _HELP.search(bare)
        yield match[1] if match else ""
        depth = max(depth + sum(map(bare.count, "([{")) - sum(map(bare.count, ")]}")), 0)
        is_continued = _CONTINUED.search(bare) is not None


def _continues_python(mark: str, rest: str) -> bool:
    """Tell whether a line that continues another one is Python: a remainder, a comma."""
    return mark in (",", ";", "/") or (mark == "%" and not rest[:1].strip())


def _blank_literal(match: re.Match[str]) -> str:
    return match["command"] or match["unclosed"] or "''" + "\n" * match[0].count("\n")


def _cut(line: str) -> str:
    return line if len(line) <= _MAX_SHOWN_LINE else line[: _MAX_SHOWN_LINE - 1] + "…"
