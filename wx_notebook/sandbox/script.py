"""What is answered next: the texts that a test queued, else the small writer's."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from wx_notebook.sandbox import pieces, writer
from wx_notebook.sandbox.prompts import Prompt


class Script:
    """A queue of answers, each of which the next prompt takes; made for many threads."""

    def __init__(self) -> None:
        self._queue: deque[list[str]] = deque()
        self._lock = threading.Lock()

    def say(self, answers: Iterable[list[str]]) -> None:
        """Queue answers, each a list of pieces."""
        with self._lock:
            self._queue.extend(answers)

    def answer(self, prompt: Prompt) -> list[str]:
        """Return the pieces of the answer to `prompt`, before any limit is applied."""
        with self._lock:
            if self._queue:
                return self._queue.popleft()
        return pieces.cut(writer.write(prompt))
