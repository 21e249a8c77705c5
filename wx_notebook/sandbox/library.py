"""Which models there are to ask, and by which name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Protocol

from wx_notebook.sandbox.model import Model
from wx_notebook.sandbox.models import BY_ID, MODELS


class Library(Protocol):
    """The models of one sandbox."""

    @property
    def about(self) -> str:
        """What is behind them, in a sentence."""

    def models(self) -> Sequence[Model]:
        """Return all of them, in the order of the catalogue."""

    def find(self, model_id: str) -> Model | None:
        """Return the model of that name."""

    def missing(self, model_id: str) -> str:
        """Return what is to be said of a name that `find` does not know, beside that."""


class Shelf:
    """Real models, of which none is here."""

    about = "No model is behind it."

    def models(self) -> Sequence[Model]:
        """Return all of them."""
        return MODELS

    def find(self, model_id: str) -> Model | None:
        """Return the model of that name."""
        return BY_ID.get(model_id)

    def missing(self, model_id: str) -> str:
        """Return the names that are near."""
        return near(model_id, BY_ID)


SHELF = Shelf()


def near(name: str, names: Iterable[str]) -> str:
    """Return a sentence with those of `names` that are like `name`, "" without any."""
    by_lower = {each.lower(): each for each in names}
    found = difflib.get_close_matches(name.lower()[:200], by_lower, 3)
    return f" Did you mean {' or '.join(repr(by_lower[each]) for each in found)}?" if found else ""
