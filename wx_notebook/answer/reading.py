"""An answer's text as a value: what a schema makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from wx_notebook.answer.calls import ToolCall
from wx_notebook.answer.notes import refusal_note
from wx_notebook.errors import SchemaMismatch

_LONGEST_TITLE = 60


class Reading(NamedTuple):
    """What a schema makes of a text.

    Attributes
    ----------
    value
        The value, of the user's type; None where there is a fault.
    json
        The same as JSON has it, to be shown.
    notes
        What was mended for it, one line each.
    fault
        Why the text is no such value, "" if it is one.
    title
        What messages call the schema.
    """

    value: Any
    json: Any = None
    notes: tuple[str, ...] = ()
    fault: str = ""
    title: str = ""

    @property
    def unfit_note(self) -> str:
        """The fault as a line below the answer."""
        return f"it does not fit the schema: {self.fault}"


class SchemaReader(Protocol):
    """A schema, as answers need it."""

    def read(self, text: str, *, is_whole: bool = True) -> Reading:
        """Return the value of an answer's text, or what is wrong with it."""


class ReadableAnswer(Protocol):
    """What the error of an answer quotes of it."""

    @property
    def refusal(self) -> str:
        """Why the model does not answer."""

    @property
    def finish_reason(self) -> str:
        """Why it ended."""

    @property
    def is_whole(self) -> bool:
        """Whether the model came to its end."""

    @property
    def calls(self) -> Sequence[ToolCall]:
        """The tools that it called."""


def mismatch(
    answer: ReadableAnswer, reading: Reading, name: str, reword: Callable[[str], str] = str
) -> SchemaMismatch:
    """Return the error of an answer that is no value of its schema.

    `name` is its variable, and `reword` puts the hint into the words of who asked.
    """
    title = reading.title
    title = title if len(title) <= _LONGEST_TITLE else f"{title[:_LONGEST_TITLE]}..."
    name = name if name.isidentifier() else "wx.last()"
    if refused := refusal_note(answer.refusal):
        message = refused[:1].upper() + refused[1:]
        hint = "Change the prompt, or take another model (%watsonx models)."
    elif not answer.is_whole:
        message = f"The answer ended ('{answer.finish_reason}') before its JSON was complete."
        hint = f"Continue it with {name}.more(), or run it again with a higher --max-tokens."
    elif any(call.is_open for call in answer.calls):
        message = "The model still calls tools, so there is no value yet."
        hint = "Allow it more rounds: --max-rounds."
    else:
        message = f"The answer does not fit the schema '{title}': {reading.fault}"
        hint = f"Its text is in {name}.text."
    return SchemaMismatch(message, hint=reword(hint), answer=answer)
