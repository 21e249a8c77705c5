"""The models of one region: requested when they are first needed, then kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from wx_notebook.credentials.token_source import steady_clock
from wx_notebook.errors import WatsonxError
from wx_notebook.forking import begin_anew_after_fork
from wx_notebook.options import DEFAULT_MODEL
from wx_notebook.service import Listing, Model, Service, default_model, listing
from wx_notebook.service.models import AVAILABLE, as_of

#: Seconds after a failure before a background request tries again.
_RETRY_AFTER_S = 60.0


class Withdrawal(NamedTuple):
    """A sentence about since when a model is withdrawn, and the model that replaces it."""

    sentence: str
    successor: str


@dataclass(frozen=True, slots=True)
class _Day:
    """The list of models with their stages on one day."""

    listing: Listing
    today: dt.date
    everything: tuple[Model, ...]
    current: list[Model]
    by_id: dict[str, Model]
    default: str


class Catalogue:
    """The models of one region. What is known already needs no request.

    Parameters
    ----------
    service
        The service of the region; the list needs no authorisation.
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
        #: Whether the default model was looked up in it.
        self.was_needed = False
        self._service = service
        self._clock = clock
        self._day: _Day | None = None
        self._loaded_at = self._failed_at = float("-inf")
        self._noted: set[str] = set()
        self.begin_in_forked_child()
        begin_anew_after_fork(self)

    def begin_in_forked_child(self) -> None:
        """Start without the request that is under way in the parent."""
        self._lock = threading.Lock()
        self._background: threading.Thread | None = None

    # --- what is known -------------------------------------------------------------------------

    @property
    def everything(self) -> tuple[Model, ...]:
        """All known models, also withdrawn ones; empty before the first request."""
        day = self._as_of_today()
        return day.everything if day is not None else ()

    @property
    def current(self) -> list[Model]:
        """The known models that are not withdrawn."""
        day = self._as_of_today()
        return day.current if day is not None else []

    @property
    def problem(self) -> str:
        """Why the list is incomplete, "" if it is complete."""
        return self._day.listing.problem if self._day is not None else ""

    def find(self, model_id: str) -> Model | None:
        """Return a known model, also a withdrawn one, or None."""
        day = self._as_of_today()
        return day.by_id.get(model_id) if day is not None else None

    def withdrawal(self, model_id: str) -> Withdrawal | None:
        """Return the withdrawal of a model, None if it is not known to be withdrawn."""
        model = self.find(model_id)
        if model is None or not model.is_withdrawn:
            return None
        sentence = f"It was {model.outlook(self.today())}."
        # what replaces it may be gone by now, too
        known = [(name, self.find(name)) for name in model.successors]
        current = [name for name, one in known if one is None or not one.is_withdrawn]
        return Withdrawal(sentence, next(iter(current), ""))

    def default(self) -> str:
        """Return the model for prompts that do not name one."""
        day = self._as_of_today()
        return day.default if day is not None else default_model(())

    def why_default(self, named: str = "") -> str:
        """Return why the default is not the usual model, or when it ends; "" if neither applies.

        `named` is the default that the user chose, if any.
        """
        model = self.find(named or self.default())
        if model is None:
            return ""
        outlook = model.outlook(self.today())
        if model.model_id != DEFAULT_MODEL and not named:
            current = any(one.model_id == DEFAULT_MODEL for one in self.current)
            lacks = f"lets {DEFAULT_MODEL} go" if current else f"has no {DEFAULT_MODEL}"
            reason = f"the default is {model.model_id}: {self.endpoints.place} {lacks}"
            return f"{reason}, and this one is {outlook}" if outlook else reason
        return f"the default, {model.model_id}, is {outlook}" if outlook else ""

    # --- requests ------------------------------------------------------------------------------

    def models(self) -> list[Model]:
        """Return the models that are not withdrawn; requested once.

        Raises
        ------
        ServiceDown
            The list cannot be loaded.
        """
        self.load()
        return self.current

    def load(self, *, max_age_s: float = float("inf")) -> None:
        """Load the list, unless it was loaded within `max_age_s`; raises as `models`."""
        with self._lock:
            now = self._clock()
            if self._day is None or now - self._loaded_at > max_age_s:
                try:
                    models = listing(self._service, today=self.today())
                except WatsonxError:
                    self._failed_at = now
                    raise
                self._loaded_at = now
                self._day = self._snapshot(models)

    def load_in_background(self) -> threading.Thread | None:
        """Start to load the list, unless it is there, being loaded, or failed a moment ago."""
        busy = self._background is not None and self._background.is_alive()
        if self._day is not None or busy or self._clock() - self._failed_at < _RETRY_AFTER_S:
            return None
        self._background = threading.Thread(
            target=self._load_quietly, daemon=True, name="wx-models"
        )
        self._background.start()
        return self._background

    def _load_quietly(self) -> None:
        # code that needs the list loads it again and gets the error
        with contextlib.suppress(Exception):
            self.load()

    # --- deprecation, noted once ---------------------------------------------------------------

    def deprecation_note(self, model_id: str) -> str:
        """Return when a deprecated model ends and what replaces it, only once; else ""."""
        model = self.find(model_id)
        if model is None or model.stage == AVAILABLE or model_id in self._noted:
            return ""
        outlook = model.outlook(self.today())
        if outlook:
            self._noted.add(model_id)
        return outlook and f"{model_id} is {outlook}"

    def repeats(self, model_id: str, warning: str) -> bool:
        """Return whether a warning of the service repeats what was noted about a model."""
        model = self.find(model_id)
        is_fine = model is not None and model.stage == AVAILABLE
        if is_fine or not is_deprecation_warning(warning, model_id):
            return False
        if model_id in self._noted:
            return True
        # the list of models is not known yet: the warning replaces our own note
        self._noted.add(model_id)
        return False

    # --- the day -------------------------------------------------------------------------------

    def _as_of_today(self) -> _Day | None:
        day = self._day
        if day is not None and day.today != self.today():
            day = self._day = self._snapshot(day.listing)
        return day

    def _snapshot(self, models: Listing) -> _Day:
        today = self.today()
        everything = as_of(models.models, today)
        current = [model for model in everything if not model.is_withdrawn]
        by_id = {model.model_id: model for model in everything}
        return _Day(models, today, everything, current, by_id, default_model(current))


def is_deprecation_warning(warning: str, model_id: str) -> bool:
    """Whether a warning of the service says that a model is deprecated.

    For example: "Model 'a/b' is in deprecated state from 2026-05-05. It will be ..."
    """
    return model_id in warning and "deprecated" in warning.lower()
