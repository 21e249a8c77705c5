"""The turns of a conversation: the branch in use, and the branches that were replaced."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeAlias

from wx_notebook.session.process import Execution


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt of a conversation and its answer.

    Attributes
    ----------
    prompt, answer
        The two texts, as they are sent with later prompts.
    model_id, finish_reason
        Of the answer: see `Answer`.
    total_tokens
        What the service counted for the whole request and its answer; 0 if it did not count.
    system
        The system message that it was sent with, "" for none.
    cell_id
        The notebook cell that it came from, "" if the front end does not tell.
    """

    prompt: str
    answer: str
    model_id: str = ""
    finish_reason: str = ""
    total_tokens: int = 0
    system: str = ""
    cell_id: str = ""
    #: the execution of the cell: two prompts of one run are two turns
    run_id: str = field(default="", compare=False, repr=False)

    @property
    def messages(self) -> tuple[dict[str, str], dict[str, str]]:
        """Both texts as messages of the API."""
        return (
            {"role": "user", "content": self.prompt},
            {"role": "assistant", "content": self.answer},
        )


#: The turns from the first to the last one.
Branch: TypeAlias = tuple[Turn, ...]


class Turns:
    """A branch of turns that grows, and what it has replaced. Threads may use it at once.

    Running a cell again replaces its turn and those behind it. They were paid for, so the branch
    that they belong to is kept.
    """

    def __init__(self, branch: Iterable[Turn] = (), replaced: Iterable[Branch] = ()) -> None:
        self.branch: Branch = tuple(branch)
        self.replaced: tuple[Branch, ...] = tuple(replaced)
        self._lock = threading.RLock()
        #: for a turn that was updated, the forms that it had before: a file may still have them
        self._former: dict[Turn, set[Turn]] = {}

    def of_cell(self, execution: Execution) -> Turn | None:
        """Return the turn that another run of this cell made, None if there is none."""
        if not execution.cell_id:
            return None
        return next(
            (
                turn
                for turn in self.branch
                if turn.cell_id == execution.cell_id and turn.run_id != execution.run_id
            ),
            None,
        )

    def before(self, turn: Turn | None) -> Branch:
        """Return the turns before this one, or all turns."""
        at = _position(self.branch, turn)
        return self.branch if at is None else self.branch[:at]

    def add(self, turn: Turn, *, instead_of: Turn | None = None) -> None:
        """Add a turn at the end, or in the place of another one and those behind it.

        A turn that is not there any more replaces nothing.
        """
        with self._lock:
            at = _position(self.branch, instead_of)
            if at is not None:
                old, self.branch = self.branch, self.branch[:at]
                self._keep(old)
            self.branch = (*self.branch, turn)

    def update(self, turn: Turn, other: Turn) -> None:
        """Put a longer form of a turn in its place, in each branch that has it."""
        with self._lock:
            self.branch = _updated(self.branch, turn, other)
            self.replaced = tuple(_updated(branch, turn, other) for branch in self.replaced)
            former = self._former.setdefault(other, set())
            former |= {turn, *self._former.get(turn, ())}

    def merge(self, branches: Sequence[Branch]) -> None:
        """Keep branches that another process wrote, unless they are here already.

        A turn that was updated here is the same turn there, in whatever form the other one has it.
        """
        with self._lock:
            for branch in branches:
                ours = (self._beginning(branch, own) for own in (self.branch, *self.replaced))
                longest = max(ours, key=len)
                self._keep((*longest, *branch[len(longest) :]))

    def clear(self) -> None:
        """Forget all turns."""
        with self._lock:
            self.branch, self.replaced = (), ()
            self._former.clear()

    def _beginning(self, branch: Branch, own: Branch) -> Branch:
        """Return the turns of an own branch that another branch begins with."""
        # compared place by place: the same words, cut at the same place, may be another turn
        pairs = takewhile(
            lambda pair: pair[0] == pair[1] or pair[0] in self._former.get(pair[1], ()),
            zip(branch, own, strict=False),
        )
        return tuple(turn for _, turn in pairs)

    def _keep(self, branch: Branch) -> None:
        there = (self.branch, *self.replaced)
        if not any(other[: len(branch)] == branch for other in there):
            self.replaced = (*self.replaced, branch)


def _position(branch: Branch, turn: Turn | None) -> int | None:
    # by identity: the same words may have been said twice
    return next((at for at, each in enumerate(branch) if each is turn), None)


def _updated(branch: Branch, turn: Turn, other: Turn) -> Branch:
    return tuple(other if each is turn else each for each in branch)
