"""What the Tab key offers in `%%watsonx` cells and `%watsonx` lines.

A matcher of IPython's second protocol. It reads the line of the cursor, and above it only whether a
`%%watsonx` stands there. It answers from what is known already and never raises. The models of a
region are requested in the background when they are first wanted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from wx_notebook.magics.completion.lines import complete_command, complete_options, complete_text
from wx_notebook.magics.completion.placeholders import complete_placeholder
from wx_notebook.magics.completion.values import Suggestions, ValueLists
from wx_notebook.magics.transformer import head_of

#: The name of the matcher in IPython's settings: `c.IPCompleter.disable_matchers`.
IDENTIFIER = "wx_notebook"
_OURS = "watsonx"
_CELL = "%%watsonx"
_LINE = re.compile(r"[ \t]*(?:[^\W\d]\w*[ \t]*=[ \t]*)?%watsonx[ \t]+(?P<rest>.*)")
_ASK = re.compile(r"ask[ \t]")
_ATTACHED: dict[int, Callable[[CompletionContext], dict[str, Any]]] = {}


def attach(
    shell: Any,  # noqa: ANN401  # IPython's InteractiveShell
    aliases: Callable[[], Mapping[str, str]] = dict,
) -> None:
    """Add the matcher to a shell's completer.

    Parameters
    ----------
    aliases
        Returns the user's own names of models, and the ids that they stand for.
    """
    completer = getattr(shell, "Completer", None)
    if completer is None:
        return
    lists = ValueLists(aliases, names=lambda: dict(shell.user_ns))

    @context_matcher(identifier=IDENTIFIER)
    def matcher(context: CompletionContext) -> dict[str, Any]:
        return _answer(context, shell, lists)

    detach(shell)
    completer.custom_matchers.append(matcher)
    _ATTACHED[id(shell)] = matcher


def detach(shell: Any) -> None:  # noqa: ANN401
    """Take the matcher off again."""
    matcher = _ATTACHED.pop(id(shell), None)
    completer = getattr(shell, "Completer", None)
    if completer is not None and matcher in completer.custom_matchers:
        completer.custom_matchers.remove(matcher)


def _answer(context: CompletionContext, shell: Any, lists: ValueLists) -> dict[str, Any]:  # noqa: ANN401
    suggestions = None
    try:
        # most cells are not ours, and none of those is to wait
        if _OURS in context.full_text:
            suggestions = suggest(context, shell, lists)
    except Exception:  # noqa: BLE001  # an error would be printed into the middle of the typed text
        suggestions = None
    if suggestions is None or (suggestions.is_file and not suggestions.candidates):
        return {"completions": [], "suppress": False}
    completions = [SimpleCompletion(each.text, type=each.kind) for each in suggestions.candidates]
    return {
        "completions": completions or _NoCompletions(),
        "matched_fragment": suggestions.fragment,
        "ordered": True,
        # a name of Python or a file would be wrong here
        "suppress": True,
    }


class _NoCompletions(Iterable[SimpleCompletion]):
    """No completion, in a form that IPython counts as one.

    IPython asks for the length, and a matcher without results cannot suppress the other matchers.
    """

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[SimpleCompletion]:
        return iter(())


def suggest(context: CompletionContext, shell: Any, lists: ValueLists) -> Suggestions | None:  # noqa: ANN401
    """Return what fits at the cursor, None if the place is not ours."""
    before = context.text_until_cursor
    head = head_of(context.full_text)
    if head is None:
        line = _LINE.fullmatch(before)
        if line is None:
            return None
        if (ask := _ASK.match(line["rest"])) is not None:
            typed = line["rest"][ask.end() :]
            return complete_placeholder(typed, shell) or complete_text(typed, lists)
        return complete_command(line["rest"], lists)
    row = context.full_text.count("\n", 0, head.start("line"))
    if context.cursor_line == row:
        typed = before.partition(_CELL)[2]
        return complete_options(typed, lists) if typed[:1].isspace() else None
    if context.cursor_line < row:
        return None
    # the prompt itself is text: no name of Python fits there
    is_raw = "--raw" in head["line"].split()
    return (None if is_raw else complete_placeholder(before, shell)) or Suggestions("", [])
