"""Thinking that a model writes into its text, taken apart from the answer.

Some models think in a field of their own (`reasoning_content`), others at the head of the text,
in an element ``<think>``; Granite 3.3 then with the answer in an element ``<response>`` (a recorded
reply in the tests of IBM's Java SDK). Only what a text begins with counts: further down the same
words are part of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

from wx_notebook.errors import WatsonxError
from wx_notebook.service.pieces import Piece

_OPEN, _CLOSE = (f"<{slash}think>" for slash in ("", "/"))
_FRAME, _FRAME_END = (f"<{slash}response>" for slash in ("", "/"))
#: What may turn out to be the end of the frame, with the blanks around it.
_FRAME_ENDING = re.compile(r"\s*(?:<(?:/(?:r(?:e(?:s(?:p(?:o(?:n(?:s(?:e>?\s*)?)?)?)?)?)?)?)?)?)?$")


class _State(Enum):
    HEAD = auto()
    THINKING = auto()
    THOUGHT = auto()
    FRAMED = auto()
    PLAIN = auto()


def apart(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Yield the pieces with thinking at the head of the text moved into `reasoning`.

    Where a text begins with anything else, its pieces pass as they are.
    """
    reader = _Reader()
    failure: BaseException | None = None
    try:
        for piece in pieces:
            if reader.state is _State.PLAIN:
                yield piece
                # most answers are read here: nothing stands in their way
                yield from pieces
                return
            yield reader.read(piece) if piece.text or piece.finish_reason else piece
    except (WatsonxError, KeyboardInterrupt) as problem:
        failure = problem
    if rest := reader.rest():
        yield rest
    if failure is not None:
        raise failure


class _Reader:
    """Reads a text that comes in pieces; holds back what may be the beginning of a tag."""

    def __init__(self) -> None:
        self.state = _State.HEAD
        self._held = ""
        self._has_spoken = False

    def read(self, piece: Piece) -> Piece:
        """Return the piece with its text sorted into what was thought and what is said."""
        self._held += piece.text
        thought, said = self._sorted(bool(piece.finish_reason))
        return piece._replace(text=said, reasoning=piece.reasoning + thought)

    def rest(self) -> Piece | None:
        """Return what is still held when no more pieces come."""
        thought, said = self._sorted(True)
        return Piece(said, thought) if thought or said else None

    def _sorted(self, is_last: bool) -> tuple[str, str]:
        thought = said = ""
        if self.state is _State.HEAD:
            begin = self._held.lstrip()
            if begin.startswith(_OPEN):
                self.state, self._held = _State.THINKING, begin.removeprefix(_OPEN)
            elif is_last or not _OPEN.startswith(begin):
                return "", self._all()
        if self.state is _State.THINKING:
            thought = self._thought(is_last)
        if self.state is _State.THOUGHT:
            # the blanks between the two belong to neither
            self._held = self._held.lstrip()
            if self._held.startswith(_FRAME):
                self.state, self._held = _State.FRAMED, self._held.removeprefix(_FRAME)
            elif is_last or not _FRAME.startswith(self._held):
                said = self._all()
        if self.state is _State.FRAMED:
            said = self._framed(is_last)
        return thought, said

    def _thought(self, is_last: bool) -> str:
        thought, closed, rest = self._held.partition(_CLOSE)
        if closed:
            self.state, self._held = _State.THOUGHT, rest
            return thought
        keep = 0 if is_last else _begun(self._held, _CLOSE)
        thought = self._held[: len(self._held) - keep]
        self._held = self._held[len(thought) :]
        return thought

    def _framed(self, is_last: bool) -> str:
        if not self._has_spoken:
            self._held = self._held.lstrip("\n")
        ending = _FRAME_ENDING.search(self._held)
        end = ending.start() if ending else len(self._held)
        said, self._held = self._held[:end], self._held[end:]
        self._has_spoken = self._has_spoken or bool(said)
        if is_last:
            said += "" if _FRAME_END in self._held else self._held
            self._held = ""
        return said

    def _all(self) -> str:
        text, self._held, self.state = self._held, "", _State.PLAIN
        return text


def _begun(text: str, tag: str) -> int:
    """Return how many characters at the end of `text` may be the head of `tag`."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)
