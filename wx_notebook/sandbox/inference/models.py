"""The models that the sandbox offers, and how they are looked up."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, Protocol

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
    """One model of the catalogue.

    Attributes
    ----------
    context, longest_output
        In tokens; 0 for a model without such a limit.
    lifecycle
        Stage and the day on which it begins, oldest first; the last one that has begun is current.
    dimension
        Length of an embedding.
    upstream_name
        The model of an upstream that answers in its place; "" without one.
    reasons
        Where it writes its reasoning when asked to: in a "field" of its own, or in "tags" within
        the text; "" for a model that does not reason.
    """

    model_id: str
    provider: str
    about: str
    functions: tuple[str, ...]
    context: int
    tier: str
    lifecycle: tuple[tuple[str, str], ...]
    longest_output: int = 0
    parameters: str = ""
    tasks: tuple[str, ...] = TASKS
    successor: str = ""
    version: str = ""
    dimension: int = 0
    upstream_name: str = ""
    reasons: Literal["", "field", "tags"] = ""

    @property
    def label(self) -> str:
        """The id without its provider."""
        return self.model_id.rpartition("/")[2]

    @property
    def origin(self) -> str:
        """A sentence about what answers for it."""
        if self.upstream_name:
            return f"In this sandbox {self.upstream_name!r} of another server answers."
        return "In this sandbox no model is behind the entry."

    def stage(self, today: str) -> str:
        """Return its stage of life on the day `today`, written 2026-09-21."""
        begun = [stage for stage, since in self.lifecycle if since <= today]
        return begun[-1] if begun else self.lifecycle[0][0]


def _from_table(table: dict[str, Any]) -> Model:
    tasks = (*table.pop("tasks", TASKS), *table.pop("extra_tasks", ()))
    lifecycle = tuple(table.pop("lifecycle").items())
    functions = tuple(table.pop("functions"))
    return Model(functions=functions, lifecycle=lifecycle, tasks=tasks, **table)


#: Facts about real models; their sources stand in the file.
MODELS = tuple(
    _from_table(table)
    for table in tomllib.loads(files(__package__).joinpath("models.toml").read_text("utf-8"))[
        "model"
    ]
)
BY_ID = {model.model_id: model for model in MODELS}
#: Models that turn text into numbers: vectors, or the rank of a passage.
ENCODERS = {model.model_id: model for model in MODELS if not model.longest_output}


class ModelLibrary(Protocol):
    """The models of one sandbox."""

    @property
    def about(self) -> str:
        """A sentence about what answers prompts."""

    async def refresh(self) -> None:
        """Bring the list of models up to date, before anything else is called."""

    def models(self) -> Sequence[Model]:
        """Return all of them, in the order of the catalogue."""

    def find(self, model_id: str) -> Model | None:
        """Return the model of that name."""

    def hint(self, model_id: str) -> str:
        """Return sentences that help with a name that `find` does not know; "" without any."""


class LocalModels:
    """The catalogue of real models, without any model behind it."""

    about = "No model is behind it."

    async def refresh(self) -> None:
        """Do nothing: the list never changes."""

    def models(self) -> Sequence[Model]:
        """Return all of them."""
        return MODELS

    def find(self, model_id: str) -> Model | None:
        """Return the model of that name."""
        return BY_ID.get(model_id)

    def hint(self, model_id: str) -> str:
        """Return the names that are near."""
        return near_names(model_id, BY_ID)


LOCAL_MODELS = LocalModels()


def near_names(name: str, names: Iterable[str]) -> str:
    """Return a sentence with those of `names` that are like `name`, "" without any."""
    by_lower = {each.lower(): each for each in names}
    near = difflib.get_close_matches(name.lower()[:200], by_lower, 3)
    return f" Did you mean {' or '.join(repr(by_lower[each]) for each in near)}?" if near else ""
