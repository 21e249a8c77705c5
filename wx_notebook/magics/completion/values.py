"""What completion can list: models, profiles, regions, capabilities.

Nothing here waits: a list of models that is not there yet is requested by a thread, and offered at
the next Tab. Without a session and without a region in the settings, no request is made.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from wx_notebook import settings
from wx_notebook.credentials.regions import REGIONS
from wx_notebook.errors import BadOption
from wx_notebook.options import CAPABILITIES, DEFAULT_MODEL
from wx_notebook.session import current_session
from wx_notebook.session.current import is_logged_out
from wx_notebook.session.process import environment

if TYPE_CHECKING:
    from wx_notebook.service import Model
    from wx_notebook.session.catalogue import Catalogue

#: The settings are read again after so many seconds: the user may have set a region since.
_PATIENCE_S = 60.0
#: What classes with typed fields, or with members, have.
_SCHEMA_MARKS = ("__dataclass_fields__", "__required_keys__", "__members__", "model_json_schema",
                 "parse_obj")  # fmt: skip
_CHAT_ACTIONS = ("show", "fork", "clear", "export", "import")


class Candidate(NamedTuple):
    """A text that fits, and its kind, which front ends show as an icon."""

    text: str
    kind: str


class Suggestions(NamedTuple):
    """What can replace the last `fragment` of the line."""

    fragment: str
    candidates: list[Candidate]
    #: the fragment may be the name of a file, which IPython completes
    is_file: bool = False


class ValueLists:
    """Lists of values that are available at once.

    Parameters
    ----------
    aliases
        Returns the user's own names of models, and the ids that they stand for.
    names
        Returns the variables of the notebook.
    clock
        Seconds that never go backwards.
    """

    def __init__(
        self,
        aliases: Callable[[], Mapping[str, str]] = dict,
        *,
        names: Callable[[], Mapping[str, Any]] = dict,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._aliases = aliases
        self._names = names
        self._clock = clock
        self._catalogue: Catalogue | None = None
        self._requested_at = float("-inf")
        #: the thread that requests models, for a test to wait for
        self.thread: threading.Thread | None = None

    def matching(self, name: str, fragment: str) -> Iterator[Candidate]:
        """Yield the values of a list that contain what is typed.

        A part of a model's name is enough, because nobody types the name of its provider first.
        """
        low = fragment.lower()
        values = [each for each in self._values(name) if low in each.text.lower()]
        # first what begins with the fragment, then what has it behind a "/", then the rest
        values.sort(key=lambda each: _rank(each.text.lower(), low))
        return iter(values)

    def _values(self, name: str) -> Iterator[Candidate]:
        words: Iterable[str] = ()
        kind = "keyword"
        match name:
            case "models":
                yield from (Candidate(alias, "variable") for alias in self._aliases())
                words = self._prompt_models() or [DEFAULT_MODEL]
            case "all models":
                words = (model.model_id for model in self._models())
            case "pictures" | "functions" | "schemas":
                words, kind = self._objects(name), "variable"
            case "chats":
                from wx_notebook.chats.registry import chat_names

                words, kind = filter(None, chat_names()), "variable"
            case "chat actions":
                words = _CHAT_ACTIONS
            case "profiles":
                words, kind = settings.profiles(), "variable"
            case "regions":
                words = (region.region_id for region in REGIONS)
            case "capabilities":
                words = CAPABILITIES
        yield from (Candidate(word, kind) for word in words)

    def _objects(self, kind: str) -> Iterator[str]:
        """Yield the names of the notebook's pictures, functions or schemas."""
        from wx_notebook.templates.pictures import is_picture_class

        fits = {
            "pictures": is_picture_class, "functions": _is_own_function, "schemas": _is_schema
        }[kind]  # fmt: skip
        for name, value in self._names().items():
            if name[:1] != "_" and fits(value):
                yield name
        if kind == "functions":
            with contextlib.suppress(BadOption):
                yield from (f"mcp:{name}" for name in settings.mcp_servers())

    def _prompt_models(self) -> list[str]:
        """Return the models that answer prompts, the best first."""
        models = [
            model
            for model in self._models()
            if model.can_chat or "text_generation" in model.functions
        ]
        models.sort(key=lambda model: (model.stage != "available", not model.can_chat))
        return [model.model_id for model in models]

    def _models(self) -> list[Model]:
        """Return the models that are known now, and request a list if there is none."""
        session = current_session()
        if session is not None:
            self.thread = session.state.catalogue.load_in_background() or self.thread
            return session.state.catalogue.current
        is_busy = self.thread is not None and self.thread.is_alive()
        if not (is_busy or is_logged_out()) and self._clock() - self._requested_at > _PATIENCE_S:
            self._requested_at = self._clock()
            self.thread = threading.Thread(target=self._request, daemon=True, name="wx-models")
            self.thread.start()
        return self._catalogue.current if self._catalogue is not None else []

    def _request(self) -> None:
        with contextlib.suppress(Exception):
            # imported in the thread, because this brings the HTTP library along
            from wx_notebook.session.model_scope import MODEL_SCOPES

            self._catalogue = None
            self._catalogue = MODEL_SCOPES.find(None, environment()).catalogue
            self._catalogue.load()


def _is_own_function(value: object) -> bool:
    """Return whether a function is one of the notebook; its module tells it from imports."""
    return isinstance(value, FunctionType) and value.__module__ == "__main__"


def _is_schema(value: object) -> bool:
    """Return whether an object of the notebook is a schema by its look."""
    if isinstance(value, dict):
        return "type" in value or "properties" in value
    kind = value if isinstance(value, type) else next(iter(get_args(value)), None)
    return isinstance(kind, type) and any(hasattr(kind, mark) for mark in _SCHEMA_MARKS)


def _rank(text: str, low: str) -> int:
    if text.startswith(low):
        return 0
    return 1 if text.rpartition("/")[2].startswith(low) else 2
