"""What is answered next: the texts that a test queued, else the small writer's."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from wx_notebook.sandbox import pieces, shapes, writer
from wx_notebook.sandbox.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Said:
    """An answer before any limit is applied: text, or the arguments of a call, in pieces.

    Attributes
    ----------
    is_queued
        A test said it, word for word; it need not tell that no model was asked.
    """

    pieces: list[str]
    call: shapes.ToolCall | None = None
    is_queued: bool = False


class Script:
    """A queue of answers, each of which the next prompt takes; made for many threads."""

    def __init__(self) -> None:
        self._queue: deque[list[str]] = deque()
        self._lock = threading.Lock()

    def say(self, answers: Iterable[list[str]]) -> None:
        """Queue answers, each a list of pieces."""
        with self._lock:
            self._queue.extend(answers)

    def answer(self, prompt: Prompt, anchor: str) -> Said:
        """Return the answer to `prompt`, before any limit is applied.

        Raises
        ------
        Refused
            400: the prompt asks for a shape that the small writer cannot give.
        """
        with self._lock:
            if self._queue:
                return Said(self._queue.popleft(), is_queued=True)
        # what a tool has returned is answered in words, or no agent would ever come to its end
        may_call = prompt.turns[-1].role != "tool" or prompt.shape.must_call
        call = shapes.called(prompt.shape, prompt.turns[-1].text, anchor) if may_call else None
        if call:
            return Said(shapes.cut(call), call)
        text = shapes.written(prompt.shape, anchor)
        return Said(pieces.cut(writer.write(prompt) if text is None else text))
