"""Footnotes: ``word[^1]`` and ``[^1]: the note``, drawn as numbers and a list at the end.

They have neither ids nor links: two answers on a page would share them, and a model could choose
them. (Of `mdit-py-plugins` 0.7.0: its footnotes write ids, take quadratic time for ``[^`` repeated,
and drop a note that nothing refers to, which was paid for; its tasklists write form fields; its
amsmath finds no environment within a paragraph. So little would be left of them.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it.token import Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.utils import EnvType

_MAX_LABEL = 100
_REFERENCE = re.compile(rf"\[\^([^\]\s]{{1,{_MAX_LABEL}}})\]")
_DEFINITION = re.compile(rf"{_REFERENCE.pattern}:[ \t]*")
#: How far the text of a note is set in: a paragraph with so many blanks belongs to it.
_INDENT = 4


def install_footnotes(markdown: MarkdownIt) -> None:
    """Make the parser read footnotes, and put the notes behind the text."""
    alternatives = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("reference", "footnote", _read_note, {"alt": alternatives})
    markdown.inline.ruler.after("image", "footnote_reference", _read_reference)
    markdown.core.ruler.after("inline", "footnotes", _move_notes)
    markdown.add_render_rule("footnote_reference", _draw_reference)


def _read_note(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if state.is_code_block(start_line):
        return False
    start = state.bMarks[start_line] + state.tShift[start_line]
    match = _DEFINITION.match(state.src, start, state.eMarks[start_line])
    if match is None:
        return False
    if silent:
        return True
    label = match[1].casefold()
    state.env.setdefault("noted", set()).add(label)
    state.push("footnote_open", "", 1).meta = {"label": label}
    kept = (
        state.bMarks[start_line], state.tShift[start_line], state.sCount[start_line], state.tight,
    )  # fmt: skip
    state.blkIndent += _INDENT
    state.bMarks[start_line], state.tShift[start_line] = match.end(), 0
    state.sCount[start_line] = state.blkIndent
    state.md.block.tokenize(state, start_line, end_line)
    state.blkIndent -= _INDENT
    (
        state.bMarks[start_line], state.tShift[start_line], state.sCount[start_line], state.tight,
    ) = kept  # fmt: skip
    state.push("footnote_close", "", -1)
    return True


def _read_reference(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("[^", state.pos):
        return False
    match = _REFERENCE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    label = match[1].casefold()
    is_noted = label in state.env.get("noted", ())
    if not is_noted and not state.env.get("partial"):
        return False
    if not silent:
        numbers = state.env.setdefault("numbers", {})
        number = str(numbers.setdefault(label, len(numbers) + 1))
        token = state.push("footnote_reference", "sup", 0)
        # While the note still arrives, a number is shown only if the text has it, too: without a
        # note, the reference will be shown as it was typed.
        token.content = f"[{number}]" if is_noted or label == number else ""
    state.pos = match.end()
    return True


def _move_notes(state: StateCore) -> None:
    """Put the notes behind the text: by their numbers, and then those that nothing refers to."""
    if not state.env.get("noted"):
        return
    text: list[Token] = []
    notes: dict[str, list[Token]] = {}
    inside: list[list[Token]] = [text]
    for token in state.tokens:
        if token.type == "footnote_open":
            inside.append(notes.setdefault(str(token.meta["label"]), []))
        elif token.type == "footnote_close":
            inside.pop()
        else:
            inside[-1].append(token)
    labels = list(state.env.get("numbers", {}))
    if state.env.get("partial"):
        # the list counts for itself: those behind a note that still arrives would be misnumbered
        missing = next((at for at, label in enumerate(labels) if label not in notes), len(labels))
        labels = labels[:missing]
    else:
        labels += [label for label in notes if label not in labels]
    state.tokens = text + _list_of([notes[label] for label in labels])


def _list_of(notes: list[list[Token]]) -> list[Token]:
    if not notes:
        return []
    tokens = [Token("hr", "hr", 0, block=True), Token("ordered_list_open", "ol", 1, block=True)]
    for note in notes:
        if [token.type for token in note] == ["paragraph_open", "inline", "paragraph_close"]:
            note[0].hidden = note[2].hidden = True
        opener = Token("list_item_open", "li", 1, block=True)
        tokens += [opener, *note, Token("list_item_close", "li", -1, block=True)]
    return [*tokens, Token("ordered_list_close", "ol", -1, block=True)]


def _draw_reference(
    _: object, tokens: Sequence[Token], index: int, __: object, ___: EnvType
) -> str:
    return f"<sup>{tokens[index].content}</sup>" if tokens[index].content else ""
