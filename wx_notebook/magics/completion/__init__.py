"""What the Tab key offers in `%%watsonx` cells and `%watsonx` lines.

A matcher of IPython's second protocol. It looks at the line of the cursor and at nothing else but
whether a `%%watsonx` stands above, is answered from what is known already, and is silent whatever
happens. A region's models are asked for in the background when they are first wanted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from wx_notebook.magics.completion.known import Known
from wx_notebook.magics.completion.lines import Found, command_line, option_line
from wx_notebook.magics.completion.names import name_in_place
from wx_notebook.magics.transformer import head_of

#: By which IPython's settings can name the matcher: `c.IPCompleter.disable_matchers`.
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
    """Put the matcher on.

    Parameters
    ----------
    aliases
        Returns the user's own names of models, and the ids that they stand for.
    """
    completer = getattr(shell, "Completer", None)
    if completer is None:
        return
    known = Known(aliases)

    @context_matcher(identifier=IDENTIFIER)
    def matcher(context: CompletionContext) -> dict[str, Any]:
        return _answer(context, shell, known)

    detach(shell)
    completer.custom_matchers.append(matcher)
    _ATTACHED[id(shell)] = matcher


def detach(shell: Any) -> None:  # noqa: ANN401
    """Take the matcher off again."""
    matcher = _ATTACHED.pop(id(shell), None)
    completer = getattr(shell, "Completer", None)
    if completer is not None and matcher in completer.custom_matchers:
        completer.custom_matchers.remove(matcher)


def _answer(context: CompletionContext, shell: Any, known: Known) -> dict[str, Any]:  # noqa: ANN401
    found = None
    try:
        # of all cells these few are ours, and no other one is to wait
        if _OURS in context.full_text:
            found = suggestions(context, shell, known)
    except Exception:  # noqa: BLE001  # an error would be printed into the middle of what is typed
        found = None
    if found is None or (found.is_file and not found.candidates):
        return {"completions": [], "suppress": False}
    completions = [SimpleCompletion(each.text, type=each.kind) for each in found.candidates]
    return {
        "completions": completions or _Nothing(),
        "matched_fragment": found.fragment,
        "ordered": True,
        # here a name of Python or a file is no answer
        "suppress": True,
    }


class _Nothing(Iterable[SimpleCompletion]):
    """No completion, which IPython takes for some.

    It asks for the length, and who has found nothing cannot keep the others from answering.
    """

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[SimpleCompletion]:
        return iter(())


def suggestions(context: CompletionContext, shell: Any, known: Known) -> Found | None:  # noqa: ANN401
    """Return what fits where the cursor is, None where that is no place of ours."""
    before = context.text_until_cursor
    head = head_of(context.full_text)
    if head is None:
        line = _LINE.fullmatch(before)
        if line is None:
            return None
        if _ASK.match(line["rest"]):
            return name_in_place(line["rest"], shell)
        return command_line(line["rest"], known)
    row = context.full_text.count("\n", 0, head.start("line"))
    if context.cursor_line == row:
        typed = before.partition(_CELL)[2]
        return option_line(typed, known) if typed[:1].isspace() else None
    if context.cursor_line < row or "--raw" in head["line"].split():
        return None
    return name_in_place(before, shell)
