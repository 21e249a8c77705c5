"""Reasoning that a model writes into its text, separated from the answer while it streams.

Some models write their reasoning into a field of its own (`reasoning_content`), others at the head
of the text, between marks (`reasoning_formats`). Where a chat template writes the opening mark, the
text has only the closing one: what came before it was reasoning, though it was taken for the answer
until then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from wx_notebook.service.reasoning_formats import (
    FIRST_MARKS,
    FORMATS,
    ReasoningFormat,
    may_begin_with_mark,
)
from wx_notebook.service.reasoning_marks import (
    first_mark,
    is_closing,
    is_spoken_of,
    needs_more,
    overlap,
)

#: Parts of the text before a mark that tell whether a sentence goes on around it.
_CONTEXT = 50
#: Invisible characters in front of an answer, such as a byte order mark.
_INVISIBLE = "\ufeff\u200b\u2060"
#: Formats whose closing mark may come though their opening mark did not, it begins with "<" or "[";
#: and those that only the first words of the answer tell.
_UNSEEN = tuple(one for one in FORMATS if one.may_open_unseen and not one.must_begin)
_UNDECIDED = tuple(one for one in FORMATS if one.must_begin)


class _State(Enum):
    HEAD = auto()
    REASONING = auto()
    BETWEEN = auto()
    FRAMED = auto()
    #: The answer has begun, or reasoning whose opening mark the chat template wrote.
    OPEN = auto()
    DONE = auto()


class Split(NamedTuple):
    """A part of the text, sorted.

    `moves_text` says that all text before was reasoning and is in `reasoning` now;
    `moved_reasoning` is reasoning that was handed out before and is in `text` now.
    """

    text: str = ""
    reasoning: str = ""
    moves_text: bool = False
    moved_reasoning: str = ""


class ReasoningSplitter:
    """Sorts the text of an answer into reasoning and answer, part by part.

    It keeps what may be the beginning of a mark until the next part.

    Parameters
    ----------
    prompt
        Returns the text of the prompt. A mark that stands there is part of the answer.
    """

    def __init__(self, prompt: Callable[[], str] = str) -> None:
        self._prompt = prompt
        self._state = _State.HEAD
        self._buffer = ""
        self._format = FORMATS[0]
        self._opening = ""
        self._frame_end = ""
        # between two blocks of reasoning
        self._gap = ""
        self._has_answer = False
        # the reasoning since the opening mark, which may turn out to be the answer
        self._unclosed: list[str] = []
        #: whether all of the text was taken for reasoning, and is the answer
        self.was_unclosed = False
        self._unseen = list(_UNSEEN)
        self._undecided = list(_UNDECIDED)
        self._begins_special = False

    @property
    def is_done(self) -> bool:
        """Whether all that follows is the answer: no text has to pass here any more."""
        return self._state is _State.DONE

    def ignores(self, text: str) -> bool:
        """Return whether a text can't hold a mark: then it need not pass here."""
        # as `_may_hold_mark`: a call for each of thousands of parts costs more than its work
        return self._state is _State.OPEN and not (
            self._buffer or self._undecided or self._begins_special or "<" in text or "[" in text
        )

    def _may_hold_mark(self, text: str) -> bool:
        """Return whether a text may hold the end of reasoning, or the beginning of that mark."""
        return "<" in text or "[" in text or self._begins_special

    def feed(self, text: str, before: Sequence[str] = ()) -> Split:
        """Return the next part of the text, sorted.

        Parameters
        ----------
        text
            It follows what was fed so far.
        before
            The parts of the answer so far.
        """
        self._buffer += text
        return self._split(before, is_last=False)

    def finish(self, before: Sequence[str] = (), *, is_whole: bool) -> Split:
        """Return what is left in the buffer when no more text comes.

        Parameters
        ----------
        before
            As in `feed`.
        is_whole
            Whether the model came to its end: reasoning that it never closed then was its answer.
        """
        handed_out = "".join(self._unclosed) if self._state is _State.REASONING else ""
        split = self._split(before, is_last=True)
        if self._state is not _State.REASONING or not is_whole:
            self._state = _State.DONE
            return split
        self._state = _State.DONE
        text = "".join(self._unclosed)
        closing = next((one for one in self._format.closes if one in text), "")
        if closing:
            # what seemed to be spoken of was the end
            thought, _, said = text.rpartition(closing)
            return Split(said.lstrip(), thought, moved_reasoning=handed_out)
        self.was_unclosed = bool(text.strip())
        opening = self._opening if self._format.is_prose else ""
        return Split(opening + text, moved_reasoning=handed_out) if self.was_unclosed else split

    def _split(self, before: Sequence[str], *, is_last: bool) -> Split:
        reasoning, moves_text = "", False
        if self._state is _State.HEAD:
            self._read_head(is_last)
        if self._state is _State.OPEN:
            moves_text, sorted_text = self._read_open(before, is_last)
            if not moves_text:
                return Split(sorted_text)
            reasoning = sorted_text
        reasoning += self._read_blocks(is_last)
        text = ""
        if self._state is _State.FRAMED:
            text = self._read_framed(is_last)
        elif self._state is _State.DONE:
            text, self._buffer = self._buffer, ""
        return Split(text, reasoning, moves_text)

    @property
    def _is_between(self) -> bool:
        return self._state is _State.BETWEEN

    def _read_blocks(self, is_last: bool) -> str:
        """Return the reasoning as far as it has come; mostly it is one block."""
        blocks = [self._read_reasoning(is_last)]
        while self._is_between and self._leave_between(is_last):
            blocks.append(self._read_reasoning(is_last))
        return "".join(blocks)

    def _read_head(self, is_last: bool) -> None:
        head = self._buffer.lstrip().lstrip(_INVISIBLE).lstrip()
        if not may_begin_with_mark(head):
            self._state = _State.OPEN
            return
        for one in FORMATS:
            for opening in one.opens:
                if head.startswith(opening) and not one.is_in(self._prompt()):
                    self._begin(one, opening, head)
                    return
            for begin, end in one.frames if one.may_be_only_framed else ():
                if head.startswith(begin) and not one.is_in(self._prompt()):
                    self._state, self._frame_end = _State.FRAMED, end
                    self._buffer = head.removeprefix(begin)
                    return
        if is_last or (head and not any(mark.startswith(head) for mark in FIRST_MARKS)):
            self._state = _State.OPEN

    def _begin(self, one: ReasoningFormat, opening: str, head: str) -> None:
        self._format, self._opening = one, opening
        self._unclosed = []
        self._state, self._buffer = _State.REASONING, head.removeprefix(opening)

    def _read_open(self, before: Sequence[str], is_last: bool) -> tuple[bool, str]:
        """Return whether a closing mark came, and all text before it; else the next text."""
        if self._undecided:
            self._decide(("".join(before) + self._buffer).lstrip())
        if not self._may_hold_mark(self._buffer):
            text, self._buffer = self._buffer, ""
            return False, text
        marks = [closing for one in self._unseen for closing in one.closes]
        start = 0
        while found := first_mark(self._buffer, marks, start):
            at, closing = found
            one = next(each for each in self._unseen if closing in each.closes)
            text = "".join(before) + self._buffer[:at]
            behind = self._buffer[at + len(closing) :]
            if not is_last and needs_more(text, behind):
                released, self._buffer = self._buffer[:at], self._buffer[at:]
                return False, released
            if is_closing(one, text, behind) and not one.is_in(self._prompt()):
                self._format = one
                self._state, self._buffer = _State.BETWEEN, behind
                return True, text.lstrip().removeprefix(one.must_begin) if one.must_begin else text
            start = at + len(closing)
        rest = self._buffer[start:]
        kept = 0 if is_last else max(overlap(rest, mark) for mark in marks)
        text = self._buffer[: len(self._buffer) - kept]
        self._buffer = self._buffer[len(text) :]
        return False, text

    def _decide(self, head: str) -> None:
        """Look for the formats that an answer with this head begins like."""
        self._unseen += [one for one in self._undecided if head.startswith(one.must_begin)]
        self._begins_special = any(one.must_begin for one in self._unseen)
        self._undecided = [one for one in self._undecided if one.must_begin[:-1].startswith(head)]

    def _read_reasoning(self, is_last: bool) -> str:
        if self._state is not _State.REASONING:
            return ""
        start = 0
        while found := first_mark(self._buffer, self._format.closes, start):
            at, closing = found
            reasoning, behind = self._buffer[:at], self._buffer[at + len(closing) :]
            said = "".join(self._unclosed[-_CONTEXT:]) + reasoning
            is_tag = closing[1:2] == "/" and bool(said.strip())
            if is_tag and not is_last and needs_more(said, behind):
                return self._release(at)
            if not (is_tag and is_spoken_of(said, behind)):
                self._buffer, self._state = behind, _State.BETWEEN
                return self._next_reasoning(reasoning)
            start = at + len(closing)
        rest = self._buffer[start:]
        kept = 0 if is_last else max(overlap(rest, mark) for mark in self._format.closes)
        return self._release(len(self._buffer) - kept)

    def _release(self, end: int) -> str:
        reasoning, self._buffer = self._buffer[:end], self._buffer[end:]
        return self._next_reasoning(reasoning)

    def _next_reasoning(self, reasoning: str) -> str:
        if reasoning:
            self._unclosed.append(reasoning)
            reasoning, self._gap = self._gap + reasoning, ""
        return reasoning

    def _leave_between(self, is_last: bool) -> bool:
        """Go on to what follows the reasoning, if it is clear by now; return whether it is."""
        # the blanks between the two belong to neither
        self._buffer = self._buffer.lstrip()
        for opening in self._format.opens:
            if self._buffer.startswith(opening):
                self._begin(self._format, opening, self._buffer)
                self._gap = "\n\n"
                return True
        for begin, end in self._format.frames:
            if self._buffer.startswith(begin) and begin not in self._prompt():
                self._state, self._frame_end = _State.FRAMED, end
                self._buffer = self._buffer.removeprefix(begin)
                return True
        marks = (*self._format.opens, *(begin for begin, _ in self._format.frames))
        if is_last or not any(mark.startswith(self._buffer) for mark in marks):
            self._state = _State.DONE
            return True
        return False

    def _read_framed(self, is_last: bool) -> str:
        if not self._has_answer:
            self._buffer = self._buffer.lstrip("\n")
        # the end of the frame, or what may become it, with the blanks before it
        kept = self._buffer.rstrip()
        has_ended = kept.endswith(self._frame_end)
        if has_ended:
            kept = kept.removesuffix(self._frame_end).rstrip()
        else:
            kept = self._buffer[: len(self._buffer) - overlap(self._buffer, self._frame_end)]
            kept = kept.rstrip()
        answer, self._buffer = kept, self._buffer[len(kept) :]
        self._has_answer = self._has_answer or bool(answer)
        if is_last:
            answer += "" if has_ended else self._buffer
            self._buffer = ""
        return answer
