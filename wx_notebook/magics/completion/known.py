"""What is known already of models, profiles and regions, for who completes a line.

Nothing here waits: a list that is not there yet is asked for by a thread, and is there at the next
Tab. Without a session and without a region that somebody has named, nobody is asked.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from wx_notebook.options import DEFAULT_MODEL

if TYPE_CHECKING:
    from wx_notebook.magics.completion.lines import Candidate
    from wx_notebook.service import Model
    from wx_notebook.session.catalogue import Catalogue

#: Where to ask is looked up again after that long: somebody may have named a region since.
_PATIENCE_S = 60.0


class Known:
    """What can be listed at once.

    Parameters
    ----------
    aliases
        Returns the user's own names of models, and the ids that they stand for.
    clock
        Seconds that never go backwards.
    """

    def __init__(
        self,
        aliases: Callable[[], Mapping[str, str]] = dict,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._aliases = aliases
        self._clock = clock
        self._around: Catalogue | None = None
        self._looked_at = float("-inf")
        #: the thread that looks, for a test to wait for
        self.looking: threading.Thread | None = None

    def values(self, what: str, fragment: str) -> Iterator[Candidate]:
        """Yield what there is of a kind, as far as it fits what is typed.

        A part of a model's name does: nobody begins with the name of its provider.
        """
        from wx_notebook.magics.completion.lines import Candidate

        low = fragment.lower()
        found = [each for each in self._all(what) if low in each.text.lower()]
        # what begins so, then what begins so behind a "/", then the rest; each as it stood
        found.sort(key=lambda each: _rank(each.text.lower(), low))
        return (Candidate(each.text, each.kind) for each in found)

    def _all(self, what: str) -> Iterator[_Value]:
        if what == "models":
            yield from (_Value(alias, "variable") for alias in self._aliases())
            known = self._models()
            current = [model for model in known if _answers(model)]
            current.sort(key=lambda model: (model.stage != "available", not model.can_chat))
            names = [model.model_id for model in current] if known else [DEFAULT_MODEL]
            yield from (_Value(name, "keyword") for name in names)
        elif what == "all models":
            yield from (_Value(model.model_id, "keyword") for model in self._models())
        elif what == "profiles":
            from wx_notebook import settings

            yield from (_Value(name, "variable") for name in settings.profiles())
        elif what == "regions":
            from wx_notebook.credentials.regions import REGIONS

            yield from (_Value(region.region_id, "keyword") for region in REGIONS)
        elif what == "abilities":
            from wx_notebook.options import ABILITIES

            yield from (_Value(ability, "keyword") for ability in ABILITIES)

    def _models(self) -> list[Model]:
        """Return the models that are known now, and see to it that there are some later."""
        from wx_notebook.session import current

        held = current()
        if held is not None:
            self.looking = held.catalogue.ask_in_the_background() or self.looking
            return held.catalogue.current
        busy = self.looking is not None and self.looking.is_alive()
        if not busy and self._clock() - self._looked_at > _PATIENCE_S:
            self._looked_at = self._clock()
            self.looking = threading.Thread(target=self._look, daemon=True, name="wx-models")
            self.looking.start()
        return self._around.current if self._around is not None else []

    def _look(self) -> None:
        # here, and not while somebody types: this brings the HTTP library along
        with contextlib.suppress(Exception):
            from wx_notebook.session.places import PLACES
            from wx_notebook.session.twin import environment

            self._around = None
            self._around = PLACES.place(None, environment()).catalogue
            self._around.ask()


class _Value(NamedTuple):
    text: str
    kind: str


def _answers(model: Model) -> bool:
    return model.can_chat or "text_generation" in model.functions


def _rank(text: str, low: str) -> int:
    if text.startswith(low):
        return 0
    return 1 if text.rpartition("/")[2].startswith(low) else 2
