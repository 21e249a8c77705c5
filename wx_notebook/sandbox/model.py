"""What the catalogue knows of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TASKS = (
    "question_answering",
    "summarization",
    "retrieval_augmented_generation",
    "classification",
    "generation",
    "extraction",
)


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    Attributes
    ----------
    context, longest_output
        In tokens; 0 where the model has none.
    lifecycle
        Stage and the day it began or begins, oldest first; the last that has come is current.
    dimension
        Length of an embedding.
    behind
        The model of an upstream that answers in its place, "" where none does.
    thinks
        Where it thinks when asked to: in a "field" of its own, or in "tags" within the text; "" for
        one that does not.
    """

    model_id: str
    label: str
    provider: str
    about: str
    functions: tuple[str, ...]
    context: int
    longest_output: int
    parameters: str
    tier: str
    lifecycle: tuple[tuple[str, str], ...]
    tasks: tuple[str, ...] = TASKS
    successor: str = ""
    version: str = ""
    dimension: int = 0
    behind: str = ""
    thinks: Literal["", "field", "tags"] = ""

    @property
    def what_answers(self) -> str:
        """A sentence about what is behind its entry in a list."""
        if self.behind:
            return f"In this sandbox {self.behind!r} of another server answers."
        return "In this sandbox no model is behind the entry."

    def stage(self, today: str) -> str:
        """Return the stage of its life on the day `today`, written 2026-09-21."""
        come = [stage for stage, since in self.lifecycle if since <= today]
        return come[-1] if come else self.lifecycle[0][0]
