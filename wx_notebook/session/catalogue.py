"""The models of one region: asked for when they are first needed, and kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from wx_notebook.credentials import steady_clock
from wx_notebook.errors import WatsonxError
from wx_notebook.options import DEFAULT_MODEL
from wx_notebook.service import Listing, Model, Piece, Service, default_model, listing
from wx_notebook.service.lifecycle import AVAILABLE
from wx_notebook.service.models import as_of

#: Who tries again in the background that long after it failed.
_PATIENCE_S = 60.0


class Withdrawal(NamedTuple):
    """What there is to say about a model that a region has no more."""

    told: str
    successor: str


@dataclass(frozen=True, slots=True)
class _Day:
    """A list with the stages of one day."""

    of: Listing
    today: dt.date
    everything: tuple[Model, ...]
    current: list[Model]
    by_id: dict[str, Model]


class Catalogue:
    """One region's models. What is known already is told without a request.

    Parameters
    ----------
    service
        The region's; the list needs no authorisation.
    today
        The day by which a model is deprecated or withdrawn.
    clock
        Seconds that never go backwards.
    """

    def __init__(
        self,
        service: Service,
        *,
        today: Callable[[], dt.date] = dt.date.today,
        clock: Callable[[], float] = steady_clock,
    ) -> None:
        self.endpoints = service.endpoints
        self.today = today
        self._service = service
        self._clock = clock
        self._lock = threading.Lock()
        self._day: _Day | None = None
        self._asked_at = self._failed_at = float("-inf")
        self._background: threading.Thread | None = None
        self._told: set[str] = set()

    # --- what is known -------------------------------------------------------------------------

    @property
    def everything(self) -> tuple[Model, ...]:
        """All models that are known, withdrawn ones too; none before the first request."""
        day = self._as_of_today()
        return day.everything if day is not None else ()

    @property
    def current(self) -> list[Model]:
        """Those of them that are not withdrawn."""
        day = self._as_of_today()
        return day.current if day is not None else []

    @property
    def problem(self) -> str:
        """Why the list ends early, "" where it is whole."""
        return self._day.of.problem if self._day is not None else ""

    def find(self, model_id: str) -> Model | None:
        """Return a model that is known, also a withdrawn one."""
        day = self._as_of_today()
        return day.by_id.get(model_id) if day is not None else None

    def withdrawal(self, model_id: str) -> Withdrawal | None:
        """Return since when a model is gone and what replaces it, None where nothing says so."""
        model = self.find(model_id)
        if model is None or not model.is_withdrawn:
            return None
        told = f"It was {model.outlook(self.today())}."
        return Withdrawal(told, next(iter(model.successors), ""))

    def default(self) -> str:
        """Return the model for prompts that name none."""
        return default_model(self.current)

    def why_default(self, named: str = "") -> str:
        """Return why the default is not the usual one, or that it goes; "" where all is well.

        `named` is one that the user has chosen as the default.
        """
        model = self.find(named or self.default())
        if model is None:
            return ""
        outlook = model.outlook(self.today())
        if model.model_id != DEFAULT_MODEL and not named:
            current = any(one.model_id == DEFAULT_MODEL for one in self.current)
            lacks = f"lets {DEFAULT_MODEL} go" if current else f"has no {DEFAULT_MODEL}"
            told = f"the default is {model.model_id}: {self.endpoints.place} {lacks}"
            return f"{told}, and this one is {outlook}" if outlook else told
        return f"the default, {model.model_id}, is {outlook}" if outlook else ""

    # --- asking --------------------------------------------------------------------------------

    def models(self) -> list[Model]:
        """Return the models that are not withdrawn; asked for once.

        Raises
        ------
        ServiceDown
            The list cannot be had.
        """
        self.ask()
        return self.current

    def ask(self, *, older_than_s: float = float("inf")) -> None:
        """Ask for the list unless there is one that is not older; raises as `models`."""
        with self._lock:
            now = self._clock()
            if self._day is None or now - self._asked_at > older_than_s:
                try:
                    found = listing(self._service, today=self.today())
                except WatsonxError:
                    self._failed_at = now
                    raise
                self._asked_at = now
                self._day = self._staged(found)

    def ask_in_the_background(self) -> threading.Thread | None:
        """Begin to ask, unless the list is there, on its way, or was refused just now."""
        busy = self._background is not None and self._background.is_alive()
        if self._day is not None or busy or self._clock() - self._failed_at < _PATIENCE_S:
            return None
        self._background = threading.Thread(target=self._ask_quietly, daemon=True, name="wx-models")
        self._background.start()
        return self._background

    def _ask_quietly(self) -> None:
        # whoever needs the list, asks again and is told
        with contextlib.suppress(Exception):
            self.ask()

    # --- deprecation, said once ----------------------------------------------------------------

    def noted(self, model_id: str, pieces: Iterable[Piece]) -> Iterable[Piece]:
        """Return the pieces of an answer; ahead of the first one of a deprecated model, a note.

        The note has the day and the successor. What the service says about the same with every
        answer is left out then.
        """
        model = self.find(model_id)
        is_fine = model is not None and model.stage == AVAILABLE
        return pieces if is_fine else self._noted(model_id, pieces)

    def _noted(self, model_id: str, pieces: Iterable[Piece]) -> Iterator[Piece]:
        if note := self._note_on(model_id):
            yield Piece(warnings=(note,))
        for piece in pieces:
            if piece.standing:
                yield piece._replace(standing=self._without_repeats(model_id, piece.standing))
            else:
                yield piece

    def _without_repeats(self, model_id: str, standing: tuple[str, ...]) -> tuple[str, ...]:
        others = tuple(said for said in standing if not tells_of_deprecation(said, model_id))
        if len(others) == len(standing) or model_id in self._told:
            return others
        # where the catalogue is not known yet: later the same need not be said in our words
        self._told.add(model_id)
        return standing

    def _note_on(self, model_id: str) -> str:
        model = self.find(model_id)
        if model is None or model.stage == AVAILABLE or model_id in self._told:
            return ""
        outlook = model.outlook(self.today())
        if outlook:
            self._told.add(model_id)
        return outlook and f"{model_id} is {outlook}"

    # --- the day -------------------------------------------------------------------------------

    def _as_of_today(self) -> _Day | None:
        day = self._day
        if day is not None and day.today != self.today():
            day = self._day = self._staged(day.of)
        return day

    def _staged(self, found: Listing) -> _Day:
        today = self.today()
        everything = as_of(found.models, today)
        current = [model for model in everything if not model.is_withdrawn]
        return _Day(found, today, everything, current, {m.model_id: m for m in everything})


def tells_of_deprecation(warning: str, model_id: str) -> bool:
    """Whether a service's warning says of a model that it is deprecated.

    In its words: "Model 'a/b' is in deprecated state from 2026-05-05. It will be ..."
    """
    return model_id in warning and "deprecated" in warning.lower()
