"""What is answered next: the texts that a test queued, else the small writer's."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from wx_notebook.sandbox import pieces, shapes, thinking, writer
from wx_notebook.sandbox.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Said:
    """An answer before any limit is applied: text, or the arguments of a call, in pieces.

    Attributes
    ----------
    is_queued
        A test said it, word for word; it need not tell that no model was asked.
    thinking
        What comes before it in a chat, in pieces as well.
    """

    pieces: list[str]
    call: shapes.ToolCall | None = None
    is_queued: bool = False
    thinking: tuple[str, ...] = ()


class Script:
    """A queue of answers, each of which the next prompt takes; made for many threads."""

    def __init__(self) -> None:
        self._queue: deque[Said] = deque()
        self._lock = threading.Lock()

    def say(self, answers: Iterable[list[str]], thinking: str = "") -> None:
        """Queue answers, each a list of pieces, with what is thought before each."""
        thought = tuple(pieces.cut(thinking))
        with self._lock:
            self._queue.extend(Said(each, is_queued=True, thinking=thought) for each in answers)

    def answer(self, prompt: Prompt, anchor: str) -> Said:
        """Return the answer to `prompt`, before any limit is applied.

        Raises
        ------
        Refused
            400: the prompt asks for a shape that the small writer cannot give.
        """
        with self._lock:
            if self._queue:
                said = self._queue.popleft()
                return said if said.thinking else replace(said, thinking=_thought(prompt))
        # what a tool has returned is answered in words, or no agent would ever come to its end
        may_call = prompt.turns[-1].role != "tool" or prompt.shape.must_call
        call = shapes.called(prompt.shape, prompt.turns[-1].text, anchor) if may_call else None
        if call:
            return Said(shapes.cut(call), call, thinking=_thought(prompt))
        text = shapes.written(prompt.shape, anchor)
        text = writer.write(prompt) if text is None else text
        if prompt.thinking and prompt.model.thinks == "tags":
            thought = thinking.thoughts(prompt.thinking)
            text = f"<think>{thought}</think><response>{text}</response>"
        return Said(pieces.cut(text), thinking=_thought(prompt))


def _thought(prompt: Prompt) -> tuple[str, ...]:
    """Return what is thought in a field of its own."""
    amount = prompt.thinking if prompt.model.thinks == "field" else 0
    return tuple(pieces.cut(thinking.thoughts(amount)))
